// A contact's custom fields and consent, in the inbox's panel and on the contact's page: changed in place, live.
import {$, $$, ask, later, morph, reason, toast, uuid} from "../../static/js/base.js";
import {on} from "../../static/js/feed.js";
import {taken} from "../../static/js/fragments.js";

let editing = null; // {contact, key}, of the field whose form is open
let deciding = ""; // which of the reasons is being written

const person = () => $("[data-person]");
const cell = (key) => $(`[data-person] [data-field="${CSS.escape(key)}"]`);

/** Show the form of a field in place of its value. */
function edit(dd) {
  if (editing) close();
  editing = {contact: person().dataset.person, key: dd.dataset.field};
  show(true);
  const input = $("input, select", dd);
  input.focus();
  input.select?.();
}

function show(open) {
  const dd = editing && cell(editing.key);
  if (!dd || person().dataset.person !== editing.contact) { editing = null; return; }
  $("[data-field-edit]", dd).hidden = open;
  $(".field-form", dd).hidden = !open;
}

function close(focus = false) {
  const dd = editing && cell(editing.key);
  if (editing) editing.done = true; // what is hidden loses the focus, which is no wish to save
  show(false);
  editing = null;
  if (!dd) return;
  const input = $("input, select", dd);
  if (input.tagName === "INPUT") input.value = input.dataset.was;
  $(".wrong", dd).hidden = true;
  if (focus) $("[data-field-edit]", dd).focus();
}

/** Keep what was written: it is shown at once, and as the server writes it when that has answered. */
async function save(dd, focus) {
  if (editing.done) return;
  const {contact, key} = editing;
  const input = $("input, select", dd);
  const was = input.dataset.was ?? [...input.options].find((option) => option.defaultSelected)?.value ?? "";
  const text = input.value.trim();
  if (text === was) return close(focus);
  editing.done = true;
  const button = $("[data-field-edit]", dd);
  const before = $("bdi", button).textContent;
  const answer = ask(`/contacts/${contact}/data`, {method: "POST", json: {key, text}});
  if (text) $("bdi", button).textContent = text;
  show(false);
  const {ok, data, status} = await answer;
  if (ok) {
    if (editing?.key === key && editing.done) editing = null;
    if (person()?.dataset.person === contact) { morph(person(), data.html); restore(); if (focus) cell(key) && $("[data-field-edit]", cell(key)).focus(); }
    return;
  }
  $("bdi", button).textContent = before;
  if (person()?.dataset.person !== contact || !cell(key)) return toast(reason({data, status}));
  editing = {contact, key};
  show(true);
  const wrong = $(".wrong", cell(key));
  wrong.textContent = reason({data, status});
  wrong.hidden = false;
  $("input, select", cell(key)).focus();
}

/** After the section was drawn anew: an open form stays open. */
function restore() {
  const optedOut = $("[data-opted-out]"), by = $("[data-person] .consent-note.warn small");
  optedOut?.toggleAttribute("hidden", !by || Boolean($("[data-person] .consent-note.bad")));
  if (optedOut && by) $("[data-by]", optedOut).textContent = by.textContent;
  $("[data-blocked]")?.toggleAttribute("hidden", !$("[data-person] .consent-note.bad"));
  if (editing && !editing.done) show(true);
  if (deciding) ponder(deciding, document.activeElement === document.body);
}

/** Show where the reason of a decision is written ("": of none). */
function ponder(which, focus = true) {
  deciding = which;
  for (const button of $$("[data-person] [data-decide]")) button.setAttribute("aria-expanded", button.dataset.decide === which);
  for (const form of $$("[data-person] [data-of]")) form.hidden = form.dataset.of !== which;
  if (which && focus) $(`[data-person] [data-of="${which}"] input`)?.focus();
}

async function decide(type, contact, why) {
  const data = {contact, ...(why === undefined ? {} : {reason: why || null})};
  if (type === "contact.opt_in") data.reason = null;
  deciding = "";
  const answer = await ask("/inbox/act", {method: "POST", json: {type, data, client_id: uuid()}});
  if (!answer.ok) toast(reason(answer));
  await refresh();
}

async function refresh() {
  const contact = person()?.dataset.person;
  if (!contact) return;
  const answer = await ask(`/contacts/${contact}/data`);
  if (answer.ok && person()?.dataset.person === contact) { morph(person(), answer.data); restore(); }
}
const soon = later(refresh, 30);

document.addEventListener("click", (event) => {
  const ponders = event.target.closest("[data-decide]");
  if (ponders) ponder(ponders.dataset.decide === deciding ? "" : ponders.dataset.decide);
  const button = event.target.closest("[data-field-edit]");
  if (button) edit(button.closest("[data-field]"));
  const act = event.target.closest("[data-consent]");
  if (act) decide(act.dataset.consent, act.closest("[data-person]").dataset.person);
});
document.addEventListener("submit", (event) => {
  const own = event.target.closest(".field-form, [data-consent-form]");
  if (!own) return;
  event.preventDefault();
  if (own.dataset.consentForm) decide(own.dataset.consentForm, own.closest("[data-person]").dataset.person, own.elements.reason.value.trim());
  else if (editing) save(own.closest("[data-field]"), true);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (event.target.closest?.(".field-form")) { event.preventDefault(); event.stopImmediatePropagation(); close(true); }
  if (event.target.closest?.("[data-of]")) {
    const which = deciding;
    event.preventDefault();
    event.stopImmediatePropagation();
    ponder("");
    $(`[data-decide="${which}"]`)?.focus();
  }
}, true);
document.addEventListener("change", (event) => {
  if (event.target.matches(".field-form select") && editing) save(event.target.closest("[data-field]"), true);
});
document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.(".field-form");
  if (form && editing && !form.contains(event.relatedTarget) && document.hasFocus()) save(form.closest("[data-field]"), false);
});

taken(({panel}) => { if (panel) restore(); });
on("changes", ({changes}) => {
  const contact = person()?.dataset.person;
  if (changes.some((each) => each.collection === "contact_field" || (each.collection === "contact" && each.id === contact))) soon();
});
on("resync", () => soon());
