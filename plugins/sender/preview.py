"""When messages of a campaign would leave: the deciding function of production, run ahead.

It is exact while nothing of a higher lane comes in, the number's calls take as long as is assumed,
and people's own rules (quiet hours, opt-outs) hold nothing else up than is said of each. Broadcasts of one
number stand in one line, in which each has a few messages at a time.
"""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
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
    """One message: its letters, where its recipient may be, and whether they ever wrote, who they are."""

    length: int
    zones: tuple[str, ...] = ()
    unasked: bool = True
    stranger: bool = False
    who: str | None = None


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


@dataclass(eq=False)
class InLine:
    """One message in a number's line: since when, of which broadcast, and until when it was put aside."""

    one: Planned
    at: str
    of: Broadcast | None = None
    number: int = 0
    due: str = ""

    @property
    def who(self) -> Any:
        """Whom it is to; of one person's messages only the first may leave."""
        return self.one.who or self


class Line:
    """A number's line, in the order of `picking`: what was put aside for a rule comes after what was not."""

    def __init__(self, waiting: Iterable[InLine]) -> None:
        self.fresh: deque[InLine] = deque()
        self.aside: list[InLine] = []
        self.people: dict[Any, list[InLine]] = {}
        for each in sorted(waiting, key=lambda each: each.at):
            self.join(each)

    def __len__(self) -> int:
        return len(self.fresh) + len(self.aside)

    def join(self, each: InLine) -> None:
        """Have a message wait behind the others."""
        self.people.setdefault(each.who, []).append(each)
        if each.due:
            insort(self.aside, each, key=_order)
        else:
            self.fresh.append(each)

    def near(self, now: str) -> tuple[list[InLine], str | None]:
        """Return (the first of those that may leave, when the next of the others may)."""
        ready = bisect_right(self.aside, now, key=lambda each: each.due)
        found: dict[Any, InLine] = {}
        for each in chain(self.fresh, islice(self.aside, ready)):
            if each.who not in found:
                found[each.who] = next(one for one in self.people[each.who] if one.due <= now)
                if len(found) == AHEAD:
                    break
        return list(found.values()), self.aside[ready].due if ready < len(self.aside) else None

    def take(self, each: InLine) -> None:
        """Take a message out."""
        self.people[each.who].remove(each)
        (self.aside if each.due else self.fresh).remove(each)

    def put_aside(self, each: InLine, until: str) -> None:
        """Have a message wait until a time."""
        (self.aside if each.due else self.fresh).remove(each)
        each.due = until
        insort(self.aside, each, key=_order)


def _order(each: InLine) -> tuple[str, str]:
    return each.due, each.at


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
    waiting, found = Line(line), [None] * len(mine.planned)  # type: Line, list[str | None]
    left = mine.waiting + len(mine.planned) - mine.taken
    while left and (until is None or now <= until):
        _join(waiting, every, now)
        near, later = waiting.near(now)
        held: dict[int, str] = {}
        candidates = _candidates(near, rules, now, lane, held)
        lanes: list[Iterable[dict[str, Any]]] = (
            [(), candidates] if lane == "automatic" else [(), (), candidates]
        )
        decision = decide(rules, state, lanes, now, zone, draw)
        held |= {int(candidate["message"]): until for candidate, until, _why in decision.aside}
        for place, due in held.items():
            waiting.put_aside(near[place], due)
        if decision.message is None:
            coming = [each.at for each in every if each.has_more and each.at]
            if not (waiting or coming):
                break
            now = min([*coming, *filter(None, (later, decision.due))], default=times.add(now, 3600))
            continue
        gone = near[int(decision.message)]
        waiting.take(gone)
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


def _join(waiting: Line, every: Iterable[Broadcast], now: str) -> None:
    """Have those get into the line whose time has come, in the order of these times."""
    due = [each for each in every if each.at and each.at <= now]
    while due:
        first = min(due, key=lambda each: each.at or "")
        at = first.at or now
        while first.has_more:
            waiting.join(InLine(first.planned[first.taken], at, first, first.taken))
            first.taken += 1
            first.waiting += 1
        first.at = times.add(at, first.again) if first.taken < len(first.planned) else None
        due = [each for each in every if each.at and each.at <= now]


def _candidates(
    near: Iterable[InLine], rules: Mapping[str, Any], now: str, lane: str, held: dict[int, str]
) -> Iterator[dict[str, Any]]:
    """Yield candidates as `pacing` takes them; *held* tells which of them wait for a morning, until when."""
    for place, each in enumerate(near):
        found = _candidate(place, each.one, rules, each.at, now, lane)
        if found["held"]:
            held[place] = found["held"][0]
        yield found


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
