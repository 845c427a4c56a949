"""Finding documents by the words of their texts, the newest first."""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tinydb.table import Document

from .fulltext import TextIndex, indexes_of, part_expression, words_expression
from .planner import Layout
from .storage import Rows
from .tables import quoted

LOOK = 20_000
_TOKENS = 24  # words of a snippet
_MARKS = ("\x02", "\x03")


@dataclass(frozen=True)
class Found:
    """A document, and the part of its text around the words: [(text, is it one of them), …]."""

    document: Document
    snippet: list[tuple[str, bool]]


@dataclass(frozen=True)
class Wanted:
    """What is looked for: see Table.find."""

    text: str
    accept: Callable[[dict[str, Any]], bool] | None
    after: str | None
    limit: int
    part: bool


def find(
    rows: Rows, layout: Layout, wanted: Wanted, read: Callable[[Any], dict[str, Any]]
) -> tuple[list[Found], str | None]:
    """Give what matches, and the cursor where more may come: at `limit`, or after 20,000 refused ones."""
    index = _index(layout, wanted.part)
    if wanted.part:
        expression = part_expression(wanted.text)
    else:
        expression = words_expression(wanted.text, lambda word: index.endings(rows.connection, word))
    expression = _shown_columns(rows, index, expression) if expression else None
    if expression is None or layout.collection.owner in rows.hidden:
        return [], None
    start, looking = _start(wanted.after), _Looking(wanted, read)
    with suppress(sqlite3.OperationalError):  # it is there already, and in use
        rows.connection.create_function("accepted", 3, _accepted)
    _under_way[id(looking)] = looking
    try:
        sql = _sql(index, wanted.accept is not None)
        asked = {"words": expression, "start": start, "looking": id(looking)}
        return _collect(rows.connection.execute(sql, asked), looking)
    except sqlite3.OperationalError as error:
        raise (looking.error or error) from None
    finally:
        del _under_way[id(looking)]


def _collect(cursor: Any, looking: _Looking) -> tuple[list[Found], str | None]:
    found: list[Found] = []
    last = 0
    for pos, id_, text, snippet in cursor:
        if id_ == looking.ended_at:
            return found, _cursor(pos)
        if len(found) == looking.wanted.limit:
            return found, _cursor(last)
        found.append(Found(Document(looking.read((pos, id_, text, None)), id_), pieces(snippet)))
        last = pos
    return found, None


class _Looking:
    """Asks of each hit if it is accepted, and knows when it has been enough.

    The cursor is a row ahead of its reader, so it is the hit's id that tells where a search ended.
    """

    def __init__(self, wanted: Wanted, read: Callable[[Any], dict[str, Any]]) -> None:
        self.wanted, self.read = wanted, read
        self.refused = 0
        self.ended_at: str | None = None
        self.error: Exception | None = None

    def accept(self, id_: str, text: str) -> bool:
        """Say if the document is to come; the one that ends a long search comes too."""
        try:
            if self._is_accepted(id_, text):
                return True
        except Exception as error:  # SQLite tells only that there was one
            self.error = error
            raise
        self.refused += 1
        if self.refused >= LOOK and self.ended_at is None:
            self.ended_at = id_
        return id_ == self.ended_at

    def _is_accepted(self, id_: str, text: str) -> bool:
        assert self.wanted.accept is not None
        return self.wanted.accept({**self.read((0, id_, text, None)), "id": id_})


_under_way: dict[int, _Looking] = {}


def _accepted(looking: int, id_: str, text: str) -> bool:
    """Answer SQLite for one of the searches that are under way."""
    return _under_way[looking].accept(id_, text)


def pieces(marked: str | None) -> list[tuple[str, bool]]:
    """Split a text at the marks around its words; a stray mark of the text's own does no harm."""
    found, is_word = [], False
    for piece in re.split("([\x02\x03])", marked or ""):
        if piece in _MARKS:
            is_word = piece == _MARKS[0]
        elif piece:
            found.append((piece, is_word))
    return found


def _index(layout: Layout, part: bool) -> TextIndex:
    kind = "infix" if part else "search"
    for index in indexes_of(layout.collection, layout.table):
        if index.name.startswith(kind):
            return index
    raise ValueError(f"collection {layout.collection.name} declares no {kind} fields")


def _shown_columns(rows: Rows, index: TextIndex, expression: str) -> str | None:
    """Keep to the fields that are seen: those of a plugin that is off are not."""
    shown = [f"c{number}" for number, field in enumerate(index.fields) if not rows.masks(field)]
    if len(shown) == len(index.fields):
        return expression
    return f"{{{' '.join(shown)}}} : ({expression})" if shown else None


def _sql(index: TextIndex, asks: bool) -> str:
    name, marks = quoted(index.name), "char(2), char(3), '…'"
    return (
        f"SELECT {name}.rowid, d.id, d.doc, snippet({name}, -1, {marks}, {_TOKENS})"
        f" FROM {name} CROSS JOIN {index.table} AS d ON d.pos = {name}.rowid"
        f" WHERE {name} MATCH :words AND {name}.rowid < :start"
        f" AND {'accepted(:looking, d.id, d.doc)' if asks else 1}"
        f" ORDER BY {name}.rowid DESC"
    )


def _cursor(pos: int) -> str:
    return base64.urlsafe_b64encode(f"pos:{pos}".encode()).decode().rstrip("=")


def _start(after: str | None) -> int:
    """Give the position before which to go on. Raises ValueError for a cursor that is not one of ours."""
    if after is None:
        return 1 << 62
    try:
        text = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise ValueError("this cursor is not one of ours") from None
    match = re.fullmatch(r"pos:(\d{1,18})", text)
    if match is None:
        raise ValueError("this cursor is not one of ours")
    return int(match[1])
