"""The engine's socket for real: submit, hear, secrets, credentials, restart, two engines on one folder."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import plugins, process
from engine.client import Client, EngineAway, EngineError
from engine.config import load
from engine.events import requested
from tests.world import DEWI, written


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "replyai.toml").write_text(
        '[accounts.toko]\ngateway = "simulator"\nwebhook_secret = "sangat-rahasia"\n'
    )
    return tmp_path


def start(data: Path) -> process.Engine:
    engine = process.Engine(load({}, data), plugins.load())
    engine.start()
    return engine


@pytest.fixture
def engine(data: Path) -> Iterator[process.Engine]:
    running = start(data)
    yield running
    running.stop()


@pytest.fixture
def client(engine: process.Engine, data: Path) -> Iterator[Client]:
    connected = Client(data / "engine.sock")
    yield connected
    connected.close()


class Heard:
    """Collects frames and waits for the one that is asked for."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self._news = threading.Condition()

    def __call__(self, frame: dict[str, Any]) -> None:
        with self._news:
            self.frames.append(frame)
            self._news.notify_all()

    def until(self, count: int) -> list[dict[str, Any]]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.frames) >= count, 10)
        return self.frames


def test_what_is_submitted_is_committed_answered_and_heard(client: Client) -> None:
    heard = Heard()
    client.subscribe({"main": client.ping()["workspaces"]["main"]}, heard).connected.wait(5)
    (result,) = client.submit("main", [written(DEWI, "Halo", "M1")])
    frame = heard.until(1)[0]
    assert frame["seq"] == result["seq"]
    assert {change["collection"] for change in frame["changes"]} == {"contact", "conversation", "message"}
    (message,) = [c for c in frame["changes"] if c["collection"] == "message"]
    assert message["doc"]["text"] == message["fields"]["text"] == "Halo"


def test_a_subscriber_that_comes_late_hears_all_after_its_sequence_once(client: Client) -> None:
    for n in range(5):
        client.submit("main", [written(DEWI, f"pesan {n}", f"M{n}")])
    heard = Heard()
    last = client.ping()["workspaces"]["main"]
    client.subscribe({"main": last - 3}, heard).connected.wait(5)
    client.submit("main", [written(DEWI, "baru", "M9")])
    assert [frame["seq"] for frame in heard.until(4)] == [last - 2, last - 1, last, last + 1]


def test_events_of_one_submit_are_all_or_nothing(client: Client) -> None:
    with pytest.raises(EngineError, match="origin"):
        client.submit(
            "main", [written(DEWI, "Halo", "M1"), {"id": "x", "type": "y", "origin": "mars", "data": {}}]
        )
    assert client.submit("main", [written(DEWI, "Halo", "M1")])[0]["duplicate"] is False


def test_an_unknown_workspace_is_refused(client: Client) -> None:
    with pytest.raises(EngineError, match="no workspace"):
        client.submit("elsewhere", [])


def test_accounts_of_the_file_are_documents_and_their_secrets_are_not(
    engine: process.Engine, client: Client, data: Path
) -> None:
    account = engine.workspaces["main"].reading().table("account").get(doc_id="toko")
    assert account["source"] == "file" and account["secrets"] == ["webhook_secret"]  # type: ignore[index, call-overload]
    client.submit("main", [written(DEWI, "Halo", "M1")])
    for file in (data / "w" / "main").glob("replyai.db*"):
        assert b"sangat-rahasia" not in file.read_bytes()
    assert (data / "w" / "main" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_the_socket_is_its_owners_alone(engine: process.Engine, data: Path) -> None:
    assert (data / "engine.sock").stat().st_mode & 0o777 == 0o600


def test_a_one_time_link_works_once(client: Client) -> None:
    client.credential_put("main", "link", "k1", None, {"purpose": "sign_in"}, "2099-01-01T00:00:00.000000Z")
    assert client.credential_take("main", "link", "k1")["data"] == {"purpose": "sign_in"}  # type: ignore[index]
    assert client.credential_take("main", "link", "k1") is None
    client.credential_put("main", "link", "k2", None, {}, "2020-01-01T00:00:00.000000Z")
    assert client.credential_take("main", "link", "k2") is None


def test_a_second_engine_on_the_same_folder_is_refused(engine: process.Engine, data: Path) -> None:
    with pytest.raises(process.AlreadyRunning, match="another ReplyAI engine"):
        process.Engine(load({}, data), plugins.load())


def test_an_engine_that_comes_back_knows_everything_and_the_client_finds_it(data: Path) -> None:
    first = start(data)
    client = Client(data / "engine.sock")
    heard = Heard()
    client.subscribe({"main": client.ping()["workspaces"]["main"]}, heard).connected.wait(5)
    client.submit("main", [written(DEWI, "Halo", "M1")])
    heard.until(1)
    first.stop()
    with pytest.raises(EngineAway):
        client.submit("main", [written(DEWI, "Lagi", "M2")])
    second = start(data)
    assert client.submit("main", [written(DEWI, "Halo", "M1")])[0]["duplicate"]
    client.submit("main", [written(DEWI, "Lagi", "M2")])
    assert [frame["event"]["type"] for frame in heard.until(2)][-1] == "message.received"
    client.close()
    second.stop()


def test_the_first_admin_and_token_come_from_the_environment(data: Path) -> None:
    environ = {
        "REPLYAI_ADMIN_EMAIL": "Ibu@Toko.example",
        "REPLYAI_ADMIN_PASSWORD": "a long enough password",
        "REPLYAI_API_TOKEN": "rai_test",
    }
    for token in ("rai_leaked", "rai_test"):
        environ["REPLYAI_API_TOKEN"] = token
        engine = process.Engine(load(environ, data), plugins.load())
        engine.start()
        documents = engine.workspaces["main"].reading()
        (admin,) = documents.table("agent").all()
        kinds = [k for (k,) in documents.connection.execute("SELECT kind FROM credential ORDER BY kind")]
        assert (admin["email"], admin["role"], kinds) == ("ibu@toko.example", "admin", ["password", "token"])
        engine.stop()


def test_a_removed_number_of_the_file_is_marked_and_its_conversations_stay(data: Path) -> None:
    engine = start(data)
    engine.workspaces["main"].submit([written(DEWI, "Halo", "M1")]).result(5)
    engine.stop()
    (data / "replyai.toml").write_text("")
    engine = start(data)
    documents = engine.workspaces["main"].reading()
    account: Any = documents.table("account").get(doc_id="toko")
    assert account["removed_at"] and len(documents.table("conversation")) == 1
    engine.stop()


def test_a_subscriber_that_is_far_behind_is_told_that_something_is_left_out(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.workspace.CATCH_UP", 3)
    for n in range(6):
        client.submit("main", [written(DEWI, f"pesan {n}", f"M{n}")])
    heard = Heard()
    last = client.ping()["workspaces"]["main"]
    client.subscribe({"main": last - 6}, heard).connected.wait(5)
    frames = heard.until(4)
    assert [frame["seq"] for frame in frames] == [last - 3, last - 2, last - 1, last]
    assert frames[0]["resync"] is True and not frames[1].get("resync")


def test_asking_twice_with_one_client_id_answers_the_same_and_shows_a_conflict(client: Client) -> None:
    ask = [{"type": "team.create", "data": {"name": "Penjualan"}}]
    first = client.submit("main", [requested("system", ask, "c-1")])[0]
    again = client.submit("main", [requested("system", ask, "c-1")])[0]
    other = client.submit("main", [requested("system", [{**ask[0], "data": {"name": "Gudang"}}], "c-1")])[0]
    assert again["actions"] == first["actions"] and again["conflict"] is False
    assert other["conflict"] is True
