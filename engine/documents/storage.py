"""Where documents lie: rows of an SQLite connection, in TinyDB's own form or as the engine's collections."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from .codec import decode, decode_odd
from .fulltext import indexes_of, rebuild
from .planner import Layout, is_masked
from .tables import UNDECLARED, Collection, create_indexes, quoted, table_name

OnChange = Callable[[str, str, "str | None"], None]
Versions = Callable[[str], int]
Known = Callable[[str, str], "str | None"]


class ReadOnly(Exception):
    """A write was asked of a database that is open for reading."""


class UnknownTable(KeyError):
    """No collection of this name is declared."""

    def __str__(self) -> str:
        return str(self.args[0])


class Rows(Storage):
    """What both forms have in common. Subclasses say how tables are named, ids read and writes guarded."""

    string_ids = False
    read_only = False
    hidden: frozenset[str] = frozenset()
    on_change: OnChange | None = None
    before_find: Callable[[], None] | None = None
    before_read: Callable[[str], None] | None = None
    known: Known | None = None

    def __init__(self, connection: sqlite3.Connection, collections: Iterable[Collection]) -> None:
        self.connection = connection
        self.collections = {collection.name: collection for collection in collections}

    def layout(self, name: str) -> Layout | None:
        """Give the layout of a table, or None where it is not there yet."""
        raise NotImplementedError

    def make(self, name: str) -> Layout:
        """Give the layout of a table, made now if need be."""
        raise NotImplementedError

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold a write call together."""
        yield

    def masks(self, field: str) -> bool:
        """Say if a field belongs to a plugin that is off."""
        return False

    def close(self) -> None:
        """Leave the connection to its owner."""

    def counted(self, name: str, difference: int) -> None:
        """Note that a table has so many documents more."""

    def reworded(self, layout: Layout, pos: int, before: str | None) -> None:
        """Note that a document's texts changed; `before` is its JSON text, None of a new one."""

    def version_of(self, name: str) -> int | None:
        """Give a number that changes with a table's rows; None where nobody knows, so no answer is kept."""
        return None

    def read(self) -> dict[str, dict[str, Any]] | None:
        """Give all data in TinyDB's form: {table: {id: document}}, or None when there are no tables."""
        tables: dict[str, dict[str, Any]] = {name: dict(self._documents(name)) for name in self.names()}
        return tables or None

    def names(self) -> list[str]:
        """Give the names of the tables."""
        return list(self.collections)

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Refuse to replace all data: the engine's collections change document by document."""
        raise ReadOnly("collections are written document by document")

    def _documents(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        layout = self.layout(name)
        if layout is not None:
            odd = "NULL" if self.string_ids else "odd"
            for id_, text, odd_text in self.connection.execute(
                f"SELECT id, doc, {odd} FROM {layout.table} ORDER BY pos"
            ):
                yield str(id_), decode(text) if odd_text is None else decode_odd(odd_text)


class CollectionRows(Rows):
    """The engine's collections on a connection whose transactions are the caller's.

    words_wait: whether text indexes are left as they are until somebody looks into one, and made anew then.
    """

    string_ids = True

    def __init__(
        self,
        connection: sqlite3.Connection,
        collections: Iterable[Collection],
        read_only: bool,
        on_change: OnChange | None,
        hidden: frozenset[str],
        versions: Versions | None = None,
    ) -> None:
        super().__init__(connection, collections)
        self._versions = versions
        if hidden and not read_only:
            raise ValueError("hidden fields would be lost by a write: pass read_only=True with hidden")
        self.read_only, self.on_change, self.hidden = read_only, on_change, hidden
        self._layouts = {name: self._layout(collection) for name, collection in self.collections.items()}
        self._text_indexes = {name: indexes_of(each) for name, each in self.collections.items()}
        self._reworded: dict[tuple[str, int], str | None] = {}
        self.settled: list[dict[tuple[str, int], str | None]] = []
        self._new_texts: dict[tuple[str, int], dict[str, Any]] = {}
        self.words_wait = False
        self._made_anew: int | None = None  # how much was settled before, in this transaction

    def version_of(self, name: str) -> int | None:
        """Ask whoever writes."""
        return None if self._versions is None else self._versions(name)

    def layout(self, name: str) -> Layout:
        """Give the layout of a collection, which whoever reads its rows asks for.

        Raises UnknownTable (a KeyError).
        """
        if self.before_read is not None:
            self.before_read(name)
        try:
            return self._layouts[name]
        except KeyError:
            known = ", ".join(sorted(self._layouts))
            raise UnknownTable(f"no collection {name!r} is declared; there are: {known}") from None

    def make(self, name: str) -> Layout:
        """Give the layout of a collection that is to be written."""
        return self.layout(name)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Refuse where the database is read-only; transactions are the caller's."""
        if self.read_only:
            raise ReadOnly("this database is open for reading; changes are made by actions")
        yield

    def masks(self, field: str) -> bool:
        """Say if a field belongs to a plugin that is off."""
        return is_masked(field, self.hidden)

    def reworded(self, layout: Layout, pos: int, before: str | None) -> None:
        """Note it for `settle`: what counts is the document before the transaction and at its end."""
        if self.words_wait:
            return
        self._reworded.setdefault((layout.collection.name, pos), before)
        self._new_texts.pop((layout.collection.name, pos), None)

    def worded(self, layout: Layout, pos: int, content: dict[str, Any]) -> None:
        """Note the texts of a new document for `settle`, which then does not read them again."""
        if self.words_wait:
            return
        texts = {field: content.get(field) for field in layout.collection.texts}
        if any(texts.values()):
            self._reworded[layout.collection.name, pos] = None
            self._new_texts[layout.collection.name, pos] = texts

    def reread(self) -> None:
        """Have `settle` read all texts again: some of the new documents were undone."""
        self._new_texts.clear()

    def settle(self) -> None:
        """Write what changed into the text indexes; to be called before the commit."""
        self._write_words()
        self._made_anew = None
        self.forget()

    def settle_so_far(self) -> None:
        """Do that in the middle of a transaction, and keep what was not settled yet for `unsettle`."""
        if self.words_wait:
            rebuild(self.connection, self.collections.values())
            self.words_wait, self._made_anew = False, len(self.settled)
            self.settled.append({})
        if self._reworded:
            self._write_words()
            self.settled.append(self._reworded)
            self._reworded = {}
            self._new_texts.clear()

    def unsettle(self, mark: int) -> None:
        """Go back to a savepoint, where `settled` was so long."""
        if self._made_anew is not None and self._made_anew >= mark:
            self.words_wait, self._made_anew = True, None
        if len(self.settled) > mark:
            self._reworded = self.settled[mark]
            del self.settled[mark:]
            self._new_texts.clear()

    def _write_words(self) -> None:
        for (name, pos), before in sorted(self._reworded.items(), key=itemgetter(0)):
            texts = self._new_texts.get((name, pos))
            for index in self._text_indexes[name]:
                if texts is None or not index.add(self.connection, pos, texts):
                    index.put(self.connection, pos, before)

    def forget(self) -> None:
        """Forget what changed: it was rolled back."""
        if self._made_anew is not None:
            self.words_wait, self._made_anew = True, None
        self._reworded.clear()
        self._new_texts.clear()
        self.settled.clear()

    def _layout(self, collection: Collection) -> Layout:
        indexes = tuple(index for index in collection.indexes if not any(map(self.masks, index)))
        lists = frozenset(name for name in collection.lists if not self.masks(name))
        return Layout(table_name(collection.name), indexes, lists, True, collection, hidden=self.hidden)


class TinyRows(Rows):
    """TinyDB's own form in a file: integer ids, tables that come into being, a transaction per write."""

    def __init__(self, path: str | Path, collections: Iterable[Collection] = ()) -> None:
        connection = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        super().__init__(connection, collections)
        self._lock = threading.RLock()
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        self._layouts: dict[tuple[str, str], Layout] = {}
        connection.execute(
            "CREATE TABLE IF NOT EXISTS doc_tables (number INTEGER PRIMARY KEY AUTOINCREMENT,"
            " name TEXT UNIQUE NOT NULL, sql TEXT, documents INTEGER)"
        )
        if self.collections:
            self._bring_up_to_date()

    def layout(self, name: str) -> Layout | None:
        """Give the layout of a table, or None where nothing has been written to it."""
        row = self.connection.execute("SELECT sql FROM doc_tables WHERE name=?", (name,)).fetchone()
        return None if row is None else self._layout(name, row[0])

    def make(self, name: str) -> Layout:
        """Give the layout of a table, made now if need be, inside the present write."""
        present = self.layout(name)
        if present is not None:
            return present
        insert = "INSERT INTO doc_tables (name, documents) VALUES (?, 0)"
        number = self.connection.execute(insert, (name,)).lastrowid
        bare = name if name.isascii() and name.isidentifier() and name.islower() else f"-{number}"
        sql_table = quoted(f"doc_{bare}" if bare != "tables" else f"doc_-{number}")
        self.connection.execute("UPDATE doc_tables SET sql=? WHERE number=?", (sql_table, number))
        self.connection.execute(
            f"CREATE TABLE {sql_table} (pos INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE NOT NULL,"
            " doc TEXT NOT NULL, odd TEXT)"
        )
        odd = quoted(f"odd_{bare}")
        self.connection.execute(f"CREATE INDEX {odd} ON {sql_table} (pos) WHERE odd IS NOT NULL")
        create_indexes(self.connection, sql_table, self.collections.get(name, UNDECLARED))
        return self._layout(name, sql_table)

    def _bring_up_to_date(self) -> None:
        """Give tables that are there already the indexes that are declared now."""
        with self.writing():
            for name in set(self.names()) & self.collections.keys():
                create_indexes(self.connection, self.make(name).table, self.collections[name])

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make a write call one durable transaction; a write inside it belongs to it."""
        with self._lock:
            if self.connection.in_transaction:
                yield
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def names(self) -> list[str]:
        """Give the names of the tables in the order of their making."""
        return [name for (name,) in self.connection.execute("SELECT name FROM doc_tables ORDER BY number")]

    def counted(self, name: str, difference: int) -> None:
        """Keep the table's number of documents, as counting them takes time."""
        if difference:
            update = "UPDATE doc_tables SET documents=documents+? WHERE name=?"
            self.connection.execute(update, (difference, name))

    def length(self, name: str) -> int:
        """Give the number of documents of a table."""
        row = self.connection.execute("SELECT documents FROM doc_tables WHERE name=?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def version_of(self, name: str) -> int:
        """Give a number that changes when another connection has written."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def drop(self, name: str) -> None:
        """Drop a table with its side tables; one that is not there is no error."""
        with self.writing():
            layout = self.layout(name)
            if layout is None:
                return
            prefix = f"list_{layout.table.strip(chr(34)).removeprefix('doc_')}."
            lists = "SELECT name FROM sqlite_master WHERE type='table' AND substr(name,1,length(?1))=?1"
            for (side,) in self.connection.execute(lists, (prefix,)).fetchall():
                self.connection.execute(f"DROP TABLE {quoted(side)}")
            self.connection.execute(f"DROP TABLE {layout.table}")
            self.connection.execute("DELETE FROM doc_tables WHERE name=?", (name,))

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace all data by {table: {id: document}}, in one transaction."""
        from .table import Table  # which is built on this module

        with self.writing():
            for name in self.names():
                self.drop(name)
            for name, documents in data.items():
                Table(self, name, persist_empty=True).fill(documents)

    def close(self) -> None:
        """Close the connection; what was written is on disk already."""
        self.connection.close()

    def _layout(self, name: str, sql_table: str) -> Layout:
        known = self._layouts.get((name, sql_table))
        if known is None:
            collection = self.collections.get(name, UNDECLARED)
            known = Layout(sql_table, collection.indexes, frozenset(collection.lists), False, collection)
            self._layouts[name, sql_table] = known
        return known


def masked(document: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """Give a document as it looks while plugins are off: without their fields, labels as none."""
    seen = {
        key: value for key, value in document.items() if "." not in key or key.partition(".")[0] not in hidden
    }
    if "labels" in hidden and "labels" in seen:
        seen["labels"] = []
    return seen


def as_plain(document: Mapping[Any, Any]) -> dict[Any, Any]:
    """Give a mapping as a dict; raises ValueError for what is none, as TinyDB does."""
    if not isinstance(document, Mapping):
        raise ValueError("Document is not a Mapping")
    return dict(document)
