// What every module uses: words, addresses, requests, toasts.
import {Idiomorph} from "../vendor/idiomorph.esm.js";

const body = document.body;
const words = JSON.parse(document.getElementById("words")?.textContent || "{}");

export const root = body.dataset.root || "";
export const zone = body.dataset.zone || undefined; // the workspace's, in which all times are shown
export const me = {id: body.dataset.agent, name: body.dataset.agentName};
export const $ = (selector, from = document) => from.querySelector(selector);
export const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

/** The text `key` in the page's language; `%(name)s` is filled from `values`. */
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

export const csrf = () => $('meta[name="csrf-token"]').content;

/** A fetch in this workspace. Resolves to {ok, status, data}; status 0 when the server cannot be reached. */
export async function ask(path, {method = "GET", json, form, signal} = {}) {
  const headers = {Accept: "application/json", "X-CSRF-Token": csrf()};
  if (json !== undefined) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(root + path, {
      method, headers, signal, body: json !== undefined ? JSON.stringify(json) : form, credentials: "same-origin", redirect: "manual",
    });
    if (answer.status === 401 || answer.type === "opaqueredirect") return signedOut();
    const isJson = (answer.headers.get("Content-Type") || "").includes("json");
    return {ok: answer.ok, status: answer.status, data: isJson ? await answer.json() : await answer.text()};
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return {ok: false, status: 0, data: {message: t("unreachable")}};
  }
}

/** A random UUID. The browser's own `randomUUID` is missing on plain HTTP, as in a shop's own network. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Keep `value` in this browser (null: forget it); false where there is no room, or no right to. */
export function keep(key, value) {
  try {
    if (value) localStorage.setItem(key, value); else localStorage.removeItem(key);
    return true;
  } catch { return false; }
}

/** What `keep` kept, or null. */
export function kept(key) { try { return localStorage.getItem(key); } catch { return null; } }

export function signedOut(why = "") {
  location.href = `${root}/login?next=${encodeURIComponent(location.pathname + location.search)}${why && `&why=${why}`}`;
  return {ok: false, status: 401, data: {message: t("signed_out")}};
}

/** What an error's answer says, in words. */
export const reason = (answer) => answer.data?.error?.message || answer.data?.message || t("failed");

/** Show `text` for a while; with `action` there is a button that calls `run`. about: the conversation that it undoes something of. */
export function toast(text, {action, run, about, seconds = 5} = {}) {
  const shown = document.createElement("div");
  if (action) dropUndo();
  if (about) shown.dataset.about = about;
  shown.className = "toast";
  shown.textContent = text;
  if (action) {
    const button = document.createElement("button");
    button.textContent = action;
    button.onclick = () => { shown.remove(); run(); };
    shown.append(button);
  }
  $("#toasts").append(shown);
  placeToasts();
  setTimeout(() => shown.remove(), seconds * 1000);
}

/** Keep the toasts above the composer, however high it is. */
export function placeToasts() {
  const composer = $("#composers")?.getBoundingClientRect();
  $("#toasts").style.bottom = composer?.height ? `${innerHeight - composer.top + 10}px` : "";
}

/** Take away what offers to undo something (of conversation `about`): it is too late for it. */
export const dropUndo = (about) => { for (const shown of $$("#toasts .toast:has(button)")) if (!about || shown.dataset.about === about) shown.remove(); };

export function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

/** Make `node` look like `html` with the fewest changes; what plays or has the focus stays. */
export function morph(node, html) {
  const fresh = typeof html === "string" ? element(html) : html;
  if (!fresh) return node;
  // A field keeps what is typed in it; a button that has the focus gets its new words like every other.
  const typing = Boolean(document.activeElement?.matches("input, textarea, select"));
  Idiomorph.morph(node, fresh, {
    morphStyle: "outerHTML", ignoreActiveValue: typing,
    callbacks: {beforeNodeMorphed: (old) => !(old.tagName === "AUDIO" && !old.paused)},
  });
  const now = node.isConnected ? node : (fresh.id && document.getElementById(fresh.id)) || node;
  paint(now);
  window.htmx?.process(now);
  return now;
}

/** Give labels the exact colour that their data-color names (the class holds the nearest of the palette). */
export function paint(from = document) {
  for (const tag of [from, ...from.querySelectorAll("[data-color]")]) {
    if (/^#[0-9a-f]{6}$/i.test(tag.dataset?.color || "")) tag.style.setProperty("--c", tag.dataset.color);
  }
}

export const icon = (name) => {
  const svg = element(`<svg class="icon" aria-hidden="true"><use></use></svg>`);
  svg.firstElementChild.setAttribute("href", `${body.dataset.icons}#${name}`);
  return svg;
};

const spoken = () => (document.documentElement.lang === "id" ? "id" : "en-GB");

/** A time in words, in the workspace's zone: by default hours and minutes. */
export const say = (time, how = {}) => new Intl.DateTimeFormat(spoken(), {hour: "2-digit", minute: "2-digit", timeZone: zone, ...how}).format(time);

/** The moment at which the workspace's clocks show `hour`:00, `days` days after `now`'s day there. */
export function dayAt(days, hour, now = new Date()) {
  const part = Object.fromEntries(inZone(now));
  const wanted = Date.UTC(part.year, part.month - 1, part.day + days, hour);
  const guess = wanted - offset(new Date(wanted));
  return new Date(wanted - offset(new Date(guess)));
}

/** The moment at which the workspace's clocks show `text` ("2026-11-25T09:00"), and the other way round. */
export function momentOf(text) {
  const [date, clock] = text.split("T");
  const [year, month, day] = date.split("-").map(Number);
  const [hour, minute] = clock.split(":").map(Number);
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  const guess = wanted - offset(new Date(wanted));
  return new Date(wanted - offset(new Date(guess)));
}
export const clockText = (time) => new Date(time.getTime() + offset(time)).toISOString().slice(0, 16);

/** The weekday there: 0 is Sunday. */
export const weekday = (now = new Date()) => new Date(now.getTime() + offset(now)).getUTCDay();

const inZone = (time) => new Intl.DateTimeFormat("en-US", {timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric"})
  .formatToParts(time).map(({type, value}) => [type, Number(value)]);

function offset(time) {
  const part = Object.fromEntries(inZone(time));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - Math.floor(time / 1000) * 1000;
}

/** Call `run` once, `wait` ms after the last call. */
export function later(run, wait) {
  let timer;
  return (...args) => { clearTimeout(timer); timer = setTimeout(() => run(...args), wait); };
}
