// The test chat: the draft, run by the server's own function, a step at a time.
import React, {useEffect, useRef, useState} from "react";
import {told} from "./inspector.jsx";
import {find} from "./model.js";
import {ask, span, t} from "./page.js";
import {Button, downloaded, Field, Icon, Text} from "./parts.jsx";

const SILENT = ["click", "label_added", "campaign_reply"]; // what begins a flow without a text

export function TestChat({flow, onStand, select}) {
  const [steps, setSteps] = useState([]);
  const [chat, setChat] = useState(null);
  const [text, setText] = useState("");
  const end = useRef(null);

  useEffect(() => {
    let late = false;
    ask("/api/flows/try", "POST", {definition: flow, steps}).then((answer) => {
      if (late) return;
      const found = answer.ok ? answer.data : {talk: [], problems: [], error: answer.data?.error?.message || t("unreachable")};
      setChat(found);
      onStand(found.node || null, found.visited || []);
    });
    return () => { late = true; };
  }, [flow, steps]);
  useEffect(() => { end.current?.scrollIntoView({block: "nearest"}); }, [chat]);
  useEffect(() => () => onStand(null, []), []);

  const add = (step) => setSteps([...steps, step]);
  const silent = [...new Set((flow.triggers || []).map((trigger) => trigger.on).filter((on) => SILENT.includes(on)))];
  const send = (event) => {
    event.preventDefault();
    if (!text) return;
    add({customer: text});
    setText("");
  };
  const save = async () => {
    const answer = await ask("/api/flows/transcript", "POST", {definition: flow, steps});
    if (!answer.ok || !answer.data.yaml) return;
    downloaded(answer.data.file, answer.data.yaml, "application/yaml");
  };
  return (
    <section className="test-chat" aria-label={t("test_chat")}>
      <div className="panel-title"><Icon name="smartphone" /><h2>{t("test_chat")}</h2>
        <Button icon="download" label={t("save_test")} onClick={save} disabled={!steps.length} />
        <Button icon="rotate-ccw" label={t("start_over")} onClick={() => setSteps([])} disabled={!steps.length} />
      </div>
      <div className="talk" role="log" aria-live="polite">
        {!steps.length && <p className="muted">{t("test_hint")}</p>}
        {!steps.length && silent.map((on) => <Button small icon="play" key={on} onClick={() => add({start: on})}>{t(`on.${on}`)}</Button>)}
        {chat?.talk.map((each, at) => <Said key={at} each={each} select={select} />)}
        {chat?.problems?.map((problem, at) => <p key={at} className="wrong">{problem.node ? `${problem.node}: ` : ""}{told(problem)}</p>)}
        {chat?.error && !chat.problems?.length && <p className="wrong">{chat.error}</p>}
        {chat && steps.length > 0 && !chat.talk.some((each) => each.by === "bot") && !chat.error && <p className="muted">{t("no_answer")}</p>}
        {chat?.ended && <p className="muted">{t("ended", {how: t(`ended.${chat.ended}`)})}</p>}
        <div ref={end} />
      </div>
      {chat?.waits > 0 && <Button small icon="clock" onClick={() => add({wait: `${Math.ceil(chat.waits)} seconds`})}>{t("skip", {time: span(chat.waits)})}</Button>}
      {chat?.state === "calling" && <Service node={find(flow, chat.node)} add={add} />}
      <form className="say" onSubmit={send}>
        <input type="text" value={text} onChange={(event) => setText(event.target.value)} placeholder={t("write_as_customer")} aria-label={t("write_as_customer")} />
        <button type="submit" className="btn primary" aria-label={t("send")}><Icon name="send" /></button>
      </form>
    </section>
  );
}

/** What the service that was called answers: a value for each part that is kept, or a failure. */
function Service({node, add}) {
  const [values, setValues] = useState({});
  const paths = [...new Set(Object.values(node?.save || {}))];
  return (
    <div className="service">
      {paths.map((path) => <Field key={path} label={path}><Text value={values[path]} onDone={(value) => setValues({...values, [path]: value})} /></Field>)}
      <Button small icon="globe" onClick={() => add({service: values})}>{t("let_answer")}</Button>
      <Button small icon="circle-x" onClick={() => add({service: "error"})}>{t("let_fail")}</Button>
    </div>
  );
}

function Said({each, select}) {
  if (each.by === "bot") return <button type="button" className="b bot" onClick={() => select(each.node)} title={each.node}><bdi>{each.text}</bdi></button>;
  if (each.by === "customer") return <div className="b customer"><bdi>{each.text}</bdi></div>;
  if (each.by === "time") return <p className="muted time">{t("later", {time: each.text})}</p>;
  return <p className="muted">{t(`did.${each.do}`, {name: [...(each.add || []), each.field, each.team, each.url].filter(Boolean).join(", ")})}</p>;
}
