"""Campaigns: who gets them, what each is told, and that each gets it exactly once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import times
from engine.clock import due_timers, fired
from engine.events import event
from plugins.sender.forecast import forecast
from tests.broadcasts import Broadcast
from tests.world import SHOP

Make = Callable[..., Broadcast]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Broadcast] = []

    def build(*lines: str, **settings: Any) -> Broadcast:
        made.append(Broadcast(tmp_path / str(len(made)), *lines, **{"preset": "official", **settings}))
        return made[-1]

    yield build
    for shop in made:
        shop.close()


def test_everybody_of_a_segment_is_told_once_by_name(make: Make) -> None:
    shop = make()
    chats = shop.people(45)
    id = shop.campaign("[[Halo|Hai]] {{name|Kak}}, ada promo!")
    assert shop.counts(id) == {"waiting": 45} and shop.get("campaign", id)["state"] == "draft"
    shop.does("start", id)
    waiting = [message for message in shop.all("message") if message.get("lane") == "campaign"]
    assert len(waiting) == 20, "the others are not made yet"
    shop.later(60)
    assert shop.told() == dict.fromkeys(chats, 1)
    assert shop.get("campaign", id)["state"] == "done" and shop.counts(id) == {"sent": 45}
    assert {text.partition(" ")[0] for text in shop.texts} == {"Halo", "Hai"}
    assert any(text.endswith("Pembeli 000, ada promo!") for text in shop.texts)


def test_paused_at_once_and_resumed_where_it_was(make: Make) -> None:
    shop = make("Siap", preset="normal", quiet_from="", reply_share=0, warm_up=0)
    chats = shop.people(30)
    shop.later(4000)
    id = shop.campaign("Promo!")
    before = len(shop.calls)
    shop.does("start", id)
    shop.later(120)
    shop.does("pause", id)
    sent = len(shop.calls)
    assert before < sent < before + 20
    shop.later(7200)
    assert len(shop.calls) == sent, "nothing leaves while it is paused"
    assert shop.counts(id)["queued"] > 0 and shop.get("campaign", id)["state"] == "paused"
    shop.writes(chats[0], "Halo lagi")
    shop.later(60)
    assert shop.texts[-1] == "Siap", "others' messages leave all the same"
    shop.does("resume", id)
    shop.later(6 * 3600)
    assert shop.texts.count("Promo!") == 30 and shop.get("campaign", id)["state"] == "done"
    promos = [m["conversation"] for _at, m in shop.calls if m["text"] == "Promo!"]
    assert len(set(promos)) == 30


def test_what_is_stopped_is_taken_back(make: Make) -> None:
    shop = make(preset="normal", quiet_from="", reply_share=0)
    shop.people(30)
    id = shop.campaign("Promo!")
    shop.does("start", id)
    shop.later(60)
    shop.does("stop", id)
    sent = shop.texts.count("Promo!")
    shop.later(86400)
    assert shop.texts.count("Promo!") == sent
    counts = shop.counts(id)
    assert counts["sent"] + counts["cancelled"] + counts["waiting"] == 30 and "queued" not in counts
    assert shop.ask("campaigns.resume", campaign=id)["status"] == "refused"


def test_a_campaign_cannot_run_twice(make: Make) -> None:
    """Nor do a timer and a message that went doubly make two of one."""
    shop = make()
    chats = shop.people(50)
    id = shop.campaign("Promo!")
    shop.does("start", id)
    assert shop.ask("campaigns.start", campaign=id)["status"] == "refused"
    for _ in range(3):
        due, _more = due_timers(shop.documents, shop.workspace.enabled, times.add(shop.time, 400))
        shop.submit(*[fired(timer) for timer in due], *[fired(timer) for timer in due])
    shop.later(600)
    assert shop.told() == dict.fromkeys(chats, 1)
    recipients = shop.all("campaign_recipient")
    assert len({each["message"] for each in recipients}) == len(recipients) == 50


def test_who_never_wrote_is_left_out_unless_it_is_said(make: Make) -> None:
    shop = make()
    shop.people(3)
    for number in range(4):
        shop.ask("contacts.create", phone=f"+6281390000{number:03}", name=f"Calon {number}")
    signed = next(c for c in shop.all("contact") if c["name"] == "Calon 0")
    signed["contacts._consent"] = {"at": shop.time, "note": "signed up in the shop"}
    shop.submit(event("settings.changed", "consent", {"documents": {"contact": [signed]}}))
    id = shop.campaign("Promo {{first_name}}!")
    assert shop.counts(id) == {"waiting": 3, "stranger": 4, "agreed": 1}
    shop.does("change", id, strangers=True)
    shop.does("start", id)
    shop.later(60)
    assert shop.counts(id) == {"sent": 7}
    calon = [c for c in shop.all("conversation") if c["chat"].startswith("6281390")]
    assert len(calon) == 4 and {c["status"] for c in calon} == {"resolved"}, "nothing opens in the inbox"
    shop.writes(calon[0]["chat"], "Berapa harganya?")
    found = shop.get("conversation", calon[0]["id"])
    assert (found["status"], found["unread"], found["handler"]) == ("open", 1, "queue")


def test_only_strangers_cannot_be_started_by_accident(make: Make) -> None:
    shop = make()
    shop.ask("contacts.create", phone="+628139000001", name="Calon")
    id = shop.campaign("Promo!")
    done = shop.ask("campaigns.start", campaign=id)
    assert done["status"] == "refused" and "ever wrote" in done["reason"]


def test_missing_fields_are_known_before_it_starts(make: Make) -> None:
    shop = make()
    chats = shop.people(3)
    shop.ask("contacts.create_field", label="Kota", type="text")
    shop.ask("contacts.create_field", label="Tagihan", type="money", currency="IDR")
    dewi, andi = (shop.conversation(chat)["contact"] for chat in chats[:2])
    shop.ask("contacts.set_fields", contact=dewi, fields={"kota": "Solo", "tagihan": 150000})
    shop.ask("contacts.set_fields", contact=andi, fields={"kota": "Bogor"})
    id = shop.campaign("Halo {{kota}}, tagihan {{tagihan}}")
    campaign = shop.get("campaign", id)
    assert shop.counts(id) == {"waiting": 1, "missing": 2}
    assert campaign["missing"] == {"tagihan": 2, "kota": 1}
    shop.does("start", id)
    shop.later(60)
    assert [text.replace("\xa0", " ") for text in shop.texts] == ["Halo Solo, tagihan Rp150.000"]


def test_a_file_brings_people_with_fields_of_their_own(make: Make) -> None:
    shop = make()
    chats = shop.people(1)
    data = {"name": "Dari berkas", "account": SHOP, "texts": [{"text": "Kak {{name}}, kode {{kode}}"}]}
    id = str(shop.ask("campaigns.create", **data)["result"]["campaign"])
    rows = [
        {"phone": "+" + chats[0].partition("@")[0], "fields": {"name": "Bu Dewi", "kode": "A1"}},
        {"phone": "+6281390000001", "fields": {"name": "Pak Budi", "kode": "B2"}},
        {"phone": "+6281390000002", "fields": {"name": "Sari"}},
    ]
    shop.does("add_rows", id, rows=rows, first=True, file="maret.csv")
    told = shop.does("add_rows", id, rows=rows[:1])["result"]
    assert (told["again"], told["size"]) == (1, 3)
    assert shop.counts(id) == {"waiting": 1, "stranger": 1, "missing": 1}
    shop.does("change", id, texts=[{"text": "Kak {{name}}, kode {{kode|-}}"}], strangers=True)
    shop.later(1)
    assert shop.counts(id) == {"waiting": 1, "stranger": 2}
    shop.does("start", id)
    shop.later(60)
    assert shop.texts == ["Kak Bu Dewi, kode A1", "Kak Pak Budi, kode B2", "Kak Sari, kode -"]


def test_two_texts_are_divided_by_their_weights(make: Make) -> None:
    shop = make()
    shop.people(120)
    data = {"name": "A/B", "account": SHOP, "segment": shop.segment()}
    texts = [{"text": "Teks A", "weight": 3}, {"text": "Teks B", "weight": 1}]
    id = str(shop.ask("campaigns.create", **data, texts=texts)["result"]["campaign"])
    shop.later(1)
    shop.does("start", id)
    shop.later(300)
    variants = shop.get("campaign", id)["variants"]
    assert variants["a"]["sent"] == shop.texts.count("Teks A")
    assert variants["a"]["sent"] + variants["b"]["sent"] == 120 == shop.counts(id)["sent"]
    assert 75 <= variants["a"]["sent"] <= 105


def test_how_far_each_got_and_who_answered(make: Make) -> None:
    shop = make()
    chats = shop.people(4)
    id = shop.campaign("Promo!")
    shop.does("start", id)
    shop.later(60)
    promos = [message for message in shop.all("message") if message.get("sender.campaign")]
    gateway = {message["conversation"]: message["gateway_id"] for message in promos}
    ids = [gateway[shop.conversation(chat)["id"]] for chat in chats]
    shop.status_comes(chats[0], ids[0], "delivered", ids=ids[:3])
    shop.status_comes(chats[0], ids[0], "read")
    shop.status_comes(chats[3], ids[3], "failed", error={"code": "131049", "title": "not allowed"})
    assert shop.counts(id) == {"delivered": 2, "read": 1, "failed": 1}
    shop.writes(chats[0], "Mau!")
    shop.writes(chats[0], "Dua ya")
    shop.writes(chats[1], "STOP")
    shop.later(60)
    campaign = shop.get("campaign", id)
    assert (campaign["counts"]["replied"], campaign["counts"]["opted_out"]) == (1, 1)
    heard = [a for row in shop.journal() for a in row["actions"] if a["type"] == "campaigns.reply"]
    assert len(heard) == 2, "the second word of the same customer is no second answer"
    message = next(m for m in shop.messages(chats[0]) if m.get("sender.campaign"))
    assert message["sender.campaign"] == id and message["author"]["name"] == "Promo Maret"


def test_an_answer_long_after_is_none(make: Make) -> None:
    shop = make(reply_days=7)
    (dewi,) = shop.people(1)
    id = shop.campaign("Promo!")
    shop.does("start", id)
    shop.later(8 * 86400)
    shop.writes(dewi, "Mau!")
    assert "replied" not in shop.counts(id)


def test_opt_outs_and_blocks_count_until_the_last_moment(make: Make) -> None:
    shop = make(preset="normal", quiet_from="", reply_share=0)
    chats = shop.people(30)
    contacts = [shop.conversation(chat)["contact"] for chat in chats]
    shop.ask("contact.opt_out", contact=contacts[0], reason="asked")
    shop.ask("contact.block", contact=contacts[1])
    id = shop.campaign("Promo!")
    assert shop.get("campaign", id)["left_out"] == {"opted_out": 1, "blocked": 1}
    shop.does("start", id)
    shop.ask("contact.opt_out", contact=contacts[4], reason="a message of whom waits")
    shop.ask("contact.opt_out", contact=contacts[29], reason="it is not made yet")
    shop.ask("contact.block", contact=contacts[28])
    shop.later(2 * 86400)
    told = {m["conversation"] for _at, m in shop.calls}
    out = {shop.conversation(chats[n])["id"] for n in (0, 1, 4, 28, 29)}
    assert not told & out and len(told) == 25
    assert shop.get("campaign", id)["state"] == "done"
    assert shop.counts(id) == {"sent": 25, "left_out": 4, "cancelled": 1}


def test_it_begins_at_its_time(make: Make) -> None:
    shop = make()
    shop.people(2)
    id = shop.campaign("Promo!")
    assert shop.ask("campaigns.schedule", campaign=id, at="2020-01-01T00:00:00Z")["status"] == "refused"
    shop.does("schedule", id, at=times.add(shop.time, 3600))
    shop.later(3500)
    assert shop.calls == [] and shop.get("campaign", id)["state"] == "scheduled"
    shop.does("unschedule", id)
    shop.later(3600)
    assert shop.calls == []
    shop.does("schedule", id, at=times.add(shop.time, 60))
    shop.later(120)
    assert len(shop.calls) == 2 and shop.get("campaign", id)["state"] == "done"


def test_the_plan_is_what_happens(make: Make) -> None:
    """Though only some messages are made at a time, each leaves when the picture said."""
    free = {"quiet_from": "", "reply_share": 0, "warm_up": 0, "per_contact_hour": 0, "unanswered": 0}
    shop = make(preset="normal", **free)
    for chat in (f"62812{number:08}@c.us" for number in range(60)):
        shop.writes(chat, "Halo", origin="history", push_name="Bu Dewi" * (1 + int(chat[12]) % 3))
    id = shop.campaign("Halo {{name}}, ada promo untuk Anda!")
    people = sorted(shop.all("campaign_recipient"), key=lambda each: each["n"])
    planned = [
        {key: each[key] for key in ("length", "phone")} | {"stranger": each["new_here"]} for each in people
    ]
    begins = times.add(shop.time, 0.000002)
    account = shop.get("account", SHOP)
    told = forecast(shop.documents.connection, shop.documents, account, {}, planned, begins)
    shop.does("start", id)
    shop.later(86400)
    assert len(shop.calls) == 60 and told["preset"] == "normal"
    apart = [
        abs(times.seconds_between(plan, call[0]))
        for plan, call in zip(told["times"], shop.calls, strict=True)
    ]
    assert max(apart) < 0.05


def test_a_number_that_was_removed_pauses_it(make: Make) -> None:
    shop = make(preset="normal", quiet_from="", reply_share=0)
    shop.people(40)
    id = shop.campaign("Promo!")
    shop.does("start", id)
    shop.ask("account.remove", account=SHOP)
    shop.later(3600)
    campaign = shop.get("campaign", id)
    assert (campaign["state"], campaign["trouble"]) == ("paused", "number_removed")


def test_two_who_became_one_are_told_once(make: Make) -> None:
    shop = make(preset="normal", quiet_from="", reply_share=0, new_per_day=0)
    shop.people(25)
    for number in (1, 2):
        shop.ask("contacts.create", phone=f"+6281390000{number:03}", name="Sari")
    sari, other = (c["id"] for c in shop.all("contact") if c["name"] == "Sari")
    id = shop.campaign("Promo!")
    shop.does("change", id, strangers=True)
    shop.does("start", id)
    shop.ask("contacts.merge", contact=other, into=sari)
    shop.later(86400)
    told = [shop.get("conversation", message["conversation"])["contact"] for _at, message in shop.calls]
    assert told.count(sari) == 1
    assert shop.get("campaign", id)["left_out"] == {"twice": 1}


def test_a_failed_message_is_tried_again_by_a_person(make: Make) -> None:
    shop = make()
    (dewi,) = shop.people(1)
    id = shop.campaign("Promo!")
    shop.outcome = {"outcome": "refused", "code": 400, "reason": "no"}
    shop.does("start", id)
    shop.later(10)
    assert shop.counts(id) == {"failed": 1} and shop.get("campaign", id)["state"] == "done"
    message = next(m for m in shop.messages(dewi) if m.get("sender.campaign"))
    shop.outcome = {"outcome": "sent"}
    shop.ask("message.retry", message=message["id"])
    shop.later(10)
    assert shop.counts(id) == {"sent": 1}
