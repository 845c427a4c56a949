"""What is undone and done again comes out as at the first time, and nothing of the first time is left."""

import ast
import contextlib
import sqlite3
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from marshmallow import fields

import engine
from engine import action, handles, hookimpl, times, where
from engine.actions import ActionSchema
from engine.events import event
from engine.ids import event_id
from engine.plugins import Plugin, Registry, load
from engine.replay import replay, runner
from engine.store import Store
from tests.test_groups import asks, is_the_same
from tests.world import ANDI, DEWI, SHOP, World, peer_of, written


class Anything(ActionSchema):
    """Data that is handed on as it is."""

    what = fields.Dict()


def with_plugin(hook: Callable[..., Any] | None = None, **handlers: Callable[..., Any]) -> Registry:
    """Return all plugins and one of these handlers, whose hook hears of messages."""
    module = types.ModuleType("test_careless")
    for name, function in {"fails": fails, **handlers}.items():
        function.__module__ = module.__name__
        setattr(module, name, handles(f"careless.{name}", Anything)(function))
    if hook is not None:
        module.message_received = hookimpl(hook)  # type: ignore[attr-defined]
    return Registry([*load().plugins.values(), Plugin("careless", order=50, module=module)])


def fails(data: Any, tx: Any) -> None:
    tx.insert("problem", {"id": tx.new_id(), "plugin": "core", "at": tx.at, "kind": "told"})
    raise RuntimeError("after it wrote")


def actions_in(rows: list[Any], type: str) -> list[dict[str, Any]]:
    found = [orjson.loads(row[3])["actions"] for row in rows]
    return [done for actions in found for done in actions if done["type"] == type]


def test_what_a_handler_takes_from_its_data_is_there_again_and_in_the_journal(tmp_path: Path) -> None:
    def takes(data: Any, tx: Any) -> dict[str, Any]:
        data["what"]["steps"].pop()
        return {"left": list(data["what"]["steps"])}

    def asks_too(message: Any) -> Any:
        yield action("careless.takes", what={"steps": [1, 2]})

    steps = {"steps": [1, 2, 3]}
    batches = [
        [asks("careless.takes", 1, what=steps)],
        [written(DEWI, "Halo", "A")],
        [asks("careless.fails", 2)],
    ]
    left = is_the_same(tmp_path, batches, with_plugin(asks_too, takes=takes))
    first, second = actions_in(left["rows"], "careless.takes")
    assert (first["data"]["what"], first["result"]) == (steps, {"left": [1, 2]})
    assert (second["data"]["what"], second["result"]) == ({"steps": [1, 2]}, {"left": [1]})


def test_full_text_answers_a_hook_with_all_that_was_written_before(tmp_path: Path) -> None:
    def counts(documents: Any, message: Any) -> Any:
        found, _ = documents.table("message").find("halo")
        yield action("careless.notes", what={"found": len(found)})
        if message["text"].endswith("gagal"):
            yield action("careless.finds_and_fails")

    def notes(data: Any, tx: Any) -> None:
        return None

    def finds_and_fails(data: Any, tx: Any) -> None:
        tx.documents.table("message").update({"text": "selamat"}, doc_ids=[tx.about["message"]])
        assert not tx.documents.table("message").find("gagal")[0]
        raise RuntimeError("after it wrote and looked")

    registry = with_plugin(counts, notes=notes, finds_and_fails=finds_and_fails)
    texts = ["halo", "halo gagal", "halo", "pagi"]
    batches = [[written(DEWI, text, f"H{n}")] for n, text in enumerate(texts)]
    left = is_the_same(tmp_path, batches, registry)  # which sees that the words are those of the texts
    assert [done["data"]["what"]["found"] for done in actions_in(left["rows"], "careless.notes")] == [
        1,
        2,
        3,
        3,
    ]
    for folder in tmp_path.iterdir():
        report = replay(folder, registry)
        assert (report["differs_at"], report["identical"]) == (None, True)


def test_hooks_are_counted_once_though_they_are_called_again(tmp_path: Path) -> None:
    def hears(message: Any) -> None:
        return None

    shop = World(tmp_path / "main", with_plugin(hears)).with_shop()
    group = event("message.received", "G1", {"message": {}, "peer": {"chat_id": "1@g.us", "kind": "group"}})
    shop.submit(written(DEWI, "Halo", "A"), group, asks("careless.fails", 1))
    pipeline = shop.workspace.pipeline
    assert (pipeline.hooks.counts()["careless.message_received"][0], pipeline.dropped) == (1, 1)
    shop.close()


def test_a_jump_of_the_clock_is_told_at_the_old_time_also_where_its_group_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, right = World(tmp_path / "main", with_plugin()).with_shop(), times.now
    shop.writes(DEWI, "satu")
    with monkeypatch.context() as patched:
        patched.setattr(times, "now", lambda: times.add(right(), 3600))
        shop.submit(asks("careless.fails", 1))
    before, jump, after = [row["event"] for row in shop.journal()[-3:]]
    assert jump["type"] == "clock.jumped"
    assert times.seconds_between(before["at"], jump["at"]) < 5
    assert times.seconds_between(jump["at"], after["at"]) == pytest.approx(3600, abs=5)
    shop.close()


def test_plugins_are_on_while_it_is_read_again_which_are(shop: World) -> None:
    seen, over = [], threading.Event()

    def looks() -> None:
        while not over.is_set():
            seen.append(shop.workspace.enabled("sender"))

    looking = threading.Thread(target=looks)
    looking.start()
    for _ in range(50):
        shop.workspace.pipeline.hooks.reload()
    over.set()
    looking.join()
    assert seen and all(seen)


def test_no_large_answer_is_kept_for_hooks_and_none_after_the_transaction(tmp_path: Path) -> None:
    kept: list[int] = []

    def reads(documents: Any) -> None:
        table = documents.table("message")
        table.search(where("at") >= "2")
        table.search(where("conversation") == "none")
        kept.append(len(table._query_cache))

    shop = World(tmp_path / "main", with_plugin(reads)).with_shop()
    shop.submit(*[written(DEWI, "x" * 500, f"M{n}", origin="history") for n in range(300)])
    shop.writes(DEWI, "Halo")
    assert kept[-1] == 1
    shop.ask("labels.create", name="Baru", color="#d4380d")
    tables = shop.workspace.pipeline.hooks.view._tables.values()
    assert tables and not [table.name for table in tables if len(table._query_cache)]
    shop.close()


def test_a_chat_with_a_nul_in_its_id_is_put_aside(shop: World) -> None:
    """Nobody would be found by it again, so that each message would make a new contact."""
    for number in range(2):
        peer = peer_of("6281\x00@c.us")
        result = shop.submit(event("contact.upserted", f"u{number}", {"peer": peer}, account=SHOP))[0]
        assert "NUL" in result["error"]
    assert shop.all("contact") == []


def test_an_import_in_parts_is_replayed(shop: World, tmp_path: Path) -> None:
    shop.writes(DEWI, "Halo")
    new = World(tmp_path / "new")
    for part, names in enumerate((("account", "contact"), ("conversation",), ("message",))):
        documents = {name: shop.all(name) for name in names}
        data = {"import": "moved", "part": part, "documents": documents}
        new.submit(event("documents.imported", f"moved/{part}", data, origin="system"))
    new.writes(ANDI, "Halo juga")
    new.close()
    assert event_id(None, "documents.imported", "moved/0") == new.frames[0]["event"]["id"]
    report = replay(tmp_path / "new", load())
    assert (report["differs_at"], report["identical"]) == (None, True)


def test_a_replay_lets_go_of_what_it_read(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        shop.writes(DEWI, f"pesan {number}")
    held: list[int] = []
    clear = runner.Copy.write

    def write(copy: Any) -> None:
        held.append(len(copy.working._held))
        clear(copy)

    monkeypatch.setattr(runner, "GROUP", 10)
    monkeypatch.setattr(runner.Copy, "write", write)
    assert replay(shop.workspace.folder, shop.registry)["identical"]
    assert len(held) > 6 and max(held[-3:]) < 30


def test_who_writes_again_is_known_until_another_connection_writes(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    shop.writes(DEWI, "Halo?")
    asked: list[str] = []
    shop.workspace.store.connection.set_trace_callback(asked.append)
    shop.writes(DEWI, "Apa kabar")
    assert not [sql for sql in asked if sql.startswith("SELECT") and "list_contact.aliases" in sql]
    with contextlib.closing(sqlite3.connect(shop.workspace.store.path)) as other, other:
        other.execute("UPDATE doc_contact SET doc = json_set(doc, '$.blocked', json('true'))")
    shop.writes(DEWI, "Masih ada?")
    (conversation,) = shop.documents.table("conversation").all()
    assert conversation["unread"] == 3, "who is blocked is not counted"


def test_who_is_looked_up_is_found_by_an_index_in_its_order(tmp_path: Path) -> None:
    """Each `first` of the code that is shipped, asked of SQLite."""
    store = Store(tmp_path / "replyai.db", load().collections)
    root = Path(engine.__file__).parent
    asked = [
        call
        for path in [*root.rglob("*.py"), *(root.parent / "plugins").rglob("*.py")]
        for call in firsts(path)
    ]
    assert len(asked) >= 4
    for collection, names in asked:
        direct = store.documents.direct(collection)
        direct.first(names, ("x",) * len(names))
        sql = direct._finds[names]
        plan = [row[3] for row in store.connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("x",) * len(names))]
        assert not [step for step in plan if step.startswith("SCAN") or "TEMP" in step], (
            collection,
            names,
            plan,
        )
    with pytest.raises(ValueError, match="no index of just account"):
        store.working.first("message", {"account": "toko"})
    store.close()


def firsts(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Return (collection, fields) of all calls of `first` in a file."""
    calls = [each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Call)]
    found = []
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "first" and call.args:
            collection = call.args[0]
            names = [keyword.arg for keyword in call.keywords]
            if len(call.args) > 1 and isinstance(call.args[1], ast.Dict):
                names = [ast.literal_eval(key) for key in call.args[1].keys if key is not None]
            if isinstance(collection, ast.Constant) and names:
                found.append((collection.value, tuple(map(str, names))))
    return found
