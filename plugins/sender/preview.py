"""When messages of a campaign would leave: the deciding function of production, run ahead.

It is exact while nothing of a higher lane comes in, the number's calls take as long as is assumed,
and people's own rules (quiet hours, opt-outs) hold nothing else up than is said of each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine import draw as drawn
from engine import times

from .hours import quiet_until
from .pacing import Draw, decide, taken

CALL = 0.3  # seconds that a call is assumed to take
AHEAD = 100  # messages that are looked at for one decision


@dataclass(frozen=True)
class Planned:
    """One message: its letters, where its recipient may be, and whether they ever wrote."""

    length: int
    zones: tuple[str, ...] = ()
    unasked: bool = True
    stranger: bool = False


def drawing(connection: Any, account: str) -> Draw:
    """Return what the sender draws from for a number; connection: any to the workspace's file."""
    (salt,) = connection.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()
    return lambda what, number: drawn(salt, "sender", account, what, number)


def preview(
    rules: Mapping[str, Any],
    pace: Mapping[str, Any],
    planned: Iterable[Planned],
    at: str,
    zone: str,
    draw: Draw,
    *,
    lane: str = "campaign",
    call: float = CALL,
    until: str | None = None,
) -> list[str | None]:
    """Return when each of *planned* would leave, in their order, if all were queued at *at*.

    rules: `rules.rules_of`; pace: the number's `sender_pace` document; zone: where its days begin;
    draw: as of `pacing`. One that waits for its recipient's morning is overtaken by those behind it. Those
    that would leave after *until* are None.
    """
    state, now = dict(pace), at
    waiting = list(enumerate(planned))
    found: list[str | None] = [None] * len(waiting)
    waiting.reverse()
    while waiting and (until is None or now <= until):
        near = waiting[: -AHEAD - 1 : -1]
        candidates = (_candidate(number, one, rules, at, now, lane) for number, one in near)
        lanes: list[Iterable[dict[str, Any]]] = (
            [(), candidates] if lane == "automatic" else [(), (), candidates]
        )
        decision = decide(rules, state, lanes, now, zone, draw)
        if decision.message is None:
            now = decision.due or times.add(now, 3600)
            continue
        number = int(decision.message)
        found[number] = now
        state |= taken(rules, state, decision.candidate or {}, now, zone, draw)
        now = state["ended_at"] = times.add(now, call)
        del waiting[-1 - next(place for place, pair in enumerate(near) if pair[0] == number)]
    return found


def _candidate(
    number: int, one: Planned, rules: Mapping[str, Any], at: str, now: str, lane: str
) -> dict[str, Any]:
    until = quiet_until(now, one.zones, rules["quiet_from"], rules["quiet_to"]) if one.zones else None
    return {
        "message": str(number),
        "lane": lane,
        "at": at,
        "length": one.length,
        "reply": False,
        "unasked": one.unasked,
        "stranger": one.stranger,
        "held": (until, "quiet") if until else None,
    }
