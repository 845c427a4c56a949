"""How a flow does: per node and version, from what was counted while it ran."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from engine import where

from .matching import tokens_of

Json = dict[str, Any]
TEXTS = 500
GROUPS = 20


def of_version(documents: Any, version: str) -> Json:
    """Return the figures of a version: ``{started, ended: {how: number}, seconds, nodes: {node: {…}}}``.

    A node has visits, answers, misses, seconds (the mean until an answer, as that of the whole), left
    (visits after which nothing more came: the drop-off) and waiting (sessions that stand there now).
    """
    stats = documents.table("flow_stat").search(where("version") == version)
    standing: Counter[str] = Counter(
        session["node"] for session in documents.table("flow_session").search(where("version") == version)
    )
    total = next((stat for stat in stats if not stat["node"]), {})
    nodes = {stat["node"]: _node(stat, standing[stat["node"]]) for stat in stats if stat["node"]}
    ended = {key.removeprefix("ended_"): number for key, number in total.items() if key.startswith("ended_")}
    answers = sum(stat.get("answers", 0) for stat in stats if stat["node"])
    seconds = round(sum(stat.get("seconds", 0) for stat in stats) / answers, 1) if answers else None
    return {"started": total.get("started", 0), "ended": ended, "seconds": seconds, "nodes": nodes}


def _node(stat: Json, waiting: int) -> Json:
    answers, visits = stat.get("answers", 0), stat.get("visits", 0)
    left = sum(stat.get(f"ended_{how}", 0) for how in ("expired", "cancelled"))
    return {
        "visits": visits,
        "answers": answers,
        "misses": stat.get("misses", 0),
        "seconds": round(stat.get("seconds", 0) / answers, 1) if answers else None,
        "left": left,
        "waiting": waiting,
    }


def misses(
    documents: Any, version: str, node: str, sees: Callable[[str], bool] = lambda conversation: True
) -> list[Json]:
    """Return what was not understood at a node, grouped: ``{text, number, at, conversation}``.

    Texts that differ in case, marks or spaces alone are one; of the last 500, and of those conversations
    that *sees* tells may be seen.
    """
    found, _ = documents.table("flow_miss").page(
        (where("version") == version) & (where("node") == node), order="at", limit=TEXTS
    )
    groups: dict[tuple[str, ...], Json] = {}
    seen = {id: sees(id) for id in {miss["conversation"] for miss in found}}
    for miss in (miss for miss in found if seen[miss["conversation"]]):
        group = groups.setdefault(tokens_of(miss["text"]), {**_shown(miss), "number": 0})
        group["number"] += 1
    return sorted(groups.values(), key=lambda group: -group["number"])[:GROUPS]


def _shown(miss: Json) -> Json:
    return {key: miss[key] for key in ("text", "at", "conversation")}
