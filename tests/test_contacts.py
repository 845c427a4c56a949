"""The plugin contacts in the engine: made by hand, merged and parted, suggested, read from a phone."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from engine import book, times
from engine.events import event
from plugins.contacts import pairs
from plugins.waha import Waha
from tests.fakes.waha import FakeWaha
from tests.test_erase import all_well, erase, traces
from tests.test_identity import LID, linked, named
from tests.world import ANDI, DEWI, SHOP, World


def contact_of(shop: World, chat: str) -> dict[str, Any]:
    (found,) = [c for c in shop.all("contact") if chat in c["aliases"]]
    return dict(found)


def two(shop: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return Dewi's two contacts: her old number's and her new one's, each with a talk."""
    shop.writes(DEWI, "dari nomor lama", push_name="dewi lama")
    shop.writes(ANDI, "dari nomor baru", push_name="dewi baru")
    shop.ask("contact.update", contact=contact_of(shop, DEWI)["id"], name="Bu Dewi")
    return contact_of(shop, DEWI), contact_of(shop, ANDI)


def test_a_contact_is_made_by_a_number_as_it_is_written_here_once(shop: World) -> None:
    shop.ask("workspace.update", region="ID")
    done = shop.ask("contacts.create", phone="0812-0000-1123", name=" Pak Andi ")
    contact = shop.get("contact", done["result"]["contact"])
    assert (contact["phone"], contact["name"], contact["aliases"]) == ("+6281200001123", "Pak Andi", [ANDI])
    again = shop.ask("contacts.create", phone="+62 812 0000 1123")
    assert again["reason"] == "+6281200001123 is the number of Pak Andi already"
    assert "is not a phone number" in shop.ask("contacts.create", phone="123")["reason"]


def test_two_who_are_one_have_all_that_both_had_and_two_talks(shop: World) -> None:
    old, new = two(shop)
    talks = {c["id"] for c in shop.all("conversation")}
    done = shop.ask("contacts.merge", contact=old["id"], into=new["id"], choose=["phone", "names.profile"])
    one = contact_of(shop, ANDI)
    assert one["id"] == new["id"] == contact_of(shop, DEWI)["id"]
    assert (one["name"], one["phone"], one["names"]["profile"]) == ("Bu Dewi", old["phone"], "dewi lama")
    assert {c["id"] for c in shop.all("conversation") if c["contact"] == one["id"]} == talks
    shop.writes(DEWI, "lagi dari nomor lama")
    assert len(shop.messages(DEWI)) == 2 and len(shop.all("conversation")) == 2
    assert done["result"]["merge"]


def test_undo_makes_both_what_they_were(shop: World) -> None:
    old, new = two(shop)
    before = sorted(shop.all("conversation"), key=lambda c: c["id"])
    done = shop.ask("contacts.merge", contact=old["id"], into=new["id"])
    undone = shop.ask("contacts.undo_merge", merge=done["result"]["merge"])
    assert undone["status"] == "done", undone
    assert (contact_of(shop, DEWI), contact_of(shop, ANDI)) == (old, new)
    assert sorted(shop.all("conversation"), key=lambda c: c["id"]) == before
    assert shop.all("merged") == []
    assert (
        shop.ask("contacts.undo_merge", merge=done["result"]["merge"])["reason"] == "this was undone already"
    )


def test_what_was_changed_since_stays_where_it_was_changed(shop: World) -> None:
    old, new = two(shop)
    done = shop.ask("contacts.merge", contact=old["id"], into=new["id"])
    shop.ask("contact.update", contact=new["id"], name="Dewi Besar")
    linked(shop, LID, DEWI)
    shop.ask("contacts.undo_merge", merge=done["result"]["merge"])
    first, second = contact_of(shop, DEWI), contact_of(shop, ANDI)
    assert first["aliases"] == [DEWI, LID] and first["name"] == "Bu Dewi"
    assert second["aliases"] == [ANDI] and second["name"] == "Dewi Besar"


def test_merges_are_undone_from_the_last_one(shop: World) -> None:
    old, new = two(shop)
    third = shop.ask("contacts.create", phone="+6281900007777", name="Dewi Tiga")["result"]["contact"]
    first = shop.ask("contacts.merge", contact=old["id"], into=new["id"])["result"]["merge"]
    second = shop.ask("contacts.merge", contact=new["id"], into=third)["result"]["merge"]
    refused = shop.ask("contacts.undo_merge", merge=first)
    assert refused["reason"] == "who was kept was joined with somebody else since; undo that first"
    for merge in (second, first):
        assert shop.ask("contacts.undo_merge", merge=merge)["status"] == "done"
    assert contact_of(shop, DEWI) == old and contact_of(shop, ANDI) == new


def test_after_thirty_days_or_an_erasure_nothing_is_undone(shop: World) -> None:
    old, new = two(shop)
    merge = shop.ask("contacts.merge", contact=old["id"], into=new["id"])["result"]["merge"]
    kept, shop.workspace.store.now = shop.workspace.store.now, lambda: times.add(times.now(), 31 * 86400)  # type: ignore[method-assign]
    assert shop.ask("contacts.undo_merge", merge=merge)["reason"] == "this was more than 30 days ago"
    shop.workspace.store.now = kept  # type: ignore[method-assign]
    shop.workspace.erase(new["id"]).result(30)
    assert shop.all("contact_merge") == []


def test_who_was_one_with_another_for_a_while_is_erased_there_too(shop: World) -> None:
    old, new = two(shop)
    merge = shop.ask("contacts.merge", contact=old["id"], into=new["id"])["result"]["merge"]
    shop.ask("contacts.undo_merge", merge=merge)
    erase(shop, "+6281300004521")
    assert traces(shop.workspace.folder, ("6281300004521", "Bu Dewi", "dewi lama")) == {}
    assert contact_of(shop, ANDI) == new and all_well(shop) == []


def people(*known: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        {"id": str(at), "created_at": f"{at:09}", "names": {"book": name}, "phone": f"+{digits}"}
        | {"aliases": [f"{digits}@c.us"]}
        for at, (name, digits) in enumerate(known)
    ]


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        (("", "6281200001123"), ("", "81200001123"), ["number"]),
        (("", "6281200001123"), ("", "081200001123"), ["number"]),
        (("", "5511987654321"), ("", "551187654321"), ["number"]),
        (("Dewi Lestari", "6281300004521"), ("lestary dewi", "6281200001123"), ["name"]),
        (("Melati", "6281300004521"), ("MELATI", "6281200001123"), ["name"]),
        (("Dewi Lestari", "6281300004521"), ("Dewi Anggraini", "6281200001123"), None),
        (("", "6281200001123"), ("", "6281200001124"), None),
    ],
)
def test_who_may_be_one_person(
    one: tuple[str, str], other: tuple[str, str], reasons: list[str] | None
) -> None:
    found = pairs.suggestions(people(one, other), "ID")
    assert [pair["reasons"] for pair in found] == ([reasons] if reasons else [])


def test_fifty_thousand_are_compared_in_seconds() -> None:
    first = ("Dewi", "Andi", "Budi", "Sari", "Rina", "Agus", "Tono", "Wati", "Joko", "Putri")
    many = people(
        *((f"{first[n % 10]} {first[n // 10 % 10]} Nomor{n % 5000:04}", f"6281{n:09}") for n in range(50_000))
    )
    began = time.perf_counter()
    pairs.suggestions(many, "ID")
    assert time.perf_counter() - began < 20


def test_a_dismissed_pair_is_not_suggested_again(shop: World) -> None:
    shop.ask("contacts.create", phone="+6281300004521", name="Dewi Lestari")
    shop.ask("contacts.create", phone="+6281200001123", name="Lestari Dewi")
    looked(shop)
    (pair,) = shop.all("contact_pair")
    assert (pair["state"], pair["reasons"]) == ("open", ["name"])
    shop.ask("contacts.dismiss", pair=pair["id"])
    looked(shop)
    assert [p["state"] for p in shop.all("contact_pair")] == ["dismissed"]
    shop.ask("contacts.merge", contact=pair["contact"], into=pair["other"])
    assert shop.all("contact_pair") == []


def looked(shop: World) -> None:
    shop.ask("contacts.look")
    works(shop)


def works(shop: World) -> int:
    """Play the worker until nothing waits; return how many jobs it did."""
    count = 0
    while jobs := [j for j in shop.all("job") if j["state"] == "queued" and j["queue"] == "work"]:
        for job in jobs:
            context = SimpleNamespace(
                documents=shop.documents, get=shop.get, gateway=gateway(shop), remaining=lambda: 10.0
            )
            run = {"contacts.pairs": pairs.look, "book.list": book.list_page, "book.gone": book.gone}[
                job["name"]
            ]
            data = {"job": job["id"], "result": run(job["args"], context)}
            shop.submit(event("job.finished", job["id"], data, origin="job"))
            count += 1
    return count


def gateway(shop: World) -> Any:
    return lambda account: (Waha(), shop.get("account", account), {"api_key": "waha-key"})


@pytest.fixture
def phone(shop: World) -> Any:
    """A phone on a WAHA, and the number `cabang` that is on it."""
    with FakeWaha() as waha:
        shop.ask(
            "account.put", name="cabang", gateway="waha", settings={"url": waha.url, "session": "default"}
        )
        yield waha


def paired(shop: World) -> None:
    state = {"state": "connected", "reason_code": "WORKING"}
    shop.submit(event("session.state", times.now(), state, account="cabang"))


def test_a_paired_phones_address_book_is_read_page_by_page(shop: World, phone: FakeWaha) -> None:
    for number in range(1100):
        phone.knows(f"62813{number:08}@c.us", f"Pelanggan {number:04}")
    phone.knows("123456@g.us", "Grup", isGroup=True)
    phone.knows(ANDI, None, "andi yang tidak disimpan")
    paired(shop)
    assert shop.get("contact_sync", "cabang")["state"] == "running"
    assert works(shop) == 5  # three pages, the LIDs, and a look for duplicates
    told = shop.get("contact_sync", "cabang")
    assert (told["state"], told["changed"]) == ("done", 1100)
    assert len(shop.all("contact")) == 1100
    assert [t["name"] for t in shop.all("timer")] == ["sync/cabang"]


def test_what_has_not_changed_leaves_no_change_and_who_is_gone_loses_the_books_name(
    shop: World, phone: FakeWaha
) -> None:
    phone.knows(DEWI, "Dewi Melati", "dewi")
    phone.knows(ANDI, "Andi", "andi w")
    phone.knows("6281900007777@c.us", "Budi")
    paired(shop)
    works(shop)
    before = shop.workspace.store.seq
    phone.forgets(ANDI)
    phone.knows(DEWI, None, "dewi")
    shop.ask("contacts.sync", account="cabang")
    works(shop)
    changed = [c for row in shop.journal()[before:] for c in row["changes"] if c["collection"] == "contact"]
    assert len(changed) == 2
    assert contact_of(shop, DEWI)["name"] == "dewi" and contact_of(shop, ANDI)["name"] == "andi w"
    assert contact_of(shop, "6281900007777@c.us")["name"] == "Budi"


def test_a_phone_that_cannot_be_read_is_told_and_read_again_by_hand(shop: World, phone: FakeWaha) -> None:
    phone.api_key = "another"
    paired(shop)
    works(shop)
    told = shop.get("contact_sync", "cabang")
    assert told["state"] == "failed" and "401" in told["reason"]
    phone.api_key = "waha-key"
    assert shop.ask("contacts.sync", account="cabang")["status"] == "done"
    assert shop.ask("contacts.sync", account="cabang")["reason"] == "the address book is being read already"
    works(shop)
    assert shop.get("contact_sync", "cabang")["state"] == "done"


def test_the_books_lids_join_too(shop: World, phone: FakeWaha) -> None:
    shop.writes(LID, "halo", lid=LID)
    phone.knows(DEWI, "Dewi", lid=LID)
    paired(shop)
    works(shop)
    assert len(shop.all("contact")) == 1 and shop.conversation(DEWI)["account"] == SHOP
    assert named(DEWI, "Dewi")["book_name"] == contact_of(shop, LID)["name"]


def test_whose_a_hidden_number_is_comes_with_the_book(shop: World, phone: FakeWaha) -> None:
    shop.writes(LID, "halo", lid=LID)
    talk = shop.conversation(LID)["id"]
    phone.knows(DEWI, "Dewi Melati")
    phone.lids = {LID: DEWI, "5555@lid": "6281900007777@c.us"}
    paired(shop)
    works(shop)
    (dewi,) = shop.all("contact")
    assert (dewi["name"], dewi["lids"]) == ("Dewi Melati", {LID: DEWI})
    assert shop.conversation(DEWI)["id"] == talk
    phone.forgets(DEWI)
    shop.ask("contacts.sync", account="cabang")
    works(shop)
    assert shop.all("contact")[0]["name"] == "+6281300004521"
