"""Pages: whatever the order and the query, page after page gives each matching document once."""

from __future__ import annotations

import sqlite3
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinydb.queries import QueryInstance

from engine.documents import Collection, Database, Query, Table, create_tables, paging, where

CONVERSATION = Collection(
    "conversation",
    indexes=(
        ("last_message_at",),
        ("handler", "last_message_at"),
        ("assignee", "status", "last_message_at"),
        ("status",),
    ),
    lists=("labels",),
)


def table_of(documents: list[dict[str, Any]]) -> Table:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection, [CONVERSATION])
    table = Database(connection=connection, collections=[CONVERSATION], string_ids=True).table("conversation")
    table.insert_multiple({"id": f"c{number}", **document} for number, document in enumerate(documents))
    return table


def walk(table: Any, query: Any, **options: Any) -> list[Any]:
    """Give all documents, page by page."""
    documents, cursor = table.page(query, **options)
    while cursor is not None:
        more, cursor = table.page(query, after=cursor, **options)
        assert more
        documents += more
    return list(documents)


def in_order(documents: list[Any], order: str | None, newest_first: bool) -> list[Any]:
    """Sort as SQLite does: null, numbers, texts; then by insertion."""

    def place(pair: tuple[int, Any]) -> tuple[int, Any, int]:
        value = None if order is None else pair[1].get(order)
        return (0, 0, pair[0]) if value is None else (1 + isinstance(value, str), value, pair[0])

    pairs = sorted(enumerate(documents), key=place, reverse=newest_first)
    return [document for _, document in pairs]


choice = st.sampled_from
documents_ = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "last_message_at": choice([None, 0, 1, 2.5, -1, "", "09:40", "09:41", "10:00", "é"]),
            "handler": choice([None, "bot", "agent", "queue", 1, True]),
            "assignee": choice([None, "dewi", "rudi"]),
            "status": choice(["open", "resolved", ["open"]]),
            "labels": choice([None, [], ["vip"], ["vip", "late"], "vip"]),
        },
    ),
    max_size=25,
)
handlers = choice([None, "bot", "agent", 1, 1, True, "x", 0.5])
parts = st.one_of(
    st.builds(lambda value: where("handler") == value, handlers),
    st.builds(lambda value: where("assignee") == value, choice([None, "dewi"])),
    st.builds(lambda value: where("status") == value, choice(["open", '["open"]'])),
    st.builds(lambda values: where("handler").one_of(values), st.lists(handlers, max_size=4)),
    st.builds(lambda values: where("labels").any(values), st.lists(choice(["vip", "late", "v"]), max_size=2)),
    st.builds(lambda value: where("assignee") != value, choice([None, "dewi"])),
    st.builds(
        lambda a, b: (where("assignee") == a) | (where("status") == b),
        choice([None, "dewi"]),
        choice(["open"]),
    ),
    st.just(Query().noop()),
)
queries = st.one_of(
    st.none(),
    parts,
    st.builds(lambda a, b: a & b, parts, parts),
    st.builds(lambda a, b, c: a & b & c, parts, parts, parts),
)


@settings(max_examples=400, deadline=None)
@given(
    documents_,
    queries,
    st.sampled_from(["last_message_at", "status", None, "unknown"]),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from([0, 4, 2000]),
)
def test_pages_together_are_the_sorted_search(
    documents: list[dict[str, Any]],
    query: QueryInstance | None,
    order: str | None,
    limit: int,
    newest: bool,
    few: int,
) -> None:
    if order == "status":
        documents = [{**document, "status": str(document.get("status"))} for document in documents]
    table = table_of(documents)
    expected = in_order(table.all() if query is None else table.search(query), order, newest)
    own = Database(":memory:", collections=[CONVERSATION]).table("conversation")
    own.insert_multiple(map(dict, table.all()))
    with mock.patch.object(paging, "_FEW", few):
        assert walk(table, query, order=order, limit=limit, newest_first=newest) == expected
        assert walk(own, query, order=order, limit=limit, newest_first=newest) == expected


INBOX = [
    None,
    where("handler") == "queue",
    where("handler").one_of(["queue", "bot"]),
    (where("assignee") == "dewi") & (where("status") == "open"),
    (where("assignee") == None) & (where("status") == "open"),  # noqa: E711
    (where("handler") == "queue") & where("labels").any(["vip"]),
    (where("handler") == "queue") & ((where("team") == None) | (where("assignee") == "dewi")),  # noqa: E711
]


@pytest.mark.parametrize("query", INBOX, ids=repr)
@pytest.mark.parametrize("newest_first", [True, False])
def test_the_inbox_is_read_along_an_index_without_sorting(query: Any, newest_first: bool) -> None:
    table = table_of(
        [
            {
                "handler": "queue" if number % 2 else "bot",
                "assignee": None if number % 3 else "dewi",
                "status": "open",
                "labels": ["vip"],
                "team": None,
                "last_message_at": f"{number // 60:02}:{number % 60:02}",
            }
            for number in range(300)
        ]
    )
    connection = table.storage.connection  # type: ignore[attr-defined]
    statements: list[str] = []
    with mock.patch.object(paging, "_FEW", 10):
        _, cursor = table.page(query, limit=10, newest_first=newest_first)
        connection.set_trace_callback(statements.append)
        table.page(query, limit=10, after=cursor, newest_first=newest_first)
    connection.set_trace_callback(None)
    paged = [sql for sql in statements if "ORDER BY" in sql]
    steps = [row[3] for sql in paged for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert paged and all(
        "USING INDEX ix_" in step or "side" in step.lower() or "SUBQUERY" in step for step in steps
    ), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps


def test_a_page_goes_on_where_the_last_one_ended_though_documents_came_and_went() -> None:
    table = table_of([{"last_message_at": f"09:{minute}"} for minute in range(10, 20)])
    first, cursor = table.page(limit=4)
    assert [document["last_message_at"] for document in first] == ["09:19", "09:18", "09:17", "09:16"]
    table.remove(doc_ids=["c6", "c5"])
    table.insert({"id": "new", "last_message_at": "10:00"})
    second, _ = table.page(limit=4, after=cursor)
    assert [document["last_message_at"] for document in second] == ["09:14", "09:13", "09:12", "09:11"]


@pytest.mark.parametrize("cursor", ["", "x", "%%%", "W10", "bnVsbA", "WzEsMiwzLDRd", "é", "A" * 999])
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        table_of([]).page(after=cursor)


def test_a_cursor_of_another_order_is_refused() -> None:
    table = table_of([{"last_message_at": "09:40"}] * 3)
    _, cursor = table.page(limit=1)
    with pytest.raises(ValueError, match="another order"):
        table.page(limit=1, after=cursor, newest_first=False)
    with pytest.raises(ValueError, match="limit"):
        table.page(limit=0)


def test_a_list_can_be_entered_at_a_value() -> None:
    table = table_of([{"last_message_at": at} for at in ("09:10", "09:20", "09:20", "09:30")])

    def after(value: str, newest_first: bool) -> list[str]:
        cursor = table.cursor_at(value, order="last_message_at", newest_first=newest_first)
        found, _next = table.page(limit=9, after=cursor, newest_first=newest_first)
        return [document.doc_id for document in found]

    assert after("09:20", True) == ["c2", "c1", "c0"] and after("09:20", False) == ["c3"]
    assert after("09:25", True) == ["c2", "c1", "c0"] and after("09:25", False) == ["c3"]
    assert after("09:00", True) == [] and len(after("09:00", False)) == 4
