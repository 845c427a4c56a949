// The inbox page: opens conversations without a page load and hands the feed's changes to list and thread.
import {$, ask, dropUndo, me, paint, reason, root, t, toast} from "./base.js";
import {on, start} from "./feed.js";
import {want} from "./fragments.js";
import {conversationChanged, dropRow, markCurrent, release, setCounts, setUnread} from "./list.js";
import * as threads from "./thread.js";
import * as composer from "./composer.js";
import {restore} from "./outbox.js";
import {act} from "./actions.js";
import {agentWrote, customerWrote, look} from "./presence.js";
import "./palette.js";
import "./why.js";
import "./bulk.js";

const {openId, thread} = threads;
const headerFields = ["status", "assignee", "handler", "team", "labels", "snoozed_until", "contact"];
let opening = null;
let meanwhile = null; // messages that changed while a thread was being fetched: it may be from before them

/** The address of a conversation, or of the inbox alone; `at`: the message that is sought in it. */
function addressOf(id, at) {
  const args = new URLSearchParams(location.search);
  args.delete("at");
  if (at) args.set("at", at);
  return `${root}/inbox${id ? `/${id}` : ""}${args.size ? `?${args}` : ""}`;
}

/** Open a conversation (null: none), at a message or its end; its address goes into the history unless `silent`. */
export async function open(id, {silent = false, focus = false, at = null, fresh = false} = {}) {
  if (id === openId() && id && !fresh && (!at || threads.seek(at))) return place(focus);
  opening?.abort();
  opening = new AbortController();
  const address = addressOf(id, at);
  document.body.classList.remove("show-panel");
  if (!id) {
    document.body.classList.remove("has-thread");
    $("#opened").replaceChildren($("#nothing").content.cloneNode(true));
    $("#opened > main").id = "main";
    markCurrent();
    document.title = document.title.replace(/^(\(\d+\) )?.*$/, (_, count) => `${count || ""}${t("inbox")} — ReplyAI`);
    if (!silent) history.pushState({id}, "", address);
    return;
  }
  const row = document.getElementById(`row-${id}`);
  row?.classList.add("on");
  meanwhile = [];
  let answer;
  try { answer = await ask(`/inbox/${id}/thread${at ? `?at=${encodeURIComponent(at)}` : ""}`, {signal: opening.signal}); } catch { return; }
  if (!answer.ok) { markCurrent(); return toast(answer.status === 404 ? t("not_there") : reason(answer)); }
  $("#opened").innerHTML = answer.data;
  document.body.classList.add("has-thread");
  if (!silent) history.pushState({id}, "", address);
  arrive();
  const late = meanwhile || [];
  meanwhile = null;
  for (const [id, fields, kind] of late) if (kind) takeEntry(kind, id, fields); else takeMessage(id, fields);
  if (fresh) threads.toEnd();
  place(focus);
}

/** Put the focus where it belongs: "thread", or (true) the composer. */
function place(focus) {
  if (focus === "thread") thread().focus({preventScroll: true});
  else if (focus) composer.focus();
}

function arrive() {
  const opened = $("#opened");
  paint(opened);
  window.htmx?.process(opened);
  markCurrent();
  document.title = document.title.replace(/^(\(\d+\) )?.*$/, (_, count) => `${count || ""}${thread() ? thread().dataset.name : t("inbox")} — ReplyAI`);
  if (!thread()) return;
  threads.arrive();
  composer.arrive();
  restore();
  document.dispatchEvent(new CustomEvent("thread:open"));
  look();
  markRead();
}

function markRead() {
  if (document.hidden || !document.hasFocus() || !thread() || !Number(thread().dataset.unread)) return;
  if (document.querySelector("#messages > [data-newer]")) return; // the new ones are further down
  const has = $("#thread-header").dataset.assignee;
  if (has && has !== me.id) return; // it stays unread for the colleague who has it
  thread().dataset.unread = 0;
  const row = document.getElementById(`row-${openId()}`);
  if (row) setUnread(row, 0);
  act("conversation.read", {conversation: openId()});
}

on("changes", ({changes, gone}) => {
  for (const {collection, id, fields} of changes) {
    if (collection === "message") takeMessage(id, fields);
    else if (collection === "conversation") takeConversation(id, fields);
    else if (collection === "contact") takeContact(id);
    else if (["plugin", "workspace"].includes(collection)) location.reload();
    else if (collection === "agent" && id === me.id && ("theme" in fields || "language" in fields || "role" in fields)) location.reload();
    else if (["agent", "team", "account"].includes(collection) && !tellsPresence(collection, fields)) refreshAll();
    else if (threads.kinds().includes(collection)) takeEntry(collection, id, fields);
  }
  for (const {collection, id} of gone) {
    if (collection === "conversation") { dropRow(id); if (id === openId()) follow(id); }
    else if (collection === "message") threads.dropMessage(id);
    else threads.dropEntry(id);
  }
});

/** Whether a change only says who is there: the dots show it (availability.js). */
const tellsPresence = (collection, fields) => collection === "agent" && Object.keys(fields).every((name) => ["presence", "presence_at", "available", "available_until"].includes(name));

/** The open conversation is gone: show the one that it has become part of, with what was being written. */
async function follow(id) {
  const answer = await ask(`/inbox/${id}/thread`);
  if (openId() !== id) return;
  if (!answer.ok) { toast(t("not_there")); return open(null); }
  const text = $("#answer")?.value;
  $("#opened").innerHTML = answer.data;
  history.replaceState({id: openId()}, "", addressOf(openId()));
  arrive();
  if (text && $("#answer")) $("#answer").value = text;
}

function takeMessage(id, fields) {
  meanwhile?.push([id, fields]);
  const known = document.getElementById(`m-${id}`);
  if (known || fields.conversation === openId()) threads.messageChanged(id, fields);
  if (fields.conversation === openId() && fields.direction === "in") customerWrote();
  if (fields.direction === "out" && fields.author?.id) agentWrote(fields.conversation, fields.author.id);
}

function takeEntry(collection, id, fields) {
  meanwhile?.push([id, fields, collection]);
  if (threads.entryOf(id) || fields.conversation === openId()) threads.entryChanged(collection, id);
}

function takeConversation(id, fields) {
  conversationChanged(id, fields);
  if (fields.status === "open") dropUndo(id);
  if (id !== openId()) return;
  if (headerFields.some((name) => name in fields)) want({header: true});
  if (fields.unread > 0) { thread().dataset.unread = fields.unread; markRead(); }
}

function takeContact(id) {
  for (const row of document.querySelectorAll(".row")) if (row.dataset.contact === id) want({row: row.dataset.conversation});
  if (openId()) want({header: true});
}

let refreshing = null;
function refreshAll() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => {
    for (const row of [...document.querySelectorAll("#rows .row")].slice(0, 100)) want({row: row.dataset.conversation});
    for (const entry of document.querySelectorAll("#messages > .beside[data-entry]")) want({entry: entry.dataset.entry});
    if (openId()) want({header: true});
  }, 100 + Math.random() * 200);
}

on("resync", async () => {
  if (!openId()) return;
  const answer = await ask(`/inbox/${openId()}/thread`);
  if (!answer.ok) return;
  const text = $("#answer")?.value;
  const mode = $("#composers")?.dataset.mode;
  $("#opened").innerHTML = answer.data;
  arrive();
  if (text && $("#answer")) $("#answer").value = text;
  if (mode && mode !== "reply") composer.setMode(mode);
});
on("state", (isConnected) => { if (isConnected) look(); });

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const row = event.target.closest("#rows .row, #rows .hit, .other");
  const back = event.target.closest('[data-action="back"]');
  if (row) { event.preventDefault(); release(); open(row.dataset.conversation || row.getAttribute("href").split("/").pop().split("?")[0], {at: row.dataset.atMessage}); }
  if (back) { event.preventDefault(); open(null); }
});
document.addEventListener("inbox:open", async ({detail}) => {
  await open(detail.id, detail);
  if (detail.then && openId() === detail.id) detail.then();
});
document.addEventListener("inbox:act", ({detail: {type, ...data}}) => act(type, data));
document.addEventListener("inbox:close", () => open(null));
addEventListener("popstate", () => open(location.pathname.split("/inbox/")[1] || null, {silent: true, at: new URLSearchParams(location.search).get("at")}));
addEventListener("focus", markRead);
document.addEventListener("thread:end", markRead);
document.addEventListener("visibilitychange", markRead);

const unread = document.querySelector('[data-count="unread"]')?.textContent;
if (Number(unread)) setCounts({unread: Number(unread)});
arrive();
start();
