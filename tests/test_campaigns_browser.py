"""In a real browser: a broadcast of 200 is planned, started, paused, resumed; answers land in the inbox."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import DESKTOP, PHONE, Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder, until
from tests.test_e2e import PASSWORD, SARI, Shop

pytestmark = pytest.mark.browser
CHATS = [f"62813900{number:05}@c.us" for number in range(200)]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with data_folder() as data, FakeWaha() as waha:
        running = Shop(data, waha)
        for number, chat in enumerate(CHATS[:2]):
            running.webhook(waha.message(chat, "Halo", f"IN{number}"))
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
def sari(shop: Shop, browser: Browser) -> Person:
    me = next(each for each in shop.api("GET", "/api/agents")["items"] if each["email"] == SARI)
    shop.api("PATCH", f"/api/agents/{me['id']}", {"language": "en"})
    return Person(browser, shop.address).signs_in(SARI, PASSWORD)


def pictures(person: Person, name: str) -> None:
    """Look at a page in light, dark and on a phone; nothing may stick out."""
    page = person.page
    for scheme, size in (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        person.takes_picture(f"{name}-{scheme}-{size['width']}")
        page.screenshot(path=f"tests/output/{name}-{scheme}-{size['width']}-whole.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")


def written(shop: Shop) -> Counter[str]:
    """How often the gateway was asked to write to each chat."""
    return Counter(entry["chat"] for entry in shop.waha.ledger)


def figure(person: Person, kind: str) -> Any:
    return person.page.locator(f'[data-figure="{kind}"] b')


def test_a_broadcast_of_two_hundred(shop: Shop, sari: Person) -> None:
    page = sari.page
    page.wait_for_load_state("load")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.get_by_role("link", name="New broadcast").first.click()
    page.fill("#f-name", "Promo Maret")
    page.fill("#f-text-a", ", ada promo untuk Anda!")
    page.locator("#f-text-a").press("Home")
    page.get_by_role("button", name="[[Halo|Hai]]").click()
    page.keyboard.type(" {{name}}")
    expect(page.locator("#f-text-a")).to_have_value("[[Halo|Hai]] {{name}}, ada promo untuk Anda!")
    page.get_by_text("Add a second text").click()
    page.fill("#f-text-b", "{{name|Kak}}, koleksi baru sudah datang.")
    rows = "".join(f"{'Pembeli ' + str(n) if n != 7 else ''},{chat[:-5]}\n" for n, chat in enumerate(CHATS))
    file = {"name": "maret.csv", "mimeType": "text/csv", "buffer": f"nama,nomor\n{rows}".encode()}
    page.set_input_files("#f-file", file)  # type: ignore[arg-type]
    pictures(sari, "campaign-new")
    page.get_by_role("button", name="Go on to the preview").click()
    expect(figure(sari, "stranger")).to_have_text(re.compile("19[78]"))
    expect(figure(sari, "total")).to_have_text("2")
    expect(page.get_by_text("WhatsApp may block your number for good")).to_be_visible()
    page.locator("input[name=strangers]").check()
    expect(figure(sari, "total")).to_have_text(re.compile("199|200"))
    expect(page.locator(".plan-picture svg")).to_be_visible()
    pictures(sari, "campaign-draft")
    with shop.waha.misbehaving("slow", seconds=0.02):
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Start now").click()
        until(lambda: len(shop.waha.ledger) >= 40, 30, "a part of it")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#progress")).to_have_attribute("data-state", "paused")
        id = page.url.rpartition("/")[2].partition("?")[0]
        paused = shop.api("GET", f"/api/campaigns/{id}")["figures"]
        assert 30 < paused["sent"] + paused["queued"] < 150
        pictures(sari, "campaign-paused")
        held = len(shop.waha.ledger)
        page.get_by_role("button", name="Go on").click()
        until(lambda: len(shop.waha.ledger) >= held + 60, 30, "more of it")
    total = shop.api("GET", f"/api/campaigns/{id}")["total"]
    until(lambda: shop.api("GET", f"/api/campaigns/{id}")["state"] == "done", 60, "its end")
    told = written(shop)
    assert len(told) == total and set(told.values()) == {1}
    expect(figure(sari, "sent")).to_have_text(str(total))
    for entry in shop.waha.ledger[:9]:
        shop.webhook(shop.waha.ack(entry["chat"], entry["id"], 3))
    shop.webhook(shop.waha.message(CHATS[5], "Mau dong, Kak!", "RE1"))
    expect(figure(sari, "replied")).to_have_text("1")
    expect(figure(sari, "read")).to_have_text("9")
    split = shop.api("GET", f"/api/campaigns/{id}")["variants"]
    texts = [entry["text"] for entry in shop.waha.ledger]
    assert sum(split["a"].get(s, 0) for s in ("sent", "read")) == sum("promo" in text for text in texts)
    assert sum(split["b"].get(s, 0) for s in ("sent", "read")) == sum("koleksi" in text for text in texts)
    pictures(sari, "campaign-done")
    sari.goes("/campaigns")
    pictures(sari, "campaigns")
    open_ones = shop.api("GET", "/api/conversations?status=open&limit=50")["items"]
    assert {each["chat"] for each in open_ones} == {*CHATS[:2], CHATS[5]}, "only who wrote is in the inbox"
    (answered,) = [each["id"] for each in open_ones if each["chat"] == CHATS[5]]
    sari.opens(answered)
    expect(page.locator("[data-campaigns]")).to_contain_text("Promo Maret")
    expect(page.locator("#messages .b .by")).to_contain_text("Promo Maret")
    sari.takes_picture("campaign-thread")
    assert sari.troubles == []
