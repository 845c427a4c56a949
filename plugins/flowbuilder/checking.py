"""What is wrong with a flow, said of the node where it is; a flow without errors cannot go wrong later."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from marshmallow import ValidationError

from .nodes import KINDS, WAITING, Definition, outputs

Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. node: where, or None for the flow; level: ``error`` or ``warning``.

    code and about are for a page that says it in another language.
    """

    node: str | None
    code: str
    message: str
    level: str = "error"
    about: str = ""

    def plain(self) -> Json:
        """Return it as data."""
        return asdict(self)


class BadFlow(ValueError):
    """A flow with errors; the text names the first ones."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = [p for p in problems if p.level == "error"]
        super().__init__("; ".join(f"{p.node or 'flow'}: {p.message}" for p in self.problems[:5]))


def loaded(definition: Any) -> Json:
    """Return a flow with its defaults filled in; BadFlow where it has errors."""
    flow, problems = examine(definition)
    if flow is None or any(problem.level == "error" for problem in problems):
        raise BadFlow(problems)
    return flow


def check(definition: Any) -> list[Problem]:
    """Return what is wrong with a flow, errors first."""
    _, problems = examine(definition)
    return sorted(problems, key=lambda problem: problem.level != "error")


def examine(definition: Any) -> tuple[Json | None, list[Problem]]:
    """Return a flow with its defaults filled in (None where it has no shape), and what is wrong with it."""
    if not isinstance(definition, dict):
        return None, [Problem(None, "shape", "a flow is a JSON object")]
    try:
        flow: Json = Definition().load(definition)
    except ValidationError as error:
        return None, [*_of_schema(None, error), *_nodes(definition.get("nodes"))[1]]
    nodes, problems = _nodes(flow["nodes"])
    flow["nodes"] = nodes
    known = {node["id"] for node in nodes}
    problems += _ids(nodes)
    if flow["start"] not in {
        str((node or {}).get("id")) for node in definition["nodes"] if isinstance(node, dict)
    }:
        problems.append(Problem(None, "start", f"it starts at {flow['start']!r}, which is no node"))
    for node in nodes:
        problems += _ways_out(node, known)
    if not any(problem.level == "error" for problem in problems):
        problems += _of_graph(flow)
    return flow, problems


def _nodes(given: Any) -> tuple[list[Json], list[Problem]]:
    nodes: list[Json] = []
    problems: list[Problem] = []
    for number, node in enumerate(given if isinstance(given, list) else ()):
        id = node.get("id") if isinstance(node, dict) else None
        place = id if isinstance(id, str) else f"#{number + 1}"
        kind = (
            KINDS.get(node.get("kind", ""))
            if isinstance(node, dict) and isinstance(node.get("kind"), str)
            else None
        )
        if kind is None:
            problems.append(Problem(place, "kind", f"kind is one of {', '.join(KINDS)}"))
            continue
        try:
            nodes.append(kind().load(node))
        except ValidationError as error:
            problems += _of_schema(place, error)
    return nodes, problems


def _of_schema(node: str | None, error: ValidationError) -> Iterator[Problem]:
    for path, text in _leaves(error.normalized_messages(), ()):
        yield Problem(node, "field", f"{'.'.join(path)}: {text}", about=".".join(path))


def _leaves(messages: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _leaves(inner, path if key == "_schema" else (*path, str(key)))
    else:
        for text in messages if isinstance(messages, list) else [messages]:
            yield path, str(text)


def _ids(nodes: list[Json]) -> Iterator[Problem]:
    seen: set[str] = set()
    for node in nodes:
        if node["id"] in seen:
            yield Problem(node["id"], "twice", "two nodes have this id")
        seen.add(node["id"])
        for key in ("options", "cases", "paths"):
            ids = [each["id"] for each in node.get(key, ())]
            if len(ids) != len(set(ids)):
                yield Problem(node["id"], "twice_inside", f"two of its {key} have one id", about=key)


def _ways_out(node: Json, known: set[str]) -> Iterator[Problem]:
    there = outputs(node)
    for way, target in node["to"].items():
        if way not in there:
            yield Problem(
                node["id"],
                "way",
                f"it has no way out {way!r}; it has {', '.join(there) or 'none'}",
                about=way,
            )
        elif target not in known:
            yield Problem(node["id"], "target", f"{way} leads to {target!r}, which is no node", about=way)
    if node["parent"] is not None and node["parent"] not in known:
        yield Problem(node["id"], "parent", f"its parent {node['parent']!r} is no node")


def _of_graph(flow: Json) -> Iterator[Problem]:
    by_id = {node["id"]: node for node in flow["nodes"]}
    reached = _reached(flow["start"], by_id)
    for node in flow["nodes"]:
        if node["id"] not in reached:
            yield Problem(node["id"], "unreached", "nothing leads here", "warning")
        yield from _unsaid(node)
    yield from _endless(by_id, reached)
    if not flow["triggers"]:
        yield Problem(None, "untriggered", "nothing begins this flow but another flow", "warning")


def _unsaid(node: Json) -> Iterator[Problem]:
    kind, to = node["kind"], node["to"]
    if kind == "message" and not node["text"].strip() and not node["media"]:
        yield Problem(node["id"], "empty", "it says nothing")
    if kind == "menu":
        for option in node["options"]:
            if f"option.{option['id']}" not in to:
                message = f"option {option['id']} leads nowhere"
                yield Problem(node["id"], "open", message, about=f"option.{option['id']}")
    if kind == "split" and not any(path["weight"] for path in node["paths"]):
        yield Problem(node["id"], "weightless", "all of its paths have weight 0")
    if kind == "label" and not (node["add"] or node["remove"]):
        yield Problem(node["id"], "empty", "it puts no label on and takes none off", "warning")


def _reached(start: str, by_id: dict[str, Json]) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        id = todo.pop()
        if id in found or id not in by_id:
            continue
        found.add(id)
        todo += by_id[id]["to"].values()
    return found


def at_once(node: Json) -> Iterable[str]:
    """Return where a node leads without waiting for anybody."""
    return () if node["kind"] in WAITING else node["to"].values()


def _endless(by_id: dict[str, Json], reached: set[str]) -> Iterator[Problem]:
    """Find nodes that lead back to themselves without a wait, each circle once."""
    state: dict[str, int] = {}
    for first in by_id:
        stack = [(first, iter(at_once(by_id[first])))] if first not in state else []
        if stack:
            state[first] = 1
        while stack:
            id, following = stack[-1]
            target = next(following, None)
            if target is None:
                state[id] = 2
                stack.pop()
            elif state.get(target) == 1:
                names = [each for each, _ in stack]
                circle = " → ".join([*names[names.index(target) :], target])
                yield Problem(target, "circle", f"a circle without a wait: {circle}", about=circle)
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(at_once(by_id[target]))))
