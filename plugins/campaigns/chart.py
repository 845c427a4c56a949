"""The picture of a planned schedule: how many have left by when, as the points of a line, and day by day."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from engine import times

Json = dict[str, Any]
WIDTH, HEIGHT = 600, 160
POINTS = 400
MARKS = 4
MOST_LINES = 16


def picture(planned: Iterable[str | None], zone: str) -> Json | None:
    """Return what a template draws; None where nothing would leave.

    planned: when each leaves; zone: the workspace's. ``{count, never, first, last, line, area, marks, lines,
    days}``: *line* and *area* are paths in `WIDTH` × `HEIGHT`, *marks* times along the axis, *lines* where
    days begin, *days* ``[{date, first, last, count, total}]``, times being local `datetime`.
    """
    every = list(planned)
    at = sorted(each for each in every if each)
    if not at:
        return None
    local = [times.parse(each).astimezone(ZoneInfo(zone)) for each in at]
    first, last = local[0], local[-1]
    span = max((last - first).total_seconds(), 1.0)
    points = _points(local, first, span)
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return {
        "count": len(at),
        "never": len(every) - len(at),
        "first": first,
        "last": last,
        "line": line,
        "area": f"{line}L{points[-1][0]:.1f} {HEIGHT}L0 {HEIGHT}Z",
        "marks": [first + (last - first) * part / MARKS for part in range(MARKS + 1)],
        "lines": [f"{x:.1f}" for x in _midnights(local, first, span)],
        "days": _days(local),
    }


def _points(local: list[datetime], first: datetime, span: float) -> list[tuple[float, float]]:
    """Return the line's corners: it rises with each message and is level between them."""
    step = max(1, len(local) // POINTS)
    found, height = [(0.0, float(HEIGHT))], float(HEIGHT)
    for place in [*range(0, len(local) - 1, step), len(local) - 1]:
        x = (local[place] - first).total_seconds() / span * WIDTH
        found.append((x, height))
        height = HEIGHT - HEIGHT * (place + 1) / len(local)
        found.append((x, height))
    return [*found, (float(WIDTH), height)]


def _midnights(local: list[datetime], first: datetime, span: float) -> list[float]:
    days = {each.date(): each.replace(hour=0, minute=0, second=0, microsecond=0) for each in local}
    found = [(day - first).total_seconds() / span * WIDTH for day in days.values() if day > first]
    return found if len(found) <= MOST_LINES else []


def _days(local: list[datetime]) -> list[Json]:
    found: list[Json] = []
    total = 0
    for date, group in groupby(local, key=lambda each: each.date()):
        of_day = list(group)
        total += len(of_day)
        found.append(
            {"date": date, "first": of_day[0], "last": of_day[-1], "count": len(of_day), "total": total}
        )
    return found
