// Places for nodes that have none, or for all of them: from left to right, by dagre.
import dagre from "@dagrejs/dagre";
import {heightOf, NODE_WIDTH} from "./model.js";

const ALL_LINES = 60; // nodes up to which every line counts; in larger flows the first line to a node, or it takes long

/** The flow with every node at a place; those that have one keep it unless `all`. */
export function laidOut(flow, all = false) {
  if (!flow.nodes.length || (!all && flow.nodes.every((node) => node.at))) return flow;
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({rankdir: "LR", nodesep: 36, ranksep: 90});
  graph.setDefaultEdgeLabel(() => ({}));
  const ordered = fromStart(flow);
  for (const node of ordered) graph.setNode(node.id, {width: NODE_WIDTH, height: heightOf(node)});
  const reached = new Set();
  for (const node of ordered) for (const target of Object.values(node.to)) {
    if (!graph.hasNode(target) || (ordered.length > ALL_LINES && (reached.has(target) || target === flow.start))) continue;
    reached.add(target);
    graph.setEdge(node.id, target);
  }
  dagre.layout(graph);
  const nodes = flow.nodes.map((node) => {
    const {x, y} = graph.node(node.id);
    return node.at && !all ? node : {...node, at: [Math.round(x - NODE_WIDTH / 2), Math.round(y - heightOf(node) / 2)]};
  });
  return {...flow, nodes};
}

/** The nodes as they are come to from the start, the nearest first; then those that nothing leads to. */
function fromStart(flow) {
  const byId = new Map(flow.nodes.map((node) => [node.id, node]));
  const found = new Set();
  for (const first of [byId.get(flow.start), ...flow.nodes]) {
    const todo = first ? [first] : [];
    for (const node of todo) {
      if (found.has(node)) continue;
      found.add(node);
      for (const target of Object.values(node.to)) if (byId.has(target)) todo.push(byId.get(target));
    }
  }
  return [...found];
}
