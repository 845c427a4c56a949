// Ctrl K: find a conversation by name, number or words, or give a command.
import {$, $$, ask, element, later, root, t} from "./base.js";
import {actions} from "./actions.js";
import {help} from "./keys.js";

const dialog = $("#palette");
const field = $("input", dialog);
const items = $("#palette-items");
let chosen = 0;
let found = [];

const commands = () => [
  ...($("[data-thread]") ? [
    {name: t("key_take"), keys: "I", run: actions.take}, {name: t("key_assign"), keys: "A", run: actions.assign},
    {name: t("key_resolve"), keys: "E", run: () => ($('[data-action="resolve"]') ? actions.resolve() : actions.reopen())},
    {name: t("key_snooze"), keys: "S", run: actions.snooze}, {name: t("key_unread"), keys: "U", run: actions.mark_unread},
  ] : []),
  ...$$(".tabs > a").map((link) => ({name: link.firstChild.textContent.trim(), run: () => link.click()})),
  {name: t("key_settings"), keys: "G S", run: () => { location.href = `${root}/settings`; }},
  {name: t("key_help"), keys: "?", run: help},
];

const search = later(async () => {
  const text = field.value.trim();
  if (!text) return;
  const answer = await ask(`/inbox/find?q=${encodeURIComponent(text)}`);
  if (answer.ok && text === field.value.trim()) show(answer.data);
}, 120);

function show(conversations = []) {
  const text = field.value.trim().toLowerCase();
  const people = conversations.map((each) => ({name: each.name, more: each.snippet, marked: each.marked, run: () => document.dispatchEvent(new CustomEvent("inbox:open", {detail: {id: each.id, at: each.at, focus: "thread"}}))}));
  found = [...people, ...commands().filter((each) => each.name.toLowerCase().includes(text))];
  chosen = 0;
  items.replaceChildren(...found.map((each, index) => {
    const line = element(`<li role="option"><b></b><span></span></li>`);
    line.id = `palette-${index}`;
    $("b", line).textContent = each.name;
    if (each.marked) $("span", line).innerHTML = each.marked; else $("span", line).textContent = each.more || "";
    if (each.keys) { const kbd = document.createElement("kbd"); kbd.textContent = each.keys; line.append(kbd); }
    line.onclick = () => choose(index);
    return line;
  }));
  mark();
}

function mark() {
  $$("li", items).forEach((line, index) => line.setAttribute("aria-selected", index === chosen));
  field.setAttribute("aria-activedescendant", `palette-${chosen}`);
  items.children[chosen]?.scrollIntoView({block: "nearest"});
}

function choose(index) {
  dialog.close();
  found[index]?.run();
}

field.addEventListener("input", () => { show(); search(); });
field.addEventListener("keydown", (event) => {
  const move = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (move && found.length) { event.preventDefault(); chosen = (chosen + move + found.length) % found.length; mark(); }
  if (event.key === "Enter") { event.preventDefault(); choose(chosen); }
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.addEventListener("palette:open", () => { field.value = ""; show(); dialog.showModal(); });
