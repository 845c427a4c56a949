// What the selected node, or the flow itself, is made of.
import React from "react";
import {Condition} from "./conditions.jsx";
import {KINDS, outputs} from "./model.js";
import {accounts, agents, flows, labels, t, teams, words} from "./page.js";
import {Button, Check, downloaded, Field, Icon, Number_, Rows, Select, Text, Words} from "./parts.jsx";

const TYPES = ["text", "number", "date", "email", "phone", "choice", "regex"];
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const WAYS = ["exact", "starts", "contains", "regex", "fuzzy"];
const TRIGGERS = ["keyword", "first_message", "opened", "out_of_hours", "label_added", "campaign_reply", "click"];
const nextNumber = (items) => ({id: String(Math.max(0, ...items.map((each) => +each.id || 0)) + 1), title: ""});
const nextLetter = (items) => {
  const taken = new Set(items.map((each) => each.id));
  return "abcdefghijklmnopqrstuvwxyz".split("").find((letter) => !taken.has(letter)) || `x${items.length}`;
};

export function Inspector({flow, node, problems, edit, editFlow, connect, rename, start, remove, create, select, readOnly}) {
  const mine = problems.filter((problem) => problem.node === (node ? node.id : null));
  const wrong = (name) => {
    const problem = mine.find((each) => each.about?.split(".")[0] === name);
    return problem && told(problem);
  };
  return (
    <fieldset className="inspector plain" disabled={readOnly}>
      {node
        ? <NodeParts key={node.id} {...{flow, node, wrong, edit, connect, rename, start, remove, create, select}} />
        : <FlowParts {...{flow, wrong, editFlow}} />}
      {mine.length > 0 && (
        <ul className="problems" aria-label={t("problems")}>
          {mine.map((problem, at) => <li key={at} className={problem.level}><Icon name={problem.level === "error" ? "circle-x" : "triangle-alert"} /> {told(problem)}</li>)}
        </ul>
      )}
    </fieldset>
  );
}

/** A problem in the page's language; one that has no words here stays as the server said it. */
export function told(problem) {
  const key = `problem.${problem.code}`;
  const text = t(key, {about: problem.code === "field" ? place(problem.about) : problem.about});
  return text === key ? problem.message : text;
}

/** Where in a node something is: options.0.title → Options 1 Title. */
const place = (about = "") => about.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) + 1 : words[part] && !words[part].includes("%(") ? words[part] : part)).join(" ");

function NodeParts({flow, node, wrong, edit, connect, rename, start, remove, create, select}) {
  const set = (fields) => edit(node.id, fields);
  const Parts = PARTS[node.kind];
  return (
    <>
      <div className="panel-title"><Icon name={KINDS[node.kind].icon} /><h2>{t(`kind.${node.kind}`)}</h2>
        <Button icon="copy" label={t("duplicate")} onClick={() => create(node)} />
        <Button icon="trash-2" label={t("delete")} onClick={() => remove([node.id])} />
      </div>
      <p className="muted">{t(`about.${node.kind}`)}</p>
      <Parts {...{flow, node, set, wrong}} />
      <WaysOut {...{flow, node, connect, create, select, wrong}} />
      <details className="more"><summary>{t("more")}</summary>
        <Field label={t("title")}><Text value={node.title} maxLength={100} onDone={(title) => set({title})} /></Field>
        <Field label={t("id")} hint={t("id_hint")}><Text lazy value={node.id} onDone={(id) => rename(node.id, id)} /></Field>
        <Field label={t("parent")} hint={t("parent_hint")}>
          <Select value={node.parent || ""} options={[["", t("none")], ...others(flow, node)]} onDone={(parent) => set({parent: parent || null})} />
        </Field>
        {flow.start === node.id ? <p className="muted">{t("is_start")}</p> : <Button small icon="play" onClick={() => start(node.id)}>{t("make_start")}</Button>}
      </details>
    </>
  );
}

const others = (flow, node) => flow.nodes.filter((each) => each.id !== node.id).map((each) => [each.id, each.title || each.id]);

/** Where each way out leads: with the keyboard what drawing a line is with the mouse. */
function WaysOut({flow, node, connect, create, select, wrong}) {
  const [open, setOpen] = React.useState(null);
  const ways = outputs(node, t);
  if (!ways.length) return null;
  const choices = [["", t("nothing")], ...flow.nodes.map((each) => [each.id, each.title || each.id])];
  return (
    <fieldset className="plain ways"><legend>{t("ways")}</legend>
      {ways.map((way) => (
        <div className="way-edit" key={way.id}>
          <Field label={way.label}><Select value={node.to[way.id] || ""} options={choices} onDone={(target) => connect(node.id, way.id, target || null)} /></Field>
          {node.to[way.id]
            ? <Button icon="chevron-right" label={t("go_there")} onClick={() => select(node.to[way.id])} />
            : <Button icon="plus" label={t("new_after", {way: way.label})} aria-expanded={open === way.id} onClick={() => setOpen(open === way.id ? null : way.id)} />}
          {open === way.id && !node.to[way.id] && (
            <div className="kinds">{Object.entries(KINDS).map(([kind, {icon}]) => <Button small icon={icon} key={kind} onClick={() => create(kind, node.id, way.id)}>{t(`kind.${kind}`)}</Button>)}</div>
          )}
        </div>
      ))}
      {wrong("to") && <span className="wrong">{wrong("to")}</span>}
    </fieldset>
  );
}

const Say = ({node, set, wrong, hint = t("text_hint")}) => (
  <Field label={t("text")} wrong={wrong("text")} hint={hint}><Text multiline rows={4} value={node.text} onDone={(text) => set({text})} data-first="" /></Field>
);
const Timeout = ({node, set, wrong}) => (
  <Field label={t("timeout")} hint={t("timeout_hint")} wrong={wrong("timeout")}><Number_ value={node.timeout} onDone={(timeout) => set({timeout})} /></Field>
);

const PARTS = {
  message: Say,
  end: ({node, set, wrong}) => (
    <>
      <Say {...{node, set, wrong}} />
      <Field label={t("then")}><Select value={node.then || "resolve"} options={[["resolve", t("then.resolve")], ["queue", t("then.queue")]]} onDone={(then) => set({then})} /></Field>
      <Check label={t("goal")} value={node.goal} onDone={(goal) => set({goal})} />
    </>
  ),
  menu: ({node, set, wrong}) => (
    <>
      <Say {...{node, set, wrong}} />
      <Rows title={t("options")} items={node.options || []} least={1} fresh={nextNumber} onDone={(options) => set({options})}>
        {(option, change) => (
          <div className="two-lines">
            <div className="with-number"><span aria-hidden="true">{option.id}.</span><Text value={option.title} aria-label={t("option", {number: option.id})} onDone={(title) => change({title})} /></div>
            <Words value={option.words} placeholder={t("words")} aria-label={t("option_words", {number: option.id})} onDone={(words) => change({words})} />
          </div>
        )}
      </Rows>
      <Check label={t("list_options")} value={node.list_options ?? true} onDone={(list_options) => set({list_options})} />
      <Timeout {...{node, set, wrong}} />
    </>
  ),
  ask: ({node, set, wrong}) => (
    <>
      <Say {...{node, set, wrong}} />
      <Field label={t("field")} hint={t("field_hint")} wrong={wrong("field")}><Text value={node.field} onDone={(field) => set({field})} /></Field>
      <Field label={t("type")}><Select value={node.type || "text"} options={TYPES.map((type) => [type, t(`type.${type}`)])} onDone={(type) => set({type})} /></Field>
      {node.type === "choice" && <Field label={t("choices")} wrong={wrong("choices")}><Words value={node.choices} onDone={(choices) => set({choices})} /></Field>}
      {node.type === "regex" && <Field label={t("pattern")} wrong={wrong("pattern")}><Text value={node.pattern} onDone={(pattern) => set({pattern})} /></Field>}
      {node.type === "number" && (
        <div className="two">
          <Field label={t("min")}><Number_ value={node.min} onDone={(min) => set({min})} /></Field>
          <Field label={t("max")}><Number_ value={node.max} onDone={(max) => set({max})} /></Field>
        </div>
      )}
      <Field label={t("error")} hint={t("error_hint")}><Text value={node.error} onDone={(error) => set({error: error || null})} /></Field>
      <Field label={t("tries")} wrong={wrong("tries")}><Number_ value={node.tries ?? 3} onDone={(tries) => set({tries})} /></Field>
      <Timeout {...{node, set, wrong}} />
    </>
  ),
  condition: ({flow, node, set}) => (
    <Rows title={t("cases")} items={node.cases || []} least={1} fresh={(items) => ({id: nextLetter(items), when: {field: "labels", op: "has", value: ""}})} onDone={(cases) => set({cases})}>
      {(each, change) => (
        <div className="two-lines">
          <Text value={each.title} placeholder={t("title")} aria-label={t("title")} onDone={(title) => change({title})} />
          <Condition when={each.when} names={fieldsOf(flow)} onDone={(when) => change({when})} />
        </div>
      )}
    </Rows>
  ),
  set: ({node, set, wrong}) => (
    <>
      <Field label={t("field")} hint={t("set_hint")} wrong={wrong("field")}><Text value={node.field} onDone={(field) => set({field})} /></Field>
      <Field label={t("value")}><Text value={node.value} onDone={(value) => set({value})} /></Field>
    </>
  ),
  label: ({node, set}) => (
    <>
      <Field label={t("put_on")} hint={labels.length ? `${t("known")} ${labels.join(", ")}` : undefined}><Words value={node.add} onDone={(add) => set({add})} /></Field>
      <Field label={t("take_off")}><Words value={node.remove} onDone={(remove) => set({remove})} /></Field>
    </>
  ),
  hand_over: ({node, set, wrong}) => (
    <>
      <Say {...{node, set, wrong}} />
      <Field label={t("team")}><Select value={node.team} options={[["", t("any_team")], ...teams.map((name) => [name, name])]} onDone={(team) => set({team: team || null})} /></Field>
      <Field label={t("agent")}><Select value={node.agent} options={[["", t("any_agent")], ...agents]} onDone={(agent) => set({agent: agent || null})} /></Field>
      <Field label={t("skill")}><Text value={node.skill} onDone={(skill) => set({skill: skill || null})} /></Field>
      <Field label={t("note")} hint={t("note_hint")}><Text multiline value={node.note} onDone={(note) => set({note})} /></Field>
    </>
  ),
  http: ({node, set, wrong}) => (
    <>
      <div className="method"><Field label={t("method")}><Select value={node.method || "GET"} options={METHODS.map((each) => [each, each])} onDone={(method) => set({method})} /></Field>
        <Field label={t("url")} wrong={wrong("url")}><Text value={node.url} onDone={(url) => set({url})} /></Field></div>
      <Rows title={t("headers")} items={Object.entries(node.headers || {})} fresh={() => ["", ""]} onDone={(items) => set({headers: Object.fromEntries(items)})}>
        {pair(node.headers, (headers) => set({headers}))}
      </Rows>
      <Field label={t("body")} hint={t("body_hint")}><Json value={node.body} onDone={(body) => set({body})} /></Field>
      <Rows title={t("save")} items={Object.entries(node.save || {})} fresh={() => ["", ""]} onDone={(items) => set({save: Object.fromEntries(items)})}>
        {pair(node.save, (save) => set({save}))}
      </Rows>
      <p className="muted">{t("http_hint")}</p>
    </>
  ),
  wait: ({node, set, wrong}) => (
    <>
      <Field label={t("wait_minutes")} wrong={wrong("minutes")}><Number_ value={node.minutes} onDone={(minutes) => set({minutes, until: null})} /></Field>
      <Field label={t("wait_until")} hint="09:00" wrong={wrong("until")}><Text value={node.until} onDone={(until) => set(until ? {until, minutes: null} : {until: null, minutes: 60})} /></Field>
    </>
  ),
  goto: ({flow, node, set}) => (
    <Field label={t("flow")}><Select value={node.flow} options={[["", t("choose")], ...[...new Set([flow.name, ...flows])].map((name) => [name, name])]} onDone={(name) => set({flow: name})} /></Field>
  ),
  split: ({node, set}) => (
    <Rows title={t("paths")} items={node.paths || []} least={2} fresh={(items) => ({id: nextLetter(items), weight: 1})} onDone={(paths) => set({paths})}>
      {(path, change) => <div className="with-number"><span aria-hidden="true">{path.id}</span><Number_ value={path.weight ?? 1} aria-label={t("weight", {name: path.id})} onDone={(weight) => change({weight})} /></div>}
    </Rows>
  ),
};

/** Rows of name and value of an object. */
function pair(held, put) {
  const Pair = ([name, value], _, at) => {
    const swap = (entry) => put(Object.fromEntries(Object.entries(held || {}).map((each, number) => (number === at ? entry : each))));
    return <div className="two"><Text value={name} aria-label={t("name")} onDone={(text) => swap([text, value])} /><Text value={value} aria-label={t("value")} onDone={(text) => swap([name, text])} /></div>;
  };
  return Pair;
}

function Json({value, onDone, ...more}) {
  const done = (text) => {
    if (!text.trim()) return onDone(null);
    try { onDone(JSON.parse(text)); } catch { onDone(text); }
  };
  return <Text multiline rows={4} value={value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 1)} onDone={done} {...more} />;
}

/** The names of what a flow keeps. */
const fieldsOf = (flow) => flow.nodes.flatMap((node) => (node.kind === "http" ? Object.keys(node.save || {}) : node.field ? [node.field] : []));

/** A flow's name as that of a file. */
const fileName = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "flow";

function FlowParts({flow, wrong, editFlow}) {
  const settings = flow.settings || {};
  const set = (fields) => editFlow({settings: {...settings, ...fields}});
  return (
    <>
      <div className="panel-title"><Icon name="bot" /><h2>{t("this_flow")}</h2>
        <Button icon="download" label={t("download")} onClick={() => downloaded(`${fileName(flow.name)}.json`, JSON.stringify(flow, null, 2), "application/json")} />
      </div>
      <Field label={t("name")} wrong={wrong("name")}><Text lazy value={flow.name} maxLength={100} onDone={(name) => editFlow({name})} /></Field>
      <Field label={t("language")} hint={t("language_hint")}><Select value={flow.language} options={[["id", "Bahasa Indonesia"], ["en", "English"]]} onDone={(language) => editFlow({language})} /></Field>
      <Rows title={t("triggers")} items={flow.triggers || []} fresh={() => ({on: "keyword", way: "fuzzy", words: []})} onDone={(triggers) => editFlow({triggers})}>
        {(trigger, change) => <Trigger {...{trigger, change}} />}
      </Rows>
      {wrong("triggers") && <span className="wrong">{wrong("triggers")}</span>}
      <details className="more"><summary>{t("behaviour")}</summary>
        <Field label={t("gather")} hint={t("gather_hint")}><Number_ value={settings.gather ?? 3} onDone={(gather) => set({gather})} /></Field>
        <Field label={t("misses")} hint={t("misses_hint")}><Number_ value={settings.misses ?? 3} onDone={(misses) => set({misses})} /></Field>
        <Field label={t("expires")} hint={t("expires_hint")}><Number_ value={settings.expires ?? 1440} onDone={(expires) => set({expires})} /></Field>
        {["menu", "person", "cancel", "back"].map((name) => (
          <Field key={name} label={t(`words.${name}`)} hint={settings[name] ? undefined : t("words_default")}><Words value={settings[name]} onDone={(words) => set({[name]: words.length ? words : undefined})} /></Field>
        ))}
      </details>
    </>
  );
}

function Trigger({trigger, change}) {
  return (
    <div className="two-lines">
      <Select value={trigger.on} aria-label={t("trigger")} options={TRIGGERS.map((on) => [on, t(`on.${on}`)])} onDone={(on) => change({on})} />
      {trigger.on === "keyword" && (
        <>
          <Select value={trigger.way || "contains"} aria-label={t("way")} options={WAYS.map((way) => [way, t(`match.${way}`)])} onDone={(way) => change({way})} />
          <Words value={trigger.words} placeholder={t("words")} aria-label={t("words")} onDone={(words) => change({words})} />
        </>
      )}
      {trigger.on === "label_added" && <Select value={trigger.label} aria-label={t("label")} options={[["", t("choose")], ...labels.map((name) => [name, name])]} onDone={(label) => change({label: label || null})} />}
      {trigger.on === "campaign_reply" && <Text value={trigger.campaign} placeholder={t("any_campaign")} aria-label={t("campaign")} onDone={(campaign) => change({campaign: campaign || null})} />}
      <div className="two">
        <label className="with-number"><span>{t("priority")}</span><Number_ value={trigger.priority ?? 0} onDone={(priority) => change({priority: priority ?? 0})} /></label>
        {accounts.length > 1 && <Select value={trigger.accounts?.[0]} aria-label={t("number")} options={[["", t("all_numbers")], ...accounts]} onDone={(account) => change({accounts: account ? [account] : []})} />}
      </div>
    </div>
  );
}
