// Versions: how each does, what differs between two, what the draft would have done, and the way back.
import React, {useEffect, useState} from "react";
import {BackTest} from "./backtest.jsx";
import {said} from "./model.js";
import {ask, given, root, span, t} from "./page.js";
import {Button, Field, Icon, Select} from "./parts.jsx";

const DRAFT = "draft";
const MISSED = 5; // nodes whose texts are shown where none is selected
const ENDS = ["goal", "end", "person", "cancelled", "expired", "stuck", "loop"];

export function Past({flow, node, figures, setFigures, readOnly, published, onRestore, select}) {
  const [versions, setVersions] = useState(null);
  const [shown, setShown] = useState(null);
  const [other, setOther] = useState(DRAFT);
  const [found, setFound] = useState({});
  useEffect(() => { ask(`/api/flows/${given.id}/versions?limit=50`).then((answer) => setVersions(answer.ok ? answer.data.items : [])); }, [published]);
  useEffect(() => () => setFigures(null), []);
  const figuresOf = async (number) => {
    const answer = await ask(`/api/flows/${given.id}/figures?number=${number}`);
    if (answer.ok) setFound((held) => ({...held, [number]: answer.data}));
    return answer.ok ? answer.data : null;
  };
  const show = async (number) => {
    setShown(number);
    if (String(number) === other) setOther(DRAFT);
    setFigures((await figuresOf(number))?.nodes || null);
  };
  const compare = (name) => { setOther(name); if (name !== DRAFT) figuresOf(name); };
  const restore = async (version) => {
    if (!confirm(t("restore_sure", {number: version.number}))) return;
    const answer = await ask(`/api/flows/${given.id}/versions/${version.number}/publish`, "POST");
    if (answer.ok) onRestore();
  };
  const one = versions?.find((version) => version.number === shown);
  const two = versions?.find((version) => String(version.number) === other);
  const missed = Object.entries(one && figures ? figures : {}).filter(([id, each]) => each.misses > 0 && (!node || node.id === id)).sort((a, b) => b[1].misses - a[1].misses);
  const [before, after] = two && two.number < one?.number ? [two, one.definition] : [one, two ? two.definition : flow];
  return (
    <section aria-label={t("versions")}>
      {!readOnly && <BackTest {...{flow, setFigures, select}} />}
      <div className="panel-title"><Icon name="clock" /><h2>{t("versions")}</h2></div>
      {versions?.length === 0 && <p className="muted">{t("never_published")}</p>}
      <ul className="versions">{versions?.map((version) => <Version key={version.id} {...{version, shown, show}} />)}</ul>
      {one && versions.length > 0 && (
        <Field label={t("compare_with")}>
          <Select value={other} onDone={compare} options={[[DRAFT, t("the_draft")], ...versions.filter((each) => each !== one).map((each) => [String(each.number), t("version", {number: each.number})])]} />
        </Field>
      )}
      {one && found[one.number] && <Figures columns={[found[one.number], ...(two && found[two.number] ? [found[two.number]] : [])]} />}
      {missed.slice(0, MISSED).map(([id]) => <Misses key={id} number={one.number} node={id} />)}
      {one && <Difference before={before.definition} after={after} />}
      {one && !readOnly && <Button small icon="rotate-ccw" onClick={() => restore(one)}>{t("restore", {number: one.number})}</Button>}
    </section>
  );
}

const Version = ({version, shown, show}) => (
  <li>
    <button type="button" className={version.number === shown ? "on" : ""} aria-pressed={version.number === shown} onClick={() => show(version.number)}>
      <b>{t("version", {number: version.number})}</b><small>{new Date(version.published_at).toLocaleString(document.documentElement.lang)}</small>
      {version.note && <small><bdi>{version.note}</bdi></small>}
    </button>
  </li>
);

/** How one version did, or two beside each other. */
function Figures({columns}) {
  const share = (found) => (found.started > 0 ? `${Math.round((100 * (found.ended.goal || 0)) / found.started)} %` : "–");
  const ends = ENDS.filter((how) => columns.some((found) => found.ended[how]));
  const line = (title, value) => <tr key={title}><th scope="row">{title}</th>{columns.map((found) => <td key={found.number}>{value(found)}</td>)}</tr>;
  return (
    <table className="figures">
      {columns.length > 1 && <thead><tr><td />{columns.map((found) => <th scope="col" key={found.number}>{t("version", {number: found.number})}</th>)}</tr></thead>}
      <tbody>
        {line(t("started"), (found) => found.started)}
        {ends.map((how) => line(t(`ended.${how}`), (found) => found.ended[how] || 0))}
        {line(t("conversion"), share)}
        {line(t("answer_time"), (found) => (found.seconds === null ? "–" : span(found.seconds)))}
      </tbody>
    </table>
  );
}

function Misses({number, node}) {
  const [items, setItems] = useState([]);
  useEffect(() => {
    ask(`/api/flows/${given.id}/misses?number=${number}&node=${encodeURIComponent(node)}`).then((answer) => setItems(answer.ok ? answer.data.items : []));
  }, [number, node]);
  return (
    <>
      <h3>{t("not_understood", {node})}</h3>
      <ol className="misses">{items.map((each) => <li key={each.text}><a href={`${root}/inbox/${each.conversation}?tab=all`} target="_blank" rel="noopener"><bdi>{each.text}</bdi></a> <small>{each.number}×</small></li>)}</ol>
    </>
  );
}

/** What differs from one definition to another, node by node. */
function Difference({before, after}) {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const now = new Map(after.nodes.map((node) => [node.id, node]));
  const lines = [
    ...[...now.keys()].filter((id) => !old.has(id)).map((id) => ["+", id, t(`kind.${now.get(id).kind}`)]),
    ...[...old.keys()].filter((id) => !now.has(id)).map((id) => ["−", id, t(`kind.${old.get(id).kind}`)]),
    ...[...now.keys()].filter((id) => old.has(id)).flatMap((id) => differing(old.get(id), now.get(id)).map((key) => ["~", id, `${key}: ${brief(old.get(id)[key])} → ${brief(now.get(id)[key])}`])),
  ];
  return (
    <>
      <h3>{t("compared")}</h3>
      {!lines.length && <p className="muted">{t("same")}</p>}
      <ul className="difference">{lines.map(([sign, id, what]) => <li key={`${sign}${id}${what}`}><code>{sign} {id}</code> <bdi>{what}</bdi></li>)}</ul>
    </>
  );
}

const empty = (value) => value === undefined || value === null || value === "" || value === true || value === false || (typeof value === "object" && !Object.keys(value).length);
const differing = (one, other) => [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) =>
  key !== "at" && JSON.stringify(one[key]) !== JSON.stringify(other[key]) && !(other[key] === undefined) && !(one[key] === undefined && empty(other[key])));

function brief(value) {
  const text = value?.field ? said(value, t) : typeof value === "string" ? value : JSON.stringify(value ?? "");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
