"""Custom fields: which types there are, and how a value of each is read, kept and shown.

A contact keeps the value of the field ``city`` under the one key ``contacts.city``:

- text, choice: a text;
- number: a JSON number of 15 digits at most, so that it is read back digit by digit as it was given;
- date: ``2031-03-17``;
- money: a whole number of the currency's minor units (Rp 150.000 is 15000000), never a fraction.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

Field = dict[str, Any]
TYPES = ("text", "number", "date", "choice", "money")
PREFIX = "contacts."
RESERVED = ("name", "phone")  # what a column of a file may be besides
LONGEST = 500
DIGITS = 15
LOCALES = {"en": "en_GB", "id": "id_ID"}
MONTHS = (
    ("jan",), ("feb", "peb"), ("mar",), ("apr",), ("may", "mei"), ("jun",), ("jul",), ("aug", "agu", "ags"),
    ("sep",), ("oct", "okt"), ("nov", "nop"), ("dec", "des"),
)  # fmt: skip
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_POINT = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_COMMA = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")


class Wrong(ValueError):
    """A value does not fit its field. code: the reason as one word, for programs and translations."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def name_of(field: Field) -> str:
    """Return under which name a contact keeps the field's value."""
    return f"{PREFIX}{field['key']}"


def key_of(label: str, taken: Iterable[str]) -> str:
    """Return a key made of a label (``Tanggal lahir`` → ``tanggal_lahir``) that is not among *taken*."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:36]
    key = key if key[:1].isalpha() else f"field_{key}".rstrip("_")
    there, number = set(taken), 1
    found = key
    while found in there:
        number += 1
        found = f"{key}_{number}"
    return found


def checked(field: Field, value: Any) -> Any:
    """Return *value*, as the API takes it, as it is kept; None takes it away. Raises `Wrong`.

    A number is a JSON number or a text such as ``"1234.5"``; money is such a text or number in whole
    currency, or ``{"amount": minor units, "currency": "IDR"}``.
    """
    if value is None or value == "":
        if field.get("required"):
            raise Wrong("needed", f"{field['label']} is needed")
        return None
    return _CHECKS[field["type"]](field, value)


def read(field: Field, text: str, comma: bool = False, month_first: bool = False) -> Any:
    """Return what a person wrote as it is kept. Raises `Wrong`.

    comma: ``1.234,5`` is how a fraction is written, else ``1,234.5``. month_first: ``03/17/2031``.
    """
    text = text.strip()
    if text and field["type"] in ("number", "money"):
        return checked(field, _figure(field, text, comma))
    if text and field["type"] == "date":
        return _day(field, text, month_first)
    return checked(field, text)


def shown(field: Field, value: Any, language: str) -> str:
    """Return a kept value as people of a language (``id`` or ``en``) write it; "" for none."""
    locale = LOCALES.get(language, "en_GB")
    if value is None:
        return ""
    try:
        if field["type"] == "number":
            return str(format_decimal(Decimal(str(value)), "#,##0.###############", locale=locale))
        if field["type"] == "money":
            amount = Decimal(value).scaleb(-get_currency_precision(field["currency"]))
            whole = "¤#,##0" if amount == amount.to_integral_value() else None
            how = {"format": whole, "currency_digits": False} if whole else {}
            return str(format_currency(amount, field["currency"], locale=locale, **how))
        if field["type"] == "date":
            return str(format_date(date.fromisoformat(value), "d MMM y", locale=locale))
    except (ValueError, TypeError, InvalidOperation):
        return str(value)
    return str(value)


def typed(field: Field, value: Any, language: str) -> str:
    """Return a kept value as a form's field has it, to be changed and `read` again."""
    if value is None or field["type"] not in ("number", "money"):
        return "" if value is None else str(value)
    text = plain(field, value)
    return text.replace(".", ",") if language == "id" else text


def plain(field: Field, value: Any) -> str:
    """Return a kept value as a program's file has it: ``1234.5``, ``150000``, ``2031-03-17``."""
    if value is None:
        return ""
    if field["type"] == "money":
        return f"{Decimal(value).scaleb(-get_currency_precision(field['currency'])).normalize():f}"
    return f"{Decimal(str(value)).normalize():f}" if field["type"] == "number" else str(value)


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("not_a_text", f"{field['label']} takes a text, not {value!r:.60}")
    if len(value) > LONGEST:
        raise Wrong("too_long", f"{field['label']} takes {LONGEST} characters at most")
    return value.strip()


def _choice(field: Field, value: Any) -> str:
    text = _text(field, value).casefold()
    for choice in field["choices"]:
        if choice.casefold() == text:
            return str(choice)
    known = ", ".join(field["choices"])
    raise Wrong("not_a_choice", f"{field['label']} is one of {known}, not {value!r:.60}")


def _decimal(field: Field, value: Any) -> Decimal:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    text = str(value).strip() if fits or isinstance(value, str) else ""
    if not (fits or _PLAIN.fullmatch(text)):
        raise Wrong("not_a_number", f"{field['label']} takes a number, not {value!r:.60}")
    number = Decimal(text)
    if not number.is_finite() or number.normalize().adjusted() >= DIGITS:
        raise Wrong("too_large", f"{field['label']} takes numbers of {DIGITS} digits at most")
    return number


def _number(field: Field, value: Any) -> int | float:
    number = _decimal(field, value)
    if len(number.normalize().as_tuple().digits) > DIGITS:
        raise Wrong("too_precise", f"{field['label']} takes {DIGITS} digits at most")
    return int(number) if number == number.to_integral_value() else float(number)


def _money(field: Field, value: Any) -> int:
    if isinstance(value, dict):
        amount, currency = value.get("amount"), value.get("currency")
        if currency != field["currency"] or type(amount) is not int or abs(amount) >= 10**DIGITS:
            raise Wrong("not_money", f"{field['label']} takes an amount of {field['currency']}")
        return amount
    minor = _decimal(field, value).scaleb(get_currency_precision(field["currency"]))
    if minor != minor.to_integral_value():
        coin = f"{field['currency']} has no such small coin"
        raise Wrong("too_precise", f"{field['label']}: {coin}: {value!r:.60}")
    return int(minor)


def _date(field: Field, value: Any) -> str:
    text = _text(field, value)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        such = f"{field['label']} takes a date such as 2031-03-17"
        raise Wrong("not_a_date", f"{such}, not {value!r:.60}") from None


_CHECKS = {"text": _text, "number": _number, "date": _date, "choice": _choice, "money": _money}


def _figure(field: Field, text: str, comma: bool) -> str:
    """Return a number as a person wrote it, its currency and groups taken away, as a plain one."""
    bare = re.sub(r"^(-?)\s*(rp\.?|[a-z]{3}|[^\w\s.,-])\s*", r"\1", text, flags=re.IGNORECASE)
    bare = re.sub(r"\s+|,-$|,--$", "", bare.replace("\u00a0", ""))
    if not (_COMMA if comma else _POINT).fullmatch(bare):
        raise Wrong("not_a_number", f"{field['label']} takes a number, not {text!r:.60}")
    return bare.replace(".", "").replace(",", ".") if comma else bare.replace(",", "")


def _day(field: Field, text: str, month_first: bool) -> str:
    if re.fullmatch(r"\d{8}", text):  # as vCards have it
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    parts = re.split(r"[\s./,-]+", re.sub(r"[T ]\d\d[:.]\d\d([:.]\d\d)?$", "", text))
    try:
        if len(parts) != 3:
            raise ValueError
        if len(parts[0]) == 4:
            year, month, day = parts
        else:
            day, month, year = (parts[1], parts[0], parts[2]) if month_first else parts
        return date(_year(year), _month(month), int(day)).isoformat()
    except ValueError:
        raise Wrong("not_a_date", f"{field['label']} takes a date, not {text!r:.60}") from None


def _year(text: str) -> int:
    if len(text) != 4:
        raise ValueError(text)
    return int(text)


def _month(text: str) -> int:
    for number, beginnings in enumerate(MONTHS, 1):
        if text.lower().startswith(beginnings):
            return number
    return int(text)
