"""The documents that a group of events works on: each is read once, and written once at the group's end."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import orjson

from engine.documents import Database, Table
from engine.documents.direct import Direct, fit
from engine.documents.storage import CollectionRows

Document = dict[str, Any]
Fields = tuple[str, ...]
MOST_KNOWN = 2000  # documents that are known over transactions

_FATAL = frozenset(
    (
        sqlite3.SQLITE_ABORT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
    )
)


BROKEN = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT)


class Again(BaseException):
    """A part of a transaction has to be undone alone: undo it all, and do it again with care."""


class Undone(sqlite3.OperationalError):
    """SQLite undid the whole transaction by itself, as it may where the disk is full or fails."""

    sqlite_errorcode = sqlite3.SQLITE_ABORT_ROLLBACK


def is_fatal(error: BaseException) -> bool:
    """Whether *error* is the disk's or the file's own trouble, and not that of the code that met it."""
    return isinstance(error, sqlite3.Error) and code_of(error) in _FATAL


def code_of(error: BaseException) -> int:
    """Return SQLite's primary result code of *error*; 0 where it has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


class Held:
    """A document as it stands: its JSON text, and the text that its row has (None: there is no row yet).

    alike: what is kept of it beside its row (lists, words) is so still.
    """

    __slots__ = ("_content", "alike", "id", "pos", "stored", "text")

    def __init__(self, pos: int, id: str, text: str, stored: str | None) -> None:
        self.pos, self.id, self.text, self.stored = pos, id, text, stored
        self._content: Document | None = None
        self.alike = True

    @property
    def content(self) -> Document:
        """What the text says; not to be changed, nor given to anyone who might."""
        if self._content is None:
            self._content = orjson.loads(self.text)
        return self._content

    def put(self, text: str) -> None:
        """Say something else."""
        self.text, self._content = text, None


_MOST_HELD = 5_000
_UNREAD = Held(0, "", "", None)


class WorkingSet:
    """Rows that are known, and changes that are not written yet, of the writer's one transaction.

    What is handed out is decoded afresh, so nobody changes a document but by `update`. What is
    changed is written at `flush`, or when somebody looks into the collection (`open`). Documents that
    `first` found are known in later transactions too, where nobody else wrote in between (`go_on`): who
    wrote just now mostly writes again.

    lazy: whether documents that are added wait as well.
    writes: grows with everything that is written, or is to be.
    rows_of: gives a collection's rows.
    failed: what a flush raised, until `clear`: who met it may have swallowed it, as a hook that only read.
    """

    def __init__(self, documents: Database) -> None:
        self._documents = documents
        self.rows_of: Callable[[str], Any] = documents.direct
        self._tables: dict[str, Direct] = {}
        self._held: dict[tuple[str, str], Held | None] = {}
        self._changed: dict[str, dict[str, Held]] = {}
        self._added: dict[str, dict[Fields, dict[tuple[Any, ...], Held]]] = {}
        self._known: dict[tuple[str, str], Held] = {}
        self._found: dict[str, dict[Fields, dict[tuple[Any, ...], Held]]] = {}
        self._opened: set[str] = set()
        self._versions: dict[str, int] = {}
        self._cleared = 0
        self.lazy = False
        self.writes = 0
        self.failed: BaseException | None = None

    def held(self, collection: str, id: str) -> Held | None:
        """Return a document as it stands, or None."""
        key = (collection, id)
        found: Held | None = self._held.get(key, _UNREAD)
        if found is _UNREAD:
            row = self._table(collection).by_id(id)
            found = self._held[key] = None if row is None else Held(row[0], row[1], row[2], row[2])
        return found

    def unread(self, collection: str, id: str) -> None:
        """Read a document that nobody has changed again when it is next asked for."""
        self._held.pop((collection, id), None)
        self._known.pop((collection, id), None)

    def text(self, collection: str, id: str) -> str | None:
        """Return a document's text as it stands, or None; who only looks makes nobody hold very many."""
        key = (collection, id)
        held: Held | None = self._held.get(key, _UNREAD)
        if held is _UNREAD:
            row = self._table(collection).by_id(id)
            held = None if row is None else Held(row[0], row[1], row[2], row[2])
            if len(self._held) < _MOST_HELD:
                self._held[key] = held
        return None if held is None else held.text

    def first(self, collection: str, wanted: Mapping[str, Any]) -> Held | None:
        """Return the first document whose indexed fields are these, or whose list has this text."""
        fields, values = tuple(wanted), tuple(wanted.values())
        if not fit(values):
            return None
        found = self._found.setdefault(collection, {}).setdefault(fields, {})
        if values in found:
            return found[values]
        added = self._added.setdefault(collection, {})
        if fields not in added:  # from now on they are noted of what is added
            self.flush_of(collection)
            added[fields] = {}
        row = self._table(collection).first(fields, values)
        if row is None:
            return added[fields].get(values)
        held = self._held.get((collection, row[1]))
        if held is None:
            held = self._held[collection, row[1]] = Held(row[0], row[1], row[2], row[2])
        found[values] = self._known[collection, row[1]] = held
        return held

    def insert(self, collection: str, document: Document, *, is_new: bool = False) -> None:
        """Add a document. is_new: its id is known to be free. ValueError where it is not, or is no text."""
        id = document.get("id")
        if not isinstance(id, str):
            raise ValueError(f"a document of {collection} needs its id as a string in 'id', got {id!r}")
        text = self._table(collection).encode(dict(document))
        known = self._held.get((collection, id)) if is_new and self.lazy else self.held(collection, id)
        if known is not None:
            raise ValueError(f"Document with ID {id} already exists")
        held = self._held[collection, id] = Held(0, id, text, None)
        waits = self.lazy and self._note(collection, held, document)  # before it may be written
        self._change(collection, held)
        if not waits:
            self.flush_of(collection)

    def _note(self, collection: str, held: Held, document: Document) -> bool:
        """Note under what a document that is added is to be found; False where it cannot be."""
        for fields, found in self._added.get(collection, {}).items():
            try:
                for values in self._table(collection).values_of(fields, document):
                    found.setdefault(values, held)
            except ValueError:
                return False
        return True

    def encode(self, collection: str, held: Held, content: Document) -> str:
        """Return the text of what a document is to be. ValueError where it would have another id."""
        if content.get("id") != held.id:
            raise ValueError(f"the id of {collection} {held.id!r} cannot be changed to {content.get('id')!r}")
        return self._table(collection).encode(content)

    def update(self, collection: str, held: Held, text: str, content: Document) -> None:
        """Have a document say *text*, which is *content*."""
        before = held.content
        held.alike = held.alike and self._table(collection).is_found_alike(before, content)
        held.put(text)
        self._change(collection, held)
        for fields in self._found.get(collection, ()):
            for field in fields:
                if before.get(field) != content.get(field):
                    self.flush_of(collection)  # to be found by what it is now
                    self._look_anew(collection)
                    return

    def remove(self, collection: str, held: Held) -> None:
        """Delete a document at once."""
        self.flush_of(collection)
        self._wrote(collection)
        self._table(collection).delete(held.pos, held.text)
        self._held[collection, held.id] = None
        self._lose(collection, held.id)

    def open(self, collection: str, *, to_write: bool) -> None:
        """Let somebody look into a collection's rows, and, until `begin`, write them at any time."""
        self.flush_of(collection)
        if to_write:
            self._opened.add(collection)

    def begin(self) -> None:
        """An event begins: nobody has opened a collection."""
        self._opened.clear()

    def flush(self) -> None:
        """Write what was changed."""
        for collection in list(self._changed):
            self.flush_of(collection)

    def flush_of(self, collection: str) -> None:
        """Write what was changed in one collection."""
        changed = self._changed.get(collection)
        if not changed:
            return
        self.check()
        try:
            self._write(self._table(collection), changed.values())
        except BaseException as error:
            self.failed = error
            raise
        del self._changed[collection]
        self._drop_added(collection)

    def check(self) -> None:
        """Raise what a flush raised, if one did: nothing of this transaction may be kept.

        Raises Again where it may come out otherwise with care.
        """
        if self.failed is None:
            return
        if self.lazy and not is_fatal(self.failed):
            raise Again from self.failed
        raise self.failed

    def _drop_added(self, collection: str) -> None:
        for found in self._added.get(collection, {}).values():
            found.clear()

    def _write(self, table: Direct, changed: Iterable[Held]) -> None:
        alike = []
        for held in changed:
            if held.stored is None:
                held.pos = self._insert(table, held)
            elif held.alike:
                alike.append((held.text, held.pos))
            else:
                table.update(held.pos, held.stored, held.text)
            held.stored, held.alike = held.text, True
        if alike:
            table.update_alike(alike)

    def _insert(self, table: Direct, held: Held) -> int:
        try:
            return table.insert(held.id, held.text, held.content)
        except sqlite3.IntegrityError as error:  # the id was not free: whoever added it is to hear of it
            raise Again from error

    def _change(self, collection: str, held: Held) -> None:
        self._wrote(collection)
        self._changed.setdefault(collection, {})[held.id] = held
        if collection in self._opened:
            self.flush_of(collection)

    def version(self, collection: str) -> int:
        """Return a number that is another one after each change of a collection."""
        return self._versions.get(collection, self._cleared)

    def _wrote(self, collection: str) -> None:
        self.writes += 1
        self._versions[collection] = self.writes

    def forget(self, collection: str, id: str) -> None:
        """Somebody else writes a document: read it again."""
        self.flush_of(collection)
        self._wrote(collection)
        self._held.pop((collection, id), None)
        self._lose(collection, id)

    def _lose(self, collection: str, id: str) -> None:
        """Know a document no more."""
        self._known.pop((collection, id), None)
        self._look_anew(collection)

    def _look_anew(self, collection: str) -> None:
        for found in self._found.get(collection, {}).values():
            found.clear()

    def go_on(self) -> None:
        """A transaction begins, and nobody else wrote since the last one: know what was found then."""
        if len(self._known) > MOST_KNOWN:
            self._forget_found()
        self._forget_all({**self._known})

    def clear(self) -> None:
        """Forget everything, at a transaction's begin or after something was undone."""
        self._forget_found()
        self._forget_all({})

    def _forget_found(self) -> None:
        self._known.clear()
        self._found.clear()

    def _forget_all(self, held: dict[tuple[str, str], Held | None]) -> None:
        """Forget all but *held*."""
        self._held = held
        for kept in (self._changed, self._versions, self._added):
            kept.clear()
        self.failed = None
        self.writes += 1
        self._cleared = self.writes
        self._documents.reread()

    def _table(self, collection: str) -> Direct:
        try:
            return self._tables[collection]
        except KeyError:
            table: Direct = self.rows_of(collection)
            self._tables[collection] = table
            return table


class Documents(Database):
    """A TinyDB on the writer's own transaction: who asks for a table finds all changes written in it.

    working: set by who makes it; until then there are none. See `look_through` for who only reads.
    """

    working: WorkingSet | None = None

    def look_through(self, working: WorkingSet) -> None:
        """Read single documents as they stand; what waits is written before anything else is read."""
        self.reads_through(working.text, working.flush_of)

    def leave_words(self) -> None:
        """Leave the text indexes as they are until somebody looks into one: then they are made anew."""
        cast(CollectionRows, self._rows).words_wait = True

    def table(self, name: str, **kwargs: Any) -> Table:
        """Give a table; what is not written of it yet is written now."""
        if self.working is not None:
            self.working.open(name, to_write=not self._rows.read_only)
        found = self._tables.get(name)
        return super().table(name, **kwargs) if found is None else found  # type: ignore[return-value]
