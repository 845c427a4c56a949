"""Privacy: what a contact said and who it was can be found nowhere, and all else stays as it was."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine import erasure, journal, media, process
from engine import plugins as installed
from engine.client import Client, EngineError
from engine.config import load
from engine.documents import fulltext
from engine.events import event, requested
from engine.verify import workspace as verified
from tests import day as days
from tests.processes import data_folder
from tests.test_export import written as exported
from tests.world import ANDI, DEWI, SHOP, World, peer_of, written

LID = "98765432101234@lid"
SECRETS = (
    "6281300004521",
    "98765432101234",
    "Dewi Lestari",
    "alamat saya Jalan Melati",
    "Bu Dewi",
    "paket-dewi",
)
PICTURE = b"a picture of a parcel"


def traces(folder: Path, words: tuple[str, ...] = SECRETS) -> dict[str, list[str]]:
    """Return word → the files under *folder* in which it stands, like grep."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_socket()]
    found = {word: [str(path) for path in files if word.encode() in path.read_bytes()] for word in words}
    return {word: paths for word, paths in found.items() if paths}


def fetched(shop: World, chat: str, gateway_id: str, filename: str, body: bytes) -> str:
    """Have a customer send a file that a worker fetches; return its hash."""
    content = {"kind": "image", "mime": "image/png", "filename": filename, "ref": {"url": "http://x/1"}}
    data = {
        "message": {"id": gateway_id, "kind": "image", "text": None, "media": content},
        "peer": peer_of(chat),
    }
    shop.submit(event("message.received", f"{chat}/{gateway_id}", data, account=SHOP))
    message = next(m for m in shop.messages(chat) if m["gateway_id"] == gateway_id)
    salt = shop.workspace.store.meta("media_salt")
    saved = media.save(shop.workspace.folder, salt or "", body, "image/png", filename)
    shop.job_ends(message["id"], outcome="fetched", id=f"medium-{gateway_id}", **saved)
    return str(saved["hash"])


def a_day(shop: World) -> str:
    """Have Dewi and Andi write, by phone and LID, with files; Rina answers both. Return Rina's id."""
    rina, label = shop.agent("Rina"), shop.label("Keluhan")
    shop.ask("labels.put_rule", label=label, pattern="rusak")
    raw = {"gateway": "waha", "account": SHOP, "body": b'{"from": "6281300004521", "body": "Dewi Lestari"}'}
    first = written(DEWI, "barang rusak, alamat saya Jalan Melati", "M1", push_name="Dewi Lestari", lid=LID)
    shop.submit(first, raw=raw)
    shop.submit(raw={**raw, "reason": "not understood"})
    shop.writes(LID, "alamat saya Jalan Melati 5")
    shop.writes(ANDI, "halo, saya Andi", push_name="Andi")
    shop.writes(ANDI, "nomor teman saya 6281300004521 ya")
    answered = shop.answers(DEWI, "Baik, Bu Dewi", by=rina)
    shop.job_ends(answered["id"], outcome="sent", gateway_id="3EBA01")
    shop.status_comes(DEWI, "3EBA01", "read")
    shop.status_comes(DEWI, "NOBODYS", "read")
    conversations = [shop.conversation(chat)["id"] for chat in (DEWI, ANDI)]
    both = [{"type": "conversation.take", "data": {"conversation": id}} for id in conversations]
    shop.submit(requested(rina, both))
    shop.ask("contact.update", by=rina, contact=shop.conversation(DEWI)["contact"], name="Bu Dewi")
    shop.ask("conversation.snooze", by=rina, conversation=conversations[0], until="2031-01-01T00:00:00Z")
    shop.answers(DEWI, "Bu Dewi, sebentar", by=rina)
    shop.answers(DEWI, "Bu Dewi, satu lagi", by=rina)
    return rina


def erase(shop: World, named: str = "+6281300004521") -> dict[str, Any]:
    found: dict[str, Any] = shop.workspace.erase(named).result(30)
    return found


def all_well(shop: World) -> list[str]:
    findings = verified(shop.workspace.folder, shop.registry.collections)
    return [text for ok, text, _ in findings if not ok]


def counts(shop: World) -> dict[str, int]:
    return {name: len(shop.all(name)) for name in ("contact", "conversation", "message", "label", "agent")}


def test_nothing_of_a_contact_is_left_in_the_folder(shop: World) -> None:
    a_day(shop)
    assert traces(shop.workspace.folder, SECRETS[:5]).keys() == set(SECRETS[:5])
    before, seq = counts(shop), shop.workspace.store.seq
    done = erase(shop)
    assert traces(shop.workspace.folder) == {}
    assert (done["messages"], done["conversations"], done["raw"], done["clean"]) == (5, 1, 2, True)
    assert counts(shop) == before
    assert shop.workspace.store.seq == seq + 1
    assert [row["seq"] for row in shop.journal()] == list(range(1, seq + 2))
    assert all_well(shop) == []


def test_nothing_is_left_of_a_day_of_every_plugin_either(tmp_path: Path) -> None:
    day = days.recorded(tmp_path / "w" / "main")
    (dewi,) = [contact for contact in day.all("contact") if DEWI in contact["aliases"]]
    conversation = day.conversation(DEWI)["id"]
    said = {m["text"] for m in day.messages(DEWI) if len(m["text"] or "") > 12}
    others = {m["text"] for m in day.all("message") if m["conversation"] != conversation}
    day.workspace.erase(dewi["id"]).result(30)
    assert said - others
    assert traces(day.workspace.folder, ("6281300004521", dewi["name"], *(said - others))) == {}
    assert all_well(day) == []
    day.close()


def words(shop: World) -> set[str]:
    """Return every word that the text index knows."""
    connection = sqlite3.connect(shop.workspace.store.path)
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5(%'")
    ]
    found: set[str] = set()
    for number, name in enumerate(names):
        connection.execute(f"CREATE VIRTUAL TABLE temp.v{number} USING fts5vocab('main', '{name}', 'row')")
        found |= {term for (term,) in connection.execute(f"SELECT term FROM temp.v{number}")}
    connection.close()
    return found


def test_the_text_index_knows_its_words_no_more(shop: World) -> None:
    a_day(shop)
    assert {"melati", "452", "andi"} <= words(shop)
    erase(shop)
    left = words(shop)
    assert "andi" in left
    assert not {"melati", "452"} & left
    table = shop.documents.table("message")
    assert [len(table.find(text)[0]) for text in ("Melati", "saya Andi")] == [0, 1]
    assert fulltext.check(shop.workspace.store.connection, shop.registry.collections) == []


def test_what_others_said_stays(shop: World) -> None:
    rina = a_day(shop)
    erase(shop)
    assert [m["text"] for m in shop.messages(ANDI)] == ["halo, saya Andi", "nomor teman saya erased ya"]
    assert shop.conversation(ANDI)["assignee"] == rina
    assert shop.all("label")[0]["name"] == "Keluhan"
    taken = [row for row in shop.journal() if "conversation.take" in str(row["event"]["data"])]
    assert [done["status"] for done in taken[0]["actions"][:2]] == ["done", "done"]


def test_that_there_was_a_conversation_stays(shop: World) -> None:
    a_day(shop)
    dewi = shop.conversation(DEWI)
    erase(shop)
    left = shop.get("conversation", dewi["id"])
    assert (left["status"], left["handler"], left["labels"]) == ("resolved", "nobody", dewi["labels"])
    contact = shop.get("contact", dewi["contact"])
    assert (contact["phone"], contact["aliases"], contact["names"]) == (None, [], {})
    messages = [m for m in shop.all("message") if m["conversation"] == dewi["id"]]
    statuses = [m["status"] for m in messages]
    assert statuses == ["received", "received", "read", "unconfirmed", "cancelled"], "none is sent any more"
    assert {m["text"] for m in messages} == {None}
    rina = shop.all("agent")[0]["id"]
    for action, data in (
        ("message.resolve_unconfirmed", {"message": messages[3]["id"], "verdict": "send_again"}),
        ("message.send", {"conversation": dewi["id"], "text": "Halo?"}),
    ):
        assert "erased" in shop.ask(action, by=rina, **data)["reason"]
    assert shop.all("timer") == []


def test_who_writes_again_is_somebody_new(shop: World) -> None:
    a_day(shop)
    before = shop.conversation(DEWI)["id"]
    erase(shop)
    shop.writes(DEWI, "halo lagi")
    assert shop.conversation(DEWI)["id"] != before
    assert len(shop.messages(DEWI)) == 1
    assert all_well(shop) == []
    erase(shop)
    assert traces(shop.workspace.folder, (*SECRETS, "halo lagi")) == {}
    assert all_well(shop) == []


def test_two_contacts_of_one_row_can_both_be_erased(shop: World) -> None:
    a_day(shop)
    erase(shop)
    erase(shop, "+6281200001123")
    assert traces(shop.workspace.folder, (*SECRETS, "6281200001123", "saya Andi")) == {}
    assert all_well(shop) == []


def test_a_redacted_row_that_is_changed_again_is_found(shop: World) -> None:
    a_day(shop)
    erase(shop)
    row = next(row for row in shop.journal() if row.get("erased"))
    row["event"]["data"] = {"forged": True}
    body = orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode()
    change = "UPDATE journal SET body = ? WHERE seq = ?"
    shop.workspace.writer.do(lambda c: c.execute(change, (body, row["seq"])) and None).result()
    (problem,) = journal.verify(shop.documents.connection)
    assert problem == f"row {row['seq']} of the journal was erased, and does not say what was left of it"


def test_a_mark_of_erasure_that_no_row_names_is_found(shop: World) -> None:
    a_day(shop)
    row = shop.journal()[3]
    body = orjson.dumps({**row, "erased": 99}, option=orjson.OPT_SORT_KEYS).decode()
    change = "UPDATE journal SET body = ? WHERE seq = ?"
    shop.workspace.writer.do(lambda c: c.execute(change, (body, row["seq"])) and None).result()
    assert "does not have the hash" in journal.verify(shop.documents.connection)[0]


def test_media_go_unless_others_use_them(shop: World) -> None:
    a_day(shop)
    folder = shop.workspace.folder
    own = fetched(shop, DEWI, "P1", "paket-dewi.png", b"only Dewi's")
    fetched(shop, DEWI, "P2", "paket.png", PICTURE)
    same = fetched(shop, ANDI, "P3", "paket.png", PICTURE)
    rina = shop.all("agent")[0]["id"]
    shared = fetched(shop, DEWI, "P4", "katalog.png", b"a catalogue")
    catalogue = next(m for m in shop.all("media") if m["hash"] == shared)
    send = {"conversation": shop.conversation(ANDI)["id"], "text": None, "media": dict(catalogue)}
    assert shop.ask("message.send", by=rina, **send)["status"] == "done"
    done = erase(shop)
    assert done["media"] == 1
    assert not media.path(folder, own).exists()
    assert media.path(folder, same).read_bytes() == PICTURE
    assert media.path(folder, shared).exists()
    assert shop.get("media", catalogue["id"])["conversation"] == shop.conversation(ANDI)["id"]
    assert traces(folder, (*SECRETS, "only Dewi's")) == {}
    assert all_well(shop) == []


def test_a_file_that_comes_after_the_erasure_tells_nothing(shop: World) -> None:
    content = {"kind": "image", "mime": "image/png", "filename": "paket-dewi.png", "ref": {"url": "http://x"}}
    said = {"id": "P1", "kind": "image", "text": None, "media": content}
    shop.submit(
        event("message.received", f"{DEWI}/P1", {"message": said, "peer": peer_of(DEWI)}, account=SHOP)
    )
    job = shop.job_of(shop.messages(DEWI)[0]["id"])["id"]
    erase(shop)
    result = {"outcome": "fetched", "id": "m1", "hash": "0" * 64, "filename": "paket-dewi.png"}
    shop.submit(event("job.finished", job, {"job": job, "result": result}, origin="job"))
    assert shop.all("media") == []
    assert traces(shop.workspace.folder) == {}


def test_an_export_after_it_holds_nothing(shop: World, tmp_path: Path) -> None:
    a_day(shop)
    erase(shop)
    exported(shop, "jsonl", tmp_path / "exported.jsonl")
    assert traces(tmp_path) == {}


def test_a_contact_is_named_by_id_or_number_and_erased_once(shop: World) -> None:
    a_day(shop)
    contact = shop.conversation(ANDI)["contact"]
    with pytest.raises(erasure.NotErased, match="there is no contact"):
        erase(shop, "+62999")
    erase(shop, contact)
    with pytest.raises(erasure.NotErased, match="was erased at"):
        erase(shop, contact)


def test_who_reads_old_pages_delays_the_end_not_the_erasure(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day(shop)
    shop.workspace.writer.do(
        lambda _: None, lambda _: shop.workspace.store.connection.execute("PRAGMA busy_timeout=0") and None
    ).result()
    reader = shop.workspace.reading().connection
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM journal").fetchone()
    assert erase(shop)["clean"] is False
    reader.execute("ROLLBACK")
    assert shop.workspace.clean().result(10) is True
    assert traces(shop.workspace.folder) == {}


def test_an_engine_that_dies_after_the_commit_ends_it_when_it_starts_again(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day(shop)
    own = fetched(shop, DEWI, "P1", "paket-dewi.png", b"only Dewi's")
    with monkeypatch.context() as dying:
        dying.setattr(erasure, "clean", lambda *_: False)
        assert erase(shop)["clean"] is False
    assert media.path(shop.workspace.folder, own).exists()
    shop.workspace.stop()
    again = World(tmp_path / "w" / "main")
    assert again.workspace.clean().result(10) is True
    assert not media.path(shop.workspace.folder, own).exists()
    assert traces(shop.workspace.folder) == {}
    again.close()


def test_an_erasure_that_fails_changes_nothing(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    a_day(shop)
    seq, before = shop.workspace.store.seq, shop.journal()

    def fails(*_: Any) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setitem(erasure.redact.__dict__, "scrub", fails)
    with pytest.raises(RuntimeError):
        erase(shop)
    monkeypatch.undo()
    assert (shop.workspace.store.seq, shop.journal()) == (seq, before)
    shop.writes(DEWI, "dan lagi")
    assert all_well(shop) == []


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


def test_the_command_works_through_the_socket_and_browsers_hear(data: Path) -> None:
    engine = process.Engine(load({}, data), installed.load())
    engine.start()
    client = Client(data / "engine.sock")
    client.submit("main", [written(DEWI, "alamat saya Jalan Melati", "M1", push_name="Dewi Lestari")])
    heard: list[dict[str, Any]] = []
    news = threading.Event()

    def hear(frame: dict[str, Any]) -> None:
        heard.append(frame)
        news.set()

    client.subscribe({"main": client.ping()["workspaces"]["main"]}, hear).connected.wait(5)
    done = client.request("erase", workspace="main", contact="+6281300004521")
    assert done["clean"] is True and news.wait(10)
    assert {c["collection"] for c in heard[0]["changes"]} == {"contact", "conversation", "message"}
    with pytest.raises(EngineError, match="there is no contact"):
        client.request("erase", workspace="main", contact="+6281300004521")
    client.close()
    engine.stop()
    assert traces(data) == {}
