// What is done to all conversations that are selected: one request, and a word on those that refused.
import {$, ask, reason, say, t, toast, uuid} from "./base.js";
import {times} from "./actions.js";
import {clearSelection, selected} from "./select.js";

/** Ask for `type` with `data` for each of `ids`, those selected by default; resolves to the ids of those done. */
export async function actOnAll(type, data = {}, {ids = selected(), keep = false, undo} = {}) {
  const actions = ids.map((conversation) => ({type, data: {...data, conversation}}));
  if (!actions.length) return [];
  const answer = await ask("/inbox/act", {method: "POST", json: {actions, client_id: uuid()}});
  if (!answer.ok) { toast(reason(answer)); return []; }
  const {results} = answer.data;
  const refused = results.filter((each) => each.status !== "done");
  const done = ids.filter((_, place) => results[place].status === "done");
  if (refused.length) toast(t("bulk_refused", {n: refused.length, all: ids.length, reason: refused[0].reason}), {seconds: 8});
  else if (undo) toast(t("bulk_done", {n: done.length}), {action: t("undo"), run: () => actOnAll(undo, {}, {ids: done})});
  else toast(t("bulk_done", {n: done.length}));
  if (!keep) clearSelection();
  return done;
}

document.addEventListener("click", (event) => {
  const of = (name) => event.target.closest(`[${name}]`)?.getAttribute(name);
  const type = of("data-bulk"), agent = of("data-bulk-assign"), snooze = of("data-bulk-snooze");
  if (type) actOnAll(type, {}, {undo: {"conversation.resolve": "conversation.reopen"}[type]});
  if (agent !== undefined && agent !== null) actOnAll("conversation.assign", {agent: agent || null});
  if (snooze) actOnAll("conversation.snooze", {until: times()[snooze].toISOString().replace("Z", "000Z")}, {undo: "conversation.reopen"});
  if (event.target.closest("[data-bulk-clear]")) clearSelection();
});

document.addEventListener("menu:open", (event) => {
  if (event.target.id !== "bulk-snooze") return;
  for (const [name, time] of Object.entries(times())) $(`[data-bulk-snooze="${name}"] [data-when]`).textContent = say(time, {weekday: "short"});
});

// The sidebar is shown where there is room for it, or where it was opened before.
import {keep, kept} from "./base.js";
const toggle = $("[data-side]");
function showSide(shown) {
  document.body.classList.toggle("with-side", shown);
  toggle.setAttribute("aria-expanded", shown);
  document.dispatchEvent(new CustomEvent("list:side", {detail: shown}));
}
if (toggle) {
  const wanted = kept("side");
  showSide(innerWidth > 760 && (wanted ? wanted === "on" : innerWidth >= 1600));
  toggle.addEventListener("click", () => { const shown = !document.body.classList.contains("with-side"); keep("side", shown ? "on" : "off"); showSide(shown); });
}
