"""Dates that a note speaks of, in Indonesian and English: found by a small grammar, never guessed.

A number alone is no date, nor is a price, a measure or a word such as “may”: there has to be a cue
(“tanggal 25”, “the 25th”), the name of a month, a weekday, or a word for a day to come. What has passed
is not found. Everything goes by the moment that is given; there is no clock here.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine import times

MORNING = time(9)  # where no time of day is said
FAR = timedelta(days=400)  # what is further away is more likely a date of birth
NEAR = timedelta(days=200)  # of a day and month without a year: what is further away was this year
TODAY = ("hari ini", "today")  # alone they name no moment to come
_MONTHS = (
    "januari january jan", "februari february feb", "maret march mar", "april apr", "mei may",
    "juni june jun", "juli july jul", "agustus august aug agu agt", "september sept sep",
    "oktober october oct okt", "november nov nop", "desember december dec des",
)  # fmt: skip
MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_WEEKDAYS = ("senin monday", "selasa tuesday", "rabu wednesday", "kamis thursday",
             "jumat jum'at jum’at friday", "sabtu saturday", "minggu ahad sunday")  # fmt: skip
WEEKDAY = {word: number for number, words in enumerate(_WEEKDAYS) for word in words.split()}
NUMBER = {
    "satu": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8,
    "sembilan": 9, "sepuluh": 10, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
UNIT = {
    "menit": 60, "minute": 60, "minutes": 60, "min": 60, "jam": 3600, "hour": 3600, "hours": 3600,
    "hari": 86400, "day": 86400, "days": 86400, "minggu": 604800, "pekan": 604800, "week": 604800,
    "weeks": 604800,
}  # fmt: skip
PART = {
    "pagi": 9, "morning": 9, "siang": 13, "noon": 12, "afternoon": 14, "sore": 16, "petang": 17,
    "evening": 18, "malam": 19, "night": 19, "tonight": 19,
}  # fmt: skip


def _words(words: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_MONTH, _DAY, _COUNT, _UNIT = _words(MONTH), f"(?:{_words(WEEKDAY)})", _words(NUMBER), _words(UNIT)
_PART = _words(PART)
_D = r"(?P<d>\d{1,2})"
_YEAR = r"(?:[ ,]+(?P<y>20\d\d)\b)?"
_BARE = r"(?<![\w.,/:-])"
_DONE = r"(?![\w/]|[.,:-]\d)"
_HOUR = r"(?:[01]?\d|2[0-3])"
_PERIOD = rf"\s*(?:am\b|pm\b|(?:in the\s+|this\s+|at\s+)?(?:{_PART})\b)"
_TIME = (
    rf"(?P<time>(?:jam|pukul|pkl\.?|at|@)\s*{_HOUR}(?:[.:][0-5]\d)?(?:{_PERIOD})?|{_HOUR}(?:[.:][0-5]\d)?{_PERIOD}"
    rf"|{_HOUR}[.:][0-5]\d(?![.\d])|(?:in the |at |this )?(?:{_PART})\b(?:\s+ini\b)?)"
)
_AFTER = re.compile(
    rf"[\s,]*(?:(?P<pre>{_PART})\s+(?=(?:jam|pukul|pkl|at)\b))?(?:sebelum\s+|before\s+|by\s+)?{_TIME}(?![\d%])(?:\s*wib\b)?",
    re.I,
)
_BEFORE = re.compile(rf"(?<![\w.,]){_TIME}(?:\s*wib)?\s*,?\s*(?:on\s+|pada\s+|hari\s+)?$", re.I)
_SAID = re.compile(
    rf"(?P<h>\d{{1,2}})?(?:[.:](?P<m>\d\d))?\s*(?P<p>am\b|pm\b)?[^\d]*?"
    rf"(?P<part>\b(?:{_PART})\b)?(?:\s+ini)?$",
    re.I,
)
_GONE_AFTER = re.compile(r"\s*(?:\w+\s+)?(?:kemarin|kmrn|kemaren|lalu|silam|last month|ago)\b", re.I)
_GONE_BEFORE = re.compile(
    r"\b(?:last|past|sejak|since|kemarin|setiap|tiap|every)\s+(?:hari\s+|the\s+|tanggal\s+|tgl\s+)?$", re.I
)


@dataclass(frozen=True)
class Found:
    """A date in a text: where it stands (``start``, ``end``) and the moment that it means."""

    start: int
    end: int
    at: datetime


Maker = Callable[[re.Match[str], datetime], date | datetime | None]


def find(text: str, base: datetime) -> list[Found]:
    """Return the dates to come that *text* names, in its order.

    base: the moment from which “tomorrow” counts, in the time zone in which people there live.
    """
    found: list[Found] = []
    for start, end, day in _days(text, base):
        if found and start < found[-1].end:
            continue
        if _GONE_AFTER.match(text, end) or _GONE_BEFORE.search(text, 0, start):
            continue
        made = _moment(text, start, end, day, base)
        if made is not None and base < made.at <= base + FAR:
            found.append(made)
    return found


def offer(text: str, at: str, zone: str) -> dict[str, str] | None:
    """Return ``{"at", "words"}`` of the first day that *text* names from the time *at* on, or None.

    zone: the time zone's name; UTC where there is none of that name.
    """
    try:
        there = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        there = ZoneInfo("UTC")
    for found in find(text, times.parse(at).astimezone(there)):
        return {"at": times.format(found.at), "words": text[found.start : found.end][:80]}
    return None


def _days(text: str, base: datetime) -> Iterator[tuple[int, int, date | datetime]]:
    """Yield (start, end, day or moment) of all that looks like a day, the longest at a place first."""
    hits = []
    for pattern, make in GRAMMAR:
        for match in pattern.finditer(text):
            try:
                made = make(match, base)
            except (ValueError, OverflowError):
                continue
            if made is not None:
                hits.append((match.start(), match.end(), made))
    yield from sorted(hits, key=lambda hit: (hit[0], -hit[1]))


def _moment(text: str, start: int, end: int, day: date | datetime, base: datetime) -> Found | None:
    if isinstance(day, datetime):
        return Found(start, end, day)
    after, before = _AFTER.match(text, end), _BEFORE.search(text, max(0, start - 40), start)
    said = after or before
    at = _clock(said) if said else None
    if at is None:
        said, at = None, MORNING
        if text[start:end].lower() in TODAY:
            return None
    if said is after and said is not None:
        end = said.end()
    elif said is not None:
        start = said.start()
    return Found(start, end, datetime.combine(day, at, base.tzinfo))


def _clock(said: re.Match[str]) -> time | None:
    """Return the time of day that was said, None where there is no such time."""
    heard = _SAID.search(said["time"])
    assert heard is not None
    part = PART.get((heard["part"] or said.groupdict().get("pre") or "").lower())
    if heard["h"] is None:
        return time(part) if part else None
    hours, minutes = int(heard["h"]), int(heard["m"] or 0)
    period = (heard["p"] or "").lower()
    is_late = period == "pm" or (part is not None and part >= 13 and not (part == 13 and hours >= 10))
    if is_late and hours < 12:
        hours += 12
    if period == "am" and hours == 12:
        hours = 0
    return time(hours, minutes)


def _in_days(days: int) -> Maker:
    return lambda match, base: base.date() + timedelta(days=days)


def _day_of_month(match: re.Match[str], base: datetime) -> date | None:
    """Return the next day of this number, of the month and year that are named."""
    named = match.groupdict()
    day, month, year = int(named["d"]), named.get("mon"), named.get("y")
    number = (MONTH.get(month.lower()) or int(month)) if month else None
    if year:
        return date(int(year) + (2000 if len(year) == 2 else 0), number or base.month, day)
    if number:
        made = date(base.year, number, day)
        made = made if made >= base.date() else date(base.year + 1, number, day)
        return made if made - base.date() <= NEAR else None
    return _next_with(day, base.date())


def _next_with(day: int, today: date) -> date | None:
    """Return the next date with this number: this month's, else that of a later month that has it."""
    if not 1 <= day <= 31:
        return None
    year, month = today.year, today.month
    while day > calendar.monthrange(year, month)[1] or date(year, month, day) < today:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return date(year, month, day)


def _weekday(match: re.Match[str], base: datetime) -> date | None:
    """Return the next such weekday; “next” and “depan” mean the week after this one."""
    wanted = WEEKDAY[match["w"].lower()]
    days = (wanted - base.weekday()) % 7 or 7
    if match.groupdict().get("next"):
        days = 7 - base.weekday() + wanted
    return base.date() + timedelta(days=days)


def _span(match: re.Match[str], base: datetime) -> date | datetime:
    """Return what is so many days, weeks, hours or minutes away."""
    count = match["n"].lower()
    seconds = (NUMBER.get(count) or int(count)) * UNIT[match["u"].lower()]
    return _away(seconds, base)


def _away(seconds: int, base: datetime) -> date | datetime:
    if seconds >= 86400:
        return base.date() + timedelta(seconds=seconds)
    return (base + timedelta(seconds=seconds)).replace(second=0, microsecond=0)


def _one(match: re.Match[str], base: datetime) -> date | datetime:
    return _away(UNIT[match["u"].lower()], base)


def _next_week(match: re.Match[str], base: datetime) -> date:
    return base.date() + timedelta(days=7 - base.weekday())


def _next_month(match: re.Match[str], base: datetime) -> date:
    return (base.date().replace(day=1) + timedelta(days=32)).replace(day=1)


def _end_of_month(match: re.Match[str], base: datetime) -> date:
    return base.date().replace(day=calendar.monthrange(base.year, base.month)[1])


def _later_today(match: re.Match[str], base: datetime) -> datetime | None:
    at = _clock(match)
    return datetime.combine(base.date(), at, base.tzinfo) if at else None


def _slashed(match: re.Match[str], base: datetime) -> date | None:
    """Return day/month; without a year or a cue only what is no fraction, rating or “24/7”."""
    day, month = match["d"], match["mon"]
    if not match["y"] and not match["cue"] and (len(month) < 2 or day == month):
        return None
    return _day_of_month(match, base)


_CUE = r"(?:tanggal|tgl\.?|tgl|per tanggal|on the|on|by the|the)"
GRAMMAR: tuple[tuple[re.Pattern[str], Maker], ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (rf"\b(?:tanggal|tgl\.?)\s*{_D}(?:\s+(?P<mon>{_MONTH})\b{_YEAR})?{_DONE}", _day_of_month),
        (
            rf"\b(?:on |by )?the\s+{_D}(?:st|nd|rd|th)(?:\s+(?:of\s+)?(?P<mon>{_MONTH})\b{_YEAR})?{_DONE}",
            _day_of_month,
        ),
        (rf"\b(?:on|by|until)\s+{_D}(?:st|nd|rd|th){_DONE}", _day_of_month),
        (
            rf"{_BARE}{_D}(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<mon>{_MONTH})\b"
            rf"(?!\s+(?:i|we|you|he|she|they|be|not|have)\b){_YEAR}{_DONE}",
            _day_of_month,
        ),
        (
            rf"\b(?P<mon>{_MONTH})\s+{_D}(?:st|nd|rd|th)?\b{_YEAR}(?![\w/]|[.,:]\d|\s*(?:rb|ribu|kg|pcs|x)\b)",
            _day_of_month,
        ),
        (
            rf"(?P<cue>\b{_CUE}\s*)?{_BARE}{_D}[/-](?P<mon>\d{{1,2}})(?:[/-](?P<y>(?:20)?\d\d))?"
            rf"(?![\w/-]|[.,:]\d|\s*(?:kg|gr|gram|liter|cm|inch|porsi|pcs)\b)",
            _slashed,
        ),
        (rf"{_BARE}(?P<y>20\d\d)-(?P<mon>\d\d)-(?P<d>\d\d){_DONE}", _day_of_month),
        (r"\b(?:besok|esok|tomorrow|tmrw|bsk)\b(?!\s*-?(?:besok\b|lusa\b))", _in_days(1)),
        (r"\b(?:besok\s+lusa|lusa|the day after tomorrow|day after tomorrow)\b", _in_days(2)),
        (r"\b(?:hari ini|today)\b", _in_days(0)),
        (rf"\b(?P<next>next|coming)\s+(?P<w>{_DAY})\b", _weekday),
        (rf"\b(?:hari\s+)?(?P<w>{_DAY})\s+(?P<next>depan)\b(?<!\bminggu depan)", _weekday),
        (rf"\b(?:on\s+|this\s+|hari\s+)?(?P<w>(?!minggu){_DAY})\b(?:\s+(?:ini|besok)\b)?", _weekday),
        (r"\bhari\s+(?P<w>minggu)\s+(?P<next>depan)\b", _weekday),
        (rf"\bhari\s+(?P<w>minggu)\b|\b(?P<w2>minggu)\s+(?={_PART}\b)", lambda m, b: _sunday(b)),
        (r"\b(?:minggu|pekan)\s+depan\b|\bnext week\b", _next_week),
        (r"\b(?:awal\s+)?bulan\s+depan\b|\bnext month\b", _next_month),
        (r"\bakhir bulan(?:\s+ini)?\b(?!\s+depan)|\bend of (?:the|this) month\b", _end_of_month),
        (rf"{_BARE}(?P<n>\d{{1,3}}|{_COUNT})\s*(?P<u>{_UNIT})\s+lagi\b", _span),
        (
            rf"\b(?:in|dalam)\s+(?P<n>\d{{1,3}}|{_COUNT})\s*(?P<u>{_UNIT})\b(?!\s*(?:ini|terakhir|ago|per)\b)",
            _span,
        ),
        (r"\bse(?P<u>jam|hari|minggu|pekan)\s+lagi\b", _one),
        (rf"\bnanti\s+{_TIME}(?!\d)", _later_today),
        (rf"\b(?P<time>{_PART})\s+(?:ini|nanti)\b", _later_today),
        (r"\b(?:this\s+|(?=tonight))(?P<time>afternoon|evening|tonight)\b", _later_today),
    )
)


def _sunday(base: datetime) -> date:
    return base.date() + timedelta(days=(6 - base.weekday()) % 7 or 7)
