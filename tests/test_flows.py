"""A bot in a shop: published flows answer customers, and give way to people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from engine.events import event
from engine.plugins import load
from plugins.flowbuilder import schemas
from tests.day import Day
from tests.test_flows_running import SHOP, flow
from tests.test_identity import LID
from tests.world import ANDI, DEWI, peer_of
from tests.world import SHOP as NUMBER

ASK = {"id": "q", "kind": "ask", "text": "Kota?", "field": "kota", "to": {"next": "p"}, "timeout": 30}
PERSON = {"id": "p", "kind": "hand_over", "text": "Sebentar ya", "note": "{{kota}}"}


def published(shop: Day, definition: dict[str, Any], by: str | None = None) -> str:
    """Save and publish a flow; return its id."""
    saved = shop.ask("flowbuilder.save", by=by, definition=definition)
    assert saved["status"] == "done", saved
    done = shop.ask("flowbuilder.publish", by=by, flow=saved["result"]["flow"])
    assert done["status"] == "done", done
    return str(done["result"]["flow"])


def bot_said(shop: Day, chat: str) -> list[str]:
    """Return what the customer reads of the bot: the texts, and below them the buttons in brackets."""
    return [on_the_phone(m) for m in shop.messages(chat) if m["author"]["kind"] == "bot"]


def on_the_phone(message: dict[str, Any]) -> str:
    buttons = " ".join(f"[{button['title']}]" for button in message.get("buttons", ()))
    return f"{message['text']}\n{buttons}" if buttons else str(message["text"])


def session(shop: Day, chat: str) -> dict[str, Any] | None:
    found: Any = shop.documents.table("flow_session").get(doc_id=shop.conversation(chat)["id"])
    return found  # type: ignore[no-any-return]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Day]:
    """A shop on a Monday morning, whose clock goes on only when told."""
    day = Day(tmp_path / "w" / "main", load())
    day.with_shop()
    yield day
    day.close()


def test_a_customer_is_answered_and_nobody_is_disturbed(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "halo", push_name="Dewi")
    assert bot_said(shop, DEWI) == ["Halo Dewi, mau apa?\n[Harga] [Lokasi]"]
    assert shop.conversation(DEWI)["handler"] == "bot"
    shop.writes(DEWI, "2")
    assert bot_said(shop, DEWI)[1:] == ["Jl. Melati 5, Bogor.", "Halo Dewi, mau apa?\n[Harga] [Lokasi]"]
    assert all(m["lane"] == "automatic" for m in shop.messages(DEWI) if m["direction"] == "out")


def test_each_message_says_why_it_is_there(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "halo")
    shop.writes(DEWI, "1")
    whys = [m["why"] for m in shop.messages(DEWI) if m["author"]["kind"] == "bot"]
    assert whys[0] == "flow “Menu toko v1”: the text is “halo”; node “menu”"
    assert whys[1] == "flow “Menu toko v1”, node “menu”: the answer “1”; node “harga”"


def test_what_no_flow_fits_waits_for_a_person(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "apa kabar")
    assert bot_said(shop, DEWI) == []
    assert shop.conversation(DEWI)["handler"] == "queue"
    shop.writes(DEWI, "menu")
    assert len(bot_said(shop, DEWI)) == 1


def test_a_hand_over_calls_a_person_and_the_bot_is_silent_from_then_on(shop: Day):
    published(shop, flow(ASK, PERSON))
    shop.writes(DEWI, "halo")
    shop.writes(DEWI, "Bogor")
    shop.later(3)
    assert bot_said(shop, DEWI) == ["Kota?", "Sebentar ya"]
    conversation = shop.conversation(DEWI)
    assert (conversation["handler"], conversation["status"]) == ("queue", "open")
    shop.writes(DEWI, "halo")
    assert len(bot_said(shop, DEWI)) == 2
    shop.ask("conversation.resolve", conversation=conversation["id"])
    shop.writes(DEWI, "halo")
    assert bot_said(shop, DEWI)[2:] == ["Kota?"]


def test_several_short_messages_are_answered_once(shop: Day):
    published(shop, flow(ASK, PERSON))
    shop.writes(DEWI, "halo")
    shop.writes(DEWI, "saya di")
    shop.writes(DEWI, "Bogor")
    assert bot_said(shop, DEWI) == ["Kota?"]
    shop.later(3)
    assert bot_said(shop, DEWI) == ["Kota?", "Sebentar ya"]
    (told,) = [
        row for row in shop.journal() if any(a["type"] == "conversation.hand_over" for a in row["actions"])
    ]
    assert told["event"]["type"] == "timer.fired"
    move = next(a for a in told["actions"] if a["type"] == "flowbuilder.move")
    assert move["data"]["step"]["do"][-1]["note"] == "saya di\nBogor"


@pytest.mark.parametrize("way", ["answer", "phone", "assign"])
def test_a_bot_never_talks_over_a_person(shop: Day, way: str):
    published(shop, flow({**ASK, "to": {"next": "p", "timeout": "p"}}, PERSON))
    sari = shop.agent("Sari")
    shop.writes(DEWI, "halo")
    conversation = shop.conversation(DEWI)["id"]
    if way == "answer":
        shop.answers(DEWI, "Halo, dengan Sari", by=sari)
    elif way == "phone":
        shop.echo_comes(DEWI, "Halo", "3EBPHONE")
        shop.later(121)  # until then it may be the echo of the bot's own message
    else:
        shop.ask("conversation.assign", by=sari, conversation=conversation, agent=sari)
    shop.writes(DEWI, "Bogor")
    shop.later(7200)
    assert bot_said(shop, DEWI) == ["Kota?"]
    assert (session(shop, DEWI) or {})["state"] == "paused"
    done = shop.ask("flowbuilder.resume", by=sari, conversation=conversation)
    assert done["status"] == "done" and bot_said(shop, DEWI) == ["Kota?", "Kota?"]
    assert shop.conversation(DEWI)["handler"] == "bot"


def test_a_resolved_conversation_has_no_flow(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "halo")
    shop.ask("conversation.resolve", conversation=shop.conversation(DEWI)["id"])
    assert session(shop, DEWI) is None and shop.conversation(DEWI)["handler"] == "nobody"
    assert not [t for t in shop.all("timer") if t["plugin"] == "flowbuilder"]


def test_a_question_without_an_answer_times_out_and_an_expired_session_is_resolved(shop: Day):
    published(
        shop,
        flow(
            {**ASK, "to": {"next": "p", "timeout": "late"}},
            PERSON,
            {"id": "late", "kind": "end", "text": "Sampai nanti"},
        ),
    )
    shop.writes(DEWI, "halo")
    shop.later(1800)
    assert bot_said(shop, DEWI) == ["Kota?", "Sampai nanti"]
    assert shop.conversation(DEWI)["status"] == "resolved" and session(shop, DEWI) is None


def test_sessions_finish_on_the_version_in_which_they_began(shop: Day):
    id = published(shop, flow(ASK, PERSON))
    shop.writes(DEWI, "halo")
    changed = flow(ASK, {**PERSON, "text": "Versi dua"})
    shop.ask("flowbuilder.save", flow=id, definition=changed, rev=1)
    shop.ask("flowbuilder.publish", flow=id)
    shop.writes(ANDI, "halo")
    for chat in (DEWI, ANDI):
        shop.writes(chat, "agen-agen Bogor")
    shop.later(3)
    assert bot_said(shop, DEWI)[-1] == "Sebentar ya" and bot_said(shop, ANDI)[-1] == "Versi dua"


def test_rolling_back_is_a_new_version_of_the_old_words(shop: Day):
    id = published(shop, SHOP)
    other = {**SHOP, "nodes": [{**SHOP["nodes"][0], "text": "Baru"}, *SHOP["nodes"][1:]]}
    shop.ask("flowbuilder.save", flow=id, definition=other)
    shop.ask("flowbuilder.publish", flow=id)
    done = shop.ask("flowbuilder.roll_back", flow=id, number=1)
    assert done["result"]["number"] == 3
    shop.writes(DEWI, "halo")
    assert "mau apa" in bot_said(shop, DEWI)[0]


def test_two_who_edit_one_draft_are_told(shop: Day):
    id = shop.ask("flowbuilder.save", definition=SHOP)["result"]["flow"]
    assert shop.ask("flowbuilder.save", flow=id, definition=SHOP, rev=1)["status"] == "done"
    refused = shop.ask("flowbuilder.save", flow=id, definition=SHOP, rev=1)
    assert (refused["status"], refused["reason"]) == (
        "refused",
        "somebody else has changed this flow meanwhile",
    )
    assert shop.ask("flowbuilder.save", definition=SHOP)["reason"] == "there is a flow 'Menu toko' already"


def test_a_flow_with_errors_is_kept_as_a_draft_and_not_published(shop: Day):
    saved = shop.ask("flowbuilder.save", definition={"name": "Setengah", "nodes": []})
    done = shop.ask("flowbuilder.publish", flow=saved["result"]["flow"])
    assert done["status"] == "refused" and "the flow has errors" in done["reason"]


def test_a_flow_that_is_off_begins_nothing_and_finishes_what_runs(shop: Day):
    id = published(shop, SHOP)
    shop.writes(DEWI, "halo")
    shop.ask("flowbuilder.switch", flow=id, enabled=False)
    shop.writes(ANDI, "halo")
    shop.writes(DEWI, "1")
    assert bot_said(shop, ANDI) == [] and "Mulai Rp 50.000." in bot_said(shop, DEWI)


def test_other_triggers_first_message_hours_and_labels(shop: Day):
    shop.ask("plugin.set", plugin="flowbuilder", settings={"hours": "Mon 00:00-00:01"})
    closed = flow(
        {"id": "e", "kind": "end", "text": "Tutup", "then": "queue"}, triggers=[{"on": "out_of_hours"}]
    )
    published(shop, {**closed, "name": "Tutup"})
    vip = flow(
        {"id": "e", "kind": "end", "text": "Halo VIP", "then": "queue"},
        triggers=[{"on": "label_added", "label": "VIP"}],
    )
    published(shop, {**vip, "name": "VIP"})
    shop.later(3600)
    shop.writes(DEWI, "apa kabar")
    assert bot_said(shop, DEWI) == ["Tutup"]
    conversation = shop.conversation(DEWI)
    shop.ask("conversation.resolve", conversation=conversation["id"])
    shop.ask("conversation.reopen", conversation=conversation["id"])
    shop.ask("labels.add", conversation=conversation["id"], label=shop.label("VIP"))
    assert bot_said(shop, DEWI)[1:] == ["Halo VIP"]


def test_labels_are_put_on_by_name_and_a_missing_one_is_told(shop: Day):
    vip = shop.label("VIP")
    published(
        shop, flow({"id": "l", "kind": "label", "add": ["vip", "nix"], "to": {"next": "q"}}, ASK, PERSON)
    )
    shop.writes(DEWI, "halo")
    assert shop.conversation(DEWI)["labels"] == [vip]
    refused = [
        a
        for row in shop.journal()
        for a in row["actions"]
        if a["type"] == "labels.add" and a["status"] == "refused"
    ]
    assert refused[0]["reason"] == "there is no label 'nix'"


def test_an_agent_begins_a_flow_by_hand(shop: Day):
    id = published(shop, {**flow(ASK, PERSON), "triggers": [{"on": "click"}]})
    sari = shop.agent("Sari")
    shop.writes(DEWI, "halo")
    conversation = shop.conversation(DEWI)["id"]
    shop.ask("conversation.take", by=sari, conversation=conversation)
    done = shop.ask("flowbuilder.start", by=sari, conversation=conversation, flow=id)
    assert done["status"] == "done" and bot_said(shop, DEWI) == ["Kota?"]
    assert shop.ask("flowbuilder.start", by=sari, conversation=conversation, flow=id)["status"] == "refused"
    shop.ask("flowbuilder.stop", by=sari, conversation=conversation)
    assert shop.conversation(DEWI)["handler"] == "queue" and session(shop, DEWI) is None


def test_a_service_is_called_by_a_job_and_its_answer_goes_on(shop: Day):
    http = {"id": "h", "kind": "http", "url": "https://toko.example/o", "save": {"state": "state"},
            "to": {"next": "ok"}}  # fmt: skip
    published(shop, flow(http, {"id": "ok", "kind": "end", "text": "Status: {{state}}"}))
    shop.writes(DEWI, "halo")
    (job,) = [j for j in shop.all("job") if j["name"] == "flowbuilder.http"]
    assert job["args"]["url"] == "https://toko.example/o"
    result = {"ok": True, "values": {"state": "dikirim"}}
    shop.submit(event("job.finished", job["id"], {"job": job["id"], "result": result}, origin="job"))
    assert bot_said(shop, DEWI) == ["Status: dikirim"]


def test_what_happened_is_counted_per_node_and_version(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "halo")
    shop.writes(DEWI, "apa saja")
    shop.later(3)
    shop.writes(DEWI, "1")
    stats = {s["node"]: s for s in shop.all("flow_stat")}
    assert (stats["menu"]["visits"], stats["menu"]["misses"], stats["menu"]["answers"]) == (2, 1, 1)
    assert (stats[""]["started"], stats["harga"]["visits"]) == (1, 1)
    assert [m["text"] for m in shop.all("flow_miss")] == ["apa saja"]


def test_switched_off_nothing_answers_and_switched_on_it_goes_on(shop: Day):
    published(shop, SHOP)
    shop.writes(DEWI, "halo")
    shop.ask("plugin.set", plugin="flowbuilder", enabled=False)
    shop.writes(DEWI, "1")
    assert len(bot_said(shop, DEWI)) == 1
    shop.ask("plugin.set", plugin="flowbuilder", enabled=True)
    shop.writes(DEWI, "1")
    assert len(bot_said(shop, DEWI)) == 3


def test_the_flow_goes_on_where_a_hidden_number_shows_itself(shop: Day):
    published(shop, flow(ASK, PERSON))
    shop.writes(DEWI, "apa kabar", push_name="Dewi")
    shop.ask("conversation.resolve", conversation=shop.conversation(DEWI)["id"])
    shop.writes(LID, "halo", lid=LID)
    assert session(shop, LID)
    shop.submit(event("identity.linked", "l1", {"peer": peer_of(DEWI, lid=LID)}, account=NUMBER))
    assert [s["conversation"] for s in shop.all("flow_session")] == [shop.conversation(DEWI)["id"]]
    shop.writes(DEWI, "Bogor")
    shop.later(3)
    assert bot_said(shop, DEWI)[-1] == "Sebentar ya" and shop.all("flow_session") == []


def test_a_flow_is_ended_by_the_id_that_its_conversation_had_before(shop: Day):
    published(shop, flow(ASK, PERSON))
    shop.writes(DEWI, "apa kabar")
    shop.ask("conversation.resolve", conversation=shop.conversation(DEWI)["id"])
    shop.writes(LID, "halo", lid=LID)
    gone = shop.conversation(LID)["id"]
    shop.submit(event("identity.linked", "l1", {"peer": peer_of(DEWI, lid=LID)}, account=NUMBER))
    assert session(shop, DEWI) and shop.conversation(DEWI)["id"] != gone
    assert shop.ask("flowbuilder.stop", by=shop.agent("Sari"), conversation=gone)["status"] == "done"
    assert session(shop, DEWI) is None
    refused = shop.ask("flowbuilder.stop", conversation="nobody")
    assert (refused["status"], refused["reason"]) == ("refused", "there is no conversation 'nobody'")


@pytest.mark.parametrize(
    "wrong", [{"rev": "1"}, {"rev": True}, {"step": []}, {"conversation": 1}, {"more": 1}]
)
def test_a_move_that_is_none_is_refused(wrong: dict[str, Any]):
    right = {"conversation": "c", "rev": 0, "session": None, "step": {}}
    assert schemas.Move().load(right) == right
    with pytest.raises(ValidationError):
        schemas.Move().load({**right, **wrong})
