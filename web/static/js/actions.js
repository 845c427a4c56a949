// What an agent does to a conversation or a message; a refusal is told with its reason.
import {$, $$, ask, dayAt, reason, say, t, toast, uuid, weekday} from "./base.js";
import {openMenu} from "./menu.js";
import {openId} from "./thread.js";
import {want} from "./fragments.js";

/** Ask for one action; resolves to its result, or null after the reason was shown. */
export async function act(type, data) {
  const answer = await ask("/inbox/act", {method: "POST", json: {type, data, client_id: uuid()}});
  if (answer.ok) return answer.data.results[0];
  toast(reason(answer));
  if (answer.status === 409) want({header: true, row: openId()});
  return null;
}

/** Resolve a conversation; a toast offers the way back. */
export async function resolve(conversation) {
  const reopen = () => act("conversation.reopen", {conversation});
  if (await act("conversation.resolve", {conversation})) toast(t("resolved"), {action: t("undo"), run: reopen, about: conversation});
}

const onConversation = (type) => () => act(`conversation.${type}`, {conversation: openId()});
const onMessage = (type, more = {}, of = "message") => (button) => {
  const bubble = button.closest("[data-message]");
  return act(`${of}.${type}`, {message: bubble.dataset.message, ...more});
};

const visible = (selector) => $$(selector).find((each) => each.getClientRects().length && !each.closest(".menu"));

export const actions = {
  take: onConversation("take"),
  resolve: () => resolve(openId()),
  reopen: onConversation("reopen"),
  async mark_unread() {
    const done = await act("conversation.mark_unread", {conversation: openId()});
    if (done) document.dispatchEvent(new CustomEvent("inbox:close"));
  },
  assign: () => setTimeout(() => openMenu($("#assign-menu"), visible('[data-menu="assign-menu"]') || visible('[data-menu="more-menu"]'))),
  snooze: () => setTimeout(() => openMenu($("#snooze-menu"), visible('[data-menu="snooze-menu"]') || visible('[data-menu="more-menu"]'))),
  retry: onMessage("retry"),
  fetch: onMessage("retry", {}, "media"),
  was_sent: onMessage("resolve_unconfirmed", {verdict: "sent"}),
  send_again: (button) => { if (confirm(t("send_again"))) return onMessage("resolve_unconfirmed", {verdict: "send_again"})(button); },
  panel: () => document.body.classList.toggle(innerWidth > 1180 ? "no-panel" : "show-panel"),
  "panel-close": () => document.body.classList.remove("show-panel"),
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action]");
  const run = button && actions[button.dataset.action];
  // A button with data-menu opens its menu by itself (menu.js).
  if (run && !button.dataset.menu) {
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try { await run(button); } finally { button.disabled = false; button.removeAttribute("aria-busy"); }
  }
  const assign = event.target.closest("[data-assign]");
  if (assign) act("conversation.assign", {conversation: openId(), agent: assign.dataset.assign || null});
  const team = event.target.closest("[data-assign-team]");
  if (team) act("conversation.assign", {conversation: openId(), agent: null, team: team.dataset.assignTeam});
  const snooze = event.target.closest("[data-snooze]");
  if (snooze) snoozeUntil(times()[snooze.dataset.snooze]);
});

async function snoozeUntil(until) {
  const conversation = openId();
  const reopen = () => act("conversation.reopen", {conversation});
  if (await act("conversation.snooze", {conversation, until: until.toISOString().replace("Z", "000Z")})) toast(t("snoozed"), {action: t("undo"), run: reopen, about: conversation});
}

export function times() {
  const monday = (8 - weekday()) % 7 || 7;
  const hours = new Date(Math.ceil((Date.now() + 3 * 3600e3) / 1800e3) * 1800e3);
  return {later: hours, tomorrow: dayAt(1, 9), week: dayAt(monday, 9)};
}

document.addEventListener("menu:open", (event) => {
  if (event.target.id !== "snooze-menu") return;
  for (const [name, time] of Object.entries(times())) $(`[data-snooze="${name}"] [data-when]`).textContent = say(time, {weekday: "short"});
});
