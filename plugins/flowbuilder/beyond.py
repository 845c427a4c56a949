"""What is wrong with a flow beyond itself: in what it names, and in circles through other flows."""

from collections.abc import Iterable, Iterator
from typing import Any

from . import reading
from .checking import Problem, at_once

Json = dict[str, Any]


def problems(documents: Any, flow: Json, own: str = "") -> Iterator[Problem]:
    """Yield what is wrong with a flow without errors, given the others. own: its id, if it has one."""
    for node in flow["nodes"]:
        if node["kind"] == "goto" and _target(documents, node["flow"], flow, own) is None:
            yield Problem(node["id"], "goto", f"no flow {node['flow']!r} runs", "warning", node["flow"])
        if node["kind"] == "hand_over":
            yield from _people(documents, node)
    circle = _circle(documents, flow, own)
    if circle:
        yield Problem(None, "circle", f"a circle without a wait: {circle}", about=circle)


def _people(documents: Any, node: Json) -> Iterator[Problem]:
    for kind, found in (("team", reading.team_id), ("agent", reading.agent_id)):
        if node[kind] and found(documents, node[kind]) is None:
            yield Problem(node["id"], kind, f"there is no {kind} {node[kind]!r}", "warning", node[kind])


def _target(documents: Any, named: str, flow: Json, own: str) -> Json | None:
    """Return the definition that a name leads to, once *flow* is published."""
    if named in (flow["name"], own):
        return flow
    found = reading.published(documents, named)
    if found is None:
        return None
    return flow if found.flow == own else found.definition


def _circle(documents: Any, flow: Json, own: str) -> str | None:
    """Return the names on a way that leads from a flow to itself with no wait in between, or None."""
    todo = [(flow, (flow["name"],))]
    seen: set[str] = set()
    while todo:
        here, way = todo.pop()
        for named in _gone_to(here):
            target = _target(documents, named, flow, own)
            if target is flow:
                return " → ".join((*way, flow["name"]))
            if target and target["name"] not in seen:
                seen.add(target["name"])
                todo.append((target, (*way, target["name"])))
    return None


def _gone_to(flow: Json) -> Iterable[str]:
    """Return the flows that a flow goes to from its start without waiting for anybody."""
    nodes = {node["id"]: node for node in flow["nodes"]}
    found: dict[str, None] = {}
    todo = [flow["start"]]
    while todo:
        node = nodes.get(todo.pop())
        if node is not None and node["id"] not in found:
            found[node["id"]] = None
            todo += at_once(node)
    return [nodes[id]["flow"] for id in found if nodes[id]["kind"] == "goto"]
