"""Quiet hours at the customer's place, from the country and prefix of the number."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from phonenumbers import timezone

from engine import times

LOOKS = 12
MINUTE = 60.0


@lru_cache(maxsize=4096)
def zones_of(phone: str | None, home: str) -> tuple[str, ...]:
    """Return the time zones where a number (E.164 digits) may be; *home* where that is not known.

    A country of several zones: *home* where it is one of them, as a shop's customers mostly live
    near it; else all of them, and it is quiet where it is night in any.
    """
    try:
        number = phonenumbers.parse(f"+{(phone or '').lstrip('+')}", None)
    except phonenumbers.NumberParseException:
        return (home,)
    found = tuple(zone for zone in timezone.time_zones_for_number(number) if zone in _known())
    return (home,) if not found or home in found else found


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones() - {"Etc/Unknown"})


@lru_cache(maxsize=512)
def _place(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _clock(text: str) -> time:
    hour, _colon, minute = text.partition(":")
    return time(int(hour), int(minute))


def is_quiet(at: str, zone: str, begins: str, ends: str) -> bool:
    """Whether it is in the quiet hours of a zone; *begins* … *ends* (``21:00``) may go over midnight."""
    if not begins or not ends or begins == ends:
        return False
    now = times.parse(at).astimezone(_place(zone)).time().replace(tzinfo=None)
    start, end = _clock(begins), _clock(ends)
    return start <= now < end if start < end else now >= start or now < end


def _end(at: str, zone: str, ends: str) -> str:
    """Return the next moment at which a zone's clocks show *ends*, or would."""
    place = _place(zone)
    here = times.parse(at).astimezone(place)
    for days in (0, 1, 2):
        day = here.date() + timedelta(days=days)
        then = times.format(datetime.combine(day, _clock(ends), tzinfo=place))
        if then > at:
            return then
    raise ValueError(f"{ends} never comes in {zone}")


def quiet_until(at: str, zones: Iterable[str], begins: str, ends: str) -> str | None:
    """Return when it is quiet in none of *zones* any more; None where it is not quiet at *at*.

    Where the nights of *zones* leave no hour of the day, the first of them counts alone.
    """
    here, now = tuple(zones), at
    for _ in range(LOOKS):
        night = next((zone for zone in here if is_quiet(now, zone, begins, ends)), None)
        if night is None:
            return now if now > at else None
        then = _end(now, night, ends)
        # Where the clocks are put back, the quiet hours may begin again at their own end.
        now = then if not is_quiet(then, night, begins, ends) else times.add(then, MINUTE)
    return quiet_until(at, here[:1], begins, ends)
