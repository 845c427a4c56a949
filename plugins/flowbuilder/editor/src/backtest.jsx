// The back-test: what this draft would have done on the last days, from the recording; nothing is sent.
import React, {useEffect, useRef, useState} from "react";
import {ask, given, root, t} from "./page.js";
import {Button, Icon, Select} from "./parts.jsx";

const EVERY = 400; // milliseconds between looks
const DAYS = ["1", "7", "30"];

export function BackTest({flow, setFigures, select}) {
  const [days, setDays] = useState("7");
  const [test, setTest] = useState(null);
  const running = useRef(null);
  useEffect(() => () => { running.current = null; }, []);

  const look = async (id) => {
    const answer = await ask(`/api/flows/${given.id}/backtests/${id}`);
    if (running.current !== id) return;
    if (!answer.ok && answer.status) return setTest({state: "failed", error: answer.data?.error?.message});
    if (answer.ok) setTest(answer.data);
    if (answer.data.state === "running" || !answer.ok) return setTimeout(() => look(id), EVERY);
    if (answer.data.found) setFigures(Object.fromEntries(Object.entries(answer.data.found.nodes).map(([node, found]) => [node, {...found, tested: true}])));
    return undefined;
  };
  const run = async () => {
    setTest({state: "running", done: 0, all: 0});
    const answer = await ask(`/api/flows/${given.id}/backtests`, "POST", {definition: flow, days: Number(days)});
    if (!answer.ok) return setTest({state: "failed", error: answer.data?.error?.message || t("unreachable")});
    running.current = answer.data.id;
    return look(answer.data.id);
  };
  const busy = test?.state === "running";
  return (
    <section className="backtest" aria-label={t("backtest")}>
      <div className="panel-title"><Icon name="rotate-ccw" /><h2>{t("backtest")}</h2></div>
      <p className="muted">{t("backtest_hint")}</p>
      <div className="say">
        <Select value={days} aria-label={t("backtest_days")} onDone={setDays} options={DAYS.map((each) => [each, t("last_days", {number: each})])} disabled={busy} />
        <Button small icon="play" onClick={run} disabled={busy}>{t("backtest_run")}</Button>
      </div>
      {busy && <progress max={test.all || undefined} value={test.all ? test.done : undefined} aria-label={t("backtest")} />}
      {test?.state === "late" && <p className="wrong" role="alert">{t("backtest_late")}</p>}
      {test?.state === "failed" && <p className="wrong" role="alert">{t("backtest_failed")} {test.error}</p>}
      {test?.found && <Found found={test.found} select={select} />}
    </section>
  );
}

function Found({found, select}) {
  const line = (key) => <tr key={key}><th scope="row">{t(`tested.${key}`)}</th><td>{found[key]}</td></tr>;
  return (
    <>
      <table className="figures" role="status"><tbody>{["caught", "finished", "handed_over", "stuck", "left", "silent", "running"].map(line)}</tbody></table>
      <ul className="caught">
        {found.conversations.map((each) => (
          <li key={`${each.conversation}${each.at}`}>
            <a href={`${root}/inbox/${each.conversation}?tab=all`} target="_blank" rel="noopener"><bdi>{each.name || each.conversation}</bdi></a>
            <button type="button" className="link" onClick={() => select(each.node)}>{t(`tested.${each.how}`)} · <bdi>{each.node}</bdi></button>
          </li>
        ))}
      </ul>
    </>
  );
}
