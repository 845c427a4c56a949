"""Is everything kept whole? The file, the chain of the journal, and the documents made from it again."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine import journal
from engine.documents import Collection
from engine.store import open_read

REPAIR = "restore the workspace from a backup; keep the broken folder"


def workspace(folder: Path, collections: Iterable[Collection]) -> Iterator[tuple[bool, str, str]]:
    """Yield ``(well, what was found, what to do)`` of a workspace's *folder*; changes nothing.

    All checks look at one moment, also while ReplyAI runs. They read everything: some seconds
    and as much room in the temporary folder as the documents take, for a million messages about
    two minutes and 1 GB.
    """
    known = tuple(collections)
    connection = open_read(folder / "replyai.db")
    try:
        connection.execute("BEGIN")
        yield _file(connection)
        yield _chain(connection)
        yield _documents(connection, known)
    except sqlite3.DatabaseError as error:
        yield False, f"the file cannot be read: {error}", REPAIR
    finally:
        connection.close()


def _file(connection: sqlite3.Connection) -> tuple[bool, str, str]:
    said = [line for (line,) in connection.execute("PRAGMA integrity_check(5)")]
    if said == ["ok"]:
        return True, "every page of the file is sound", ""
    return False, f"the file is damaged: {'; '.join(said)}", REPAIR


def _chain(connection: sqlite3.Connection) -> tuple[bool, str, str]:
    problems = journal.verify(connection)
    if problems:
        return False, f"the journal is not as it was written: {'; '.join(problems)}", REPAIR
    return True, f"the journal's {journal.last_seq(connection):,} rows are chained without a gap", ""


def _documents(connection: sqlite3.Connection, collections: tuple[Collection, ...]) -> tuple[bool, str, str]:
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    known = tuple(c for c in journal.declared(connection, collections) if f"doc_{c.name}" in there)
    with tempfile.TemporaryDirectory(prefix="replyai-verify-") as folder:
        path = Path(folder) / "again.db"
        journal.rebuild(connection, path, known)
        again = open_read(path)
        try:
            live, made = journal.documents_hash(connection, known), journal.documents_hash(again, known)
            differing = [] if live == made else list(_differing(connection, again, known))
        finally:
            again.close()
    if live == made:
        return True, f"the documents made from the journal again are the same ({live[:12]}…)", ""
    return False, f"the documents differ from what the journal says: {', '.join(differing)}", REPAIR


def _differing(
    live: sqlite3.Connection, again: sqlite3.Connection, collections: tuple[Collection, ...]
) -> Iterator[str]:
    for collection in collections:
        if journal.documents_hash(live, [collection]) != journal.documents_hash(again, [collection]):
            yield collection.name
