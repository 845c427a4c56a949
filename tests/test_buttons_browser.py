"""Buttons in real browsers: pressed on the simulator's phone, and as agents see them in the inbox."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from tests.browsers import DESKTOP, PHONE, Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder
from tests.test_e2e import PASSWORD, SARI, Shop
from tests.test_flows_running import SHOP as MENU

pytestmark = pytest.mark.browser
LABELS = {"id": "Tombol yang dapat ditekan pelanggan", "en": "Buttons that the customer can press"}


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with data_folder() as data, FakeWaha() as waha:
        running = Shop(data, waha)
        try:
            made = running.api("POST", "/api/flows", {"definition": MENU})
            running.api("POST", f"/api/flows/{made['id']}/publish", {})
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
    person = Person(browser, shop.address).signs_in(SARI, PASSWORD)
    yield person
    assert person.troubles == []


def speaks(shop: Shop, language: str) -> None:
    (admin,) = shop.api("GET", "/api/agents")["items"]
    shop.api("PATCH", f"/api/agents/{admin['id']}", {"language": language})


def of_the_bot(person: Person) -> Locator:
    return person.page.locator("#sim-thread .bubble:not(.mine)")


def pictures(person: Person, name: str) -> None:
    """Look at a page in light, dark and on a phone; nothing may stick out."""
    page = person.page
    for scheme, size in (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(size)  # type: ignore[arg-type]
        person.takes_picture(f"{name}-{scheme}-{size['width']}")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")


def test_a_customer_presses_by_mouse_and_by_keyboard_and_the_flow_goes_on(shop: Shop, sari: Person) -> None:
    speaks(shop, "en")
    page = sari.goes("/simulator").page
    late: list[Route] | None = []
    page.route("**/simulator.js*", lambda route: route.continue_() if late is None else late.append(route))
    page.click("#sim-make")
    expect(page.locator("#sim-text")).to_be_disabled()  # nothing is typed that nobody listens to
    held, late = late, None
    for script in held:
        script.continue_()
    page.fill("#sim-text", "halo")
    page.press("#sim-text", "Enter")
    expect(of_the_bot(sari)).to_have_count(1)
    group = of_the_bot(sari).first.get_by_role("group", name="Buttons to answer with")
    expect(group.get_by_role("button")).to_have_text(["Harga", "Lokasi"])
    expect(of_the_bot(sari).first).not_to_contain_text("1.")

    group.get_by_role("button", name="Lokasi").click()
    expect(of_the_bot(sari).nth(1)).to_contain_text("Jl. Melati 5, Bogor.")
    expect(page.locator("#sim-thread .mine").last).to_contain_text("Lokasi")
    expect(page.locator("#sim-thread .mine .quote")).to_contain_text("mau apa?")

    expect(of_the_bot(sari)).to_have_count(3)
    again = of_the_bot(sari).last.get_by_role("button", name="Harga", exact=True)
    again.focus()
    page.keyboard.press("Enter")
    expect(of_the_bot(sari).nth(3)).to_contain_text("Mulai Rp 50.000.")
    expect(of_the_bot(sari)).to_have_count(5)
    pressed = of_the_bot(sari).nth(2).get_by_role("button", name="Harga", exact=True)
    expect(pressed).to_be_focused()  # the thread was drawn anew, and whoever uses keys is where they were
    pictures(sari, "buttons-simulator")


def test_the_inbox_shows_them_as_what_cannot_be_pressed(shop: Shop, sari: Person) -> None:
    conversation = shop.conversation()["id"]
    for language in ("id", "en"):
        speaks(shop, language)
        sari.opens(conversation)
        bubble = sari.page.locator("#messages .b.out").first
        chips = bubble.get_by_role("list", name=LABELS[language])
        expect(chips.get_by_role("listitem")).to_have_text(["Harga", "Lokasi"])
        expect(chips.locator("a, button")).to_have_count(0)
        expect(bubble.locator(".text")).to_have_text("Halo Yusuf Hidayat, mau apa?")
    answers = sari.page.locator("#messages .b.in.kind-interactive .text")
    expect(answers).to_have_text(["🔘 Lokasi", "🔘 Harga"])
    expect(answers.first.get_by_role("img", name="Buttons")).to_be_visible()
    sari.page.locator("#messages .b.out .choices").last.scroll_into_view_if_needed()
    pictures(sari, "buttons-inbox")
