// What was sent and has not been taken by the server yet: kept in localStorage, sent in order, each once.
import {$, ask, keep, kept, me, reason, root, t, toast, uuid} from "./base.js";
import {resolve} from "./actions.js";
import {on} from "./feed.js";
import {claim, optimistic, openId, setTick} from "./thread.js";

const key = `replyai:outbox:${root}:${me.id}`;
let running = false;
let wait = 1000;
let timer = null;

// What a later try may change: no connection, too many requests, a server that is away. All else is final.
const PASSING = [0, 429, 502, 503, 504];
let memory = []; // what this browser had no room for: sent too, as long as this page is open
const answered = new Set(); // never sent again, even where it could not be taken out of the storage
const settled = new Map(); // client_id → whom to tell whether the server took it

const stored = () => { try { return JSON.parse(kept(key)) || []; } catch { return []; } };
const read = () => [...stored(), ...memory].filter((item) => !answered.has(item.client_id));

function forget(id) {
  answered.add(id);
  memory = memory.filter((item) => item.client_id !== id);
  keep(key, JSON.stringify(stored().filter((item) => item.client_id !== id)));
}

const bubbleOf = (item) => $(`[data-client="${CSS.escape(item.client_id)}"]`);

/**
 * Send {conversation, text, media?, reply_to?, resolve?} as soon as it can be; the bubble is there at once.
 * Returns whether it is kept in this browser. Where it is not, it is sent from memory, and `run` is
 * called with whether the server took it.
 */
export function send(item, preview, run) {
  const made = {...item, client_id: uuid(), at: Date.now()};
  const isKept = keep(key, JSON.stringify([...stored(), made]));
  if (!isKept) { memory.push(made); settled.set(made.client_id, run); }
  optimistic({...made, preview});
  flush();
  return isKept;
}

/** Show again what waits for the conversation that has just been opened. */
export function restore() {
  for (const item of read()) if (item.conversation === openId() && !bubbleOf(item)) optimistic(item);
}

async function flush() {
  // One page at a time sends, or two pages of one browser would race.
  if (running) return;
  running = true;
  clearTimeout(timer);
  if (navigator.locks) await navigator.locks.request(key, empty); else await empty();
  running = false;
}

async function empty() {
  for (let item = read()[0]; item; item = read()[0]) {
    const answer = await post(item);
    if (PASSING.includes(answer.status)) {
      timer = setTimeout(flush, wait);
      wait = Math.min(wait * 2, 10000);
      return;
    }
    if (answer.status === 401) return;
    wait = 1000;
    forget(item.client_id);
    const bubble = bubbleOf(item);
    if (answer.ok) { accepted(bubble, answer.data); if (item.resolve) resolve(item.conversation); }
    else refused(bubble, item, answer);
    settled.get(item.client_id)?.(answer.ok);
  }
}

function post({conversation, text, client_id, media, reply_to}) {
  const json = {text, client_id};
  if (media) { json.media = media; json.kind = media.kind; }
  if (reply_to) json.reply_to = reply_to;
  return ask(`/api/conversations/${conversation}/messages`, {method: "POST", json});
}

function accepted(bubble, message) {
  if (!bubble) return;
  const now = claim(bubble, message.id);
  now.classList.remove("pending");
  if (now.dataset.status === "queued" && message.status) setTick(now, message.status);
}

function refused(bubble, item, answer) {
  toast(reason(answer));
  if (!bubble) return;
  setTick(bubble, "failed");
  bubble.classList.add("failed");
  const field = $("#answer");
  if (field && openId() === item.conversation && item.text && [item.text, ""].includes(field.value.trim())) {
    field.value = item.text;
    field.dispatchEvent(new Event("input"));
    bubble.remove();
  }
}

/** How many messages wait in this browser. */
export const waiting = () => read().length;

on("state", (isConnected) => { if (isConnected) { wait = 1000; flush(); } });
addEventListener("online", () => { wait = 1000; flush(); });
addEventListener("beforeunload", (event) => { if (memory.length || (waiting() && !navigator.onLine)) { event.preventDefault(); event.returnValue = t("unsent"); } });
flush();
