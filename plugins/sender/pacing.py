"""When a number's next message may leave: plain functions on plain data.

No clock, no I/O and no chance of their own. ``draw(what, number)`` gives a number between 0 and 1
that is the same whenever it is asked for; ``pace`` is a number's `sender_pace` document, ``rules``
what `rules.rules_of` gives, and times are RFC 3339. A candidate is::

    {"message", "lane", "at", "length", "reply", "held": None | (until, why), "unasked", "stranger"}

Slot n's gap is drawn from n alone, so the same schedule comes out of a preview, of any number of
workers, and of a replay.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from engine import times

from . import counts
from .hours import quiet_until

Json = Mapping[str, Any]
Draw = Callable[[str, int], float]

LANES = ("agent", "automatic", "campaign")
NORMAL = NormalDist()
RAMP_START = 4.0  # how many times as long gaps are right after a downtime
PAUSED_FACTOR = 2.0  # half the rate
LOOK_AGAIN = 3600.0
LETTERS_A_WORD = 5


@dataclass(frozen=True)
class Decision:
    """What to do now.

    message: send this one now; else due: when to look again (None: nothing waits), candidate: whose
    slot comes next, and slot: when (None: all wait for a rule), why: what it waits for. aside: what was
    passed over for the number's own rules, each as (candidate, until when, why).
    """

    message: str | None = None
    due: str | None = None
    slot: str | None = None
    candidate: Json | None = None
    why: str | None = None
    aside: tuple[tuple[Json, str, str], ...] = ()


def truncated(u: float, median: float, spread: float, least: float, most: float) -> float:
    """Return the value below which a share *u* of a log-normal, cut to least … most, lies (inverse CDF)."""
    if most <= least:
        return max(least, 0.0)
    low = NORMAL.cdf((math.log(least) - math.log(median)) / spread) if least > 0 else 0.0
    high = NORMAL.cdf((math.log(most) - math.log(median)) / spread)
    share = min(max(low + u * (high - low), 1e-15), 1 - 1e-15)
    value = math.exp(math.log(median) + spread * NORMAL.inv_cdf(share))
    return min(max(value, least), most)


def middle(rules: Json, length: int) -> float:
    """Return the median gap before a text of *length* letters, in seconds."""
    wanted = rules["gap"] + rules["gap_per_letter"] * length
    return float(min(max(wanted, rules["gap_middle_least"]), rules["gap_middle_most"]))


def drawn_gap(rules: Json, n: int, lane: str, length: int, draw: Draw) -> float:
    """Return the seconds from the end of a call to slot *n*, without breaks."""
    if lane == "agent" or not rules["gap_most"]:
        return float(rules["floor"])
    factor = rules["campaign_factor"] if lane == "campaign" else 1
    numbers = (middle(rules, length), rules["gap_spread"], rules["gap_least"], rules["gap_most"])
    return float(max(rules["floor"], factor * truncated(draw("gap", n), *numbers)))


def burst(rules: Json, session: int, draw: Draw) -> int:
    """Return how many automatic messages session number *session* has before its break."""
    numbers = (rules["burst"], rules["burst_spread"], rules["burst_least"] - 0.5, rules["burst_most"] + 0.49)
    return max(1, round(truncated(draw("burst", session), *numbers)))


def pause(rules: Json, session: int, draw: Draw) -> float:
    """Return the seconds of the break after session number *session*."""
    numbers = (rules["break_middle"], rules["break_spread"], rules["break_least"], rules["break_most"])
    return truncated(draw("break", session), *numbers)


def speed(rules: Json, session: int, draw: Draw) -> float:
    """Return the letters a second at which typing is shown in a session."""
    words = rules["typing_speed"] + rules["typing_spread"] * NORMAL.inv_cdf(draw("typing", session))
    least, most = rules["typing_speed"] / 2, rules["typing_speed"] * 80 / 36
    return float(min(max(words, least), most)) * LETTERS_A_WORD / 60


def typing(rules: Json, pace: Json, length: int, gap: float, draw: Draw) -> float:
    """Return for how many seconds typing is shown before a text: never for all of its gap."""
    if not rules["typing_most"] or not rules["gap_most"]:
        return 0.0
    wanted = length / speed(rules, pace["session"], draw)
    return max(0.0, min(rules["typing_most"], gap - 1, wanted))


def _stretch(rules: Json, pace: Json, at: str) -> float:
    """Return how many times as long gaps are after a downtime, until the speed has come back."""
    since = pace.get("ramp_from")
    if not since or not rules["ramp"]:
        return 1.0
    gone = times.seconds_between(since, at) / rules["ramp"]
    return RAMP_START - (RAMP_START - 1) * min(max(gone, 0.0), 1.0)


def gap(rules: Json, pace: Json, candidate: Json, draw: Draw) -> tuple[float, str]:
    """Return the seconds from the end of the last call to a candidate's slot, and what they are."""
    lane = candidate["lane"]
    seconds = drawn_gap(rules, pace["n"], lane, candidate["length"], draw)
    slower = PAUSED_FACTOR if pace.get("paused") else 1.0
    if lane == "agent":
        return seconds * slower, "floor"
    seconds *= slower * _stretch(rules, pace, pace.get("ended_at") or candidate["at"])
    resting = rules["burst"] and not pace["left"] and pace.get("ended_at")
    if resting and (rules["breaks_replies"] or not candidate["reply"]):
        return max(seconds, pause(rules, pace["session"], draw)), "break"
    return seconds, "gap"


def slot(rules: Json, pace: Json, candidate: Json, draw: Draw) -> tuple[str, str]:
    """Return (when a candidate may leave, why not before).

    It counts from the end of the last call. An automatic message also leaves time to be seen typing.
    """
    seconds, why = gap(rules, pace, candidate, draw)
    due = times.add(pace["ended_at"], seconds) if pace.get("ended_at") else candidate["at"]
    if candidate["lane"] == "agent" or not rules["gap_most"]:
        return due, why
    shown = seen(rules, pace, draw) + typing(rules, pace, candidate["length"], seconds, draw)
    return max(due, times.add(candidate["at"], shown)), why


def seen(rules: Json, pace: Json, draw: Draw) -> float:
    """Return after how many seconds the customer's words are shown as read."""
    least, most = rules["seen_least"], max(rules["seen_least"], rules["seen_most"])
    return float(least + (most - least) * draw("seen", pace["n"]))


def showing(rules: Json, pace: Json, candidate: Json, due: str, draw: Draw) -> dict[str, str | None]:
    """Return ``{seen_at, typing_at}`` before a slot: never typing before it is seen, None for not at all."""
    if not rules["gap_most"]:
        return {"seen_at": None, "typing_at": None}
    seen_at = times.add(candidate["at"], seen(rules, pace, draw))
    seconds, _why = gap(rules, pace, candidate, draw)
    shown = typing(rules, pace, candidate["length"], seconds, draw)
    typing_at = max(times.add(due, -shown), seen_at) if shown else None
    return {"seen_at": seen_at, "typing_at": typing_at if typing_at and typing_at < due else None}


def decide(
    rules: Json, pace: Json, lanes: Iterable[Iterable[Json]], at: str, zone: str, draw: Draw
) -> Decision:
    """Return what to do at *at*. lanes: the candidates of each lane in the order of `LANES`.

    The first candidate that no rule holds is the next; a higher lane goes first, also while its slot
    is still to come. zone: where the number's days begin.
    """
    later: list[tuple[str, str]] = []
    aside: list[tuple[Json, str, str]] = []
    for candidates in lanes:
        for candidate in candidates:
            if held := candidate.get("held"):
                later.append(held)
                continue
            held = held_by_account(rules, pace, candidate, at, zone)
            if held and held[0] > at:
                later.append(held)
                if _holds_all(held[1], candidate):
                    break
                aside.append((candidate, *held))
                continue
            due, why = slot(rules, pace, candidate, draw)
            if due <= at:
                return Decision(candidate["message"], candidate=candidate, aside=tuple(aside))
            first = min([(due, why), *later])
            return Decision(due=first[0], slot=due, candidate=candidate, why=why, aside=tuple(aside))
    sooner = min(later, default=(None, None))
    return Decision(due=sooner[0], why=sooner[1], aside=tuple(aside))


def disconnected(waits: bool, at: str) -> Decision:
    """Return what to do while a number is not connected: look again in a while, if anything waits at all."""
    return Decision(due=times.add(at, LOOK_AGAIN), why="disconnected") if waits else Decision()


def _holds_all(why: str, candidate: Json) -> bool:
    """Whether what holds a candidate holds all that follow it in its lane."""
    return why in ("hour", "day", "warm_up") or (why == "paused" and candidate["lane"] == "campaign")


def held_by_account(rules: Json, pace: Json, candidate: Json, at: str, zone: str) -> tuple[str, str] | None:
    """Return (until when, why) the number as a whole may not send a candidate, or None."""
    if pace.get("paused") and not candidate.get("in_window", candidate["lane"] == "agent"):
        return times.add(at, LOOK_AGAIN), "paused"
    if candidate["lane"] == "agent":
        return None
    if pace.get("paused") and candidate["lane"] == "campaign":
        return times.add(at, LOOK_AGAIN), "paused"
    if until := counts.hour_is_full(pace, rules["per_hour"], at):
        return until, "hour"
    if until := counts.day_is_full(pace, "automatic", day_limit(rules, pace, at, zone), at, zone):
        return until, "warm_up" if _is_warming(rules, pace, at, zone) else "day"
    most = rules["new_per_day"] if candidate.get("stranger") else 0
    if until := counts.day_is_full(pace, "new", most, at, zone):
        return until, "new"
    if candidate.get("unasked") and not counts.share_is_enough(pace, rules, at, zone):
        return times.add(at, LOOK_AGAIN), "share"
    return None


def warm_day(rules: Json, pace: Json, at: str, zone: str) -> int:
    """Return which day of warming up it is at *at*, from 1 on, as the next message would find it."""
    warm = pace.get("warm") or {"day": 0, "date": None, "last": None}
    if not warm["day"]:
        return 1
    idle = warm["last"] and rules["idle_hours"]
    if idle and times.seconds_between(warm["last"], at) > rules["idle_hours"] * 3600:
        return _day_with(rules, rules["idle_share"] * _warm_limit(rules, warm["day"]))
    return int(warm["day"]) + (1 if counts.local_date(at, zone) > warm["date"] else 0)


def _warm_limit(rules: Json, day: int) -> float:
    grown = rules["warm_up"] * rules["warm_growth"] ** min(day - 1, 100)
    return float(min(grown, rules["per_day"] or grown))


def _day_with(rules: Json, limit: float) -> int:
    """Return the last day of warming up whose limit is not over *limit*; the first at least."""
    if rules["warm_growth"] <= 1 or limit <= rules["warm_up"]:
        return 1
    return 1 + int(math.log(limit / rules["warm_up"]) / math.log(rules["warm_growth"]) + 1e-9)


def day_limit(rules: Json, pace: Json, at: str, zone: str) -> int:
    """Return how many messages the number may send on the day of *at*; 0: any number."""
    if not rules["warm_up"]:
        return int(rules["per_day"])
    return int(_warm_limit(rules, warm_day(rules, pace, at, zone)))


def _is_warming(rules: Json, pace: Json, at: str, zone: str) -> bool:
    return bool(rules["warm_up"]) and day_limit(rules, pace, at, zone) < (rules["per_day"] or math.inf)


def taken(rules: Json, pace: Json, candidate: Json, at: str, zone: str, draw: Draw) -> dict[str, Any]:
    """Return the fields of *pace* that change when a candidate is handed out at *at*."""
    changed: dict[str, Any] = {"n": pace["n"] + 1}
    changed |= counts.counted(pace, candidate, at, zone)
    if rules["warm_up"]:
        day = warm_day(rules, pace, at, zone)
        changed["warm"] = {"day": day, "date": counts.local_date(at, zone), "last": at}
    if candidate["lane"] != "agent" and rules["burst"]:
        changed |= _in_session(rules, pace, at, draw)
    return changed


def _in_session(rules: Json, pace: Json, at: str, draw: Draw) -> dict[str, Any]:
    """Count a message of a session; one after a break, or after as long a rest, is the first of a new one."""
    ended = pace.get("ended_at")
    rested = ended is None or times.seconds_between(ended, at) >= rules["break_least"]
    if pace["left"] and not rested:
        return {"left": pace["left"] - 1}
    session = pace["session"] + 1
    return {"session": session, "left": burst(rules, session, draw) - 1}


def new_pace(account: str) -> dict[str, Any]:
    """Return the `sender_pace` document of a number that has not sent yet."""
    return {"id": account, "n": 0, "session": 0, "left": 0, "ended_at": None, "next": None, **counts.NONE}


def held_by_contact(rules: Json, facts: Json, at: str) -> tuple[str, str] | None:
    """Return (until when, why) the person at the other end is to be left alone, or None.

    facts: ``reply`` and ``unasked`` of the candidate, ``zones`` where the person may be, ``told`` the
    times of what no person wrote to them, newest first, and ``unanswered``, how many of those since
    they last wrote.
    """
    night = quiet_until(at, facts["zones"], rules["quiet_from"], rules["quiet_to"])
    if night and not facts["reply"]:
        return night, "quiet"
    if facts["told"]:
        until = times.add(facts["told"][0], rules["cooldown"])
        if until > at:
            return until, "cooldown"
    if not facts["unasked"]:
        return None
    most = int(rules["per_contact_hour"])
    if most and len(facts["told"]) >= most:
        until = times.add(facts["told"][most - 1], 3600)
        if until > at:
            return until, "contact"
    if rules["unanswered"] and facts["unanswered"] >= rules["unanswered"]:
        return times.add(at, LOOK_AGAIN), "unanswered"
    return None
