// One opened conversation: messages come, ticks turn, older ones load, the reader's place is kept.
import {$, $$, ask, element, morph, paint, placeToasts, say, t} from "./base.js";
import {taken, want} from "./fragments.js";

const order = ["queued", "sending", "sent", "delivered", "read"];
const icons = {queued: "clock", sending: "clock", sent: "check", delivered: "check-check", read: "check-check", failed: "circle-alert", unconfirmed: "circle-help", cancelled: "ban"};
let below = 0; // messages that came while the reader was further up
let loading = false;
const skipped = new Set(); // messages that came while the thread was shown further up, without its end

export const thread = () => $("[data-thread]");
export const openId = () => thread()?.dataset.thread || null;
const box = () => $("#messages");
const bubbleOf = (id) => document.getElementById(`m-${id}`);
/** A plugin's entry between the messages, by its document's id. */
export const entryOf = (id) => document.getElementById(`e-${id}`);
/** The collections of plugins' entries, which the feed tells of. */
export const kinds = () => (thread()?.dataset.kinds || "").split(" ").filter(Boolean);
const ENTRY = ".b, .beside"; // what has a place in the thread by its data-at; none yet: the end
const endIsFar = () => Boolean($("#messages > [data-newer]"));
const nearEnd = () => { const m = box(); return !m || (!endIsFar() && m.scrollHeight - m.scrollTop - m.clientHeight < 80); };
const stick = () => { const m = box(); if (m) m.scrollTop = m.scrollHeight; below = 0; showPill(); };
export function toEnd(focus = false) {
  if (endIsFar()) document.dispatchEvent(new CustomEvent("inbox:open", {detail: {id: openId(), fresh: true, focus}}));
  else stick();
}

/** Show a message of the thread and light it up; false where it is not loaded. */
export function seek(id) {
  const bubble = bubbleOf(id) || entryOf(id);
  if (!bubble) return false;
  bubble.scrollIntoView({block: "center"});
  bubble.classList.add("sought");
  setTimeout(() => bubble.classList.remove("sought"), 2500);
  return true;
}

/** A message of the open conversation changed: what can be patched is, the rest is fetched. */
export function messageChanged(id, fields) {
  const bubble = bubbleOf(id) || (fields.client_id && $(`[data-client="${CSS.escape(fields.client_id)}"]`, box()));
  if (!bubble) {
    if (fields.conversation || fields.kind) want({message: id});
    return;
  }
  if (!bubble.id) claim(bubble, id);
  const patchable = ["status", "status_at", "gateway_id", "attempts", "played_at", "lane", "error", "job", "sending_at"];
  // A pause that ends says nothing new, one that begins says when it is tried again.
  const onlyTicks = Object.entries(fields).every(([name, value]) => patchable.includes(name) || name.includes(".") || (name === "retry_at" && !value));
  const before = bubble.dataset.status;
  if (fields.status) setTick(bubble, fields.status);
  const now = fields.status || before;
  const troubled = ["failed", "unconfirmed", "cancelled"].includes(now) || $(".trouble", bubble);
  if (troubled || fields.retry_at) othersWait(bubble);
  if (troubled && now !== before) want({row: openId()});
  if (!onlyTicks || troubled) want({message: id});
}

/** What is queued below may wait for this message, or not any more. */
function othersWait(bubble) {
  for (const other of $$('.b.out[data-status="queued"][data-message]', box())) if (other !== bubble) want({message: other.dataset.message});
}

export function setTick(bubble, status) {
  bubble.dataset.status = status;
  const tick = $(".f [data-tick]", bubble);
  if (!tick || tick.dataset.tick === status) return;
  tick.dataset.tick = status;
  const name = t(`tick_${status}`);
  tick.setAttribute("aria-label", name);
  tick.title = name;
  $("use", tick).setAttribute("href", `${document.body.dataset.icons}#${icons[status] || "clock"}`);
  if (order.includes(status)) bubble.classList.remove("pending");
}

/** The optimistic bubble has become message `id`. */
export function claim(bubble, id) {
  const twin = bubbleOf(id);
  if (twin && twin !== bubble) { bubble.remove(); return twin; }
  bubble.id = `m-${id}`;
  bubble.dataset.message = id;
  return bubble;
}

taken(({messages = {}, entries = {}, conversation, header, panel}) => {
  if (conversation !== openId()) return;
  for (const html of Object.values(messages)) show(html);
  for (const html of Object.values(entries)) showEntry(html);
  if (header) morph($("#thread-header"), header);
  if (panel) morph($("#panel"), panel);
  if (header) $("[data-reopens]")?.toggleAttribute("hidden", $("#thread-header").dataset.status !== "resolved");
  if (header) placeToasts();
});

function show(html) {
  const fresh = element(html);
  const known = bubbleOf(fresh.dataset.message) || (fresh.dataset.client && $(`[data-client="${CSS.escape(fresh.dataset.client)}"]`, box()));
  const stay = !nearEnd();
  if (known) {
    const rises = order.indexOf(known.dataset.status) > order.indexOf(fresh.dataset.status) && order.includes(fresh.dataset.status);
    if (rises) setTick(fresh, known.dataset.status); // the feed was faster than this answer
    const guessed = !known.dataset.at; // shown before the server gave it its time
    known.id = fresh.id;
    const now = morph(known, fresh);
    if (guessed && isMisplaced(now)) { now.remove(); insert(now); }
  } else if (endIsFar()) skipped.add(fresh.dataset.message);
  else insert(fresh);
  if (!stay) stick();
  else if (!known && fresh.classList.contains("in")) { below += 1; showPill(); }
  if (!known && fresh.classList.contains("in")) speak(fresh);
}

/** An entry of the open conversation changed: it is fetched, or dropped where it is not there any more. */
export function entryChanged(collection, id) {
  if (endIsFar() && !entryOf(id)) skipped.add(`${collection}/${id}`); else want({entry: `${collection}/${id}`});
}
export function dropEntry(id) { entryOf(id)?.remove(); }

/** Show a plugin's entry: in the place of what it was, of what was typed for it (data-client), or where its time is. */
export function showEntry(html) {
  const fresh = typeof html === "string" ? element(html) : html;
  const typed = fresh.dataset.client && $(`.beside[data-client="${CSS.escape(fresh.dataset.client)}"]`, box());
  const known = (fresh.id && document.getElementById(fresh.id)) || typed;
  const stay = !nearEnd();
  if (known) {
    const guessed = !known.dataset.at && fresh.dataset.at;
    known.id = fresh.id;
    const now = morph(known, fresh);
    if (guessed && isMisplaced(now)) { now.remove(); insert(now); }
  } else insert(fresh);
  if (!stay) stick();
}

/** Put a bubble where its time belongs; day lines come with it. */
function insert(fresh) {
  const all = $$(ENTRY, box());
  const after = all.findLast((other) => !other.dataset.at || other.dataset.at <= fresh.dataset.at);
  if (after && !(all.at(-1) === after)) after.after(fresh);
  else if (!after && all.length) all[0].before(fresh);
  else box().append(fresh);
  const before = all.findLast((other) => other.compareDocumentPosition(fresh) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (fresh.dataset.day && before?.dataset.day !== fresh.dataset.day && !$(`[data-day-line="${fresh.dataset.day}"]`, box())) {
    const line = element(`<div class="day"><span></span></div>`);
    line.dataset.dayLine = fresh.dataset.day;
    line.firstElementChild.textContent = fresh.dataset.dayTitle;
    fresh.before(line);
  }
  paint(fresh);
}

function isMisplaced(bubble) {
  const all = $$(ENTRY, box()).filter((other) => other.dataset.at);
  const at = all.indexOf(bubble);
  return all[at - 1]?.dataset.at > bubble.dataset.at || all[at + 1]?.dataset.at < bubble.dataset.at;
}

export function dropMessage(id) { bubbleOf(id)?.remove(); }

/** Show what the agent sent before anybody else knows of it; returns the bubble. */
export function optimistic({client_id, text, preview}) {
  const bubble = $("#bubble").content.firstElementChild.cloneNode(true);
  bubble.dataset.client = client_id;
  const words = $(".text", bubble);
  if (text) words.textContent = text; else words.remove();
  if (preview) bubble.prepend(preview);
  $("time", bubble).textContent = say(new Date());
  $("[data-unread-line]", box())?.remove();
  box().append(bubble);
  toEnd(true);
  return bubble;
}

/** Show an entry that a plugin's composer has made, at the end, before the server knows of it. */
export function addEntry(entry) {
  box().append(entry);
  toEnd(true);
}

function speak(bubble) {
  const words = $(".text", bubble)?.textContent || $("b", bubble)?.textContent || "";
  $("#spoken").textContent = t("said", {name: thread().dataset.name, text: words.slice(0, 200)});
}

function showPill() {
  const pill = $("[data-down]");
  if (!pill) return;
  const up = !nearEnd();
  pill.hidden = !(up && (below > 0 || endIsFar() || box().scrollHeight - box().scrollTop - box().clientHeight > 900));
  $("span", pill).textContent = below ? t("new_below", {n: below}) : "";
  pill.setAttribute("aria-label", below ? t("new_below", {n: below}) : t("to_end"));
}

async function loadOlder() {
  const mark = $("[data-older]", box());
  if (!mark || loading) return;
  loading = true;
  const id = openId();
  const answer = await ask(`/inbox/${id}/older?before=${encodeURIComponent(mark.dataset.older)}`);
  loading = false;
  if (!answer.ok || id !== openId()) return;
  const m = box();
  const from = m.scrollHeight - m.scrollTop;
  const fresh = document.createElement("template");
  fresh.innerHTML = answer.data;
  const lines = $$("[data-day-line]", fresh.content).map((line) => line.dataset.dayLine);
  const first = $("[data-day-line]", m);
  if (first && lines.includes(first.dataset.dayLine)) first.remove();
  for (const entry of $$(ENTRY, fresh.content)) if (document.getElementById(entry.id)) entry.remove();
  mark.replaceWith(fresh.content);
  m.scrollTop = m.scrollHeight - from;
  paint(m);
}

async function loadNewer() {
  const mark = $("[data-newer]", box());
  if (!mark || loading) return;
  loading = true;
  const id = openId();
  const answer = await ask(`/inbox/${id}/newer?after=${encodeURIComponent(mark.dataset.newer)}`);
  loading = false;
  if (!answer.ok || id !== openId()) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = answer.data;
  for (const line of $$("[data-day-line]", fresh.content)) if ($(`[data-day-line="${line.dataset.dayLine}"]`, box())) line.remove();
  for (const entry of $$(ENTRY, fresh.content)) if (document.getElementById(entry.id)) entry.remove();
  mark.replaceWith(fresh.content);
  paint(box());
  showPill();
  if (endIsFar()) return;
  for (const missed of skipped) {
    if (missed.includes("/")) want({entry: missed});
    else if (!bubbleOf(missed)) want({message: missed});
  }
  skipped.clear();
  document.dispatchEvent(new CustomEvent("thread:end"));
}

/** Set up a thread that has just been put into the page. */
export function arrive() {
  const m = box();
  if (!m) return;
  below = 0;
  skipped.clear();
  const line = $("[data-unread-line]", m);
  if (seek(thread().dataset.sought)) delete thread().dataset.sought;
  else if (line) m.scrollTop = Math.max(0, line.offsetTop - m.offsetTop - 60);
  else stick();
  m.addEventListener("scroll", () => {
    if (nearEnd()) below = 0;
    showPill();
    if (m.scrollTop < 400) loadOlder();
    else if (m.scrollHeight - m.scrollTop - m.clientHeight < 400) loadNewer();
  }, {passive: true});
  m.addEventListener("load", (event) => { if (event.target.tagName === "IMG" && nearEnd()) stick(); }, true);
  if (m.scrollTop < 400) loadOlder();
  showPill();
}

// A reason opens where there is room for it: above the last message, else below.
document.addEventListener("toggle", (event) => {
  const said = event.target.matches?.(".why[open]") && $(".why-text", event.target);
  if (!said) return;
  said.classList.remove("up");
  said.classList.toggle("up", said.getBoundingClientRect().bottom > box().getBoundingClientRect().bottom - 4);
  said.scrollIntoView({block: "nearest"});
}, true);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-down]")) toEnd();
  const quote = event.target.closest("a.quote");
  if (quote) {
    event.preventDefault();
    const id = quote.hash.slice(3);
    if (!seek(id)) document.dispatchEvent(new CustomEvent("inbox:open", {detail: {id: openId(), at: id}}));
  }
  const picture = event.target.closest("[data-lightbox]");
  if (picture && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    const dialog = $("#lightbox");
    $("img", dialog).src = picture.href;
    $("img", dialog).alt = $("img", picture).alt;
    dialog.showModal();
  }
  if (event.target.id === "lightbox") event.target.close();
});
