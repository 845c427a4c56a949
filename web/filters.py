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


def tally_seen(view: View, query: Query, field: str) -> dict[str, int]:
    """Return how many conversations that match *query* and may be seen have each value of a list field."""
    seen = visible_in(view) if view.agent else None
    if seen is not None and view.agent["role"] == "agent":
        query = reduce(or_, (query & each for each in _each_seen(view.agent)))  # each along an index
    elif seen is not None:
        query = query & seen
    found: dict[str, int] = view.db.table("conversation").tally(query, field)
    return found


def _each_seen(agent: dict[str, Any]) -> list[Query]:
    """Return queries that together are what an agent sees: those of no team, of each team, and their own."""
    teams = [where("team") == team for team in (None, *dict.fromkeys(agent.get("teams") or ()))]
    return [*teams, where("assignee") == agent["id"]]
