// Places for nodes that have none, or for all of them: from left to right, by dagre.
import dagre from "@dagrejs/dagre";
import {heightOf, NODE_WIDTH} from "./model.js";

/** The flow with every node at a place; those that have one keep it unless `all`. */
export function laidOut(flow, all = false) {
  if (!flow.nodes.length || (!all && flow.nodes.every((node) => node.at))) return flow;
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({rankdir: "LR", nodesep: 36, ranksep: 90});
  graph.setDefaultEdgeLabel(() => ({}));
  const start = flow.nodes.find((node) => node.id === flow.start);
  for (const node of [...(start ? [start] : []), ...flow.nodes.filter((each) => each !== start)])
    graph.setNode(node.id, {width: NODE_WIDTH, height: heightOf(node)});
  for (const node of flow.nodes)
    for (const target of Object.values(node.to)) if (graph.hasNode(target)) graph.setEdge(node.id, target);
  dagre.layout(graph);
  const nodes = flow.nodes.map((node) => {
    const {x, y} = graph.node(node.id);
    return node.at && !all ? node : {...node, at: [Math.round(x - NODE_WIDTH / 2), Math.round(y - heightOf(node) / 2)]};
  });
  return {...flow, nodes};
}
