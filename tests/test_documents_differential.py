"""Whatever is stored and asked, the answer is that of TinyDB itself."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

import tinydb
from hypothesis import given, settings
from hypothesis import strategies as st
from tinydb.queries import QueryInstance
from tinydb.storages import MemoryStorage

from engine.documents import Collection, Database, Query, Table, create_tables, where
from engine.documents.codec import strings_in

FIELDS = ["status", "assignee", "sender.due", "labels", "plain"]
INDEXES = (
    ("status",),
    ("assignee", "status"),
    ("sender.due",),
    ("status", "sender.due"),
    ("labels",),
)
THING = Collection("thing", indexes=INDEXES, lists=("labels",), beside=("status", "sender.due"))

texts = st.one_of(
    st.sampled_from(
        ["", "open", "opened", "[1]", "[]", "1", "{}", "null", "Ä", "\U0001f600", "\uffff", "a\n"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
)
numbers = st.one_of(
    st.sampled_from([0, 1, -1, True, False, 1.0, 0.0, -0.0, 0.1, 0.3, 0.1 + 0.2, 1e22, 1e-320, 1.7e308]),
    st.sampled_from([2**53, 2**53 + 1, float(2**53), 2**63 - 1, 2**63, -(2**63), 10**14 + 1, 2**64 - 1]),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
)
scalars = st.one_of(st.none(), texts, numbers)
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(texts, scalars, max_size=2))
mixed = st.dictionaries(st.sampled_from(FIELDS), values, max_size=5)
typed = st.fixed_dictionaries(  # here `<` and `>` have an answer
    {},
    optional={
        "status": texts,
        "assignee": st.sampled_from([None, "dewi", "rudi"]),
        "sender.due": numbers,
        "labels": st.one_of(
            st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3), st.sampled_from(["ab", "b"])
        ),
    },
)
several = st.one_of(st.lists(typed, max_size=12), st.lists(mixed, max_size=8))
odd_scalars = st.sampled_from([math.inf, -math.inf, 2**64, -(2**70), "\ud83d", "open\0", "\0"])
odd_contents = st.dictionaries(st.sampled_from(FIELDS), st.one_of(values, odd_scalars), max_size=5)
asked = st.one_of(scalars, odd_scalars)


def comparisons() -> st.SearchStrategy[QueryInstance]:
    """Give single conditions, of those that plan and those that cannot."""
    field = st.sampled_from(FIELDS)
    operators: list[Callable[[Query, Any], QueryInstance]] = [
        Query.__eq__,
        Query.__ne__,
        Query.__lt__,
        Query.__le__,
        Query.__gt__,
        Query.__ge__,
    ]
    return st.one_of(
        st.builds(lambda operator, text: operator(where("status"), text), st.sampled_from(operators), texts),
        st.builds(lambda operator, n: operator(where("sender.due"), n), st.sampled_from(operators), numbers),
        st.builds(
            lambda items: where("labels").any(items), st.lists(st.sampled_from(["a", "b"]), max_size=2)
        ),
        st.builds(
            lambda operator, f, value: operator(where(f), value), st.sampled_from(operators), field, asked
        ),
        st.builds(lambda f, items: where(f).one_of(items), field, st.lists(asked, max_size=3)),
        st.builds(
            lambda f, items: where(f).any(items), field, st.lists(st.one_of(texts, scalars), max_size=3)
        ),
        st.builds(lambda f, text: where(f).any(text), field, texts),
        st.builds(lambda f: where(f).exists(), field),
        st.builds(lambda f: where(f).test(bool), field),
        st.builds(lambda f: where(f).map(bool) == True, field),  # noqa: E712
        st.builds(lambda value: Query().fragment({"status": value}), scalars),
        st.just(Query().noop()),
    )


queries = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=5,
)


def engine_table(collection: Collection, documents: list[dict[str, Any]]) -> Table:
    """Give a collection of the engine's with these documents."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection, [collection])
    table = Database(connection=connection, collections=[collection], string_ids=True).table(collection.name)
    table.insert_multiple(documents)
    return table


def agree(stock: tinydb.table.Table, ours: Table, query: QueryInstance) -> None:
    """See that ours answers as stock does, where stock answers at all."""
    try:
        expected = stock.search(query)
    except TypeError:
        with contextlib.suppress(TypeError):
            ours.search(query)
        return
    assert list(map(repr, ours.search(query))) == list(map(repr, expected))
    assert ours.count(query) == len(expected)
    assert ours.contains(query) == bool(expected)
    assert ours.get(query) == (expected[0] if expected else None)
    page, cursor = ours.page(query, order=None, limit=100, newest_first=False)
    assert (page, cursor) == (expected, None)
    tallied = Counter(value for each in expected for value in strings_in(each.get("labels")))
    assert ours.tally(query, "labels") == dict(tallied)


@settings(max_examples=400, deadline=None)
@given(several, st.lists(queries, min_size=1, max_size=4))
def test_collections_answer_as_tinydb_does(
    documents: list[dict[str, Any]], asked: list[QueryInstance]
) -> None:
    with_ids = [{"id": f"d{number}", **document} for number, document in enumerate(documents)]
    stock = tinydb.TinyDB(storage=MemoryStorage).table("thing")
    stock.insert_multiple(with_ids)
    indexed, bare = engine_table(THING, with_ids), engine_table(Collection("thing"), with_ids)
    for query in asked:
        agree(stock, indexed, query)
        agree(stock, bare, query)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([numbers, texts]), st.sampled_from(["status", "sender.due"]))
def test_ranges_are_those_of_tinydb_to_the_last_bit(data: st.DataObject, kind: Any, field: str) -> None:
    held = data.draw(st.lists(kind, min_size=1, max_size=12))
    documents = [{"id": f"d{number}", field: value} for number, value in enumerate(held)]
    stock = tinydb.TinyDB(storage=MemoryStorage).table("thing")
    stock.insert_multiple(documents)
    ours = engine_table(THING, documents)
    low, high = data.draw(st.one_of(st.sampled_from(held), kind)), data.draw(st.sampled_from(held))
    key = where(field)
    for query in (key > low, key >= low, key < high, key <= high, (key >= low) & (key < high), key == high):
        assert not any(step.startswith("SCAN doc_") for step in ours.explain(query))
        agree(stock, ours, query)


@settings(max_examples=300, deadline=None)
@given(st.one_of(several, st.lists(odd_contents, max_size=8)), st.lists(queries, min_size=1, max_size=4))
def test_a_file_of_its_own_answers_as_tinydb_does(
    documents: list[dict[str, Any]], asked: list[QueryInstance]
) -> None:
    stock = tinydb.TinyDB(storage=MemoryStorage).table("thing")
    stock.insert_multiple(documents)
    for database in (Database(":memory:"), Database(":memory:", collections=[THING])):
        database.table("thing").insert_multiple(documents)
        for query in asked:
            agree(stock, database.table("thing"), query)


@settings(max_examples=150, deadline=None)
@given(
    several,
    st.lists(
        st.tuples(
            st.sampled_from(["update", "remove", "upsert", "multiple"]), st.one_of(typed, mixed), queries
        ),
        max_size=5,
    ),
    queries,
)
def test_after_the_same_writes_the_same_documents_are_there(
    documents: list[dict[str, Any]],
    writes: list[tuple[str, dict[str, Any], QueryInstance]],
    asked: QueryInstance,
) -> None:
    stock = tinydb.TinyDB(storage=MemoryStorage)
    ours = Database(":memory:", collections=[Collection("_default", indexes=INDEXES, lists=("labels",))])
    for database in (stock, ours):
        database.insert_multiple(documents)
    for kind, fields, query in writes:
        try:
            stock.search(query)
        except TypeError:
            continue
        if kind == "multiple" and isinstance(_raises(stock, fields, query, asked), TypeError):
            continue
        results = [_write(database, kind, fields, query, asked) for database in (stock, ours)]
        assert results[0] == results[1]
    assert [(d.doc_id, repr(d)) for d in ours] == [(d.doc_id, repr(d)) for d in stock]
    assert len(ours) == len(stock)
    agree(stock.table("_default"), ours.table("_default"), asked)


def _write(
    database: Any, kind: str, fields: dict[str, Any], query: QueryInstance, other: QueryInstance
) -> Any:
    if kind == "multiple":
        return database.update_multiple([(fields, query), ({"plain": 1}, other)])
    return database.remove(query) if kind == "remove" else getattr(database, kind)(fields, query)


def _raises(stock: tinydb.TinyDB, fields: dict[str, Any], query: QueryInstance, other: QueryInstance) -> Any:
    copy = tinydb.TinyDB(storage=MemoryStorage)
    copy.insert_multiple(stock.all())
    try:
        _write(copy, "multiple", fields, query, other)
    except TypeError as error:
        return error
    return None
