"""Who is there: what an agent's browsers tell, and what the agent chose by hand."""

from typing import Any

ONLINE, AWAY, OFFLINE = "online", "away", "offline"
STATES = (ONLINE, AWAY, OFFLINE)
AUTO, AVAILABLE = "auto", "available"
CHOICES = (AUTO, AVAILABLE, AWAY)


def of(agent: dict[str, Any] | None) -> str:
    """Return ``online``, ``away`` or ``offline`` of an agent's document; only ``online`` is given work.

    ``presence`` is what the browsers tell; ``available`` is the agent's own word: ``auto`` as they tell,
    ``available`` also with no page open, ``away`` for a break. Who is switched off is offline.
    """
    if not agent or not agent.get("active"):
        return OFFLINE
    connected = agent.get("presence") or OFFLINE
    chosen = agent.get("available") or AUTO
    if chosen == AVAILABLE:
        return ONLINE
    return AWAY if chosen == AWAY and connected == ONLINE else str(connected)
