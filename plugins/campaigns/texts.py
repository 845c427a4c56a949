"""What a campaign's text says to one person: plain functions on plain data.

A text has gaps (`engine.templates`) and alternatives that its author wrote, ``[[Halo|Hai]] {{name|Kak}}``.
Which of them a person gets depends on the campaign and on their place in it alone, so a preview shows just
that.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision

from engine import draw, templates

Json = Mapping[str, Any]
MOST_TEXTS = 4
PREFIX = "contacts."
LOCALES = {"en": "en_GB", "id": "id_ID"}
_CHOICE = re.compile(r"\[\[((?:[^\[\]]|\[(?!\[)|\](?!\]))*)\]\]")
_BAR = re.compile(r"\|(?![^{}]*\}\})")


def variant_of(campaign: Json, n: int) -> str:
    """Return the id of the text that the *n*-th person gets, by the texts' weights."""
    texts = campaign["texts"]
    at = draw(campaign["id"], "variant", n) * sum(text["weight"] for text in texts)
    for text in texts:
        at -= text["weight"]
        if at < 0:
            return str(text["id"])
    return str(texts[-1]["id"])


def chosen(text: str, campaign: str, n: int) -> str:
    """Return *text* with one of each ``[[one|another]]``."""
    place = iter(range(len(text)))

    def choose(found: re.Match[str]) -> str:
        options = _BAR.split(found[1])
        return options[int(draw(campaign, "alternative", n, next(place)) * len(options))]

    return _CHOICE.sub(choose, text)


def written(campaign: Json, variant: str, n: int, values: Json) -> tuple[str, list[str]]:
    """Return (what the *n*-th person is told, which fields are missing for that)."""
    text = next((each["text"] for each in campaign["texts"] if each["id"] == variant), "")
    said, missing = templates.render(chosen(text, campaign["id"], n), values)
    return said.strip(), missing


def fields_in(texts: Iterable[Json]) -> list[str]:
    """Return the names of all fields that *texts* have gaps for."""
    return list(dict.fromkeys(name for text in texts for name in templates.fields_in(text["text"])))


def values_of(contact: Json, own: Json, custom: Iterable[Json], language: str) -> dict[str, str]:
    """Return what the gaps are filled with: a contact's name, number and fields; *own*: those of its row."""
    is_named = any((contact.get("names") or {}).values())
    name = str(own.get("name") or (contact.get("name") if is_named else "") or "").strip()
    values = {"name": name, "first_name": name.partition(" ")[0], "phone": contact.get("phone") or ""}
    for field in custom:
        value = contact.get(f"{PREFIX}{field['key']}")
        if value is not None:
            values[field["key"]] = shown(field, value, language)
    return {**values, **{key: str(value) for key, value in own.items() if str(value).strip()}}


def shown(field: Json, value: Any, language: str) -> str:
    """Return a custom field's value as people write it: ``Rp 150.000``, ``17 Mar 2031``."""
    locale = LOCALES.get(language, "en_GB")
    try:
        if field["type"] == "money":
            amount = Decimal(value).scaleb(-get_currency_precision(field["currency"]))
            whole = "¤#,##0" if amount == amount.to_integral_value() else None
            how: dict[str, Any] = {"format": whole, "currency_digits": False} if whole else {}
            return str(format_currency(amount, field["currency"], locale=locale, **how))
        if field["type"] == "number":
            return str(format_decimal(Decimal(str(value)), "#,##0.###############", locale=locale))
        if field["type"] == "date":
            return str(format_date(date.fromisoformat(value), "d MMM y", locale=locale))
    except (ValueError, TypeError, ArithmeticError):
        pass
    return str(value)
