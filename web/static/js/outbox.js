// Messages that were sent and have not been taken by the server yet; the bubble is there at once.
import {$, me, reason, root, toast, uuid} from "./base.js";
import {resolve} from "./actions.js";
import {queue} from "./queue.js";
import {claim, optimistic, openId, setTick} from "./thread.js";

const bubbleOf = (item) => $(`[data-client="${CSS.escape(item.client_id)}"]`);
const outbox = queue(`replyai:outbox:${root}:${me.id}`, {request, done});

/**
 * Send {conversation, text, media?, reply_to?, resolve?} as soon as it can be; the bubble is there at once.
 * Returns whether it is kept in this browser. Where it is not, it is sent from memory, and `run` is
 * called with whether the server took it.
 */
export function send(item, preview, run) {
  const made = {...item, client_id: uuid(), at: Date.now()};
  const isKept = outbox.add(made, run);
  optimistic({...made, preview});
  outbox.flush();
  return isKept;
}

/** Show again what waits for the conversation that has just been opened. */
export function restore() {
  for (const item of outbox.items()) if (item.conversation === openId() && !bubbleOf(item)) optimistic(item);
}

function request({conversation, text, client_id, media, reply_to}) {
  const json = {text, client_id};
  if (media) { json.media = media; json.kind = media.kind; }
  if (reply_to) json.reply_to = reply_to;
  return {path: `/api/conversations/${conversation}/messages`, json};
}

function done(item, answer) {
  const bubble = bubbleOf(item);
  if (answer.ok) { accepted(bubble, answer.data); if (item.resolve) resolve(item.conversation); }
  else refused(bubble, item, answer);
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

outbox.flush();
