// The canvas: nodes with their ways out, drawn, dragged and connected.
import {Background, BaseEdge, Controls, getSmoothStepPath, Handle, MiniMap, Position, ReactFlow, applyNodeChanges, useReactFlow} from "@xyflow/react";
import React, {memo, useCallback, useEffect, useMemo, useState} from "react";
import {heightOf, KINDS, NODE_WIDTH, outputs, preview} from "./model.js";
import {given, span, t} from "./page.js";
import {told} from "./inspector.jsx";
import {Icon} from "./parts.jsx";

const FlowNode = memo(function FlowNode({data, selected}) {
  const {node, problem, lit, visited, isStart, figures} = data;
  const wrong = problem?.level;
  const name = node.title || t(`kind.${node.kind}`);
  return (
    <div className={`flow-node of-${node.kind}${selected ? " selected" : ""}${wrong ? ` ${wrong}` : ""}${lit ? " lit" : ""}${visited ? " visited" : ""}`}>
      <Handle type="target" position={Position.Left} id="in" aria-label={t("in")} />
      <div className="flow-node-head"><Icon name={KINDS[node.kind].icon} /><b><bdi>{name}</bdi></b>
        {isStart && <span className="chip">{t("start")}</span>}
        {wrong && <Icon name={wrong === "error" ? "circle-x" : "triangle-alert"} />}
      </div>
      {preview(node, t) && <p><bdi>{preview(node, t)}</bdi></p>}
      {problem && <p className="flow-problem">{told(problem)}</p>}
      {figures && <NodeFigures figures={figures} />}
      {outputs(node, t).map((way) => (
        <div className={`way${way.quiet ? " quiet" : ""}`} key={way.id}><bdi>{way.label}</bdi>
          <Handle type="source" position={Position.Right} id={way.id} className={node.to[way.id] ? "used" : ""} aria-label={way.label} /></div>
      ))}
    </div>
  );
});

/** What a version did at a node, or, where figures.tested, what the draft would have done. */
function NodeFigures({figures}) {
  const one = (key, words, bad) => figures[key] > 0 && <span className={bad ? "bad" : undefined}>{t(`count.${words}`, {number: figures[key]})}</span>;
  if (figures.tested) return <div className="flow-figures tested"><span>{t("count.caught", {number: figures.caught})}</span>{one("finished", "finished")}{one("handed_over", "handed_over")}{one("stuck", "stuck", true)}</div>;
  return (
    <div className="flow-figures"><span>{t("count.visits", {number: figures.visits})}</span>{figures.seconds !== null && <span>{t("answered_in", {time: span(figures.seconds)})}</span>}
      {one("misses", "missed", true)}{one("left", "left")}{one("waiting", "waiting")}</div>
  );
}

/** A line back to a node that stands before: it goes round below both. */
function BackEdge({sourceX, sourceY, targetX, targetY, data, ...more}) {
  const [path] = getSmoothStepPath({sourceX, sourceY, sourcePosition: Position.Right, targetX, targetY, targetPosition: Position.Left, borderRadius: 14, offset: 22, centerY: data.below});
  return <BaseEdge path={path} style={more.style} interactionWidth={more.interactionWidth} />;
}

/** Where a line back runs, or null for a line that leads on. */
function below(source, target) {
  if (!source?.at || !target?.at || source.at[0] + NODE_WIDTH + 20 <= target.at[0]) return null;
  return Math.max(source.at[1] + heightOf(source), target.at[1] + heightOf(target)) + 24;
}

const TYPES = {flow: FlowNode};
const LINES = {back: BackEdge};
const DELETE = ["Delete", "Backspace"];

export function Canvas({flow, selected, setSelected, problems, stand, visited, figures, move, connect, remove, add, readOnly}) {
  const worst = useMemo(() => {
    const found = {};
    for (const problem of problems) if (problem.node && found[problem.node]?.level !== "error") found[problem.node] = problem;
    return found;
  }, [problems]);
  const wanted = useMemo(() => flow.nodes.map((node) => ({
    id: node.id, type: "flow", position: {x: node.at?.[0] ?? 0, y: node.at?.[1] ?? 0}, selected: selected.includes(node.id),
    ariaLabel: `${t(`kind.${node.kind}`)}: ${node.title || node.id}`,
    data: {node, problem: worst[node.id], lit: stand === node.id, visited: visited.includes(node.id), isStart: flow.start === node.id, figures: figures?.[node.id]},
  })), [flow, selected, worst, stand, visited, figures]);
  const [nodes, setNodes] = useState(wanted);
  useEffect(() => setNodes((held) => wanted.map((node) => ({...held.find((each) => each.id === node.id), ...node}))), [wanted]);
  const [lines, setLines] = useState(new Set());
  const edges = useMemo(() => {
    const byId = new Map(flow.nodes.map((node) => [node.id, node]));
    return flow.nodes.flatMap((node) => Object.entries(node.to).map(([way, target]) => {
      const back = below(node, byId.get(target));
      return {
        id: `${node.id}:${way}`, source: node.id, sourceHandle: way, target, targetHandle: "in", animated: stand === node.id, selected: lines.has(`${node.id}:${way}`),
        ...(back === null ? {} : {type: "back", data: {below: back}}),
      };
    }));
  }, [flow, stand, lines]);

  const onNodesChange = useCallback((changes) => {
    setNodes((held) => applyNodeChanges(changes.filter((change) => change.type !== "remove"), held));
    const picked = changes.filter((change) => change.type === "select");
    if (picked.length) setSelected((held) => {
      const on = picked.filter((change) => change.selected).map((change) => change.id);
      const off = new Set(picked.filter((change) => !change.selected).map((change) => change.id));
      const next = [...held.filter((id) => !off.has(id) && !on.includes(id)), ...on];
      return next.length === held.length && next.every((id, at) => id === held[at]) ? held : next;
    });
    const placed = changes.filter((change) => change.type === "position" && change.position && change.dragging === false);
    if (placed.length && !readOnly) move(Object.fromEntries(placed.map((change) => [change.id, [change.position.x, change.position.y].map(Math.round)])));
  }, [move, readOnly]);
  const onEdgesChange = useCallback((changes) => setLines((held) => {
    const next = new Set(held);
    for (const change of changes) if (change.type === "select") next[change.selected ? "add" : "delete"](change.id);
    return next;
  }), []);
  /** Nodes go with their lines in one step; a line may go alone. The flow tells the canvas what is left. */
  const onBeforeDelete = useCallback(async (found) => {
    const ids = found.nodes.map((node) => node.id);
    const alone = found.edges.filter((edge) => edge.selected && !ids.includes(edge.source) && !ids.includes(edge.target));
    if (!readOnly) remove(ids, alone.map((edge) => [edge.source, edge.sourceHandle]));
    return false;
  }, [remove, readOnly]);
  const {screenToFlowPosition} = useReactFlow();
  const onDrop = (event) => {
    const kind = event.dataTransfer.getData("application/x-replyai-node");
    if (!kind || readOnly) return;
    event.preventDefault();
    const {x, y} = screenToFlowPosition({x: event.clientX, y: event.clientY});
    add(kind, [x, y]);
  };
  return (
    <div className="canvas" onDrop={onDrop} onDragOver={(event) => { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; }}>
      <ReactFlow nodes={nodes} edges={edges} nodeTypes={TYPES} edgeTypes={LINES} onNodesChange={onNodesChange} onEdgesChange={onEdgesChange} onBeforeDelete={onBeforeDelete}
        onConnect={(made) => connect(made.source, made.sourceHandle, made.target)} nodesDraggable={!readOnly} nodesConnectable={!readOnly}
        deleteKeyCode={readOnly ? null : DELETE} multiSelectionKeyCode="Shift" fitView={given.draft.nodes?.length > 0} fitViewOptions={{maxZoom: 1, padding: 0.2}} minZoom={0.15} maxZoom={2} connectionRadius={36}
        proOptions={{hideAttribution: false}} ariaLabelConfig={{"node.a11yDescription.default": t("a11y.node"), "edge.a11yDescription.default": t("a11y.edge"), "controls.ariaLabel": t("zoom"),
          "controls.zoomIn.ariaLabel": t("zoom_in"), "controls.zoomOut.ariaLabel": t("zoom_out"), "controls.fitView.ariaLabel": t("zoom_fit"), "minimap.ariaLabel": t("minimap")}}>
        <Background gap={20} />
        <MiniMap pannable zoomable ariaLabel={t("minimap")} />
        <Controls showInteractive={false} aria-label={t("zoom")} />
      </ReactFlow>
    </div>
  );
}
