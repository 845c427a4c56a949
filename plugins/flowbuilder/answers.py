"""Answers to questions: what people type, read as a number, a date, an address, a phone number, a choice."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import phonenumbers
import re2
from marshmallow import ValidationError, validate

from .matching import TEXT_LIMIT, Keyword, Matcher, tokens_of

Node = dict[str, Any]
TYPES = ("text", "number", "date", "email", "phone", "choice", "regex")
DIGITS = 21  # of a number; with a million after it, it still is exact
_EMAIL = validate.Email()
_NUMBER = re2.compile(r"^(?:rp\.?|idr|usd|\$)?\s*(-?[\d.,]*\d)\s*(rb|ribu|k|jt|juta)?$")
_TIMES = {"rb": 1000, "ribu": 1000, "k": 1000, "jt": 1_000_000, "juta": 1_000_000}
_DATE = re2.compile(r"^(\d{1,4})[-/. ](\d{1,2}|[a-z]+)(?:[-/. ](\d{2,4}))?$")
_MONTHS = (
    ("jan",), ("feb",), ("mar",), ("apr",), ("mei", "may"), ("jun",),
    ("jul",), ("agu", "aug", "ags"), ("sep",), ("okt", "oct"), ("nov",), ("des", "dec"),
)  # fmt: skip
_DAYS = {"hari ini": 0, "today": 0, "besok": 1, "tomorrow": 1, "lusa": 2}


class NotThat(ValueError):
    """An answer that does not fit; ``name`` and ``fields`` name the phrase that says so."""

    def __init__(self, name: str, **fields: Any) -> None:
        super().__init__(name)
        self.name = name
        self.fields = fields


def read(node: Node, text: str, today: date, region: str) -> Any:
    """Return what *text* answers to the question of *node*; NotThat where it does not fit.

    text and choice give a text, number a Decimal's shortest text (``"150000"``), date ``YYYY-MM-DD``, email
    lower case, phone E.164. today: in the workspace's time zone; region: of phone numbers without a country.
    """
    text = text.strip()[:TEXT_LIMIT]
    return _READERS[node.get("type", "text")](node, text, today, region)


def _text(node: Node, text: str, today: date, region: str) -> str:
    if not text:
        raise NotThat("text")
    return text


def _number(node: Node, text: str, today: date, region: str) -> str:
    found = _NUMBER.match(text.casefold())
    value = _decimal(found.group(1)) if found else None
    if value is None or len(value.as_tuple().digits) > DIGITS:
        raise NotThat("number")
    value *= _TIMES.get(found.group(2) or "", 1)
    low, high = node.get("min"), node.get("max")
    if (low is not None and value < Decimal(str(low))) or (high is not None and value > Decimal(str(high))):
        if low is not None and high is not None:
            raise NotThat("number_range", min=f"{low:g}", max=f"{high:g}")
        raise NotThat("number")
    return f"{value.normalize():f}"


def _decimal(text: str) -> Decimal | None:
    """Read ``1.500.000``, ``1,500,000``, ``2,5`` and ``2.5``: groups of three are thousands."""
    for thousands, point in ((".", ","), (",", ".")):
        whole, _, part = text.partition(point)
        groups = whole.lstrip("-").split(thousands)
        grouped = len(groups) > 1 and 1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])
        if (len(groups) == 1 or grouped) and thousands not in part and point not in part:
            try:
                return Decimal(whole.replace(thousands, "") + (f".{part}" if part else ""))
            except InvalidOperation:
                return None
    return None


def _date(node: Node, text: str, today: date, region: str) -> str:
    words = " ".join(tokens_of(text))
    if words in _DAYS:
        return (today + timedelta(days=_DAYS[words])).isoformat()
    found = _DATE.match(text.strip().casefold())
    day = _day_of(found, today) if found else None
    if day is None:
        raise NotThat("date")
    return day.isoformat()


def _day_of(found: Any, today: date) -> date | None:
    first, second, third = found.group(1), found.group(2), found.group(3)
    if len(first) == 4 and third:
        year, month, day = int(first), second, int(third)
    else:
        year, month, day = _year(third, today), second, int(first)
    try:
        return date(year, _month(month), day)
    except ValueError:
        return None


def _year(text: str | None, today: date) -> int:
    if text is None:
        return today.year
    return int(text) + 2000 if len(text) <= 2 else int(text)


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    for number, beginnings in enumerate(_MONTHS, 1):
        if text.startswith(beginnings):
            return number
    raise ValueError(text)


def _email(node: Node, text: str, today: date, region: str) -> str:
    try:
        return str(_EMAIL(text.strip("<>").removeprefix("mailto:"))).lower()
    except ValidationError:
        raise NotThat("email") from None


def _phone(node: Node, text: str, today: date, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise NotThat("phone") from None
    if not phonenumbers.is_valid_number(number):
        raise NotThat("phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _regex(node: Node, text: str, today: date, region: str) -> str:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    if not re2.fullmatch(node["pattern"], text, options):
        raise NotThat("regex")
    return text


def _choice(node: Node, text: str, today: date, region: str) -> str:
    chosen = choose([{"id": str(n), "title": t} for n, t in enumerate(node["choices"], 1)], text)
    if chosen is None:
        raise NotThat("choice")
    return str(chosen["title"])


_READERS: dict[str, Callable[[Node, str, date, str], Any]] = {
    "text": _text, "number": _number, "date": _date, "email": _email,
    "phone": _phone, "choice": _choice, "regex": _regex,
}  # fmt: skip

_NUMBERED = re2.compile(r"^(?:no|nomor|nomer|number|pilih|pilihan|option|angka)?[\s.#(]*(\d{1,3})[\s.)]*$")


def choose(options: list[Node], text: str, matcher: Matcher | None = None) -> Node | None:
    """Return the option of a menu that *text* names: by its number, title or words, nearly if need be."""
    numbered = _NUMBERED.match(text.strip().casefold())
    if numbered:
        wanted = str(int(numbered.group(1)))
        return next((option for option in options if option["id"] == wanted), None)
    found = (matcher or matcher_of(options)).best(text)
    return found.target if found else None


def matcher_of(options: list[Node]) -> Matcher:
    """Return what finds an option by its title and words."""
    keywords = []
    for rank, option in enumerate(options):
        for words in (option["title"], *option.get("words", ())):
            keywords.append(Keyword(words, "fuzzy", option, 1, rank))
            keywords.append(Keyword(words, "contains", option, 0, rank))
    return Matcher(keywords)
