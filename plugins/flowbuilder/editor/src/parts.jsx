// Small parts that the editor is made of.
import React, {useEffect, useId, useRef, useState} from "react";
import {Icons, t} from "./page.js";

export const Icon = ({name}) => <svg className="icon" aria-hidden="true"><use href={`${Icons}#${name}`} /></svg>;

export function Button({icon, children, primary, small, label, ...more}) {
  const kind = children ? `btn${primary ? " primary" : ""}${small ? " small" : ""}` : "icon-btn";
  return <button type="button" className={kind} aria-label={label} title={label} {...more}>{icon && <Icon name={icon} />}{children}</button>;
}

/** A field with its label, and what is wrong with it. */
export function Field({label, wrong, hint, children}) {
  const id = useId();
  return (
    <div className="field" data-wrong={wrong ? "" : undefined}>
      <label htmlFor={id}>{label}</label>
      {React.cloneElement(children, {id, "aria-invalid": wrong ? true : undefined, "aria-describedby": wrong ? `${id}-wrong` : undefined})}
      {hint && <small>{hint}</small>}
      {wrong && <span className="wrong" id={`${id}-wrong`}>{wrong}</span>}
    </div>
  );
}

const PAUSE = 800; // milliseconds without a key, after which a text is kept

/** A text that is kept when it is left or its writer pauses, so that a change is a step of undo; lazy: only when it is left. */
export function Text({value, onDone, multiline, lazy, rows = 3, ...more}) {
  const [held, hold] = useState(value ?? "");
  const writing = useRef(false), timer = useRef(null), keep = useRef(null);
  useEffect(() => { if (!writing.current) hold(value ?? ""); }, [value]);
  keep.current = () => {
    clearTimeout(timer.current);
    timer.current = null;
    if (held !== (value ?? "")) onDone(held);
  };
  useEffect(() => () => { if (timer.current) keep.current(); }, []);
  const onChange = (event) => {
    writing.current = true;
    hold(event.target.value);
    clearTimeout(timer.current);
    if (!lazy) timer.current = setTimeout(() => keep.current(), PAUSE);
  };
  const how = {value: held, onChange, onBlur: () => { writing.current = false; keep.current(); }, ...more};
  if (multiline) return <textarea className="input" rows={rows} {...how} />;
  return <input type="text" {...how} onKeyDown={(event) => { if (event.key === "Enter") keep.current(); }} />;
}

export function Select({value, options, onDone, ...more}) {
  return (
    <select value={value ?? ""} onChange={(event) => onDone(event.target.value)} {...more}>
      {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
    </select>
  );
}

export const Check = ({label, value, onDone}) => (
  <label className="check"><input type="checkbox" checked={!!value} onChange={(event) => onDone(event.target.checked)} /> {label}</label>
);

/** Words in a line, apart by commas. */
export const Words = ({value, onDone, ...more}) => (
  <Text value={(Array.isArray(value) ? value : []).join(", ")} onDone={(text) => onDone(text.split(",").map((word) => word.trim()).filter(Boolean))} {...more} />
);

/** A number, or null where nothing is written. */
export const Number_ = ({value, onDone, ...more}) => (
  <Text value={value === null || value === undefined ? "" : String(value)} inputMode="decimal" {...more}
    onDone={(text) => onDone(text.trim() === "" ? null : Number.isFinite(+text.replace(",", ".")) ? +text.replace(",", ".") : text)} />
);

/** A list of rows that can be added to and taken from. */
export function Rows({title, items, fresh, children, onDone, least = 0}) {
  const put = (at, item) => onDone(items.map((each, number) => (number === at ? item : each)));
  return (
    <fieldset className="plain rows"><legend>{title}</legend>
      {items.map((item, at) => (
        <div className="row-edit" key={at}>
          {children(item, (fields) => put(at, {...item, ...fields}), at)}
          <Button icon="trash-2" label={t("remove")} disabled={items.length <= least} onClick={() => onDone(items.filter((_, number) => number !== at))} />
        </div>
      ))}
      <Button icon="plus" small onClick={() => onDone([...items, fresh(items)])}>{t("add")}</Button>
    </fieldset>
  );
}

/** Have the browser keep a text as a file. */
export function downloaded(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type}));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
