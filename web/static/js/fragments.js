// Collects what the page needs anew and fetches it in one request per 20 ms at most.
import {$, ask} from "./base.js";

const wanted = {rows: new Set(), messages: new Set(), entries: new Set(), counts: false, header: false};
const takers = [];
let timer = null;
let running = false;
let countsAt = 0;

/** `run({rows: {id: html|null}, messages: {id: html}, entries: {"collection/id": html}, counts, header, panel})` for every answer. */
export const taken = (run) => takers.push(run);

export function want({row, message, entry, counts, header}) {
  if (row) wanted.rows.add(row);
  if (message) wanted.messages.add(message);
  if (entry) wanted.entries.add(entry);
  if (counts) wanted.counts = true;
  if (header) wanted.header = true;
  if (!timer && !running) timer = setTimeout(fetchAll, 20);
}

/** The list's filter as a query string's arguments. */
export function filterArgs() {
  const list = $("#list");
  const args = new URLSearchParams();
  const values = {tab: list.dataset.tab, status: list.dataset.statusFilter, label: list.dataset.labelFilter, where: list.dataset.whereFilter, q: $(".search input")?.value || ""};
  for (const [key, value] of Object.entries(values)) if (value) args.set(key, value);
  return args;
}

async function fetchAll() {
  timer = null;
  const args = filterArgs();
  const conversation = $("[data-thread]")?.dataset.thread;
  const rows = [...wanted.rows].slice(0, 100);
  const messages = [...wanted.messages].slice(0, 100);
  const entries = [...wanted.entries].slice(0, 100);
  entries.forEach((id) => wanted.entries.delete(id));
  rows.forEach((id) => wanted.rows.delete(id));
  messages.forEach((id) => wanted.messages.delete(id));
  if (rows.length) args.set("rows", rows);
  if (messages.length) args.set("messages", messages);
  if (entries.length) args.set("entries", entries);
  if (conversation) args.set("conversation", conversation);
  // Counts are worth at most one look per second: a burst of messages must not make a burst of queries.
  const now = Date.now();
  const counts = wanted.counts && now - countsAt >= 1000;
  if (counts) { args.set("counts", 1); wanted.counts = false; countsAt = now; }
  if (wanted.header && conversation) args.set("header", 1);
  wanted.header = false;
  if (rows.length || messages.length || entries.length || counts || args.has("header")) {
    running = true;
    const answer = await ask(`/inbox/fragments?${args}`);
    running = false;
    if (answer.ok) for (const run of takers) run({...answer.data, conversation});
    else if (answer.status === 0 || answer.status >= 500) {
      rows.forEach((id) => wanted.rows.add(id));
      messages.forEach((id) => wanted.messages.add(id));
      entries.forEach((id) => wanted.entries.add(id));
      timer = setTimeout(fetchAll, 1000);
      return;
    }
  }
  if (wanted.rows.size || wanted.messages.size || wanted.entries.size || wanted.header) timer ??= setTimeout(fetchAll, 20);
  else if (wanted.counts) timer ??= setTimeout(fetchAll, 1000 - (Date.now() - countsAt) + Math.random() * 300);
}
