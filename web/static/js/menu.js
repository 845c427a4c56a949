// Menus: a button with data-menu="ID" opens the element ID beside it; arrows, Esc and a click outside work.
import {$, $$} from "./base.js";

let open = null;

export function openMenu(menu, button) {
  closeMenu(false);
  if (!menu) return;
  menu.hidden = false;
  open = {menu, button};
  button?.setAttribute("aria-expanded", "true");
  place(menu, button);
  menu.dispatchEvent(new CustomEvent("menu:open", {bubbles: true, detail: {button}}));
  const first = $("input", menu) || items(menu)[0];
  first?.focus({preventScroll: true});
}

export function closeMenu(focus = true) {
  if (!open) return false;
  const {menu, button} = open;
  open = null;
  menu.hidden = true;
  button?.setAttribute("aria-expanded", "false");
  if (focus && button?.isConnected) button.focus({preventScroll: true});
  return true;
}

export const menuIsOpen = () => Boolean(open);
const items = (menu) => $$('[role^="menuitem"]', menu).filter((item) => !item.hidden && !item.disabled);

function place(menu, button) {
  const at = (button?.getClientRects().length && button.getBoundingClientRect()) || {left: innerWidth / 2 - 130, right: innerWidth / 2 + 130, top: 120, bottom: 120, width: 0};
  const {offsetWidth: width, offsetHeight: height} = menu;
  const left = at.left + width > innerWidth - 8 ? at.right - width : at.left;
  const below = at.bottom + 6 + height <= innerHeight - 8;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, below ? at.bottom + 6 : Math.min(at.top - height - 6, innerHeight - height - 8))}px`;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-menu]");
  if (button) {
    event.preventDefault();
    const menu = document.getElementById(button.dataset.menu);
    if (open?.menu === menu) closeMenu();
    else openMenu(menu, button);
  } else if (open && !open.menu.contains(event.target)) closeMenu(false);
  else if (open && event.target.closest('[role="menuitem"]')) closeMenu();
});

let typed = "";
let typedAt = 0;

/** Go to the item that begins with what is typed, or that has a word which does. */
function goTo(all, at, letter) {
  typed = Date.now() - typedAt < 800 ? typed + letter.toLowerCase() : letter.toLowerCase();
  typedAt = Date.now();
  const from = typed.length > 1 ? Math.max(at, 0) : at + 1;
  const ring = [...all.slice(from), ...all.slice(0, from)];
  const words = (item) => ($("bdi", item) || item).textContent.trim().toLowerCase();
  const found = ring.find((item) => words(item).startsWith(typed)) || ring.find((item) => words(item).includes(` ${typed}`));
  found?.focus();
}

document.addEventListener("keydown", (event) => {
  if (!open) return;
  const all = items(open.menu);
  const at = all.indexOf(document.activeElement);
  const moves = {ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1};
  if (event.key === "Escape") { event.preventDefault(); event.stopImmediatePropagation(); closeMenu(); }
  else if (event.key === "Tab") closeMenu(false);
  else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey && !document.activeElement?.matches("input")) { event.preventDefault(); goTo(all, at, event.key); }
  else if (event.key in moves && all.length) { event.preventDefault(); all[(moves[event.key] + all.length) % all.length].focus(); }
  else if (event.key === "Enter" && document.activeElement?.tagName === "INPUT") { event.preventDefault(); if (document.activeElement.value.trim()) all[0]?.click(); }
}, true);
