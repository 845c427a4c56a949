"""Exports: the documents of a workspace at one sequence, as files that other programs read.

Documents hold no secret; passwords, sessions, tokens and raw webhooks are no documents and are
never in an export. What is under way between processes (jobs, parked echoes) is left out.
"""

import csv
import os
import re
import secrets as randomness
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from engine import times
from engine.documents import Collection
from engine.journal import last_seq
from engine.store import open_read
from engine.upgrade import versions_of

FORMATS = ("jsonl", "csv", "tinydb")
VERSION = 1
ABOUT = "_export"
LEFT_OUT = frozenset({"job", "parked", "problem"})
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d\s().-]*$)")
Document = dict[str, Any]


class ExportError(Exception):
    """Nothing was exported; the text says why."""


class Snapshot:
    """A workspace's documents at one sequence. names: its collections; seq: that sequence."""

    def __init__(self, connection: sqlite3.Connection, workspace: str, names: list[str]) -> None:
        self.connection = connection
        self.workspace = workspace
        self.names = names
        self.versions = versions_of(connection, names)
        self.seq = last_seq(connection)

    def head(self) -> Document:
        """Return what an export says of itself."""
        return {
            "replyai": VERSION,
            "workspace": self.workspace,
            "seq": self.seq,
            "at": times.now(),
            "versions": self.versions,
            "documents": self.counts(),
        }

    def documents(self, collection: str) -> Iterator[bytes]:
        """Yield the documents of a collection as JSON, in the order in which they were added."""
        for (text,) in self.connection.execute(f'SELECT doc FROM "doc_{collection}" ORDER BY pos'):
            yield text.encode()

    def counts(self) -> dict[str, int]:
        """Return how many documents each collection has."""
        count = 'SELECT count(*) FROM "doc_{}"'
        return {name: self.connection.execute(count.format(name)).fetchone()[0] for name in self.names}


def write(
    database: Path, workspace: str, collections: Iterable[Collection], format: str, target: Path
) -> Document:
    """Write an export of a workspace's file *database* to *target*; return ``{seq, documents}``.

    format: *jsonl* and *tinydb* make a file, *csv* a folder with a file per collection. ReplyAI
    may run meanwhile. Raises ExportError where *target* is there already.
    """
    if target.exists():
        raise ExportError(f"{target} is there already; name a new one")
    writer: Callable[[Snapshot, Path], None] = {"jsonl": _jsonl, "csv": _csv, "tinydb": _tinydb}[format]
    with closing(open_read(database)) as connection:
        connection.execute("BEGIN")
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        names = [c.name for c in collections if c.name not in LEFT_OUT and f"doc_{c.name}" in there]
        snapshot = Snapshot(connection, workspace, names)
        writer(snapshot, target)
        return {"seq": snapshot.seq, "documents": sum(snapshot.counts().values())}


@contextmanager
def _new_file(target: Path) -> Iterator[IO[bytes]]:
    """Give a file for its owner alone (0600) that is at *target* only once it is whole."""
    part = target.with_name(f".{target.name}.{randomness.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _jsonl(snapshot: Snapshot, target: Path) -> None:
    """A line that says what it is, then ``{"collection", "document"}`` a line."""
    with _new_file(target) as file:
        file.write(orjson.dumps(snapshot.head()) + b"\n")
        for name in snapshot.names:
            for body in snapshot.documents(name):
                file.write(b'{"collection":"%s","document":%s}\n' % (name.encode(), body))


def _tinydb(snapshot: Snapshot, target: Path) -> None:
    """The file of stock TinyDB, with its integer ids; our own are in the field ``id``.

    The table ``_export`` says what it is of.
    """
    with _new_file(target) as file:
        file.write(b'{"%s":{"1":%s}' % (ABOUT.encode(), orjson.dumps(snapshot.head())))
        for name in snapshot.names:
            file.write(b',"%s":{' % name.encode())
            for number, body in enumerate(snapshot.documents(name), 1):
                file.write(b'%s"%d":%s' % (b"," if number > 1 else b"", number, body))
            file.write(b"}")
        file.write(b"}\n")


def _csv(snapshot: Snapshot, target: Path) -> None:
    """A file per collection; a column per field, those that are no plain values as JSON."""
    part = target.with_name(f".{target.name}.{randomness.token_hex(4)}")
    part.mkdir(mode=0o700)
    for name in snapshot.names:
        fields: dict[str, None] = {"id": None}
        for body in snapshot.documents(name):
            fields.update(dict.fromkeys(orjson.loads(body)))
        with (part / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(fields)
            for body in snapshot.documents(name):
                document = orjson.loads(body)
                table.writerow([_cell(document.get(field)) for field in fields])
    part.replace(target)


def _cell(value: Any) -> Any:
    """Return what stands in a cell; a text that a spreadsheet would run as a formula begins with ``'``."""
    if value is None or isinstance(value, int | float):
        return orjson.dumps(value).decode() if isinstance(value, bool) else value
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    return orjson.dumps(value).decode()
