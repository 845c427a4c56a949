// Labels in the inbox: the menus that put them on and off, and tags that follow the feed.
// It shares the modules of the inbox page: one feed, one way to act.
import {$, $$, paint} from "../../static/js/base.js";
import {act} from "../../static/js/actions.js";
import {on} from "../../static/js/feed.js";
import {addShortcut} from "../../static/js/keys.js";
import {taken} from "../../static/js/fragments.js";
import {openId} from "../../static/js/thread.js";
import {actOnAll} from "../../static/js/bulk.js";
import {rowsSelected} from "../../static/js/select.js";
import {fill, inUse, item, load, loaded, sift} from "./store.js";
import "./filter.js";

const putMenu = $("#label-menu");
const bulkMenu = $("#label-bulk");
const worn = () => ($("#labels-section")?.dataset.labels || "").split(" ").filter(Boolean);

// The menus stand outside the list, which is not shown beside an open thread on a phone.
document.body.append($("#label-filter"), putMenu, bulkMenu);

addShortcut("l", putMenu.dataset.key, "labels", () => rowsSelected().length && $('[data-menu="label-bulk"]'));

/** Mark the labels that the open conversation has. */
function mark() {
  const has = worn();
  for (const line of $$("[data-label-toggle]", putMenu)) line.setAttribute("aria-checked", has.includes(line.dataset.labelToggle));
}

/** Mark the labels that all, or some, of those selected have. */
function markMany() {
  const rows = rowsSelected().map((row) => ($("[data-row-labels]", row)?.dataset.rowLabels || "").split(" "));
  for (const line of $$("[data-label-all]", bulkMenu)) {
    const number = rows.filter((labels) => labels.includes(line.dataset.labelAll)).length;
    line.setAttribute("aria-checked", number && number === rows.length ? "true" : number ? "mixed" : "false");
  }
}

/** Show what fits the search, and the button that makes a label of this name. */
function offer() {
  const {typed, isThere} = sift(putMenu);
  const make = $("[data-label-new]", putMenu);
  if (!make) return;
  make.hidden = !typed || isThere;
  const words = $("[data-words]", make);
  words.textContent = words.dataset.words.replace("%(name)s", typed);
}

loaded(() => {
  fill(putMenu, (label) => item(label, {"data-label-toggle": label.id}));
  fill(bulkMenu, (label) => item(label, {"data-label-all": label.id}));
  offer();
  mark();
  markMany();
});

document.addEventListener("menu:open", (event) => {
  const search = $("[data-label-search]", event.target);
  if (search) { search.value = ""; sift(event.target); }
  if (event.target === putMenu) { offer(); mark(); }
  if (event.target === bulkMenu) markMany();
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-label-search]")) event.target.closest(".menu") === putMenu ? offer() : sift(event.target.closest(".menu"));
});

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-label-toggle]");
  const all = event.target.closest("[data-label-all]");
  const off = event.target.closest("[data-label-off]");
  if (toggle) put(toggle);
  if (all) putOnAll(all);
  if (off) act("labels.remove", {conversation: openId(), label: off.dataset.labelOff});
  if (event.target.closest("[data-label-new]")) make();
});

async function put(line) {
  const has = line.getAttribute("aria-checked") === "true";
  line.setAttribute("aria-checked", !has);
  const done = await act(has ? "labels.remove" : "labels.add", {conversation: openId(), label: line.dataset.labelToggle});
  if (!done) mark();
}

/** Put a label on all that are selected or, where all have it, take it off; they stay selected for the next one. */
async function putOnAll(line) {
  const had = line.getAttribute("aria-checked");
  line.setAttribute("aria-checked", had !== "true");
  const done = await actOnAll(had === "true" ? "labels.remove" : "labels.add", {label: line.dataset.labelAll}, {keep: true});
  if (!done.length) line.setAttribute("aria-checked", had);
}

async function make() {
  const field = $("[data-label-search]", putMenu);
  const conversation = openId();
  const made = await act("labels.create", {name: field.value.trim(), color: fresh()});
  if (!made) return;
  await act("labels.add", {conversation, label: made.result.label});
  field.value = "";
  field.focus();
}

/** A colour of the palette that no label has yet, else any of them. */
function fresh() {
  const palette = putMenu.dataset.colors.split(" ");
  const used = inUse().map((label) => label.color);
  return palette.find((color) => !used.includes(color)) || palette[used.length % palette.length];
}

taken(({panel}) => { if (panel) mark(); if (!bulkMenu.hidden) markMany(); });

// Feed: a label's new name or colour goes into every tag at once; the menus are made anew (store.js).
on("changes", ({changes, gone}) => {
  const of = (all) => all.filter((each) => each.collection === "label");
  for (const {id, fields} of of(changes)) repaint(id, fields);
  for (const {id} of of(gone)) $$(`[data-label="${CSS.escape(id)}"]`).forEach((tag) => tag.remove());
});

function repaint(id, fields) {
  for (const tag of $$(`[data-label="${CSS.escape(id)}"]`)) {
    if (fields.name !== undefined) $("bdi", tag).textContent = fields.name;
    if (fields.description !== undefined) tag.title = fields.description || "";
    if (fields.color !== undefined) {
      tag.dataset.color = fields.color;
      tag.classList.toggle("any", !putMenu.dataset.colors.includes(fields.color));
      paint(tag);
    }
  }
}

load();
