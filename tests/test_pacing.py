"""Gaps between messages look like a person's: statistics on the schedule that production makes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import times
from plugins.sender import pacing
from plugins.sender.rules import NUMBERS, RULES
from tests import schedules
from tests.schedules import MONDAY, NORMAL, drawing, faults, schedule, shares_below

COUNT = int(os.environ.get("REPLYAI_PACING_COUNT") or 5000)
ROOT = Path(__file__).parent.parent


def test_a_hundred_thousand_gaps_keep_floor_and_ceiling() -> None:
    draw = drawing("toko")
    gaps = [pacing.drawn_gap(NORMAL, n, "automatic", n % 300, draw) for n in range(100_000)]
    assert min(gaps) >= 5.0
    assert max(gaps) <= 60.0
    assert min(gaps) < 5.2 and max(gaps) > 58, "and reach nearly both"


def test_a_numbers_schedule_passes_all_tests() -> None:
    """REPLYAI_PACING_SALT=new draws another schedule each time, REPLYAI_PACING_COUNT a longer one."""
    salt = schedules.fresh_salt() if os.environ.get("REPLYAI_PACING_SALT") == "new" else schedules.SALT
    print(f"salt {salt}, {COUNT} messages")
    assert faults(COUNT, salt) == set()


CONSTANT, UNIFORM, GAUSSIAN = "constant", "uniform", "Gaussian"


def another_sampler(kind: str, u: float, median: float, least: float, most: float) -> float:
    if kind == CONSTANT:
        return min(max(median, least), most)
    if kind == UNIFORM:
        return least + u * (most - least)
    return min(max(14 + 3 * pacing.NORMAL.inv_cdf(u), least), most)


@pytest.mark.parametrize(
    ("kind", "found"),
    [(CONSTANT, {"target", "repetition"}), (UNIFORM, {"target"}), (GAUSSIAN, {"target"})],
)
def test_other_samplers_are_caught(monkeypatch: pytest.MonkeyPatch, kind: str, found: set[str]) -> None:
    kept = pacing.truncated

    def sampler(u: float, median: float, spread: float, least: float, most: float) -> float:
        if median == NORMAL["burst"] or median == NORMAL["break_middle"]:
            return kept(u, median, spread, least, most)
        return another_sampler(kind, u, median, least, most)

    monkeypatch.setattr(pacing, "truncated", sampler)
    assert found <= faults(COUNT)


def test_numbers_that_share_their_seed_are_caught() -> None:
    def shared(account: str, salt: str) -> pacing.Draw:
        return drawing("the same", salt)

    assert "independence" in faults(COUNT, draws=shared)


def test_a_seed_that_is_the_same_for_every_slot_is_caught() -> None:
    def stuck(account: str, salt: str) -> pacing.Draw:
        return lambda what, number: drawing(account, salt)(what, 0 if what == "gap" else number)

    assert {"target", "memory"} <= faults(COUNT, draws=stuck)


def test_every_process_draws_the_same() -> None:
    code = "from tests.schedules import schedule; print(schedule(20).sent)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == str(schedule(20).sent)


def test_the_target_is_the_one_that_is_written_down() -> None:
    """The median gap before 100 letters is 9 + 0.06 · 100 = 15 s, cut to 5 … 60 s."""
    assert pacing.middle(NORMAL, 100) == 15
    assert pacing.middle(NORMAL, 0) == 10 and pacing.middle(NORMAL, 5000) == 25
    assert shares_below([pacing.truncated(0.25, 15, 0.7, 5, 60)], [100]) == [pytest.approx(0.25)]


def test_a_lane_of_agents_waits_for_the_floor_alone() -> None:
    pace = pacing.new_pace("toko") | {"n": 7, "ended_at": MONDAY, "left": 0, "session": 3}
    agent = schedules.candidate(1, MONDAY, "agent")
    due, why = pacing.slot(NORMAL, pace, agent, drawing("toko"))
    assert (times.seconds_between(MONDAY, due), why) == (1.5, "floor")


def test_a_higher_lane_overtakes_and_the_next_of_a_lower_one_waits_behind_it() -> None:
    draw, at = drawing("toko"), times.add(MONDAY, 2)
    pace = pacing.new_pace("toko") | {"n": 7, "ended_at": MONDAY, "left": 9, "session": 3}
    campaign = [schedules.candidate(n, MONDAY, "campaign") for n in range(3)]
    agent = [schedules.candidate(9, at, "agent")]
    assert pacing.decide(NORMAL, pace, [agent, [], campaign], at, "UTC", draw).message == "m9"
    waits = pacing.decide(NORMAL, pace, [[], [], campaign], at, "UTC", draw)
    assert waits.message is None and (waits.candidate or {})["message"] == "m0"
    reply = [schedules.candidate(5, at, "automatic", reply=True)]
    behind = pacing.decide(NORMAL, pace, [[], reply, campaign], waits.due or at, "UTC", draw)
    assert (behind.message or (behind.candidate or {})["message"]) == "m5"


def test_the_official_preset_waits_for_nothing() -> None:
    rules, draw = RULES["official"], drawing("toko")
    pace = pacing.new_pace("toko") | {"n": 1, "ended_at": MONDAY, "left": 0, "session": 1}
    for lane in pacing.LANES:
        lanes: list[list[Any]] = [[], [], []]
        lanes[pacing.LANES.index(lane)] = [schedules.candidate(1, MONDAY, lane, unasked=True, stranger=True)]
        assert pacing.decide(rules, pace, lanes, MONDAY, "UTC", draw).message == "m1"


def test_careful_is_slower_than_normal_in_every_number_that_slows() -> None:
    normal, careful = RULES["normal"], RULES["careful"]
    slower = ("floor", "gap", "gap_least", "gap_most", "campaign_factor", "break_middle", "cooldown", "ramp")
    assert all(careful[name] > normal[name] for name in slower)
    fewer = ("per_hour", "per_day", "warm_up", "new_per_day", "per_contact_hour", "unanswered", "idle_hours")
    assert all(careful[name] < normal[name] for name in fewer)
    assert set(NUMBERS) <= set(normal) == set(careful) == set(RULES["official"])


def test_breaks_hold_up_campaigns_and_not_a_person_who_types() -> None:
    pace = pacing.new_pace("toko") | {"n": 7, "ended_at": MONDAY, "left": 0, "session": 3}
    draw = drawing("toko")
    seconds, why = pacing.gap(NORMAL, pace, schedules.candidate(1, MONDAY, "campaign"), draw)
    assert why == "break" and 180 <= seconds <= 2700
    asked = pacing.gap(NORMAL, pace, schedules.candidate(1, MONDAY, reply=True), draw)
    assert asked[1] == "gap" and asked[0] <= 60
    assert pacing.gap(NORMAL, pace, schedules.candidate(1, MONDAY, "agent"), draw) == (1.5, "floor")


def test_a_paused_number_sends_at_half_the_rate_and_only_to_who_wrote() -> None:
    pace = pacing.new_pace("toko") | {"n": 7, "ended_at": MONDAY, "left": 9, "session": 3, "paused": True}
    draw = drawing("toko")
    stranger = schedules.candidate(1, MONDAY, "agent", in_window=False)
    assert (
        pacing.decide(NORMAL, pace, [[stranger], [], []], times.add(MONDAY, 60), "UTC", draw).why == "paused"
    )
    known = schedules.candidate(1, MONDAY, "agent", in_window=True)
    assert pacing.gap(NORMAL, pace, known, draw) == (3.0, "floor")
    campaign = schedules.candidate(1, MONDAY, "campaign", in_window=True)
    assert pacing.decide(NORMAL, pace, [[], [], [campaign]], MONDAY, "UTC", draw).why == "paused"


def test_after_a_downtime_the_speed_comes_back_within_ten_minutes() -> None:
    draw = drawing("toko")
    pace = pacing.new_pace("toko") | {"n": 7, "ended_at": MONDAY, "left": 9, "session": 3}
    one = schedules.candidate(1, MONDAY, reply=True)
    usual, _ = pacing.gap(NORMAL, pace, one, draw)
    factors = []
    for minutes in (0, 5, 10, 20):
        back = pace | {"ramp_from": times.add(MONDAY, -60 * minutes)}
        factors.append(pacing.gap(NORMAL, back, one, draw)[0] / usual)
    assert factors == pytest.approx([4, 2.5, 1, 1])
