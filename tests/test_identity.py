"""One person, several ids: LIDs that show their number, names by source, address books."""

from pathlib import Path
from typing import Any

import pytest

from engine import e164, times
from engine.documents import where
from engine.events import event
from engine.explain import explain
from tests.world import ANDI, DEWI, SHOP, World, peer_of

LID = "98765432101234@lid"


def linked(shop: World, lid: str, chat: str, key: str = "l1") -> None:
    shop.submit(event("identity.linked", key, {"peer": peer_of(chat, lid=lid)}, account=SHOP))


def book(shop: World, key: str, *people: dict[str, Any], account: str = SHOP) -> dict[str, Any]:
    return shop.submit(event("contact.book", key, {"contacts": list(people)}, account=account))[0]


def named(chat: str, name: str | None, **more: Any) -> dict[str, Any]:
    return peer_of(chat, book_name=name, **more)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("0812-0000-1123", "ID", "+6281200001123"),
        ("+62 812 0000 1123", "ID", "+6281200001123"),
        ("6281200001123", "ID", "+6281200001123"),
        ("81200001123", "ID", "+6281200001123"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("+65 9123 4567", "ID", "+6591234567"),
    ],
)
def test_a_number_is_read_as_it_is_written_where_the_shop_is(text: str, region: str, number: str) -> None:
    assert e164(text, region) == number


@pytest.mark.parametrize("text", ["", "halo", "0812", "+1", "0812x0000y1123"])
def test_what_is_no_number_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is not a phone number"):
        e164(text, "ID")


def test_a_lid_that_shows_its_number_joins_the_contact_who_has_it_with_the_whole_talk(shop: World) -> None:
    rina, angry, rush = shop.agent("Rina"), shop.label("Keluhan"), shop.label("Segera")
    shop.writes(LID, "halo dari LID", lid=LID, push_name="dewi_l")
    hidden = shop.conversation(LID)
    shop.ask("labels.add", conversation=hidden["id"], label=rush)
    shop.writes(DEWI, "halo dari nomor", push_name="Dewi")
    shop.writes(DEWI, "barang rusak")
    shown = shop.conversation(DEWI)
    shop.ask("conversation.take", by=rina, conversation=shown["id"])
    shop.ask("labels.add", conversation=shown["id"], label=angry)
    shop.ask("contact.update", contact=hidden["contact"], name="Bu Dewi")
    linked(shop, LID, DEWI)
    one = shop.conversation(DEWI)
    assert len(shop.all("conversation")) == len(shop.all("contact")) == 1
    assert one["id"] == shown["id"] and one["unread"] == 3 and one["assignee"] == rina
    assert one["labels"] == [angry, rush]
    assert [m["text"] for m in sorted(shop.messages(DEWI), key=lambda m: m["at"])] == [
        "halo dari LID",
        "halo dari nomor",
        "barang rusak",
    ]
    contact = shop.get("contact", one["contact"])
    assert contact["names"] == {"agent": "Bu Dewi", "profile": "Dewi"} and contact["name"] == "Bu Dewi"
    assert set(contact["aliases"]) == {DEWI, LID} and contact["phone"] == "+6281300004521"
    assert shop.get("merged", hidden["id"])["into"] == one["id"]
    assert shop.get("merged", hidden["contact"])["into"] == contact["id"]


def test_what_led_to_the_one_talk_is_told_of_both(shop: World) -> None:
    shop.writes(LID, "halo dari LID", lid=LID)
    shop.writes(DEWI, "halo dari nomor")
    linked(shop, LID, DEWI)
    found = explain(shop.documents, shop.documents.connection, shop.conversation(DEWI)["id"])
    assert [step["said"] for step in found["steps"]] == ["halo dari LID", "halo dari nomor", None]


def test_a_message_that_names_both_ids_joins_them_too_and_goes_into_the_one_talk(shop: World) -> None:
    shop.writes(LID, "satu", lid=LID)
    shop.writes(DEWI, "dua")
    shop.writes(DEWI, "tiga", lid=LID)
    shop.writes(LID, "empat")
    assert len(shop.all("conversation")) == 1
    assert sorted(m["text"] for m in shop.messages(DEWI)) == ["dua", "empat", "satu", "tiga"]


def test_a_lid_alone_gets_its_number_and_keeps_its_talk(shop: World) -> None:
    shop.writes(LID, "halo", lid=LID)
    before = shop.conversation(LID)
    linked(shop, LID, DEWI)
    assert shop.conversation(DEWI)["id"] == before["id"]
    assert shop.get("contact", before["contact"])["phone"] == "+6281300004521"
    assert shop.all("merged") == []


def test_an_open_talk_wins_over_a_resolved_one_whichever_stays(shop: World) -> None:
    rina, budi = shop.agent("Rina"), shop.agent("Budi")
    shop.writes(DEWI, "lama")
    shown = shop.conversation(DEWI)["id"]
    shop.ask("conversation.take", by=budi, conversation=shown)
    shop.ask("conversation.resolve", by=budi, conversation=shown)
    shop.writes(LID, "baru", lid=LID)
    shop.ask("conversation.take", by=rina, conversation=shop.conversation(LID)["id"])
    linked(shop, LID, DEWI)
    one = shop.conversation(DEWI)
    assert (one["id"], one["status"], one["assignee"]) == (shown, "open", rina)
    assert one["unread"] == 1 and one["last_message"]["text"] == "baru"


def test_a_snoozed_talk_is_woken_though_it_was_joined_into_a_resolved_one(shop: World) -> None:
    rina = shop.agent("Rina")
    shop.writes(DEWI, "lama")
    shop.ask("conversation.resolve", by=rina, conversation=shop.conversation(DEWI)["id"])
    shop.writes(LID, "baru", lid=LID)
    hidden = shop.conversation(LID)["id"]
    shop.ask("conversation.snooze", by=rina, conversation=hidden, until=times.add(times.now(), 3600))
    linked(shop, LID, DEWI)
    (timer,) = shop.all("timer")
    assert timer["data"] == {"conversation": shop.conversation(DEWI)["id"]}
    assert shop.conversation(DEWI)["status"] == "snoozed"


def test_a_person_with_two_numbers_has_a_talk_with_each(shop: World) -> None:
    """A message to the second number never goes into the talk with the first."""
    shop.writes(DEWI, "dari nomor satu")
    contact = shop.conversation(DEWI)["contact"]
    aliases = [DEWI, ANDI]
    shop.ask("contacts.add_number", contact=contact, phone="0812 0000 1123")
    assert shop.get("contact", contact)["aliases"] == aliases
    shop.writes(ANDI, "dari nomor dua")
    assert shop.conversation(ANDI)["id"] != shop.conversation(DEWI)["id"]
    assert shop.conversation(ANDI)["contact"] == contact


def test_names_go_by_their_source_and_a_later_profile_never_hides_a_better_one(shop: World) -> None:
    shop.writes(DEWI, "halo", push_name="dewi 🌸")
    id = shop.conversation(DEWI)["contact"]
    assert shop.get("contact", id)["name"] == "dewi 🌸"
    book(shop, "b1", named(DEWI, "Dewi Toko Melati"))
    assert shop.get("contact", id)["name"] == "Dewi Toko Melati"
    shop.writes(DEWI, "lagi", push_name="dewi baru")
    assert shop.get("contact", id)["name"] == "Dewi Toko Melati"
    shop.ask("contact.update", contact=id, name="Bu Dewi")
    book(shop, "b2", named(DEWI, "Dewi Lestari"))
    assert shop.get("contact", id)["name"] == "Bu Dewi"
    shop.ask("contact.update", contact=id, name=None)
    assert shop.get("contact", id)["name"] == "Dewi Lestari"
    book(shop, "b3", named(DEWI, None))
    assert shop.get("contact", id)["name"] == "dewi baru"


def test_a_book_makes_contacts_of_whom_it_names_and_leaves_no_trace_of_what_is_known(shop: World) -> None:
    book(shop, "b1", named(DEWI, "Dewi"), named(ANDI, None, push_name="andi"))
    assert [c["name"] for c in shop.all("contact")] == ["Dewi"]
    book(shop, "b2", named(DEWI, "Dewi"))
    assert shop.journal()[-1]["changes"] == []


def test_two_phones_may_call_a_person_differently(shop: World) -> None:
    shop.ask("account.put", name="cabang", gateway="simulator")
    book(shop, "b1", named(DEWI, "Dewi Pusat"))
    book(shop, "b2", named(DEWI, "Dewi Cabang"), account="cabang")
    (contact,) = shop.all("contact")
    assert contact["name"] == "Dewi Cabang" and len(contact["books"]) == 2
    book(shop, "b3", named(DEWI, None), account="cabang")
    assert shop.all("contact")[0]["name"] == "Dewi Pusat"


def test_nothing_of_a_joined_contact_is_left_once_it_is_erased(shop: World) -> None:
    from tests.test_erase import all_well, erase, traces

    shop.writes(LID, "rahasia dari LID", lid=LID, push_name="dewi_l")
    shop.writes(DEWI, "halo dari nomor", push_name="Dewi Lestari")
    linked(shop, LID, DEWI)
    erase(shop)
    words = ("98765432101234", "6281300004521", "rahasia dari LID", "dewi_l", "Dewi Lestari")
    assert traces(shop.workspace.folder, words) == {}
    assert all_well(shop) == [] and shop.all("merged") == []


def test_who_writes_first_has_the_talk_and_nobody_is_routed(shop: World) -> None:
    rina = shop.agent("Rina")
    book(shop, "b1", named(DEWI, "Dewi"))
    (contact,) = shop.all("contact")
    done = shop.ask("conversation.start", by=rina, contact=contact["id"], account=SHOP, text="Halo Bu Dewi")
    assert done["status"] == "done", done
    one = shop.conversation(DEWI)
    assert (one["assignee"], one["handler"], one["contact"]) == (rina, "agent", contact["id"])
    again = shop.ask("conversation.start", by=rina, contact=contact["id"], account=SHOP, text="Lagi")
    assert again["result"]["conversation"] == one["id"]
    assert shop.documents.table("message").count(where("conversation") == one["id"]) == 2


def test_documents_of_plugins_follow(tmp_path: Path) -> None:
    import types

    from engine import Collection, plugins
    from engine.plugins import Plugin, Registry

    module = types.ModuleType("test_memo")
    module.COLLECTIONS = (Collection("memo", owner="memo"),)  # type: ignore[attr-defined]
    memo = Plugin("memo", module=module)
    shop = World(tmp_path / "w" / "main", Registry([*plugins.load().plugins.values(), memo])).with_shop()
    shop.writes(LID, "halo", lid=LID)
    shop.writes(DEWI, "halo")
    old, new = shop.conversation(LID), shop.conversation(DEWI)
    kept = {"id": "m1", "conversation": old["id"], "contact": old["contact"], "text": "suka biru"}
    shop.submit(event("settings.changed", "1", {"documents": {"memo": [kept]}}, origin="system"))
    linked(shop, LID, DEWI)
    assert shop.get("memo", "m1") == {**kept, "conversation": new["id"], "contact": new["contact"]}
    shop.close()


def test_what_led_to_a_contact_can_be_explained(shop: World) -> None:
    rina = shop.agent("Rina")
    shop.writes(DEWI, "halo", push_name="dewi")
    contact = shop.conversation(DEWI)["contact"]
    shop.ask("contact.update", by=rina, contact=contact, name="Bu Dewi")
    found = explain(shop.documents, shop.documents.connection, contact)
    assert (found["kind"], found["contact"]["name"]) == ("contact", "Bu Dewi")
    first, last = found["steps"]
    assert first["changes"][0]["new"] and last["actions"][0]["type"] == "contact.update"


def test_notes_on_a_hidden_numbers_talk_are_on_the_one_talk(shop: World) -> None:
    rina = shop.agent("Rina")
    shop.writes(LID, "halo", lid=LID)
    shop.writes(DEWI, "halo")
    noted = shop.ask("notes.add", by=rina, conversation=shop.conversation(LID)["id"], text="suka warna biru")
    assert noted["status"] == "done", noted
    linked(shop, LID, DEWI)
    assert [note["conversation"] for note in shop.all("note")] == [shop.conversation(DEWI)["id"]]
