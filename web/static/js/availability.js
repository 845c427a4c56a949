// Who is there: this page says that it is open and touched; the dots beside people's names follow the feed.
import {$, $$, ask, me, reason, t, toast} from "./base.js";
import {on, start, tellIdle} from "./feed.js";

const IDLE = 5 * 60 * 1000; // ms without a hand on this page
let touched = Date.now();
let idle = false;

function look() {
  const is = Date.now() - touched > IDLE;
  if (is !== idle) { idle = is; tellIdle(idle); }
}
function touch() { if (!document.hidden) { touched = Date.now(); look(); } }
for (const what of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(what, touch, {passive: true, capture: true});
// A pointer that rests is "moved" by browsers too, when what is under it moves.
let at = "";
addEventListener("pointermove", ({screenX, screenY}) => {
  const now = `${screenX} ${screenY}`;
  if (at && now !== at) touch();
  at = now;
}, {passive: true, capture: true});
addEventListener("focus", touch);
document.addEventListener("visibilitychange", touch);
setInterval(look, 15000);
on("state", (isConnected) => { if (isConnected && idle) tellIdle(true); });

/** What an agent's open pages and their own word come to; as engine/presence.py has it. */
function stateOf({presence, available}) {
  if (available === "available") return "online";
  return available === "away" && presence === "online" ? "away" : presence || "offline";
}

function show(id, fields) {
  for (const dot of $$(`[data-presence-of="${CSS.escape(id)}"]`)) {
    if ("presence" in fields) dot.dataset.connected = fields.presence || "offline";
    if ("available" in fields) dot.dataset.available = fields.available || "auto";
    const state = stateOf({presence: dot.dataset.connected, available: dot.dataset.available});
    dot.dataset.presence = state;
    dot.title = t(`presence_${state}`);
    const words = $(".visually-hidden", dot);
    if (words) words.textContent = dot.title;
  }
  if (id === me.id && "available" in fields) mark(fields.available || "auto");
}

function mark(chosen) {
  for (const item of $$("[data-availability]")) item.setAttribute("aria-checked", item.dataset.availability === chosen);
}

on("changes", ({changes}) => {
  for (const {collection, id, fields} of changes) if (collection === "agent") show(id, fields);
});

document.addEventListener("click", async (event) => {
  const item = event.target.closest("[data-availability]");
  if (!item) return;
  const before = $('[data-availability][aria-checked="true"]')?.dataset.availability || "auto";
  show(me.id, {available: item.dataset.availability});
  const answer = await ask(`/api/agents/${me.id}`, {method: "PATCH", json: {available: item.dataset.availability}});
  if (answer.ok) return;
  show(me.id, {available: before});
  toast(reason(answer));
});

// The inbox starts its feed itself, once all its parts listen.
if (me.id && !document.getElementById("list")) start();
