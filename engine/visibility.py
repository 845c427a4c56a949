"""Who may see which conversation: the rule that web's lists and plugins' handlers share."""

from collections.abc import Mapping
from typing import Any

SEES_ALL = ("admin", "supervisor")


def sees(agent: Mapping[str, Any], conversation: Mapping[str, Any]) -> bool:
    """Return whether *agent* may see *conversation* (its ``team`` and ``assignee`` decide)."""
    if agent["role"] in SEES_ALL:
        return True
    if agent["role"] != "agent":
        return False
    team = conversation.get("team")
    return team is None or team in (agent.get("teams") or []) or conversation.get("assignee") == agent["id"]
