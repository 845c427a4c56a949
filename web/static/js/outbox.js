// What was sent and has not been taken by the server yet: kept in localStorage, sent in order, each once.
import {$, ask, me, reason, root, t, toast} from "./base.js";
import {resolve} from "./actions.js";
import {on} from "./feed.js";
import {claim, optimistic, openId, setTick} from "./thread.js";

const key = `replyai:outbox:${root}:${me.id}`;
let running = false;
let wait = 1000;
let timer = null;

const read = () => { try { return JSON.parse(localStorage.getItem(key)) || []; } catch { return []; } };
const write = (items) => localStorage.setItem(key, JSON.stringify(items));
const bubbleOf = (item) => $(`[data-client="${CSS.escape(item.client_id)}"]`);

/** Send {conversation, text, media?, reply_to?, resolve?} as soon as it can be; the bubble is there at once. */
export function send(item, preview) {
  const made = {...item, client_id: crypto.randomUUID(), at: Date.now()};
  optimistic({...made, preview});
  write([...read(), made]);
  flush();
  return made.client_id;
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
    if (answer.status === 0 || answer.status >= 500 || answer.status === 429) {
      timer = setTimeout(flush, wait);
      wait = Math.min(wait * 2, 10000);
      return;
    }
    if (answer.status === 401) return;
    wait = 1000;
    write(read().filter((other) => other.client_id !== item.client_id));
    const bubble = bubbleOf(item);
    if (answer.ok) { accepted(bubble, answer.data); if (item.resolve) resolve(item.conversation); }
    else refused(bubble, item, answer);
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
  if (field && openId() === item.conversation && !field.value && item.text) {
    field.value = item.text;
    field.dispatchEvent(new Event("input"));
    bubble.remove();
  }
}

/** How many messages wait in this browser. */
export const waiting = () => read().length;

on("state", (isConnected) => { if (isConnected) { wait = 1000; flush(); } });
addEventListener("online", () => { wait = 1000; flush(); });
addEventListener("beforeunload", (event) => { if (waiting() && !navigator.onLine) { event.preventDefault(); event.returnValue = t("unsent"); } });
flush();
