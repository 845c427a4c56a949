"""When a shop is open: ``Mon-Fri 08:00-17:00, Sat 08:00-12:00`` in the workspace's time."""

from datetime import datetime

import re2

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ID = {
    "sen": "mon",
    "sel": "tue",
    "rab": "wed",
    "kam": "thu",
    "jum": "fri",
    "sab": "sat",
    "min": "sun",
    "mig": "sun",
}
_PART = re2.compile(
    r"^([a-z]{3})[a-z]*(?:\s*[-–]\s*([a-z]{3})[a-z]*)?\s+(\d{1,2})[:.](\d\d)\s*[-–]\s*(\d{1,2})[:.](\d\d)$"
)

Hours = dict[int, list[tuple[int, int]]]
"""weekday (0 is Monday) → (first, end) in minutes since midnight"""


def parse(text: str) -> Hours:
    """Return what *text* says; ValueError, in words, where it cannot be read. Empty: always open."""
    hours: Hours = {}
    for part in (part.strip().casefold() for part in text.replace(";", ",").split(",")):
        if part:
            first, last, start, end = _read(part)
            day = first
            while True:
                hours.setdefault(day, []).append((start, end))
                if day == last:
                    break
                day = (day + 1) % 7
    return hours


def _read(part: str) -> tuple[int, int, int, int]:
    found = _PART.match(part)
    if not found:
        raise ValueError(f"hours are written like “Mon-Fri 08:00-17:00, Sat 08:00-12:00”, not {part!r}")
    first = _day(found.group(1))
    last = _day(found.group(2)) if found.group(2) else first
    start = int(found.group(3)) * 60 + int(found.group(4))
    end = int(found.group(5)) * 60 + int(found.group(6))
    if not 0 <= start < end <= 24 * 60:
        raise ValueError(f"{part!r}: the end comes after the start, both between 00:00 and 24:00")
    return first, last, start, end


def _day(word: str) -> int:
    word = _ID.get(word, word)
    if word not in _DAYS:
        raise ValueError(f"{word!r} is no day; days are {', '.join(_DAYS)}")
    return _DAYS.index(word)


def is_open(text: str, now: datetime) -> bool:
    """Return whether it is open at *now*, a time in the workspace's zone."""
    hours = parse(text)
    minute = now.hour * 60 + now.minute
    return not hours or any(start <= minute < end for start, end in hours.get(now.weekday(), ()))
