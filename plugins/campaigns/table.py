"""The people of a CSV file: a column with their numbers, the others are fields for the texts."""

import csv
import io
import re
import unicodedata
from typing import Any

from engine import e164

Json = dict[str, Any]
MOST_ROWS = 20_000
MOST_COLUMNS = 50
LONGEST = 500
SHOWN_BAD = 100
PHONE = (
    "phone", "phone number", "mobile", "telephone", "tel", "number", "whatsapp", "wa", "telepon", "telp",
    "nomor", "nomor telepon", "no telepon", "no telp", "hp", "no hp", "nomor hp", "no wa", "nomor wa",
    "nomor whatsapp", "handphone", "ponsel", "msisdn",
)  # fmt: skip
NAME = ("name", "full name", "nama", "nama lengkap", "nama pelanggan", "pelanggan", "customer", "contact")


class NoTable(ValueError):
    """A file cannot be read as a table; code: empty, no_phone, long or binary."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read(raw: bytes, region: str | None) -> Json:
    """Return ``{fields, rows: [{phone, fields}], bad: [{line, value}], bad_count}`` of a CSV file.

    Raises NoTable. region: of numbers without a country's code, two letters. It may be in UTF-8, in UTF-16
    with its mark, else it is Windows-1252.
    """
    text = _text(raw)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    titles = next((cells for cells in lines if any(map(str.strip, cells))), [])[:MOST_COLUMNS]
    if not titles:
        raise NoTable("empty")
    keys = keys_of(titles)
    if "phone" not in keys:
        raise NoTable("no_phone")
    made: Json = {"fields": [key for key in keys if key != "phone"], "rows": [], "bad": [], "bad_count": 0}
    for cells in lines:
        if any(map(str.strip, cells)):
            _take(made, dict(zip(keys, cells, strict=False)), lines.line_num, region)
    return made


def _take(made: Json, row: dict[str, str], line: int, region: str | None) -> None:
    if len(made["rows"]) >= MOST_ROWS:
        raise NoTable("long")
    told = {key: value.strip()[:LONGEST] for key, value in row.items()}
    phone = told.pop("phone", "").lstrip("'")
    try:
        if re.fullmatch(r"[\d.,]+E\+?\d+", phone, re.IGNORECASE):
            raise ValueError(phone)
        made["rows"].append({"phone": e164(phone, region), "fields": {k: v for k, v in told.items() if v}})
    except ValueError:
        made["bad_count"] += 1
        if len(made["bad"]) < SHOWN_BAD:
            made["bad"].append({"line": line, "value": phone[:60]})


def _text(raw: bytes) -> str:
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    if "\0" in text:
        raise NoTable("binary")
    return text


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(",;\t|", key=head.count)


def keys_of(titles: list[str]) -> list[str]:
    """Return each column's field: ``phone``, ``name``, or a key made of its title."""
    found: list[str] = []
    for place, title in enumerate(titles, 1):
        plain = " ".join(re.sub(r"[^a-z0-9]+", " ", _ascii(title)).split())
        key = "phone" if plain in PHONE else "name" if plain in NAME else plain.replace(" ", "_")[:60]
        if not key[:1].isalpha():
            key = f"column_{place}"
        found.append(key if key not in found else f"{key}_{place}")
    return found


def _ascii(title: str) -> str:
    return unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
