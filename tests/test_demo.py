"""The demo's two days: pictures that fit what is said, opening hours, few repeated texts."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine import times
from engine.demo import Day
from engine.demo.hours import openings

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize(
    "now", ["2026-11-24T20:51:00.000000Z", "2026-11-24T01:10:00.000000Z", "2026-11-24T09:00:00.000000Z"]
)
def test_all_is_said_in_opening_hours_of_the_last_two_days(tmp_path: Path, now: str) -> None:
    made = Day(now, tmp_path, "5a17").documents()
    assert len(made["conversation"]) == 60
    for message in made["message"]:
        here = times.parse(message["at"]).astimezone(JAKARTA)
        assert 8 <= here.hour < 21, here
        assert timedelta() <= times.parse(now) - times.parse(message["at"]) < timedelta(hours=48)


def test_opening_times_are_those_before_now() -> None:
    (begins, ends), (before, _) = openings("2026-11-24T20:51:00.000000Z", "Asia/Jakarta")  # 03.51 there
    assert (begins.day, begins.hour, ends.hour) == (24, 8, 21)
    assert before.day == 23


def test_texts_are_seldom_the_same_and_pictures_fit_them(tmp_path: Path) -> None:
    messages = Day("2026-11-24T09:00:00.000000Z", tmp_path, "5a17").documents()["message"]
    assert not [m["text"] for m in messages if m["text"] and ("{" in m["text"] or "[" in m["text"])]
    assert max(Counter(m["text"] for m in messages).values()) <= 4
    pictures = [m for m in messages if m["kind"] == "image"]
    assert len(pictures) > 10
    for message in pictures:
        kind = message["media"]["filename"].partition("-")[0]
        said = message["text"].lower()
        expected = (
            "receipt" if "transfer" in said or "slip" in said else "catalogue" if "katalog" in said else kind
        )
        assert kind == expected, said
