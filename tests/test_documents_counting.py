"""What is counted from indexes is what is there, however it is asked for, and few statements count it."""

from __future__ import annotations

import sqlite3
from functools import reduce
from operator import and_
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinydb.queries import QueryInstance

from engine.documents import Collection, Database, Query, Table, counting, create_tables, where

CONVERSATION = Collection(
    "conversation",
    indexes=(
        ("status", "last_message_at"),
        ("assignee", "status", "last_message_at"),
        ("team", "status", "last_message_at"),
        ("handler", "last_message_at"),
        ("team", "handler", "last_message_at"),
        ("assignee", "status", "team"),
    ),
    lists=("labels", "topics"),
    always=("assignee", "team"),
    whole=("unread",),
    beside=("status", "assignee", "team", "handler"),
)
TEAMS = (None, "jual", "gudang", "kirim")
choice = st.sampled_from
some_labels = st.lists(choice(["vip", "late", "paid"]), max_size=3, unique=True)
documents_ = st.lists(
    st.fixed_dictionaries(
        {"assignee": choice([None, "dewi", "rudi"]), "team": choice(TEAMS)},
        optional={
            "status": choice(["open", "resolved", "snoozed", None, ["open"], '["open"]']),
            "handler": choice(["queue", "agent", 1, True]),
            "unread": choice([0, 1, 3]),
            "labels": st.one_of(some_labels, choice([None, "vip", ["vip", 1]])),
            "topics": some_labels,
        },
    ),
    max_size=30,
)
about_labels = st.recursive(
    st.builds(
        lambda field, values: where(field).any(values), choice(["labels", "labels", "topics"]), some_labels
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=5,
)
seen = st.builds(
    lambda teams, who: (where("team") == None) | where("team").one_of(teams) | (where("assignee") == who),  # noqa: E711
    st.lists(choice(TEAMS), max_size=3),
    choice(["dewi", "rudi", None]),
)
of_teams = st.builds(
    lambda team, teams: (where("team") == team) | where("team").one_of(teams),
    choice(TEAMS),
    st.lists(choice(TEAMS), max_size=4),
)
single = st.one_of(
    st.builds(lambda value: where("status") == value, choice(["open", "resolved", None, '["open"]'])),
    st.builds(lambda value: where("assignee") == value, choice([None, "dewi"])),
    st.builds(lambda value: where("assignee") != value, choice([None, "dewi"])),
    st.builds(lambda value: where("handler") == value, choice(["queue", 1])),
    st.builds(lambda value: where("unread") > value, choice([0, 1])),
    st.builds(lambda a, b: (where("team") == a) | b, choice(TEAMS), about_labels),
    st.just(Query().noop()),
)
asked = st.builds(
    lambda parts: reduce(and_, parts),
    st.lists(st.one_of(single, single, about_labels, seen, of_teams), min_size=1, max_size=4),
)


def table_of(documents: list[dict[str, Any]], collection: Collection = CONVERSATION) -> Table:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection, [collection])
    database = Database(connection=connection, collections=[collection], string_ids=True)
    table = database.table(collection.name)
    table.insert_multiple({"id": f"d{number}", **each} for number, each in enumerate(documents))
    return table


@settings(max_examples=500, deadline=None)
@given(documents_, st.lists(asked, min_size=1, max_size=5), choice([-1, 3, 30_000]))
def test_what_is_counted_is_what_is_there(
    documents: list[dict[str, Any]], queries: list[QueryInstance], long: int
) -> None:
    table = table_of(documents)
    own = Database(":memory:", collections=[CONVERSATION]).table("conversation")
    own.insert_multiple(map(dict, table.all()))
    there = [sum(1 for each in table.all() if query(each)) for query in queries]
    with mock.patch.object(counting, "_LONG", long):
        assert table.counts(queries) == there
        assert [table.count(query) for query in queries] == there
        assert own.counts(queries) == there


@settings(max_examples=100, deadline=None)
@given(documents_, st.lists(asked, min_size=2, max_size=5))
def test_however_many_numbers_a_statement_gives(
    documents: list[dict[str, Any]], queries: list[QueryInstance]
) -> None:
    table = table_of(documents)
    with mock.patch.multiple(counting, _MOST_AT_ONCE=2, _MOST_TERMS=6):
        assert table.counts(queries) == [sum(1 for each in table.all() if query(each)) for query in queries]


def statements_of(table: Table, queries: list[Any]) -> list[str]:
    """Return what is asked of SQLite to count, none of which may read documents through."""
    connection = table.storage.connection  # type: ignore[attr-defined]
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    table.counts(queries)
    connection.set_trace_callback(None)
    steps = [row[3] for sql in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert not [step for step in steps if step.startswith("SCAN doc_")]
    return statements


OPEN = where("status") == "open"
SEEN = (where("team") == None) | where("team").one_of(["jual", "kirim"]) | (where("assignee") == "dewi")  # noqa: E711
VIP, PAID = where("labels").any(["vip"]), where("labels").any(["paid"])


@pytest.mark.parametrize(
    ("filtered", "number"),
    [
        (Query().noop(), 1),
        (VIP, 3),
        (VIP & ~PAID, 3),
        (VIP | PAID, 3),
        (PAID | ~VIP, 4),
        (~VIP & ~PAID, 5),
    ],
    ids=repr,
)
def test_the_tabs_of_an_inbox_are_counted_in_few_statements(filtered: Any, number: int) -> None:
    """How long the lists are, if the index is there, one walk along each list, one for all without a list."""
    table = table_of(
        [
            {"status": "open", "assignee": None, "team": team, "handler": "queue", "labels": ["vip"]}
            for team in TEAMS
        ]
    )
    mine, unassigned = (where("assignee") == "dewi") & OPEN, (where("handler") == "queue") & OPEN
    found = statements_of(table, [each & filtered for each in (mine, unassigned, OPEN & SEEN)])
    assert len(found) == number, found


def test_a_long_list_is_not_walked_along_where_an_index_leads_to_fewer() -> None:
    bare = {"assignee": None, "team": None}
    vips = [{**bare, "labels": ["vip"], "status": "open" if each < 3 else "resolved"} for each in range(20)]
    table = table_of([*vips, *({**bare, "status": "resolved"} for _ in range(10))])
    with mock.patch.object(counting, "_LONG", 5), mock.patch("engine.documents.paging._FEW", 5):
        for status, walks in (("open", 0), ("resolved", 1)):
            found = statements_of(table, [(where("status") == status) & VIP])
            assert len([sql for sql in found if "AS along" in sql]) == walks
    assert table.count((where("status") == "resolved") & VIP) == 17


def test_what_no_index_has_beside_a_list_is_read_from_the_documents() -> None:
    table = table_of(
        [{"assignee": None, "team": None, "labels": ["vip"], "unread": each} for each in range(9)]
    )
    assert table.counts([VIP & (where("unread") > 3), VIP & (where("unread").test(lambda n: n > 6))]) == [
        5,
        2,
    ]


def test_a_file_that_does_not_have_the_index_yet_is_counted_all_the_same() -> None:
    table = table_of([{"assignee": None, "team": None, "labels": ["vip"], "status": "open"}] * 3)
    index = f"ix_doc_conversation:pos;{','.join(CONVERSATION.beside)}"
    table.storage.connection.execute(f'DROP INDEX "{index}"')  # type: ignore[attr-defined]
    assert table.counts([OPEN & VIP, OPEN & VIP & SEEN, OPEN & ~VIP]) == [3, 3, 0]


@pytest.mark.parametrize("is_deep", [False, True])
def test_what_would_fall_into_too_many_parts_is_left_whole(is_deep: bool) -> None:
    table = table_of([{"assignee": None, "team": None, "labels": ["a1", "b2"], "status": "open"}] * 3)
    query: Any = OPEN
    for number in range(30):
        one, two, three = (where("labels").any([f"{letter}{number}"]) for letter in "abc")
        query &= ~one & (~two | (three & ~one)) if is_deep else ~three
    (term,) = counting.terms(query._hash, table.storage.layout("conversation"))  # type: ignore[attr-defined]
    assert term[0] == 1 and table.count(query) == (0 if is_deep else 3)


def test_the_index_by_document_comes_and_goes_with_its_declaration() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    names = "SELECT name FROM sqlite_master WHERE name LIKE 'ix_doc_conversation:pos%'"
    for beside in (("status",), ("status", "team"), ()):
        create_tables(connection, [Collection("conversation", lists=("labels",), beside=beside)])
        found = [name for (name,) in connection.execute(names)]
        assert found == ([f"ix_doc_conversation:pos;{','.join(beside)}"] if beside else [])
