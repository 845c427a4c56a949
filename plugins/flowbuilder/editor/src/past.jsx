// Versions: what each changed, how each does, what it would have done, and the way back.
import React, {useEffect, useState} from "react";
import {said} from "./model.js";
import {ask, given, t} from "./page.js";
import {Button, Icon} from "./parts.jsx";

export function Past({flow, node, figures, setFigures, readOnly, onRestore}) {
  const [versions, setVersions] = useState(null);
  const [shown, setShown] = useState(null);
  const [found, setFound] = useState(null);
  useEffect(() => { ask(`/api/flows/${given.id}/versions?limit=50`).then((answer) => setVersions(answer.ok ? answer.data.items : [])); }, []);
  useEffect(() => () => setFigures(null), []);
  const show = async (version) => {
    setShown(version.number);
    const answer = await ask(`/api/flows/${given.id}/figures?number=${version.number}`);
    setFound(answer.ok ? answer.data : null);
    setFigures(answer.ok ? answer.data.nodes : null);
  };
  const restore = async (version) => {
    if (!confirm(t("restore_sure", {number: version.number}))) return;
    const answer = await ask(`/api/flows/${given.id}/versions/${version.number}/publish`, "POST");
    if (answer.ok) onRestore();
  };
  const one = versions?.find((version) => version.number === shown);
  return (
    <section aria-label={t("versions")}>
      <div className="panel-title"><Icon name="clock" /><h2>{t("versions")}</h2></div>
      {versions?.length === 0 && <p className="muted">{t("never_published")}</p>}
      <ul className="versions">
        {versions?.map((version) => (
          <li key={version.id}>
            <button type="button" className={version.number === shown ? "on" : ""} aria-pressed={version.number === shown} onClick={() => show(version)}>
              <b>{t("version", {number: version.number})}</b><small>{new Date(version.published_at).toLocaleString(document.documentElement.lang)}</small>
              {version.note && <small><bdi>{version.note}</bdi></small>}
            </button>
          </li>
        ))}
      </ul>
      {one && found && <Figures found={found} />}
      {one && node && figures?.[node.id]?.misses > 0 && <Misses number={one.number} node={node.id} />}
      {one && <Difference before={one.definition} after={flow} />}
      {one && !readOnly && <Button small icon="rotate-ccw" onClick={() => restore(one)}>{t("restore", {number: one.number})}</Button>}
    </section>
  );
}

function Figures({found}) {
  const ended = Object.entries(found.ended);
  const goals = found.ended.goal || 0;
  return (
    <dl className="figures">
      <div><dt>{t("started")}</dt><dd>{found.started}</dd></div>
      {ended.map(([how, number]) => <div key={how}><dt>{t(`ended.${how}`)}</dt><dd>{number}</dd></div>)}
      {found.started > 0 && <div><dt>{t("conversion")}</dt><dd>{Math.round((100 * goals) / found.started)} %</dd></div>}
    </dl>
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
      <ol className="misses">{items.map((each) => <li key={each.text}><bdi>{each.text}</bdi> <small>{each.number}×</small></li>)}</ol>
    </>
  );
}

/** What differs between a version and the draft, node by node. */
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
