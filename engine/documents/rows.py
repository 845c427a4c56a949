"""What a table does to rows: finding, reading, writing them and keeping their side tables in step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import tinydb.table
from tinydb.queries import QueryLike
from tinydb.table import Document

from .codec import decode, decode_odd, encode, strings_in
from .planner import Layout, Plan, plan
from .scans import watched
from .storage import Rows, as_plain, masked
from .tables import list_table

Row = tuple[int, Any, str, "str | None"]  # pos, id, doc, odd
_BATCH = 1_000
_new = Document.__new__
MOST_KEPT, _LONGEST_KEPT = 200, 1 << 16  # rows and characters of an answer that is kept


class RowTable(tinydb.table.Table):
    """The private half of Table."""

    def __init__(self, storage: Rows, name: str, cache_size: int = 10, persist_empty: bool = False) -> None:
        self._rows = storage
        self._cache_version = -1
        self._given = 1  # below it, integer ids have been given by this object
        super().__init__(storage, name, cache_size)
        self._columns = "pos, id, doc, NULL" if storage.string_ids else "pos, id, doc, odd"
        self._by_id: str | None = None
        if storage.string_ids:
            self._by_id = f"SELECT {self._columns} FROM {cast(Layout, storage.layout(name)).table} WHERE id=?"
        elif persist_empty:
            with storage.writing():
                storage.make(name)

    def fill(self, documents: Mapping[Any, Mapping[str, Any]]) -> None:
        """Insert {id: document}."""
        with self._write() as layout:
            for doc_id, document in documents.items():
                self._insert(layout, Document(document, self._id((0, doc_id, "", None))))

    @contextmanager
    def _write(self) -> Iterator[Layout]:
        """Hold a write call together and give the table's layout."""
        with self._rows.writing():
            self.clear_cache()
            yield self._rows.make(self.name)

    def _row(self, doc_id: Any) -> Row | None:
        by_id = self._by_id
        if by_id is None:
            layout = self._rows.layout(self.name)
            if layout is None:
                return None
            by_id = f"SELECT {self._columns} FROM {layout.table} WHERE id=?"
        if type(doc_id) not in (str, int):
            doc_id = str(doc_id)
        return cast("Row | None", self._rows.connection.execute(by_id, (doc_id,)).fetchone())

    def _by_ids(self, doc_ids: Iterable[Any]) -> list[Row]:
        """Give the rows of some ids, each once; those of strings in one query for a thousand."""
        ids = list(doc_ids)
        layout = self._rows.layout(self.name)
        if not self._rows.string_ids or layout is None or not all(type(id_) is str for id_ in ids):
            return [row for row in map(self._row, ids) if row is not None]
        found: list[Row] = []
        for start in range(0, len(ids), _BATCH):
            some = ids[start : start + _BATCH]
            sql = f"SELECT {self._columns} FROM {layout.table} WHERE id IN ({','.join('?' * len(some))})"
            found += self._rows.connection.execute(sql, some).fetchall()
        return found

    def _all_rows(self, layout: Layout) -> Iterator[Row]:
        """Give all rows that there are now, a thousand at a time, so that the caller may write meanwhile."""
        execute = self._rows.connection.execute
        (last,) = execute(f"SELECT max(pos) FROM {layout.table}").fetchone()
        start = f"SELECT {self._columns} FROM {layout.table}"
        sql = f"{start} WHERE pos > ? AND pos <= ? ORDER BY pos LIMIT {_BATCH}"
        rows = execute(sql, (0, last)).fetchall()
        while rows:
            yield from rows
            rows = execute(sql, (rows[-1][0], last)).fetchall() if len(rows) == _BATCH else []

    def _odd_rows(self, layout: Layout) -> list[Row]:
        if self._rows.string_ids:
            return []
        sql = f"SELECT {self._columns} FROM {layout.table} WHERE odd IS NOT NULL ORDER BY pos"
        return self._rows.connection.execute(sql).fetchall()

    def _select(self, layout: Layout, found: Plan | None) -> tuple[str, tuple[Any, ...]]:
        """Give the SQL of the rows that have to be looked at."""
        start = f"SELECT {self._columns} FROM {layout.table}"
        if found is None:
            return f"{start} ORDER BY pos", ()
        candidates = f"SELECT pos FROM ({found.select})"
        if not self._rows.string_ids:
            candidates += f" UNION ALL SELECT pos FROM {layout.table} WHERE odd IS NOT NULL"
        return f"{start} WHERE pos IN ({candidates}) ORDER BY pos", found.params

    def _matches(self, cond: QueryLike) -> Iterator[tuple[Row, dict[str, Any]]]:
        """Give the rows that match and their documents, in order."""
        layout = self._rows.layout(self.name)
        found = plan(cond, layout) if layout else None
        if found and found.exact and self._rows.string_ids:
            yield from ((row, self._read(row)) for row in self._candidates(cond, found))
            return
        for row in self._candidates(cond, found):
            document = self._read(row)
            if cond(document):
                yield row, document

    def _candidates(self, cond: QueryLike, found: Plan | None = None) -> Iterator[Row]:
        """Give the rows that may match, in order; found: the plan, where it is made already."""
        layout = self._rows.layout(self.name)
        if layout is None:
            return
        found = found or plan(cond, layout)
        cursor = self._rows.connection.execute(*self._select(layout, found))
        try:
            yield from cursor if found else watched(cursor, self.name, cond)
        finally:
            cursor.close()

    def _chosen(self, layout: Layout, cond: QueryLike | None, doc_ids: Iterable[Any] | None) -> Iterator[Row]:
        if doc_ids is not None:
            return (row for row in map(self._row, list(doc_ids)) if row is not None)
        return self._all_rows(layout) if cond is None else (row for row, _ in self._matches(cond))

    def _read(self, row: Row) -> dict[str, Any]:
        """Give the content of a row, without what is hidden."""
        content = decode(row[2]) if row[3] is None else decode_odd(row[3])
        return masked(content, self._rows.hidden) if self._rows.hidden else content

    def _document(self, row: Row, doc_id: Any = None) -> Document:
        return self._made(self._read(row), self._id(row) if doc_id is None else doc_id)

    def _documents(self, found: Iterable[tuple[Row, dict[str, Any]]]) -> list[Document]:
        """Give documents of (row, content)."""
        return [self._made(content, self._id(row)) for row, content in found]

    def _made(self, content: dict[str, Any], doc_id: Any) -> Document:
        """Give a document, past Document's own slower way of making one."""
        if self.document_class is not Document:
            return self.document_class(content, doc_id)
        document = _new(Document)
        document |= content
        document.doc_id = doc_id
        return document

    def _id(self, row: Row) -> Any:
        return row[1] if self._rows.string_ids else self.document_id_class(row[1])

    def _insert(self, layout: Layout, document: Mapping[str, Any]) -> Any:
        content = as_plain(document)
        doc_id = self._new_id(document, content)
        if self._row(doc_id) is not None:
            raise ValueError(f"Document with ID {doc_id!s} already exists")
        text, odd = self._texts(layout, content)
        self._announce(str(doc_id), None)
        if self._rows.string_ids:
            sql = f"INSERT INTO {layout.table} (id, doc) VALUES (?,?)"
        else:
            sql = f"INSERT INTO {layout.table} (id, doc, odd) VALUES (?,?,?)"
        params = (doc_id, text) if self._rows.string_ids else (doc_id, text, odd)
        pos = self._rows.connection.execute(sql, params).lastrowid
        self._write_lists(layout, cast(int, pos), {}, content if odd is None else {})
        if any(_texts_of(layout, content)):
            self._rows.reworded(layout, cast(int, pos), None)
        self._rows.counted(self.name, 1)
        return doc_id

    def _new_id(self, document: Mapping[str, Any], content: dict[str, Any]) -> Any:
        """Give the id of a document to insert; a string id is the document's own `id`."""
        if not self._rows.string_ids:
            if isinstance(document, self.document_class):
                self._given = 1
                return document.doc_id
            return self._get_next_id()
        doc_id = getattr(document, "doc_id", content.get("id"))
        if not isinstance(doc_id, str) or content.setdefault("id", doc_id) != doc_id:
            got = content.get("id")
            raise ValueError(f"a document of {self.name} needs its id as a string in 'id', got {got!r}")
        return doc_id

    def _get_next_id(self) -> int:
        """Give the next free integer id: over all present ones and those that this object gave."""
        layout = self._rows.layout(self.name)
        sql = f"SELECT max(id) FROM {layout.table}" if layout else "SELECT 0"
        last = self._rows.connection.execute(sql).fetchone()[0]
        number: int = max((last or 0) + 1, self._given)
        self._given = number + 1
        return number

    def _change(self, layout: Layout, changes: list[tuple[Row, Any]]) -> list[Any]:
        """Apply (row, fields or function) in turn, then write: an exception leaves all as it was."""
        rows = {row[0]: row for row, _ in changes}
        contents = {pos: self._read(row) for pos, row in rows.items()}
        texts = {pos: _texts_of(layout, content) for pos, content in contents.items()}
        for row, fields in changes:
            _apply(fields, contents[row[0]])
        for pos, content in contents.items():
            self._put(layout, rows[pos], content, texts[pos])
        return [self._id(row) for row, _ in changes]

    def _change_by(self, layout: Layout, rows: list[Row], pairs: list[tuple[Any, QueryLike]]) -> list[Any]:
        contents, changed = [self._read(row) for row in rows], []
        texts = [_texts_of(layout, content) for content in contents]
        for row, content in zip(rows, contents, strict=True):
            for fields, cond in pairs:
                if cond(content):
                    changed.append(self._id(row))
                    _apply(fields, content)
        for row, content, said in zip(rows, contents, texts, strict=True):
            self._put(layout, row, content, said)
        return changed

    def _put(self, layout: Layout, row: Row, content: dict[str, Any], texts: tuple[Any, ...]) -> None:
        """Write a changed document in the place of its row."""
        pos, doc_id, before, odd_before = row
        if self._rows.string_ids and content.get("id") != doc_id:
            raise ValueError(f"the id of {self.name} {doc_id!r} cannot be changed to {content.get('id')!r}")
        text, odd = self._texts(layout, content)
        if (text, odd) == (before, odd_before):
            return
        self._announce(str(doc_id), before)
        if self._rows.string_ids:
            self._rows.connection.execute(f"UPDATE {layout.table} SET doc=? WHERE pos=?", (text, pos))
        else:
            sql = f"UPDATE {layout.table} SET doc=?, odd=? WHERE pos=?"
            self._rows.connection.execute(sql, (text, odd, pos))
        if layout.collection.lists:
            self._write_lists(layout, pos, decode(before), content if odd is None else {})
        if texts != _texts_of(layout, content):
            self._rows.reworded(layout, pos, before)

    def _delete(self, layout: Layout, row: Row) -> None:
        pos, doc_id, before, _ = row
        self._announce(str(doc_id), before)
        self._rows.connection.execute(f"DELETE FROM {layout.table} WHERE pos=?", (pos,))
        if layout.collection.lists:
            self._write_lists(layout, pos, decode(before), {})
        if layout.collection.texts:
            self._rows.reworded(layout, pos, before)

    def _write_lists(self, layout: Layout, pos: int, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Keep the side tables of list fields in step with the document."""
        for name in layout.collection.lists:
            old, new = strings_in(before.get(name)), strings_in(after.get(name))
            side = list_table(layout.table, name)
            for sql, values in (
                (f"DELETE FROM {side} WHERE value=? AND pos=?", old - new),
                (f"INSERT INTO {side} VALUES (?,?)", new - old),
            ):
                if values:
                    self._rows.connection.executemany(sql, [(value, pos) for value in values])

    def _texts(self, layout: Layout, content: dict[str, Any]) -> tuple[str, str | None]:
        """Give a document's `doc` and `odd` texts. Raises ValueError for what a collection cannot hold."""
        text, odd = encode(content)
        if not odd and "\\u0000" in text:  # SQLite would cut the value in the index
            indexed = {name for index in layout.collection.indexes for name in index}
            odd = any("\0" in content[name] for name in indexed if isinstance(content.get(name), str))
        if not odd:
            return text, None
        if self._rows.string_ids:
            raise ValueError(
                f"{self.name} {content.get('id')!r} holds NaN, an infinity, an integer over 64 bits,"
                " half a surrogate pair, or NUL in an indexed field"
            )
        return "{}", text

    def _announce(self, doc_id: str, before: str | None) -> None:
        if self._rows.on_change is not None:
            self._rows.on_change(self.name, doc_id, before)

    def _remembered(self, cond: QueryLike) -> list[Row] | None:
        version = self._rows.version_of(self.name)
        if version is None:
            return None
        if version != self._cache_version:
            self.clear_cache()
            self._cache_version = version
        return cast("list[Row] | None", self._query_cache.get(cond))

    def _remember(self, cond: QueryLike, rows: list[Row]) -> None:
        """Keep an answer for the same question, if it is small: it may stay for long."""
        if rows and (len(rows) > MOST_KEPT or sum(len(row[2]) for row in rows) > _LONGEST_KEPT):
            return
        if self._rows.version_of(self.name) is not None and getattr(cond, "is_cacheable", lambda: True)():
            self._query_cache[cond] = cast("list[Document]", rows)


def _texts_of(layout: Layout, content: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(map(content.get, layout.collection.texts))


def _apply(fields: Any, content: dict[str, Any]) -> None:
    if callable(fields):
        fields(content)
    else:
        content.update(fields)
