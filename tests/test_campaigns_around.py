"""Campaigns among the rest: erasure, flows, what went wrong, and messages that are held."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.events import event
from tests.broadcasts import Broadcast
from tests.test_erase import traces
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


def test_who_is_erased_is_in_no_campaign_and_nowhere(make: Make) -> None:
    shop = make(preset="normal", quiet_from="", reply_share=0, new_per_day=0)
    made = shop.ask("campaigns.create", name="Promo", account=SHOP, texts=[{"text": "Kak {{name}}!"}])
    id = str(made["result"]["campaign"])
    people = [{"phone": f"+62813900{n:05}", "fields": {"name": f"Pembeli {n}"}} for n in range(30)]
    people[29]["fields"] = {"name": "Ratna Kusumawati"}
    shop.does("add_rows", id, rows=people, first=True)
    shop.does("change", id, strangers=True)
    shop.does("start", id)
    shop.later(60)
    shop.workspace.erase("+6281390000029").result(30)
    assert traces(shop.workspace.folder, ("Ratna Kusumawati", "81390000029")) == {}
    shop.later(2 * 86400)
    assert shop.get("campaign", id)["state"] == "done" and len(shop.calls) == 29


def test_an_answer_begins_a_flow_and_lands_in_the_inbox(make: Make) -> None:
    shop = make()
    dewi, andi = shop.people(2)
    for chat in (dewi, andi):
        shop.ask("conversation.resolve", conversation=shop.conversation(chat)["id"])
    id = shop.campaign("Promo!")
    node = {"id": "a", "kind": "ask", "text": "Terima kasih! Ukuran apa?", "field": "ukuran", "type": "text"}
    trigger = {"on": "campaign_reply", "campaign": id}
    flow = {"name": "Promo", "start": "a", "triggers": [trigger], "nodes": [node]}
    saved = shop.ask("flowbuilder.save", definition=flow)["result"]["flow"]
    assert shop.ask("flowbuilder.publish", flow=saved)["status"] == "done"
    shop.does("start", id)
    shop.later(60)
    assert {shop.conversation(chat)["status"] for chat in (dewi, andi)} == {"resolved"}
    shop.writes(dewi, "Mau!")
    shop.later(60)
    assert shop.texts[-1] == "Terima kasih! Ukuran apa?"
    assert [shop.conversation(chat)["status"] for chat in (dewi, andi)] == ["open", "resolved"]


def test_who_was_marked_and_not_written_to_is_written_to_after_all(make: Make) -> None:
    """As where what was to make the message failed: nobody is forgotten for that."""
    shop = make(preset="normal", quiet_from="", reply_share=0)
    chats = shop.people(30)
    id = shop.campaign("Promo!")
    shop.does("start", id)
    last = max(shop.all("campaign_recipient"), key=lambda each: each["n"])
    lost = {**last, "state": "queued", "queued_at": shop.time}
    shop.submit(event("settings.changed", "lost", {"documents": {"campaign_recipient": [lost]}}))
    shop.later(3 * 86400)
    assert shop.told() == dict.fromkeys(chats, 1) and shop.get("campaign", id)["state"] == "done"


def test_only_what_waits_and_nobody_wrote_can_be_held(make: Make) -> None:
    shop = make("Siap", preset="normal", quiet_from="")
    (dewi,) = shop.people(1)
    rina = shop.agent("Rina")
    (reply,) = [m for m in shop.messages(dewi) if m["direction"] == "out"]
    answered = shop.answers(dewi, "Sebentar", by=rina)
    wished = {message["id"]: held(shop, message["id"], "hold") for message in (reply, answered)}
    assert wished == {reply["id"]: "done", answered["id"]: "refused"}
    shop.later(400)
    assert shop.texts == ["Sebentar"]
    assert held(shop, reply["id"], "release") == "done"
    assert held(shop, reply["id"], "release") == "refused"
    shop.later(100)
    assert shop.texts == ["Sebentar", "Siap"]


def held(shop: Broadcast, message: str, verb: str) -> str:
    """Have a message held or released; return how that ended."""
    return str(shop.ask(f"sender.{verb}", message=message)["status"])
