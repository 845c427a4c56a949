"""Contacts in real browsers: two people at once, by mouse and keys, on a desk and on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import PHONE, Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder
from tests.test_e2e import BUDI, PASSWORD, SARI, Shop

pytestmark = pytest.mark.browser
DEWI, LID = "6281300004521@c.us", "98765432101234@lid"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with data_folder() as data, FakeWaha() as waha:
        running = Shop(data, waha)
        try:
            yield running
        finally:
            running.serving.stop()
            running.serving.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def sari(shop: Shop, browser: Browser) -> Iterator[Person]:
    (admin,) = shop.api("GET", "/api/agents")["items"]
    shop.api("PATCH", f"/api/agents/{admin['id']}", {"language": "en"})
    person = Person(browser, shop.address).signs_in(SARI, PASSWORD)
    yield person
    assert person.troubles == []


@pytest.fixture(scope="module")
def budi(shop: Shop, browser: Browser) -> Iterator[Person]:
    made = shop.api("POST", "/api/agents", {"name": "Budi", "email": BUDI, "role": "agent", "language": "en"})
    person = Person(browser, shop.address).goes(made["link"])
    person.page.fill("input[name=password]", PASSWORD)
    person.page.click("button[type=submit]")
    expect(person.page.locator("#list")).to_be_visible()
    yield person
    assert person.troubles == []


def said(shop: Shop, chat: str, text: str, id: str, **data: Any) -> None:
    payload = {"id": f"false_{chat}_{id}", "timestamp": 1764000000, "from": chat, "fromMe": False}
    payload |= {"to": "6285100000000@c.us", "body": text, "hasMedia": False, "_data": data}
    body = {"id": f"evt_{id}", "event": "message", "session": "toko", "payload": payload, "engine": "NOWEB"}
    shop.webhook(body)


def test_who_is_made_and_named_by_one_is_seen_by_the_other_at_once(sari: Person, budi: Person) -> None:
    sari.goes("/contacts")
    expect(sari.page.get_by_text("No contacts yet")).to_be_visible()
    budi.goes("/contacts")
    budi.page.click("[data-new-contact]")
    budi.page.fill("#new-phone", "0813 0000 4521")
    expect(budi.page.locator("#new-said")).to_have_text("+62 813-0000-4521")
    budi.page.press("#new-phone", "Enter")
    expect(budi.page.locator("h1")).to_have_text("+62 813-0000-4521")
    row = sari.page.locator("#rows .row", has_text="+62 813-0000-4521")
    expect(row).to_be_visible()
    row.click()
    sari.page.fill("#own-name", "Bu Dewi")
    sari.page.press("#own-name", "Enter")
    expect(budi.page.locator("h1")).to_have_text("Bu Dewi")
    expect(budi.page.locator(".sources .used")).to_contain_text("Your team")
    budi.page.fill("#own-name", "Dewi Besar")
    budi.page.press("#own-name", "Enter")
    expect(sari.page.locator("h1")).to_have_text("Dewi Besar")


def test_a_number_that_is_there_is_told_before_it_is_made_again(budi: Person) -> None:
    budi.goes("/contacts")
    budi.page.click("[data-new-contact]")
    budi.page.fill("#new-phone", "+62 813 0000 4521")
    budi.page.locator("#new-said a", has_text="Dewi Besar").click()
    expect(budi.page.locator("h1")).to_have_text("Dewi Besar")


def test_a_paired_phones_people_appear_in_every_open_list(shop: Shop, sari: Person, budi: Person) -> None:
    for number in range(700):
        shop.waha.knows(f"62819{number:08}@c.us", f"Agus {number:04}")
    for person in (sari, budi):
        person.goes("/contacts")
    status = {"payload": {"status": "WORKING", "statuses": []}, "session": "toko", "engine": "NOWEB"}
    shop.webhook({"id": "evt_status", "event": "session.status", **status})
    for person in (sari, budi):
        expect(person.page.locator("#rows .row").first).to_contain_text("Agus 0000")
        expect(person.page.locator("#syncs [data-sync]")).to_have_count(0)
    sari.goes("/settings/numbers")
    expect(sari.page.locator("[data-sync-card]")).to_contain_text("Address book read · 700")
    sari.page.click("[data-sync-now]")
    expect(sari.page.locator("[data-sync-state]")).to_have_text("Address book read")
    shop.waha.knows("62818000001@c.us", "Aan Baru")
    budi.goes("/contacts")
    budi.page.get_by_role("button", name="Sync address book").click()
    budi.page.locator("#sync-menu").get_by_text("Toko Utama").click()
    expect(budi.page.locator("#rows .row").first).to_contain_text("Aan Baru")


def test_the_list_goes_by_keys_and_grows_as_it_is_read(budi: Person) -> None:
    budi.goes("/inbox")
    budi.page.keyboard.press("g")
    budi.page.keyboard.press("c")
    expect(budi.page.locator("#rows .row")).to_have_count(50)
    budi.page.locator("[data-more]").scroll_into_view_if_needed()
    expect(budi.page.locator("#rows .row")).to_have_count(100)
    budi.page.keyboard.press("j")
    budi.page.keyboard.press("j")
    budi.page.keyboard.press("Enter")
    expect(budi.page.locator("h1")).to_have_text("Agus 0000")
    budi.goes("/contacts")
    budi.page.keyboard.press("/")
    budi.page.keyboard.type("Agus 0042")
    expect(budi.page.locator("#rows .row")).to_have_count(1)


def test_a_talk_that_becomes_part_of_another_stays_open_with_what_was_being_written(
    shop: Shop, sari: Person
) -> None:
    said(shop, DEWI, "dari nomor", "A1", pushName="dewi")
    said(shop, LID, "dari LID", "A2", pushName="dewi")
    talks = {c["chat"]: c["id"] for c in shop.api("GET", "/api/conversations")["items"]}
    sari.opens(talks[LID])
    sari.page.fill("#answer", "Baik, Bu")
    said(shop, LID, "ini saya", "A3", key={"remoteJidAlt": "6281300004521@s.whatsapp.net"})
    expect(sari.page.locator("[data-thread]")).to_have_attribute("data-thread", talks[DEWI])
    for text in ("dari nomor", "dari LID", "ini saya"):
        expect(sari.bubble(text)).to_be_visible()
    expect(sari.page.locator("#answer")).to_have_value("Baik, Bu")
    assert talks[DEWI] in sari.page.url
    expect(sari.page.locator("#contact-section")).to_be_visible()


def test_two_are_joined_after_a_look_and_parted_again_on_a_phone(shop: Shop, sari: Person) -> None:
    sari.page.set_viewport_size(PHONE)
    one = shop.api("GET", "/api/contacts?q=Agus 0001".replace(" ", "%20"))["items"][0]["id"]
    shop.api("PATCH", f"/api/contacts/{one}", {"name": "Pak Agus"})
    sari.goes(f"/contacts/{one}/merge")
    sari.page.get_by_role("searchbox").press_sequentially("Agus 0002")
    sari.page.locator("#rows .row").first.click()
    expect(sari.page.locator("[data-made-name]")).to_have_text("Pak Agus")
    sari.page.get_by_label("Agus 0002").check()
    expect(sari.page.locator("[data-made-name]")).to_have_text("Agus 0002")
    expect(sari.page.locator(".made")).to_contain_text("+62 819-0000-0001, +62 819-0000-0002")
    sari.page.get_by_role("button", name="Join them").click()
    expect(sari.page.locator(".sources li", has_text="+62 819")).to_have_count(2)
    expect(sari.page.locator("h1")).to_have_text("Agus 0002")
    wide = sari.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
    sari.page.get_by_role("button", name="Undo").click()
    expect(sari.page.locator(".sources li", has_text="+62 819")).to_have_count(1)
    assert shop.api("GET", f"/api/contacts/{one}")["name"] == "Pak Agus"
    assert len(shop.api("GET", f"/api/contacts/{one}")["aliases"]) == 1
