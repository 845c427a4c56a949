// The live feed: one websocket, healed from the last sequence number that this page saw.
import {$, element, icon, root, signedOut, t} from "./base.js";

const listeners = {changes: [], signal: [], resync: [], state: []};
let socket = null;
let seq = Number(document.body.dataset.seq) || -1; // a page without documents begins with what comes now
let wait = 500;
let barTimer = null;
let heard = 0;
let probe = null;

/** Call `run` on "changes" (frame), "signal" ({type, data}), "resync" () or "state" (connected). */
export const on = (what, run) => listeners[what].push(run);
export const connected = () => socket?.readyState === WebSocket.OPEN;
/** Tell the others what matters only now: "viewing" or "typing" with {conversation}. */
export function signal(type, data) {
  if (connected()) socket.send(JSON.stringify({signal: {type, data}}));
}
/** A page part was fetched at sequence `at`: the feed need not tell of what came before. */
/** Tell the server whether anybody touches this page. */
export const tellIdle = (idle) => { if (connected()) socket.send(JSON.stringify({idle})); };
export const lastSeq = () => seq;

const tell = (what, value) => { for (const run of listeners[what]) run(value); };

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${root}/feed`);
  socket.onopen = () => {
    socket.send(JSON.stringify({after: seq}));
    heard = Date.now();
    wait = 500;
    isBack();
    tell("state", true);
  };
  socket.onmessage = (message) => { heard = Date.now(); if (barTimer && navigator.onLine) isBack(); take(JSON.parse(message.data)); };
  socket.onclose = (event) => lost(event.code, event.reason);
}

function isBack() {
  clearTimeout(barTimer);
  barTimer = null;
  showBar(false);
}

function take(frame) {
  if (frame.resync) {
    if (frame.seq) seq = Math.max(seq, frame.seq);
    tell("resync");
  } else if (frame.signal) tell("signal", frame.signal);
  else if (frame.seq !== undefined) {
    if (frame.seq <= seq && !frame.changes?.length) return;
    seq = Math.max(seq, frame.seq);
    if (frame.changes?.length || frame.gone?.length) tell("changes", {changes: [], gone: [], ...frame});
  }
}

function lost(code, why) {
  socket = null;
  if (code === 1008 || code === 4401) return signedOut(why === "switched off" ? "off" : "");
  tell("state", false);
  barTimer ??= setTimeout(() => showBar(true), 2000);
  setTimeout(connect, wait * (0.7 + Math.random() * 0.6));
  wait = Math.min(wait * 2, 10000);
}

function showBar(shown) {
  $("#connection")?.remove();
  if (!shown) return;
  const bar = element(`<div class="connection" id="connection" role="status"><span></span></div>`);
  bar.prepend(icon("wifi-off"));
  bar.lastElementChild.textContent = t("reconnecting");
  document.body.append(bar);
}

// A socket that died without a word is found out by a ping, sooner when the network or the page comes back.
function check() {
  if (!connected()) return;
  const before = heard;
  socket.send('{"ping": 1}');
  clearTimeout(probe);
  probe = setTimeout(() => { if (heard === before && socket) { const dead = socket; dead.onclose = null; dead.close(); lost(1006); } }, 5000);
}
setInterval(() => { if (Date.now() - heard > 25000) check(); }, 10000);
addEventListener("online", () => { wait = 500; check(); });
addEventListener("offline", () => { barTimer ??= setTimeout(() => showBar(true), 2000); check(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });

let started = false;
/** Connect, once. */
export function start() {
  if (!started) connect();
  started = true;
}
