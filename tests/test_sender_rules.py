"""Quiet hours, caps, warm-up and opt-out words: what holds for every moment, zone and schedule."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import times
from plugins.sender import consent, counts, pacing
from plugins.sender.hours import is_quiet, quiet_until, zones_of
from plugins.sender.rules import RULES, rules_of
from plugins.sender.schemas import Numbers
from tests.schedules import MONDAY, candidate, drawing

ZONES = (
    "Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin", "America/New_York", "America/St_Johns",
    "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia", "UTC",
)  # fmt: skip
moments = st.datetimes(datetime(2026, 1, 1), datetime(2031, 12, 31)).map(
    lambda d: times.format(d.replace(tzinfo=ZoneInfo("UTC")))
)
clocks = st.times().map(lambda t: f"{t.hour:02}:{t.minute:02}")
zones = st.sampled_from(ZONES)
SPRING = "2027-03-28T00:30:00.000000Z"  # half an hour before Berlin's clocks go from 2 to 3
AUTUMN = "2027-10-30T23:30:00.000000Z"  # half an hour before they go from 3 back to 2


@settings(max_examples=300, deadline=None)
@given(at=moments, where=st.lists(zones, min_size=1, max_size=3), begins=clocks, ends=clocks)
@example(at=SPRING, where=["Europe/Berlin"], begins="21:00", ends="02:30")
@example(at=AUTUMN, where=["Europe/Berlin"], begins="02:15", ends="02:45")
@example(at=AUTUMN, where=["Europe/Berlin", "America/New_York"], begins="21:00", ends="07:00")
def test_when_the_quiet_hours_are_over_it_is_quiet_nowhere(
    at: str, where: list[str], begins: str, ends: str
) -> None:
    until = quiet_until(at, where, begins, ends)
    quiet = [is_quiet(at, zone, begins, ends) for zone in where]
    assert until is not None if quiet[0] else until is None or any(quiet)
    if until is not None:
        assert until > at
        assert not is_quiet(until, where[0], begins, ends)
        assert times.seconds_between(at, until) <= 14 * 86400
    if until is not None and len(where) == 1:
        assert times.seconds_between(at, until) <= 26 * 3600


@settings(max_examples=200, deadline=None)
@given(at=moments, zone=zones)
def test_nobody_is_written_to_between_nine_in_the_evening_and_seven_in_the_morning(
    at: str, zone: str
) -> None:
    facts = {"reply": False, "unasked": False, "zones": (zone,), "told": [], "unanswered": 0}
    held = pacing.held_by_contact(RULES["normal"], facts, at)
    hour = times.parse(held[0] if held else at).astimezone(ZoneInfo(zone)).hour
    assert 7 <= hour < 21
    assert pacing.held_by_contact(RULES["normal"], {**facts, "reply": True}, at) is None


@pytest.mark.parametrize(
    ("phone", "found"),
    [
        ("6281300004521", ("Asia/Jakarta",)),
        ("6591234567", ("Asia/Singapore",)),
        ("4915112345678", ("Europe/Berlin",)),
        (None, ("Asia/Jakarta",)),
        ("12", ("Asia/Jakarta",)),
    ],
)
def test_the_zone_is_that_of_the_number_else_the_shops(phone: str | None, found: tuple[str, ...]) -> None:
    assert zones_of(phone, "Asia/Jakarta") == found


def test_a_country_of_many_zones_is_quiet_where_it_is_night_in_any() -> None:
    found = zones_of("12025550123", "Asia/Jakarta")
    assert found == ("America/New_York",), "a prefix of one city says more"
    toll_free = zones_of("18005550123", "Asia/Jakarta")
    assert {"America/New_York", "America/Los_Angeles"} <= set(toll_free)
    at = times.format(datetime(2027, 6, 1, 8, 0, tzinfo=ZoneInfo("America/New_York")))
    assert quiet_until(at, ["America/New_York"], "21:00", "07:00") is None
    until = quiet_until(at, ["America/New_York", "America/Los_Angeles"], "21:00", "07:00")
    assert until == times.format(datetime(2027, 6, 1, 7, 0, tzinfo=ZoneInfo("America/Los_Angeles")))


class Number:
    """A number that sends whenever it is allowed to, on a clock of its own."""

    def __init__(self, zone: str, start: str = MONDAY, **rules: Any) -> None:
        self.rules = RULES["normal"] | {"reply_share": 0, "burst": 0} | rules
        self.zone, self.at, self.start = zone, start, times.add(start, -3600)
        self.pace = pacing.new_pace("toko")
        self.draw = drawing("toko")
        self.sent: list[str] = []

    def offer(self, **more: Any) -> str | None:
        """Have a message wait now; send it if it may go, else return until when it waits."""
        one = candidate(len(self.sent), self.start, **more)
        decision = pacing.decide(self.rules, self.pace, [[], [one], []], self.at, self.zone, self.draw)
        if decision.message is None:
            return decision.due
        self.pace |= pacing.taken(self.rules, self.pace, one, self.at, self.zone, self.draw)
        self.pace["ended_at"] = self.at
        self.sent.append(self.at)
        return None

    def until(self, end: str) -> None:
        """Send as much as is allowed until *end*."""
        while self.at < end:
            self.at = self.offer() or self.at

    def per_day(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for at in self.sent:
            date = counts.local_date(at, self.zone)
            found[date] = found.get(date, 0) + 1
        return found


@settings(max_examples=25, deadline=None)
@given(start=moments, zone=zones, limit=st.integers(2, 12))
def test_there_are_never_more_within_any_hour(start: str, zone: str, limit: int) -> None:
    number = Number(zone, start, per_hour=limit, per_day=0, warm_up=0)
    number.until(times.add(start, 4 * 3600))
    assert len(number.sent) >= 2 * limit
    for first, last in zip(number.sent, number.sent[limit:], strict=False):
        assert times.seconds_between(first, last) >= 3600 - 1e-6


@settings(max_examples=12, deadline=None)
@given(start=moments, zone=zones, limit=st.integers(1, 12))
@example(start=SPRING, zone="Europe/Berlin", limit=7)
@example(start=AUTUMN, zone="Europe/Berlin", limit=7)
def test_there_are_never_more_on_any_day_of_the_number(start: str, zone: str, limit: int) -> None:
    number = Number(zone, start, per_hour=0, per_day=limit, warm_up=0)
    number.until(times.add(start, 4 * 86400))
    days = number.per_day()
    assert max(days.values()) == limit
    assert list(days.values())[1:-1] == [limit] * (len(days) - 2), "and each whole day has them"


@settings(max_examples=8, deadline=None)
@given(zone=zones, start=moments)
@example(zone="Europe/Berlin", start="2027-03-25T09:00:00.000000Z")
def test_a_new_number_sends_more_from_day_to_day_up_to_its_limit(zone: str, start: str) -> None:
    number = Number(zone, start, per_hour=0, per_day=100, warm_up=10, warm_growth=2, new_per_day=0)
    number.until(times.add(start, 7 * 86400))
    days = list(number.per_day().values())
    allowed = [10, 20, 40, 80, 100, 100, 100, 100]
    assert all(sent <= most for sent, most in zip(days, allowed, strict=False))
    assert days[1:6] == allowed[1:6]


def test_a_number_that_was_silent_for_days_starts_again_at_a_quarter() -> None:
    number = Number("Asia/Jakarta", per_hour=0, per_day=160, warm_up=10, warm_growth=2)
    number.until(times.add(MONDAY, 6 * 86400))
    assert pacing.day_limit(number.rules, number.pace, number.at, number.zone) == 160
    at = times.add(number.at, 80 * 3600)
    assert pacing.day_limit(number.rules, number.pace, at, number.zone) == 40
    number.at = at
    assert number.offer() is None
    assert pacing.day_limit(number.rules, number.pace, times.add(at, 86400), number.zone) == 80


def test_strangers_are_few_a_day() -> None:
    number = Number("Asia/Jakarta", new_per_day=2, warm_up=0)
    for _ in range(2):
        while number.offer(stranger=True, unasked=True):
            number.at = times.add(number.at, 60)
    assert number.offer(stranger=True, unasked=True) == counts.next_midnight(number.at, "Asia/Jakarta")
    number.at = times.add(number.at, 60)
    assert number.offer() is None, "who wrote before is not held up"


def test_who_does_not_answer_is_left_alone_and_who_does_is_not() -> None:
    facts = {"reply": False, "unasked": True, "zones": ("Asia/Jakarta",), "told": [MONDAY], "unanswered": 1}
    later = times.add(MONDAY, 7200)
    assert pacing.held_by_contact(RULES["normal"], facts, later) is None
    held = pacing.held_by_contact(RULES["normal"], {**facts, "unanswered": 2}, later)
    assert held is not None and held[1] == "unanswered"
    four = {**facts, "told": [times.add(MONDAY, -60 * n) for n in range(4)]}
    assert pacing.held_by_contact(RULES["normal"], four, times.add(MONDAY, 60)) == (
        times.add(MONDAY, 3600 - 180),
        "contact",
    )
    assert pacing.held_by_contact(RULES["normal"], facts, times.add(MONDAY, 2)) == (
        times.add(MONDAY, 6),
        "cooldown",
    )


def test_a_number_whose_messages_nobody_answers_begins_no_more_talks() -> None:
    number = Number("Asia/Jakarta", reply_share=0.3, warm_up=0, per_contact_hour=0)
    while len(number.sent) < 20:
        number.at = number.offer(unasked=True) or number.at
    number.at = times.add(number.at, 120)
    held = pacing.held_by_account(
        number.rules, number.pace, candidate(1, MONDAY, unasked=True), number.at, "UTC"
    )
    assert held is not None and held[1] == "share"
    for _ in range(6):
        number.pace |= counts.answered(number.pace, number.at, number.zone)
    assert counts.reply_share(number.pace, number.at, number.zone) == (20, 0.3)
    assert number.offer(unasked=True) is None
    month = times.add(number.at, 31 * 86400)
    assert counts.reply_share(number.pace, month, number.zone) == (0, None)


def test_many_refusals_within_an_hour_are_too_many() -> None:
    pace = pacing.new_pace("toko")
    for _ in range(19):
        pace |= counts.counted(pace, candidate(1, MONDAY), MONDAY, "UTC")
    pace |= counts.failed(pace, MONDAY, "UTC")
    assert not counts.failing(pace, RULES["normal"], MONDAY), "too few to tell"
    pace |= counts.counted(pace, candidate(1, MONDAY), MONDAY, "UTC")
    assert not counts.failing(pace, RULES["normal"], MONDAY), "one of twenty is 5 %"
    pace |= counts.failed(pace, MONDAY, "UTC")
    assert counts.failing(pace, RULES["normal"], MONDAY)
    assert not counts.failing(pace, RULES["normal"], times.add(MONDAY, 4000))


WORDS = sorted(consent.STOP)
decorations = st.text(alphabet=" .!?*_~\n🙏…,-'\"()", max_size=6)


@settings(max_examples=200, deadline=None)
@given(word=st.sampled_from(WORDS), before=decorations, after=decorations, upper=st.booleans())
def test_an_opt_out_word_is_heard_however_it_is_written(
    word: str, before: str, after: str, upper: bool
) -> None:
    said = f"{before}{word.upper() if upper else word.title()}{after}"
    assert consent.asks(said) == "stop"


@settings(max_examples=200, deadline=None)
@given(
    word=st.sampled_from(WORDS), more=st.sampled_from(["kakaknya", "pesanan saya 2", "besok saja", "toko"])
)
def test_a_sentence_that_only_has_such_a_word_is_no_opt_out(word: str, more: str) -> None:
    assert consent.asks(f"{word} {more}") is None


@pytest.mark.parametrize(
    "said",
    ["stop kak", "Stop min!", "STOP STOP", "stop, stop, stop", "please unsubscribe", "jangan chat lagi",
     "Jangan chat lagi kak", "berhenti kirim pesan", "unsubscribe me", "tolong berhenti, min"],
)  # fmt: skip
def test_plain_ways_to_say_it_are_heard(said: str) -> None:
    assert consent.asks(said) == "stop"


@pytest.mark.parametrize(
    "said",
    ["jangan stop ya", "jangan stop", "stop it please?", "stop dulu ya", "kak", "min min",
     "jangan berhenti kak", "non stop", "stop kontak", "rem stop", "berhenti di halte mana kak",
     "stoknya stop kak?", "please"],
)  # fmt: skip
def test_what_only_sounds_like_it_is_not(said: str) -> None:
    assert consent.asks(said) is None


def test_other_words_and_the_way_back() -> None:
    assert consent.asks("Cukup!", ["cukup"]) == "stop"
    assert consent.asks("ＳＴＯＰ") == "stop", "full-width letters are letters"
    assert consent.asks("Mulai") == consent.asks("START") == "start"
    assert consent.asks("") is None and consent.asks(None) is None
    assert "MULAI" in consent.answer("stop", "id") and "START" in consent.answer("stop", "en")


def test_whose_word_on_a_number_counts() -> None:
    account = {"sender.pacing": {"preset": None, "numbers": {"floor": 9}}}
    found = rules_of({"preset": "careful", "per_hour": 7, "floor": 4}, account, {})
    assert (found["preset"], found["per_hour"], found["floor"]) == ("careful", 7, 9)
    assert rules_of({"preset": "auto", "floor": 4}, {}, {"official": True})["floor"] == 0
    assert rules_of({"preset": "auto"}, {}, {})["preset"] == "normal"


def test_every_number_is_checked_and_described() -> None:
    schema = Numbers()
    assert schema.validate({"floor": -1, "quiet_from": "25:00", "reply_share": 2}).keys() == {
        "floor",
        "quiet_from",
        "reply_share",
    }
    for preset in RULES.values():
        assert not schema.validate(preset), "every preset keeps to its own schema"
    assert all(field.metadata["description"] for field in schema.fields.values())


def test_days_begin_at_the_numbers_midnight_also_when_clocks_change() -> None:
    for day in (SPRING, AUTUMN):
        midnight = times.parse(counts.next_midnight(day, "Europe/Berlin")).astimezone(
            ZoneInfo("Europe/Berlin")
        )
        assert (midnight.hour, midnight.minute) == (0, 0)
        assert midnight - times.parse(day) <= timedelta(hours=25)
