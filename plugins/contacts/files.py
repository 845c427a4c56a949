"""The I/O of imports: reading the file that was uploaded, in workers only.

Files lie in ``imports/`` of the workspace's folder, readable by nobody else: ``<file>`` as it was
uploaded, ``<file>.head`` (its first rows), ``<file>.rows`` (what goes in) and ``<file>.bad`` (what does
not, and why), one JSON object a line; ``-<rows>`` after a name is of a dry run that has come so far.
What stands in them is in no document, and until it goes in, in no row of the journal.
"""

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from engine import chat_of, where

from . import csv_vcard, importing

Json = dict[str, Any]
FOLDER = "imports"
HEAD, ROWS, BAD, SEEN = ".head", ".rows", ".bad", ".seen"
SLICE = 5000  # rows of a dry run that are read in one go
MOST_ROWS = 200_000
AT_ONCE, AT_ONCE_BYTES = 250, 200_000  # a batch holds the writer for some 0.15 s


def path_of(workspace: Path, file: str, ending: str = "") -> Path:
    """Return where a file of an import lies; ValueError where *file* is no name of one."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,64}", file):
        raise ValueError("no file of an import")
    return workspace / FOLDER / f"{file}{ending}"


def check(args: Json, context: Any) -> Json:
    """Read the next rows of a file as its plan says: the dry run. Nothing is changed but files beside it.

    args: ``{import, file, plan, custom, done}``, *done*: rows that were read before. Returns counts and
    ``outcome``: ``checking`` where there are more, for a slice must not keep the worker from others' work.
    """
    done = args["done"]
    try:
        table = csv_vcard.read(path_of(context.folder, args["file"]).read_bytes(), skip=done)
    except (OSError, csv_vcard.NoTable) as error:
        return {"outcome": "failed", "reason": getattr(error, "code", "gone")}
    if done >= MOST_ROWS:
        return {"outcome": "failed", "reason": "long"}
    made = _Made(args, context)
    with made.part(ROWS) as rows, made.part(BAD) as bad:
        for line, cells in itertools.islice(table["rows"], SLICE):
            made.take(line, cells, rows, bad)
    now = made.counts["rows"]
    if now - done == SLICE:
        made.keep(now)
        return {"outcome": "checking", "done": now, "of": max(now, min(table["lines"], MOST_ROWS))}
    for ending in (ROWS, BAD):
        made.join(ending)
    return {"outcome": "checked", **made.counts}


class _Made:
    """What has been made of a file's rows so far; after each slice it is kept in ``<file>.seen-<rows>``."""

    def __init__(self, args: Json, context: Any) -> None:
        self.reader = importing.Reader(args["plan"], args["custom"])
        self.options = args["plan"]["options"]
        self.marks = importing.marks_of(self.options, args["import"], "")
        self.table = context.documents.table("contact")
        self.folder, self.file, self.done = context.folder, args["file"], args["done"]
        self.counts = dict.fromkeys(("rows", "create", "update", "skip", "bad"), 0)
        if self.done:
            kept = orjson.loads(self._path(SEEN, self.done).read_bytes())
            self.counts, self.reader.seen = kept["counts"], kept["seen"]

    def _path(self, ending: str, at: int) -> Path:
        return path_of(self.folder, self.file, f"{ending}-{at}")

    def part(self, ending: str) -> "_whole":
        """Return a new file for this slice's rows of a kind."""
        return _whole(self._path(ending, self.done))

    def keep(self, now: int) -> None:
        """Keep what the next slice has to know."""
        with _whole(self._path(SEEN, now)) as file:
            file.write(orjson.dumps({"counts": self.counts, "seen": self.reader.seen}))

    def join(self, ending: str) -> None:
        """Make one file of all slices' rows of a kind."""
        with _whole(path_of(self.folder, self.file, ending)) as whole:
            for at in range(0, self.done + 1, SLICE):
                whole.write(self._path(ending, at).read_bytes())

    def take(self, line: int, cells: list[str], rows: BinaryIO, bad: BinaryIO) -> None:
        """Put one row into the file of those that go in, or of those that do not."""
        self.counts["rows"] += 1
        try:
            row = self.reader.row(line, cells)
            self.counts[self._what(row)] += 1
            rows.write(orjson.dumps(row) + b"\n")
        except importing.Bad as problem:
            self.counts["bad"] += 1
            bad.write(orjson.dumps(problem.as_data(line, cells)) + b"\n")

    def _what(self, row: Json) -> str:
        """Return what the row would do: ``create``, ``update`` or ``skip``. Raises Bad."""
        known = self.table.search(where("aliases").any(list(map(chat_of, row["phones"]))))
        what, _fields = importing.outcome(known, row, self.reader.custom, self.options, self.marks)
        for contact in known:
            self.reader.met(contact["id"], row["line"])
        return what


def rows(args: Json, context: Any) -> Json:
    """Return the next rows that go in: ``{rows, position, last}``; *position*: bytes of the file so far."""
    found: list[Json] = []
    size = 0
    with path_of(context.folder, args["file"], ROWS).open("rb") as file:
        file.seek(args["position"])
        while len(found) < AT_ONCE and size < AT_ONCE_BYTES:
            line = file.readline()
            if not line:
                break
            size += len(line)
            found.append(orjson.loads(line))
        position = file.tell()
        last = not file.read(1)
    return {"outcome": "read", "rows": found, "position": position, "last": last}


def forget(args: Json, context: Any) -> Json:
    """Delete an import's files: those named in *endings* (`""`: the upload), with what a dry run left."""
    for ending in args["endings"]:
        path = path_of(context.folder, args["file"], ending)
        for each in (path, *path.parent.glob(f"{path.name}*" if ending else f"{path.name}{SEEN}-*")):
            each.unlink(missing_ok=True)
    return {"outcome": "forgotten"}


class _whole:
    """A file that is there in whole or not at all: it gets its name once it is on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f"{path.name}.part-{os.getpid()}")

    def __enter__(self) -> BinaryIO:
        descriptor = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.file = os.fdopen(descriptor, "wb")
        return self.file

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        with self.file:
            self.file.flush()
            os.fsync(self.file.fileno())
        if kind is None:
            self.part.replace(self.path)
        else:
            self.part.unlink(missing_ok=True)


def lines(path: Path) -> Iterator[Json]:
    """Yield what stands in a file of JSON lines, nothing where it is gone."""
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                yield orjson.loads(line)


JOBS = {"contacts.check": check, "contacts.rows": rows, "contacts.forget": forget}
