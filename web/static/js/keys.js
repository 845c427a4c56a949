// Shortcuts, and the help that lists them.
import {$, $$, element, icon, root, t} from "./base.js";
import {menuIsOpen} from "./menu.js";

const go = {i: "/inbox", s: "/settings"};
let chord = 0;
let picked = null;

const rows = () => $$("#rows .row, #rows .hit");
const press = (action) => {
  const buttons = $$(`button[data-action="${action}"]`);
  (buttons.find((each) => each.getClientRects().length) || buttons[0])?.click();
};

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row === picked || (!picked && row.classList.contains("on")));
  picked = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
  picked.focus();
  picked.scrollIntoView({block: "nearest"});
}

const run = {
  "?": help,
  j: () => step(1), k: () => step(-1),
  r: () => $("#answer")?.focus(),
  a: () => press("assign"), i: () => press("take"), s: () => press("snooze"), u: () => press("mark_unread"),
  l: () => press("labels"),
  e: () => ($('[data-action="resolve"]') ? press("resolve") : press("reopen")),
  "/": () => $('.search input[type="search"]')?.focus(),
  "[": () => document.body.classList.toggle("no-list"),
  "]": () => press("panel"),
  ".": () => { const last = $$("#messages .why summary").at(-1); if (last) { last.click(); last.focus(); } },
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return document.dispatchEvent(new CustomEvent("palette:open"));
  }
  if ($("dialog[open]") || menuIsOpen() || event.defaultPrevented) return;
  const typing = event.target.matches("input, textarea, select, [contenteditable]");
  if (event.key === "Escape") return escape(event, typing);
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (Date.now() - chord < 1200 && go[event.key]) { chord = 0; location.href = root + go[event.key]; return event.preventDefault(); }
  if (event.key === "g") { chord = Date.now(); return; }
  const action = run[event.key];
  if (action) { event.preventDefault(); action(); }
});

function escape(event, typing) {
  if (typing) { event.target.blur(); const row = $("#rows .row.on"); row?.focus({preventScroll: true}); }
  else if (document.body.classList.contains("show-panel")) document.body.classList.remove("show-panel");
  else if ($("[data-thread]")) document.dispatchEvent(new CustomEvent("inbox:close"));
}

document.addEventListener("focusin", (event) => { if (event.target.matches?.("#rows .row, #rows .hit")) picked = event.target; });
document.addEventListener("click", (event) => { if (event.target.closest('[data-command="help"]')) help(); });

const shortcuts = [
  ["j k", "key_next"], ["Enter", "key_open"], ["Esc", "key_back"], ["r", "key_reply"], ["i", "key_take"], ["a", "key_assign"],
  ["l", "key_label"], ["e", "key_resolve"], ["s", "key_snooze"], ["u", "key_unread"], ["Enter", "key_send"], ["Shift+Enter", "key_line"],
  ["Ctrl+Enter", "key_send_resolve"], ["Ctrl+K", "key_palette"], ["/", "key_search"], ["[ ]", "key_panels"], [".", "key_why"], ["g i", "key_inbox"], ["g s", "key_settings"], ["?", "key_help"],
];

export function help() {
  $("#help")?.remove();
  const dialog = element(`<dialog class="help" id="help" aria-labelledby="help-title"><div class="dialog-head"><h2 id="help-title"></h2><button class="icon-btn" type="button" data-close></button></div><dl></dl></dialog>`);
  $("h2", dialog).textContent = t("shortcuts");
  $("[data-close]", dialog).setAttribute("aria-label", t("close"));
  $("[data-close]", dialog).append(icon("x"));
  for (const [keys, words] of shortcuts) {
    const line = element("<div><dt></dt><dd></dd></div>");
    $("dd", line).textContent = t(words);
    for (const key of keys.split(" ")) { const kbd = document.createElement("kbd"); kbd.textContent = key; $("dt", line).append(kbd); }
    $("dl", dialog).append(line);
  }
  document.body.append(dialog);
  dialog.showModal();
}
