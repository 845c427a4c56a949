"""Collections as SQLite tables: `doc_<collection>`, its expression indexes, the side tables of its lists."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .codec import decode, strings_in

_PLAIN_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_QUOTED_FIELD = re.compile(r"[^\x00-\x1f\x7f\"'\\\ud800-\udfff]+\Z")
_COLLECTION = re.compile(r"[a-z_][a-z0-9_]*\Z")

LOWER = ":lower"


@dataclass(frozen=True)
class Collection:
    """A kind of document.

    schema: the marshmallow Schema class of its documents, or None.
    indexes: tuples of field names; a field to page by stands last, as in ("status", "last_message_at"), and
    as ("name:lower",) where the case of letters is not to count.
    lists: fields that hold lists of strings, found by `where(field).any([...])`.
    search: fields whose words can be found (`Table.find`); infix: fields found by any part of them.
    ages: (a field that holds a time, a setting of the plugin in days): older documents are removed by the
    hour, 0 days keeps them. An index has to begin with the field.
    upgrades: functions of a document that return it as the next version has it; the first takes version 1.
    owner: the plugin that declares it, or "core".
    always: fields that every document has, be it as null, so that an index alone can count the nulls.
    whole: fields that hold whole numbers, so that SQL compares them just as Python does.
    beside: fields that an index keeps by document, so that of what a list finds those with some values of
    them are counted without reading the documents.
    """

    name: str
    schema: Any = None
    indexes: tuple[tuple[str, ...], ...] = ()
    lists: tuple[str, ...] = ()
    owner: str = "core"
    search: tuple[str, ...] = ()
    infix: tuple[str, ...] = ()
    ages: tuple[str, str] | None = None
    upgrades: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = ()
    always: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def is_in_conversations(self) -> bool:
        """Say if its schema declares that each document names its ``conversation``."""
        return "conversation" in getattr(self.schema, "_declared_fields", {})

    @property
    def version(self) -> int:
        """Give the version of its documents, 1 where there never was another."""
        return len(self.upgrades) + 1

    def upgraded(self, document: dict[str, Any], version: int, to: int | None = None) -> dict[str, Any]:
        """Give a document of a version as another, by default the present one, has it."""
        for step in self.upgrades[version - 1 : (to or self.version) - 1]:
            document = step(dict(document))
        return document

    def __post_init__(self) -> None:
        if not _COLLECTION.match(self.name):
            raise ValueError(f"collection {self.name!r}: a name is made of a-z, _ and, not first, 0-9")
        for field in (
            *self.lists,
            *self.texts,
            *self.beside,
            *(field for index in self.indexes for field in index),
        ):
            if not indexable(field):
                raise ValueError(f"collection {self.name}: field {field!r} cannot be indexed")
        if self.ages and self.ages[0] not in {index[0] for index in self.indexes}:
            raise ValueError(f"collection {self.name}: no index begins with {self.ages[0]!r}, its age")

    @property
    def texts(self) -> tuple[str, ...]:
        """Give the fields that are indexed as texts."""
        return (*self.search, *self.infix)


UNDECLARED = Collection("undeclared")
"""What a table of TinyDB's own form has, of which nothing is declared."""


def indexable(field: str) -> bool:
    """Say if a field's name can stand in an SQL path as it is."""
    return _QUOTED_FIELD.match(field) is not None


def expression(field: str) -> str:
    """Give the SQL of a field's value; an index is used only for what is written letter for letter so.

    `name:lower` is the field `name` with its A to Z as small letters.
    """
    if field.endswith(LOWER):
        return f"lower({expression(field.removesuffix(LOWER))})"
    return f"json_extract(doc,{json_path(field)})"


def json_path(field: str) -> str:
    """Give a field's path as an SQL string."""
    return f"'$.{field}'" if _PLAIN_FIELD.match(field) else f"'$.\"{field}\"'"


def quoted(name: str) -> str:
    """Give an SQL identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def table_name(collection: str) -> str:
    """Give the quoted SQL table of a collection."""
    return quoted(f"doc_{collection}")


def list_table(sql_table: str, field: str) -> str:
    """Give the quoted side table of a list field, for a quoted SQL table."""
    return quoted(f"list_{sql_table.strip(chr(34)).removeprefix('doc_')}.{field}")


def beside_index(sql_table: str, collection: Collection) -> str:
    """Give the quoted index that has the fields `beside` by document, for a quoted SQL table."""
    return quoted(f"ix_{sql_table.strip(chr(34))}:pos;{','.join(collection.beside)}")


def create_tables(connection: sqlite3.Connection, collections: Iterable[Collection]) -> None:
    """Make or bring up to date the tables and indexes of collections, in the caller's transaction."""
    from .fulltext import create_text_indexes  # which is built on this module

    collections = tuple(collections)
    for collection in collections:
        sql_table = table_name(collection.name)
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {sql_table} ("
            "pos INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, doc TEXT NOT NULL)"
        )
        create_indexes(connection, sql_table, collection)
    create_text_indexes(connection, collections)


def create_indexes(connection: sqlite3.Connection, sql_table: str, collection: Collection) -> None:
    """Make the missing indexes and side tables of a collection and drop those that it no longer declares."""
    bare = sql_table.strip('"')
    wanted = {
        f"ix_{bare}:{','.join(index)}": ", ".join(map(expression, index)) for index in collection.indexes
    }
    if collection.beside:
        name = beside_index(sql_table, collection).strip('"')
        wanted[name] = ", ".join(("pos", *map(expression, collection.beside)))
    present = _names(connection, "type='index' AND tbl_name=? AND name LIKE 'ix\\_%' ESCAPE '\\'", bare)
    for name in present - wanted.keys():
        connection.execute(f"DROP INDEX {quoted(name)}")
    for name in wanted.keys() - present:
        connection.execute(f"CREATE INDEX {quoted(name)} ON {sql_table} ({wanted[name]})")
    _create_lists(connection, sql_table, collection)


def _create_lists(connection: sqlite3.Connection, sql_table: str, collection: Collection) -> None:
    wanted = {list_table(sql_table, field).strip('"'): field for field in collection.lists}
    prefix = list_table(sql_table, "").strip('"')
    present = _names(connection, "type='table' AND substr(name, 1, length(?1))=?1", prefix)
    for name in present - wanted.keys():
        connection.execute(f"DROP TABLE {quoted(name)}")
    for name in wanted.keys() - present:
        connection.execute(
            f"CREATE TABLE {quoted(name)} (value TEXT NOT NULL, pos INTEGER NOT NULL,"
            " PRIMARY KEY (value, pos)) WITHOUT ROWID"
        )
        rows = connection.execute(f"SELECT pos, doc FROM {sql_table}").fetchall()
        pairs = [(value, pos) for pos, text in rows for value in strings_in(decode(text).get(wanted[name]))]
        connection.executemany(f"INSERT INTO {quoted(name)} VALUES (?,?)", pairs)
    for name in wanted:  # by document, so that the values of a few can be counted
        connection.execute(f"CREATE INDEX IF NOT EXISTS {quoted(f'ix_{name}:pos')} ON {quoted(name)} (pos)")


def _names(connection: sqlite3.Connection, condition: str, value: str) -> set[str]:
    rows = connection.execute(f"SELECT name FROM sqlite_master WHERE {condition}", (value,))
    return {name for (name,) in rows}
