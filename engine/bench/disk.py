"""What a message of 200 characters takes on the disk, and what of it is what."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

from engine.bench.rows import Bench, Row, row
from engine.bench.texts import LENGTH
from engine.store import open_read

_PARTS = {
    r"journal|sqlite_autoindex_journal.*": "journal",
    r"journal_subject": "journal: which rows are about what",
    r"raw.*": "raw webhooks, kept 30 days",
    r"search_message.*": "text index",
    r"doc_message": "message documents",
    r"(ix_|sqlite_autoindex_)doc_message.*": "message indexes",
    r".*(contact|conversation).*": "contacts and conversations with their indexes",
}
REST = "all else"


def disk(bench: Bench) -> Iterator[Row]:
    """Bytes of the file per message, with its journal, indexes, text index and raw webhook; no media."""
    path = bench.filled / "w" / "main" / "replyai.db"
    bench.say("measuring the file")
    what = f"disk per message of {LENGTH} characters"
    yield row(f"{what}, {bench.many:,} messages", path.stat().st_size / bench.many, "bytes")
    with closing(open_read(path)) as connection:
        for part, size in sizes(connection).most_common():
            yield row(f"{what}: {part}", size / bench.many, "bytes")


def sizes(connection: sqlite3.Connection) -> Counter[str]:
    """Return part → bytes of a workspace's file; nothing where this SQLite has no ``dbstat``."""
    found: Counter[str] = Counter()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    select = "SELECT name, pageno FROM dbstat WHERE aggregate = TRUE"  # pageno: how many; sizes overflow
    try:
        for name, pages in connection.execute(select):
            found[part_of(name)] += pages * page
    except sqlite3.OperationalError:
        return Counter()
    return found


def part_of(table: str) -> str:
    """Return which part of the whole a table or index belongs to."""
    return next((part for pattern, part in _PARTS.items() if re.fullmatch(pattern, table)), REST)
