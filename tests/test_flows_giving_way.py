"""The bot gives way: to people, to who wants no messages, and where something went on without it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import times
from engine.events import event
from tests.day import Day
from tests.paced import NOON, Paced
from tests.test_flows import ASK, PERSON, bot_said, published, session, shop
from tests.test_flows_running import SHOP, flow
from tests.test_identity import LID, linked
from tests.world import DEWI
from tests.world import SHOP as NUMBER

__all__ = ["shop"]
TALK = flow(
    {"id": "a", "kind": "message", "text": "Satu", "to": {"next": "b"}},
    {"id": "b", "kind": "message", "text": "Dua", "to": {"next": "q"}},
    {**ASK, "to": {"next": "p", "timeout": "t"}},
    PERSON,
    {"id": "t", "kind": "end", "text": "Sampai nanti"},
)
CALL = flow(
    {"id": "h", "kind": "http", "url": "https://toko.example/", "save": {"s": "s"}, "to": {"next": "ok"}},
    {"id": "ok", "kind": "end", "text": "Status: {{s}}"},
)


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Paced]:
    """A shop whose messages leave at a person's pace."""
    paced = Paced(tmp_path / "w" / "main")
    yield paced
    paced.close()


def is_with(shop: Day | Paced) -> str:
    return str(shop.conversation(DEWI)["handler"])


@pytest.mark.parametrize("way", ["answer", "phone", "resolve", "hand_over", "assign", "queue"])
def test_what_the_bot_had_still_to_say_is_taken_back(sent: Paced, way: str):
    published(sent, TALK)  # type: ignore[arg-type]
    sari = sent.agent("Sari")
    sent.writes(DEWI, "halo")
    id = sent.conversation(DEWI)["id"]
    if way == "answer":
        sent.answers(DEWI, "Halo, saya Sari", by=sari)
    elif way == "phone":
        sent.echo_comes(DEWI, "Halo dari ponsel", "3EBPHONE")
    elif way in ("resolve", "hand_over"):
        sent.ask(f"conversation.{way}", conversation=id)
    else:
        sent.ask("conversation.assign", conversation=id, agent=sari if way == "assign" else None)
    sent.later(300)
    assert sent.texts == (["Halo, saya Sari"] if way == "answer" else [])


@pytest.mark.parametrize("way", ["hand_over", "queue"])
def test_who_was_put_in_the_queue_by_others_hears_nothing_of_the_bot(shop: Day, way: str):
    published(shop, flow(ASK, PERSON))
    shop.writes(DEWI, "halo")
    id = shop.conversation(DEWI)["id"]
    if way == "hand_over":
        shop.ask("conversation.hand_over", conversation=id)
    else:
        shop.ask("conversation.assign", conversation=id, agent=None)
    for text in ("Bogor", "halo"):
        shop.writes(DEWI, text)
        shop.later(4)
    assert bot_said(shop, DEWI) == ["Kota?"] and is_with(shop) == "queue"


@pytest.mark.parametrize("way", ["answer", "phone"])
def test_where_a_person_spoke_no_keyword_begins_a_flow(shop: Day, way: str):
    published(shop, SHOP)
    shop.writes(DEWI, "apa kabar")
    shop.later(5)
    if way == "answer":
        sari = shop.agent("Sari")
        shop.answers(DEWI, "Halo, saya Sari", by=sari)
        shop.ask("conversation.assign", conversation=shop.conversation(DEWI)["id"], agent=None)
    else:
        shop.echo_comes(DEWI, "Baik, mau apa?", "3EBPHONE")
        shop.later(130)
    shop.writes(DEWI, "menu")
    assert bot_said(shop, DEWI) == [] and is_with(shop) == "queue"
    shop.ask("conversation.resolve", conversation=shop.conversation(DEWI)["id"])
    shop.writes(DEWI, "menu")
    assert len(bot_said(shop, DEWI)) == 1


def test_somebody_on_the_phone_leaves_the_conversation_in_the_queue(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "halo")
    shop.echo_comes(DEWI, "sini saya bantu", "3EBPHONE")
    shop.later(130)
    assert is_with(shop) == "queue" and (session(shop, DEWI) or {})["state"] == "paused"


def test_a_word_that_ends_messages_ends_the_flow_and_people_have_the_rest(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "halo")
    shop.writes(DEWI, "STOP")
    assert session(shop, DEWI) is None and is_with(shop) == "queue"
    shop.writes(DEWI, "menu")
    shop.ask("conversation.resolve", conversation=shop.conversation(DEWI)["id"])
    shop.writes(DEWI, "menu")
    assert session(shop, DEWI) is None and is_with(shop) == "queue"
    assert not [a for row in shop.journal() for a in row["actions"] if a["status"] == "refused"]
    flow = shop.all("flow")[0]["id"]
    refused = shop.ask("flowbuilder.start", conversation=shop.conversation(DEWI)["id"], flow=flow)
    assert refused["reason"] == "the bot may not write to this contact"


def test_a_bot_whose_number_is_gone_leaves_the_customer_to_people(shop: Day):
    published(shop, flow(ASK, PERSON))
    shop.writes(DEWI, "halo")
    shop.ask("account.remove", account="toko")
    shop.writes(DEWI, "Bogor")
    shop.later(4)
    assert session(shop, DEWI) is None and is_with(shop) == "queue"


def test_a_services_answer_counts_though_the_customer_writes_meanwhile(shop: Day):
    published(shop, CALL)
    shop.writes(DEWI, "halo")
    (job,) = [j for j in shop.all("job") if j["name"] == "flowbuilder.http"]
    shop.writes(DEWI, "ada?")
    shop.later(4)
    told = {"job": job["id"], "result": {"ok": True, "values": {"s": "dikirim"}}}
    shop.submit(event("job.finished", job["id"], told, origin="job"))
    assert bot_said(shop, DEWI) == ["Status: dikirim"]


@pytest.mark.parametrize("seconds", [30 * 60 - 1, 24 * 3600 - 1])
def test_an_answer_in_the_last_second_is_one(shop: Day, seconds: int):
    way = {"timeout": "t"} if seconds < 3600 else {}
    late = {"id": "t", "kind": "end", "text": "Sampai nanti"}
    published(shop, flow({**ASK, "to": {"next": "p", **way}}, PERSON, late))
    shop.writes(DEWI, "halo")
    shop.later(seconds)
    shop.writes(DEWI, "Bogor")
    shop.later(10)
    assert bot_said(shop, DEWI) == ["Kota?", "Sebentar ya"]


@pytest.mark.parametrize("way", ["answer", "phone", "resolve", "write"])
def test_switched_on_again_nothing_acts_on_what_went_on_meanwhile(shop: Day, way: str):
    published(shop, flow(ASK, PERSON))
    sari = shop.agent("Sari")
    shop.writes(DEWI, "halo")
    shop.ask("plugin.set", plugin="flowbuilder", enabled=False)
    if way == "answer":
        shop.answers(DEWI, "saya Sari", by=sari)
    elif way == "phone":
        shop.echo_comes(DEWI, "sini saya bantu", "3EBPHONE")
        shop.later(130)
    elif way == "resolve":
        shop.ask("conversation.resolve", conversation=shop.conversation(DEWI)["id"])
    else:
        shop.writes(DEWI, "kapan buka?")
    shop.later(2 * 86400 if way != "phone" else 60)
    shop.ask("plugin.set", plugin="flowbuilder", enabled=True)
    if way != "write":
        shop.writes(DEWI, "kapan buka?")
    shop.later(4)
    assert bot_said(shop, DEWI) == ["Kota?"] and session(shop, DEWI) is None
    assert shop.conversation(DEWI)["status"] == "open"
    assert is_with(shop) == ("agent" if way == "answer" else "queue")


def test_two_sessions_of_one_customer_become_one(shop: Day):
    published(shop, flow(ASK, PERSON))
    shop.writes(LID, "halo", lid=LID)
    shop.writes(DEWI, "halo")
    shop.writes(LID, "saya", lid=LID)
    linked(shop, LID, DEWI)
    kept = shop.conversation(DEWI)["id"]
    assert [s["conversation"] for s in shop.all("flow_session")] == [kept]
    assert {t["name"] for t in shop.all("timer") if t["plugin"] == "flowbuilder"} == {f"due/{kept}"}
    shop.writes(DEWI, "Bogor")
    shop.later(4)
    assert bot_said(shop, DEWI)[-1] == "Sebentar ya" and shop.all("flow_session") == []


def test_a_question_may_wait_for_its_answer_from_when_it_was_sent(sent: Paced):
    """Asked in the evening, it leaves in the morning."""
    sent.plugin_is(warm_up=0, reply_share=0, unanswered=0, per_contact_hour=0)
    night = {"id": "w", "kind": "wait", "minutes": 600, "to": {"next": "q"}}
    late = {"id": "t", "kind": "end", "text": "Sampai nanti"}
    published(sent, flow(night, {**ASK, "to": {"next": "p", "timeout": "t"}}, PERSON, late))  # type: ignore[arg-type]
    sent.writes(DEWI, "halo")
    sent.later(86400)
    assert sent.texts == ["Kota?", "Sampai nanti"]
    asked, over = (at for at, _ in sent.calls)
    assert times.seconds_between(NOON, asked) > 18 * 3600
    assert 1799 <= times.seconds_between(asked, over) < 1900


def test_a_question_of_a_number_that_is_not_connected_is_not_timed_out(sent: Paced):
    late = {"id": "t", "kind": "end", "text": "Sampai nanti"}
    published(sent, flow({**ASK, "to": {"next": "p", "timeout": "t"}}, PERSON, late))  # type: ignore[arg-type]
    sent.plugin_is(expiry=6 * 3600)
    sent.submit(event("session.state", "down", {"state": "disconnected"}, account=NUMBER))
    sent.writes(DEWI, "halo")
    sent.submit(event("session.state", "still down", {"state": "disconnected"}, account=NUMBER))
    sent.later(2 * 3600)
    assert sent.texts == [] and (session(sent, DEWI) or {})["state"] == "asking"  # type: ignore[arg-type]
    sent.submit(event("session.state", "up", {"state": "connected"}, account=NUMBER))
    sent.later(600)
    assert sent.texts == ["Kota?"]
    sent.later(3600)
    assert sent.texts == ["Kota?", "Sampai nanti"]


def test_a_services_answer_finds_what_its_conversation_became(shop: Day):
    published(shop, CALL)
    shop.writes(DEWI, "apa kabar")
    shop.ask("conversation.resolve", conversation=shop.conversation(DEWI)["id"])
    shop.writes(LID, "halo", lid=LID)
    linked(shop, LID, DEWI)
    (job,) = [j for j in shop.all("job") if j["name"] == "flowbuilder.http"]
    told = {"job": job["id"], "result": {"ok": True, "values": {"s": "dikirim"}}}
    shop.submit(event("job.finished", job["id"], told, origin="job"))
    assert bot_said(shop, DEWI) == ["Status: dikirim"]


@pytest.mark.parametrize("outcome", ["refused", "not_sent"])
def test_a_message_that_fails_for_good_calls_people(sent: Paced, outcome: str):
    """At once, or when the sender has given up."""
    sent.plugin_is(attempts=2, first_pause=1)
    published(sent, flow(ASK, PERSON))
    sent.outcome = {"outcome": outcome, "reason": "no such number"}
    sent.writes(DEWI, "halo")
    sent.later(120)
    assert [m["status"] for m in sent.messages(DEWI)] == ["received", "failed"]
    assert session(sent, DEWI) is None and is_with(sent) == "queue"  # type: ignore[arg-type]
