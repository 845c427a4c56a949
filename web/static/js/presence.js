// Who looks at or answers a conversation, and when the customer types: signals, which pass.
import {$, me, t} from "./base.js";
import {on, signal} from "./feed.js";
import {openId, thread} from "./thread.js";

const seen = new Map(); // conversation → Map(agent id → {name, typing until, until})
let customerUntil = 0;

on("signal", ({type, data}) => {
  if (type === "presence" && data.conversation === openId()) {
    customerUntil = ["typing", "composing", "recording"].includes(data.state) ? Date.now() + 8000 : 0;
    showTyping(data.state === "recording");
  }
  if ((type === "viewing" || type === "typing") && data.agent && data.agent.id !== me.id) {
    const people = seen.get(data.conversation) || new Map();
    const known = people.get(data.agent.id) || {typing: 0};
    if (data.left) people.delete(data.agent.id);
    else people.set(data.agent.id, {name: data.agent.name, until: Date.now() + 45000, typing: type === "typing" ? (data.on === false ? 0 : Date.now() + 6000) : known.typing});
    if (type === "viewing" && !data.left) leaveOthers(data.agent.id, data.conversation);
    seen.set(data.conversation, people);
    show(data.conversation);
  }
});

function leaveOthers(agent, conversation) {
  for (const [id, people] of seen) if (id !== conversation && people.delete(agent)) show(id);
}

function show(conversation) {
  const row = document.getElementById(`row-${conversation}`);
  const assignee = conversation === openId() ? $("#thread-header")?.dataset.assignee : row?.dataset.assignee;
  const there = [...(seen.get(conversation) || [])].filter(([, each]) => each.until > Date.now());
  const typing = there.find(([, each]) => each.typing > Date.now())?.[1];
  // That it is theirs is said already: who has it is named again only while answering.
  const people = there.filter(([id]) => id !== assignee && id !== me.id).map(([, each]) => each);
  const words = typing ? t("answering", {name: typing.name}) : people.length > 1 ? t("viewing_many", {n: people.length}) : people.length ? t("viewing", {name: people[0].name}) : "";
  const places = [row && $("[data-viewers]", row)];
  if (conversation === openId()) places.push($("[data-viewing]"));
  for (const place of places.filter(Boolean)) { place.textContent = words; place.hidden = !words; }
}

function showTyping(recording = false) {
  const place = $("#typing");
  if (!place) return;
  const typing = customerUntil > Date.now();
  $(".dots", place).hidden = !typing;
  $("[data-words]", place).textContent = typing ? t(recording ? "customer_records" : "customer_types", {name: thread().dataset.name}) : "";
}

/** Say that this agent looks at what is open. */
export function look() {
  customerUntil = 0;
  showTyping();
  if (openId()) { signal("viewing", {conversation: openId()}); show(openId()); }
}

/** An agent's answer is there: they do not write it any more. */
export function agentWrote(conversation, agent) {
  const known = seen.get(conversation)?.get(agent);
  if (known) { known.typing = 0; show(conversation); }
}

/** The customer wrote: they do not type any more. */
export function customerWrote() { customerUntil = 0; showTyping(); }

setInterval(() => {
  for (const id of seen.keys()) show(id);
  showTyping();
}, 2000);
setInterval(() => { if (!document.hidden && openId()) signal("viewing", {conversation: openId()}); }, 20000);
