"""A TinyDB whose documents lie in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import tinydb
import tinydb.table

from .direct import Direct
from .storage import CollectionRows, Known, OnChange, Rows, TinyRows, Versions
from .table import Table
from .tables import Collection


class Database(tinydb.TinyDB):
    """TinyDB's database, see its manual: on a file of its own, or on the engine's collections.

    `Database("book.db")` and `Database(":memory:")` have integer ids, and each write call is one durable
    transaction. `Database(connection=…, collections=…, string_ids=True)` works inside the caller's
    transactions; there `document["id"]` is the id, and tables are the collections declared.

    on_change(collection, id, JSON text before | None) is called before each write. hidden names plugins that
    are off: their fields are not seen, and read_only has to be true. versions(collection) gives a number
    that is another one after each write; with it, answers to searches are kept.
    """

    table_class: type[tinydb.table.Table] = Table

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        connection: sqlite3.Connection | None = None,
        collections: Iterable[Collection] = (),
        string_ids: bool = False,
        read_only: bool = False,
        on_change: OnChange | None = None,
        hidden: frozenset[str] = frozenset(),
        versions: Versions | None = None,
    ) -> None:
        if (path is None) == (connection is None) or string_ids == (connection is None):
            raise TypeError("give Database a path, or a connection with string_ids=True")
        self._opened = True
        self._tables: dict[str, tinydb.table.Table] = {}
        if connection is None:
            self._storage = TinyRows(cast("str | Path", path), collections)
        else:
            hides = frozenset(hidden)
            self._storage = CollectionRows(connection, collections, read_only, on_change, hides, versions)

    def table(self, name: str, **kwargs: Any) -> Table:
        """Give a table, always the same object. Raises UnknownTable (a KeyError) where none is declared."""
        return cast(Table, super().table(name, **kwargs))

    def direct(self, name: str) -> Direct:
        """Give a collection's rows as texts, for the one who writes. Raises UnknownTable."""
        return Direct(Database.table(self, name), cast(CollectionRows, self._rows))

    def tables(self) -> set[str]:
        """Give the names of the tables."""
        return set(self._rows.names())

    def drop_table(self, name: str) -> None:
        """Drop a table; of the engine's collections, empty it."""
        self._tables.pop(name, None)
        if isinstance(self._rows, TinyRows):
            self._rows.drop(name)
        else:
            self.table(name).truncate()

    def drop_tables(self) -> None:
        """Drop all tables."""
        with self._rows.writing():
            for name in self._rows.names():
                self.drop_table(name)
        self._tables.clear()

    def settle(self) -> None:
        """Bring collections' text indexes up to date: whoever owns the transaction calls it before COMMIT.

        Until then `Table.find` answers as before the transaction; but see `finds_after`.
        """
        if isinstance(self._rows, CollectionRows):
            self._rows.settle()

    def settle_so_far(self) -> None:
        """Bring the text indexes up to date in the middle of a transaction, which may be undone in part."""
        if isinstance(self._rows, CollectionRows):
            self._rows.settle_so_far()

    def settled(self) -> int:
        """Give how often that was done in this transaction, at a savepoint."""
        return len(self._rows.settled) if isinstance(self._rows, CollectionRows) else 0

    def unsettle(self, mark: int) -> None:
        """Know again what was not settled at a savepoint that the transaction went back to."""
        if isinstance(self._rows, CollectionRows):
            self._rows.unsettle(mark)

    def finds_after(self, settle: Callable[[], None]) -> None:
        """Have *settle* called before each `Table.find`, for whoever looks into a transaction under way."""
        if isinstance(self._rows, CollectionRows):
            self._rows.before_find = settle

    def reads_through(self, known: Known, before_read: Callable[[str], None]) -> None:
        """Have *known* give documents' texts by id; *before_read* is told of a table whose rows are read."""
        if isinstance(self._rows, CollectionRows):
            self._rows.known, self._rows.before_read = known, before_read

    def forget_answers(self) -> None:
        """Let go of all answers that are kept."""
        for table in self._tables.values():
            table.clear_cache()

    def forget(self) -> None:
        """Forget what is not settled, after a rollback."""
        if isinstance(self._rows, CollectionRows):
            self._rows.forget()

    def reread(self) -> None:
        """Read texts again in `settle`, after a part of the transaction was undone."""
        if isinstance(self._rows, CollectionRows):
            self._rows.reread()

    def close(self) -> None:
        """Close the file; a connection that was given stays the caller's."""
        self._opened = False
        self._rows.close()

    def __bool__(self) -> bool:
        """Go by the default table, as TinyDB does; a database of collections is always true."""
        return self._rows.string_ids or len(self) > 0

    def __repr__(self) -> str:
        """Give the tables with their sizes."""
        if self._rows.string_ids:
            return f"<{type(self).__name__} tables={sorted(self.tables())}>"
        return str(super().__repr__())  # type: ignore[no-untyped-call]

    def __getattr__(self, name: str) -> Any:
        """Forward to the default table, which only a file of its own has."""
        if name.startswith("__") or name in ("_storage", "_tables") or self._rows.string_ids:
            raise AttributeError(f"{type(self).__name__} has no {name!r}; use .table(collection)")
        return getattr(self.table(self.default_table_name), name)

    @property
    def _rows(self) -> Rows:
        return cast(Rows, self._storage)
