"""A customer writes: one contact, one conversation, one message, whatever the gateway does."""

from engine.events import event
from tests.world import ANDI, DEWI, SHOP, World, peer_of, written


def test_a_message_makes_contact_conversation_and_message(shop: World) -> None:
    shop.writes(DEWI, "Halo kak, masih ada?", push_name="dewi 🌸")
    conversation = shop.conversation(DEWI)
    assert (conversation["status"], conversation["handler"], conversation["unread"]) == ("open", "queue", 1)
    assert conversation["last_message"]["text"] == "Halo kak, masih ada?"
    contact = shop.get("contact", conversation["contact"])
    assert (contact["name"], contact["phone"]) == ("dewi 🌸", "+6281300004521")
    assert [m["text"] for m in shop.messages(DEWI)] == ["Halo kak, masih ada?"]


def test_the_same_event_twice_is_one_message_and_answers_the_same(shop: World) -> None:
    first = shop.writes(DEWI, "Halo", id="A1")
    again = shop.writes(DEWI, "Halo", id="A1")
    assert (again["seq"], again["duplicate"]) == (first["seq"], True)
    assert len(shop.messages(DEWI)) == 1
    assert shop.conversation(DEWI)["unread"] == 1


def test_an_album_from_a_new_customer_is_one_conversation(shop: World) -> None:
    album = [written(DEWI, f"foto {n}", f"AL{n}") for n in range(10)]
    futures = [shop.workspace.submit([picture]) for picture in album]
    assert all(f.result(10) for f in futures)
    assert len(shop.messages(DEWI)) == 10
    assert len(shop.all("contact")) == 1


def test_the_same_message_by_lid_and_by_phone_is_one(shop: World) -> None:
    lid = "99887766@lid"
    shop.writes(DEWI, "Halo", id="A1", lid=lid)
    result = shop.writes(lid, "Halo", id="A1")
    assert result["duplicate"]
    shop.writes(lid, "Masih ada?", id="A2")
    assert [m["text"] for m in shop.messages(DEWI)] == ["Halo", "Masih ada?"]
    assert len(shop.all("contact")) == len(shop.all("conversation")) == 1


def test_a_lid_that_shows_its_number_later_keeps_its_conversation(shop: World) -> None:
    lid = "99887766@lid"
    shop.writes(lid, "Halo", push_name="Dewi")
    shop.writes(DEWI, "Ini saya", lid=lid)
    assert len(shop.messages(DEWI)) == 2
    (contact,) = shop.all("contact")
    assert contact["phone"] == "+6281300004521"


def test_a_pushed_name_never_replaces_a_better_one(shop: World) -> None:
    shop.writes(DEWI, "Halo", push_name="dewi 🌸")
    contact = shop.conversation(DEWI)["contact"]
    shop.ask("contact.update", contact=contact, name="Dewi Wulandari")
    shop.writes(DEWI, "Halo lagi", push_name="dewi ✨")
    assert shop.get("contact", contact)["name"] == "Dewi Wulandari"
    assert shop.get("contact", contact)["names"]["profile"] == "dewi ✨"


def test_groups_and_broadcasts_leave_no_trace_but_a_counter(shop: World) -> None:
    for chat, kind in (
        ("1203@g.us", "group"),
        ("status@broadcast", "broadcast"),
        ("1@newsletter", "newsletter"),
    ):
        data = {"message": {"id": "G", "kind": "text", "text": "x"}, "peer": peer_of(chat) | {"kind": kind}}
        result = shop.submit(event("message.received", f"{chat}/G", data, account=SHOP))[0]
        assert result["dropped"] and result["seq"] is None
    assert shop.all("conversation") == []
    assert shop.workspace.pipeline.dropped == 3


def test_history_is_stored_but_neither_unread_nor_reopening(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    conversation = shop.conversation(DEWI)["id"]
    shop.ask("conversation.resolve", conversation=conversation)
    shop.writes(DEWI, "dulu", origin="history")
    after = shop.conversation(DEWI)
    assert (after["status"], after["unread"]) == ("resolved", 0)
    assert len(shop.messages(DEWI)) == 2


def test_a_live_message_reopens_a_resolved_conversation_into_the_queue(shop: World) -> None:
    sari = shop.agent("Sari")
    shop.writes(DEWI, "Halo")
    conversation = shop.conversation(DEWI)["id"]
    shop.ask("conversation.take", by=sari, conversation=conversation)
    shop.ask("conversation.resolve", by=sari, conversation=conversation)
    assert shop.conversation(DEWI)["assignee"] == sari
    shop.writes(DEWI, "Satu lagi")
    after = shop.conversation(DEWI)
    assert (after["status"], after["handler"], after["assignee"], after["episode"]) == (
        "open",
        "queue",
        None,
        2,
    )


def test_a_fact_that_cannot_be_recorded_goes_to_quarantine(shop: World) -> None:
    broken = event(
        "message.received", "x/1", {"message": {"id": "1", "kind": "text"}, "peer": {"kind": "user"}}
    )
    result = shop.submit(broken, raw={"gateway": "waha", "account": SHOP, "body": b'{"odd": 1}'})[0]
    assert "error" in result
    (row,) = shop.documents.connection.execute("SELECT reason FROM raw WHERE reason IS NOT NULL").fetchall()
    assert "KeyError" in row[0]
    shop.writes(ANDI, "yang lain tetap masuk")
    assert len(shop.messages(ANDI)) == 1


def test_an_edit_a_reaction_and_a_deletion_reach_their_message(shop: World) -> None:
    shop.writes(DEWI, "Jl. Melati 8", id="M1")
    edit = {"target_id": "M1", "text": "Jl. Melati 9", "peer": peer_of(DEWI)}
    shop.submit(event("message.edited", "E1", edit, account=SHOP))
    shop.submit(event("message.reaction", "R1", {"target_id": "M1", "emoji": "👍", "by": "me"}, account=SHOP))
    shop.submit(event("message.deleted", "D1", {"target_id": "M1", "peer": peer_of(DEWI)}, account=SHOP))
    (message,) = shop.messages(DEWI)
    assert (message["text"], message["reactions"]) == ("Jl. Melati 9", [{"by": "me", "emoji": "👍"}])
    assert message["edited_at"] and message["deleted_at"]
