"""How many messages a number has sent, in small windows: within an hour, today, in the last 30 days.

``hour`` is ``[[five minutes, automatic, all, refused], …]``, ``today`` and each of ``past`` are
``{"date", "sent", "automatic", "unasked", "answered", "new", "failed"}``, the date being that of the
workspace. ``out`` is what was counted of the message that was handed out last.
The limits are on what no person wrote; what agents send is only shown.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine import times

Json = Mapping[str, Any]
NONE: dict[str, Any] = {"hour": [], "today": None, "past": [], "warm": None, "out": None}
PART = 300  # seconds
PARTS = 12
DAYS = 30
KEYS = ("sent", "automatic", "unasked", "answered", "new", "failed")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(at: str, zone: str) -> datetime:
    """Return a time as the clocks of a zone show it."""
    return times.parse(at).astimezone(_zone(zone))


def local_date(at: str, zone: str) -> str:
    """Return the date that it is in a zone."""
    return local(at, zone).date().isoformat()


def next_midnight(at: str, zone: str) -> str:
    """Return when the next day begins in a zone."""
    day = local(at, zone).date() + timedelta(days=1)
    return times.format(datetime(day.year, day.month, day.day, tzinfo=_zone(zone)))


def _part(at: str) -> int:
    return int(times.parse(at).timestamp()) // PART


def recent(pace: Json, at: str) -> list[list[int]]:
    """Return the parts of the last hour."""
    now = _part(at)
    return [part for part in pace.get("hour") or () if now - part[0] <= PARTS]


def hour_is_full(pace: Json, limit: float, at: str) -> str | None:
    """Return until when an hour's limit (0: none) is reached, or None.

    The oldest part counts as a whole, so there are never more within any hour.
    """
    parts = recent(pace, at)
    sent = sum(part[1] for part in parts)
    if not limit or sent < limit:
        return None
    for part in parts:
        sent -= part[1]
        if sent < limit:
            return times.from_epoch((part[0] + PARTS + 1) * PART)
    return times.add(at, PART * PARTS)


def today(pace: Json, at: str, zone: str) -> dict[str, Any]:
    """Return the counts of the day of *at*."""
    found = pace.get("today")
    date = local_date(at, zone)
    if found and found["date"] == date:
        return dict(found)
    return {"date": date, **dict.fromkeys(KEYS, 0)}


def day_is_full(pace: Json, key: str, limit: float, at: str, zone: str) -> str | None:
    """Return when the next day begins, where today's limit (0: none) is reached, else None."""
    if limit and today(pace, at, zone)[key] >= limit:
        return next_midnight(at, zone)
    return None


def _days(pace: Json, at: str, zone: str) -> list[dict[str, Any]]:
    oldest = (local(at, zone).date() - timedelta(days=DAYS)).isoformat()
    days = [*(pace.get("past") or ()), *([pace["today"]] if pace.get("today") else ())]
    return [day for day in days if day["date"] > oldest]


def reply_share(pace: Json, at: str, zone: str) -> tuple[int, float | None]:
    """Return (unasked messages within 30 days, the share that was answered, or None without any)."""
    days = _days(pace, at, zone)
    unasked = sum(day["unasked"] for day in days)
    answered = sum(day["answered"] for day in days)
    return unasked, min(1.0, answered / unasked) if unasked else None


def share_is_enough(pace: Json, rules: Json, at: str, zone: str) -> bool:
    """Whether so many answer the number's unasked messages that it may send another."""
    if not rules["reply_share"]:
        return True
    unasked, share = reply_share(pace, at, zone)
    return unasked < rules["reply_share_from"] or (share or 0.0) >= rules["reply_share"]


def _with(pace: Json, at: str, zone: str, **more: int) -> dict[str, Any]:
    """Return the fields of *pace* that change when something of today is counted."""
    before, now = pace.get("today"), today(pace, at, zone)
    changed: dict[str, Any] = {"today": {**now, **{key: now[key] + count for key, count in more.items()}}}
    if before and before["date"] != now["date"]:
        changed["past"] = _days(pace, at, zone)[-DAYS:]
    return changed


def counted(pace: Json, candidate: Json, at: str, zone: str) -> dict[str, Any]:
    """Return what changes when a candidate is handed out; ``out`` is what `taken_back` needs."""
    automatic = int(candidate["lane"] != "agent")
    told = {"unasked": int(bool(candidate.get("unasked"))), "new": int(bool(candidate.get("stranger")))}
    told |= {"sent": 1, "automatic": automatic}
    out = {"message": candidate["message"], "at": at, "counted": [key for key, one in told.items() if one]}
    out["warm"] = pace.get("warm")
    return {"hour": _in_hour(pace, at, automatic, 1, 0), **_with(pace, at, zone, **told), "out": out}


def taken_back(pace: Json, out: Json, zone: str) -> dict[str, Any]:
    """Return what changes when a message that was counted did not leave. out: `counted`'s ``out``."""
    keys, part, date = out["counted"], _part(out["at"]), local_date(out["at"], zone)
    hour = [list(each) for each in pace.get("hour") or ()]
    for each in hour:
        if each[0] == part:
            each[1:3] = [max(0, each[1] - int("automatic" in keys)), max(0, each[2] - 1)]
    return {"hour": hour, **_on_day(pace, date, keys)}


def _on_day(pace: Json, date: str, keys: list[str]) -> dict[str, Any]:
    """Return ``today`` or ``past`` with one less of *keys* on a date."""

    def less(day: Json) -> dict[str, Any]:
        return {**day, **{key: max(0, day[key] - 1) for key in keys}}

    now = pace.get("today")
    if now and now["date"] == date:
        return {"today": less(now)}
    return {"past": [less(day) if day["date"] == date else day for day in pace.get("past") or ()]}


def failed(pace: Json, at: str, zone: str) -> dict[str, Any]:
    """Return what changes when a gateway refuses a message."""
    return {"hour": _in_hour(pace, at, 0, 0, 1), **_with(pace, at, zone, failed=1)}


def answered(pace: Json, at: str, zone: str) -> dict[str, Any]:
    """Return what changes when a customer answers an unasked message."""
    return _with(pace, at, zone, answered=1)


def _in_hour(pace: Json, at: str, *more: int) -> list[list[int]]:
    parts, now = [list(part) for part in recent(pace, at)], _part(at)
    if not parts or parts[-1][0] != now:
        parts.append([now, 0, 0, 0])
    parts[-1][1:] = [count + added for count, added in zip(parts[-1][1:], more, strict=True)]
    return parts


def failing(pace: Json, rules: Json, at: str) -> bool:
    """Whether so many messages of the last hour were refused that the number has to pause."""
    parts = recent(pace, at)
    sent, refused = sum(part[2] for part in parts), sum(part[3] for part in parts)
    return bool(rules["failures"]) and sent >= rules["failures_from"] and refused > rules["failures"] * sent
