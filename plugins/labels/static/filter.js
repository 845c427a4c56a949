// The list narrowed down by labels: has and has not, all or any of them; chips, and the sidebar with its counts.
import {$, $$, ask, element, icon, paint, root} from "../../static/js/base.js";
import {on} from "../../static/js/feed.js";
import {filterArgs} from "../../static/js/fragments.js";
import {setFilter} from "../../static/js/list.js";
import {byId, fill, inUse, item, loaded} from "./store.js";

const menu = $("#label-filter");
const list = $("#list");
const chips = $("#chips");
const side = $("[data-label-side]");
const words = menu.dataset;
let counts = {};
let wantedMode = "all"; // chosen before there are two labels that it could join

/** The filter as {mode, has, not}; null where the address has one that this menu cannot show. */
function read() {
  const {labelFilter, whereFilter} = list.dataset;
  const found = {mode: wantedMode, has: labelFilter ? [labelFilter] : [], not: []};
  if (!whereFilter) return found;
  let condition;
  try { condition = JSON.parse(whereFilter); } catch { return null; }
  const mode = "any" in condition ? "any" : "all";
  for (const part of condition[mode] || [condition]) {
    if (part.field !== "labels" || !["has", "has_not"].includes(part.op)) return null;
    found[part.op === "has" ? "has" : "not"].push(part.value);
  }
  if (labelFilter && mode === "any") return null;
  return {...found, mode};
}

function write({mode, has, not}) {
  wantedMode = mode;
  if (!not.length && has.length < 2) return setFilter({label: has[0] || "", where: ""});
  const parts = [...has.map((value) => ({field: "labels", op: "has", value})), ...not.map((value) => ({field: "labels", op: "has_not", value}))];
  return setFilter({label: "", where: JSON.stringify({[mode]: parts})});
}

const now = () => read() || {mode: wantedMode, has: [], not: []};
const without = ({mode, has, not}, id) => ({mode, has: has.filter((each) => each !== id), not: not.filter((each) => each !== id)});

/** From not asked for to has, to has not, and back. */
function cycle(id) {
  const filter = now(), rest = without(filter, id);
  if (filter.has.includes(id)) rest.not.push(id);
  else if (!filter.not.includes(id)) rest.has.push(id);
  write(rest);
}

function show() {
  const filter = now();
  for (const line of $$("[data-label-cycle]", menu)) {
    const id = line.dataset.labelCycle, not = filter.not.includes(id);
    line.setAttribute("aria-checked", filter.has.includes(id) ? "true" : not ? "mixed" : "false");
    $(".label-not", line).textContent = not ? words.not : "";
  }
  for (const radio of $$("[data-label-mode]", menu)) radio.setAttribute("aria-checked", radio.dataset.labelMode === filter.mode);
  $("[data-label-clear]", menu).hidden = !list.dataset.labelFilter && !list.dataset.whereFilter;
  $("[data-label-filter-button]").classList.toggle("on", Boolean(list.dataset.labelFilter || list.dataset.whereFilter));
  showChips();
  for (const link of $$("a", side || document.createElement("a"))) {
    if (filter.has.includes(link.dataset.labelLink)) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  }
}

function showChips() {
  const filter = read(), focused = chips.contains(document.activeElement);
  const made = filter ? [...filter.has.map((id) => chip(id, false)), ...filter.not.map((id) => chip(id, true))] : [chip(null, false)];
  if (filter && made.length > 1) made.unshift(Object.assign(document.createElement("span"), {textContent: filter.mode === "any" ? words.or : words.and}));
  if (made.length > 2) made.push(Object.assign(document.createElement("button"), {type: "button", className: "link", textContent: words.clear, onclick: clear}));
  chips.replaceChildren(...made);
  if (focused) ($("[data-chip-off]", chips) || $("[data-label-filter-button]")).focus();
}

function chip(id, not) {
  const label = byId(id);
  const name = id === null ? words.other : label?.name || "…";
  const made = element(`<span class="chip"><i></i><span class="swatch"></span><bdi></bdi><button type="button" data-chip-off></button></span>`);
  $("i", made).textContent = not ? words.not : "";
  if (label) { $(".swatch", made).classList.add(label.tint); $(".swatch", made).dataset.color = label.color; } else $(".swatch", made).remove();
  $("bdi", made).textContent = name;
  $("button", made).append(icon("x"));
  $("button", made).setAttribute("aria-label", words.off.replace("%(name)s", name));
  $("button", made).onclick = () => (id === null ? clear() : write(without(now(), id)));
  paint(made);
  return made;
}

const clear = () => setFilter({label: "", where: ""});

function showSide() {
  if (!side) return;
  const focused = document.activeElement?.dataset?.labelLink;
  side.replaceChildren(...inUse().map((label) => {
    const link = element(`<a><span class="swatch"></span><bdi></bdi><b></b></a>`);
    const args = new URLSearchParams(filterArgs());
    args.set("label", label.id);
    args.delete("where");
    link.href = `${root}/inbox?${args}`;
    link.dataset.labelLink = label.id;
    if (label.description) link.title = label.description;
    $(".swatch", link).classList.add(label.tint);
    $(".swatch", link).dataset.color = label.color;
    $("bdi", link).textContent = label.name;
    $("b", link).textContent = counts[label.id] || "";
    paint(link);
    return link;
  }));
  if (!side.children.length) side.append(Object.assign(document.createElement("p"), {className: "menu-note", textContent: side.dataset.none}));
  if (focused) $(`[data-label-link="${CSS.escape(focused)}"]`, side)?.focus();
}

document.addEventListener("click", (event) => {
  const line = event.target.closest("[data-label-cycle]"), mode = event.target.closest("[data-label-mode]"), link = event.target.closest("[data-label-link]");
  if (line) cycle(line.dataset.labelCycle);
  if (mode) { wantedMode = mode.dataset.labelMode; write({...now(), mode: wantedMode}); }
  if (event.target.closest("[data-label-clear]")) clear();
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const filter = now(), id = link.dataset.labelLink, isOnly = filter.has.length === 1 && filter.has[0] === id && !filter.not.length;
  setFilter({label: isOnly ? "" : id, where: ""});
});
document.addEventListener("list:filter", show);

loaded(() => {
  fill(menu, (label) => item(label, {"data-label-cycle": label.id}));
  showSide();
  show();
});

// Counts: one small look a second at most, and only while they are seen.
let timer = null;
let countedAt = 0;
const isSeen = () => Boolean(side) && !document.hidden && document.body.classList.contains("with-side");

function count() {
  if (timer || !isSeen()) return;
  timer = setTimeout(async () => {
    timer = null;
    if (!isSeen()) return;
    countedAt = Date.now();
    const answer = await ask("/labels/counts");
    if (!answer.ok) return;
    counts = answer.data.counts;
    for (const link of $$("[data-label-link]", side)) $("b", link).textContent = counts[link.dataset.labelLink] || "";
  }, Math.max(0, 1000 - (Date.now() - countedAt)) + Math.random() * 200);
}

on("changes", ({changes, gone}) => {
  const moved = changes.some(({collection, fields}) => collection === "conversation" && ["labels", "status", "team", "assignee"].some((name) => name in fields));
  if (moved || gone.some(({collection}) => collection === "conversation")) count();
});
on("resync", count);
document.addEventListener("list:side", count);
document.addEventListener("visibilitychange", count);
count();
