// The editor of one flow: bar, palette, canvas, and beside it inspector, test chat or versions.
import {ReactFlowProvider, useReactFlow} from "@xyflow/react";
import React, {useCallback, useEffect, useMemo, useReducer, useRef, useState} from "react";
import {createRoot} from "react-dom/client";
import {Canvas} from "./canvas.jsx";
import {TestChat} from "./chat.jsx";
import {Inspector} from "./inspector.jsx";
import {laidOut} from "./layout.js";
import * as model from "./model.js";
import {ask, given, may, root, t} from "./page.js";
import {Button, Icon} from "./parts.jsx";
import {Past} from "./past.jsx";

const KEPT = 100; // steps that can be undone
const AUTOSAVE = 700; // milliseconds without a change
const CLIPBOARD = "replyai-flow-nodes";

/** The flow with its history: {flow, past, future}. */
function history(state, step) {
  if (step.theirs) return {flow: step.theirs, past: [], future: []};
  if (step.undo) return state.past.length ? {flow: state.past.at(-1), past: state.past.slice(0, -1), future: [state.flow, ...state.future]} : state;
  if (step.redo) return state.future.length ? {flow: state.future[0], past: [...state.past, state.flow], future: state.future.slice(1)} : state;
  const flow = step(state.flow);
  return flow === state.flow ? state : {flow, past: [...state.past, state.flow].slice(-KEPT), future: []};
}

function Editor() {
  const [{flow, past, future}, dispatch] = useReducer(history, null, () => ({flow: laidOut(model.opened(given.draft)), past: [], future: []}));
  const [selected, setSelected] = useState([]);
  const [problems, setProblems] = useState([]);
  const [panel, setPanel] = useState("inspector");
  const [stand, setStand] = useState({node: null, visited: []});
  const [figures, setFigures] = useState(null);
  const [publishing, setPublishing] = useState(false);
  const {state, refusal, publish, published, take, load} = useSaved(flow, dispatch);
  const {fitView, getViewport, setCenter} = useReactFlow();
  const readOnly = !may.write;
  const change = useCallback((make) => { if (!readOnly) dispatch(make); }, [readOnly]);

  useEffect(() => {
    const timer = setTimeout(async () => {
      const answer = await ask("/api/flows/check", "POST", {definition: flow});
      if (answer.ok) setProblems(answer.data.problems);
    }, 250);
    return () => clearTimeout(timer);
  }, [flow]);

  const edit = useCallback((id, fields) => change((held) => model.changed(held, id, fields)), [change]);
  const editFlow = useCallback((fields) => change((held) => ({...held, ...fields})), [change]);
  const connect = useCallback((source, way, target) => change((held) => model.connected(held, source, way, target)), [change]);
  const remove = useCallback((ids, lines = []) => {
    change((held) => lines.reduce((next, [source, way]) => model.connected(next, source, way, null), model.removed(held, ids)));
    if (ids.length) setSelected([]);
  }, [change]);
  const move = useCallback((places) => change((held) => ({...held, nodes: held.nodes.map((node) => (places[node.id] ? {...node, at: places[node.id]} : node))})), [change]);
  const select = useCallback((id) => {
    const node = model.find(flow, id);
    if (!node) return;
    setSelected([id]);
    if (node.at) setCenter(node.at[0] + model.NODE_WIDTH / 2, node.at[1] + 60, {zoom: Math.max(0.6, getViewport().zoom), duration: 150});
  }, [flow, setCenter, getViewport]);

  const fresh = useRef(null);
  useEffect(() => {
    if (!fresh.current || selected[0] !== fresh.current) return;
    fresh.current = null;
    document.querySelector(".inspector [data-first], .inspector input")?.focus();
  });

  /** A new node of a kind at a place, or beside the one it comes from. */
  const add = (kind, at, from, way) => {
    const source = from && model.find(flow, from);
    const last = flow.nodes.at(-1);
    const place = at || (source ? [source.at[0] + model.NODE_WIDTH + 90, source.at[1] + 40 * Object.keys(source.to).length] : last ? [last.at[0] + 40, last.at[1] + model.heightOf(last) + 40] : [0, 0]);
    const id = model.freeId(flow, kind);
    change((held) => {
      const [next] = model.added(held, kind, place);
      return source ? model.connected(next, from, way, id) : next;
    });
    setSelected([id]);
    setPanel("inspector");
    fresh.current = id;
  };
  const create = (kindOrNode, from, way) => {
    if (typeof kindOrNode === "string") return add(kindOrNode, null, from, way);
    change((held) => model.pasted(held, [kindOrNode])[0]);
  };
  const copy = () => {
    const nodes = flow.nodes.filter((node) => selected.includes(node.id));
    if (nodes.length) { try { localStorage.setItem(CLIPBOARD, JSON.stringify(nodes)); } catch { /* full: nothing is copied */ } }
  };
  const paste = () => {
    let nodes = [];
    try { nodes = JSON.parse(localStorage.getItem(CLIPBOARD)) || []; } catch { return; }
    const [next, ids] = model.pasted(flow, nodes);
    if (ids.length) { change(() => next); setSelected(ids); }
  };
  const layout = () => { change((held) => laidOut(held, true)); setTimeout(() => fitView({duration: 150, maxZoom: 1}), 50); };

  useEffect(() => {
    const onKey = (event) => {
      if (event.target.closest("input, textarea, select, dialog")) return;
      const command = event.ctrlKey || event.metaKey;
      const run = command && {z: () => dispatch(event.shiftKey ? {redo: true} : {undo: true}), y: () => dispatch({redo: true}), c: copy, v: paste,
        a: () => setSelected(flow.nodes.map((node) => node.id)), d: () => selected.length === 1 && create(model.find(flow, selected[0]))}[event.key.toLowerCase()];
      if (!run || (event.key.toLowerCase() === "c" && String(getSelection()))) return;
      event.preventDefault();
      run();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  const node = selected.length === 1 ? model.find(flow, selected[0]) : null;
  const errors = problems.filter((problem) => problem.level === "error");
  const onStand = useCallback((id, visited) => setStand({node: id, visited}), []);
  useEffect(() => { if (panel !== "inspector") document.querySelector(".flow-panel").scrollIntoView({block: innerWidth < 760 ? "start" : "nearest"}); }, [panel]);
  const toggle = (name) => setPanel(panel === name ? "inspector" : name);
  return (
    <>
      <header className="flow-bar">
        <a className="icon-btn" href={`${root}/flows`} aria-label={t("back")} title={t("back")}><Icon name="chevron-left" /></a>
        <h1><bdi>{flow.name}</bdi></h1>
        <span className="muted state-line" role="status">{refusal || t(`state.${state}`)}{published ? ` · ${t("version", {number: published})}` : ` · ${t("never_published")}`}</span>
        <span className="grow" />
        <Button icon="undo-2" label={t("undo")} disabled={!past.length || readOnly} onClick={() => dispatch({undo: true})} />
        <Button icon="redo-2" label={t("redo")} disabled={!future.length || readOnly} onClick={() => dispatch({redo: true})} />
        <Button icon="workflow" label={t("layout")} disabled={readOnly} onClick={layout} />
        <Button icon="clock" small aria-pressed={panel === "past"} onClick={() => toggle("past")} aria-label={t("versions")}><span className="wide">{t("versions")}</span></Button>
        <Button icon="smartphone" small aria-pressed={panel === "chat"} onClick={() => toggle("chat")} aria-label={t("test_chat")}><span className="wide">{t("test_chat")}</span></Button>
        {errors.length > 0 && <Button icon="circle-x" small onClick={() => (errors[0].node ? select(errors[0].node) : setSelected([]))}>{t("errors", {number: errors.length})}</Button>}
        {!readOnly && <Button primary aria-haspopup="dialog" onClick={() => setPublishing(true)} disabled={errors.length > 0 || state === "conflict"}>{t("publish")}</Button>}
      </header>
      {publishing && <Publish onDone={(note) => { setPublishing(false); if (note !== null) publish(note); }} />}
      {state === "conflict" && (
        <div className="banner warn" role="alert"><Icon name="triangle-alert" /> {t("conflict")}
          <Button small onClick={load}>{t("load_theirs")}</Button><Button small onClick={take}>{t("keep_mine")}</Button></div>
      )}
      <div className="flow-work">
        <nav className="flow-palette" aria-label={t("nodes")}>
          {Object.entries(model.KINDS).map(([kind, {icon}]) => (
            <button type="button" key={kind} draggable={!readOnly} disabled={readOnly} title={t(`about.${kind}`)} data-kind={kind}
              onDragStart={(event) => event.dataTransfer.setData("application/x-replyai-node", kind)} onClick={() => add(kind)}>
              <Icon name={icon} /> {t(`kind.${kind}`)}
            </button>
          ))}
        </nav>
        <main id="main" tabIndex="-1" aria-label={t("canvas")}>
          <Canvas {...{flow, selected, setSelected, problems, move, connect, remove, add, readOnly}} stand={stand.node} visited={stand.visited} figures={figures} />
          {!flow.nodes.length && <div className="empty over"><Icon name="bot" /><b>{t("empty")}</b><span>{t("empty_hint")}</span></div>}
        </main>
        <aside className="flow-panel" aria-label={t("details")}>
          {panel === "inspector" && <Inspector {...{flow, node, problems, edit, editFlow, connect, remove, create, select, readOnly}}
            start={(id) => editFlow({start: id})} rename={(id, name) => { change((held) => model.renamed(held, id, name)); setSelected([name]); }} />}
          {panel === "chat" && <TestChat {...{flow, onStand, select}} />}
          {panel === "past" && <Past {...{flow, figures, setFigures, readOnly, node, select}} published={published} onRestore={load} />}
        </aside>
      </div>
    </>
  );
}

/** Asks what is new in the version; calls onDone with the note, or with null where nothing is to be published. */
function Publish({onDone}) {
  const dialog = useRef(null), note = useRef(null);
  useEffect(() => { dialog.current.showModal(); note.current.focus(); }, []);
  const submit = (event) => {
    event.preventDefault();
    onDone(note.current.value.trim());
  };
  return (
    <dialog ref={dialog} className="publish" aria-label={t("publish")} onCancel={() => onDone(null)}>
      <div className="dialog-head"><h2>{t("publish")}</h2><Button icon="x" label={t("close")} onClick={() => onDone(null)} /></div>
      <form onSubmit={submit}>
        <p className="muted">{t("publish_hint")}</p>
        <div className="field"><label htmlFor="publish-note">{t("publish_note")}</label><input type="text" id="publish-note" ref={note} maxLength={500} /></div>
        <button type="submit" className="btn primary">{t("publish_now")}</button>
      </form>
    </dialog>
  );
}

/** Keep the draft on the server: {state: saved | saving | unsaved | refused | conflict, refusal, publish, published, take, load}. */
function useSaved(flow, dispatch) {
  const [state, setState] = useState("saved");
  const [published, setPublished] = useState(given.number);
  const [refusal, setRefusal] = useState(null);
  const rev = useRef(given.draft_rev);
  const kept = useRef(JSON.stringify(flow));
  const latest = useRef(flow);
  const newest = useRef(given.draft_rev); // that the feed told of
  const busy = useRef(false);
  latest.current = flow;

  /** Take over what the server has. */
  const load = useCallback(async () => {
    const answer = await ask(`/api/flows/${given.id}`);
    if (!answer.ok) return;
    const theirs = laidOut(model.opened(answer.data.draft));
    rev.current = answer.data.draft_rev;
    kept.current = JSON.stringify(theirs);
    setPublished(answer.data.number);
    setState("saved");
    dispatch({theirs});
  }, [dispatch]);
  /** Follow what somebody else saved, where nothing of ours is waiting; else it is a conflict. */
  const follow = useCallback(() => {
    if (busy.current || newest.current <= rev.current) return;
    if (JSON.stringify(latest.current) === kept.current) load(); else setState("conflict");
  }, [load]);
  useEffect(() => {
    followed((document) => {
      setPublished(document.number);
      newest.current = Math.max(newest.current, document.draft_rev);
      follow();
    });
  }, [follow]);

  /** A refusal is of another's draft, or of this one: a name that is taken, say. */
  const notSaved = async (answer) => {
    if (answer.status < 400 || answer.status >= 500) return setState("unsaved");
    const theirs = await ask(`/api/flows/${given.id}`);
    if (theirs.ok && theirs.data.draft_rev !== rev.current) return setState("conflict");
    const reason = answer.data?.error?.message || "";
    setRefusal(/there is a flow '.*' already/.test(reason) ? t("name_taken") : reason);
    return setState("refused");
  };
  const save = useCallback(async () => {
    const definition = latest.current, text = JSON.stringify(definition);
    if (text === kept.current) { setState((held) => (held === "conflict" ? held : "saved")); return true; }
    setState("saving");
    busy.current = true;
    const answer = await ask(`/api/flows/${given.id}`, "PATCH", {definition, rev: rev.current});
    busy.current = false;
    setRefusal(null);
    if (!answer.ok) { await notSaved(answer); return false; }
    rev.current = answer.data.draft_rev;
    kept.current = text;
    setState("saved");
    follow();
    return true;
  }, [follow]);
  useEffect(() => {
    if (!may.write) return undefined;
    if (JSON.stringify(flow) === kept.current) {
      setRefusal(null);
      setState((held) => (held === "conflict" ? held : "saved"));
      return undefined;
    }
    setState((held) => (held === "conflict" ? held : "saving"));
    const timer = setTimeout(save, AUTOSAVE);
    return () => clearTimeout(timer);
  }, [flow, save]);
  useEffect(() => {
    if (state !== "unsaved") return undefined; // the network or the engine is away for a while
    const timer = setInterval(save, 3000);
    return () => clearInterval(timer);
  }, [state, save]);
  useEffect(() => {
    const warn = (event) => { if (JSON.stringify(latest.current) !== kept.current && may.write) event.preventDefault(); };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, []);
  const publish = async (note) => {
    if (!await save()) return;
    const answer = await ask(`/api/flows/${given.id}/publish`, "POST", {note});
    if (answer.ok) setPublished(answer.data.number);
    tell(answer.ok ? t("published", {number: answer.data.number}) : answer.data?.error?.message || t("unreachable"));
  };
  const take = async () => {
    const answer = await ask(`/api/flows/${given.id}`);
    if (!answer.ok) return;
    rev.current = answer.data.draft_rev;
    kept.current = "";
    setState("saving");
    save();
  };
  return {state, refusal, publish, published, take, load};
}

const FEED = new URL("../../static/js/feed.js", import.meta.url).href; // the pages' own module, not a part of this file

/** Call `run` with this flow's document whenever it changes, here or at somebody else's. */
async function followed(run) {
  const {on, start} = await import(FEED);
  const look = async () => {
    const answer = await ask(`/api/flows/${given.id}`);
    if (answer.ok) run(answer.data);
  };
  on("changes", ({changes}) => { if (changes.some((each) => each.collection === "flow" && each.id === given.id)) look(); });
  on("resync", look);
  start();
}

function tell(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), 5000);
}

createRoot(document.getElementById("flow-editor")).render(<ReactFlowProvider><Editor /></ReactFlowProvider>);
