// The pages of contacts, live: rows and people follow the feed, a number is read while it is typed.
import {$, $$, ask, element, later, morph, paint, reason, toast} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";
import "../../static/js/why.js";

const rows = $("#rows");
const rowOf = (id) => document.getElementById(`contact-${id}`);
const wanted = new Set();
const isBefore = (one, other) => one.toLowerCase() < other.toLowerCase(); // as the server sorts

/** Fetch rows that have changed, a hundred at a time at most. */
const fetchRows = later(async () => {
  const ids = [...wanted].slice(0, 100);
  ids.forEach((id) => wanted.delete(id));
  const answer = await ask(`/contacts/some?ids=${ids}`);
  if (answer.ok) for (const [id, html] of Object.entries(answer.data.rows)) settle(id, html);
  if (wanted.size) fetchRows();
}, 60);

function settle(id, html) {
  const row = rowOf(id);
  if (!html) return row?.remove();
  const fresh = element(html);
  if (row && row.dataset.name === fresh.dataset.name) return morph(row, fresh);
  const after = $$(".contact-row", rows).find((other) => other !== row && isBefore(fresh.dataset.name, other.dataset.name));
  const hadFocus = document.activeElement === row;
  row?.remove();
  if (after) after.before(fresh);
  else if ($("[data-more]", rows)) return; // it is further down than what is loaded
  else { $("[data-empty]", rows)?.remove(); rows.append(fresh); }
  paint(fresh);
  if (hadFocus) fresh.focus({preventScroll: true});
}

const shown = () => $(".contact-show")?.value || "";
const searching = () => Boolean($('.contact-search input[name="q"]')?.value.trim() || shown());

/** A changed contact: its row where it is shown, a new one where it would stand among those loaded. */
function takeRow(id, fields) {
  if (rowOf(id) || (!searching() && ("name" in fields))) wanted.add(id);
  if (wanted.size > 400) wanted.clear(); // a whole address book comes in: the list is fetched once it is there
  else if (wanted.size) fetchRows();
}

const reloadRows = later(async () => {
  if (!$(".contact-table .contact-head")) return;
  const answer = await ask(`/contacts/rows?q=${encodeURIComponent($('.contact-search input[name="q"]')?.value || "")}&show=${shown()}`);
  if (!answer.ok || rows.contains(document.activeElement)) return;
  rows.innerHTML = answer.data;
  window.htmx?.process(rows);
}, 400);

const person = () => $("#person");
const reloadPerson = later(async () => {
  const answer = await ask(`/contacts/${person().dataset.contact}/parts`);
  if (!answer.ok) return;
  const fresh = element(answer.data);
  for (const open of $$("details[open]", person())) $(`details.${open.className}`, fresh)?.setAttribute("open", "");
  for (const field of $$("textarea, select, input[type=checkbox]", person())) { // what is being written stays
    const same = field.id && $(`#${field.id}`, fresh);
    if (same) { same.value = field.value; if (field.tagName === "TEXTAREA") same.textContent = field.value; }
  }
  morph(person(), fresh);
  document.title = `${$("h1", person()).textContent} — ReplyAI`;
}, 60);

const reloadSyncs = later(async () => {
  const answer = await ask("/contacts/syncs");
  if (answer.ok && $("#syncs")) morph($("#syncs"), answer.data);
}, 80);

on("changes", ({changes, gone}) => {
  const here = person()?.dataset.contact;
  for (const {collection, id, fields} of changes) {
    if (collection === "contact") { if (rows) takeRow(id, fields); if (id === here) reloadPerson(); }
    else if (collection === "conversation") {
      if (here && (fields.contact === here || $(`a.talk[href$="/${id}"]`))) reloadPerson();
      const row = rows && (rowOf(fields.contact) || $(`[data-talks~="${CSS.escape(id)}"]`, rows));
      if (row && ["contact", "last_message_at", "labels"].some((name) => name in fields)) takeRow(row.dataset.contact, {});
    } else if (collection === "contact_sync") { reloadSyncs(); if (fields.state === "done") reloadRows(); }
    else if (collection === "contact_pair") { reloadSyncs(); pairChanged(id, fields); }
    else if (collection === "contact_merge" && here) reloadPerson();
    else if (collection === "plugin") location.reload();
  }
  for (const {collection, id} of gone) {
    if (collection === "contact") { rowOf(id)?.remove(); if (id === here) location.reload(); }
    if (collection === "contact_pair") { $(`[data-pair="${CSS.escape(id)}"]`)?.remove(); reloadSyncs(); }
  }
});
on("resync", () => { reloadRows(); reloadSyncs(); if (person()) reloadPerson(); });

/** A suggestion was settled by somebody, or a new one was found. */
const reloadPairs = later(() => location.reload(), 500);
function pairChanged(id, fields) {
  if (!$("[data-live-pairs]")) return;
  if (fields.state === "dismissed") $(`[data-pair="${CSS.escape(id)}"]`)?.remove();
  else if (fields.state === "open" && !$(`[data-pair="${CSS.escape(id)}"]`)) reloadPairs();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-sync-now]");
  if (!button) return;
  const answer = await ask(`/contacts/sync/${button.dataset.syncNow}`, {method: "POST"});
  if (!answer.ok) toast(reason(answer));
});

// A new contact.
const made = $("#new-contact");
const toggle = (shown) => {
  made.hidden = !shown;
  $("[data-new-contact]").setAttribute("aria-expanded", shown);
  if (shown) $("#new-phone").focus();
};
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-new-contact]")) toggle(made.hidden);
  if (event.target.closest("[data-new-close]")) toggle(false);
});

const look = later(async (field) => {
  const said = document.getElementById(field.getAttribute("aria-describedby"));
  said.dataset.words ??= said.textContent;
  said.className = "";
  if (!/\d{3}/.test(field.value.replace(/\D/g, ""))) { said.textContent = said.dataset.words; return; }
  const typed = field.value;
  const answer = await ask(`/contacts/number?text=${encodeURIComponent(typed)}`);
  if (!answer.ok || field.value !== typed) return;
  const {error, shown, taken} = answer.data;
  if (error) { said.textContent = field.value.replace(/\D/g, "").length > 7 ? error : said.dataset.words; said.className = "bad"; return; }
  said.innerHTML = shown;
  if (taken) {
    const link = document.createElement(taken.id ? "a" : "span");
    if (taken.id) link.href = `${document.body.dataset.root}/contacts/${taken.id}`;
    link.textContent = taken.name;
    said.append(" · ", link);
    said.className = "warn";
  }
}, 150);
document.addEventListener("input", (event) => { if (event.target.matches("#new-phone, #more-phone")) look(event.target); });

// Which name two who are joined will have shows as it is chosen.
document.addEventListener("change", ({target}) => {
  if (target.matches("[name='choose:name'], [name='choose:names.agent']")) document.querySelector("[data-made-name]").textContent = target.nextElementSibling.textContent;
});

// Renaming shows at once and is taken back where it was refused.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-rename]")) return;
  event.preventDefault();
  const name = $("input[name=name]", form).value.trim();
  const title = $("h1 bdi", person());
  const before = title.textContent;
  if (name) title.textContent = name;
  const id = person().dataset.contact;
  const answer = await ask(`/api/contacts/${id}`, {method: "PATCH", json: {name: name || null}});
  for (const button of $$("button", form)) button.disabled = false;
  if (!answer.ok) { title.textContent = before; toast(reason(answer)); } else reloadPerson();
});

start();
