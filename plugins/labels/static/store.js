// The labels, as this page knows them: fetched once, anew when the feed tells that one has changed.
import {$, ask, element, paint} from "../../static/js/base.js";
import {on} from "../../static/js/feed.js";

const takers = [];
let labels = [];
let asked = 0;

/** Labels in their order, those out of use last: {id, name, color, tint, any, description, archived}. */
export const known = () => labels;
export const inUse = () => labels.filter((label) => !label.archived);
export const byId = (id) => labels.find((label) => label.id === id);
/** Call `run` whenever the labels have been fetched. */
export const loaded = (run) => { takers.push(run); if (labels.length) run(); };

export async function load() {
  const mine = ++asked;
  const answer = await ask("/labels/known");
  if (!answer.ok || mine !== asked) return;
  labels = answer.data.labels;
  for (const run of takers) run();
}

/** A menu's line for a label; `attributes` are set on it. */
export function item(label, attributes) {
  const line = element(`<button role="menuitemcheckbox" type="button" class="label-item" aria-checked="false"><span class="swatch"></span><bdi></bdi><i class="label-not"></i><svg class="icon" aria-hidden="true"><use></use></svg></button>`);
  $(".swatch", line).classList.add(label.tint);
  $(".swatch", line).dataset.color = label.color;
  $("bdi", line).textContent = label.name;
  if (label.description) line.title = label.description;
  $("use", line).setAttribute("href", `${document.body.dataset.icons}#check`);
  line.dataset.name = label.name;
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value);
  paint(line);
  return line;
}

/** Put the labels into a menu, as `make` gives each line; what is typed and who has the focus stays. */
export function fill(menu, make) {
  const place = $("[data-label-items]", menu);
  const focused = [...place.children].indexOf(document.activeElement);
  place.replaceChildren(...inUse().map(make));
  if (focused >= 0) place.children[Math.min(focused, place.children.length - 1)]?.focus();
  sift(menu);
}

/** Show the lines that have what is typed; returns {typed, isThere: is one named just so}. */
export function sift(menu) {
  const typed = $("[data-label-search]", menu).value.trim();
  const wanted = typed.toLowerCase();
  const lines = [...$("[data-label-items]", menu).children];
  for (const line of lines) line.hidden = !line.dataset.name.toLowerCase().includes(wanted);
  const none = $("[data-label-none]", menu);
  if (none) none.hidden = lines.some((line) => !line.hidden);
  return {typed, isThere: lines.some((line) => line.dataset.name.toLowerCase() === wanted)};
}

on("changes", ({changes, gone}) => {
  if ([...changes, ...gone].some((each) => each.collection === "label")) load();
});
on("resync", load);
