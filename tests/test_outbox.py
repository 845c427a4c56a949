"""What an agent sends over plain HTTP, as in a shop's own network: kept, sent once, or given back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browsers import Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder, until
from tests.test_e2e import PASSWORD, SARI, Shop

pytestmark = pytest.mark.browser
CHAT = "6281300004521@c.us"
FILL = """() => {
  for (let size = 4e6; size >= 1; size /= 2) {
    for (let n = 0; n < 9; n++) {
      try { localStorage.setItem(`full-${size}-${n}`, "x".repeat(size)); } catch { break; }
    }
  }
}"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with data_folder() as data, FakeWaha() as waha:
        running = Shop(data, waha)
        running.webhook(waha.message(CHAT, "Halo", "OUT1"))
        try:
            yield running
        finally:
            running.serving.stop()
            running.serving.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium("--host-resolver-rules=MAP shop.lan 127.0.0.1") as found:
        yield found


@pytest.fixture
def sari(shop: Shop, browser: Browser) -> Iterator[Person]:
    """Sari, who looks at the conversation over plain HTTP from another machine's name."""
    address = f"http://shop.lan:{shop.address.rpartition(':')[2]}"
    person = Person(browser, address).signs_in(SARI, PASSWORD)
    yield person.opens(shop.conversation()["id"])
    person.context.close()


def answers(sari: Person, *statuses: int) -> Callable[[], int]:
    """Have the server's answers to sends be *statuses* first; return how many requests there were."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        asked.append(route.request.url)
        if len(asked) > len(statuses):
            return route.continue_()
        error = {"error": {"code": "x", "message": "That did not go."}}
        return route.fulfill(status=statuses[len(asked) - 1], json=error)

    sari.page.route("**/api/conversations/*/messages", answer)

    def count() -> int:
        sari.page.evaluate("0")  # Playwright answers routes only while it is asked for something
        return len(asked)

    return count


def sent(shop: Shop, text: str) -> list[Any]:
    return [entry for entry in shop.waha.ledger if entry["text"] == text]


def test_everything_works_on_plain_http(shop: Shop, sari: Person) -> None:
    assert sari.page.evaluate("[isSecureContext, typeof crypto.randomUUID]") == [False, "undefined"]
    sari.writes("Lewat jaringan toko")
    expect(sari.bubble("Lewat jaringan toko").locator(".tick")).to_have_attribute("data-tick", "sent")
    expect(sari.page.locator("#answer")).to_have_value("")
    sari.page.locator("[data-action=resolve]").first.click()
    until(lambda: shop.conversation()["status"] == "resolved", what="the conversation's end")
    assert len(sent(shop, "Lewat jaringan toko")) == 1
    assert not [trouble for trouble in sari.troubles if "Opener" not in trouble]


def test_without_room_in_the_browser_the_text_stays_until_the_server_has_it(shop: Shop, sari: Person) -> None:
    sari.page.evaluate(FILL)
    count = answers(sari, 503)
    sari.writes("Tidak ada tempat lagi di sini")
    until(lambda: count() >= 1, what="the first try")
    expect(sari.page.locator("#answer")).to_have_value("Tidak ada tempat lagi di sini")
    expect(sari.page.locator("#toasts")).to_contain_text("belum terkirim")
    sari.page.press("#answer", "Enter")  # pressed again: it is under way already
    expect(sari.page.locator("#answer")).to_have_value("")
    expect(sari.page.locator("#answer")).to_be_editable()
    assert count() == 2
    until(lambda: sent(shop, "Tidak ada tempat lagi di sini"), what="the message")
    expect(sari.page.locator("#messages .b", has_text="Tidak ada tempat lagi")).to_have_count(1)
    sari.writes("Berikutnya")
    until(lambda: count() == 3 and sent(shop, "Berikutnya"), what="the next message")
    assert len(sent(shop, "Tidak ada tempat lagi di sini")) == 1
    assert not [trouble for trouble in sari.troubles if trouble.startswith("script")]


def test_without_room_a_refusal_leaves_the_text(sari: Person) -> None:
    sari.page.evaluate(FILL)
    answers(sari, 409)
    sari.writes("Ini ditolak")
    expect(sari.page.locator("#toasts")).to_contain_text("That did not go.")
    expect(sari.page.locator("#answer")).to_have_value("Ini ditolak")
    expect(sari.page.locator("#answer")).to_be_editable()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_tried_again(shop: Shop, sari: Person, status: int) -> None:
    count = answers(sari, status)
    sari.writes(f"Coba lagi sesudah {status}")
    until(lambda: count() == 2 and sent(shop, f"Coba lagi sesudah {status}"), what="the message")


@pytest.mark.parametrize("status", [400, 409, 422, 500, 501])
def test_what_is_final_is_told_and_holds_nothing_up(shop: Shop, sari: Person, status: int) -> None:
    count = answers(sari, status)
    sari.writes(f"Gagal dengan {status}")
    expect(sari.page.locator("#toasts")).to_contain_text("That did not go.")
    expect(sari.page.locator("#answer")).to_have_value(f"Gagal dengan {status}")
    sari.writes(f"Yang lain sesudah {status}")
    until(lambda: count() == 2 and sent(shop, f"Yang lain sesudah {status}"), what="the next message")
    assert not sent(shop, f"Gagal dengan {status}")
