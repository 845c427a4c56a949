"""When things happened in the demo: within a shop's opening hours, on the last two days."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine import times

OPENS, CLOSES = 8, 21  # o'clock, in the workspace's time zone
NEWEST = 8  # minutes before now, or before closing


def openings(now: str, zone: str) -> list[tuple[datetime, datetime]]:
    """Return (from, to) of the last two opening times before *now*, the latest first."""
    here = times.parse(now).astimezone(ZoneInfo(zone))
    found: list[tuple[datetime, datetime]] = []
    day = here.replace(hour=0, minute=0, second=0, microsecond=0)
    while len(found) < 2:
        begins, ends = day.replace(hour=OPENS), min(day.replace(hour=CLOSES), here)
        if ends - begins > timedelta(minutes=2 * NEWEST):
            found.append((begins, ends))
        day = (day - timedelta(hours=12)).replace(hour=0)
    return found


def starts(now: str, zone: str, count: int) -> Iterator[str]:
    """Yield *count* times, the latest first, spread evenly over the last two opening times."""
    open_times = [(begins, ends - timedelta(minutes=NEWEST)) for begins, ends in openings(now, zone)]
    whole = sum(((ends - begins) for begins, ends in open_times), timedelta())
    for number in range(count):
        back = whole * number / count
        for begins, ends in open_times:
            if back <= ends - begins:
                yield times.format(ends - back)
                break
            back -= ends - begins
