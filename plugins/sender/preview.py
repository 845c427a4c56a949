"""When messages of a campaign would leave: the deciding function of production, run ahead.

It is exact while nothing of a higher lane comes in, the number's calls take as long as is assumed,
and people's own rules (quiet hours, opt-outs) hold nothing else up than is said of each. Broadcasts of one
number stand in one line, in which each has a few messages at a time.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from engine import draw as drawn
from engine import times

from .hours import quiet_until
from .pacing import Draw, decide, taken

CALL = 0.3  # seconds that a call is assumed to take
AHEAD = 100  # messages that are looked at for one decision
AGAIN = 300.0  # seconds after which a broadcast has its next messages made in any case


@dataclass(frozen=True)
class Planned:
    """One message: its letters, where its recipient may be, and whether they ever wrote."""

    length: int
    zones: tuple[str, ...] = ()
    unasked: bool = True
    stranger: bool = False


@dataclass
class Broadcast:
    """Messages that get into a number's line a few at a time.

    planned: all that have not left; at: when the next get into the line, None for never; ahead: how many wait
    there at once (None: all), filled up when only half of them do, and every *again* seconds. waiting and
    taken: how many wait there already, and how many of *planned* are no longer to get there.
    """

    planned: Sequence[Planned]
    at: str | None
    ahead: int | None = None
    again: float = AGAIN
    waiting: int = 0
    taken: int = 0

    @property
    def has_more(self) -> bool:
        """Whether it would have another message made now."""
        has_room = self.ahead is None or self.waiting < self.ahead
        return has_room and self.taken < len(self.planned) and self.at is not None


@dataclass(frozen=True)
class InLine:
    """One message in a number's line: since when, and whose (of the broadcasts) it is."""

    one: Planned
    at: str
    of: Broadcast | None = None
    number: int = 0


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
    **how: Any,
) -> list[str | None]:
    """Return when each of *planned* would leave, in order, if all were queued at *at*; see `together`."""
    alone = Broadcast(list(planned), at)
    return together(rules, pace, alone, (), (), at, zone, draw, **how)


def together(
    rules: Mapping[str, Any],
    pace: Mapping[str, Any],
    mine: Broadcast,
    others: Iterable[Broadcast],
    line: Iterable[InLine],
    at: str,
    zone: str,
    draw: Draw,
    *,
    lane: str = "campaign",
    call: float = CALL,
    until: str | None = None,
) -> list[str | None]:
    """Return when each of *mine* would leave, seen from *at*, with *line* waiting already.

    rules: `rules.rules_of`; pace: the number's `sender_pace` document; zone: where its days begin;
    draw: as of `pacing`. One that waits for its recipient's morning is overtaken by those behind it. Those
    that would leave after *until* are None, and so are those that are neither in the line nor to come.
    """
    state, now, every = dict(pace), at, [mine, *others]
    waiting, found = deque(line), [None] * len(mine.planned)  # type: deque[InLine], list[str | None]
    left = sum(1 for each in waiting if each.of is mine) + len(mine.planned) - mine.taken
    while left and (until is None or now <= until):
        _join(waiting, every, now)
        near = list(islice(waiting, AHEAD))
        candidates = (_candidate(n, each.one, rules, each.at, now, lane) for n, each in enumerate(near))
        lanes: list[Iterable[dict[str, Any]]] = (
            [(), candidates] if lane == "automatic" else [(), (), candidates]
        )
        decision = decide(rules, state, lanes, now, zone, draw)
        if decision.message is None:
            coming = [each.at for each in every if each.has_more and each.at]
            if not (waiting or coming):
                break
            now = min([*coming, decision.due or times.add(now, 3600)])
            continue
        place = int(decision.message)
        gone = near[place]
        del waiting[place]
        state |= taken(rules, state, decision.candidate or {}, now, zone, draw)
        if gone.of is mine:
            found[gone.number] = now
            left -= 1
        now = state["ended_at"] = times.add(now, call)
        if gone.of is not None:
            gone.of.waiting -= 1
            if gone.of.ahead is not None and gone.of.waiting <= gone.of.ahead // 2 and gone.of.has_more:
                gone.of.at = now
    return found


def _join(waiting: deque[InLine], every: Iterable[Broadcast], now: str) -> None:
    """Have those get into the line whose time has come, in the order of these times."""
    due = [each for each in every if each.at and each.at <= now]
    while due:
        first = min(due, key=lambda each: each.at or "")
        at = first.at or now
        while first.has_more:
            waiting.append(InLine(first.planned[first.taken], at, first, first.taken))
            first.taken += 1
            first.waiting += 1
        first.at = times.add(at, first.again) if first.taken < len(first.planned) else None
        due = [each for each in every if each.at and each.at <= now]


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
