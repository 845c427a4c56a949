"""Imports of contacts: what a file's rows become, exact over repeats, stops and the way back."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import settings
from engine.config import Config, WorkspaceConfig
from engine.events import event
from plugins.contacts import csv_vcard, files, importing
from tests.world import DEWI, SHOP, World, written

FILE = "file-of-rina"
HEAD = "Nama;No. HP;Kota;Belanja\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "w" / "main").with_shop()
    settings.apply(made.workspace, Config(data=tmp_path, workspaces={"main": WorkspaceConfig("main")}))
    made.rina = made.agent("Rina", "supervisor")  # type: ignore[attr-defined]
    made.ask("contacts.create_field", label="Kota", type="text")
    made.ask("contacts.create_field", label="Belanja", type="money", currency="IDR")
    yield made
    made.close()


def upload(world: World, text: str, **plan: Any) -> str:
    """Have Rina upload a file and choose its columns; return the import's id."""
    folder = world.workspace.folder / files.FOLDER
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(text)
    table = csv_vcard.read(text.encode())
    told = {key: table[key] for key in ("format", "encoding", "delimiter", "columns")}
    mapping = importing.guess(table["columns"], world.all("contact_field"))
    about = {"file": FILE, "name": "pelanggan.csv", "size": len(text), **told}
    about["mapping"] = mapping
    id = str(world.ask("contacts.add_import", by=world.rina, **about)["result"]["import"])  # type: ignore[attr-defined]
    options = plan.pop("options", {})
    check = {"import": id, "mapping": mapping, "options": options}
    done = world.ask("contacts.check_import", **check)
    assert done["status"] == "done", done
    return id


def work(world: World, most: int = 100) -> list[dict[str, Any]]:
    """Do the jobs that wait, as a worker would; return what they told."""
    context = SimpleNamespace(folder=world.workspace.folder, documents=world.documents)
    told: list[dict[str, Any]] = []
    while len(told) < most:
        waiting = [j for j in world.all("job") if j["state"] == "queued" and j["name"] in files.JOBS]
        if not waiting:
            break
        job = waiting[0]
        result = files.JOBS[job["name"]](job["args"], context)
        told.append({"job": job["id"], "result": result})
        world.submit(event("job.finished", job["id"], told[-1], origin="job"))
    return told


def state(world: World, id: str) -> dict[str, Any]:
    return world.get("contact_import", id)


def problems(world: World) -> list[tuple[int, str]]:
    path = files.path_of(world.workspace.folder, FILE, files.BAD)
    return [(bad["line"], bad["code"]) for bad in files.lines(path)]


def start(world: World, id: str) -> dict[str, Any]:
    return world.ask("contacts.start_import", **{"import": id})


def test_a_dry_run_names_every_bad_row_and_the_rest_goes_in(world: World) -> None:
    world.writes(DEWI, "Halo")
    world.ask("contact.opt_out", contact=world.conversation(DEWI)["contact"], reason="stop", source="word")
    text = HEAD + (
        "Andi;0812-0000-1123;Bandung;Rp 150.000\n"
        "Budi;6.28E+12;Solo;\n"
        "Cici;12345;Solo;\n"
        ";;Solo;\n"
        "Andi lagi;+6281200001123;;\n"
        "Dewi;081300004521;;\n"
        "Eka;0812 0000 1124;;banyak\n"
        "Fani;812-0000-1125;;0\n"
    )
    id = upload(world, text)
    work(world)
    checked = state(world, id)
    assert checked["state"] == "checked"
    assert checked["counts"] == {"rows": 8, "create": 2, "update": 0, "skip": 0, "bad": 6}
    assert problems(world) == [
        (3, "scientific"),
        (4, "bad_phone"),
        (5, "no_phone"),
        (6, "duplicate"),
        (7, "opted_out"),
        (8, "not_a_number"),
    ]
    assert len(world.all("contact")) == 1
    assert start(world, id)["status"] == "done"
    work(world)
    assert state(world, id)["done"] == {"rows": 2, "created": 2, "updated": 0, "skipped": 0}
    andi = next(each for each in world.all("contact") if each["phone"] == "+6281200001123")
    assert andi["name"] == "Andi"
    assert (andi["contacts.kota"], andi["contacts.belanja"]) == ("Bandung", 15000000)
    assert not list((world.workspace.folder / files.FOLDER).glob(FILE))
    world.writes("6281200001123@c.us", "Halo")
    assert world.conversation("6281200001123@c.us")["contact"] == andi["id"]


def many(number: int) -> str:
    return "Nama,Telepon\n" + "".join(f"Pelanggan {n},0812{n:08}\n" for n in range(number))


def test_what_is_told_twice_or_late_goes_in_once(world: World) -> None:
    id = upload(world, many(1200))
    work(world)
    start(world, id)
    first = work(world, 1)[0]
    assert state(world, id)["done"]["rows"] == files.AT_ONCE
    again = {**first, "job": first["job"]}
    world.submit(event("job.finished", f"{first['job']}/again", again, origin="job"))
    assert state(world, id)["done"]["rows"] == files.AT_ONCE
    work(world)
    done = state(world, id)
    assert (done["state"], done["done"]["created"]) == ("done", 1200)
    assert len(world.all("contact")) == 1200


def test_an_import_is_stopped_and_goes_on_and_is_undone(world: World) -> None:
    id = upload(world, many(700))
    work(world)
    start(world, id)
    work(world, 1)
    assert world.ask("contacts.stop_import", **{"import": id})["status"] == "done"
    work(world)
    assert (state(world, id)["state"], state(world, id)["done"]["rows"]) == ("stopped", files.AT_ONCE)
    start(world, id)
    work(world)
    assert state(world, id)["done"]["created"] == 700
    world.writes("6281200000007@c.us", "Halo")
    assert world.ask("contacts.undo_import", **{"import": id})["status"] == "done"
    world.until(lambda: state(world, id)["state"] == "undone")
    assert [contact["phone"] for contact in world.all("contact")] == ["+6281200000007"]
    assert (state(world, id)["undone"], state(world, id)["kept"]) == (699, 1)


def test_a_long_file_is_checked_in_slices_as_if_it_were_in_one(world: World) -> None:
    number = files.SLICE * 2 + 3
    text = "Nama,Telepon\n" + "".join(f"P{n},0812{n:08}\n" for n in range(number - 1)) + "Lagi,081200000000\n"
    id = upload(world, text)
    told = work(world)
    assert [each["result"]["outcome"] for each in told] == ["checking", "checking", "checked"]
    assert told[0]["result"] == {"outcome": "checking", "done": files.SLICE, "of": number + 1}
    assert state(world, id)["counts"] == {
        "rows": number, "create": number - 1, "update": 0, "skip": 0, "bad": 1,
    }  # fmt: skip
    assert problems(world) == [(number + 1, "duplicate")]
    rows = list(files.lines(files.path_of(world.workspace.folder, FILE, files.ROWS)))
    assert [row["line"] for row in rows] == list(range(2, number + 1))
    world.ask("contacts.forget_import", **{"import": id})
    work(world)
    assert not list((world.workspace.folder / files.FOLDER).iterdir())


def test_a_switch_in_between_does_not_lose_the_rest(world: World) -> None:
    id = upload(world, many(600))
    work(world)
    start(world, id)
    world.ask("plugin.set", plugin="contacts", enabled=False)
    work(world)
    assert state(world, id)["state"] == "running"
    assert world.all("contact") == []
    world.ask("plugin.set", plugin="contacts", enabled=True)
    work(world)
    assert state(world, id)["done"]["created"] == 600


@pytest.mark.parametrize(
    ("duplicates", "name", "city"),
    [("fill", "Bu Dewi", "Solo"), ("overwrite", "Dewi Lestari", "Bandung"), ("skip", "Bu Dewi", "Solo")],
)
def test_who_is_there_already(world: World, duplicates: str, name: str, city: str) -> None:
    label = world.label("Impor")
    world.writes(DEWI, "Halo")
    dewi = world.conversation(DEWI)["contact"]
    world.ask("contact.update", contact=dewi, name="Bu Dewi")
    world.ask("contacts.set_fields", contact=dewi, fields={"kota": "Solo"})
    options = {"duplicates": duplicates, "label": label, "consent": "agreed at the shop", "region": None}
    options |= {"comma": True, "month_first": False}
    text = HEAD + "Dewi Lestari;081300004521;Bandung;10.000\nAndi;081200001123;;\n"
    id = upload(world, text, options=options)
    work(world)
    start(world, id)
    work(world)
    after = world.get("contact", dewi)
    assert (after["name"], after["contacts.kota"]) == (name, city)
    assert ("contacts.belanja" in after) is (duplicates != "skip")
    assert world.conversation(DEWI)["labels"] == [label]
    world.writes("6281200001123@c.us", "Halo")
    assert world.conversation("6281200001123@c.us")["labels"] == [label]
    andi = world.get("contact", world.conversation("6281200001123@c.us")["contact"])
    assert andi["contacts._consent"]["note"] == "agreed at the shop"


def test_a_lost_worker_is_told_and_the_import_can_go_on(world: World) -> None:
    id = upload(world, many(3))
    work(world)
    start(world, id)
    (job,) = [j["id"] for j in world.all("job") if j["state"] == "queued" and "import" in j["args"]]
    told = {"job": job, "result": {"outcome": "unknown", "reason": "OSError: gone"}}
    world.submit(event("job.finished", job, told, origin="job"))
    assert (state(world, id)["state"], state(world, id)["reason"]) == ("failed", "OSError: gone")
    start(world, id)
    work(world)
    assert state(world, id)["done"]["created"] == 3


def test_what_cannot_be_imported_is_refused_with_a_reason(world: World) -> None:
    id = upload(world, many(1))
    work(world)
    check = {"import": id, "mapping": ["name", None], "options": {}}
    assert "has to be the phone" in world.ask("contacts.check_import", **check)["reason"]
    assert "2 columns" in world.ask("contacts.check_import", **{**check, "mapping": ["phone"]})["reason"]
    wrong = {**check, "mapping": ["phone", "nothing"]}
    assert "no field 'nothing'" in world.ask("contacts.check_import", **wrong)["reason"]
    world.ask("contacts.create_field", label="Kode", type="text", required=True)
    needed = {**check, "mapping": ["name", "phone"]}
    assert "Kode is needed" in world.ask("contacts.check_import", **needed)["reason"]


def test_cards_with_several_numbers_are_one_contact(world: World) -> None:
    card = "BEGIN:VCARD\nVERSION:4.0\nFN:Dewi\nTEL;VALUE=uri:tel:+62-21-555-1234\n"
    card += "TEL;TYPE=cell;PREF=1:0813-0000-4521\nEND:VCARD\nBEGIN:VCARD\nFN:nobody\nEND:VCARD\n"
    id = upload(world, card)
    work(world)
    assert problems(world) == [(7, "no_phone")]
    start(world, id)
    work(world)
    (dewi,) = world.all("contact")
    assert dewi["phone"] == "+6281300004521"
    assert dewi["aliases"] == ["6281300004521@c.us", "62215551234@c.us"]
    world.submit(written(DEWI, "Halo", "X1"))
    assert world.conversation(DEWI)["contact"] == dewi["id"] and world.conversation(DEWI)["account"] == SHOP


def taken_in(world: World, text: str, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Import a file to its end; return what the dry run counted and what was done."""
    id = upload(world, text, options=options)
    work(world)
    counts = dict(state(world, id)["counts"])
    assert start(world, id)["status"] == "done"
    work(world)
    return counts, dict(state(world, id)["done"])


def test_a_second_number_of_somebody_known_goes_in_and_the_same_file_again_does_nothing(world: World) -> None:
    world.writes(DEWI, "Halo")
    text = "Nama;HP;HP 2\nDewi;+6281300004521;+6281299990001\n"
    counts, done = taken_in(world, text)
    assert (counts["update"], done["updated"], done["skipped"]) == (1, 1, 0)
    (dewi,) = world.all("contact")
    assert dewi["aliases"] == [DEWI, "6281299990001@c.us"]
    counts, done = taken_in(world, text)
    assert (counts["update"], counts["skip"], done["updated"], done["skipped"]) == (0, 1, 0, 1)


def test_rows_that_are_of_two_people_or_of_one_twice_are_bad(world: World) -> None:
    world.writes(DEWI, "Halo")
    world.writes("6281200001123@c.us", "Halo")
    dewi = world.conversation(DEWI)["contact"]
    world.ask("contacts.add_number", contact=dewi, phone="+6281299990001")
    counts, done = taken_in(
        world,
        "Nama;HP;HP 2\nDewi;+6281300004521;+6281200001123\nDewi;+6281299990001;\nDewi;+6281300004521;\n",
    )
    assert problems(world) == [(2, "two_contacts"), (4, "duplicate")]
    assert (counts["update"], counts["bad"], done["updated"]) == (1, 2, 1)
    taken_in(world, "Nama;HP;HP 2\nDewi;+6281299990001;\nDewi;+6281300004521;\n")
    assert problems(world) == [(3, "same_contact")]


@pytest.mark.parametrize("since", ["opted_out", "named", "numbered", "merged", "written"])
def test_undo_takes_nobody_out_of_whom_something_came_since(world: World, since: str) -> None:
    id = upload(world, "Nama;HP\nEka;+6281277770001\nFani;+6281277770002\n")
    work(world)
    start(world, id)
    work(world)
    eka = next(each["id"] for each in world.all("contact") if each["name"] == "Eka")
    hand = world.ask("contacts.create", phone="+6281255550001", name="Gita")["result"]["contact"]
    {
        "opted_out": lambda: world.ask("contact.opt_out", contact=eka, reason="di toko", source="agent"),
        "named": lambda: world.ask("contact.update", contact=eka, name="Bu Eka"),
        "numbered": lambda: world.ask("contacts.add_number", contact=eka, phone="+6281277770003"),
        "merged": lambda: world.ask("contacts.merge", contact=hand, into=eka),
        "written": lambda: world.writes("6281277770001@c.us", "Halo"),
    }[since]()
    world.ask("contacts.undo_import", **{"import": id})
    world.until(lambda: state(world, id)["state"] == "undone")
    left = {each["name"] for each in world.all("contact")}
    assert "Fani" not in left and world.get("contact", eka)
    assert (state(world, id)["undone"], state(world, id)["kept"]) == (1, 1)
