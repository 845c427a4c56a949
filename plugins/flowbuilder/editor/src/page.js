// What the page gives: its words, the flow, and a way to ask the server.
const held = JSON.parse(document.getElementById("flow-data").textContent);

export const {flow: given, words, teams, labels, agents, flows, accounts, may} = held;
export const root = document.body.dataset.root || "";

/** The text `key` in the page's language, filled from `values`. */
export const t = (key, values = {}) => (words[key] ?? key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");

/** Seconds as people say them, in one unit. */
export function span(seconds) {
  for (const [unit, length] of [["days", 86400], ["hours", 3600], ["minutes_short", 60]])
    if (seconds >= 2 * length || (unit !== "days" && seconds >= length)) return t(`unit.${unit}`, {number: Math.round(seconds / length)});
  return t("unit.seconds", {number: Math.max(1, Math.round(seconds))});
}

/** Ask the server; resolves to {ok, status, data}; status 0 where it cannot be reached. */
export async function ask(path, method = "GET", json = undefined) {
  const headers = {Accept: "application/json", "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content};
  if (json !== undefined) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(root + path, {method, headers, body: json === undefined ? undefined : JSON.stringify(json), credentials: "same-origin"});
    const isJson = (answer.headers.get("Content-Type") || "").includes("json");
    return {ok: answer.ok, status: answer.status, data: isJson ? await answer.json() : {}};
  } catch {
    return {ok: false, status: 0, data: {}};
  }
}

export const Icons = document.body.dataset.icons;
