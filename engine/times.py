"""Times: RFC 3339 in UTC with six digits and ``Z``, so that text order is time order."""

from datetime import UTC, datetime, timedelta

_MILLISECONDS_FROM = 1e11


def format(moment: datetime) -> str:
    """Return an aware *moment* as ``2026-11-24T09:42:00.000000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def now() -> str:
    """Return the present time by the wall clock."""
    return datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def parse(text: str) -> datetime:
    """Return the aware datetime of an RFC 3339 *text*; ValueError where it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time needs its zone: {text!r}")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def from_epoch(value: float | str) -> str:
    """Return the time of a count of seconds or (from 1e11 on) milliseconds since 1970.

    Gateways send either, as numbers or as text. ValueError where it is no such count.
    """
    seconds = float(value)
    if seconds > _MILLISECONDS_FROM:
        seconds /= 1000
    if not 0 <= seconds < 253402300800:
        raise ValueError(f"no time since 1970: {value!r}")
    return format(datetime.fromtimestamp(seconds, UTC))


def add(text: str, seconds: float) -> str:
    """Return the time *seconds* after *text*."""
    return format(parse(text) + timedelta(seconds=seconds))


def seconds_between(earlier: str, later: str) -> float:
    """Return how many seconds *later* is after *earlier*."""
    return (parse(later) - parse(earlier)).total_seconds()
