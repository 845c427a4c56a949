"""Joining goes wrong now and then: what comes back to whom, and what is not joined at all."""

from typing import Any

from engine.events import event
from tests.test_contacts import contact_of, two
from tests.test_erase import all_well, erase, traces
from tests.test_identity import LID, linked, named
from tests.world import ANDI, DEWI, SHOP, World, peer_of


def merged(shop: World) -> tuple[str, str, str]:
    """Have Dewi's two contacts be one; return the merge and who was gone and who was kept."""
    old, new = two(shop)
    done = shop.ask("contacts.merge", contact=old["id"], into=new["id"])
    return done["result"]["merge"], old["id"], new["id"]


def test_who_opted_out_or_was_blocked_while_they_were_one_is_so_in_both(shop: World) -> None:
    merge, _, new = merged(shop)
    shop.ask("contact.opt_out", contact=new, reason="STOP", source="word")
    shop.ask("contact.block", contact=new, reason="spam")
    assert shop.ask("contacts.undo_merge", merge=merge)["status"] == "done"
    for chat in (DEWI, ANDI):
        assert contact_of(shop, chat)["opted_out"]["reason"] == "STOP"
        assert contact_of(shop, chat)["blocked"]["reason"] == "spam"


def test_a_note_in_the_talk_of_who_comes_back_is_theirs(shop: World) -> None:
    rina = shop.agent("Rina", "supervisor")
    merge, old, new = merged(shop)
    for chat in (DEWI, ANDI):
        shop.ask("notes.add", by=rina, conversation=shop.conversation(chat)["id"], text=f"tentang {chat}")
    shop.ask("contacts.undo_merge", merge=merge)
    noted = {note["text"]: note["contact"] for note in shop.all("note")}
    assert noted == {f"tentang {DEWI}": old, f"tentang {ANDI}": new}


def test_a_name_that_came_meanwhile_does_not_stay_with_the_wrong_one(shop: World) -> None:
    merge, _, _ = merged(shop)
    shop.writes(DEWI, "halo", push_name="dewi diganti")
    shop.submit(event("contact.upserted", "u1", {"peer": named(DEWI, "Dewi Buku")}, account=SHOP))
    shop.ask("contacts.undo_merge", merge=merge)
    assert contact_of(shop, ANDI)["name"] == "dewi baru" and not contact_of(shop, ANDI).get("books")
    shop.writes(DEWI, "halo lagi", push_name="dewi diganti")
    assert contact_of(shop, DEWI)["names"] == {"agent": "Bu Dewi", "profile": "dewi diganti"}


def test_a_hidden_number_that_is_somebody_elses_moves_alone(shop: World) -> None:
    """Budi got a number that Citra had before: neither gets the other's name or talks."""
    shop.writes(DEWI, "saya Budi", lid=LID, push_name="Budi")
    shop.writes(ANDI, "saya Citra", push_name="Citra")
    budi, citra = contact_of(shop, DEWI), contact_of(shop, ANDI)
    shop.ask("contact.update", contact=citra["id"], name="Bu Citra")
    shop.writes(ANDI, "nomor baru", lid=LID)
    assert contact_of(shop, DEWI) == {**budi, "aliases": [DEWI], "lids": {}}
    now = contact_of(shop, ANDI)
    assert (now["id"], now["name"], now["lids"]) == (citra["id"], "Bu Citra", {LID: ANDI})
    (pair,) = shop.all("contact_pair")
    assert pair["reasons"] == ["chat"] and {pair["contact"], pair["other"]} == {budi["id"], citra["id"]}
    assert shop.all("merged") == []


def test_a_wrong_merge_is_put_right_by_whose_the_hidden_number_is(shop: World) -> None:
    rina = shop.agent("Rina", "supervisor")
    shop.writes(LID, "rahasia", lid=LID)
    shop.writes(ANDI, "halo")
    shop.ask("notes.add", by=rina, conversation=shop.conversation(LID)["id"], text="suka biru")
    hidden, andi = contact_of(shop, LID)["id"], contact_of(shop, ANDI)["id"]
    shop.ask("contacts.merge", by=rina, contact=hidden, into=andi)
    shop.writes(DEWI, "saya Dewi")
    linked(shop, LID, DEWI)
    dewi = contact_of(shop, DEWI)
    assert dewi["id"] == contact_of(shop, LID)["id"] != andi == contact_of(shop, ANDI)["id"]
    assert sorted(m["text"] for m in shop.messages(DEWI)) == ["rahasia", "saya Dewi"]
    assert [note["contact"] for note in shop.all("note")] == [dewi["id"]]


def joined_by_itself(shop: World) -> dict[str, Any]:
    shop.writes(LID, "halo", lid=LID, push_name="dewi_l")
    shop.submit(event("contact.upserted", "u1", {"peer": named(DEWI, "Dewi Lestari")}, account=SHOP))
    linked(shop, LID, DEWI)
    (merge,) = shop.all("contact_merge")
    return dict(merge)


def test_what_the_engine_joined_is_explained_and_can_be_undone(shop: World) -> None:
    merge = joined_by_itself(shop)
    assert (merge["by"], merge["state"]) == (None, "done")
    assert merge["why"] == "the hidden number 98765432101234@lid is 6281300004521"
    talk = shop.conversation(DEWI)
    shop.ask("contacts.undo_merge", merge=merge["id"])
    first, second = contact_of(shop, LID), contact_of(shop, DEWI)
    assert (first["name"], second["name"]) == ("dewi_l", "Dewi Lestari")
    assert shop.conversation(LID)["id"] == talk["id"] and shop.conversation(LID)["contact"] == first["id"]


def test_nothing_of_what_was_before_is_left_once_they_are_erased(shop: World) -> None:
    joined_by_itself(shop)
    erase(shop)
    assert traces(shop.workspace.folder, ("98765432101234", "6281300004521", "dewi_l", "Lestari")) == {}
    assert all_well(shop) == [] and shop.all("contact_merge") == []


def test_nothing_is_left_either_of_who_was_joined_and_parted_again(shop: World) -> None:
    shop.ask("contacts.undo_merge", merge=joined_by_itself(shop)["id"])
    erase(shop, "+6281300004521")
    assert traces(shop.workspace.folder, ("6281300004521", "Lestari")) == {}
    assert contact_of(shop, LID)["name"] == "dewi_l" and all_well(shop) == []


def test_a_blocked_contact_stays_out_of_the_way_in_whichever_talk(shop: World) -> None:
    old, new = two(shop)
    shop.ask("contact.block", contact=old["id"], reason="spam")
    shop.ask("contacts.merge", contact=old["id"], into=new["id"])
    assert {c["status"] for c in shop.all("conversation")} == {"resolved"}
    assert {c["unread"] for c in shop.all("conversation")} == {0}


def test_what_names_somebody_by_an_id_of_before_reaches_who_it_is_now(shop: World) -> None:
    rina, rush = shop.agent("Rina", "supervisor"), shop.label("Segera")
    shop.writes(DEWI, "dari nomor")
    shop.writes(LID, "dari LID", lid=LID)
    talk, person = shop.conversation(LID)["id"], contact_of(shop, LID)["id"]
    linked(shop, LID, DEWI)
    asked = [
        shop.ask("labels.add", by=rina, conversation=talk, label=rush),
        shop.ask("notes.add", by=rina, conversation=talk, text="suka biru"),
        shop.ask("contacts.add_number", by=rina, contact=person, phone="+6281200001123"),
        shop.ask("contact.update", by=rina, contact=person, name="Bu Dewi"),
    ]
    assert [each["status"] for each in asked] == ["done"] * 4
    assert shop.conversation(DEWI)["labels"] == [rush]
    assert contact_of(shop, ANDI)["name"] == "Bu Dewi"
    assert not any(row.get("errors") for row in shop.journal())


def test_who_was_erased_gets_no_name_number_or_wish_any_more(shop: World) -> None:
    shop.writes(DEWI, "halo")
    gone = contact_of(shop, DEWI)["id"]
    erase(shop)
    for kind, more in (
        ("contact.update", {"name": "Dewi"}),
        ("contacts.add_number", {"phone": "+6281200001123"}),
        ("contact.opt_out", {"reason": None, "source": "agent"}),
        ("contact.block", {"reason": None}),
    ):
        assert shop.ask(kind, contact=gone, **more)["reason"] == "this contact's data was erased", kind


def test_who_is_new_is_compared_by_itself(shop: World) -> None:
    shop.writes(DEWI, "halo", push_name="Dewi Lestari")
    shop.ask("contacts.create", phone="+6281200001123", name="Lestari Dewi")
    shop.ask("contacts.create", phone="+6281900007777", name="Budi")
    (timer,) = shop.all("timer")
    shop.submit(event("timer.fired", "t1", {**timer, "timer": timer["id"]}, origin="timer"))
    assert [job["name"] for job in shop.all("job") if job["state"] == "queued"] == ["contacts.pairs"]


def test_the_name_that_is_shown_is_chosen_whoever_has_it_from_where(shop: World) -> None:
    shop.submit(event("contact.upserted", "u1", {"peer": named(DEWI, "Dewi Buku")}, account=SHOP))
    shop.writes(ANDI, "halo", push_name="dewi baru")
    old, new = contact_of(shop, DEWI)["id"], contact_of(shop, ANDI)["id"]
    merge = shop.ask("contacts.merge", contact=old, into=new, choose=["name.kept"])["result"]["merge"]
    assert contact_of(shop, DEWI)["name"] == "dewi baru"
    shop.ask("contacts.undo_merge", merge=merge)
    assert (contact_of(shop, DEWI)["name"], contact_of(shop, ANDI)["name"]) == ("Dewi Buku", "dewi baru")
    shop.ask("contacts.merge", contact=new, into=old, choose=["name"])
    assert contact_of(shop, DEWI)["name"] == "dewi baru"


def secret(shop: World) -> str:
    """Have Dewi's talk be of a team that Sari is not in; return Sari."""
    sari, boss = shop.agent("Sari"), shop.agent("Rina", "admin")
    shop.writes(DEWI, "rahasia", push_name="Dewi")
    team = shop.ask("team.create", name="Direksi")["result"]["team"]
    shop.ask(
        "conversation.assign", by=boss, conversation=shop.conversation(DEWI)["id"], agent=boss, team=team
    )
    return sari


def test_who_may_not_see_a_contact_hears_no_name_and_writes_into_no_talk(shop: World) -> None:
    sari = secret(shop)
    refused = shop.ask("contacts.create", by=sari, phone="+6281300004521")
    assert refused["reason"] == "+6281300004521 is the number of somebody already"
    dewi = contact_of(shop, DEWI)["id"]
    started = shop.ask("conversation.start", by=sari, contact=dewi, account=SHOP, text="halo")
    assert started["reason"] == "this conversation is not visible to you"
    assert len(shop.messages(DEWI)) == 1


def test_who_may_not_see_a_contact_parts_and_dismisses_nothing(shop: World) -> None:
    sari = secret(shop)
    dewi = contact_of(shop, DEWI)["id"]
    other = shop.ask("contacts.create", phone="+6281200001123", name="Dewi")["result"]["contact"]
    shop.ask("contacts.suggest_pair", contact=dewi, other=other)
    (pair,) = shop.all("contact_pair")
    unseen = "this contact is not visible to you"
    assert shop.ask("contacts.dismiss", by=sari, pair=pair["id"])["reason"] == unseen
    merge = shop.ask("contacts.merge", contact=other, into=dewi)["result"]["merge"]
    assert shop.ask("contacts.undo_merge", by=sari, merge=merge)["reason"] == unseen
    assert peer_of(DEWI)["chat_id"] in contact_of(shop, ANDI)["aliases"]
