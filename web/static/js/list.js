// The list of conversations: rows come, change, move and go; nothing moves under the pointer.
import {$, $$, element, me, morph, paint, t} from "./base.js";
import {on} from "./feed.js";
import {filterArgs, taken, want} from "./fragments.js";
import {ask} from "./base.js";
import {markSelected} from "./select.js";

const list = $("#list");
const rows = $("#rows");
const pill = $("[data-new-rows]");
const held = new Map(); // id → html of rows that wait until the pointer has left
let pointerIn = false;

const rowOf = (id) => document.getElementById(`row-${id}`);
const filterFields = ["assignee", "status", "labels", "team", "account"];

/** What a change of a conversation means for the list. */
export function conversationChanged(id, fields) {
  const row = rowOf(id);
  if (filterFields.some((name) => name in fields)) want({counts: true});
  else if ("unread" in fields) want({counts: row?.dataset.assignee === me.id});
  if (row) {
    if (Object.keys(fields).length === 1 && "unread" in fields) setUnread(row, fields.unread);
    else want({row: id});
  } else if (held.has(id) || mayAppear(fields)) want({row: id});
}

function mayAppear(fields) {
  const {tab, statusFilter, labelFilter, whereFilter} = list.dataset;
  if ("status" in fields && fields.status !== statusFilter) return false;
  if ("assignee" in fields && ((tab === "mine" && fields.assignee !== me.id) || (tab === "unassigned" && fields.assignee))) return false;
  if (labelFilter && !whereFilter && "labels" in fields && !(fields.labels || []).includes(labelFilter)) return false;
  if (filterFields.some((name) => name in fields)) return true;
  return "last_message_at" in fields && Boolean($("[data-more]", rows)); // it may be further down than what is loaded
}

export function setUnread(row, unread) {
  const badge = $("[data-unread]", row);
  badge.hidden = !unread;
  badge.textContent = unread;
  row.classList.toggle("unread", unread > 0);
}

/** One conversation is gone or may not be seen any more. */
export function dropRow(id) {
  rowOf(id)?.remove();
  held.delete(id);
  want({counts: true});
}

taken(({rows: fresh = {}, counts}) => {
  for (const [id, html] of Object.entries(fresh)) {
    if (html === null) { held.delete(id); leave(id); } else if (rowOf(id) || !html.includes("data-elsewhere")) settle(id, html);
  }
  showPill();
  markSelected();
  if (counts) setCounts(counts);
});

function leave(id) {
  const row = rowOf(id);
  // The one that is open stays in sight until another is opened.
  if (row && !row.classList.contains("on")) row.remove();
}

function settle(id, html) {
  const fresh = element(html);
  const row = rowOf(id);
  const moves = !row || (fresh.dataset.at > (row.dataset.at || "") && !("elsewhere" in fresh.dataset));
  if (row) {
    const place = row.nextElementSibling;
    const kept = $("[data-viewers]", row);
    if (kept && !kept.hidden) $("[data-viewers]", fresh).replaceWith(kept.cloneNode(true));
    if (pointerIn && moves && row !== rows.firstElementChild) { held.set(id, html); morph(row, fresh); place?.before(rowOf(id)); }
    else { morph(row, fresh); if (moves) put(rowOf(id)); }
  } else if (pointerIn) held.set(id, html);
  else put(fresh);
}

/** Put a row where its time belongs: newest first. */
function put(row) {
  $("[data-empty]", rows)?.remove();
  const after = $$(".row", rows).find((other) => other !== row && other.dataset.at < row.dataset.at);
  if (after) { if (row.nextElementSibling !== after) after.before(row); }
  else if ($("[data-more]", rows)) { if (!row.isConnected) return; $("[data-more]", rows).before(row); }
  else if ($("[data-hits]", rows)) $("[data-hits]", rows).before(row);
  else rows.append(row);
  const current = $("[data-thread]")?.dataset.thread;
  row.classList.toggle("on", row.dataset.conversation === current);
  paint(row);
}

function showPill() {
  const count = held.size;
  pill.hidden = !count;
  $("span", pill).textContent = t("new_rows", {n: count});
}

export function release() {
  for (const [id, html] of held) { const row = rowOf(id); put(row || element(html)); }
  held.clear();
  showPill();
}
rows.addEventListener("pointerenter", (event) => { pointerIn = event.pointerType === "mouse"; });
rows.addEventListener("pointerleave", () => { pointerIn = false; release(); });
pill.addEventListener("click", () => { release(); rows.scrollTop = 0; });

export function setCounts(counts) {
  for (const [key, value] of Object.entries(counts)) {
    for (const badge of $$(`[data-count="${key}"]`)) {
      badge.textContent = value;
      if (key === "unread") badge.hidden = !value;
    }
  }
  const bare = document.title.replace(/^\(\d+\) /, "");
  document.title = counts.unread ? `(${counts.unread}) ${bare}` : bare;
}

let reloads = 0;
/** Fetch the list's first page anew (after a resync, or with another filter); only the last asked for counts. */
export async function reloadList() {
  const mine = ++reloads;
  const answer = await ask(`/inbox/rows?${filterArgs()}`);
  if (!answer.ok || mine !== reloads) return;
  rows.innerHTML = answer.data;
  held.clear();
  showPill();
  paint(rows);
  window.htmx?.process(rows);
  markCurrent();
  markSelected();
  want({counts: true});
}

/** Narrow the list down: {label, where} ("" for none), kept in the address so that back works. */
export function setFilter(changes, {push = true} = {}) {
  const args = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    list.dataset[`${key}Filter`] = value;
    if (value) args.set(key, value); else args.delete(key);
  }
  args.delete("at");
  if (push) history.pushState(history.state, "", `${location.pathname}${args.size ? `?${args}` : ""}`);
  relink(changes);
  document.dispatchEvent(new CustomEvent("list:filter"));
  return reloadList();
}

/** Have the links to other tabs and states, and the search, keep what the list is narrowed down to. */
function relink(changes) {
  for (const link of $$(".tabs > a, #status-menu a")) {
    const address = new URL(link.href);
    for (const [key, value] of Object.entries(changes)) { if (value) address.searchParams.set(key, value); else address.searchParams.delete(key); }
    link.href = address;
  }
  for (const [name, value] of Object.entries(changes)) {
    const form = $(".list .search");
    $(`input[name="${name}"]`, form)?.remove();
    if (value) form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
  }
}

addEventListener("popstate", () => {
  const args = new URLSearchParams(location.search);
  const now = {label: args.get("label") || "", where: args.get("where") || ""};
  if (now.label !== list.dataset.labelFilter || now.where !== list.dataset.whereFilter) setFilter(now, {push: false});
});
rows.addEventListener("htmx:afterSettle", () => markSelected());

export function markCurrent() {
  const current = $("[data-thread]")?.dataset.thread;
  for (const row of $$(".row", rows)) {
    const isOn = row.dataset.conversation === current;
    row.classList.toggle("on", isOn);
    if (isOn) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
    if (!isOn && "elsewhere" in row.dataset) row.remove();
  }
}

on("resync", reloadList);
