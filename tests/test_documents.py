"""Documents: TinyDB's calls on SQLite, alone in a file and on the engine's collections."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tinydb.operations import delete, increment

from engine.documents import (
    Collection,
    Database,
    Document,
    Query,
    ReadOnly,
    Table,
    UnknownTable,
    create_tables,
    scans,
    where,
)

CONVERSATION = Collection(
    "conversation",
    indexes=(
        ("status", "last_message_at"),
        ("assignee", "status", "last_message_at"),
        ("account", "chat"),
        ("sender.due",),
        ("last_message_at",),
    ),
    lists=("labels",),
)
SARI = {"id": "sari", "status": "open", "assignee": "dewi", "labels": ["vip"], "last_message_at": "09:42"}
BUDI = {"id": "budi", "status": "open", "assignee": None, "labels": [], "last_message_at": "09:40"}
AGUS = {
    "id": "agus",
    "status": "resolved",
    "assignee": "dewi",
    "labels": ["vip", "late"],
    "sender.due": "10:00",
}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection, [CONVERSATION])
    yield connection
    connection.close()


@pytest.fixture
def conversations(connection: sqlite3.Connection) -> Table:
    table = collections(connection).table("conversation")
    table.insert_multiple([SARI, BUDI, AGUS])
    return table


def collections(connection: sqlite3.Connection, **options: Any) -> Database:
    return Database(connection=connection, collections=[CONVERSATION], string_ids=True, **options)


def ids(documents: list[Document]) -> list[Any]:
    return [document["id"] for document in documents]


# -- a file of its own -----------------------------------------------------------------------------


def test_stock_tinydb_code_runs_and_its_writes_are_there_after_reopening(tmp_path: Path) -> None:
    with Database(tmp_path / "book.db") as db:
        assert db.insert({"name": "Sari", "visits": 1}) == 1
        assert db.table("label").insert_multiple([{"name": "VIP"}, {"name": "Late"}]) == [1, 2]
        db.update(increment("visits"), where("name") == "Sari")
        db.table("label").update(delete("name"), doc_ids=[2, 9])
        db.upsert({"name": "Budi", "visits": 0}, where("name") == "Budi")
    with Database(tmp_path / "book.db") as db:
        assert db.all() == [{"name": "Sari", "visits": 2}, {"name": "Budi", "visits": 0}]
        assert db.tables() == {"_default", "label"}
        assert db.table("label").get(doc_id=2) == {}
        assert db.storage.read() == {
            "_default": {"1": {"name": "Sari", "visits": 2}, "2": {"name": "Budi", "visits": 0}},
            "label": {"1": {"name": "VIP"}, "2": {}},
        }
        assert db.insert({"name": "Agus"}) == 3


def test_a_write_survives_a_process_that_is_killed_right_after_it(tmp_path: Path) -> None:
    script = (
        "import os, sys; from engine.documents import Database;"
        "db = Database(sys.argv[1]); db.insert({'name': 'Sari'}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / "book.db"], cwd=Path(__file__).parents[1])
    assert Database(tmp_path / "book.db").all() == [{"name": "Sari"}]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    db = Database(tmp_path / "book.db")
    db.insert_multiple([{"n": 1}, {"n": 2}])

    def fail_at_two(document: Any) -> None:
        document["seen"] = 1 / (document["n"] - 2)

    with pytest.raises(ZeroDivisionError):
        db.update(fail_at_two)
    with pytest.raises(ValueError, match="already exists"):
        db.insert_multiple([{"n": 3}, Document({"n": 4}, 1)])
    assert db.all() == [{"n": 1}, {"n": 2}]
    assert len(db) == 2


def test_two_databases_on_one_file_see_each_other(tmp_path: Path) -> None:
    ours, theirs = Database(tmp_path / "book.db"), Database(tmp_path / "book.db")
    assert ours.search(where("name") == "Sari") == []
    theirs.insert({"name": "Sari"})
    assert ours.search(where("name") == "Sari") == [{"name": "Sari"}]
    assert ours.insert({"name": "Budi"}) == 2


def test_documents_are_whole_even_where_sqlite_cannot_read_them(tmp_path: Path) -> None:
    odd = {"big": 2**70, "half": "\ud83d", "infinite": float("inf"), 1: ("a", "b")}
    db = Database(tmp_path / "book.db", collections=[Collection("_default", indexes=(("big",),))])
    db.insert(odd)
    assert db.all() == [{"big": 2**70, "half": "\ud83d", "infinite": float("inf"), "1": ["a", "b"]}]
    assert db.count(where("big") == 2**70) == db.count(where("big") > 5) == 1


def test_table_names_keep_their_case_and_any_character() -> None:
    db = Database(":memory:")
    for number, name in enumerate(["label", "Label", "tables", 'a"b', "-1", "été"]):
        db.table(name).insert({"number": number})
    assert [
        db.table(name).all()[0]["number"] for name in ["label", "Label", "tables", 'a"b', "-1", "été"]
    ] == [*range(6)]
    db.drop_table("label")
    assert db.tables() == {"Label", "tables", 'a"b', "-1", "été"}


def test_what_json_has_no_form_for_is_refused() -> None:
    db = Database(":memory:")
    with pytest.raises(TypeError):
        db.insert({"tags": {"a", "b"}})
    with pytest.raises(ValueError, match="not a Mapping"):
        db.insert(["no", "mapping"])  # type: ignore[arg-type]
    assert db.tables() == set()


def test_a_file_gets_the_indexes_that_are_declared_later(tmp_path: Path) -> None:
    with Database(tmp_path / "book.db") as db:
        db.table("contact").insert_multiple(
            [{"phone": str(number), "teams": ["sales"]} for number in range(3)]
        )
    contact = Collection("contact", indexes=(("phone",),), lists=("teams",))
    with Database(tmp_path / "book.db", collections=[contact]) as db:
        found = where("phone") == "2"
        assert any("INDEX ix_doc_contact:phone" in step for step in db.table("contact").explain(found))
        assert db.table("contact").count(where("teams").any(["sales"])) == 3


def test_a_storage_can_be_written_whole() -> None:
    db = Database(":memory:")
    db.insert({"old": True})
    db.storage.write({"label": {"3": {"name": "VIP"}}, "empty": {}})
    assert db.tables() == {"label", "empty"}
    assert db.table("label").get(doc_id=3) == {"name": "VIP"}


# -- the engine's collections ----------------------------------------------------------------------


def test_a_documents_id_is_its_doc_id(conversations: Table) -> None:
    sari = conversations.get(doc_id="sari")
    assert sari == SARI and sari.doc_id == "sari"
    assert list(sari) == list(SARI)
    assert conversations.insert(Document({"status": "open"}, "wati")) == "wati"
    assert conversations.get(where("id") == "wati") == {"status": "open", "id": "wati"}
    assert conversations.upsert({"id": "wati", "unread": 2}) == ["wati"]
    assert conversations.get(doc_ids=["wati", "sari"]) == [
        SARI,
        {"status": "open", "id": "wati", "unread": 2},
    ]


@pytest.mark.parametrize("document", [{}, {"id": None}, {"id": 7}, Document({"id": "a"}, "b")])
def test_a_document_without_its_id_is_refused(conversations: Table, document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs its id"):
        conversations.insert(document)


def test_ids_are_unique_and_stay(conversations: Table) -> None:
    with pytest.raises(ValueError, match="already exists"):
        conversations.insert(SARI)
    with pytest.raises(ValueError, match="cannot be changed"):
        conversations.update({"id": "other"}, doc_ids=["sari"])


@pytest.mark.parametrize("value", [float("nan"), 2**64, "\ud83d", "op\0en"])
def test_what_an_index_would_get_wrong_is_refused(conversations: Table, value: object) -> None:
    with pytest.raises(ValueError, match="holds NaN"):
        conversations.update({"status": value}, doc_ids=["sari"])
    assert conversations.get(doc_id="sari") == SARI


def test_nul_may_stand_in_a_text_that_is_not_indexed(conversations: Table) -> None:
    conversations.update({"note": "a\0b", "labels": ["v\0ip"]}, doc_ids=["sari"])
    assert ids(conversations.search(where("note") == "a\0b")) == ["sari"]
    assert ids(conversations.search(where("labels").any(["v\0ip"]))) == ["sari"]


def test_an_unknown_collection_says_which_there_are(connection: sqlite3.Connection) -> None:
    database = collections(connection)
    with pytest.raises(UnknownTable, match="no collection 'message' is declared; there are: conversation"):
        database.table("message")
    with pytest.raises(AttributeError, match=r"use \.table"):
        database.search(where("id") == "sari")
    assert database.tables() == {"conversation"} and bool(database)


def test_transactions_are_the_callers(connection: sqlite3.Connection, conversations: Table) -> None:
    connection.execute("BEGIN")
    conversations.remove(where("status") == "open")
    conversations.update({"labels": ["new"]})
    connection.execute("ROLLBACK")
    assert ids(conversations.all()) == ["sari", "budi", "agus"]
    assert conversations.count(where("labels").any(["vip"])) == 2


def test_every_change_is_announced_with_what_was_there_before(connection: sqlite3.Connection) -> None:
    seen: list[tuple[str, str, str | None]] = []
    table = collections(connection, on_change=lambda *change: seen.append(change)).table("conversation")
    table.insert({"id": "sari", "unread": 0})
    table.update({"unread": 0})  # changes nothing
    table.update(increment("unread"), doc_ids=["sari"])
    table.remove(doc_ids=["sari", "nobody"])
    assert seen == [
        ("conversation", "sari", None),
        ("conversation", "sari", '{"id":"sari","unread":0}'),
        ("conversation", "sari", '{"id":"sari","unread":1}'),
    ]


def test_a_read_only_database_refuses_writes(connection: sqlite3.Connection, conversations: Table) -> None:
    reader = collections(connection, read_only=True)
    table = reader.table("conversation")
    for write in (
        lambda: table.insert({"id": "x"}),
        lambda: table.update({"a": 1}),
        lambda: table.remove(where("id") == "sari"),
        lambda: table.upsert({"id": "x"}),
        table.truncate,
        reader.drop_tables,
    ):
        with pytest.raises(ReadOnly):
            write()
    assert len(table) == 3


def test_a_plugin_that_is_off_leaves_no_trace(connection: sqlite3.Connection, conversations: Table) -> None:
    reader = collections(connection, read_only=True, hidden=frozenset({"labels", "sender"}))
    table = reader.table("conversation")
    agus = table.get(doc_id="agus")
    assert agus == {"id": "agus", "status": "resolved", "assignee": "dewi", "labels": []}
    assert table.search(where("labels").any(["vip"])) == []
    assert table.count(where("labels") == []) == 3
    assert table.search(where("sender.due") == "10:00") == []
    assert table.count(where("sender.due").exists()) == 0
    with pytest.raises(ValueError, match="ordered"):
        table.page(order="sender.due")
    with pytest.raises(ValueError, match="read_only"):
        collections(connection, hidden=frozenset({"labels"}))


def test_no_query_finds_by_what_is_hidden(connection: sqlite3.Connection) -> None:
    """Also where SQL would tell it beside an index."""
    collections(connection).table("conversation").insert_multiple([SARI, BUDI, AGUS])
    table = collections(connection, read_only=True, hidden=frozenset({"labels", "sender"})).table(
        "conversation"
    )
    plain = [dict(document) for document in table.all()]
    resolved, due = where("status") == "resolved", where("sender.due")
    for query in (
        resolved & (due == "10:00"),
        resolved & due.one_of(["10:00", "11:00"]),
        resolved & (due >= "09:00"),
        resolved & ~(due == "10:00"),
        resolved & (where("labels").any(["vip"]) | (due == "10:00")),
        (due == None) & resolved,  # noqa: E711  TinyDB's own way
    ):
        wanted = [document["id"] for document in plain if query(document)]
        assert [document["id"] for document in table.search(query)] == wanted, query
        assert table.count(query) == len(wanted), query
        page, _ = table.page(query, order="last_message_at")
        assert {document["id"] for document in page} == set(wanted), query


def test_all_documents_are_those_of_the_moment_also_within_a_write(tmp_path: Path) -> None:
    """As TinyDB gives them: to a function that updates, to a generator, after an error, when dropped."""
    ours = Database(tmp_path / "ours.db")
    table = ours.table("t")
    table.insert({"x": 1})
    assert len(table.all()) == 1
    table.update(lambda document: document.update(n=len(table.all())))
    assert table.all() == [{"x": 1, "n": 1}]

    def two() -> Iterator[dict[str, int]]:
        yield {"x": 2}
        yield {"x": 3, "n": len(table.all())}

    table.insert_multiple(two())
    assert len(table.all()) == len(table) == 3

    def broken() -> Iterator[dict[str, int]]:
        yield {"x": 4}
        table.all()
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        table.insert_multiple(broken())
    assert len(table.all()) == 3
    ours.drop_table("t")
    ours.table("t").insert({"x": 5})
    assert table.all() == [{"x": 5}]
    ours.close()


def test_lists_are_found_by_their_members(conversations: Table) -> None:
    labelled = where("labels").any(["vip", "late"])
    assert ids(conversations.search(labelled)) == ["sari", "agus"]
    assert conversations.count(labelled) == 2
    conversations.update({"labels": ["late"]}, doc_ids=["sari"])
    conversations.remove(doc_ids=["agus"])
    assert ids(conversations.search(labelled)) == ["sari"]
    assert conversations.count(where("labels").any(["vip"])) == 0


def test_a_text_or_an_object_in_the_place_of_a_list_is_found_as_tinydb_finds_it(conversations: Table) -> None:
    conversations.update({"labels": "vip"}, doc_ids=["sari"])
    conversations.update({"labels": {"v": 1}}, doc_ids=["budi"])
    assert ids(conversations.search(where("labels").any(["v"]))) == ["sari", "budi"]
    assert ids(conversations.search(where("labels").any(["vip"]))) == ["agus"]


def test_declared_indexes_come_and_go(connection: sqlite3.Connection, conversations: Table) -> None:
    changed = Collection("conversation", indexes=(("team",),), lists=("teams", "labels"))
    conversations.update({"teams": ["sales"], "team": "sales"}, doc_ids=["budi"])
    create_tables(connection, [changed])
    table = Database(connection=connection, collections=[changed], string_ids=True).table("conversation")
    assert table.count(where("teams").any(["sales"])) == table.count(where("team") == "sales") == 1
    create_tables(connection, [Collection("conversation")])
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")}
    assert names == {"doc_conversation", "sqlite_sequence"}


@pytest.mark.parametrize(
    "bad", [{"name": "Label"}, {"name": "x", "indexes": (("a'b",),)}, {"name": "x", "lists": ('"',)}]
)
def test_names_that_sql_could_misread_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="collection"):
        Collection(**bad)


# -- plans -----------------------------------------------------------------------------------------

INBOX = [
    where("status") == "open",
    (where("assignee") == "dewi") & (where("status") == "open"),
    (where("assignee") == None) & (where("status") == "open"),  # noqa: E711
    (where("status") == "open") & (where("unread") > 0),
    (where("status") == "open") & ~where("labels").any(["spam"]),
    where("status").one_of(["open", "snoozed"]),
    where("assignee").one_of([None, "dewi"]) & (where("status") == "open"),
    (where("status") == "snoozed") | (where("assignee") == "dewi"),
    (where("account") == "main") & (where("chat") == "628123@c.us"),
    where("labels").any(["vip", "late"]),
    where("labels").any(["vip"]) & (where("status") == "open"),
    where("sender.due") <= "10:00",
    where("id").one_of(["sari", "budi"]),
    (where("status") == "open") & Query().fragment({"unread": 1}),
]
SCANS = [
    where("status") != "open",
    ~(where("status") == "open"),
    (where("status") == "open") | (where("unread") > 0),
    where("last_message")["kind"] == "image",
    where("status").test(lambda status: status == "open"),
    where("status").matches("op"),
    where("status") == ["open"],
    where('a"b') == 1,
    Query().noop(),
]


@pytest.mark.parametrize("query", INBOX, ids=repr)
def test_the_inbox_searches_by_index(conversations: Table, query: Any) -> None:
    steps = conversations.explain(query)
    assert not any(step.startswith("SCAN doc_") for step in steps), steps
    assert any("INDEX" in step or "list_" in step for step in steps), steps


@pytest.mark.parametrize("query", SCANS, ids=repr)
def test_what_no_index_can_answer_is_left_to_python(conversations: Table, query: Any) -> None:
    assert conversations.explain(query) == ["SCAN doc_conversation"]


def test_a_long_scan_is_counted(conversations: Table) -> None:
    conversations.insert_multiple({"id": str(number), "status": "open"} for number in range(1_100))
    before = scans["conversation: (status ==) or (unread >)"]
    conversations.search((where("status") == "open") | (where("unread") > 0))
    conversations.search(where("status") == "open")
    assert scans["conversation: (status ==) or (unread >)"] == before + 1
    assert not any(description.partition(": ")[2] == "status ==" for description in scans)


def test_very_long_queries_are_answered(conversations: Table) -> None:
    names = [f"agent{number}" for number in range(9_000)]
    wide = where("assignee").one_of(["dewi", *names])
    assert ids(conversations.search(wide)) == ["sari", "agus"]
    assert conversations.count(wide & where("status").one_of(names) & where("labels").any(names) & wide) == 0
    long = where("status") == "resolved"
    for name in names[:200]:
        long |= where("assignee") == name
    assert ids(conversations.search(long)) == ["agus"]


def test_a_page_in_an_order_without_an_index_is_counted_as_a_scan(conversations: Table) -> None:
    conversations.insert_multiple({"id": str(number)} for number in range(1_100))
    before = scans["conversation: everything"]
    conversations.page(order="created_at")
    conversations.page(order="last_message_at", limit=2_000)
    assert scans["conversation: everything"] == before + 1


def test_counting_goes_by_the_index_where_that_is_exact(
    connection: sqlite3.Connection, conversations: Table
) -> None:
    conversations.insert({"id": "list", "status": ["open"]})
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    assert conversations.count((where("status") == "open") & (where("assignee") == "dewi")) == 1
    assert [sql for sql in statements if "count(" not in sql] == []
    assert conversations.count(where("status") == '["open"]') == 0


def test_counting_asks_python_where_the_index_knows_too_little(conversations: Table) -> None:
    conversations.update({"unread": 2}, doc_ids=["sari", "agus"])
    conversations.update({"unread": 0}, doc_ids=["budi"])
    assert conversations.count((where("status") == "open") & (where("unread") > 0)) == 1
    assert conversations.count((where("status") == "open") & (where("assignee") == None)) == 1  # noqa: E711
    assert conversations.count((where("status") == "open") & ~where("labels").any(["vip"])) == 1
    assert conversations.count(where("labels").any(["late"]) & (where("unread") == 0)) == 0
