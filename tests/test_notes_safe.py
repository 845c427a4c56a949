"""No note reaches a customer: there is no way by type, and trying every way leaves the gateway untouched."""

import ast
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import config as configuration
from engine import times
from engine.perform import Context, NotAMessage, OnlyMessages, Opened
from engine.plugins import load
from engine.secrets import Secrets
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder
from tests.test_e2e import TOKEN, Shop
from tests.world import DEWI, SHOP, World

ROOT = Path(__file__).parent.parent
NOTES = ROOT / "plugins" / "notes"
SOURCES = sorted(NOTES.rglob("*.py"))
SECRET_WORDS = "RAHASIA-TIM"

# By type


def texts_of(path: Path) -> set[str]:
    """Return the texts that stand in a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    found = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found - docs


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_in_the_plugin_makes_or_moves_a_message(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not [text for text in texts_of(path) if re.match(r"(message|sender|media|job)\b[._]?", text)]
    called = {
        n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    assert not called & {"send", "job", "add_attempt", "gateway", "signal", "consequence"}
    names = {alias.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for alias in n.names}
    assert not names & {"Gateway", "confirm_sent", "set_status"}


def test_the_plugin_brings_no_job_and_its_actions_are_all_its_own() -> None:
    registry = load()
    plugin = registry.plugins["notes"]
    assert not [name for name in registry.jobs() if name.startswith("notes.")]
    assert not (plugin.path / "jobs.py").exists() and not (plugin.path / "gateway.py").exists()  # type: ignore[operator]
    asked = re.findall(r'action\(\s*"([a-z._]+)"', (NOTES / "__init__.py").read_text())
    assert set(asked) == {
        "notes.ring",
        "conversation.reopen",
        "conversation.assign",
        "conversation.mark_unread",
    }


def test_no_script_of_notes_knows_where_messages_are_posted() -> None:
    for script in (NOTES / "static").glob("*.js"):
        text = script.read_text()
        assert "/messages" not in text and "outbox" not in text and "message.send" not in text, script.name


@pytest.mark.parametrize("folder", ["plugins/sender", "plugins/waha", "plugins/simulator"])
def test_no_code_on_the_way_out_knows_of_notes(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        if path.name != "routes.py":
            assert not {text for text in texts_of(path) if text == "note" or text.startswith("notes.")}, path


def test_only_the_worker_reaches_a_gateway() -> None:
    """Adapters are handed out in one place, where each is held to messages; nobody else calls one to send."""
    callers = set()
    for path in [
        *(ROOT / "engine").rglob("*.py"),
        *(ROOT / "plugins").rglob("*.py"),
        *(ROOT / "web").rglob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "send"
                and "adapter" in ast.unparse(node.value)
            ):
                callers.add(str(path.relative_to(ROOT)))
    assert callers == {"engine/perform.py", "plugins/sender/calls.py"}


# The last door


class Asked:
    """A conversation, a note in it, an agent's answer, and what a worker's job works with."""

    def __init__(self, shop: World, data: Path, waha: FakeWaha) -> None:
        settings = {"url": waha.url, "session": "default"}
        shop.ask("account.put", name="wa", gateway="waha", settings=settings)
        Secrets(data / "w" / "main").put("wa", {"api_key": waha.api_key, "webhook_secret": waha.secret})
        shop.writes(DEWI, "Halo")
        sari, id = shop.agent("Sari"), shop.conversation(DEWI)["id"]
        made = shop.ask("notes.add", by=sari, conversation=id, text=f"{SECRET_WORDS}: jangan dikirim")
        self.note = shop.get("note", made["result"]["note"])
        self.answer = shop.answers(DEWI, "Masih, Kak", by=sari)
        self.received = shop.messages(DEWI)[0]
        job = {"workspace": "main", "id": "job-1", "deadline": 5}
        self.context = Context(configuration.load({}, data=data), shop.registry, job, Opened())
        self.adapter, self.account, self.secrets = self.context.gateway("wa")

    def send(self, document: dict[str, Any]) -> Any:
        outgoing = {**document, "chat": DEWI}
        return self.adapter.send(outgoing, self.account, self.secrets, 5.0)


@pytest.fixture
def asked(shop: World, tmp_path: Path) -> Iterator[tuple[Asked, FakeWaha]]:
    with FakeWaha() as waha:
        made = Asked(shop, tmp_path, waha)
        yield made, waha
        made.context.documents.connection.close()


def test_an_answer_goes_through_the_door(asked: tuple[Asked, FakeWaha]) -> None:
    made, waha = asked
    assert isinstance(made.adapter, OnlyMessages)
    assert made.send(made.answer)["outcome"] == "sent"
    assert [entry["text"] for entry in waha.ledger] == ["Masih, Kak"]


def test_whatever_else_a_plugin_hands_over_is_stopped_there(asked: tuple[Asked, FakeWaha]) -> None:
    made, waha = asked
    note, answer = made.note, made.answer
    disguises = [
        note,
        {**note, "direction": "out", "kind": "text", "account": SHOP},
        {**answer, "text": note["text"]},
        {**answer, "id": note["id"]},
        {**answer, "conversation": "another"},
        made.received,
        {**made.received, "direction": "out"},
        {"text": note["text"], "kind": "text"},
        {**answer, "id": None},
    ]
    for document in disguises:
        with pytest.raises(NotAMessage):
            made.send(document)
        with pytest.raises(NotAMessage):
            made.adapter.find({**document, "chat": DEWI}, made.account, made.secrets, 5.0)
    assert waha.calls == []


# By trying, with a whole ReplyAI and its workers


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Shop, FakeWaha]]:
    with data_folder() as data, FakeWaha() as waha:
        shop = Shop(data, waha)
        shop.webhook(waha.message(DEWI, "Halo, masih ada?", "IN1"))
        try:
            yield shop, waha
        finally:
            shop.serving.stop()
            shop.serving.kill()


def attempts(shop: Shop, note: dict[str, Any], conversation: str, rng: random.Random) -> Iterator[tuple]:
    """Yield (method, path, body) of all that can be done with notes, and of what tries to abuse one."""
    id, soon = note["id"], times.add(times.now(), 1.5)
    text = f"{SECRET_WORDS} {rng.random()} besok jam 9 **x** [a](http://b)"
    yield "POST", "/api/notes", {"conversation": conversation, "text": text, "remind_at": soon}
    yield "PATCH", f"/api/notes/{id}", {"text": f"{SECRET_WORDS} lagi {rng.random()}"}
    yield "PUT", f"/api/notes/{id}/pin", None
    yield "DELETE", f"/api/notes/{id}/pin", None
    yield "PUT", f"/api/notes/{id}/reminder", {"at": soon}
    yield "DELETE", f"/api/notes/{id}/reminder", None
    yield "POST", "/api/notes/mentions/read", {"conversation": conversation}
    for type in ("add", "edit", "pin", "unpin", "remind", "done", "seen", "ring"):
        data = {"note": id, "text": text, "at": soon, "due": soon}
        yield "POST", f"/api/conversations/{conversation}/actions", {"type": f"notes.{type}", "data": data}
    for part in ("retry", "cancel"):
        yield "POST", f"/api/messages/{id}/{part}", None
    yield "POST", f"/api/messages/{id}/resolve", {"verdict": "send_again"}
    yield "GET", f"/api/messages/{id}", None
    sending = f"/api/conversations/{conversation}/messages"
    yield "POST", sending, {"text": "balasan", "reply_to": id}
    yield "POST", sending, {"note": id}
    yield "POST", sending, {"text": None, "media": {"id": id}}
    yield "POST", f"/api/conversations/{id}/messages", {"text": "ke catatan"}
    for type in ("message.retry", "media.retry", "message.resolve_unconfirmed", "sender.reconcile"):
        data = {"message": id, "verdict": "send_again"}
        yield "POST", f"/api/conversations/{conversation}/actions", {"type": type, "data": data}
    yield "DELETE", f"/api/notes/{id}", None


def test_trying_everything_leaves_the_gateway_untouched(running: tuple[Shop, FakeWaha]) -> None:
    shop, waha = running
    rng, conversation = random.Random(20261118), shop.conversation()["id"]
    made = [
        shop.api("POST", "/api/notes", {"conversation": conversation, "text": f"{SECRET_WORDS} {n}"})
        for n in range(4)
    ]
    tries = [each for note in made for each in attempts(shop, note, conversation, rng)]
    rng.shuffle(tries)
    seen = set()
    for method, path, body in tries:
        seen.add(called(shop, method, path, body))
    assert {200, 201, 204, 404, 409, 422} <= seen and 500 not in seen
    # Of one number messages go out in order: what was queued before this one would have been sent before.
    shop.api("POST", f"/api/conversations/{conversation}/messages", {"text": "Masih ada, Kak"})
    assert [entry["text"] for entry in waha.wait_for(1)] == ["Masih ada, Kak"]
    assert SECRET_WORDS not in str(waha.calls)
    messages = shop.api("GET", f"/api/conversations/{conversation}/messages?limit=100")["items"]
    assert sorted(m["text"] for m in messages) == ["Halo, masih ada?", "Masih ada, Kak"]


def called(shop: Shop, method: str, path: str, body: Any) -> int:
    """Make one call; return its status."""
    raw = json.dumps(body).encode() if body is not None else None
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    return shop.call(method, path, raw, **headers)[0]
