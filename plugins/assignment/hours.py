"""A team's business hours: when it is open, and times counted in open minutes only.

Hours are ``{"mon": [["08:00", "12:00"], ["13:00", "17:00"]], …}`` in the team's own time zone; a span whose
end is not after its start goes on into the next day. Every boundary is taken to UTC by itself, so a day on
which the clocks change has the minutes that it has.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from engine import times

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST = 400  # days that are looked ahead for the next open minute


class Calendar:
    """When a team is open.

    team: its `TeamConfig` document; workspace: whose zone and country are the defaults.
    """

    def __init__(self, team, workspace):
        self.hours = team.get("hours")
        self.zone = ZoneInfo(team.get("timezone") or workspace.get("timezone") or "Asia/Jakarta")
        country = team.get("country")
        self.country = (workspace.get("region") or "ID") if country is None else country
        self.closed_on = frozenset(team.get("closed_on") or ())

    def is_open(self, at):
        """Whether the team is open at a time; without hours it always is."""
        moment = times.parse(at)
        return self.hours is None or any(begin <= moment < end for begin, end in self._spans(moment, days=1))

    def closed_for(self, at):
        """Return why the team is closed at a time: a holiday's name, ``"closed on this day"`` or None."""
        day = times.parse(at).astimezone(self.zone).date()
        if day.isoformat() in self.closed_on:
            return "closed on this day"
        return holidays_of(self.country, day.year).get(day) if self.country else None

    def opens_at(self, at):
        """Return the next time after *at* at which the team opens; None where there is none."""
        moment = times.parse(at)
        spans = () if self.hours is None else self._spans(moment)
        return next((times.format(begin) for begin, _end in spans if begin > moment), None)

    def add(self, at, minutes):
        """Return when *minutes* of open time have passed since *at*; of plain time where it never opens."""
        moment, rest = times.parse(at), timedelta(minutes=minutes)
        if self.hours is None:
            return times.format(moment + rest)
        for begin, end in self._spans(moment):
            begin = max(begin, moment)
            if begin < end and rest <= end - begin:
                return times.format(begin + rest)
            rest -= max(end - begin, timedelta(0))
        return times.format(moment + timedelta(minutes=minutes))

    def minutes(self, earlier, later):
        """Return how many open minutes there are between two times."""
        start, stop = times.parse(earlier), times.parse(later)
        if self.hours is None:
            return max(0.0, (stop - start).total_seconds() / 60)
        total = timedelta(0)
        for begin, end in self._spans(start):
            if begin >= stop:
                break
            total += max(min(end, stop) - max(begin, start), timedelta(0))
        return total.total_seconds() / 60

    def _spans(self, moment, days=LONGEST):
        """Yield (begin, end) in UTC from the day before *moment* on, in order."""
        first = moment.astimezone(self.zone).date() - timedelta(days=1)
        for number in range(days + 1):
            day = first + timedelta(days=number)
            if not self._is_closed(day):
                for begin, end in sorted(self.hours.get(DAYS[day.weekday()]) or ()):
                    yield self._moment(day, begin), self._moment(day + timedelta(days=end <= begin), end)

    def _is_closed(self, day):
        if day.isoformat() in self.closed_on:
            return True
        return bool(self.country) and day in holidays_of(self.country, day.year)

    def _moment(self, day: date, clock: str) -> datetime:
        if clock == "24:00":
            day, clock = day + timedelta(days=1), "00:00"
        local = datetime.combine(day, time.fromisoformat(clock), tzinfo=self.zone)
        return times.parse(times.format(local))


@lru_cache(maxsize=256)
def holidays_of(country, year):
    """Return the public holidays of a country (ISO 3166) in a year: date → name; {} where none are known."""
    try:
        language = holidays.country_holidays(country).default_language  # else the process's own
        return dict(holidays.country_holidays(country, years=year, language=language))
    except NotImplementedError:
        return {}


def check(hours):
    """Raise ValueError, in words, where *hours* are none."""
    for day, spans in hours.items():
        if day not in DAYS:
            raise ValueError(f"a day is one of {', '.join(DAYS)}, not {day!r}")
        for span in spans:
            if not (isinstance(span, list) and len(span) == 2):
                raise ValueError(f"{day}: a span is a begin and an end, as in ['08:00', '17:00']")
            for clock in span:
                _check_clock(day, clock)


def _check_clock(day, clock):
    try:
        if clock != "24:00":
            assert len(clock) == 5
            time.fromisoformat(clock)
    except (ValueError, TypeError, AssertionError):
        raise ValueError(f"{day}: a time is written as 08:00, not {clock!r}") from None
