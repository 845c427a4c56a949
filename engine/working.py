"""The documents that a group of events works on: each read once, and written once for each event."""

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from engine.documents import Database
from engine.documents.direct import Direct

Document = dict[str, Any]
Key = tuple[str, str]


class Held:
    """A document as it stands: its JSON text, and the text that its row has."""

    __slots__ = ("_content", "alike", "id", "pos", "stored", "text")

    def __init__(self, pos: int, id: str, text: str, stored: str) -> None:
        self.pos, self.id, self.text, self.stored = pos, id, text, stored
        self._content: Document | None = None
        self.alike = True

    @property
    def content(self) -> Document:
        """What the text says; not to be changed, nor given to anyone who might."""
        if self._content is None:
            self._content = orjson.loads(self.text)
        return self._content


class WorkingSet:
    """Rows that are known, and changes that are not written yet, of the writer's one transaction.

    What is handed out is decoded afresh, so nobody changes a document but by `update`. A change is
    written at `flush`; until then only `get`, `first` and `update` see it, so it has to be called
    before anyone else reads the file. With `at_once` each change is written as it is made.

    writes: grows with everything that is written, or is to be.
    """

    def __init__(self, documents: Database) -> None:
        self._documents = documents
        self._tables: dict[str, Direct] = {}
        self._held: dict[Key, Held | None] = {}
        self._changed: dict[Key, Held] = {}
        self._versions: dict[str, int] = {}
        self._cleared = 0
        self.at_once = False
        self.writes = 0

    def version(self, collection: str) -> int:
        """Return a number that is another one after each change of a collection."""
        return self._versions.get(collection, self._cleared)

    def _wrote(self, collection: str) -> None:
        self.writes += 1
        self._versions[collection] = self.writes

    def held(self, collection: str, id: str) -> Held | None:
        """Return a document as it stands, or None."""
        key = (collection, id)
        try:
            return self._held[key]
        except KeyError:
            row = self._table(collection).by_id(id)
        found = self._held[key] = None if row is None else Held(row[0], row[1], row[2], row[2])
        return found

    def first(self, collection: str, fields: Mapping[str, Any]) -> Held | None:
        """Return the first document whose indexed fields are these, or whose list has this text."""
        if self._changed:
            self._flush_of(collection)
        row = self._table(collection).first(tuple(fields), tuple(fields.values()))
        if row is None:
            return None
        key = (collection, row[1])
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = Held(row[0], row[1], row[2], row[2])
        return held

    def insert(self, collection: str, document: Document) -> None:
        """Add a document at once. ValueError where its id is taken or is no text."""
        table, id = self._table(collection), document.get("id")
        if not isinstance(id, str):
            raise ValueError(f"a document of {collection} needs its id as a string in 'id', got {id!r}")
        content = dict(document)
        text = table.encode(content)
        try:
            pos = table.insert(id, text, content)
        except sqlite3.IntegrityError as error:
            raise ValueError(f"Document with ID {id} already exists") from error
        self._wrote(collection)
        self._held[collection, id] = Held(pos, id, text, text)

    def encode(self, collection: str, held: Held, content: Document) -> str:
        """Return the text of what a document is to be. ValueError where it would have another id."""
        if content.get("id") != held.id:
            raise ValueError(f"the id of {collection} {held.id!r} cannot be changed to {content.get('id')!r}")
        return self._table(collection).encode(content)

    def update(self, collection: str, held: Held, text: str, content: Document) -> None:
        """Have a document say *text*, which is *content*."""
        held.alike = held.alike and self._table(collection).is_found_alike(held.content, content)
        held.text, held._content = text, None
        self._wrote(collection)
        self._changed[collection, held.id] = held
        if self.at_once:
            self._flush_of(collection)

    def remove(self, collection: str, held: Held) -> None:
        """Delete a document at once."""
        self._flush_of(collection)
        self._wrote(collection)
        self._table(collection).delete(held.pos, held.stored)
        self._held[collection, held.id] = None

    def flush(self) -> None:
        """Write what was changed."""
        if self._changed:
            for (collection, _), held in self._changed.items():
                self._write(collection, held)
            self._changed.clear()

    def _flush_of(self, collection: str) -> None:
        for key in [key for key in self._changed if key[0] == collection]:
            self._write(collection, self._changed.pop(key))

    def _write(self, collection: str, held: Held) -> None:
        if held.text != held.stored:
            self._table(collection).update(held.pos, held.stored, held.text, alike=held.alike)
            held.stored, held.alike = held.text, True

    def forget(self, collection: str, id: str) -> None:
        """Somebody else writes a document: read it again."""
        self._wrote(collection)
        self._held.pop((collection, id), None)

    def clear(self) -> None:
        """Forget everything, at a transaction's begin or after something was undone."""
        self._held.clear()
        self._changed.clear()
        self._versions.clear()
        self.writes += 1
        self._cleared = self.writes
        self._documents.reread()

    def _table(self, collection: str) -> Direct:
        try:
            return self._tables[collection]
        except KeyError:
            table = self._tables[collection] = self._documents.direct(collection)
            return table
