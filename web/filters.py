"""What a list of conversations is filtered by, as data, and how many of it an agent may see."""

from functools import reduce
from operator import or_
from typing import Any

import orjson

from engine import Query, conditions, where

from .engine_link import View
from .visibility import visible_in

FIELDS = ("account", "team", "assignee", "handler", "unread", "contact", "last_message_at", "created_at")
LONGEST = 4000


def condition_of(text: str, has_labels: bool = True) -> dict[str, Any]:
    """Return the condition (see `engine.conditions`) that is written as JSON; {} where *text* is empty.

    It may look at `FIELDS` and, unless they are off, at ``labels``. Raises ValueError, in words.
    """
    if not text:
        return {}
    if len(text) > LONGEST:
        raise ValueError(f"a condition has at most {LONGEST} letters")
    try:
        condition: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the condition is no JSON: {error}") from error
    conditions.check(condition, (*FIELDS, "labels") if has_labels else FIELDS)
    return condition


def count_seen(view: View, query: Query, is_taken: bool = True) -> int:
    """Return how many conversations match *query* and may be seen; see `shares`."""
    count = view.db.table("conversation").count
    return sum(sign * count(part) for sign, part in shares(view, query, is_taken))


def tally_seen(view: View, query: Query, field: str) -> dict[str, int]:
    """Return how many conversations that match *query* and may be seen have each value of a list field."""
    added = [part for sign, part in shares(view, query) if sign > 0]
    found: dict[str, int] = view.db.table("conversation").tally(reduce(or_, added), field)
    return found


def shares(view: View, query: Any, is_taken: bool = True) -> list[tuple[int, Query]]:
    """Return queries whose numbers, with their signs, add up to what of *query* may be seen.

    Each is of one team or one agent, so that an index can count it.
    is_taken: whether some of *query* may have an assignee.
    """
    agent: dict[str, Any] = view.agent or {"role": "admin"}
    seen = visible_in(view) if view.agent else None
    if seen is None or agent["role"] != "agent":
        return [(1, query if seen is None else query & seen)]
    teams = [where("team") == team for team in (None, *dict.fromkeys(agent.get("teams") or ()))]
    mine = query & (where("assignee") == agent["id"])
    of_teams = [(1, query & team) for team in teams]
    return of_teams + ([(1, mine), *((-1, mine & team) for team in teams)] if is_taken else [])
