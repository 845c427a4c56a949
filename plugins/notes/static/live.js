// Mentions and reminders on every page that has the feed: the number at the rail, and a word when one comes.
import {$, ask, element, later, me, root, toast} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";
import {w} from "./words.js";

const openConversation = () => $("[data-thread]")?.dataset.thread;
const isLooking = (conversation) => !document.hidden && document.hasFocus() && openConversation() === conversation;

/** Open a conversation at a note: in this page where it is the inbox. */
export function goTo(conversation, note) {
  if ($("#opened")) document.dispatchEvent(new CustomEvent("inbox:open", {detail: {id: conversation, at: note}}));
  else location.href = `${root}/inbox/${conversation}?tab=all&at=${note}`;
}

let isOn = true; // until notes are switched off while this page is open

on("changes", ({changes, gone}) => {
  for (const {collection, id, fields} of changes) {
    if (collection === "plugin" && id === "notes" && "enabled" in fields) isOn = fields.enabled;
    if (collection === "mention") takeMention(fields);
    if (collection === "note" && fields.due_for === me.id) { tell(id, "due"); refresh(); }
    else if (collection === "note" && ("due_for" in fields || fields.done_for === me.id) && !("conversation" in fields)) refresh();
  }
  if (gone.some(({collection}) => collection === "mention")) refresh();
});
on("resync", () => refresh());

function takeMention(fields) {
  if (fields.agent && fields.agent !== me.id) return;
  if (fields.agent && fields.unread) {
    if (isLooking(fields.conversation)) return seen(fields.conversation);
    if (openConversation() === fields.conversation) $("#note-composer").dataset.unread = 1;
    tell(fields.note, "mentioned");
  }
  refresh();
}

/** Say who mentioned this agent, or that a reminder is due, with the way there. */
async function tell(note, what) {
  const answer = await ask(`/api/notes/${note}`);
  if (!answer.ok || answer.data.deleted_at) return;
  const {author, excerpt, conversation} = answer.data;
  const head = what === "due" ? w("due") : w("mentioned", {name: author.name});
  toast(`${head}: ${excerpt.slice(0, 90)}`, {seconds: 8, action: w("open"), run: () => goTo(conversation, note)});
}

export async function seen(conversation) {
  const form = $("#note-composer");
  if (form) form.dataset.unread = 0;
  await ask("/api/notes/mentions/read", {method: "POST", json: {conversation}});
  refresh();
}

const refresh = later(async () => {
  if (!isOn) return;
  const answer = await ask("/notes/count");
  const badge = $('[data-count="notes"]');
  if (answer.ok && badge) { badge.textContent = answer.data.count; badge.hidden = !answer.data.count; }
  const list = $("#waiting");
  if (!list) return;
  const lines = await ask(list.dataset.part);
  if (!lines.ok) return;
  list.replaceChildren(...element(`<div>${lines.data}</div>`).childNodes);
  window.htmx?.process(list);
}, 150);

function look() {
  const form = $("#note-composer");
  if (Number(form?.dataset.unread) && isLooking(openConversation())) seen(openConversation());
}
document.addEventListener("thread:open", look);
document.addEventListener("visibilitychange", look);
addEventListener("focus", look);
setTimeout(look);
if ($("#waiting")) start();
