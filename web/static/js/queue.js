// What was written and has not been taken by the server yet: kept in localStorage, sent in order, each once.
import {ask, keep, kept, t} from "./base.js";
import {on} from "./feed.js";

// What a later try may change: no connection, too many requests, a server that is away. All else is final.
const PASSING = [0, 429, 502, 503, 504];

/**
 * A queue kept under `key`: `request(item)` gives {path, json} to post, `done(item, answer)` hears of every
 * answer that is final. Items have a client_id. Returns {add, items, flush}.
 */
export function queue(key, {request, done}) {
  let running = false;
  let wait = 1000;
  let timer = null;
  let memory = []; // what this browser had no room for: sent too, as long as this page is open
  const answered = new Set(); // never sent again, even where it could not be taken out of the storage
  const settled = new Map(); // client_id → whom to tell whether the server took it

  const stored = () => { try { return JSON.parse(kept(key)) || []; } catch { return []; } };
  const items = () => [...stored(), ...memory].filter((item) => !answered.has(item.client_id));

  function forget(id) {
    answered.add(id);
    memory = memory.filter((item) => item.client_id !== id);
    keep(key, JSON.stringify(stored().filter((item) => item.client_id !== id)));
  }

  /** Take an item in; returns whether it is kept in this browser, else `run` hears whether it was taken. */
  function add(item, run) {
    const isKept = keep(key, JSON.stringify([...stored(), item]));
    if (!isKept) { memory.push(item); settled.set(item.client_id, run); }
    return isKept;
  }

  async function flush() {
    // One page at a time sends, or two pages of one browser would race.
    if (running) return;
    running = true;
    clearTimeout(timer);
    if (navigator.locks) await navigator.locks.request(key, empty); else await empty();
    running = false;
  }

  async function empty() {
    for (let item = items()[0]; item; item = items()[0]) {
      const {path, json} = request(item);
      const answer = await ask(path, {method: "POST", json});
      if (PASSING.includes(answer.status)) {
        timer = setTimeout(flush, wait);
        wait = Math.min(wait * 2, 10000);
        return;
      }
      if (answer.status === 401) return;
      wait = 1000;
      forget(item.client_id);
      done(item, answer);
      settled.get(item.client_id)?.(answer.ok);
    }
  }

  on("state", (isConnected) => { if (isConnected) { wait = 1000; flush(); } });
  addEventListener("online", () => { wait = 1000; flush(); });
  addEventListener("beforeunload", (event) => { if (memory.length || (items().length && !navigator.onLine)) { event.preventDefault(); event.returnValue = t("unsent"); } });
  return {add, items, flush};
}
