"""Full text of collections: an FTS5 index beside the documents, of words or of parts of words.

The index knows which word stands where, not the texts again: they are read from the documents (FTS5's
"external content"). What a transaction changed is written into it at its end, in one go, as FTS5 makes a
segment of its own at each savepoint. https://www.sqlite.org/fts5.html
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .tables import Collection, json_path, quoted, table_name

WORDS = "tokenize='unicode61 remove_diacritics 2', prefix='2 3 4'"
PARTS = "tokenize='trigram'"
MOST_WORDS = 16
LEAST_PREFIX, LEAST_PART = 2, 3  # letters
UNINDEXED_PREFIX = 5  # letters; the index has the beginnings of 2, 3 and 4
MOST_ENDINGS = 100
_PHRASES = re.compile(r'"([^"]*)("|$)|([^\s"]+)')


@dataclass(frozen=True)
class _Statements:
    """What brings one document's words up to date."""

    old: str
    new: str
    delete: str
    insert: str


@dataclass(frozen=True)
class TextIndex:
    """One FTS5 table. `table` is the quoted table of documents, `fields` are its columns c0, c1, …"""

    table: str
    name: str
    fields: tuple[str, ...]
    options: str

    @property
    def columns(self) -> str:
        """Give the SQL names of the columns."""
        return ", ".join(f"c{number}" for number in range(len(self.fields)))

    @property
    def view(self) -> str:
        """Give the quoted view that has the texts."""
        return quoted(f"{self.name}.texts")

    def texts(self, document: str) -> str:
        """Give the SQL of the columns' values, of a document that `document` is SQL for; only texts count."""
        paths = [json_path(field) for field in self.fields]
        return ", ".join(
            f"iif(json_type({document},{path})='text', json_extract({document},{path}), NULL) AS c{number}"
            for number, path in enumerate(paths)
        )

    @property
    def has_text(self) -> str:
        """Give the SQL condition that there is something to index."""
        return "(" + " OR ".join(f"c{number} <> ''" for number in range(len(self.fields))) + ")"

    def statements(self) -> tuple[str, ...]:
        """Give what makes the view, the index and, of words, the list of all that there are."""
        view = f"CREATE VIEW {self.view} AS SELECT pos, {self.texts('doc')} FROM {self.table}"
        content = f"content={self.view}, content_rowid='pos', columnsize=0, {self.options}"
        index = f"CREATE VIRTUAL TABLE {quoted(self.name)} USING fts5({self.columns}, {content})"
        words = f"CREATE VIRTUAL TABLE {self.words} USING fts5vocab({quoted(self.name)}, 'instance')"
        made = f"{view} WHERE {self.has_text}", index
        return (*made, words) if self.options == WORDS else made

    @property
    def words(self) -> str:
        """Give the quoted table that lists the words."""
        return quoted(f"{self.name}.words")

    def endings(self, connection: sqlite3.Connection, beginning: str) -> list[str]:
        """Give the words that begin so; none where there are over 100.

        FTS5 reads all that it knows of all these words before it gives the first hit, but of whole words it
        reads only the end.
        """
        sql = f"SELECT term FROM {self.words} WHERE term >= ? AND term <= ? LIMIT 1"
        found: list[str] = []
        last = beginning + chr(0x10FFFF)
        while row := connection.execute(sql, (found[-1] + "\1" if found else beginning, last)).fetchone():
            found.append(row[0])
            if len(found) > MOST_ENDINGS:
                return []
        return found

    def put(self, connection: sqlite3.Connection, pos: int, before: str | None) -> None:
        """Bring one document's words up to date; `before` is its JSON text as it was indexed, if it was.

        The texts are read first: an INSERT … SELECT would make a segment of its own.
        """
        sql = self._sql
        old = connection.execute(sql.old, (before,)).fetchone() if before is not None else None
        new = connection.execute(sql.new, (pos,)).fetchone()
        if old == new:
            return
        if old is not None:
            connection.execute(sql.delete, (pos, *old))
        if new is not None:
            connection.execute(sql.insert, (pos, *new))

    def add(self, connection: sqlite3.Connection, pos: int, texts: dict[str, Any]) -> bool:
        """Add a new document's words; False, and nothing added, where SQLite has to read its texts itself."""
        values = [texts.get(field) for field in self.fields]
        if not all(value is None or (type(value) is str and "\0" not in value) for value in values):
            return False
        if any(values):
            connection.execute(self._sql.insert, (pos, *values))
        return True

    @cached_property
    def _sql(self) -> _Statements:
        name, marks = quoted(self.name), ", ?" * len(self.fields)
        return _Statements(
            old=f"SELECT {self.columns} FROM (SELECT {self.texts('?1')}) WHERE {self.has_text}",
            new=f"SELECT {self.columns} FROM {self.view} WHERE pos=?",
            delete=f"INSERT INTO {name} ({name}, rowid, {self.columns}) VALUES ('delete', ?{marks})",
            insert=f"INSERT INTO {name} (rowid, {self.columns}) VALUES (?{marks})",
        )


def indexes_of(collection: Collection, sql_table: str | None = None) -> tuple[TextIndex, ...]:
    """Give the text indexes that a collection declares: of words (`search`), of parts (`infix`)."""
    table = sql_table or table_name(collection.name)
    declared = (("search", collection.search, WORDS), ("infix", collection.infix, PARTS))
    return tuple(
        TextIndex(table, f"{kind}_{collection.name}", fields, options)
        for kind, fields, options in declared
        if fields
    )


def create_text_indexes(connection: sqlite3.Connection, collections: Iterable[Collection]) -> None:
    """Make the text indexes that are missing or declared otherwise than they are, filled; drop the others."""
    for collection in collections:
        wanted = {index.name: index for index in indexes_of(collection)}
        for name in (f"search_{collection.name}", f"infix_{collection.name}"):
            made = _made(connection, name)
            index = wanted.get(name)
            if made and (index is None or made != index.statements()):
                _drop(connection, name)
            if index is not None and made != index.statements():
                for statement in index.statements():
                    connection.execute(statement)
                _fill(connection, index)


def rebuild(connection: sqlite3.Connection, collections: Iterable[Collection]) -> list[str]:
    """Make all text indexes anew from the documents, in the caller's transaction; give their names."""
    found = [index for collection in collections for index in indexes_of(collection)]
    for index in found:
        _fill(connection, index)
    return [index.name for index in found]


def purge(connection: sqlite3.Connection, collections: Iterable[Collection]) -> None:
    """Let no trace remain of words that no document has any more: FTS5 keeps them until segments merge.

    Takes some seconds for a million documents. The file needs `PRAGMA secure_delete` on, as the store has it.
    """
    for collection in collections:
        for index in indexes_of(collection):
            name = quoted(index.name)
            connection.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")


def check(connection: sqlite3.Connection, collections: Iterable[Collection]) -> list[str]:
    """Give the names of the text indexes that do not say what the documents say."""
    wrong = []
    for index in (index for collection in collections for index in indexes_of(collection)):
        name = quoted(index.name)
        try:
            connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError:
            wrong.append(index.name)
    return wrong


def words_expression(text: str, endings: Callable[[str], list[str]] | None = None) -> str | None:
    """Give the FTS5 expression of what a person typed, or None where there is no word in it.

    All words have to be there, "in quotes" in this order; the last one may be the beginning of a word.
    No character of it is an operator. endings gives the words that begin so, if they are few.
    """
    found = list(_phrases(text))[:MOST_WORDS]
    strings = [f'"{phrase}"' for phrase, _ in found]
    if found and found[-1][1] and _may_go_on(found[-1][0]):
        strings[-1] = _beginning(found[-1][0], endings)
    return " AND ".join(strings) or None


def part_expression(text: str) -> str | None:
    """Give the FTS5 expression of a part of a text (3 characters or more), or None."""
    part = _clean(text).replace('"', "").strip()
    return f'"{part}"' if len(part) >= LEAST_PART else None


def _phrases(text: str) -> Iterator[tuple[str, bool]]:
    """Give each phrase that has a letter or digit, and if it may go on."""
    for match in _PHRASES.finditer(_clean(text)):
        phrase = match[1] if match[3] is None else match[3]
        if re.search(r"[^\W_]", phrase):
            yield phrase, match[2] != '"'


def _may_go_on(phrase: str) -> bool:
    """Say if the last word is long enough to be a beginning: half of all words begin with some letter."""
    last = re.findall(r"[^\W_]+", phrase)[-1]
    return len(last) >= LEAST_PREFIX or not last.isascii()


def _beginning(phrase: str, endings: Callable[[str], list[str]] | None) -> str:
    """Give the expression of a phrase whose last word goes on."""
    last = list(re.finditer(r"[^\W_]+", phrase))[-1]
    few: list[str] = []
    if endings and phrase.isascii() and len(last[0]) >= UNINDEXED_PREFIX:
        few = endings(last[0].lower())
    whole = " OR ".join(f'"{phrase[: last.start()]}{word}"' for word in few)
    return f"({whole})" if few else f'"{phrase}" *'


def _clean(text: str) -> str:
    return text.encode("utf-8", "ignore").decode().replace("\0", " ")


def _made(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    sql = "SELECT sql FROM sqlite_master WHERE name IN (?, ?, ?) ORDER BY type='table', name"
    return tuple(row[0] for row in connection.execute(sql, (f"{name}.texts", name, f"{name}.words")))


def _drop(connection: sqlite3.Connection, name: str) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {quoted(f'{name}.words')}")
    connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
    connection.execute(f"DROP VIEW IF EXISTS {quoted(f'{name}.texts')}")


def _fill(connection: sqlite3.Connection, index: TextIndex) -> None:
    name = quoted(index.name)
    connection.execute(f"INSERT INTO {name} ({name}) VALUES ('rebuild')")
