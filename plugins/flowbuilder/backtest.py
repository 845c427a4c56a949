"""What a draft would have done on the days that were: by replay of what was recorded, on a copy.

The draft is put there as a published flow of its own, in the place of the flow that it changes, and the
recording runs through the engine again (`engine.replay`): customers and people write what they wrote, the
bot's timers fire when they are due, and nothing is sent. What a conversation came to is then read from
the moves that the replay reports.
"""

from collections.abc import Iterator
from typing import Any

from engine import where

from .checking import loaded
from .compiled import hash_of
from .reading import LIVE

Json = dict[str, Any]
DRAFT = "backtest"
HOW = {
    "goal": "finished", "end": "finished", "person": "handed_over", "stuck": "stuck", "loop": "stuck",
    "cancelled": "left", "expired": "left",
}  # fmt: skip
COUNTED = ("finished", "handed_over", "stuck", "left", "silent", "running")
LISTED = 500


def documents_of(documents: Any, definition: Any, flow: str | None = None) -> dict[str, list[Json]]:
    """Return the documents to put before a replay; BadFlow where the draft has errors.

    flow: the id of the flow that the draft changes; without one, that of the draft's name, if there is one.
    """
    draft = loaded(definition)
    hash = hash_of(draft)
    version = {
        "id": DRAFT, "flow": DRAFT, "number": 0, "definition": draft, "hash": hash,
        "published_at": None, "published_by": None, "note": "",
    }  # fmt: skip
    before = _changed(documents, draft["name"], flow)
    flows = [_flow(draft, hash, before)]
    if before:
        flows.append({**before, "enabled": False})
    others = documents.table("flow_live").get(doc_id=LIVE) or {}
    live = {"id": LIVE, "hash": hash_of({"backtest": hash, "others": others.get("hash")})}
    return {"flow": flows, "flow_version": [version], "flow_live": [live]}


def _changed(documents: Any, name: str, flow: str | None) -> Json | None:
    table = documents.table("flow")
    found = table.get(doc_id=flow) if flow else None
    if found is None:
        named = [each for each in table.search(where("name") == name) if not each.get("removed_at")]
        found = named[0] if named else None
    return {**found, "id": found.doc_id} if found else None


def _flow(draft: Json, hash: str, before: Json | None) -> Json:
    """Return the draft as a flow that is on; among equals it has the age of the one that it changes."""
    return {
        "id": DRAFT, "name": draft["name"], "runs_as": draft["name"], "enabled": True, "draft": draft,
        "draft_rev": 0, "draft_by": None, "draft_at": None, "published": DRAFT, "number": 0, "hash": hash,
        "removed_at": None, "created_at": before["created_at"] if before else "",
    }  # fmt: skip


def found_in(report: Json) -> Json:
    """Return what a replay with a draft came to.

    ``{caught, finished, handed_over, stuck, left, silent, running, nodes: {node: {caught, finished, …}},
    conversations: [{conversation, name, at, node, how}]}``, each counting runs of the flow. A node's
    *caught* counts the runs that came there, the others those that ended there. *silent*: a person had
    answered; *left*: cancelled, or no answer came; *running*: it was under way at the end.
    """
    runs = [run for changed in report["conversations"] for run in _runs(changed)]
    nodes: dict[str, Json] = {}
    for run in runs:
        for node in run["nodes"]:
            _count(nodes, node, "caught")
        _count(nodes, run["node"], run["how"])
    counts = {how: sum(run["how"] == how for run in runs) for how in COUNTED}
    keys = ("conversation", "name", "at", "node", "how")
    newest = sorted(runs, key=lambda run: str(run["at"]), reverse=True)[:LISTED]
    listed = [{key: run[key] for key in keys} for run in newest]
    return {"caught": len(runs), **counts, "nodes": nodes, "conversations": listed}


def _count(nodes: dict[str, Json], node: str, how: str) -> None:
    held = nodes.setdefault(node, dict.fromkeys(("caught", *COUNTED), 0))
    held[how] += 1


def _runs(changed: Json) -> Iterator[Json]:
    """Yield each run of the draft in a conversation, in order."""
    run: Json | None = None
    for done in changed["new"]:
        if done["status"] != "done":
            continue
        if done["type"] == "flowbuilder.move":
            step = done["data"]["step"]
            if step["began"] and step["began"][1] == DRAFT:
                about = {"conversation": changed["conversation"], "name": changed["name"], "at": done["at"]}
                run = {**about, "node": "", "nodes": {}, "how": "running"}
            if run:
                _follow(run, step)
                if step["ended"]:
                    yield run
                    run = None
        elif run and done["type"] in ("flowbuilder.pause", "flowbuilder.stop"):
            run["how"] = "silent"
        elif run and done["type"] == "flowbuilder.resume":
            run["how"] = "running"
    if run:
        yield run


def _follow(run: Json, step: Json) -> None:
    for version, node in step["visits"]:
        if version == DRAFT:
            run["node"] = node
            run["nodes"][node] = True
    run["how"] = HOW[step["ended"]] if step["ended"] else "running"


def told(report: Json) -> Iterator[str]:
    """Yield what a draft came to as lines for people."""
    found = found_in(report)
    yield f"The flow would have begun {found['caught']:,} times: " + ", ".join(
        f"{found[how]:,} {how.replace('_', ' ')}" for how in COUNTED
    )
    for node, counts in sorted(found["nodes"].items(), key=lambda pair: -pair[1]["caught"]):
        ended = ", ".join(f"{counts[how]:,} {how.replace('_', ' ')}" for how in COUNTED if counts[how])
        yield f"  {counts['caught']:>7,}  {node}" + (f"  ({ended})" if ended else "")
