"""TinyDB's Table on SQL rows: the same calls and answers, each touching only the documents it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, cast

import orjson
from tinydb.queries import Query, QueryLike
from tinydb.table import Document

from .codec import strings_in
from .counting import counts
from .finding import Found, Wanted, find
from .hashes import readable
from .paging import Page, by_short_list, cursor_at, cursor_of, is_long, page
from .planner import Layout, Plan, plain_plan, plan, plan_of
from .rows import MOST_KEPT, Row, RowTable
from .storage import TinyRows, as_plain, masked
from .tables import list_table

_ALL = Query().noop()


class Table(RowTable):
    """A table of documents; see TinyDB's manual. Ids are integers, or strings in the engine's collections."""

    def __iter__(self) -> Iterator[Document]:
        """Give all documents in the order of their insertion."""
        layout = self._rows.layout(self.name)
        is_kept = self._rows.string_ids and self._rows.read_only  # nobody writes while they are read
        rows: Iterable[Row] | None = None
        if layout is None:
            rows = ()
        elif is_kept:
            rows = self._remembered(_ALL)
        if rows is None:
            rows = self._all_rows(cast(Layout, layout))
            if is_kept and self._rows.version_of(self.name) is not None:
                first = list(islice(rows, MOST_KEPT + 1))
                self._remember(_ALL, first)
                rows = chain(first, rows)
        return (self._document(row) for row in rows)

    def __len__(self) -> int:
        """Give the number of documents."""
        if isinstance(self._rows, TinyRows):
            return self._rows.length(self.name)
        layout = self._rows.layout(self.name)
        if layout is None:
            return 0
        return int(self._rows.connection.execute(f"SELECT count(*) FROM {layout.table}").fetchone()[0])

    def search(self, cond: QueryLike) -> list[Document]:
        """Give all documents that match, in the order of their insertion."""
        remembered = self._remembered(cond)
        if remembered is not None:
            return [self._document(row) for row in remembered]
        matches = list(self._matches(cond))
        self._remember(cond, [row for row, _ in matches])
        return self._documents(matches)

    def get(self, cond: Any = None, doc_id: Any = None, doc_ids: Any = None) -> Any:
        """Give the document of an id, or the first that matches, or None; for several ids, a list."""
        if doc_id is not None:
            if (known := self._rows.known) is not None:
                text = known(self.name, doc_id if type(doc_id) is str else str(doc_id))
                if text is None:
                    return None
                hidden, content = self._rows.hidden, orjson.loads(text)
                return self._made(masked(content, hidden) if hidden else content, doc_id)
            row = self._row(doc_id)
            return None if row is None else self._document(row, doc_id)
        if doc_ids is not None:
            return [self._document(row) for row in sorted(self._by_ids(dict.fromkeys(doc_ids)))]
        if cond is not None:
            first = next(self._matches(cond), None)
            return None if first is None else self._made(first[1], self._id(first[0]))
        raise RuntimeError("You have to pass either cond or doc_id or doc_ids")

    def count(self, cond: QueryLike) -> int:
        """Give the number of documents that match; from indexes alone where that is exact."""
        layout = self._rows.layout(self.name)
        found = plain_plan(readable(cond), layout) if layout and self._rows.string_ids else None
        if found is None or not (found.exact and found.distinct):
            return self.counts([cond])[0]
        sql = f"SELECT count(*) FROM ({found.select})"
        return int(self._rows.connection.execute(sql, found.params).fetchone()[0])

    def counts(self, conds: Sequence[QueryLike]) -> list[int]:
        """Give the number of documents that match each query, in fewer steps than one after the other."""
        layout = self._rows.layout(self.name)
        if layout is None:
            return [0] * len(conds)
        odd = [self._read(row) for row in self._odd_rows(layout)]
        found = counts(self._rows, layout, conds)
        return [
            self._number(cond) if number is None else number + sum(1 for each in odd if cond(each))
            for cond, number in zip(conds, found, strict=True)
        ]

    def _number(self, cond: QueryLike) -> int:
        """Give the number of documents that match, each of which has to be looked at."""
        return sum(1 for _ in self._matches(cond)) if self._rows.string_ids else len(self.search(cond))

    def _plan(self, cond: QueryLike, layout: Layout) -> Plan | None:
        hashed = readable(cond)
        if found := by_short_list(self._rows, layout, hashed):
            return found
        return plan_of(hashed, replace(layout, at_once=is_long(self._rows, layout, hashed)))

    def tally(self, cond: QueryLike | None, field: str) -> dict[str, int]:
        """Give how many documents that match (None: all) have each value of a declared list field."""
        layout = self._rows.layout(self.name)
        found = Plan("", exact=True) if cond is None else layout and self._plan(cond, layout)
        if layout is None or not found or not found.exact or field not in layout.lists:
            matches = self if cond is None else self.search(cond)
            return dict(Counter(value for each in matches for value in set(strings_in(each.get(field)))))
        side = list_table(layout.table, field)
        among = f"(SELECT DISTINCT pos FROM ({found.select})) AS found CROSS JOIN {side} AS side USING (pos)"
        sql = f"SELECT value, count(*) FROM {among if cond is not None else side} GROUP BY value"
        return dict(self._rows.connection.execute(sql, found.params).fetchall())

    def page(
        self,
        query: QueryLike | None = None,
        *,
        order: str | None = "last_message_at",
        after: str | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> tuple[list[Document], str | None]:
        """Give up to `limit` matching documents by a field's order, and the cursor of the next page, or None.

        Declare an index that ends with `order` (None: the order of insertion); its values are texts, numbers
        or null. Equal values go by insertion. A document that moves meanwhile is shown where it is then.
        Raises ValueError for a cursor that is not of this order.
        """
        layout = self._rows.layout(self.name)
        if layout is None:
            return [], None
        wanted = Page(query, order, after, limit, newest_first)
        found, cursor = page(self._rows, self.name, layout, wanted, self._read)
        return self._documents(found), cursor

    def cursor(self, doc_id: Any, *, order: str, newest_first: bool = True) -> str | None:
        """Give the cursor of `page` that goes on after this document; None where there is none of this id."""
        layout, row = self._rows.layout(self.name), self._row(doc_id)
        return (
            None if row is None or layout is None else cursor_of(self._rows, layout, row, order, newest_first)
        )

    def cursor_at(self, value: str | int | float, *, order: str, newest_first: bool = True) -> str:
        """Give the cursor of `page` that goes on at a value of the order's field, whether it is there or not.

        Newest first: what has that value comes too. Else: only what is beyond it.
        """
        return cursor_at(order, value, newest_first)

    def find(
        self,
        text: str,
        *,
        accept: Callable[[dict[str, Any]], bool] | None = None,
        after: str | None = None,
        limit: int = 50,
        part: bool = False,
    ) -> tuple[list[Found], str | None]:
        """Give documents whose `search` fields have all the words, the last made first, and the next cursor.

        The last word may be a beginning; words "in quotes" stand side by side. part: look for the text
        anywhere (3 characters or more) in the `infix` fields instead. accept says of a document if it may
        be shown. There may be fewer than `limit` and a cursor, where many were not accepted. Raises
        ValueError for a cursor that is not ours, or where no such fields are declared.
        """
        layout = self._rows.layout(self.name)
        if layout is None:
            return [], None
        if self._rows.before_find is not None:
            self._rows.before_find()
        return find(self._rows, layout, Wanted(text, accept, after, limit, part), self._read)

    def explain(self, query: QueryLike) -> list[str]:
        """Give SQLite's plan for a search, a line per step; one "SCAN" where every document is looked at."""
        layout = self._rows.layout(self.name)
        sql, params = self._select(layout, plan(query, layout)) if layout else ("SELECT 1", ())
        return [row[3] for row in self._rows.connection.execute(f"EXPLAIN QUERY PLAN {sql}", params)]

    def insert(self, document: Mapping[str, Any]) -> Any:
        """Insert a document and give its id. Raises ValueError where the id is taken or no string."""
        as_plain(document)
        with self._write() as layout:
            return self._insert(layout, document)

    def insert_multiple(self, documents: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Insert documents, all or none, and give their ids."""
        with self._write() as layout:
            return [self._insert(layout, document) for document in documents]

    def update(
        self, fields: Any, cond: QueryLike | None = None, doc_ids: Iterable[Any] | None = None
    ) -> list[Any]:
        """Set fields, or call a function on the document, where `cond` or `doc_ids` say, else everywhere."""
        with self._write() as layout:
            return self._change(layout, [(row, fields) for row in self._chosen(layout, cond, doc_ids)])

    def update_multiple(self, updates: Iterable[tuple[Any, QueryLike]]) -> list[Any]:
        """Make several updates, each with its own condition; a later one sees what an earlier one did.

        What none of them may match as it is now, none ever changes; so each is asked only in its turn.
        """
        pairs = list(updates)
        with self._write() as layout:
            rows = {row[0]: row for _, cond in pairs for row in self._candidates(cond)}
            return self._change_by(layout, [rows[pos] for pos in sorted(rows)], pairs)

    def upsert(self, document: Mapping[str, Any], cond: QueryLike | None = None) -> list[Any]:
        """Update what matches (or the document of that id), or insert it where nothing does."""
        if self._rows.string_ids and cond is None and not hasattr(document, "doc_id") and "id" in document:
            document = Document(document, document["id"])
        with self._rows.writing():
            return super().upsert(document, cond)

    def remove(self, cond: QueryLike | None = None, doc_ids: Iterable[Any] | None = None) -> list[Any]:
        """Remove what matches, or the documents of some ids, and give the ids of those removed."""
        if cond is None and doc_ids is None:
            raise RuntimeError("Use truncate() to remove all documents")
        with self._write() as layout:
            rows = list(self._chosen(layout, cond, doc_ids))
            for row in rows:
                self._delete(layout, row)
            self._rows.counted(self.name, -len(rows))
            return [self._id(row) for row in rows]

    def truncate(self) -> None:
        """Remove all documents."""
        with self._write() as layout:
            rows = list(self._all_rows(layout))
            for row in rows:
                self._delete(layout, row)
            self._rows.counted(self.name, -len(rows))
        self._given = 1
