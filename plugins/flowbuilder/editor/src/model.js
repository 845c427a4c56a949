// What a flow is made of, as the canvas sees it. The server's nodes.py says the same, and decides.

/** kind → [icon, fields that a new node has]. */
export const KINDS = {
  message: {icon: "message-square", fresh: {text: ""}},
  menu: {icon: "list-checks", fresh: {text: "", options: [{id: "1", title: ""}, {id: "2", title: ""}]}},
  ask: {icon: "circle-help", fresh: {text: "", field: "answer", type: "text"}},
  condition: {icon: "filter", fresh: {cases: [{id: "a", when: {field: "labels", op: "has", value: ""}}]}},
  set: {icon: "pencil", fresh: {field: "value", value: ""}},
  label: {icon: "tag", fresh: {add: [], remove: []}},
  hand_over: {icon: "user", fresh: {text: ""}},
  http: {icon: "globe", fresh: {method: "GET", url: "https://", save: {}}},
  wait: {icon: "clock", fresh: {minutes: 60}},
  goto: {icon: "corner-up-left", fresh: {flow: ""}},
  split: {icon: "users", fresh: {paths: [{id: "a", weight: 1}, {id: "b", weight: 1}]}},
  end: {icon: "circle-check", fresh: {text: ""}},
};

/** The ways out of a node: [{id, label, quiet}], where a quiet one has a sensible default without an edge. */
export function outputs(node, t) {
  const way = (id, label, quiet = false) => ({id, label, quiet});
  switch (node.kind) {
    case "menu":
      return [
        ...(node.options || []).map((each) => way(`option.${each.id}`, `${each.id}. ${each.title || "…"}`)),
        way("other", t("way.other"), true), way("timeout", t("way.timeout"), true),
      ];
    case "ask": return [way("next", t("way.next")), way("failed", t("way.failed"), true), way("timeout", t("way.timeout"), true)];
    case "condition":
      return [...(node.cases || []).map((each) => way(`case.${each.id}`, each.title || said(each.when, t))), way("else", t("way.else"), true)];
    case "split": return (node.paths || []).map((each) => way(`path.${each.id}`, `${each.id} · ${each.weight ?? 1}`));
    case "http": return [way("next", t("way.next")), way("error", t("way.error"), true)];
    case "hand_over": case "goto": case "end": return [];
    default: return [way("next", t("way.next"), true)];
  }
}

/** A condition in a line. */
export function said(when, t) {
  if (!when || !Object.keys(when).length) return t("always");
  if (when.field) return [when.field, t(`op.${when.op}`), when.value ?? ""].join(" ").trim();
  if (when.not) return `${t("not")} (${said(when.not, t)})`;
  const [key] = Object.keys(when);
  return (Array.isArray(when[key]) ? when[key] : []).map((each) => said(each, t)).join(` ${t(key)} `);
}

/** What a node says, in a line or two. */
export function preview(node, t) {
  switch (node.kind) {
    case "set": return `${node.field} = ${node.value ?? ""}`;
    case "label": return [...(node.add || []).map((n) => `+ ${n}`), ...(node.remove || []).map((n) => `− ${n}`)].join("  ");
    case "http": return `${node.method || "GET"} ${node.url || ""}`;
    case "wait": return node.until ? t("until", {time: node.until}) : t("minutes", {number: node.minutes ?? ""});
    case "goto": return node.flow || "";
    case "condition": case "split": return "";
    default: return node.text || "";
  }
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const LISTS = {options: isObject, cases: (each) => isObject(each) && isObject(each.when), paths: isObject, choices: isText, add: isText, remove: isText};
function isText(value) { return typeof value === "string"; }

/** A flow as the canvas keeps it: what a draft from elsewhere has in a wrong shape is left out. */
export function opened(draft) {
  const flow = {language: "id", ...structuredClone(draft)};
  flow.triggers = (Array.isArray(flow.triggers) ? flow.triggers : []).filter(isObject);
  flow.settings = isObject(flow.settings) ? flow.settings : {};
  const known = (Array.isArray(flow.nodes) ? flow.nodes : []).filter((node) => isObject(node) && isText(node.id) && node.id && KINDS[node.kind]);
  flow.nodes = known.map(shaped);
  return flow;
}

function shaped(node) {
  const next = {...node, to: Object.fromEntries(Object.entries(isObject(node.to) ? node.to : {}).filter(([, target]) => isText(target)))};
  for (const [name, fits] of Object.entries(LISTS)) if (name in next) next[name] = Array.isArray(next[name]) ? next[name].filter(fits) : [];
  for (const name of ["text", "title", "note", "value", "url"]) if (name in next && !isText(next[name])) next[name] = "";
  if ("at" in next && !(Array.isArray(next.at) && next.at.length === 2 && next.at.every(Number.isFinite))) delete next.at;
  return next;
}

/** An id that no node has yet: the kind and a number. */
export function freeId(flow, kind) {
  const taken = new Set(flow.nodes.map((node) => node.id));
  let number = 1;
  while (taken.has(`${kind}${number}`)) number += 1;
  return `${kind}${number}`;
}

export const find = (flow, id) => flow.nodes.find((node) => node.id === id);

const withNodes = (flow, nodes) => ({...flow, nodes});

export function added(flow, kind, at) {
  const id = freeId(flow, kind);
  const node = {id, kind, to: {}, at: at.map(Math.round), ...structuredClone(KINDS[kind].fresh)};
  const next = withNodes(flow, [...flow.nodes, node]);
  return [flow.nodes.length ? next : {...next, start: id}, id];
}

export const changed = (flow, id, fields) => withNodes(flow, flow.nodes.map((node) => (node.id === id ? pruned({...node, ...fields}) : node)));

/** A node without edges from ways out that it no longer has. */
function pruned(node) {
  const ways = new Set(outputs(node, (key) => key).map((way) => way.id));
  return {...node, to: Object.fromEntries(Object.entries(node.to || {}).filter(([way]) => ways.has(way)))};
}

export function connected(flow, source, way, target) {
  const from = find(flow, source);
  if (!from || (target && !find(flow, target))) return flow;
  const to = {...from.to};
  if (target) to[way] = target; else delete to[way];
  const next = changed(flow, source, {to});
  const child = target && find(next, target);
  return child && !child.parent && target !== source && target !== next.start ? changed(next, target, {parent: source}) : next;
}

export function removed(flow, ids) {
  const gone = new Set(ids);
  const kept = flow.nodes.filter((node) => !gone.has(node.id)).map((node) => ({
    ...node,
    ...(gone.has(node.parent) ? {parent: null} : {}),
    to: Object.fromEntries(Object.entries(node.to).filter(([, target]) => !gone.has(target))),
  }));
  return {...withNodes(flow, kept), start: gone.has(flow.start) ? kept[0]?.id : flow.start};
}

/** Copies of nodes with free ids; edges among them are copied too. Gives [flow, ids of the copies]. */
export function pasted(flow, nodes, by = 40) {
  let next = flow;
  const names = {};
  for (const node of nodes) {
    names[node.id] = freeId(next, node.kind);
    next = withNodes(next, [...next.nodes, {...structuredClone(node), id: names[node.id]}]);
  }
  next = withNodes(next, next.nodes.map((node) => {
    if (!Object.values(names).includes(node.id)) return node;
    const to = Object.fromEntries(Object.entries(node.to).filter(([, target]) => names[target]).map(([way, target]) => [way, names[target]]));
    return {...node, to, parent: names[node.parent] || null, at: [(node.at?.[0] || 0) + by, (node.at?.[1] || 0) + by]};
  }));
  return [next.start ? next : {...next, start: Object.values(names)[0]}, Object.values(names)];
}

export function renamed(flow, id, name) {
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(name) || find(flow, name)) return flow;
  const swap = (each) => (each === id ? name : each);
  const nodes = flow.nodes.map((node) => ({
    ...node, id: swap(node.id), ...(node.parent ? {parent: swap(node.parent)} : {}),
    to: Object.fromEntries(Object.entries(node.to).map(([way, target]) => [way, swap(target)])),
  }));
  return {...withNodes(flow, nodes), start: swap(flow.start)};
}

export const NODE_WIDTH = 240;
/** The height that a node has on the canvas, near enough for a layout. */
export const heightOf = (node) => 78 + 26 * outputs(node, (key) => key).length;
