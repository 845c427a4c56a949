// Settings → Labels: their order, merging with a preview, rules and their trial on history.
import {$, $$, ask, element, reason, root, say, toast} from "../../static/js/base.js";

const words = $("#rule-words")?.dataset || {};
const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");

/** What an answer of the API says was wrong, the fields' own words first. */
function wrong(answer) {
  const fields = answer.data?.error?.fields;
  const first = (value) => (typeof value === "string" ? value : first(Object.values(value)[0]));
  return fields && Object.keys(fields).length ? first(fields) : reason(answer);
}

// Order: by the buttons, or by dragging the grip.
const list = $("[data-labels-list]");
let moving = null;

async function saveOrder() {
  const labels = $$("[data-label-row]", list).map((row) => row.dataset.labelRow);
  const answer = await ask("/api/labels/order", {method: "POST", json: {labels}});
  if (!answer.ok) toast(wrong(answer));
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  event.preventDefault();
  const row = button.closest("[data-label-row]");
  const other = button.dataset.move === "1" ? row.nextElementSibling : row.previousElementSibling;
  if (!other) return;
  if (button.dataset.move === "1") other.after(row); else other.before(row);
  button.focus();
  saveOrder();
});
list.addEventListener("dragstart", (event) => {
  moving = event.target.closest("[data-label-row]");
  moving.classList.add("moving");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setDragImage(moving, 20, 20);
});
list.addEventListener("dragover", (event) => {
  const row = event.target.closest("[data-label-row]");
  if (!moving || !row) return;
  event.preventDefault();
  for (const each of $$(".over", list)) each.classList.remove("over");
  row.classList.add("over");
});
list.addEventListener("drop", (event) => {
  const row = event.target.closest("[data-label-row]");
  if (!moving || !row || row === moving) return;
  event.preventDefault();
  const rows = $$("[data-label-row]", list);
  if (rows.indexOf(moving) < rows.indexOf(row)) row.after(moving); else row.before(moving);
  saveOrder();
});
list.addEventListener("dragend", () => {
  moving?.classList.remove("moving");
  for (const each of $$(".over", list)) each.classList.remove("over");
  moving = null;
});

// Merging: what it would move is told as soon as the other label is chosen.
for (const form of $$("[data-merge]")) {
  const preview = $("[data-preview]", form), into = form.elements.into;
  let found = null;
  into.addEventListener("change", async () => {
    found = null;
    preview.hidden = true;
    if (!into.value) return;
    const answer = await ask(`/api/labels/${form.dataset.merge}/merge?into=${encodeURIComponent(into.value)}`);
    if (!answer.ok) return toast(wrong(answer));
    found = {n: answer.data.conversations, both: answer.data.both, rules: answer.data.rules, into: into.selectedOptions[0].textContent};
    preview.textContent = filled(preview.dataset.words, found);
    preview.hidden = false;
  });
  form.addEventListener("submit", (event) => { if (!found || !confirm(filled(form.dataset.ask, found))) { event.preventDefault(); event.stopPropagation(); } });
}

// Rules.
const opsOf = {text: ["words", "contains", "matches"], kind: ["is", "is_not"], account: ["is", "is_not"], flow: ["is"], node: ["is"]};
const others = ["is", "is_not", "contains", "starts", "known", "unknown"];

function part(given) {
  const made = document.importNode($("#rule-part").content, true).firstElementChild;
  const field = $("[data-field]", made), op = $("[data-op]", made), own = $("[data-own]", made), value = $("[data-value]", made);
  const isOwn = given.field.startsWith("contacts.");
  field.value = isOwn ? "own" : given.field;
  own.value = isOwn ? given.field.slice(9) : "";
  op.value = given.op;
  value.value = given.value ?? "";
  const fit = () => {
    const allowed = opsOf[field.value] || others;
    for (const option of op.options) option.hidden = option.disabled = !allowed.includes(option.value);
    if (!allowed.includes(op.value)) op.value = allowed[0];
    own.hidden = field.value !== "own";
    value.hidden = ["known", "unknown"].includes(op.value);
    value.placeholder = op.value === "words" ? value.dataset.hint : "";
  };
  value.dataset.hint = value.placeholder;
  field.addEventListener("change", fit);
  op.addEventListener("change", fit);
  fit();
  return made;
}

function partsOf(when) {
  const mode = "any" in when ? "any" : "all";
  const parts = when[mode] || [when];
  return parts.every((each) => "field" in each) ? {mode, parts} : null;
}

function whenOf(form) {
  if (!$("[data-complex]", form).hidden) return JSON.parse(form.dataset.when);
  const parts = $$(".rule-part", form).map((each) => {
    const field = $("[data-field]", each).value, op = $("[data-op]", each).value;
    const found = {field: field === "own" ? `contacts.${$("[data-own]", each).value.trim()}` : field, op};
    return ["known", "unknown"].includes(op) ? found : {...found, value: $("[data-value]", each).value.trim()};
  });
  return parts.length === 1 ? parts[0] : {[$("[data-mode]", form).value]: parts};
}

for (const form of $$(".rule-form")) {
  const found = partsOf(JSON.parse(form.dataset.when)), place = $("[data-parts]", form);
  if (found) { $("[data-mode]", form).value = found.mode; place.append(...found.parts.map(part)); }
  else { $("[data-complex]", form).hidden = false; $("[data-add]", form).hidden = $("[data-mode]", form).hidden = true; }
  $("[data-add]", form).addEventListener("click", () => { place.append(part({field: "text", op: "words", value: ""})); $("[data-field]", place.lastElementChild).focus(); });
  place.addEventListener("click", (event) => { const drop = event.target.closest("[data-drop]"); if (drop && place.children.length > 1) drop.closest(".rule-part").remove(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); save(form); });
  $("[data-try]", form).addEventListener("click", () => tryOut(form));
  $("[data-remove]", form)?.addEventListener("click", async (event) => {
    if (confirm(event.currentTarget.dataset.confirmWords)) done(await ask(`/api/labels/rules/${form.dataset.rule}`, {method: "DELETE"}));
  });
}

function done(answer) {
  if (answer.ok) location.href = `${root}/settings/labels?saved=1#rules`; else toast(wrong(answer), {seconds: 8});
  if (answer.ok && location.search === "?saved=1") location.reload();
}

async function save(form) {
  const json = {label: $("[data-label]", form).value, when: whenOf(form)};
  const path = form.dataset.rule ? `/${form.dataset.rule}` : "";
  done(await ask(`/api/labels/rules${path}`, {method: path ? "PATCH" : "POST", json}));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-enable]");
  if (!button) return;
  event.preventDefault();
  const enabled = button.getAttribute("aria-checked") !== "true";
  const answer = await ask(`/api/labels/rules/${button.dataset.enable}`, {method: "PATCH", json: {enabled}});
  if (!answer.ok) return toast(wrong(answer));
  button.setAttribute("aria-checked", enabled);
  button.closest(".box-row").classList.toggle("off", !enabled);
});

// A trial: replayed beside the inbox; it is asked for once a second until it is done.
async function tryOut(form) {
  const label = $("[data-label]", form).value, place = $("[data-trial]", form), button = $("[data-try]", form);
  const json = {label, when: whenOf(form), days: Number($("[data-days]", form).value)};
  button.disabled = true;
  try {
    let answer = await ask("/api/labels/rules/trials", {method: "POST", json});
    place.hidden = false;
    place.replaceChildren(element(`<p></p>`), element(`<progress max="1"></progress>`));
    place.firstElementChild.textContent = words.trying;
    while (answer.ok && answer.data.state === "running") {
      if (answer.data.all) $("progress", place).value = answer.data.done / answer.data.all;
      await new Promise((resume) => setTimeout(resume, 700));
      answer = await ask(`/api/labels/rules/trials/${answer.data.id}?into=${encodeURIComponent(label)}`);
    }
    if (!answer.ok) { place.hidden = true; return toast(wrong(answer), {seconds: 8}); }
    tell(place, answer.data);
  } finally { button.disabled = false; }
}

function tell(place, {state, found, imported}) {
  const line = document.createElement("p");
  line.dataset.result = state;
  line.textContent = state !== "done" ? words[state] : found.length ? filled(words.some, {n: found.length}) : words.none;
  const listed = document.createElement("ul");
  for (const each of (found || []).slice(0, 200)) {
    const row = element(`<li><a></a><small></small><time></time></li>`);
    $("a", row).textContent = each.name || words.unknown;
    if (each.there) $("a", row).href = `${root}/inbox/${each.conversation}?tab=all`;
    $("small", row).textContent = each.has ? `${each.why} · ${words.has}` : each.why;
    $("time", row).textContent = say(new Date(each.at), {day: "numeric", month: "short"});
    listed.append(row);
  }
  if (imported) line.append(` ${filled(words.imported, {n: imported})}`);
  place.replaceChildren(line, ...(listed.children.length ? [listed] : []));
}
