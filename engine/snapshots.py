"""Copies of all documents of a workspace, so that the journal need not be read from its first day.

A copy is one file ``snapshots/<sequence>.jsonl.gz`` in the workspace's folder, JSON Lines: what it
is of, ``{"seq", "hash", "collections": {name: how many documents}}``, then the documents of each
collection in their order.
"""

import contextlib
import gzip
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from engine import journal
from engine.documents import Collection, Database, create_tables
from engine.documents.tables import table_name
from engine.store import open_read

EVERY_ROWS = 100_000
FOLDER = "snapshots"
SUFFIX = ".jsonl.gz"
COMPRESSION = 3
BATCH = 1_000
UNSOUND = (OSError, EOFError, StopIteration, ValueError, KeyError, sqlite3.Error)
"""What reading a copy raises that is cut off or of something else."""


def due(folder: Path, seq: int, every: int = EVERY_ROWS) -> bool:
    """Whether the journal has grown by *every* rows since the newest copy in a workspace's *folder*."""
    return seq - max(_kept(folder), default=0) >= every


def make(folder: Path, collections: Iterable[Collection]) -> int:
    """Copy all documents as they are now; return the sequence. Older copies are thinned.

    It reads on a connection of its own, in one snapshot, and holds up no writer.
    """
    connection = open_read(folder / "replyai.db")
    try:
        connection.execute("BEGIN")
        seq, hash = _newest(connection)
        target = _path(folder, seq)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        _write(connection, target, {"seq": seq, "hash": hash}, [c.name for c in collections])
    finally:
        connection.close()
        _part(folder).unlink(missing_ok=True)
    for old in superfluous(_kept(folder)):
        _path(folder, old).unlink(missing_ok=True)
    return seq


def forget(folder: Path) -> None:
    """Delete all copies: they can be made again, and may hold what was erased meanwhile."""
    for seq in _kept(folder):
        _path(folder, seq).unlink(missing_ok=True)


def superfluous(seqs: Iterable[int]) -> list[int]:
    """Return which copies to do without: the further back, the wider apart they may lie."""
    kept, gone = sorted(seqs), []
    place = 1
    while place < len(kept) - 1:
        if kept[place + 1] - kept[place - 1] <= kept[-1] - kept[place + 1]:
            gone.append(kept.pop(place))
        else:
            place += 1
    return gone


def documents_at(
    source: sqlite3.Connection,
    folder: Path | None,
    target: sqlite3.Connection,
    collections: Iterable[Collection],
    seq: int,
) -> None:
    """Fill the empty *target* with the documents as they were after row *seq* of *source*'s journal.

    It begins at the nearest copy in *folder* whose hash is that of the journal, else at the first
    row. The caller's transaction is used.
    """
    known = tuple(collections)
    bare = tuple(Collection(c.name) for c in known)
    create_tables(target, bare)
    after = _fill(source, folder, target, seq) if folder else 0
    create_tables(target, known)
    documents = Database(connection=target, collections=known, string_ids=True)
    for row in journal.rows(source, after, seq):
        journal.apply(documents, row.transaction["changes"])
    documents.settle()


def _kept(folder: Path) -> list[int]:
    names = (path.name.removesuffix(SUFFIX) for path in (folder / FOLDER).glob(f"*{SUFFIX}"))
    return sorted(int(name) for name in names if name.isdigit())


def _path(folder: Path, seq: int) -> Path:
    return folder / FOLDER / f"{seq:012}{SUFFIX}"


def _part(folder: Path) -> Path:
    return folder / FOLDER / "unfinished"


def _newest(connection: sqlite3.Connection) -> tuple[int, str]:
    row = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1].hex()) if row else (0, "")


def _write(connection: sqlite3.Connection, target: Path, about: dict[str, Any], names: list[str]) -> None:
    count = {
        name: connection.execute(f"SELECT count(*) FROM {table_name(name)}").fetchone()[0] for name in names
    }
    part = _part(target.parent.parent)
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as raw, gzip.open(raw, "wb", COMPRESSION) as out:
        out.write(orjson.dumps({**about, "collections": count}) + b"\n")
        for name in names:
            for (text,) in connection.execute(f"SELECT doc FROM {table_name(name)} ORDER BY pos"):
                out.write(text.encode() + b"\n")
        out.flush()
        raw.flush()
        os.fsync(raw.fileno())
    part.replace(target)


def _fill(source: sqlite3.Connection, folder: Path, target: sqlite3.Connection, seq: int) -> int:
    """Take the nearest copy that is sound; return its sequence, 0 where there is none."""
    for kept in reversed([kept for kept in _kept(folder) if kept <= seq]):
        target.execute("SAVEPOINT snapshot")
        with contextlib.suppress(*UNSOUND), gzip.open(_path(folder, kept), "rb") as lines:
            about = orjson.loads(next(iter(lines)))
            if _is_of(about, source):
                _load(iter(lines), about["collections"], target)
                target.execute("RELEASE snapshot")
                return kept
        target.execute("ROLLBACK TO snapshot")
        target.execute("RELEASE snapshot")
    return 0


def _is_of(about: dict[str, Any], source: sqlite3.Connection) -> bool:
    row = source.execute("SELECT hash FROM journal WHERE seq = ?", (about["seq"],)).fetchone()
    return row is not None and row[0].hex() == about["hash"]


def _load(lines: Iterator[bytes], count: dict[str, int], target: sqlite3.Connection) -> None:
    for name, documents in count.items():
        insert = f"INSERT INTO {table_name(name)} (id, doc) VALUES (?, ?)"
        for start in range(0, documents, BATCH):
            texts = [next(lines)[:-1] for _ in range(min(BATCH, documents - start))]
            target.executemany(insert, [(orjson.loads(text)["id"], text.decode()) for text in texts])
