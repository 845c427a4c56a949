"""Two people with a browser each: labels, filters and selections are there at once, in both."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.browsers import Person, chromium
from tests.processes import Serving, data_folder

pytestmark = pytest.mark.browser
People = tuple[Person, Person]


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    """Give Rina, who supervises, and Tomas, an agent, on the demo's two days."""
    with data_folder() as data, chromium() as browser:
        serving = Serving(data, "--demo")
        try:
            address, _token = serving.ready()
            password = re.search(r"have the password (\S+)", serving.output)
            assert password is not None
            rina, tomas = (Person(browser, address, locale="en-GB") for _ in range(2))
            rina.signs_in("rina@demo.example", password[1])
            tomas.signs_in("tomas@demo.example", password[1])
            for person in (rina, tomas):
                person.goes("/inbox?tab=all")
            yield rina, tomas
            assert rina.troubles == [] and tomas.troubles == []
        finally:
            serving.stop()


def ids_of(person: Person, number: int) -> list[str]:
    """Return the conversations of the list's first rows, once it stands still."""
    expect(person.page.locator("#rows .row").nth(number)).to_be_visible()
    rows = person.page.locator("#rows .row").all()[:number]
    return [str(row.get_attribute("data-conversation")) for row in rows]


def tag(person: Person, conversation: str, name: str) -> Locator:
    return person.row(conversation).locator(".tag", has_text=name)


def settings_of(person: Person, name: str) -> Locator:
    """Return a label's part of the settings page."""
    summary = person.page.locator("summary", has_text=name)
    return person.page.locator("[data-label-row]").filter(has=summary)


def starts_anew(*people: Person) -> None:
    for person in people:
        person.goes("/inbox?tab=all")


def test_a_label_that_one_puts_on_is_on_the_others_row_and_a_new_name_everywhere(people: People) -> None:
    rina, tomas = people
    starts_anew(*people)
    (first,) = ids_of(rina, 1)
    rina.row(first).click()
    expect(rina.page.locator("#messages")).to_be_visible()
    rina.page.locator("#main").focus()
    rina.page.keyboard.press("l")
    rina.page.locator("#label-menu input").fill("Titip")
    rina.page.locator("#label-menu [data-label-new]").click()
    expect(tag(tomas, first, "Titip")).to_be_visible()
    rina.goes("/settings/labels")
    row = settings_of(rina, "Titip")
    row.locator("summary").click()
    row.locator('[name="name"]').fill("Titipan")
    row.locator('[name="description"]').fill("Diambil di toko")
    row.locator('button[type="submit"]').first.click()
    expect(tag(tomas, first, "Titipan")).to_have_attribute("title", "Diambil di toko")
    tomas.page.click("[data-label-filter-button]")
    expect(tomas.page.locator("#label-filter")).to_contain_text("Titipan")
    tomas.page.keyboard.press("Escape")


def test_the_list_is_narrowed_down_by_has_and_has_not_and_back_undoes_it(people: People) -> None:
    tomas = people[1]
    starts_anew(tomas)
    page, rows = tomas.page, tomas.page.locator("#rows .row")
    ids_of(tomas, 6)
    all_of_them = int(page.locator('[data-count="all"]').inner_text())
    page.click("[data-label-filter-button]")
    vip = page.locator("#label-filter [data-label-cycle]", has_text="VIP")
    new = page.locator("#label-filter [data-label-cycle]", has_text="Baru")
    vip.click()
    expect(page).to_have_url(re.compile(r"label=\w+$"))
    expect(page.locator("#chips")).to_contain_text("VIP")
    expect(rows.filter(has_not=page.locator(".tag", has_text="VIP"))).to_have_count(0)
    with_vip = rows.count()
    new.click()
    new.click()
    expect(new).to_have_attribute("aria-checked", "mixed")
    expect(rows.locator(".tag", has_text="Baru")).to_have_count(0)
    expect(page.locator("#chips")).to_contain_text("not")
    page.wait_for_function(
        "(n => n > 0 && n === document.querySelectorAll('#rows .row').length)"
        "(Number(document.querySelector('[data-count=all]').textContent))"
    )
    page.click('[data-label-mode="any"]')
    expect(page.locator('[data-label-mode="any"]')).to_have_attribute("aria-checked", "true")
    expect(page.locator("#chips")).to_contain_text("any of:")
    page.keyboard.press("Escape")
    page.go_back()
    expect(page.locator("#chips")).to_contain_text("all of:")
    page.locator("[data-chip-off]").last.press("Enter")
    expect(rows).to_have_count(with_vip)
    page.locator("[data-chip-off]").last.press("Enter")
    expect(page.locator("#chips")).to_be_hidden()
    expect(page.locator('[data-count="all"]')).to_have_text(str(all_of_them))


def test_the_sidebar_counts_by_label_follow_and_narrow_the_list_down(people: People) -> None:
    rina, tomas = people
    starts_anew(*people)
    first, second = ids_of(tomas, 2)
    tomas.page.click("[data-side]")
    link = tomas.page.locator("[data-label-link]", has_text="Komplain")
    expect(link.locator("b")).to_have_text(re.compile(r"\d+"))
    before = int(link.locator("b").inner_text())
    unlabelled = first if not tag(tomas, first, "Komplain").count() else second
    rina.row(unlabelled).click()
    expect(rina.page.locator("#messages")).to_be_visible()
    rina.page.locator("#main").focus()
    rina.page.keyboard.press("l")
    rina.page.locator("#label-menu [data-label-toggle]", has_text="Komplain").click()
    expect(link.locator("b")).to_have_text(str(before + 1))
    link.click()
    expect(link).to_have_attribute("aria-current", "true")
    expect(tomas.page.locator("#rows .row")).to_have_count(before + 1)
    tomas.page.click("[data-side]")
    expect(link).to_be_hidden()


def test_what_is_selected_is_labelled_in_one_go_and_resolved_and_given_back(people: People) -> None:
    rina, tomas = people
    starts_anew(*people)
    ids = ids_of(tomas, 4)
    page = tomas.page
    tomas.row(ids[0]).focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("#bulk")).to_contain_text("3 selected")
    tomas.row(ids[1]).locator("[data-pick]").click()
    expect(page.locator("#bulk")).to_contain_text("2 selected")
    page.click('[data-menu="label-bulk"]')
    grosir = page.locator("#label-bulk [data-label-all]", has_text="Grosir")
    if grosir.get_attribute("aria-checked") == "true":
        grosir.click()
        expect(tag(rina, ids[0], "Grosir")).to_have_count(0)
    grosir.click()
    for id in (ids[0], ids[2]):
        expect(tag(rina, id, "Grosir")).to_be_visible()
    expect(grosir).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    page.click('[data-bulk="conversation.resolve"]')
    expect(page.locator("#bulk")).to_be_hidden()
    expect(rina.row(ids[0])).to_have_count(0)
    expect(rina.row(ids[2])).to_have_count(0)
    page.locator(".toast button").click()
    expect(rina.row(ids[0])).to_be_visible()
    expect(rina.row(ids[2])).to_be_visible()
    tomas.row(ids[1]).focus()
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()


def test_two_labels_are_merged_and_ordered_and_the_other_sees_it(people: People) -> None:
    rina, tomas = people
    starts_anew(tomas)
    ids_of(tomas, 4)
    rina.goes("/settings/labels")
    names = rina.page.locator("[data-label-row] .tag bdi")
    second = names.nth(1).inner_text()
    rina.page.locator("[data-label-row]").nth(1).locator('[data-move="-1"]').click()
    expect(names.first).to_have_text(second)
    tomas.page.click("[data-label-filter-button]")
    expect(tomas.page.locator("#label-filter [data-label-cycle]").first).to_contain_text(second)
    tomas.page.keyboard.press("Escape")
    row = settings_of(rina, "Menunggu bayar")
    row.locator("summary").click()
    row.locator('[name="into"]').select_option(label="VIP")
    expect(row.locator("[data-preview]")).to_contain_text("11 conversations")
    rina.page.once("dialog", lambda dialog: dialog.accept())
    row.locator("[data-merge] button").click()
    expect(rina.page.locator(".box", has_text="Archived")).to_contain_text("merged into VIP")
    expect(tomas.page.locator("#rows .tag", has_text="Menunggu bayar")).to_have_count(0)


def test_a_rule_is_tried_saved_and_then_works(people: People) -> None:
    rina, _tomas = people
    rina.goes("/settings/labels")
    form = rina.page.locator('[data-rule-row="new"]')
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    form.locator("[data-value]").fill("(")
    form.locator("[data-op]").select_option("matches")
    form.locator('[type="submit"]').click()
    expect(rina.page.locator(".toast")).to_contain_text("pattern")
    form.locator("[data-op]").select_option("words")
    form.locator("[data-value]").fill("ongkir, kirim")
    form.locator("[data-label]").select_option(label="Grosir")
    form.locator("[data-try]").click()
    expect(form.locator("[data-result]")).to_have_text(
        re.compile(
            r"^No conversation would have got the label\. \d+ imported messages .* cannot be tried\.$"
        ),
        timeout=30_000,
    )
    form.locator('[type="submit"]').click()
    expect(rina.page.locator(".rule-edit").first).to_contain_text("the text has “ongkir, kirim”")
    switch = rina.page.locator("[data-enable]").first
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    assert [trouble for trouble in rina.troubles if "422" not in trouble] == []
    rina.troubles.clear()
