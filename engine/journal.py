"""The journal: reading it, proving that it is whole, and making the documents from it again."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from engine.documents import Collection, Database, create_tables
from engine.redact import ERASERS
from engine.store import GENESIS, chain

BATCH = 500
PROBLEMS_LIMIT = 20
NO_COLLECTION = frozenset({"action"})
"""Subjects that are no documents."""
Document = dict[str, Any]


@dataclass
class Row:
    """One row as it is stored. body: the transaction as JSON text; hash: 32 bytes, chained."""

    seq: int
    at: str
    event_id: str
    body: str
    hash: bytes
    _transaction: Document | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def transaction(self) -> Document:
        """The row's content: ``{seq, event, actions, changes, errors?, error?, raw?}``."""
        if self._transaction is None:
            self._transaction = orjson.loads(self.body)
        return self._transaction


def rows(
    connection: sqlite3.Connection,
    after: int = 0,
    until: int | None = None,
    subject: tuple[str, str] | None = None,
) -> Iterator[Row]:
    """Yield the rows after sequence *after* up to and with *until*, in order.

    subject: (collection, id) of what they are to be about, such as ("conversation", id).
    They are read some hundred at a time, so the caller may write to the same connection meanwhile.
    """
    last = until if until is not None else 1 << 62
    about = " AND seq IN (SELECT seq FROM journal_subject WHERE collection = ? AND id = ?)" if subject else ""
    select = (
        f"SELECT seq, at, event_id, body, hash FROM journal WHERE seq > ? AND seq <= ?{about}"
        " ORDER BY seq LIMIT ?"
    )
    while True:
        found = connection.execute(select, (after, last, *(subject or ()), BATCH)).fetchall()
        yield from (Row(*columns) for columns in found)
        if len(found) < BATCH:
            return
        after = found[-1][0]


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the sequence of the newest row, 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0])


def seq_before(connection: sqlite3.Connection, at: str) -> int:
    """Return the sequence of the last row from before the time *at*, 0 where there is none.

    Rows' times never go back, so it is found by halving.
    """
    low, high = 0, last_seq(connection)
    while low < high:
        middle = (low + high + 1) // 2
        row = connection.execute("SELECT at FROM journal WHERE seq >= ? ORDER BY seq", (middle,)).fetchone()
        if row[0] < at:
            low = middle
        else:
            high = middle - 1
    return low


def verify(connection: sqlite3.Connection) -> list[str]:
    """Return what is wrong with the journal, in words, the first 20 findings; nothing where all is well.

    Each row must follow the one before without a gap, name in its body the sequence, time and
    event that its columns have, and carry the hash of the row before and its own body. Of a row
    whose content was erased a later row must say what is left of it.
    """
    problems: list[str] = []
    seq, hash = 0, GENESIS
    left = erased(connection)
    for row in rows(connection):
        if row.seq != seq + 1:
            problems.append(f"after row {seq} of the journal comes {row.seq}")
        problems += _of_row(row, hash, left.get(row.seq))
        if len(problems) >= PROBLEMS_LIMIT:
            break
        seq, hash = row.seq, row.hash
    return problems[:PROBLEMS_LIMIT]


def erased(connection: sqlite3.Connection) -> dict[int, str]:
    """Return sequence → SHA-256, in hex, of the body that is left, of the rows that later rows erased."""
    found: dict[int, str] = {}
    later: dict[int, int] = {}
    for type in ERASERS:
        bounds = (f"-/{type}/", f"-/{type}0")  # "0" comes after "/"
        select = "SELECT body FROM journal WHERE event_id > ? AND event_id < ?"
        for (body,) in connection.execute(select, bounds):
            row = orjson.loads(body)
            for seq, left in row["event"]["data"]["rows"].items():
                if int(seq) < row["seq"] and row["seq"] > later.get(int(seq), 0):
                    later[int(seq)], found[int(seq)] = row["seq"], left
    return found


def _of_row(row: Row, previous: bytes, left: str | None) -> Iterator[str]:
    if left is not None:
        if hashlib.sha256(row.body.encode()).hexdigest() != left:
            yield f"row {row.seq} of the journal was erased, and does not say what was left of it"
    elif chain(previous, row.body.encode()) != row.hash:
        yield f"row {row.seq} of the journal does not have the hash of what it says"
    try:
        transaction = row.transaction
        inside = (transaction["seq"], transaction["event"]["at"], transaction["event"]["id"])
    except (ValueError, KeyError, TypeError) as error:
        yield f"row {row.seq} of the journal cannot be read: {error!r}"
        return
    if inside != (row.seq, row.at, row.event_id):
        yield f"row {row.seq} of the journal says inside that it is {inside}"


def apply(documents: Database, changes: Iterable[Document]) -> None:
    """Do to *documents* what the *changes* of a row say.

    A change is ``{"collection", "id", "put", "removed"?, "new"?}`` or ``{"collection", "id",
    "deleted": true}``; one that is new takes the last place in its collection.
    """
    for change in changes:
        table, id = documents.table(change["collection"]), change["id"]
        if change.get("deleted"):
            table.remove(doc_ids=[id])
        elif change.get("new"):
            table.remove(doc_ids=[id])
            table.insert(change["put"])
        else:
            put, removed = change["put"], change.get("removed", ())
            table.update(lambda d, put=put, removed=removed: _change(d, put, removed), doc_ids=[id])


def _change(document: Document, put: Document, removed: Iterable[str]) -> None:
    document.update(put)
    for name in removed:
        document.pop(name, None)


def rebuild(
    source: sqlite3.Connection,
    target: Path | str,
    collections: Iterable[Collection],
    until: int | None = None,
) -> None:
    """Make a file *target* with the documents as the journal's rows up to *until* (all) left them.

    The file must not be there yet, else FileExistsError. It has the tables of documents alone; a
    collection that no plugin declares any more has its table too, without indexes.
    """
    if Path(target).exists():
        raise FileExistsError(f"{target} is there already")
    known = [replace(each, search=(), infix=()) for each in declared(source, collections)]
    connection = sqlite3.connect(str(target), isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    try:
        connection.execute("BEGIN")
        create_tables(connection, known)
        documents = Database(connection=connection, collections=known, string_ids=True)
        for row in rows(source, until=until):
            apply(documents, row.transaction["changes"])
        connection.execute("COMMIT")
    finally:
        connection.close()


def declared(connection: sqlite3.Connection, collections: Iterable[Collection]) -> tuple[Collection, ...]:
    """Return *collections* and, without indexes, those that the journal alone knows."""
    given = tuple(collections)
    names = {collection.name for collection in given} | NO_COLLECTION
    found = connection.execute("SELECT DISTINCT collection FROM journal_subject ORDER BY collection")
    return given + tuple(Collection(name) for (name,) in found.fetchall() if name not in names)


def canonical(value: Any) -> bytes:
    """Return *value* as JSON in its one form: keys sorted, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def documents_hash(connection: sqlite3.Connection, collections: Iterable[Collection]) -> str:
    """Return the SHA-256, in hex, over all documents in canonical JSON, per collection, by id."""
    digest = hashlib.sha256()
    for name in sorted({collection.name for collection in collections}):
        digest.update(f"{name}\n".encode())
        for (text,) in connection.execute(f'SELECT doc FROM "doc_{name}" ORDER BY id'):
            digest.update(canonical(orjson.loads(text)) + b"\n")
    return digest.hexdigest()
