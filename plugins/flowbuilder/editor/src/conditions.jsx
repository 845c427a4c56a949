// A condition (engine.conditions) as rows: all or any of them; what is deeper is shown and kept as JSON.
import React from "react";
import {Button, Field, Rows, Select, Text} from "./parts.jsx";
import {labels, t} from "./page.js";

const OPERATORS = ["is", "is_not", "has", "has_not", "contains", "starts", "one_of", "before", "after", "at_least", "at_most", "known", "unknown"];
const FIELDS = ["labels", "open", "language", "name", "phone", "message", "today", "time", "episode"];

const flat = (when) => {
  const [key] = Object.keys(when || {});
  if (when?.field) return {join: "all", parts: [when]};
  if ((key === "all" || key === "any") && Array.isArray(when[key]) && when[key].every((part) => part?.field)) return {join: key, parts: when[key]};
  return null;
};

/** The text of a value as it is typed: true, false and numbers are what they look like, for operators that take them. */
function typed(op, text) {
  if (op === "one_of") return text.split(",").map((word) => word.trim()).filter(Boolean);
  if (op === "at_least" || op === "at_most") return Number(text.replace(",", ".")) || 0;
  if (text === "true" || text === "false") return text === "true";
  return text;
}

export function Condition({when, names, onDone}) {
  const held = flat(when);
  if (!held) return <Deep when={when} onDone={onDone} />;
  const put = (parts, join = held.join) => onDone(parts.length === 1 ? parts[0] : {[join]: parts});
  return (
    <>
      {held.parts.length > 1 && (
        <Field label={t("which")}><Select value={held.join} options={[["all", t("all_hold")], ["any", t("any_holds")]]} onDone={(join) => put(held.parts, join)} /></Field>
      )}
      <Rows title={t("when")} items={held.parts} least={1} onDone={put} fresh={() => ({field: "labels", op: "has", value: ""})}>
        {(part, change) => <Part part={part} names={names} change={change} />}
      </Rows>
    </>
  );
}

function Part({part, names, change}) {
  const noValue = part.op === "known" || part.op === "unknown";
  const setOp = (op) => change({op, value: op === "known" || op === "unknown" ? undefined : typed(op, String(part.value ?? ""))});
  const shown = Array.isArray(part.value) ? part.value.join(", ") : part.value === undefined || part.value === null ? "" : String(part.value);
  return (
    <div className="three">
      <Text value={part.field} list="flow-fields" aria-label={t("what")} onDone={(field) => change({field})} />
      <Select value={part.op} aria-label={t("operator")} options={OPERATORS.map((op) => [op, t(`op.${op}`)])} onDone={setOp} />
      {!noValue && <Text value={shown} list={part.field === "labels" ? "flow-labels" : undefined} aria-label={t("value")} onDone={(text) => change({value: typed(part.op, text)})} />}
      <datalist id="flow-fields">{[...FIELDS, ...names].map((name) => <option key={name} value={name} />)}</datalist>
      <datalist id="flow-labels">{labels.map((label) => <option key={label} value={label} />)}</datalist>
    </div>
  );
}

function Deep({when, onDone}) {
  const [wrong, setWrong] = React.useState(null);
  const done = (text) => {
    try { onDone(JSON.parse(text)); setWrong(null); } catch (error) { setWrong(String(error.message)); }
  };
  return (
    <>
      <Field label={t("when_json")} wrong={wrong}><Text multiline rows={6} value={JSON.stringify(when, null, 1)} onDone={done} /></Field>
      <Button small onClick={() => onDone({field: "labels", op: "has", value: ""})}>{t("start_over")}</Button>
    </>
  );
}
