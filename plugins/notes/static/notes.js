// Notes in the inbox: the composer's second mode, and what is done with a note in the thread.
// A note has its own form, draft, queue and address: nothing here knows how a message is sent.
import {$, $$, ask, clockText, dayAt, element, keep, kept, later, me, momentOf, placeToasts, reason, root, say, toast, uuid, weekday} from "../../static/js/base.js";
import {on} from "../../static/js/feed.js";
import {want} from "../../static/js/fragments.js";
import {addShortcut} from "../../static/js/keys.js";
import {queue} from "../../static/js/queue.js";
import {addEntry, entryOf, openId} from "../../static/js/thread.js";
import {goTo} from "./live.js";
import {choosing, idsIn, suggest} from "./mentions.js";
import {w} from "./words.js";

const form = () => $("#note-composer");
const field = () => $("#note-text");
const draftKey = (conversation = openId()) => `replyai:note-draft:${root}:${me.id}:${conversation}`;
const pending = (item) => $(`.note[data-client="${CSS.escape(item.client_id)}"]`);
const notes = queue(`replyai:notes:${root}:${me.id}`, {
  request: ({conversation, text, mentions, remind_at, client_id}) => ({path: "/api/notes", json: {conversation, text, mentions, remind_at: toCome(remind_at), client_id}}),
  done,
});

// A note that waited for the network may be later than its reminder.
const toCome = (at) => (at && new Date(at) > new Date() ? at : null);
addShortcut("n", w("note"), "note");
const keepDraft = later(() => keep(draftKey(), field()?.value), 150);

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 180)}px`;
  placeToasts();
}

function arrive() {
  const area = field();
  if (!area) return;
  area.value = kept(draftKey()) || "";
  grow(area);
  area.addEventListener("input", () => { grow(area); keepDraft(); suggest(form(), area); offer(); });
  if (area.value) offer();
  area.addEventListener("keydown", (event) => {
    if (choosing(event, form(), area)) return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    save();
  });
  form().addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); save(); });
  for (const item of notes.items()) if (item.conversation === openId() && !pending(item)) show(item);
}

function save() {
  const area = field();
  const text = area.value.trim();
  if (!text) return;
  const item = {conversation: openId(), text, mentions: idsIn(text), remind_at: wanted(), client_id: uuid(), at: Date.now()};
  notes.add(item, () => {});
  show(item);
  area.value = "";
  keep(draftKey(), null);
  grow(area);
  showOffer({});
  area.focus();
  if (!navigator.onLine) toast(w("kept"));
  notes.flush();
}

// A day that is named while the note is typed: one press, and the note is saved with its reminder.
const chip = () => $("[data-note-offer]");
const wanted = () => (chip().getAttribute("aria-pressed") === "true" ? chip().dataset.at : null);

const offer = later(async () => {
  const text = field()?.value.trim();
  if (text === undefined) return;
  const answer = text ? await ask("/api/notes/offer", {method: "POST", json: {text}}) : {ok: true, data: {}};
  if (answer.ok && text === field()?.value.trim()) showOffer(answer.data);
}, 250);

function showOffer({at, when}) {
  const button = chip();
  if (!at || at !== button.dataset.at) button.setAttribute("aria-pressed", "false");
  button.hidden = !at;
  button.dataset.at = at || "";
  $("span", button).textContent = at ? when : "";
  button.title = at ? button.dataset.words.replace("%(at)s", when) : "";
  button.setAttribute("aria-label", button.title);
}

function show(item) {
  const shown = $("#note-pending").content.firstElementChild.cloneNode(true);
  shown.dataset.client = item.client_id;
  $("p", shown).textContent = item.text;
  addEntry(shown);
}

function done(item, answer) {
  const shown = pending(item);
  if (answer.ok) {
    if (shown) { shown.id ||= `e-${answer.data.id}`; want({entry: `note/${answer.data.id}`}); }
    return;
  }
  toast(reason(answer));
  shown?.remove();
  const area = field();
  if (area && openId() === item.conversation && !area.value.trim()) { area.value = item.text; area.dispatchEvent(new Event("input")); }
  else if (!kept(draftKey(item.conversation))) keep(draftKey(item.conversation), item.text);
}

const methods = {pin: ["PUT", "pin"], unpin: ["DELETE", "pin"], done: ["DELETE", "reminder"], remind: ["PUT", "reminder"], delete: ["DELETE", ""]};

/** Ask for what can be done with a note; the thread hears of it by the feed. */
async function act(note, what, json) {
  const [method, part] = methods[what];
  const answer = await ask(`/api/notes/${note}${part && `/${part}`}`, {method, json});
  if (!answer.ok) toast(reason(answer));
  want({entry: `note/${note}`});
  return answer.ok;
}

document.addEventListener("click", async (event) => {
  const note = event.target.closest(".note[data-note]")?.dataset.note;
  const offered = event.target.closest("[data-note-offer]");
  if (offered) { offered.setAttribute("aria-pressed", offered.getAttribute("aria-pressed") !== "true"); field().focus(); }
  const button = event.target.closest("[data-note-do], [data-note-edit], [data-note-when]");
  const seek = event.target.closest("[data-note-seek]");
  if (seek) { event.preventDefault(); document.body.classList.remove("show-panel"); return goTo(seek.dataset.conversation, seek.dataset.noteSeek); }
  if (!note || !button) return;
  const what = button.dataset.noteDo;
  if (what === "delete" && !confirm(w("delete"))) return;
  if (what) { button.disabled = true; await act(note, what, what === "remind" ? {at: button.dataset.noteAt} : undefined); button.disabled = false; }
  else if ("noteEdit" in button.dataset) edit(note);
  else when(note, button);
});

function dialog(title, content) {
  const made = element(`<dialog class="note-dialog" aria-labelledby="note-dialog-title"><form method="dialog"><h2 id="note-dialog-title"></h2><div class="note-dialog-body"></div><div class="row-actions"><button class="btn primary" type="submit" value="yes"></button><button class="btn" type="button" data-close></button></div></form></dialog>`);
  $("h2", made).textContent = title;
  $("[data-close]", made).textContent = w("cancel");
  $(".note-dialog-body", made).append(...content);
  made.addEventListener("close", () => made.remove());
  document.body.append(made);
  made.showModal();
  return made;
}

/** Change a note's text. Where somebody was faster, both texts are there to be looked at. */
async function edit(note) {
  const answer = await ask(`/api/notes/${note}`);
  if (!answer.ok) return toast(reason(answer));
  let {version} = answer.data;
  const area = element(`<textarea rows="5" maxlength="10000"></textarea>`);
  area.value = answer.data.plain;
  const now = element(`<p class="note-now" hidden></p>`);
  const list = element(`<ul class="mention-list" id="edit-mention-list" role="listbox" hidden></ul>`);
  list.setAttribute("aria-label", $("#mention-list").getAttribute("aria-label"));
  area.setAttribute("aria-controls", list.id);
  const made = dialog(w("edit"), [list, area, now]);
  area.setAttribute("aria-labelledby", "note-dialog-title");
  $('[value="yes"]', made).textContent = w("save");
  area.focus();
  area.addEventListener("input", () => suggest(form(), area));
  area.addEventListener("keydown", (event) => {
    if (!choosing(event, form(), area) && event.key === "Enter" && (event.ctrlKey || event.metaKey)) $('[value="yes"]', made).click();
  });
  $("form", made).addEventListener("submit", async (event) => {
    event.preventDefault();
    const changed = await ask(`/api/notes/${note}`, {method: "PATCH", json: {text: area.value, version, mentions: idsIn(area.value)}});
    want({entry: `note/${note}`});
    if (changed.ok) return made.close();
    const latest = changed.status === 409 && await ask(`/api/notes/${note}`);
    if (latest?.ok && latest.data.version !== version) { version = latest.data.version; now.textContent = latest.data.plain || ""; now.hidden = false; }
    toast(reason(changed));
  });
}

/** Choose when a note comes back. */
function when(note) {
  const monday = (8 - weekday()) % 7 || 7;
  const input = element(`<input type="datetime-local" required>`);
  input.min = clockText(new Date());
  input.value = clockText(dayAt(1, 9));
  const quick = element(`<div class="note-quick"></div>`);
  for (const [name, time] of [["tomorrow", dayAt(1, 9)], ["week", dayAt(monday, 9)]]) {
    const button = element(`<button class="btn small" type="button"><span></span><small></small></button>`);
    $("span", button).textContent = w(name);
    $("small", button).textContent = say(time, {weekday: "short"});
    button.onclick = () => { input.value = clockText(time); $("form", made).requestSubmit(); };
    quick.append(button);
  }
  const made = dialog(w("when"), [quick, input]);
  input.setAttribute("aria-labelledby", "note-dialog-title");
  $('[value="yes"]', made).textContent = w("set");
  $("form", made).addEventListener("submit", async (event) => {
    event.preventDefault();
    const isSet = await act(note, "remind", {at: momentOf(input.value).toISOString().replace("Z", "000Z")});
    if (isSet) made.close();
  });
}

// Who can be meant: anew after somebody's name, role or teams changed, or the conversation went elsewhere.
const people = later(async () => {
  const id = openId();
  const answer = id && await ask(`/notes/people/${id}`);
  if (answer?.ok && id === openId() && form()) {
    form().dataset.people = JSON.stringify(answer.data.people);
    if (document.activeElement === field()) suggest(form(), field());
  }
}, 200);
on("changes", ({changes}) => {
  const isMoved = ({collection, id, fields}) => collection === "conversation" && id === openId() && ("team" in fields || "assignee" in fields);
  const isOther = ({collection, fields}) => collection === "agent" && ["name", "teams", "role", "active"].some((field) => field in fields);
  if (changes.some((each) => isOther(each) || isMoved(each))) people();
});

// The panel shows what is pinned and what will come back: anew where that concerns what is open.
on("changes", ({changes}) => {
  for (const {collection, id, fields} of changes) {
    if (collection !== "note" || !openId()) continue;
    const isThere = $(`#panel [data-pinned="${CSS.escape(id)}"], #panel [data-note-seek="${CSS.escape(id)}"]`);
    if (fields.pinned || isThere || ("reminder" in fields && entryOf(id)) || (fields.conversation === openId() && fields.reminder)) want({header: true});
  }
});

document.addEventListener("thread:open", arrive);
arrive();
notes.flush();
