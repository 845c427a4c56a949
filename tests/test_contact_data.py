"""Custom fields, imports, exports and segments by the API and on their pages; without a trace while off."""

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine.events import event
from plugins.contacts import csv_vcard, fields, files, importing
from tests.web_stack import ANDI, DEWI, running

ROOT = Path(__file__).parent.parent
MONEY = {"key": "belanja", "label": "Belanja", "type": "money", "currency": "IDR"}
NUMBER = {"key": "anak", "label": "Anak", "type": "number"}
DATE = {"key": "lahir", "label": "Lahir", "type": "date"}


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        found.admin = found.agent("Ayu", role="admin")
        found.ask("agent.update", agent=found.admin, language="en")
        found.sari = found.agent("Sari")
        found.writes(DEWI, "Halo, masih ada?")
        found.writes(ANDI, "Selamat pagi")
        yield found


@pytest.fixture(scope="module")
def ayu(stack):
    return stack.signed_in("Ayu")


@pytest.fixture(scope="module")
def sari(stack):
    return stack.signed_in("Sari")


@pytest.fixture(scope="module")
def program(stack):
    return stack.api(stack.admin)


@pytest.fixture(scope="module")
def city(program):
    return make(program, "Kota", "text")


@pytest.fixture(scope="module")
def spent(program):
    return make(program, "Belanja", "money", currency="IDR")


def make(program, label, type, **more):
    status, field = program("POST", "/contact-fields", json={"label": label, "type": type, **more})
    assert status == 201, field
    return field


def contact(stack, chat):
    return stack.conversation(chat)["contact"]


def work(stack):
    """Do what waits for a worker."""
    workspace = stack.engine.workspaces["main"]
    while jobs := [job for job in stack.all("job") if job["name"] in files.JOBS]:
        documents = workspace.reading()
        result = files.JOBS[jobs[0]["name"]](
            jobs[0]["args"], SimpleNamespace(folder=workspace.folder, documents=documents)
        )
        documents.connection.close()
        told = {"job": jobs[0]["id"], "result": result}
        stack.submit([event("job.finished", jobs[0]["id"], told, origin="job")])


# Values


@pytest.mark.parametrize(
    ("field", "text", "comma", "kept", "indonesian"),
    [
        (MONEY, "Rp 150.000", True, 15000000, "Rp150.000"),
        (MONEY, "150,000.50", False, 15000050, "Rp150.000,50"),
        (NUMBER, "1.234,5", True, 1234.5, "1.234,5"),
        (NUMBER, "-3", True, -3, "-3"),
        (DATE, "17 Agustus 1990", True, "1990-08-17", "17 Agu 1990"),
        (DATE, "17/8/1990", True, "1990-08-17", "17 Agu 1990"),
        (DATE, "1990-08-17", True, "1990-08-17", "17 Agu 1990"),
    ],
    ids=str,
)
def test_what_people_write_is_kept_exactly_and_shown_in_their_language(field, text, comma, kept, indonesian):
    value = fields.read(field, text, comma)
    assert value == kept and type(value) is type(kept)
    assert fields.shown(field, value, "id").replace("\u00a0", "") == indonesian
    assert fields.read(field, fields.typed(field, value, "id"), comma=True) == value
    assert fields.read(field, fields.typed(field, value, "en")) == value


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        (NUMBER, "1.5", "not_a_number"),
        (NUMBER, "satu", "not_a_number"),
        (NUMBER, "1234567890123456", "too_large"),
        (MONEY, "0,001", "too_precise"),
        (DATE, "31/02/1990", "not_a_date"),
        ({**NUMBER, "required": True}, "", "needed"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(field, text, code):
    with pytest.raises(fields.Wrong) as wrong:
        fields.read(field, text, comma=True)
    assert wrong.value.code == code


def test_nothing_is_left_in_english():
    done = set()
    for folder in (ROOT / "web", ROOT / "plugins" / "contacts"):
        with (folder / "translations/id/LC_MESSAGES/messages.po").open("rb") as file:
            done |= {message.id for message in read_po(file, locale="id") if message.string}
    keywords = {"_": None, "lazy_gettext": None, "ngettext": (1, 2)}
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    found = {each[2] for each in extract_from_dir(ROOT / "plugins" / "contacts", methods, keywords=keywords)}
    assert sorted(map(str, found - done)) == []


def test_columns_are_guessed_in_both_languages():
    titles = ["Nama Lengkap", "No. HP", "Phone 2", "KOTA", "E-mail", "Full name"]
    known = [{"key": "kota", "label": "Kota"}]
    assert importing.guess(titles, known) == ["name", "phone", "phone", "kota", None, None]


def test_files_of_all_kinds_are_read():
    spreadsheet = csv_vcard.read('sep=;\r\nNama;Kota\r\nJosé;"A\r\nB"\r\n\r\nBudi;C\r\n'.encode("cp1252"))
    assert (spreadsheet["encoding"], spreadsheet["delimiter"]) == ("cp1252", ";")
    assert list(spreadsheet["rows"]) == [(3, ["José", "A\r\nB"]), (6, ["Budi", "C"])]
    assert csv_vcard.read("\ufeffa\tb\n1\t2\n".encode())["columns"] == ["a", "b"]
    assert csv_vcard.read("a,b\n1,2\n".encode("utf-16"))["columns"] == ["a", "b"]
    for raw, code in ((b"\0\1", "binary"), (b"\n", "empty"), (b"a," * 101, "wide")):
        with pytest.raises(csv_vcard.NoTable) as error:
            csv_vcard.read(raw)
        assert error.value.code == code


# Custom fields by the API


def test_a_field_is_made_changed_moved_archived_and_used_again(stack, program):
    field = make(program, "Tipe pelanggan", "choice", choices=["Grosir", "Eceran", "grosir"])
    assert (field["key"], field["choices"]) == ("tipe_pelanggan", ["grosir", "Eceran"])
    path = f"/contact-fields/{field['id']}"
    status, changed = program("PATCH", path, json={"label": "Tipe", "choices": ["Grosir"], "order": 0})
    assert status == 200 and (changed["label"], changed["key"]) == ("Tipe", "tipe_pelanggan")
    assert program("GET", "/contact-fields")[1]["items"][0]["id"] == field["id"]
    person = f"/contacts/{contact(stack, DEWI)}"
    assert (
        program("PATCH", person, json={"contacts.tipe_pelanggan": "GROSIR"})[1]["contacts.tipe_pelanggan"]
        == "Grosir"
    )
    assert program("PATCH", person, json={"contacts.tipe_pelanggan": "Lain"})[0] == 409
    assert program("DELETE", path)[0] == 204
    assert program("GET", path)[1]["archived"] is True
    assert field["id"] not in [each["id"] for each in program("GET", "/contact-fields")[1]["items"]]
    assert program("PATCH", person, json={"contacts.tipe_pelanggan": "Grosir"})[0] == 409
    assert program("PATCH", path, json={"archived": False})[1]["archived"] is False
    program("PATCH", person, json={"contacts.tipe_pelanggan": None})


def test_a_field_that_nobody_has_is_deleted(program):
    field = make(program, "Salah", "text")
    assert program("DELETE", f"/contact-fields/{field['id']}")[0] == 204
    assert program("GET", f"/contact-fields/{field['id']}")[0] == 404


def test_money_is_exact_and_of_one_currency(stack, program, spent):
    path = f"/contacts/{contact(stack, DEWI)}"
    assert program("PATCH", path, json={"contacts.belanja": "1250000.10"})[1]["contacts.belanja"] == 125000010
    given = {"amount": 99, "currency": "IDR"}
    assert program("PATCH", path, json={"contacts.belanja": given})[1]["contacts.belanja"] == 99
    assert program("PATCH", path, json={"contacts.belanja": {**given, "currency": "USD"}})[0] == 409
    assert program("PATCH", path, json={"contacts.belanja": "0.001"})[0] == 409
    assert program("PATCH", path, json={"contacts.nothing": 1})[0] == 409
    assert program("PATCH", path, json={"nobody.x": 1})[0] == 422
    assert program("PATCH", path, json={})[0] == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": " ", "type": "text"},
        {"label": "A", "type": "colour"},
        {"label": "A", "type": "money", "currency": "rp"},
    ],
    ids=str,
)
def test_what_is_no_field_is_422(program, wrong):
    assert program("POST", "/contact-fields", json=wrong)[0] == 422


def test_a_choice_needs_choices_and_a_label_is_given_once(program, city):
    assert program("POST", "/contact-fields", json={"label": "B", "type": "choice"})[0] == 409
    assert program("POST", "/contact-fields", json={"label": "M", "type": "money"})[0] == 409
    assert program("POST", "/contact-fields", json={"label": "kota ", "type": "text"})[0] == 409


def test_an_agent_fills_fields_in_but_makes_none_imports_and_exports_nothing(stack, city):
    agent = stack.api(stack.sari)
    assert agent("PATCH", f"/contacts/{contact(stack, ANDI)}", json={"contacts.kota": "Solo"})[0] == 200
    assert agent("GET", "/contact-fields")[0] == 200
    for method, path in (
        ("POST", "/contact-fields"),
        ("GET", "/segments"),
        ("GET", "/contact-imports"),
        ("GET", "/contact-exports"),
    ):
        assert agent(method, path, json={})[0] == 403


def test_fields_are_managed_on_their_page(stack, ayu):
    ayu.look("/settings/contact-fields")
    form = {"label": "Ukuran", "type": "choice", "choices": "S\nM\n\nL", "required": "on"}
    assert ayu.post("/settings/contact-fields", form).status_code == 303
    (field,) = [each for each in stack.all("contact_field") if each["label"] == "Ukuran"]
    assert (field["choices"], field["required"]) == (["S", "M", "L"], True)
    assert ayu.post(f"/settings/contact-fields/{field['id']}/up").status_code == 303
    assert ayu.post(f"/settings/contact-fields/{field['id']}", {"label": "Size"}).status_code == 303
    assert (
        "There is a field “Size” already."
        in ayu.post("/settings/contact-fields", {"label": "size", "type": "text"}).text
    )
    assert ayu.post(f"/settings/contact-fields/{field['id']}/archive").status_code == 303
    assert "Size" not in ayu.look("/settings/contact-fields").text


# Segments


def test_a_segment_is_saved_counted_and_paged(stack, program, city, spent):
    program("PATCH", f"/contacts/{contact(stack, DEWI)}", json={"contacts.belanja": "50000"})
    rich = {"field": "contacts.belanja", "op": "at_least", "value": "50,000"}
    status, made = program("POST", "/segments", json={"name": "Kaya", "condition": {"all": [rich]}})
    assert status == 201 and made["condition"]["all"][0]["value"] == 5000000
    path = f"/segments/{made['id']}"
    assert [each["name"] for each in program("GET", f"{path}/contacts")[1]["items"]] == ["Dewi"]
    assert program("POST", "/segments", json={"name": "kaya", "condition": {}})[0] == 409
    status, changed = program("PATCH", path, json={"name": "Semua", "condition": {}})
    assert (status, changed["name"], changed["condition"]) == (200, "Semua", {})
    first = program("GET", f"{path}/contacts?limit=1")[1]
    rest = program("GET", f"{path}/contacts?limit=1&cursor={first['next']}")[1]
    assert first["items"][0]["id"] != rest["items"][0]["id"] and rest["next"] is None
    assert program("GET", f"{path}/contacts?cursor=x")[0] == 422
    assert program("DELETE", path)[0] == 204 and program("GET", path)[0] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "contacts.nothing", "op": "known"},
        {"field": "name", "op": "at_least", "value": "x"},
        {"field": "contacts.belanja", "op": "at_least", "value": "much"},
        {"any": 5},
        {"field": {}, "op": []},
    ],
    ids=str,
)
def test_what_is_no_condition_is_422(program, spent, wrong):
    status, answer = program("POST", "/segments/preview", json={"condition": wrong})
    assert status == 422 and answer["error"]["fields"]["condition"]


def test_the_list_is_narrowed_to_a_segment_and_to_the_blocked(stack, ayu, program, city):
    program("PATCH", f"/contacts/{contact(stack, ANDI)}", json={"contacts.kota": "Solo"})
    stack.ask("contact.block", contact=contact(stack, DEWI), reason="spam")
    solo = {"field": "contacts.kota", "op": "is", "value": "Solo"}
    segment = program("POST", "/segments", json={"name": "Solo", "condition": solo})[1]["id"]
    rows = rf'id="contact-({contact(stack, DEWI)}|{contact(stack, ANDI)})"'
    assert re.findall(rows, ayu.look(f"/contacts?show={segment}").text) == [contact(stack, ANDI)]
    assert re.findall(rows, ayu.look("/contacts/rows?show=blocked").text) == [contact(stack, DEWI)]
    assert re.findall(rows, ayu.look("/contacts?show=opted_out").text) == []
    stack.ask("contact.unblock", contact=contact(stack, DEWI))


# Imports and exports


def upload(ayu, text, name="pelanggan.csv"):
    file = {"file": (io.BytesIO(text.encode()), name)}
    return ayu.client.post("/api/contact-imports", data=file, headers={"X-CSRF-Token": ayu.session_csrf()})


def test_an_import_by_the_api_from_upload_to_undo(stack, ayu, program, city):
    made = upload(ayu, "Nama;HP;Kota\nEka;0812-0000-0009;Solo\nFani;1;Solo\nGita;6.28E+12;\n")
    assert made.status_code == 201 and made.json["mapping"] == ["name", "phone", "kota"]
    assert "file" not in made.json and made.json["sample"][0] == ["Eka", "0812-0000-0009", "Solo"]
    path = f"/contact-imports/{made.json['id']}"
    assert program("POST", f"{path}/start")[0] == 409
    assert program("POST", f"{path}/check", json={"mapping": made.json["mapping"]})[0] == 202
    work(stack)
    checked = program("GET", path)[1]
    assert (checked["state"], checked["counts"]["create"], checked["counts"]["bad"]) == ("checked", 1, 2)
    found = program("GET", f"{path}/problems?limit=1")[1]
    assert found["items"][0]["reason"] == "“1” is not a phone number."
    assert program("GET", f"{path}/problems?cursor={found['next']}")[1]["items"][0]["line"] == 4
    lines = ayu.client.get(f"/contacts/import/{made.json['id']}/problems.csv").text
    assert lines.startswith('\ufeff"Line","Reason","Nama","HP","Kota"') and "6.28E+12" in lines
    assert program("POST", f"{path}/start")[0] == 202
    work(stack)
    assert program("GET", path)[1]["done"] == {"rows": 1, "created": 1, "updated": 0, "skipped": 0}
    assert "Eka" in ayu.look(f"/contacts/import/{made.json['id']}").text + ayu.look("/contacts?q=Eka").text
    assert program("GET", "/contact-imports?limit=1")[1]["items"][0]["id"] == made.json["id"]
    assert program("POST", f"{path}/undo")[0] == 202


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "not empty"), ("\0\1\2", "no CSV file"), ("a," * 120, "over 100 columns")],
    ids=["empty", "binary", "wide"],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(ayu, text, said):
    answer = upload(ayu, text)
    assert answer.status_code == 422 and said in answer.json["error"]["message"]


def test_exports_are_streamed_escaped_and_on_record(stack, ayu, program, city):
    program("PATCH", f"/contacts/{contact(stack, ANDI)}", json={"name": "=Andi", "contacts.kota": "Solo"})
    ayu.look("/contacts/export")
    answer = ayu.post("/contacts/export", {"format": "csv"})
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"Name","Phone number"') and "Kota" in lines[0]
    (andi,) = [line for line in lines if "6281200001123" in line]
    assert andi.startswith('"\'=Andi","\'+6281200001123"') and "Solo" in andi
    cards = ayu.post("/contacts/export", {"format": "vcard", "contact": contact(stack, ANDI)}).text
    assert cards.count("BEGIN:VCARD") == 1 and "FN:=Andi" in cards and "Kota: Solo" in cards
    record = program("GET", "/contact-exports?limit=1")[1]["items"][0]
    assert (record["agent"], record["format"], record["count"]) == (stack.admin, "vcard", 1)
    program("PATCH", f"/contacts/{contact(stack, ANDI)}", json={"name": None})


# What people see


def test_values_and_consent_are_in_the_panel_and_on_the_page(stack, sari, program, city):
    id = contact(stack, DEWI)
    program("PATCH", f"/contacts/{id}", json={"contacts.kota": "Bandung"})
    for path in (
        f"/inbox/{stack.conversation(DEWI)['id']}?tab=all",
        f"/contacts/{id}",
        f"/contacts/{id}/data",
    ):
        text = sari.look(path).text
        assert f'data-person="{id}"' in text and "Bandung" in text and 'data-decide="block"' in text
        assert "slot-error" not in text


def test_pages_have_no_inline_script_or_style(stack, ayu, program, city):
    segment = program("POST", "/segments", json={"name": "<b>x", "condition": {}})[1]["id"]
    for path in (
        "/contacts/import",
        "/contacts/segments",
        f"/contacts/segments/{segment}",
        "/contacts/export",
        "/settings/contact-fields",
    ):
        answer = ayu.look(path)
        assert answer.status_code == 200 and "slot-error" not in answer.text and "<b>x" not in answer.text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", answer.text)
        assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.text)
    program("DELETE", f"/segments/{segment}")


def test_switched_off_nothing_of_it_is_left(stack, ayu, program, city):
    id = contact(stack, DEWI)
    program("PATCH", f"/contacts/{id}", json={"contacts.kota": "Bandung"})
    assert program("PATCH", "/plugins/contacts", json={"enabled": False})[0] == 200
    try:
        for path in ("/contact-fields", "/segments", "/contact-imports", "/contact-exports"):
            assert program("GET", path)[0] == 404
            assert f"/api{path}" not in ayu.client.get("/api/openapi.json").json["paths"]
        assert "contacts.kota" not in program("GET", f"/contacts/{id}")[1]
        text = ayu.look(f"/inbox/{stack.conversation(DEWI)['id']}?tab=all").text + ayu.look("/settings").text
        for trace in ("data-person", "Bandung", "contact-fields", "person.js"):
            assert trace not in text
    finally:
        program("PATCH", "/plugins/contacts", json={"enabled": True})
    assert program("GET", f"/contacts/{id}")[1]["contacts.kota"] == "Bandung"
