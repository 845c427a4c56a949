"""One collection's documents as JSON text, by id and by declared indexes: what the writer does most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from .codec import _AS_JSON_DOES, decode, strings_in
from .planner import Layout
from .rows import _texts_of as texts_of
from .sqlvalues import text_fits
from .storage import CollectionRows
from .table import Table
from .tables import expression, list_table

_LARGEST = 1 << 62
Stored = tuple[int, str, str]
"""A row as it is stored: its place, its id, its JSON text."""


class Direct:
    """Reads and writes rows without TinyDB's calls in between; on_change is left to the caller."""

    def __init__(self, table: Table, rows: CollectionRows) -> None:
        self.name = table.name
        self._table, self._rows = table, rows
        self._layout: Layout = rows.layout(table.name)
        self._execute = rows.connection.execute
        self._read = rows.connection.cursor().execute  # making one costs much of a look-up
        self._start = f"SELECT pos, id, doc FROM {self._layout.table}"
        self._by_id = f"{self._start} WHERE id=?"
        self._insert = f"INSERT INTO {self._layout.table} (id, doc) VALUES (?,?)"
        self._update = f"UPDATE {self._layout.table} SET doc=? WHERE pos=?"
        self._delete = f"DELETE FROM {self._layout.table} WHERE pos=?"
        self._finds: dict[tuple[str, ...], str] = {}
        self._lists, self._texts = self._layout.collection.lists, self._layout.collection.texts
        self._beside = (*self._lists, *self._texts)

    def by_id(self, id: str) -> Stored | None:
        """Give the row of an id."""
        found: Stored | None = self._read(self._by_id, (id,)).fetchone()
        return found

    def first(self, fields: tuple[str, ...], values: tuple[Any, ...]) -> Stored | None:
        """Give the first row whose fields have these values, or whose one list field has this text.

        Values are those of which `fit` is true; nothing has another one. Raises ValueError where the
        collection has no index of just these fields: only then rows come in their order by themselves.
        """
        sql = self._finds.get(fields) or self._find(fields)
        is_sure = True
        for value in values:
            if type(value) is not str or value[:1] in ("[", "{"):  # the text of a list is found too
                is_sure = fields[0] in self._lists
        row: Stored
        for row in self._execute(sql, values):
            if is_sure or _are(decode(row[2]), fields, values):
                return row
        return None

    def encode(self, content: dict[str, Any]) -> str:
        """Give a document's JSON text. Raises TypeError or ValueError for what a collection cannot hold."""
        try:
            text = orjson.dumps(content, option=_AS_JSON_DOES).decode()
        except TypeError:
            return self._table._texts(self._layout, content)[0]
        nulls = text.count("null")  # orjson writes NaN as null
        if "\\u0000" in text or (nulls and nulls != list(content.values()).count(None)):
            return self._table._texts(self._layout, content)[0]
        return text

    def insert(self, id: str, text: str, content: dict[str, Any]) -> int:
        """Add a row and give its place. Raises sqlite3.IntegrityError where the id is taken."""
        pos: int = self._execute(self._insert, (id, text)).lastrowid  # type: ignore[assignment]
        if self._lists:
            self._table._write_lists(self._layout, pos, {}, content)
        if self._texts:
            self._rows.worded(self._layout, pos, content)
        return pos

    def is_found_alike(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """Say if lists and texts are the same, so that side tables and text indexes need no change."""
        for name in self._beside:  # noqa: SIM110  # a loop is quicker here than all()
            if before.get(name) != after.get(name):
                return False
        return True

    def values_of(self, fields: tuple[str, ...], content: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
        """Give with which values `first` finds a document; ValueError where SQL alone can tell."""
        if fields[0] in self._lists:
            found: list[tuple[Any, ...]] = [(each,) for each in strings_in(content.get(fields[0]))]
        else:
            found = [tuple(map(content.get, fields))]
        if not all(map(fit, found)):
            raise ValueError(f"{fields} of {content.get('id')!r} are not compared as in Python")
        return found

    def update_alike(self, rows: list[tuple[str, int]]) -> None:
        """Put texts in the place of those of rows, (text, place) each; see `is_found_alike`."""
        self._rows.connection.executemany(self._update, rows)

    def update(self, pos: int, before: str, text: str) -> None:
        """Put *text* in the place of a row's text *before*."""
        self._execute(self._update, (text, pos))
        old, new = decode(before), decode(text)
        if self._lists:
            self._table._write_lists(self._layout, pos, old, new)
        if texts_of(self._layout, old) != texts_of(self._layout, new):
            self._rows.reworded(self._layout, pos, before)

    def delete(self, pos: int, before: str) -> None:
        """Take a row away."""
        self._execute(self._delete, (pos,))
        if self._lists:
            self._table._write_lists(self._layout, pos, decode(before), {})
        if self._texts:
            self._rows.reworded(self._layout, pos, before)

    def _find(self, fields: tuple[str, ...]) -> str:
        table, collection = self._layout.table, self._layout.collection
        if len(fields) == 1 and fields[0] in collection.lists:
            side = list_table(table, fields[0])
            sql = f"SELECT d.pos, d.id, d.doc FROM {side} AS side JOIN {table} AS d ON d.pos=side.pos"
            self._finds[fields] = f"{sql} WHERE side.value=? ORDER BY side.pos"
        elif any(len(index) == len(fields) and set(index) == set(fields) for index in collection.indexes):
            condition = " AND ".join(f"{expression(field)} IS ?" for field in fields)
            self._finds[fields] = f"{self._start} WHERE {condition} ORDER BY pos"
        else:
            raise ValueError(f"{self.name} has no index of just {', '.join(fields)}")
        return self._finds[fields]


def _are(content: dict[str, Any], fields: tuple[str, ...], values: tuple[Any, ...]) -> bool:
    return all(content.get(field) == value for field, value in zip(fields, values, strict=True))


def fit(values: Iterable[Any]) -> bool:
    """Say if values can be those of indexed fields, and SQLite compares them as Python does."""
    for value in values:  # a loop is quicker here than all()
        is_plain = type(value) is str and value.isascii() and "\0" not in value
        if not (is_plain or _fits(value)):
            return False
    return True


def _fits(value: Any) -> bool:
    if type(value) is str:
        return text_fits(value)
    return value is None or (type(value) is int and abs(value) < _LARGEST)
