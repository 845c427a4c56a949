// Which conversations of the list are selected: x, Shift+x, a click on the picture, Shift+click; Esc for none.
import {$, $$, t} from "./base.js";
import {menuIsOpen} from "./menu.js";

const rows = $("#rows");
const bar = $("#bulk");
const chosen = new Set();
let last = null;

/** The ids of those selected, in the order of the list. */
export const selected = () => $$(".row", rows).map((row) => row.dataset.conversation).filter((id) => chosen.has(id));
export const rowsSelected = () => $$(".row", rows).filter((row) => chosen.has(row.dataset.conversation));

/** Show on the rows, and in the bar, what is selected; what is not in the list any more is not. */
export function markSelected() {
  const there = new Set();
  for (const row of $$(".row", rows)) {
    const is = chosen.has(row.dataset.conversation);
    if (is) there.add(row.dataset.conversation);
    row.classList.toggle("picked", is);
    $("[data-picked]", row).hidden = !is;
  }
  for (const id of chosen) if (!there.has(id)) chosen.delete(id);
  if (!bar) return;
  const was = bar.hidden;
  bar.hidden = !chosen.size;
  document.body.classList.toggle("selecting", chosen.size > 0);
  $("[data-bulk-count]", bar).textContent = chosen.size ? t("bulk_selected", {n: chosen.size}) : "";
  if (chosen.size || !was) document.dispatchEvent(new CustomEvent("list:selected"));
}

export function clearSelection() {
  if (bar?.contains(document.activeElement)) $(".row.picked", rows)?.focus({preventScroll: true});
  chosen.clear();
  last = null;
  markSelected();
}

function toggle(row, reach) {
  if (!bar || !row) return;
  const all = $$(".row", rows);
  const from = all.findIndex((each) => each.dataset.conversation === last);
  const to = all.indexOf(row);
  if (reach && from >= 0) for (const each of all.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(each.dataset.conversation);
  else if (!chosen.delete(row.dataset.conversation)) chosen.add(row.dataset.conversation);
  last = row.dataset.conversation;
  markSelected();
}

rows.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (!row || !bar || event.ctrlKey || event.metaKey || event.button) return;
  if (!event.shiftKey && !event.target.closest("[data-pick]")) return;
  event.preventDefault();
  event.stopPropagation();
  toggle(row, event.shiftKey);
  row.focus({preventScroll: true});
}, true);

document.addEventListener("keydown", (event) => {
  if ($("dialog[open]") || menuIsOpen() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select, [contenteditable]")) return;
  if (event.key === "Escape" && chosen.size) { event.preventDefault(); event.stopImmediatePropagation(); clearSelection(); }
  if (event.key.toLowerCase() !== "x") return;
  event.preventDefault();
  toggle(document.activeElement?.closest("#rows .row") || $(".row.on", rows) || $(".row", rows), event.shiftKey);
}, true);
