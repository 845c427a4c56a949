"""Search in a real browser: from the field or Ctrl K to the message, and on from there."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import PHONE, Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder, until
from tests.test_e2e import PASSWORD, SARI, Shop

pytestmark = pytest.mark.browser
DEWI = "6281300004521@c.us"
SAID = 130
MORE = """([shown, text]) => document.querySelectorAll("#messages .b").length > shown
  || document.querySelector("#messages").textContent.includes(text)"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with data_folder() as data, FakeWaha() as waha:
        running = Shop(data, waha)
        try:
            for number in range(SAID):
                says(running, number, f"pesan nomor{number:03}")
            yield running
        finally:
            running.serving.stop()
            running.serving.kill()


def says(shop: Shop, number: int, text: str) -> None:
    shop.webhook(shop.waha.message(DEWI, text, f"S{number}"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def sari(shop: Shop, browser: Browser) -> Person:
    return Person(browser, shop.address).signs_in(SARI, PASSWORD)


def test_a_hit_leads_to_its_message_and_the_thread_goes_on_from_there(shop: Shop, sari: Person) -> None:
    page = sari.page
    sari.goes("/inbox")
    page.fill(".search input[type=search]", "nomor040")
    hit = page.locator("#rows .hit")
    expect(hit.locator("mark")).to_have_text("nomor040")
    sari.takes_picture("search-hits")
    hit.click()
    expect(sari.bubble("nomor040")).to_have_class("b in kind-text sought")
    expect(sari.bubble("nomor040")).to_be_in_viewport()
    assert "at=" in page.url
    expect(page.locator("#messages .b", has_text=f"nomor{SAID - 1}")).to_have_count(0)

    says(shop, SAID, "pesan yang baru")  # it comes while its place is not loaded
    expect(page.locator("#rows .row")).to_have_count(0)
    while not page.locator("#messages .b", has_text="pesan yang baru").count():
        shown = page.locator("#messages .b").count()
        page.locator("#messages .b").last.scroll_into_view_if_needed()
        page.mouse.move(700, 400)
        page.mouse.wheel(0, 4000)
        page.wait_for_function(MORE, arg=[shown, "pesan yang baru"])
    expect(page.locator("#messages .b", has_text="pesan yang baru")).to_have_count(1)
    shown = page.locator("#messages .b .text").all_text_contents()
    wanted = [f"pesan nomor{number:03}" for number in range(SAID)] + ["pesan yang baru"]
    assert shown == wanted[wanted.index(shown[0]) :]
    until(lambda: shop.conversation()["unread"] == 0, what="its being read at the end")
    assert sari.troubles == []


def test_the_arrow_leads_from_an_old_message_to_the_end(shop: Shop, sari: Person) -> None:
    id = shop.conversation()["id"]
    page = sari.goes("/inbox").page
    page.keyboard.press("Control+k")
    page.fill("#palette input", "nomor011")
    expect(page.locator("#palette-items mark")).to_have_text("nomor011")
    page.keyboard.press("Enter")
    expect(sari.bubble("nomor011")).to_be_in_viewport()
    page.click("[data-down]")
    expect(sari.bubble("pesan yang baru")).to_be_in_viewport()
    assert page.url.split("?")[0].endswith(f"/inbox/{id}") and "at=" not in page.url
    page.go_back()
    expect(sari.bubble("nomor011")).to_be_in_viewport()


def test_an_answer_written_from_an_old_message_stands_at_the_end(shop: Shop, sari: Person) -> None:
    message = shop.api("GET", "/api/search?q=nomor020")["items"][0]
    sari.goes(f"/inbox/{message['conversation']}?at={message['id']}")
    expect(sari.bubble("nomor020")).to_be_in_viewport()
    sari.writes("Baik, sudah kami kirim.")
    expect(sari.bubble("Baik, sudah kami kirim.")).to_be_in_viewport()
    expect(sari.page.locator("#messages .b").last).to_contain_text("sudah kami kirim")
    expect(sari.page.locator("#messages .b", has_text="sudah kami kirim")).to_have_count(1)
    assert sari.troubles == []


def test_on_a_phone_and_in_the_dark(shop: Shop, sari: Person) -> None:
    page = sari.page
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    sari.goes("/inbox?q=nomor050")
    page.locator("#rows .hit").click()
    expect(sari.bubble("nomor050")).to_be_in_viewport()
    sari.takes_picture("search-phone-dark")
    page.locator('[data-action="back"]').click()
    expect(page.locator("#rows .hit")).to_be_visible()
