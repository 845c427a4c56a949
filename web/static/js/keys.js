// Shortcuts, and the help that lists them.
import {$, $$, element, icon, root, t, toast} from "./base.js";
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

/** The conversation of the row that j and k have chosen, where another one is open, or none. */
const chosen = () => {
  const id = document.activeElement?.closest("#rows .row")?.dataset.conversation;
  return id && id !== $("[data-thread]")?.dataset.thread ? id : null;
};

/** Do something to the chosen conversation: it is opened first. */
const there = (action) => () => {
  const id = chosen();
  if (id) document.dispatchEvent(new CustomEvent("inbox:open", {detail: {id, focus: "thread", then: action}}));
  else action();
};

function unread() {
  const id = chosen();
  if (id) document.dispatchEvent(new CustomEvent("inbox:act", {detail: {type: "conversation.mark_unread", conversation: id}}));
  else press("mark_unread");
}

/** Open the newest reason that the thread has. */
function why() {
  if (!$("[data-thread]")) return;
  const last = $$("#messages .why summary").at(-1);
  if (!last) return history();
  last.scrollIntoView({block: "nearest"});
  last.click();
  last.focus({preventScroll: true});
}

/** No message says why: what happened to the conversation does, in the panel. */
function history() {
  const whole = $("#panel .history");
  if (!whole) return toast(t("no_why"));
  if (!$("#panel").getClientRects().length) press("panel");
  whole.open = true;
  whole.scrollIntoView({block: "nearest"});
  $("summary", whole).focus({preventScroll: true});
}

const run = {
  "?": help,
  j: () => step(1), k: () => step(-1),
  r: there(() => { press("reply"); $("#answer")?.focus(); }),
  a: there(() => press("assign")), i: there(() => press("take")), s: there(() => press("snooze")), u: unread,
  e: there(() => ($('[data-action="resolve"]') ? press("resolve") : press("reopen"))),
  "/": () => $('.search input[type="search"]')?.focus(),
  "[": () => document.body.classList.toggle("no-list"),
  "]": () => press("panel"),
  ".": there(why),
};

/**
 * A key that a plugin's script brings, for the help too: its button has data-action=`action`.
 * `instead` returns another button where that one is meant, as with conversations selected.
 */
export function addShortcut(key, words, action, instead = () => null) {
  const one = there(() => press(action));
  run[key] = () => { const other = instead(); if (other) other.click(); else one(); };
  shortcuts.splice(6, 0, [key, null, words]);
}

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
  ["e", "key_resolve"], ["s", "key_snooze"], ["u", "key_unread"], ["x X", "key_select"], ["Enter", "key_send"], ["Shift+Enter", "key_line"],
  ["Ctrl+Enter", "key_send_resolve"], ["Ctrl+K", "key_palette"], ["/", "key_search"], ["[ ]", "key_panels"], [".", "key_why"], ["g i", "key_inbox"], ["g s", "key_settings"], ["?", "key_help"],
];

// Pages of plugins that have a key of their own, where they are on.
const campaigns = $('.rail-item[href$="/campaigns"]');
if (campaigns) { go.b = "/campaigns"; shortcuts.splice(-1, 0, ["g b", null, campaigns.title]); }
const contacts = $('.rail-item[href$="/contacts"]');
if (contacts) { go.c = "/contacts"; shortcuts.splice(-1, 0, ["g c", null, contacts.title]); }

export function help() {
  $("#help")?.remove();
  const dialog = element(`<dialog class="help" id="help" aria-labelledby="help-title"><div class="dialog-head"><h2 id="help-title"></h2><button class="icon-btn" type="button" data-close></button></div><dl></dl></dialog>`);
  $("h2", dialog).textContent = t("shortcuts");
  $("[data-close]", dialog).setAttribute("aria-label", t("close"));
  $("[data-close]", dialog).append(icon("x"));
  for (const [keys, words, given] of shortcuts) {
    const line = element("<div><dt></dt><dd></dd></div>");
    $("dd", line).textContent = given || t(words);
    for (const key of keys.split(" ")) { const kbd = document.createElement("kbd"); kbd.textContent = key; $("dt", line).append(kbd); }
    $("dl", dialog).append(line);
  }
  document.body.append(dialog);
  dialog.showModal();
}
