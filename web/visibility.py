"""Who may see which conversation: one rule for lists, search, feed, media and API alike."""

from typing import Any

from engine import Query, where
from engine.visibility import SEES_ALL, sees

__all__ = ["SEES_ALL", "sees", "visible", "visible_in"]


def visible(agent: dict[str, Any]) -> Query | None:
    """Return the query that a conversation must match for *agent* to see it; None: all of them.

    An agent sees those of no team, of their own teams, and those assigned to them; an integrator none.
    """
    if agent["role"] in SEES_ALL:
        return None
    if agent["role"] != "agent":
        return where("account") == ""
    query = (where("team") == None) | (where("assignee") == agent["id"])  # noqa: E711  TinyDB's own way
    teams = agent.get("teams") or []
    return query | where("team").one_of(list(teams)) if teams else query


def visible_in(view: Any) -> Query | None:
    """Return the query of `visible` for who looks at *view*; where there are no teams, agents see all."""
    agent: dict[str, Any] = view.agent
    if agent["role"] == "agent" and not len(view.db.table("team")):
        return None
    return visible(agent)
