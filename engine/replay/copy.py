"""The temporary copy of a workspace that a replay works on; the live file is only read."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson

from engine import journal, snapshots, upgrade
from engine.documents import Collection
from engine.documents.direct import Direct
from engine.store import GENESIS, Store, chain

Document = dict[str, Any]


class Measured:
    """A collection's rows; adds the seconds that reading and writing them takes to those of the copy."""

    def __init__(self, direct: Direct, took: Callable[[float], None]) -> None:
        self._direct, self._took = direct, took
        for name in ("by_id", "first", "insert", "update", "update_alike", "delete"):
            setattr(self, name, self._timed(getattr(direct, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._direct, name)

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*args)
            finally:
                self._took(time.perf_counter() - started)

        return timed


class Copy(Store):
    """Documents as they were after row *seq* of *source*'s journal, in a file of their own.

    Rows that are appended are chained as in the journal but not kept: `row` and `body` are those of
    the last one, None where the last event made none. raw: the hash that a row is to name. at: the
    time that it is. rows_seconds: how long the working set's rows took to be read and written.
    """

    def __init__(
        self,
        path: Path,
        source: sqlite3.Connection,
        collections: Iterable[Collection],
        seq: int,
        folder: Path | None = None,
    ) -> None:
        known = journal.declared(source, collections)
        self._source = source
        _make(path, source, known, seq, folder)
        super().__init__(path, known)
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "secure_delete=OFF"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.documents.leave_words()
        self.salt = _salt(source)
        row = source.execute("SELECT seq, at, hash FROM journal WHERE seq = ?", (seq,)).fetchone()
        self.seq, self.last_at, self.hash = row or (0, "", GENESIS)
        upgrade.bring_up(self.documents, known, upgrade.versions_at(source, [c.name for c in known], seq))
        self.row: Document | None = None
        self.body = b""
        self.raw: str | None = None
        self.at = self.last_at
        self.rows_seconds = 0.0
        self.working.rows_of = lambda name: Measured(self.documents.direct(name), self._took)

    def _took(self, seconds: float) -> None:
        self.rows_seconds += seconds

    def now(self) -> str:
        """Return the time that it is in the replay."""
        return max(self.at, self.last_at)

    def row_of(self, event_id: str) -> None:
        """Every event of a recording is in it once."""
        return

    def knows(self, event_id: str) -> bool:
        """Whether an event is in the recording: what came before this one in time is there too."""
        select = "SELECT 1 FROM journal WHERE event_id = ?"
        return self._source.execute(select, (event_id,)).fetchone() is not None

    def append(self, transaction: Document, subjects: Iterable[tuple[str, str]]) -> int:
        """Chain a row to the one before and show it as the last; return its sequence."""
        self.seq += 1
        self.working.writes += 1
        self.row = transaction
        self.body = orjson.dumps({"seq": self.seq, **transaction})
        self.hash = chain(self.hash, self.body)
        self.last_at = transaction["event"]["at"]
        return self.seq

    def keep(self, row: journal.Row, changes: list[Document]) -> None:
        """Take *changes* of a recorded row as they are; the next row is chained to it."""
        self.on_change = None
        journal.apply(self.documents, changes)
        self.seq += 1
        self.last_at, self.hash = max(row.at, self.last_at), row.hash

    def keep_raw(self, at: str, raw: Document, seq: int | None) -> str:
        """Name the raw body that was recorded."""
        return self.raw or ""


def _make(
    path: Path, source: sqlite3.Connection, known: tuple[Collection, ...], seq: int, folder: Path | None
) -> None:
    connection = sqlite3.connect(str(path), isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        snapshots.documents_at(source, folder, connection, known, seq)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _salt(source: sqlite3.Connection) -> str:
    row = source.execute("SELECT value FROM meta WHERE key = 'salt'").fetchone()
    return str(row[0]) if row else ""
