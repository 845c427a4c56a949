"""Versions of documents: what an older ReplyAI or plugin wrote is brought up to date when it is opened.

All documents of a collection are of one version, which stands in the file (``meta``) and in every
export. A collection declares one function for each step from a version to the next; an upgrade
is a number of ordinary ``documents.upgraded`` events, so the journal tells of it too.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from engine.documents import Collection, Database
from engine.documents.tables import table_name
from engine.events import event
from engine.store import open_read, schema_key

if TYPE_CHECKING:
    from engine.writer import Writer

BATCH = 500
TYPE = "documents.upgraded"
Document = dict[str, Any]


class UpgradeError(RuntimeError):
    """Documents cannot be upgraded; nothing was changed. The text names the first and the reason."""


def versions_of(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the version of the documents of each collection, as the file has them."""
    found = dict(connection.execute("SELECT key, value FROM meta WHERE key LIKE 'schema.%'").fetchall())
    return {name: int(found.get(schema_key(name), 1)) for name in names}


def run(path: Path, collections: Iterable[Collection], writer: "Writer") -> None:
    """Upgrade what is of an older version; UpgradeError before anything is changed where it cannot be.

    It goes on where a crash cut it short: a batch that is in the journal is not done again.
    """
    known = tuple(collections)
    with closing(open_read(path)) as connection:
        present = versions_of(connection, [collection.name for collection in known])
        old = [c for c in known if present[c.name] < c.version]
        batches = {c.name: list(_batches(connection, c, present[c.name])) for c in old}
    for collection in old:
        for told in batches[collection.name]:
            (result,) = writer.submit([told]).result()
            if result.get("error"):
                raise UpgradeError(f"{collection.name}: {result['error']}")
        writer.do(lambda c, of=collection: _note(c, of)).result()  # type: ignore[misc]


def _note(connection: sqlite3.Connection, collection: Collection) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)", (schema_key(collection.name), str(collection.version))
    )


def _batches(connection: sqlite3.Connection, collection: Collection, version: int) -> Iterator[Document]:
    """Yield an event for each batch of documents, tried first on those that no event was for yet."""
    found = connection.execute(f"SELECT id, doc FROM {table_name(collection.name)} ORDER BY pos")
    number = 0
    while part := found.fetchmany(BATCH):
        key = f"{collection.name}/{collection.version}/{number}"
        number += 1
        data = {"collection": collection.name, "from": version, "to": collection.version}
        told = event(TYPE, key, {**data, "ids": [id for id, _ in part]}, origin="system")
        if not _known(connection, told["id"]):
            for id, doc in part:
                _try(collection, id, orjson.loads(doc), version)
        yield told


def _known(connection: sqlite3.Connection, event_id: str) -> bool:
    row = connection.execute("SELECT 1 FROM journal WHERE event_id = ?", (event_id,)).fetchone()
    return row is not None


def _try(collection: Collection, id: str, document: Document, version: int) -> None:
    try:
        made = collection.upgraded(document, version)
        orjson.dumps(made)
        if made["id"] != id:
            raise ValueError("its id would be another")
    except Exception as error:
        raise UpgradeError(
            f"{collection.name} {id} cannot be upgraded from version {version} to {collection.version} "
            f"of {collection.owner}: {type(error).__name__}: {error}"
        ) from error


def versions_at(connection: sqlite3.Connection, names: Iterable[str], seq: int) -> dict[str, int]:
    """Return the version that each collection's documents had after row *seq* of the journal."""
    found = versions_of(connection, names)
    select = "SELECT seq, body FROM journal WHERE event_id > ? AND event_id < ? ORDER BY seq DESC"
    for row, body in connection.execute(select, (f"-/{TYPE}/", f"-/{TYPE}0")):
        data = orjson.loads(body)["event"]["data"]
        if row > seq and data["collection"] in found:
            found[data["collection"]] = data["from"]
    return found


def bring_up(documents: Database, collections: Iterable[Collection], versions: dict[str, int]) -> None:
    """Upgrade documents that are of *versions*, as an old row of the journal left them, in place."""
    for collection in collections:
        version = versions.get(collection.name, collection.version)
        if version < collection.version:
            table = documents.table(collection.name)
            for document in table.all():
                table.update(_becomes(collection.upgraded(dict(document), version)), doc_ids=[document["id"]])


def _becomes(made: Document) -> Callable[[Document], None]:
    def put(document: Document) -> None:
        document.clear()
        document.update(made)

    return put
