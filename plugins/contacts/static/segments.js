// The builder of segments: groups of conditions, with who fits right now below.
import {$, $$, ask, icon, later, reason, root, toast} from "../../static/js/base.js";
import {on, start} from "../../static/js/feed.js";

const {fields, ops, condition, words} = JSON.parse($("#builder-data").textContent);
const form = $("#builder");
const groups = $("#groups");
const byName = Object.fromEntries(fields.map((field) => [field.name, field]));
const isFixed = "fixed" in form.dataset;

const make = (tag, given = {}, ...inside) => {
  const made = Object.assign(document.createElement(tag), given);
  made.append(...inside.filter(Boolean));
  return made;
};
const options = (pairs, chosen) => pairs.map(([value, text]) => make("option", {value, textContent: text, selected: value === chosen}));
const select = (label, pairs, chosen) => { const made = make("select", {}, ...options(pairs, chosen)); made.setAttribute("aria-label", label); return made; };
const button = (name, text, run, css = "btn small") => {
  const made = make("button", {type: "button", className: css, onclick: run}, icon(name), css === "icon-btn" ? null : document.createTextNode(text));
  if (css === "icon-btn") made.setAttribute("aria-label", text);
  return made;
};
const opWords = (kind, op) => words[`${kind === "made" ? "time" : kind}_${op}`] || words[op];

// From a condition to what is on the page

const kindOf = (each) => ("any" in each ? "any" : "not" in each ? "none" : "all");
const partsOf = (each) => {
  if ("not" in each) return "any" in each.not ? each.not.any : Object.keys(each.not).length ? [each.not] : [];
  return each.all || each.any || [];
};

function group(each, depth) {
  const rules = make("div", {className: "group-rules"});
  const which = select(words.group, ["all", "any", "none"].map((kind) => [kind, words[kind]]), kindOf(each));
  which.dataset.which = "";
  const foot = make("div", {className: "group-foot"}, button("plus", words.add, () => { const made = rule({}); rules.append(made); $("select", made).focus(); changed(); }),
    depth < 3 && button("plus", words.add_group, () => { const made = group({all: []}, depth + 1); rules.append(made); $("select", made).focus(); changed(); }));
  const made = make("div", {className: "group"}, make("div", {className: "group-head"}, which, depth > 0 && button("x", words.remove, () => drop(made), "icon-btn")), rules, !isFixed && foot);
  made.setAttribute("role", "group");
  for (const part of partsOf(each)) rules.append("field" in part ? rule(part) : group(part, depth + 1));
  return made;
}

function drop(part) {
  const next = part.nextElementSibling || part.previousElementSibling;
  const within = part.parentElement.closest(".group");
  part.remove();
  (next ? $("select", next) : $(".group-foot button", within))?.focus();
  changed();
}

function rule(leaf) {
  const field = select(words.field, [["", words.choose], ...fields.map((each) => [each.name, each.title])], leaf.field || "");
  const how = select(words.how, [], "");
  const value = make("div", {className: "rule-value"});
  const made = make("div", {className: "rule"}, field, how, value, button("x", words.remove, () => drop(made), "icon-btn"));
  const setOps = (op) => {
    const known = byName[field.value];
    how.replaceChildren(...(known ? options([...new Set([...ops[known.kind], ...(op ? [op] : [])])].map((each) => [each, opWords(known.kind, each)]), op) : []));
    how.disabled = !known;
  };
  const setValue = (given) => value.replaceChildren(...(byName[field.value] ? input(byName[field.value], how.value, given) : []));
  field.onchange = () => { setOps(); setValue(); changed(); };
  how.onchange = () => { setValue(read(made).value); changed(); };
  setOps(leaf.op);
  setValue(leaf.value);
  return made;
}

/** What takes the value of a field compared so; nothing where none is needed. */
function input(field, op, given) {
  if (["known", "unknown"].includes(op)) return [];
  if (field.choices) {
    const others = given !== undefined && given !== "" && !field.choices.some(([value]) => value === given) ? [[given, given]] : [];
    return [select(words.value, [["", words.choose], ...field.choices, ...others], given ?? "")];
  }
  const made = make("input", {type: "text", value: given ?? ""});
  made.setAttribute("aria-label", words.value);
  if (["time", "made"].includes(field.kind)) {
    Object.assign(made, {type: "number", min: 0, max: 9999, value: /^-(\d+)d$/.exec(given || "")?.[1] ?? (given ? "" : "30")});
    made.dataset.days = given && !/^-\d+d$/.test(given) ? given : "";
    return [made, make("span", {className: "muted", textContent: words.days})];
  }
  if (field.kind === "date") made.type = "date";
  if (["number", "money"].includes(field.kind)) made.inputMode = "decimal";
  return [made, field.currency && make("span", {className: "muted", textContent: field.currency})].filter(Boolean);
}

// And back

function read(row) {
  const [field, op] = $$(":scope > select", row).map((each) => each.value);
  const of = byName[field];
  if (!of) return {};
  if (["known", "unknown"].includes(op)) return {field, op, value: null};
  const given = $(".rule-value input, .rule-value select", row)?.value ?? "";
  const at = $(".rule-value input", row)?.dataset.days;
  return {field, op, value: ["time", "made"].includes(of.kind) ? (given ? `-${given}d` : at || "") : given.trim()};
}

/** The condition of a group; null where something in it is not filled in. */
function conditionOf(from) {
  const parts = [];
  for (const part of $(":scope > .group-rules", from).children) {
    const inner = part.matches(".group") ? conditionOf(part) : read(part);
    if (!inner || (!part.matches(".group") && (!inner.field || inner.value === ""))) return null;
    parts.push(inner);
  }
  const which = $(":scope > .group-head [data-which]", from).value;
  return which === "none" ? {not: {any: parts}} : {[which]: parts};
}

let asked = 0;
async function look() {
  const wanted = conditionOf($(".group", groups));
  const mine = ++asked;
  if (!wanted) return say("…", words.incomplete);
  const answer = await ask("/contacts/segments/preview", {method: "POST", json: {condition: wanted}});
  if (mine !== asked) return;
  if (!answer.ok) return say("…", reason(answer));
  say(new Intl.NumberFormat(document.documentElement.lang === "id" ? "id" : "en-GB").format(answer.data.count), answer.data.count ? "" : words.nobody);
  if (answer.data.count) $("#people").innerHTML = answer.data.html;
}

function say(count, instead) {
  $("[data-count-of]").textContent = count;
  if (instead) $("#people").replaceChildren(make("p", {className: "box-pad muted", textContent: instead}));
}

const soon = later(look, 200);
const now_and_then = later(look, 1500);
function changed() { soon(); }

form.addEventListener("input", changed);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wanted = conditionOf($(".group", groups));
  const said = $("[data-wrong-said]");
  said.textContent = wanted ? "" : words.incomplete;
  if (!wanted) return;
  const answer = await ask("/contacts/segments/save", {method: "POST", json: {id: form.dataset.segment, name: form.elements.name.value, condition: wanted}});
  if (!answer.ok) { said.textContent = reason(answer); return; }
  if (!form.dataset.segment) { location.href = `${root}/contacts/segments/${answer.data.id}`; return; }
  toast(words.saved, {seconds: 2});
  $("h1").textContent = form.elements.name.value;
});

groups.append(group("field" in condition ? {all: [condition]} : condition, 0));
if (isFixed) for (const each of $$("input, select, button", form)) each.disabled = true;
look();
start();
on("changes", ({changes}) => { if (changes.some((each) => ["contact", "conversation"].includes(each.collection))) now_and_then(); });
