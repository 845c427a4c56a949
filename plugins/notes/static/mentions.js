// “@” in a note: a list of who can be meant; arrows choose, Enter or Tab takes, Esc leaves.
import {$, $$, element} from "../../static/js/base.js";
import {w} from "./words.js";

const MOST = 8;
const picked = new Map(); // name → id, of those who were chosen in this page
let chosen = 0;

const people = (form) => JSON.parse(form.dataset.people || "[]");
const list = (area) => $(".mention-list", area.parentElement);
const typed = (area) => area.value.slice(0, area.selectionStart).match(/(?:^|[^\p{L}\p{N}_@.])@([^\n@]{0,40})$/u)?.[1];

/** The ids of those who were chosen and still stand in `text`. */
export const idsIn = (text) => [...picked].filter(([name]) => text.includes(`@${name}`)).map(([, id]) => id);

function fitting(form, text) {
  const wanted = text.toLowerCase();
  return people(form).filter(({name}) => name.toLowerCase().startsWith(wanted) || name.toLowerCase().split(" ").some((word) => word.startsWith(wanted))).slice(0, MOST);
}

/** Show who fits what is typed after “@” in a field, in the .mention-list beside it. */
export function suggest(form, area) {
  const text = typed(area);
  const found = text === undefined ? [] : fitting(form, text);
  const isDone = found.length === 1 && text.toLowerCase() === found[0].name.toLowerCase();
  if (!found.length || isDone) return close(area);
  chosen = 0;
  list(area).replaceChildren(...found.map((each, index) => {
    const line = element(`<li role="option"><bdi></bdi><small></small></li>`);
    line.id = `${list(area).id}-${index}`;
    $("bdi", line).textContent = each.name;
    if (!each.may) { line.setAttribute("aria-disabled", "true"); $("small", line).textContent = w("hidden"); }
    line.onmousedown = (event) => { event.preventDefault(); chosen = index; take(form, area); };
    return line;
  }));
  list(area).hidden = false;
  mark(area);
}

function close(area) {
  if (list(area)) list(area).hidden = true;
  area.removeAttribute("aria-activedescendant");
}

function mark(area) {
  $$("li", list(area)).forEach((line, index) => line.setAttribute("aria-selected", index === chosen));
  area.setAttribute("aria-activedescendant", `${list(area).id}-${chosen}`);
  list(area).children[chosen]?.scrollIntoView({block: "nearest"});
}

function take(form, area) {
  const text = typed(area);
  const one = fitting(form, text)[chosen];
  if (!one?.may) return;
  picked.set(one.name, one.id);
  const from = area.selectionStart - text.length;
  area.setRangeText(`${one.name} `, from, area.selectionStart, "end");
  close(area);
  area.dispatchEvent(new Event("input"));
}

/** Whether a key was for the list. */
export function choosing(event, form, area) {
  if (!list(area) || list(area).hidden) return false;
  const count = list(area).children.length;
  const move = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (move) { chosen = (chosen + move + count) % count; mark(area); }
  else if (event.key === "Enter" || event.key === "Tab") take(form, area);
  else if (event.key === "Escape") close(area);
  else return false;
  event.preventDefault();
  return true;
}
