"""Exports that other programs read, and their way back into an empty workspace."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import tinydb

from engine import exports, imports, journal, plugins
from engine.config import load
from engine.events import event
from engine.exports import ExportError
from engine.facts.system import NotEmpty
from engine.imports import ImportRefused
from engine.store import Reading
from engine.verify import workspace as verified
from tests.world import ANDI, DEWI, World

LEFT_OUT = ("job", "parked", "problem")


def a_day(shop: World) -> None:
    rina, label = shop.agent("Rina"), shop.label("Keluhan")
    shop.writes(DEWI, '=HYPERLINK("http://evil.example")', push_name="Dewi")
    shop.writes(ANDI, "halo, ada yang ukuran M?")
    answered = shop.answers(DEWI, "Ada, Bu 🙏", by=rina)
    shop.job_ends(answered["id"], outcome="sent", gateway_id="3EBA01")
    buttons = {"text": "Kirim?", "options": [{"id": "1", "title": "=Ya"}, {"id": "2", "title": "Tidak"}]}
    told = {"conversation": shop.conversation(DEWI)["id"], "text": "Kirim?\n1. =Ya", "buttons": buttons}
    asked = shop.ask("message.send", by=rina, **told)["result"]["message"]
    shop.job_ends(asked, outcome="sent", gateway_id="3EBA02")
    assert shop.get("message", asked)["buttons"] == buttons["options"]
    shop.answers(ANDI, "Sebentar ya", by=rina)
    shop.ask("labels.add", by=rina, conversation=shop.conversation(DEWI)["id"], label=label)
    secret = "hash-of-a-password"
    shop.workspace.writer.do(
        lambda c: c.execute(
            "INSERT INTO credential VALUES ('password', ?, ?, ?, '', NULL)", (rina, rina, secret)
        )
    ).result()


def written(shop: World, format: str, target: Path) -> dict[str, Any]:
    path = shop.workspace.store.path
    return exports.write(path, "main", shop.registry.collections, format, target)


def kept(shop: World) -> dict[str, list[dict[str, Any]]]:
    names = [c.name for c in shop.registry.collections if c.name not in LEFT_OUT]
    return {name: [dict(document) for document in shop.all(name)] for name in names}


def test_json_lines_hold_every_document_and_no_secret(shop: World, tmp_path: Path) -> None:
    a_day(shop)
    done = written(shop, "jsonl", tmp_path / "day.jsonl")
    text = (tmp_path / "day.jsonl").read_text()
    head, *lines = map(json.loads, text.splitlines())
    assert head["seq"] == done["seq"] == shop.workspace.store.seq
    found: dict[str, list[Any]] = {name: [] for name in kept(shop)}
    for line in lines:
        found[line["collection"]].append(line["document"])
    assert found == kept(shop)
    assert "hash-of-a-password" not in text
    assert (tmp_path / "day.jsonl").stat().st_mode & 0o777 == 0o600


def test_stock_tinydb_opens_the_file(shop: World, tmp_path: Path) -> None:
    a_day(shop)
    written(shop, "tinydb", tmp_path / "day.json")
    with tinydb.TinyDB(tmp_path / "day.json") as stock:
        assert {name: list(map(dict, stock.table(name))) for name in kept(shop)} == kept(shop)
        dewi = stock.table("contact").get(tinydb.where("aliases").any([DEWI]))
        assert dewi["name"] == "Dewi"
        assert dewi.doc_id == 1 and len(dewi["id"]) == 26


def test_csv_is_a_file_per_collection_that_runs_no_formula(shop: World, tmp_path: Path) -> None:
    a_day(shop)
    written(shop, "csv", tmp_path / "day")
    with (tmp_path / "day" / "message.csv").open(newline="", encoding="utf-8") as file:
        messages = list(csv.DictReader(file))
    assert [m["text"] for m in messages][:2] == [
        '\'=HYPERLINK("http://evil.example")',
        "halo, ada yang ukuran M?",
    ]
    assert json.loads(messages[0]["author"])["name"] == "Dewi"
    with (tmp_path / "day" / "contact.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["phone"] == "+6281300004521"


def test_an_export_is_of_one_moment(shop: World, tmp_path: Path) -> None:
    ended = threading.Event()

    def write_on() -> None:
        while not ended.is_set():
            shop.writes(DEWI, "lagi")

    thread = threading.Thread(target=write_on)
    thread.start()
    try:
        heads = [written(shop, "jsonl", tmp_path / f"{n}.jsonl") for n in range(5)]
    finally:
        ended.set()
        thread.join()
    for number, head in enumerate(heads):
        then = tmp_path / f"then-{number}.db"
        collections = shop.registry.collections
        journal.rebuild(shop.documents.connection, then, collections, until=head["seq"])
        texts = [json.loads(line) for line in (tmp_path / f"{number}.jsonl").read_text().splitlines()[1:]]
        found = [line["document"] for line in texts if line["collection"] == "message"]
        reading = Reading(then, collections)
        assert found == [dict(message) for message in reading.table("message").all()]
        reading.connection.close()


def test_what_is_there_already_is_not_written_over(shop: World, tmp_path: Path) -> None:
    (tmp_path / "day.jsonl").write_text("mine")
    with pytest.raises(ExportError, match="there already"):
        written(shop, "jsonl", tmp_path / "day.jsonl")


@pytest.mark.parametrize("format", ["jsonl", "tinydb"])
def test_an_export_comes_back_into_an_empty_folder(shop: World, tmp_path: Path, format: str) -> None:
    a_day(shop)
    written(shop, format, tmp_path / "day")
    other = load({}, tmp_path / "other")
    count = imports.into_new(other, shop.registry, "main", tmp_path / "day")
    folder = other.workspace_folder("main")
    reading = Reading(folder / "replyai.db", shop.registry.collections)
    found = {name: [dict(d) for d in reading.table(name).all()] for name in kept(shop)}
    reading.connection.close()
    expected = kept(shop)
    (waiting,) = [m for m in expected["message"] if m["status"] in ("queued", "sending")]
    waiting["status"] = "unconfirmed"
    waiting["error"] = {"code": None, "reason": imports.SENT_BEFORE}
    assert found == expected
    assert count == sum(map(len, expected.values()))
    assert all(ok for ok, _, _ in verified(folder, shop.registry.collections))
    with pytest.raises(ImportRefused, match="has a workspace main"):
        imports.into_new(other, shop.registry, "main", tmp_path / "day")


def test_a_large_export_comes_in_parts_and_only_as_a_whole(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day(shop)
    written(shop, "jsonl", tmp_path / "day.jsonl")
    monkeypatch.setattr(imports, "PART", 500)
    other = World(tmp_path / "other" / "main")
    known = {collection.name: collection for collection in shop.registry.collections}
    imports.load(tmp_path / "day.jsonl", known, other.submit)
    assert len(other.journal()) > 5
    assert len(other.all("conversation")) == 2
    with pytest.raises(NotEmpty, match="conversations already"):
        imports.load(tmp_path / "day.jsonl", known, other.submit)
    stray = {"import": "another", "part": 3, "documents": {"contact": [{"id": "x"}]}}
    with pytest.raises(NotEmpty):
        other.submit(event("documents.imported", "another/3", stray, origin="history"))
    other.close()


def test_an_import_that_is_killed_leaves_no_half_and_can_be_done_again(shop: World, tmp_path: Path) -> None:
    a_day(shop)
    written(shop, "jsonl", tmp_path / "day.jsonl")
    environ = {**os.environ, "REPLYAI_DATA": str(tmp_path / "other")}
    line = [sys.executable, "-m", "engine.cli", "import", str(tmp_path / "day.jsonl")]
    where = {"cwd": Path(__file__).parent.parent, "capture_output": True, "text": True}
    killed = subprocess.run(line, env={**environ, "CRASH_AT": "pre_reply"}, **where)  # type: ignore[call-overload]
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "other" / "w").exists()
    done = subprocess.run(line, env=environ, **where)  # type: ignore[call-overload]
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "other" / ".importing").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "is no export"),
        ('{"replyai": 9}\n', "newer"),
        ('{"replyai": 1}\n{"collection": "message"}\n', "line 2"),
        ('{"replyai": 1}\n{"collection": "password", "document": {"id": "a"}}\n', "no collection 'password'"),
        ('{"contact": {"1": {"name": "Dewi"}}}', 'contact 1: it takes an object with a text "id"'),
    ],
)
def test_what_is_no_export_changes_nothing(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "given"
    file.write_text(text)
    other = load({}, tmp_path / "other")
    with pytest.raises(ImportRefused, match=says):
        imports.into_new(other, plugins.load(), "main", file)
    assert not (tmp_path / "other" / "w").exists()
