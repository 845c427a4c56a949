"""What an import makes of a file's rows: which column is what, what is wrong with a row, what goes in.

Plain functions on plain data; `files` reads them.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from engine import chat_of, e164, name_of

from . import fields
from .csv_vcard import bare

Json = dict[str, Any]
NAME, PHONE = "name", "phone"
OWN = (NAME, PHONE)
DUPLICATES = ("fill", "overwrite", "skip")
LONGEST_NAME = 200
_WORDS = {
    NAME: (
        "name", "full name", "fullname", "display name", "contact", "contact name", "customer", "first name",
        "nama", "nama lengkap", "nama kontak", "nama pelanggan", "pelanggan", "kontak", "fn",
    ),
    PHONE: (
        "phone", "phone number", "mobile", "mobile phone", "cell", "cellphone", "telephone", "tel", "number",
        "whatsapp", "whatsapp number", "wa", "wa number", "telepon", "telpon", "telp", "tlp", "no telepon",
        "nomor telepon", "no telp", "hp", "no hp", "nomor hp", "handphone", "no handphone", "ponsel", "nomor",
        "no wa", "nomor wa", "nomor whatsapp", "no whatsapp", "phone 1 value", "msisdn",
    ),
}  # fmt: skip
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE)


class Bad(ValueError):
    """A row cannot go in. code: why, as one word; column: of which title; value: what stands there."""

    def __init__(self, code: str, column: str = "", value: str = "") -> None:
        super().__init__(code)
        self.code, self.column, self.value = code, column, value

    def as_data(self, line: int, cells: list[str]) -> Json:
        """Return ``{line, code, column, value, cells}``."""
        told = {"line": line, "code": self.code, "column": self.column, "value": self.value[:120]}
        return {**told, "cells": cells}


def guess(columns: list[str], custom: Iterable[Json]) -> list[str | None]:
    """Return what each column seems to be: ``name``, ``phone``, a custom field's key, or None.

    One name and up to three numbers; titles in English and Indonesian.
    """
    by_words = {_plain(word): target for target, words in _WORDS.items() for word in words}
    for field in custom:
        by_words[_plain(field["label"])] = by_words[_plain(field["key"])] = field["key"]
    found: list[str | None] = []
    for title in columns:
        target = by_words.get(_plain(title)) or by_words.get(re.sub(r" \d$", "", _plain(title)))
        most = 3 if target == PHONE else 1
        found.append(target if target and found.count(target) < most else None)
    return found


def _plain(title: str) -> str:
    text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


def phone_of(text: str, region: str) -> str:
    """Return a number as E.164; one without a country's code is of *region*. Raises `Bad`.

    ``0812…``, ``812…`` (a spreadsheet took the zero away) and ``62812…`` (the plus) are understood.
    """
    bare_text = bare(text).strip()
    if _SCIENTIFIC.fullmatch(bare_text):
        raise Bad("scientific", value=text)
    try:
        return e164(bare_text, region)
    except ValueError:
        raise Bad("bad_phone", value=text) from None


class Reader:
    """Makes contacts of rows. seen: number, or a contact's id → the line where it stood first.

    plan: ``{"columns": [title], "mapping": [target | None], "options": {region, comma, month_first}}``;
    custom: the custom fields.
    """

    def __init__(self, plan: Json, custom: Iterable[Json]) -> None:
        self.columns, self.options = plan["columns"], plan["options"]
        self.targets = list(zip(plan["mapping"], self.columns, strict=True))
        self.custom = {field["key"]: field for field in custom}
        self.seen: dict[str, int] = {}

    def row(self, line: int, cells: list[str]) -> Json:
        """Return ``{line, phones, name, fields}`` of one row. Raises `Bad`."""
        if not cells:
            raise Bad("not_a_card")
        cells = [cell.replace("\0", "") for cell in cells]
        cells = [bare(cell.strip()) for cell in cells] + [""] * (len(self.columns) - len(cells))
        phones, name, found = self._phones(cells), self._name(cells), self._fields(cells)
        first = next((self.seen[phone] for phone in phones if phone in self.seen), None)
        if first is not None:
            raise Bad("duplicate", value=str(first))
        self.seen.update(dict.fromkeys(phones, line))
        return {"line": line, "phones": phones, "name": name, "fields": found}

    def met(self, contact: str, line: int) -> None:
        """Note a contact that a row is about. Raises `Bad` where an earlier row is about them."""
        first = self.seen.setdefault(contact, line)
        if first != line:
            raise Bad("same_contact", value=str(first))

    def _cells(self, cells: list[str], target: str) -> Iterable[tuple[str, str]]:
        return ((title, cell) for (to, title), cell in zip(self.targets, cells, strict=False) if to == target)

    def _phones(self, cells: list[str]) -> list[str]:
        phones: list[str] = []
        for title, cell in self._cells(cells, PHONE):
            if cell:
                try:
                    phones.append(phone_of(cell, self.options["region"]))
                except Bad as bad:
                    raise Bad(bad.code, title, cell) from None
        if not phones:
            raise Bad("no_phone")
        return list(dict.fromkeys(phones))

    def _name(self, cells: list[str]) -> str | None:
        name = " ".join(cell for _, cell in self._cells(cells, NAME) if cell)
        if len(name) > LONGEST_NAME:
            raise Bad("too_long", value=name)
        return name or None

    def _fields(self, cells: list[str]) -> Json:
        found = {}
        for key, field in self.custom.items():
            for title, cell in self._cells(cells, key):
                try:
                    value = fields.read(field, cell, self.options["comma"], self.options["month_first"])
                except fields.Wrong as wrong:
                    raise Bad(wrong.code, title, cell) from None
                if value is not None:
                    found[key] = value
        return found


def outcome(
    known: list[Json], row: Json, custom: dict[str, Json], options: Json, marks: Json
) -> tuple[str, Json]:
    """Return (what a row does: ``create``, ``update`` or ``skip``; fields). Raises `Bad`.

    The dry run and what goes in both ask here, so that their counts agree. known: the contacts who have any
    of the row's numbers; marks: what the import leaves on those it brings.
    """
    if len(known) > 1:
        raise Bad("two_contacts", value=row["phones"][-1])
    contact = known[0] if known else {}
    if contact.get("opted_out"):
        raise Bad("opted_out", value=row["phones"][0])
    if not known:
        _, values = change({}, row, custom, "overwrite")
        return "create", {**values, **marks}
    if contact.get("erased_at") or options["duplicates"] == "skip":
        return "skip", {}
    name, changed = change(contact, row, custom, options["duplicates"])
    changed |= _numbers(contact, row)
    changed |= {key: value for key, value in marks.items() if contact.get(key) is None}
    if name:
        changed["names"] = {**contact["names"], "agent": name}
    if {"names", "phone"} & changed.keys():
        changed["name"] = name_of({**contact, **changed})
    return ("update" if changed else "skip"), changed


def _numbers(contact: Json, row: Json) -> Json:
    """Return the numbers that a row adds to a contact; they are nobody else's."""
    free = [alias for phone in row["phones"] if (alias := chat_of(phone)) not in contact["aliases"]]
    found: Json = {"aliases": [*contact["aliases"], *free]} if free else {}
    return found if contact.get("phone") else {**found, "phone": row["phones"][0]}


def marks_of(options: Json, id: str, at: str) -> Json:
    """Return what the import *id* leaves on those it brings: how they agreed, the label they are to get."""
    marks: Json = {}
    if options.get("consent"):
        marks["contacts._consent"] = {"at": at, "note": options["consent"], "import": id}
    if options.get("label"):
        marks["contacts._label"] = options["label"]
    return marks


def change(contact: Json, row: Json, custom: dict[str, Json], duplicates: str) -> tuple[str | None, Json]:
    """Return (the team's own name or None, fields) that a row gives to a contact who is there already.

    duplicates: ``fill`` gives what is missing, ``overwrite`` all that the row has.
    """
    over = duplicates == "overwrite"
    names = contact.get("names") or {}
    has_name = names.get("agent") or names.get("book")
    is_new = row["name"] != names.get("agent") and (over or not has_name)
    name = (row["name"] or None) if is_new else None
    wanted = {fields.name_of(custom[key]): value for key, value in row["fields"].items() if key in custom}
    kept = {key: value for key, value in wanted.items() if over or contact.get(key) is None}
    return name, {key: value for key, value in kept.items() if contact.get(key) != value}
