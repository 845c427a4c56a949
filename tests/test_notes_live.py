"""Notes in two real browsers: live in both, told to who is meant, kept while offline, never sent."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from engine import times
from tests.browsers import Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder, until
from tests.test_e2e import BUDI, PASSWORD, SARI, Shop

pytestmark = pytest.mark.browser
CHAT = "6281300004521@c.us"
REMIND = """([note, at]) => {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = {"Content-Type": "application/json", "X-CSRF-Token": token};
  return fetch(`/api/notes/${note}/reminder`, {method: "PUT", headers, body: JSON.stringify({at})});
}"""


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


@pytest.fixture(scope="module")
def sari(shop: Shop, browser: Browser) -> Person:
    person = Person(browser, shop.address, locale="en-GB").signs_in(SARI, PASSWORD)
    me = shop.api("GET", "/api/agents?limit=5")["items"][0]["id"]
    shop.api("PATCH", f"/api/agents/{me}", {"language": "en"})
    return person.opens(shop.conversation()["id"])


@pytest.fixture(scope="module")
def budi(shop: Shop, browser: Browser) -> Person:
    made = shop.api("POST", "/api/agents", {"name": "Budi", "email": BUDI, "role": "agent", "language": "en"})
    person = Person(browser, shop.address, locale="en-GB")
    person.goes(made.get("link") or shop.api("POST", f"/api/agents/{made['id']}/link")["link"])
    person.page.fill("input[name=password]", PASSWORD)
    person.page.click("button[type=submit]")
    expect(person.page.locator("#list")).to_be_visible()
    return person


def note_of(person: Person, text: str):  # type: ignore[no-untyped-def]
    return person.page.locator("#messages .note", has_text=text)


def badge_of(person: Person):  # type: ignore[no-untyped-def]
    return person.page.locator('[data-count="notes"]')


def writes_a_note(person: Person, text: str) -> None:
    person.page.locator("#main").focus()
    person.page.keyboard.press("n")
    person.page.keyboard.type(text)
    person.page.keyboard.press("Enter")


def does(person: Person, text: str, what: str) -> None:
    """Press one of a note's buttons."""
    note_of(person, text).hover()
    note_of(person, text).locator(what).click()


def test_a_mention_tells_the_other_at_once_and_nothing_is_sent(
    shop: Shop, sari: Person, budi: Person
) -> None:
    sari.page.locator("#main").focus()
    sari.page.keyboard.press("n")
    sari.page.keyboard.type("Janji bayar besok jam 9, @b")
    expect(sari.page.locator("#mention-list li")).to_have_text("Budi")
    sari.page.keyboard.press("Tab")
    sari.page.keyboard.type("tolong **cek**")
    sari.page.keyboard.press("Enter")
    expect(note_of(sari, "tolong cek")).to_contain_text("visible to the team only")
    toast = budi.page.locator(
        ".toast", has_text="Sari mentioned you: Janji bayar besok jam 9, @Budi tolong cek"
    )
    expect(toast).to_be_visible()
    expect(badge_of(budi)).to_have_text("1")
    toast.get_by_role("button").click()
    expect(note_of(budi, "tolong cek").locator(".mention")).to_have_text("@Budi")
    expect(note_of(budi, "tolong cek").locator("strong")).to_have_text("cek")
    budi.page.bring_to_front()
    expect(badge_of(budi)).to_be_hidden()
    assert shop.waha.ledger == []


def test_one_click_sets_the_reminder_that_was_offered(sari: Person, budi: Person) -> None:
    offer = note_of(sari, "tolong cek").locator(".note-offer .btn")
    expect(offer).to_contain_text("09:00?")
    expect(note_of(budi, "tolong cek").locator(".note-offer")).to_have_count(0)
    offer.click()
    for person in (sari, budi):
        expect(note_of(person, "tolong cek").locator(".note-reminder")).to_contain_text("Reminds Sari on")
        expect(person.page.locator("#notes-section")).to_contain_text("Janji bayar besok jam 9")


def test_changes_and_pins_are_live_in_both(shop: Shop, sari: Person, budi: Person) -> None:
    does(sari, "tolong cek", '[data-note-do="pin"]')
    for person in (sari, budi):
        expect(person.page.locator("#panel [data-pinned]")).to_contain_text("tolong cek")
    does(sari, "tolong cek", "[data-note-edit]")
    sari.page.fill("dialog textarea", "Janji bayar lusa, ")
    sari.page.keyboard.type("@bu")
    expect(sari.page.locator("dialog .mention-list li")).to_have_text("Budi")
    sari.page.keyboard.press("Enter")
    sari.page.keyboard.type("sudah tahu")
    sari.page.click('dialog [value="yes"]')
    for person in (sari, budi):
        expect(note_of(person, "sudah tahu").locator(".note-history summary")).to_have_text("edited")
        expect(person.page.locator("#panel [data-pinned]")).to_contain_text("sudah tahu")
    (found,) = [a for a in shop.api("GET", "/api/agents?limit=9")["items"] if a["name"] == "Budi"]
    shop.api("PATCH", f"/api/agents/{found['id']}", {"name": "Budi Santoso"})
    expect(note_of(sari, "sudah tahu").locator(".note-text .mention").first).to_have_text("@Budi Santoso")


def test_who_is_slower_sees_both_texts_and_loses_none(shop: Shop, sari: Person) -> None:
    does(sari, "sudah tahu", "[data-note-edit]")
    (note,) = shop.api("GET", f"/api/notes?conversation={shop.conversation()['id']}")["items"]
    shop.api("PATCH", f"/api/notes/{note['id']}", {"text": "Sudah dibayar", "version": note["version"]})
    sari.page.fill("dialog textarea", "Belum dibayar")
    sari.page.click('dialog [value="yes"]')
    expect(sari.page.locator(".note-now")).to_have_text("Sudah dibayar")
    assert sari.page.input_value("dialog textarea") == "Belum dibayar"
    sari.page.click('dialog [value="yes"]')
    expect(note_of(sari, "Belum dibayar")).to_be_visible()
    sari.troubles[:] = [each for each in sari.troubles if "409" not in each]


def test_a_note_written_offline_is_kept_and_saved_as_a_note(shop: Shop, sari: Person, budi: Person) -> None:
    sari.context.set_offline(True)
    writes_a_note(sari, "Ditulis tanpa jaringan")
    expect(note_of(sari, "Ditulis tanpa jaringan")).to_contain_text("waits to be saved")
    sari.page.locator('[data-mode="reply"]').click()
    assert sari.page.input_value("#answer") == ""
    sari.context.set_offline(False)
    expect(note_of(budi, "Ditulis tanpa jaringan")).to_be_visible(timeout=20_000)
    expect(note_of(sari, "Ditulis tanpa jaringan")).to_contain_text("visible to the team only")
    expect(note_of(sari, "Ditulis tanpa jaringan")).to_have_count(1)
    assert shop.waha.ledger == []


def test_each_mode_keeps_a_draft_of_its_own(sari: Person) -> None:
    page = sari.page
    page.locator('[data-mode="note"]').click()
    page.keyboard.type("catatan setengah")
    page.locator('[data-mode="reply"]').click()
    page.keyboard.type("jawaban setengah")
    until(lambda: "jawaban setengah" in page.evaluate("JSON.stringify(localStorage)"))
    page.reload()
    assert page.input_value("#answer") == "jawaban setengah"
    assert page.input_value("#note-text") == "catatan setengah"
    expect(page.locator("#note-composer")).to_be_hidden()
    page.fill("#answer", "")
    page.fill("#note-text", "", force=True)


def test_a_reminder_that_comes_is_told_to_its_author_alone(shop: Shop, sari: Person, budi: Person) -> None:
    conversation = shop.conversation()["id"]
    writes_a_note(budi, "Telepon kembali")
    expect(note_of(budi, "Telepon kembali")).to_contain_text("visible to the team only")
    note = shop.api("GET", f"/api/notes?conversation={conversation}&limit=1")["items"][0]["id"]
    budi.page.evaluate(REMIND, [note, times.add(times.now(), 1.2)])
    expect(budi.page.locator(".toast", has_text="A reminder is due: Telepon kembali")).to_be_visible()
    expect(badge_of(budi)).to_have_text("1")
    expect(sari.page.locator(".toast", has_text="A reminder is due")).to_have_count(0)
    expect(note_of(sari, "Telepon kembali").locator(".note-reminder.due")).to_be_visible()
    note_of(budi, "Telepon kembali").get_by_role("button", name="Done").click()
    expect(badge_of(budi)).to_be_hidden()


def test_while_it_is_typed_the_day_is_offered_and_a_press_keeps_it(sari: Person) -> None:
    sari.page.locator("#main").focus()
    sari.page.keyboard.press("n")
    sari.page.keyboard.type("Ambil paket besok jam 10")
    offer = sari.page.locator("[data-note-offer]")
    expect(offer).to_contain_text("10:00")
    sari.page.keyboard.press("Tab")
    sari.page.keyboard.press("Enter")
    expect(offer).to_have_attribute("aria-pressed", "true")
    sari.page.keyboard.press("Enter")
    expect(note_of(sari, "Ambil paket").locator(".note-reminder")).to_contain_text("10:00")
    expect(offer).to_be_hidden()


def test_a_note_that_is_deleted_is_gone_for_both(sari: Person, budi: Person) -> None:
    sari.page.once("dialog", lambda dialog: dialog.accept())
    does(sari, "Belum dibayar", '[data-note-do="delete"]')
    for person in (sari, budi):
        expect(note_of(person, "This note was deleted")).to_be_visible()
        expect(note_of(person, "Belum dibayar")).to_have_count(0)
        expect(person.page.locator("#panel [data-pinned]")).to_have_count(0)


def test_switched_off_they_are_gone_from_both_pages_and_on_again_there(
    shop: Shop, sari: Person, budi: Person
) -> None:
    shop.api("PATCH", "/api/plugins/notes", {"enabled": False})
    for person in (sari, budi):
        expect(person.page.locator("#messages .note")).to_have_count(0)
        expect(person.page.locator('[data-mode="note"], [data-count="notes"]')).to_have_count(0)
    shop.api("PATCH", "/api/plugins/notes", {"enabled": True})
    for person in (sari, budi):
        expect(note_of(person, "Ditulis tanpa jaringan")).to_be_visible()
    assert shop.waha.ledger == []
    assert sari.troubles == [] or all("ERR_INTERNET_DISCONNECTED" in each for each in sari.troubles)
    assert budi.troubles == []
