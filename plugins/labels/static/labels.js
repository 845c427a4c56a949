// Labels in the inbox: the popover that puts them on and off, and tags that follow the feed.
// It shares the modules of the inbox page: one feed, one way to act.
import {$, $$, ask, element, paint} from "../../static/js/base.js";
import {act} from "../../static/js/actions.js";
import {on} from "../../static/js/feed.js";
import {addShortcut} from "../../static/js/keys.js";
import {taken} from "../../static/js/fragments.js";
import {openId} from "../../static/js/thread.js";

const putMenu = () => $("#label-menu");
const worn = () => ($("#labels-section")?.dataset.labels || "").split(" ").filter(Boolean);

// The menus stand outside the list, which is not shown beside an open thread on a phone.
document.body.append($("#label-filter"), putMenu());

addShortcut("l", putMenu().dataset.key, "labels");

/** Mark the labels that the open conversation has. */
function mark() {
  const on = worn();
  for (const item of $$("[data-label-toggle]", putMenu())) item.setAttribute("aria-checked", on.includes(item.dataset.labelToggle));
}

/** Show what fits the search, and the button that makes a label of this name. */
function sift() {
  const menu = putMenu();
  const typed = $("[data-label-search]", menu).value.trim();
  const wanted = typed.toLowerCase();
  const items = $$("[data-label-toggle]", menu);
  for (const item of items) item.hidden = !item.dataset.name.toLowerCase().includes(wanted);
  const isThere = items.some((item) => item.dataset.name.toLowerCase() === wanted);
  const none = $("[data-label-none]", menu);
  if (none) none.hidden = items.some((item) => !item.hidden);
  const make = $("[data-label-new]", menu);
  if (!make) return;
  make.hidden = !typed || isThere;
  const words = $("[data-words]", make);
  words.textContent = words.dataset.words.replace("%(name)s", typed);
}

document.addEventListener("menu:open", (event) => {
  if (event.target.id !== "label-menu") return;
  $("[data-label-search]", event.target).value = "";
  sift();
  mark();
});
document.addEventListener("input", (event) => { if (event.target.matches("[data-label-search]")) sift(); });

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-label-toggle]");
  const off = event.target.closest("[data-label-off]");
  if (toggle) put(toggle);
  if (off) act("labels.remove", {conversation: openId(), label: off.dataset.labelOff});
  if (event.target.closest("[data-label-new]")) make();
});

async function put(item) {
  const has = item.getAttribute("aria-checked") === "true";
  item.setAttribute("aria-checked", !has);
  const done = await act(has ? "labels.remove" : "labels.add", {conversation: openId(), label: item.dataset.labelToggle});
  if (!done) mark();
}

async function make() {
  const field = $("[data-label-search]", putMenu());
  const conversation = openId();
  const made = await act("labels.create", {name: field.value.trim(), color: fresh()});
  if (!made) return;
  await act("labels.add", {conversation, label: made.result.label});
  field.value = "";
  field.focus();
}

/** A colour of the palette that no label has yet, else any of them. */
function fresh() {
  const palette = putMenu().dataset.colors.split(" ");
  const used = $$("[data-color]", putMenu()).map((swatch) => swatch.dataset.color);
  return palette.find((color) => !used.includes(color)) || palette[used.length % palette.length];
}

taken(({panel}) => { if (panel) mark(); });

// Feed: a label's new name or colour goes into every tag at once; the menus are fetched anew.
on("changes", ({changes, gone}) => {
  const of = (all) => all.filter((each) => each.collection === "label");
  for (const {id, fields} of of(changes)) repaint(id, fields);
  for (const {id} of of(gone)) $$(`[data-label="${CSS.escape(id)}"]`).forEach((tag) => tag.remove());
  if (of(changes).length || of(gone).length) refresh();
});
on("resync", () => refresh());

function repaint(id, fields) {
  for (const tag of $$(`[data-label="${CSS.escape(id)}"]`)) {
    if (fields.name !== undefined) $("bdi", tag).textContent = fields.name;
    if (fields.color !== undefined) {
      tag.dataset.color = fields.color;
      tag.classList.toggle("any", !putMenu().dataset.colors.includes(fields.color));
      paint(tag);
    }
  }
}

let wanted = 0;
/** Fetch the menus' items anew; an open menu stays where it is, with what was typed. */
async function refresh() {
  const mine = ++wanted;
  const answer = await ask($("#label-filter").dataset.source);
  if (!answer.ok || mine !== wanted) return;
  const holder = element(`<div>${answer.data}</div>`);
  for (const fresh of $$(".menu", holder)) {
    const menu = document.getElementById(fresh.id);
    const typed = $("[data-label-search]", menu)?.value;
    menu.replaceChildren(...fresh.childNodes);
    if (typed) $("[data-label-search]", menu).value = typed;
    if (!menu.hidden) ($("[data-label-search]", menu) || menu.querySelector("a"))?.focus();
    paint(menu);
  }
  sift();
  mark();
}
