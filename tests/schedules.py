"""What a number's schedule looks like to who watches its messages, and the tests that a person's passes.

A `Schedule` is made by the very functions that decide in production, on a clock that only goes when
told. ``faults`` names the statistical tests that a schedule fails, each at a level of 0.001.
"""

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import stats

from engine import times
from engine.ids import draw
from plugins.sender import pacing
from plugins.sender.rules import RULES

SALT = "a workspace's salt"
ALPHA = 0.001
CALL = 0.25  # seconds that the gateway takes
MONDAY = "2031-03-03T01:00:00.000000Z"
NORMAL = RULES["normal"] | {"per_hour": 0, "per_day": 0, "warm_up": 0, "reply_share": 0, "quiet_from": ""}


def drawing(account: str, salt: str = SALT) -> pacing.Draw:
    """Return what the sender draws from for one number."""
    return lambda what, number: draw(salt, "sender", account, what, number)


def fresh_salt() -> str:
    return secrets.token_hex(16)


def length_of(n: int) -> int:
    """Return how long text number *n* is: most are short."""
    return int(4 + 220 * draw("texts", n) ** 2)


@dataclass
class Schedule:
    """Messages that left: when, how long after the end of the call before, and how they were shown."""

    sent: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    typed: list[float] = field(default_factory=list)
    in_session: list[bool] = field(default_factory=list)

    @cached_property
    def inside(self) -> list[tuple[float, int, float]]:
        """The (gap, length, typing) of those that came after no break."""
        rows = zip(self.gaps, self.lengths, self.typed, self.in_session, strict=True)
        return [(gap, length, typed) for gap, length, typed, inside in rows if inside]

    @cached_property
    def shares(self) -> list[float]:
        """Where each of those gaps lies in what was to be drawn."""
        return shares_below([row[0] for row in self.inside], [row[1] for row in self.inside])


def candidate(n: int, at: str, lane: str = "automatic", **more: Any) -> dict[str, Any]:
    return {"message": f"m{n}", "lane": lane, "at": at, "length": length_of(n), "reply": False, **more}


def schedule(
    count: int, rules: dict[str, Any] = NORMAL, draw: pacing.Draw | None = None, lane: str = "automatic"
) -> Schedule:
    """Return how *count* messages leave, that all wait from the beginning on."""
    draw = draw or drawing("toko")
    pace, found, at, n = pacing.new_pace("toko"), Schedule(), MONDAY, 0
    while n < count:
        one = candidate(n, MONDAY, lane)
        decision = pacing.decide(rules, pace, [[], [one], []], at, "UTC", draw)
        if decision.message is None:
            assert decision.due is not None and decision.due > at
            at = decision.due
            continue
        if pace["ended_at"]:
            seconds, why = pacing.gap(rules, pace, one, draw)
            found.gaps.append(times.seconds_between(pace["ended_at"], at))
            found.lengths.append(one["length"])
            found.typed.append(pacing.typing(rules, pace, one["length"], seconds, draw))
            found.in_session.append(why == "gap")
        found.sent.append(at)
        pace |= pacing.taken(rules, pace, one, at, "UTC", draw)
        at = pace["ended_at"] = times.add(at, CALL)
        n += 1
    return found


def shares_below(gaps: Sequence[float], lengths: Sequence[int]) -> list[float]:
    """Return the share of gaps before such texts that are shorter: F(G | L), from the target itself.

    The target: log-normal, its median 9 + 0.06 · letters within 10 … 25 s, sigma 0.7, cut to 5 … 60 s.
    """
    medians = np.clip(9 + 0.06 * np.array(lengths), 10, 25)

    def below(seconds: Any) -> Any:
        return stats.lognorm.cdf(seconds, 0.7, scale=medians)

    return list((below(np.array(gaps)) - below(5.0)) / (below(60.0) - below(5.0)))


def within_bounds(found: Schedule) -> bool:
    gaps = [gap for gap, _, _ in found.inside]
    return min(gaps) >= NORMAL["gap_least"] - 1e-6 and max(gaps) <= NORMAL["gap_most"] + 1e-6


def follows_the_target(found: Schedule) -> bool:
    shares = found.shares
    return float(stats.kstest(shares, "uniform").pvalue) > ALPHA


def repeats_nothing(found: Schedule) -> bool:
    """Whether no two gaps in a row are equal to the microsecond, and no value is frequent."""
    gaps = [gap for gap, _, _ in found.inside]
    if any(abs(one - other) < 1e-6 for one, other in pairwise(gaps)):
        return False
    counts: dict[int, int] = {}
    for gap in gaps:
        counts[round(gap * 100)] = counts.get(round(gap * 100), 0) + 1
    return max(counts.values()) <= max(4, 0.005 * len(gaps))


def remembers_nothing(found: Schedule) -> bool:
    """Whether no gap tells of one of the ten after it: auto-correlation, and runs about the median."""
    shares = found.shares
    if len(set(shares)) < 2:
        return False
    bound = 3.9 / math.sqrt(len(shares))  # ten lags at a level of 0.001 together
    return all(abs(_correlation(shares[:-lag], shares[lag:])) < bound for lag in range(1, 11)) and _runs(
        shares
    )


def _correlation(one: list[float], other: list[float]) -> float:
    return float(stats.pearsonr(one, other).statistic)


def _runs(shares: list[float]) -> bool:
    """Wald and Wolfowitz's test of runs."""
    above = [share > 0.5 for share in shares]
    high, low = sum(above), len(above) - sum(above)
    if not high or not low:
        return False
    runs = 1 + sum(one != other for one, other in pairwise(above))
    mean = 2 * high * low / (high + low) + 1
    spread = math.sqrt((mean - 1) * (mean - 2) / (high + low - 1))
    return abs(runs - mean) / spread < stats.norm.ppf(1 - ALPHA / 2)


def comes_in_bursts(found: Schedule) -> bool:
    """Whether counts within ten minutes are dispersed (over 1.5) and gaps bursty (0.2 … 0.7)."""
    start = times.parse(found.sent[0]).timestamp()
    bins: dict[int, int] = {}
    for at in found.sent:
        place = int((times.parse(at).timestamp() - start) // 600)
        bins[place] = bins.get(place, 0) + 1
    counts = [bins.get(place, 0) for place in range(max(bins))]
    mean, spread = stats.tmean(found.gaps), stats.tstd(found.gaps)
    return bool(
        stats.tvar(counts) / stats.tmean(counts) > 1.5 and 0.2 < (spread - mean) / (spread + mean) < 0.7
    )


def types_for_its_text(found: Schedule) -> bool:
    """Whether longer texts are typed longer, and never for all of the gap."""
    lengths, typed = [row[1] for row in found.inside], [row[2] for row in found.inside]
    fits = all(shown <= max(0.0, gap - 1) + 1e-6 for gap, _, shown in found.inside)
    return fits and float(stats.spearmanr(lengths, typed).statistic) > 0.6


def is_independent(one: Schedule, other: Schedule) -> bool:
    """Whether one number's gaps tell nothing of another's."""
    first, second = one.shares, other.shares
    count = min(len(first), len(second))
    if len(set(first)) < 2:
        return False
    return abs(_correlation(first[:count], second[:count])) < 3.3 / math.sqrt(count)


TESTS: dict[str, Callable[[Schedule], bool]] = {
    "bounds": within_bounds,
    "target": follows_the_target,
    "repetition": repeats_nothing,
    "memory": remembers_nothing,
    "bursts": comes_in_bursts,
    "typing": types_for_its_text,
}


def faults(count: int, salt: str = SALT, draws: Callable[[str, str], pacing.Draw] = drawing) -> set[str]:
    """Return which tests two numbers' schedules of *count* messages fail; a failure has one rerun."""

    def once(salt: str) -> set[str]:
        one, other = (schedule(count, draw=draws(name, salt)) for name in ("toko", "gudang"))
        failed = {name for name, holds in TESTS.items() if not holds(one)}
        return failed | (set() if is_independent(one, other) else {"independence"})

    failed = once(salt)
    return failed & once(salt + " again") if failed else failed
