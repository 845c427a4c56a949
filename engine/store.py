"""A workspace's SQLite file: journal, raw bodies, credentials and the documents beside them."""

import hashlib
import secrets as randomness
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from engine import times
from engine.crash import point
from engine.documents import Collection, Database, create_tables
from engine.documents.tables import table_name
from engine.raw import packed
from engine.working import Again, Documents, Undone, WorkingSet, is_fatal

Mark = tuple[int, str, bytes, float]
VERSION = 1
MOST_ROWS = 500  # that wait to be written
GENESIS = b"\0" * 32

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS journal_subject (
    collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (collection, id, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS raw (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, gateway TEXT, account TEXT, hash TEXT NOT NULL,
    body BLOB NOT NULL, reason TEXT, seq INTEGER);
CREATE INDEX IF NOT EXISTS raw_quarantine ON raw (id) WHERE reason IS NOT NULL;
CREATE INDEX IF NOT EXISTS raw_at ON raw (at);
CREATE TABLE IF NOT EXISTS credential (
    kind TEXT NOT NULL, key TEXT NOT NULL, agent TEXT, data TEXT NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS credential_agent ON credential (agent, kind);
"""


def connect(path: Path | str, *, read_only: bool) -> sqlite3.Connection:
    """Return a connection to a workspace's file, without a transaction of its own making."""
    target = f"file:{path}?mode=ro" if read_only else str(path)
    connection = sqlite3.connect(
        target,
        uri=read_only,
        isolation_level=None,
        check_same_thread=False,
        timeout=10,
        cached_statements=512,
    )
    connection.execute("PRAGMA cache_size=-16000")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def open_read(path: Path | str) -> sqlite3.Connection:
    """Return a read-only connection to a workspace's file; FileNotFoundError where there is none."""
    if not Path(path).exists():
        raise FileNotFoundError(f"no workspace at {path}")
    connection = connect(path, read_only=True)
    connection.execute("PRAGMA query_only=ON")
    return connection


class Reading(Database):
    """A read-only view of a workspace's documents on a `connection` of its own."""

    def __init__(self, path: Path | str, collections: Iterable[Collection]) -> None:
        self.connection = open_read(path)
        super().__init__(
            connection=self.connection, collections=tuple(collections), string_ids=True, read_only=True
        )


def schema_key(collection: str) -> str:
    """Return under which key of ``meta`` the version of a collection's documents stands."""
    return f"schema.{collection}"


def chain(previous: bytes, body: bytes) -> bytes:
    """Return the hash of a journal row from the *previous* row's hash and its own *body*."""
    return hashlib.sha256(previous + body).digest()


JUMP_SECONDS = 2.0


class _Part:
    """A part without a savepoint: where it raises and has written, all has to be done again."""

    __slots__ = ("_before", "_store")

    def __init__(self, store: "Store") -> None:
        self._store = store

    def __enter__(self) -> None:
        self._before = self._store.working.writes

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is not None and (not isinstance(error, (Exception, SystemExit)) or is_fatal(error)):
            return
        self._store.check()
        if error is not None and self._store.working.writes != self._before:
            raise Again from error


class Store:
    """The one writer's hold of a workspace's file.

    working: the documents that the present transaction works on.
    """

    def __init__(self, path: Path, collections: Iterable[Collection]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.collections = tuple(collections)
        self.connection = connect(path, read_only=False)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute("PRAGMA secure_delete=ON")
        self.documents = Documents(
            connection=self.connection, collections=self.collections, string_ids=True, on_change=self._changed
        )
        self.working = self.documents.working = WorkingSet(self.documents)
        self.documents.finds_after(self.settle)
        self._data_version = 0
        self._rows: dict[str, tuple[int, str, str, str, bytes]] = {}
        self._subjects: list[tuple[str, str, int]] = []
        self._create()
        self.salt = self.meta("salt") or ""
        last = self.connection.execute(
            "SELECT seq, at, hash FROM journal ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        first: tuple[int, str, bytes] = last or (0, "", GENESIS)
        self.seq, self.last_at, self.hash = first
        self._ahead = 0.0
        self._jump = self._told = 0.0
        self._measuring = threading.Lock()
        self._measured: tuple[datetime, float] | None = None
        self.on_change: Any = None

    def _create(self) -> None:
        with self.transaction():
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    self.connection.execute(statement)
            found = self.meta("version")
            if found is not None and int(found) > VERSION:
                raise RuntimeError(
                    f"{self.path} was written by a newer ReplyAI (format {found}, here {VERSION})"
                )
            defaults = {"version": str(VERSION), "salt": randomness.token_hex(32)}
            for key, value in {**defaults, "media_salt": randomness.token_hex(32)}.items():
                if self.meta(key) is None:
                    self.set_meta(key, value)
            create_tables(self.connection, self.collections)
            for collection in self.collections:
                self._check_version(collection)

    def _check_version(self, collection: Collection) -> None:
        """Note the version of a new collection's documents; refuse those of a newer one."""
        key = schema_key(collection.name)
        found = self.meta(key)
        if found is None:
            table = table_name(collection.name)
            empty = self.connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None
            self.set_meta(key, str(collection.version if empty else 1))
        elif int(found) > collection.version:
            raise RuntimeError(
                f"{self.path}: {collection.name} is of a newer {collection.owner} "
                f"(version {found}, here {collection.version})"
            )

    def _changed(self, collection: str, id: Any, before: Any) -> None:
        self.working.forget(collection, id)
        if self.on_change is not None:
            self.on_change(collection, id, before)

    def now(self) -> str:
        """Return the workspace's time: the wall clock, but never before the last event.

        Where the wall clock was ahead once and was put right, time goes on from the last event at
        its normal pace, so that pauses and due times keep their length. Where it is put forward, that
        is held back until a `clock.jumped` event tells of it.
        """
        with self._measuring:
            return self._now()

    def _now(self) -> str:
        wall, steady = times.now(), time.monotonic()
        moment = times.parse(wall)
        if self._measured is not None:
            jump = (moment - self._measured[0]).total_seconds() - (steady - self._measured[1])
            self._jump += jump if jump > JUMP_SECONDS else 0.0
        self._measured = moment, steady
        hidden = self._jump - self._told
        at = times.add(wall, self._ahead - hidden) if self._ahead or hidden else wall
        if at < self.last_at:
            self._ahead += times.seconds_between(at, self.last_at)
            at = self.last_at
        return at

    def jumped(self) -> float:
        """Return by how many seconds the wall clock was put forward and this time does not show it yet."""
        self.now()
        return self._jump - self._told

    def caught_up(self, seconds: float) -> None:
        """Show a jump of the wall clock from now on, as it was told."""
        self._told = min(self._jump, self._told + seconds)

    def mark(self) -> Mark:
        """Return where the journal and its time stand."""
        return self.seq, self.last_at, self.hash, self._told

    def back_to(self, mark: Mark) -> None:
        """Stand there again, as what came since was undone."""
        self.seq, self.last_at, self.hash, self._told = mark

    def meta(self, key: str) -> str | None:
        """Return a fact about the file itself, or None."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep a fact about the file itself."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @contextmanager
    def transaction(self, *, goes_on: bool = False) -> Iterator[None]:
        """All or nothing, with one sync to disk at the end.

        goes_on: whether documents that were found before are known in this one, and in the next that goes
        on; not where rows of documents are written past `working`.
        """
        self.connection.execute("BEGIN IMMEDIATE")
        if goes_on and not self._others_wrote():
            self.working.go_on()
        else:
            self._clear()
        try:
            yield
            self.write()
            point("flushed")
            self.connection.execute("COMMIT")
        except BaseException:
            self.rollback()
            raise
        if not goes_on:
            self.working.clear()

    def _others_wrote(self) -> bool:
        """Whether another connection wrote since this was asked last."""
        before = self._data_version
        (self._data_version,) = self.connection.execute("PRAGMA data_version").fetchone()
        return self._data_version != before

    def write(self) -> None:
        """Write all that belongs before a COMMIT; raises what `check` does."""
        self.check()
        self.flush()
        self.documents.settle()
        self.check()

    def check(self) -> None:
        """Raise what went wrong while something was written, also where somebody swallowed it.

        Raises Undone where SQLite undid the transaction: what came next would be kept at once.
        """
        if self.working.failed is not None:
            self.working.check()
        if not self.connection.in_transaction:
            raise Undone("the transaction was undone")

    def settle(self) -> None:
        """Bring the text indexes up to date for who looks into them before the COMMIT."""
        try:
            self.documents.settle_so_far()
        except BaseException as error:
            self.working.failed = error
            raise

    def flush(self) -> None:
        """Write what waits to be written."""
        self.working.flush()
        if self._rows:
            rows, subjects = list(self._rows.values()), list(self._subjects)
            self._rows.clear()  # also where this fails: whoever made them is undone
            self._subjects.clear()
            self.connection.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", rows)
            insert = "INSERT OR IGNORE INTO journal_subject VALUES (?, ?, ?)"
            self.connection.executemany(insert, subjects)

    def _clear(self) -> None:
        self.working.clear()
        self._rows.clear()
        self._subjects.clear()

    def rollback(self) -> None:
        """Undo what is not committed, if anything is."""
        self.documents.forget()
        self._clear()
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @property
    def careful(self) -> bool:
        """Whether each part has a savepoint of its own, and rows are written at once.

        It hardly ever is needed; without, a part that fails after it wrote raises `Again`.
        """
        return not self.working.lazy

    @careful.setter
    def careful(self, careful: bool) -> None:
        self.working.lazy = not careful

    def savepoint(self, name: str) -> AbstractContextManager[None]:
        """A part that is undone alone when it raises; see `careful`."""
        return self.undoable(name) if self.careful else _Part(self)

    @contextmanager
    def undoable(self, name: str) -> Iterator[None]:
        """A part with a savepoint, whether `careful` or not."""
        self.working.flush()
        settled = self.documents.settled()
        self.connection.execute(f"SAVEPOINT {name}")
        try:
            yield
            self.check()
        except BaseException as error:
            failed = self.working.failed
            self.working.clear()
            if self.connection.in_transaction:
                self.connection.execute(f"ROLLBACK TO {name}")
                self.connection.execute(f"RELEASE {name}")
                self.documents.unsettle(settled)
            if failed is not None and failed is not error and is_fatal(failed):
                raise failed from error
            raise
        self.connection.execute(f"RELEASE {name}")

    def row_of(self, event_id: str) -> tuple[int, dict[str, Any]] | None:
        """Return the sequence and transaction of a known event id, or None."""
        if waiting := self._rows.get(event_id):
            return waiting[0], orjson.loads(waiting[3])
        row = self.connection.execute(
            "SELECT seq, body FROM journal WHERE event_id = ?", (event_id,)
        ).fetchone()
        return (row[0], orjson.loads(row[1])) if row else None

    def knows(self, event_id: str) -> bool:
        """Whether an event was taken up before."""
        return self.row_of(event_id) is not None

    def append(self, transaction: dict[str, Any], subjects: Iterable[tuple[str, str]]) -> int:
        """Add *transaction* to the journal, chained to the row before; return its sequence."""
        seq = self.seq + 1
        body = orjson.dumps({"seq": seq, **transaction})  # in the order in which it was taken up
        digest = chain(self.hash, body)
        event = transaction["event"]
        self._rows[event["id"]] = (seq, event["at"], event["id"], body.decode(), digest)
        self._subjects += dict.fromkeys([(collection, id, seq) for collection, id in subjects])
        self.working.writes += 1
        if self.careful or len(self._rows) == MOST_ROWS:
            self.flush()
        self.seq, self.last_at, self.hash = seq, event["at"], digest
        return seq

    def keep_raw(self, at: str, raw: dict[str, Any], seq: int | None) -> str:
        """Keep a webhook's own bytes; return their SHA-256 in hex."""
        raw = packed(raw)
        self.working.writes += 1
        self.connection.execute(
            "INSERT INTO raw (at, gateway, account, hash, body, reason, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (at, raw.get("gateway"), raw.get("account"), raw["hash"], raw["packed"], raw.get("reason"), seq),
        )
        return str(raw["hash"])

    def forget_raw(self, before: str) -> int:
        """Delete raw bodies from before a time, but what is in quarantine; return how many."""
        cursor = self.connection.execute("DELETE FROM raw WHERE at < ? AND reason IS NULL", (before,))
        return int(cursor.rowcount)

    def size(self) -> int:
        """Return the size of the write-ahead log in bytes."""
        wal = Path(f"{self.path}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def close(self) -> None:
        """Check-point and close."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()


def quarantine(
    connection: sqlite3.Connection, after: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return what could not be understood, newest first: ``{id, at, gateway, account, reason, body}``."""
    rows = connection.execute(
        "SELECT id, at, gateway, account, reason, body FROM raw WHERE reason IS NOT NULL AND id < ?"
        " ORDER BY id DESC LIMIT ?",
        (after if after is not None else 1 << 62, limit),
    ).fetchall()
    names = ("id", "at", "gateway", "account", "reason")
    return [{**dict(zip(names, row, strict=False)), "body": zlib.decompress(row[5])} for row in rows]
