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
    return of_teams(agent) | (where("assignee") == agent["id"])


def of_teams(agent: dict[str, Any]) -> Query:
    """Return the query of what *agent* sees though somebody else, or nobody, has it."""
    if agent["role"] in SEES_ALL:
        return Query().noop()
    if agent["role"] != "agent":
        return where("account") == ""
    of_none, teams = where("team") == None, list(agent.get("teams") or ())  # noqa: E711  TinyDB's own way
    return of_none | where("team").one_of(teams) if teams else of_none


def visible_in(view: Any) -> Query | None:
    """Return the query of `visible` for who looks at *view*; where there are no teams, agents see all."""
    agent: dict[str, Any] = view.agent
    if agent["role"] == "agent" and not len(view.db.table("team")):
        return None
    return visible(agent)
