"""In real browsers: a number that is paused is told to agents at once, and its card counts along."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import PHONE, Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder
from tests.test_e2e import PASSWORD, SARI, Shop

pytestmark = pytest.mark.browser
CHAT = "6281300004521@c.us"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with data_folder() as data, FakeWaha() as waha:
        running = Shop(data, waha)
        running.webhook(waha.message(CHAT, "Halo, masih ada?", "IN1"))
        try:
            yield running
        finally:
            running.serving.stop()
            running.serving.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_a_pause_is_seen_in_the_open_thread_and_on_the_card(shop: Shop, browser: Browser) -> None:
    shop.api("PUT", "/api/sender/accounts/toko/pacing", {"preset": "normal"})
    answering, looking = (Person(browser, shop.address).signs_in(SARI, PASSWORD) for _ in range(2))
    answering.opens(shop.conversation()["id"])
    looking.goes("/settings/numbers")
    card = looking.page.locator('[data-sender-card="toko"]')
    expect(card).to_contain_text("0 pesan")
    answering.writes("Masih, Kak")
    expect(card).to_contain_text("1 pesan")
    looking.takes_picture("numbers-card")
    shop.api("POST", "/api/sender/accounts/toko/pause")
    expect(answering.page.get_by_text("Nomor ini dijeda.")).to_be_visible()
    expect(card).to_contain_text("Seseorang menjedanya.")
    answering.takes_picture("thread-paused")
    looking.takes_picture("numbers-card-paused")
    looking.page.emulate_media(color_scheme="dark")
    looking.takes_picture("numbers-card-paused-dark")
    looking.page.set_viewport_size(PHONE)
    looking.page.emulate_media(color_scheme="light")
    looking.takes_picture("numbers-card-phone")
    assert looking.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    looking.page.set_viewport_size({"width": 1440, "height": 900})
    looking.page.once("dialog", lambda dialog: dialog.accept())
    card.get_by_role("button", name="Lanjutkan").click()
    expect(answering.page.get_by_text("Nomor ini dijeda.")).to_be_hidden()
    assert looking.troubles == answering.troubles == []
