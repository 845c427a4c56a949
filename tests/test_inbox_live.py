"""The inbox by keyboard and mouse in a real browser, on the demo's two days."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browsers import PHONE, Person, chromium
from tests.processes import Serving, data_folder

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[str, str]]:
    """Give (address, the password of the demo's people)."""
    with data_folder() as data:
        serving = Serving(data, "--demo")
        try:
            address, _token = serving.ready()
            password = re.search(r"have the password (\S+)", serving.output)
            assert password is not None
            yield address, password[1]
        finally:
            serving.stop()


@pytest.fixture(scope="module")
def rina(demo: tuple[str, str]) -> Iterator[Person]:
    """A supervisor whose own clock is on the other side of the world."""
    with chromium() as browser:
        person = Person(browser, demo[0], locale="en-GB", timezone_id="America/New_York")
        person.signs_in("rina@demo.example", demo[1])
        yield person
        assert person.troubles == []


def opens_the_first(rina: Person, tab: str = "unassigned") -> str:
    rina.goes(f"/inbox?tab={tab}")
    rina.page.locator("#rows .row").first.click()
    expect(rina.page.locator("#messages")).to_be_visible()
    return str(rina.page.get_attribute("[data-thread]", "data-thread"))


def test_after_esc_the_page_says_again_what_can_be_done(rina: Person) -> None:
    opens_the_first(rina)
    rina.page.keyboard.press("Escape")
    expect(rina.page.get_by_text("Choose a conversation")).to_be_visible()
    expect(rina.page.locator("#main")).to_have_count(1)


def test_keys_act_on_the_row_that_was_chosen(rina: Person) -> None:
    opened = opens_the_first(rina)
    rina.page.locator("#rows .row").first.focus()
    rina.page.keyboard.press("j")
    rina.page.keyboard.press("l")
    expect(rina.page.locator("#label-menu")).to_be_visible()
    chosen = rina.page.locator("#rows .row").nth(1).get_attribute("data-conversation")
    assert rina.page.get_attribute("[data-thread]", "data-thread") == chosen != opened
    rina.page.keyboard.press("Escape")
    rina.page.keyboard.press(".")
    expect(rina.page.locator("#panel .history")).to_have_attribute("open", "")


def test_snooze_goes_by_the_workspaces_clock_and_its_button_turns(rina: Person) -> None:
    opens_the_first(rina)
    rina.page.click("#thread-header [data-action=snooze]")
    expect(rina.page.locator('[data-snooze="tomorrow"]')).to_contain_text("09:00")
    rina.page.click('[data-snooze="tomorrow"]')
    header = rina.page.locator("#thread-header")
    expect(header).to_contain_text("09:00")  # as the server says it, in Jakarta
    expect(header.locator('[data-action="reopen"]')).to_have_text("Reopen")
    expect(header.locator('[data-action="snooze"]')).to_have_count(0)


def test_the_open_conversation_stays_in_its_list_and_stays_fresh(rina: Person) -> None:
    opened = opens_the_first(rina)
    rina.writes("Baik, saya cek dulu")
    expect(rina.row(opened)).to_contain_text("Baik, saya cek dulu")
    assert rina.row(opened).get_attribute("data-elsewhere") is not None
    rina.page.locator("#rows .row").last.click()
    expect(rina.row(opened)).to_have_count(0)


def test_an_undo_that_is_too_late_is_taken_away_and_toasts_stand_above_the_composer(rina: Person) -> None:
    opens_the_first(rina, "all")
    rina.page.click('#thread-header [data-action="resolve"]')
    undo = rina.page.locator(".toast", has_text="Undo")
    expect(undo).to_be_visible()
    expect(rina.page.locator("[data-reopens]")).to_be_visible()
    toast, composer = undo.bounding_box(), rina.page.locator("#composer").bounding_box()
    assert toast and composer and toast["y"] + toast["height"] < composer["y"]
    rina.page.click('#thread-header [data-action="reopen"]')
    expect(undo).to_have_count(0)


def test_a_person_is_found_by_the_first_letters_in_the_menu(rina: Person) -> None:
    opens_the_first(rina, "all")
    rina.page.locator("#main").focus()
    rina.page.keyboard.press("a")
    expect(rina.page.locator("#assign-menu")).to_be_visible()
    rina.page.keyboard.type("to")
    assert "Tomas" in rina.page.evaluate("document.activeElement.innerText")
    rina.page.keyboard.press("Escape")


def test_the_palette_leaves_the_focus_on_the_thread(rina: Person) -> None:
    opens_the_first(rina, "all")
    rina.page.keyboard.press("Control+k")
    rina.page.fill("#palette input", "Zahra")
    expect(rina.page.locator("#palette-items li").first).to_contain_text("Zahra")
    rina.page.keyboard.press("Enter")
    expect(rina.page.locator('[data-name="Zahra Putri"]')).to_be_focused()


def test_beside_the_sidebar_the_buttons_give_way_before_the_name(rina: Person) -> None:
    opens_the_first(rina)
    rina.page.locator("[data-side]").click()
    expect(rina.page.locator("#side")).to_be_visible()
    title = rina.page.locator(".bar-title b")
    assert title.evaluate("each => each.scrollWidth <= each.clientWidth")
    expect(rina.page.locator('#thread-header [data-action="resolve"]')).to_have_accessible_name("Resolve")
    expect(rina.page.locator('#thread-header [data-action="resolve"] span')).to_be_hidden()
    rina.page.locator("[data-side]").click()


def test_tabs_with_long_numbers_stay_within_the_list(rina: Person) -> None:
    opens_the_first(rina)
    for name in ("mine", "unassigned", "all"):
        rina.page.locator(f'.tabs [data-count="{name}"]').evaluate("each => { each.textContent = '1888' }")
    assert rina.page.locator(".tabs").evaluate("each => each.scrollWidth <= each.clientWidth")


def test_labels_by_key_are_for_those_selected(rina: Person) -> None:
    opens_the_first(rina)
    rina.page.locator("#rows .row [data-pick]").nth(1).click()
    rina.page.keyboard.press("l")
    expect(rina.page.locator("#label-bulk")).to_be_visible()
    expect(rina.page.locator("#label-menu")).to_be_hidden()
    rina.page.keyboard.press("Escape")
    rina.page.locator("[data-bulk-clear]").click()


def test_where_no_message_says_why_the_history_does(rina: Person) -> None:
    opens_the_first(rina)
    expect(rina.page.locator("#messages .why")).to_have_count(0)
    rina.page.locator("#messages").click()
    rina.page.keyboard.press(".")
    expect(rina.page.locator("#panel .history[open] .why-text")).to_be_visible()


def test_a_colleague_who_looks_leaves_it_unread(rina: Person) -> None:
    rina.goes("/inbox?tab=all")
    row = rina.page.locator("#rows .row.unread:not([data-assignee=''])").first
    id = row.get_attribute("data-conversation")
    row.click()
    expect(rina.page.locator(f'[data-thread="{id}"]')).to_be_visible()
    expect(rina.page.locator(f"#row-{id} [data-unread]")).to_be_visible()
    rina.goes("/inbox?tab=all")
    expect(rina.page.locator(f"#row-{id} [data-unread]")).to_be_visible()


def test_on_a_phone_the_name_can_be_read_beside_the_buttons(rina: Person) -> None:
    rina.page.set_viewport_size(PHONE)
    opens_the_first(rina)
    name = rina.page.locator(".bar-title").bounding_box()
    assert name and name["width"] > 110
    expect(rina.page.locator('#thread-header [data-action="take"] span')).to_be_hidden()
