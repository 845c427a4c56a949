"""Custom fields, imports and segments in real browsers: Rina and Sari, each in her own language."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import PHONE, Person, chromium
from tests.processes import Serving, data_folder

pytestmark = pytest.mark.browser
BAD = {
    11: ";0812{0:08};Bandung;01/02/1990\n".replace("0812{0:08}", "6.28E+12"),
    101: "Cici;12345;Solo;\n",
    202: "Tanpa nomor;;Solo;\n",
    303: "Kembar;081200000000;Solo;\n",
    404: "Eka;0812 9900 0001;Solo;kemarin\n",
    505: "Fani;bukan nomor;Solo;\n",
    1001: "Gita;0812 9900 0002;Solo;31/02/1990\n",
}


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
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def rina(browser: Browser, demo: tuple[str, str]) -> Iterator[Person]:
    """A supervisor, in English."""
    person = Person(browser, demo[0], locale="en-GB").signs_in("rina@demo.example", demo[1])
    yield person
    assert person.troubles == []


@pytest.fixture(scope="module")
def sari(browser: Browser, demo: tuple[str, str]) -> Iterator[Person]:
    """The admin, in Indonesian."""
    person = Person(browser, demo[0], locale="id-ID").signs_in("sari@demo.example", demo[1])
    yield person
    assert person.troubles == []


def makes_field(person: Person, label: str, type: str) -> None:
    person.goes("/settings/contact-fields")
    person.page.fill("#new-label", label)
    person.page.select_option("#new-type", type)
    person.page.press("#new-label", "Enter")
    expect(person.page.locator(".field-row", has_text=label)).to_be_visible()


@pytest.fixture(scope="module")
def fields(rina: Person) -> None:
    for label, type in (("Kota", "text"), ("Ulang tahun", "date"), ("Belanja", "money")):
        makes_field(rina, label, type)


def opens_the_first(person: Person) -> str:
    person.goes("/inbox?tab=all")
    person.page.locator("#rows .row").first.click()
    expect(person.page.locator("#messages")).to_be_visible()
    return str(person.page.get_attribute("[data-thread]", "data-thread"))


def value(person: Person, key: str) -> object:
    return person.page.locator(f'[data-person] [data-field="{key}"] .field-value')


def types(person: Person, key: str, text: str) -> None:
    person.page.click(f'[data-person] [data-field="{key}"] [data-field-edit]')
    person.page.fill(f'[data-person] [data-field="{key}"] input', text)
    person.page.keyboard.press("Enter")


def test_a_value_is_typed_in_one_browser_and_is_in_the_other(
    fields: None, rina: Person, sari: Person
) -> None:
    conversation = opens_the_first(rina)
    sari.opens(conversation)
    types(rina, "kota", "Bandung")
    expect(value(sari, "kota")).to_have_text("Bandung")
    types(sari, "belanja", "1.250.000,50")
    expect(value(sari, "belanja")).to_contain_text("1.250.000,50")
    expect(value(rina, "belanja")).to_contain_text("1,250,000.50")
    rina.takes_picture("contact-data-panel")
    contact = rina.page.get_attribute("[data-person]", "data-person")
    sari.goes(f"/contacts/{contact}")
    expect(value(sari, "kota")).to_have_text("Bandung")
    sari.takes_picture("contact-data-person")
    types(rina, "kota", "Solo")
    expect(value(sari, "kota")).to_have_text("Solo")


def test_a_wrong_value_is_told_where_it_is_typed_and_esc_takes_it_back(fields: None, rina: Person) -> None:
    opens_the_first(rina)
    types(rina, "belanja", "much")
    expect(rina.page.locator('[data-field="belanja"] .wrong')).to_have_text("Belanja takes a number.")
    rina.page.keyboard.press("Escape")
    expect(value(rina, "belanja")).to_be_focused()
    expect(value(rina, "belanja")).not_to_contain_text("much")
    rina.troubles = [each for each in rina.troubles if "422" not in each]


def test_who_opts_out_says_why_in_every_browser(fields: None, rina: Person, sari: Person) -> None:
    conversation = opens_the_first(rina)
    sari.opens(conversation)
    decides(rina, "opt_out", "asked by phone")
    expect(sari.page.locator(".consent-note.warn")).to_contain_text("asked by phone")
    decides(rina, "block", "spam")
    expect(sari.page.locator(".consent-note.bad")).to_contain_text("spam")
    expect(sari.page.locator("#composer [data-blocked]")).to_be_visible()
    rina.takes_picture("contact-data-consent")
    rina.page.click('[data-consent="contact.unblock"]')
    rina.page.click('[data-consent="contact.opt_in"]')
    expect(sari.page.locator(".consent-note.warn, .consent-note.bad")).to_have_count(0)


def decides(person: Person, what: str, reason: str) -> None:
    person.page.locator(f"[data-decide={what}]").focus()
    person.page.keyboard.press("Enter")
    expect(person.page.locator(f"[data-of={what}] input")).to_be_focused()
    person.page.keyboard.type(reason)
    person.page.keyboard.press("Enter")


def thousand(folder: Path) -> Path:
    rows = {
        number: f"Pelanggan {number};0812{number - 2:08};Bandung;17/08/1990\n" for number in range(2, 1002)
    }
    file = folder / "pelanggan.csv"
    file.write_text("\ufeffNama;No. HP;Kota;Ulang tahun\n" + "".join((rows | BAD).values()))
    return file


def test_of_a_thousand_rows_seven_are_named_and_the_rest_go_in(
    fields: None, rina: Person, sari: Person, tmp_path: Path
) -> None:
    page = rina.page
    rina.goes("/contacts")
    page.click('.toolbar a[href$="/contacts/import"], a[href$="/contacts/import"]')
    rina.takes_picture("import-begin")
    page.set_input_files("#upload-file", thousand(tmp_path))
    expect(page.locator("#mapper")).to_be_visible()
    chosen = [page.locator(f"[name=column-{n}]").input_value() for n in range(4)]
    assert chosen == ["name", "phone", "kota", "ulang_tahun"]
    page.select_option("[name=month_first]", "0")
    rina.takes_picture("import-columns")
    page.click('[data-go="check"]')
    expect(page.locator("#problems tbody tr")).to_have_count(7)
    lines = [int(row.get_attribute("data-line") or 0) for row in page.locator("#problems tbody tr").all()]
    assert lines == list(BAD)
    expect(page.locator("#problems")).to_contain_text("line 2 already")
    expect(page.locator(".figures")).to_contain_text("993")
    rina.takes_picture("import-dry-run")
    with page.expect_download() as download:
        page.click("#problems a[download]")
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert text.count("\n") == 8 and "6.28E+12" in text
    sari.goes(page.url.removeprefix(rina.address))
    page.click('[data-go="start"]')
    for person in (rina, sari):
        expect(person.page.locator('#import[data-state="done"]')).to_be_visible()
        expect(person.page.locator(".figures")).to_contain_text("993")
    sari.takes_picture("import-done")


def test_a_segment_is_built_and_its_people_are_counted_live(fields: None, rina: Person, sari: Person) -> None:
    page = rina.page
    sari.goes("/contacts/segments")
    rina.goes("/contacts/segments/new")
    page.fill("#segment-name", "Bandung, never wrote")
    page.click("text=Add a condition")
    adds(rina, 0, "contacts.kota", "is", "Bandung")
    expect(page.locator("[data-count-of]")).to_have_text("993")
    page.click("text=Add a condition")
    adds(rina, 1, "last_message_at", "unknown")
    page.click("text=Add a condition")
    adds(rina, 2, "name", "contains", "gan 99")
    expect(page.locator("[data-count-of]")).to_have_text("11")
    expect(page.locator("#people .box-row")).to_have_count(11)
    page.click("text=Add a group")
    inner = page.locator(".group .group")
    inner.locator("[data-which]").select_option("none")
    inner.get_by_text("Add a condition").click()
    adds(rina, 3, "name", "is", "Pelanggan 99")
    expect(page.locator("[data-count-of]")).to_have_text("10")
    rina.takes_picture("segment")
    page.click("#builder button[type=submit]")
    expect(page).to_have_url(re.compile(r"/contacts/segments/[a-z0-9]{20,}"))
    expect(page.locator(".rule")).to_have_count(4)
    expect(page.locator("[data-count-of]")).to_have_text("10")
    expect(sari.page.locator("#segments .box-row small")).to_have_text("10")
    sari.page.set_viewport_size(PHONE)
    sari.goes(page.url.removeprefix(rina.address))
    expect(sari.page.locator("[data-count-of]")).to_have_text("10")
    sari.takes_picture("segment-phone")


def adds(person: Person, at: int, field: str, op: str, given: str = "") -> None:
    row = person.page.locator(".rule").nth(at)
    row.locator("> select").nth(0).select_option(field)
    row.locator("> select").nth(1).select_option(op)
    if given:
        row.locator(".rule-value input").fill(given)
