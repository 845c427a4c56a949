"""The journal is the truth: whole, chained, and the documents come out of it again."""

import sqlite3
from pathlib import Path

import pytest

from engine import journal, times
from engine.documents import Database
from engine.events import event, requested
from tests.world import ANDI, DEWI, SHOP, World


@pytest.fixture
def shop(tmp_path: Path) -> World:
    world = World(tmp_path / "main").with_shop()
    yield world
    world.close()


def a_busy_morning(shop: World) -> str:
    """Have Dewi and Andi write, Rina answer, a label come and go; return Dewi's conversation."""
    rina, label = shop.agent("Rina"), shop.label("Keluhan")
    shop.ask("labels.put_rule", label=label, pattern="rusak")
    shop.writes(DEWI, "barang saya rusak", push_name="Dewi")
    shop.writes(ANDI, "halo")
    answered = shop.answers(DEWI, "Mohon maaf, Bu", by=rina)
    shop.job_ends(answered["id"], outcome="sent", gateway_id="3EBA01")
    shop.status_comes(DEWI, "3EBA01", "read")
    conversation = shop.conversation(DEWI)["id"]
    shop.ask("labels.remove", by=rina, conversation=conversation, label=label)
    shop.ask("conversation.snooze", by=rina, conversation=conversation, until=times.add(times.now(), 86400))
    shop.ask("conversation.resolve", by=rina, conversation=conversation)
    return str(conversation)


def rebuilt(shop: World, folder: Path, until: int | None = None) -> sqlite3.Connection:
    journal.rebuild(shop.documents.connection, folder / "again.db", shop.registry.collections, until)
    return sqlite3.connect(folder / "again.db")


def test_the_documents_come_out_of_the_journal_again(shop: World, tmp_path: Path) -> None:
    a_busy_morning(shop)
    again = rebuilt(shop, tmp_path)
    collections = shop.registry.collections
    live = journal.documents_hash(shop.documents.connection, collections)
    assert journal.documents_hash(again, collections) == live
    for name in (c.name for c in collections):
        order = f'SELECT id FROM "doc_{name}" ORDER BY pos'
        assert again.execute(order).fetchall() == shop.documents.connection.execute(order).fetchall()


def test_they_can_be_had_as_they_were_at_any_row(shop: World, tmp_path: Path) -> None:
    conversation = a_busy_morning(shop)
    seq = next(row.seq for row in journal.rows(shop.documents.connection) if "halo" in row.body)
    then = Database(
        connection=rebuilt(shop, tmp_path, seq), collections=shop.registry.collections, string_ids=True
    )
    assert then.table("conversation").get(doc_id=conversation)["status"] == "open"
    assert len(then.table("conversation")) == 2
    assert not then.table("job").all()


def test_a_message_that_comes_twice_leaves_nothing_outside_the_journal(shop: World, tmp_path: Path) -> None:
    """Its second envelope has another event id and another name; nothing of it may stay."""
    shop.writes(DEWI, "halo", id="3EB0AA", push_name="Dewi")
    again = event(
        "message.received",
        f"{DEWI}/other/3EB0AA",
        {
            "message": {"id": "3EB0AA", "kind": "text", "text": "halo"},
            "peer": {"chat_id": DEWI, "kind": "user", "push_name": "Dewi Lestari"},
        },
        account=SHOP,
    )
    assert shop.submit(again)[0]["duplicate"]
    live = journal.documents_hash(shop.documents.connection, shop.registry.collections)
    assert journal.documents_hash(rebuilt(shop, tmp_path), shop.registry.collections) == live


def test_a_timer_that_is_set_anew_in_one_transaction_keeps_its_place(shop: World, tmp_path: Path) -> None:
    """Snoozing twice in one request deletes the first timer; in the copy the order is the same."""
    shop.writes(DEWI, "halo")
    shop.writes(ANDI, "halo")
    until = times.add(times.now(), 86400)
    for chat in (DEWI, ANDI):
        data = {"conversation": shop.conversation(chat)["id"], "until": until}
        shop.ask("conversation.snooze", **data)
    one = shop.conversation(DEWI)["id"]
    again = {"conversation": one, "until": until}
    shop.submit(
        requested(
            None,
            [
                {"type": "conversation.reopen", "data": {"conversation": one}},
                {"type": "conversation.snooze", "data": again},
            ],
        )
    )
    order = 'SELECT id FROM "doc_timer" ORDER BY pos'
    copied = rebuilt(shop, tmp_path).execute(order).fetchall()
    assert copied == shop.documents.connection.execute(order).fetchall()
    assert len(copied) == 2


def test_rows_can_be_asked_for_by_place_and_subject(shop: World) -> None:
    conversation = a_busy_morning(shop)
    connection = shop.documents.connection
    every = list(journal.rows(connection))
    assert [row.seq for row in every] == list(range(1, len(every) + 1))
    assert [row.seq for row in journal.rows(connection, after=2, until=4)] == [3, 4]
    of_dewi = list(journal.rows(connection, subject=("conversation", conversation)))
    assert 0 < len(of_dewi) < len(every)
    assert all(conversation in row.body for row in of_dewi)
    assert [journal.seq_before(connection, row.at) < row.seq for row in every] == [True] * len(every)
    assert journal.seq_before(connection, "2001") == 0
    assert journal.seq_before(connection, "9999") == len(every)


def test_a_journal_that_is_whole_verifies(shop: World) -> None:
    a_busy_morning(shop)
    assert journal.verify(shop.documents.connection) == []


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        ("UPDATE journal SET body = replace(body, 'halo', 'hola')", "does not have the hash"),
        ("DELETE FROM journal WHERE seq = 5", "after row 4 of the journal comes 6"),
        ("UPDATE journal SET at = '2001-01-01T00:00:00.000000Z' WHERE seq = 5", "row 5 of the journal says"),
        ("UPDATE journal SET body = '{' WHERE seq = 5", "row 5 of the journal cannot be read"),
    ],
)
def test_a_journal_that_was_touched_does_not(shop: World, tmp_path: Path, spoil: str, word: str) -> None:
    a_busy_morning(shop)
    copy = sqlite3.connect(tmp_path / "copy.db")
    shop.documents.connection.backup(copy)
    copy.execute(spoil)
    assert any(word in problem for problem in journal.verify(copy))
