"""A plugin that fails loses its own actions for that event and nothing else."""

import copy
import dataclasses
import os
import sqlite3
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from marshmallow import fields

from engine import action, hookimpl, watch
from engine.actions import ActionSchema, loads_apart
from engine.events import event
from engine.plugins import Plugin, PluginError, Registry, load
from tests import day as days
from tests.world import ANDI, DEWI, World, written


def plugin(name: str, hook: Callable[..., Any], order: int = 50, called: str = "message_received") -> Plugin:
    """Return a plugin with one hook, as a developer would have it in a folder."""
    module = types.ModuleType(f"test_{name}")
    setattr(module, called, hookimpl(hook))
    return Plugin(name, order=order, module=module)


def well(conversation: dict[str, Any]) -> Any:
    yield action("message.send", conversation=conversation["id"], text="Terima kasih", why="always")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def build(*plugins: Plugin) -> World:
        registry = Registry([*load().plugins.values(), *plugins])
        made.append(World(tmp_path / "w" / "main", registry).with_shop())
        return made[-1]

    yield build
    for world in made:
        world.close()


def raises(message: dict[str, Any]) -> Any:
    yield action("message.send", conversation=message["conversation"], text="never")
    raise KeyError("colour")


def exits(message: dict[str, Any]) -> Any:
    raise SystemExit(3)


def returns_text(message: dict[str, Any]) -> Any:
    return "hello"


def returns_unknown_fields(message: dict[str, Any]) -> Any:
    yield action("message.send", conversation=message["conversation"], colour="red")


def returns_a_lot(message: dict[str, Any]) -> Any:
    yield action("message.send", conversation=message["conversation"], text="x" * 10_000_000)


def returns_what_is_no_json(message: dict[str, Any]) -> Any:
    yield action("message.send", conversation=message["conversation"], text=object())


def says_nothing_very_often(message: dict[str, Any]) -> Any:
    yield from [None] * 5_000
    yield action("message.send", conversation=message["conversation"], text="Terima kasih", why="always")


def never_ends(message: dict[str, Any]) -> Any:
    while True:
        yield action("timer.cancel", name="x")


def writes_documents(documents: Any) -> Any:
    documents.table("contact").insert({"id": "x"})


@pytest.mark.parametrize(
    "bad",
    [
        raises,
        exits,
        returns_text,
        returns_unknown_fields,
        returns_a_lot,
        returns_what_is_no_json,
        never_ends,
        writes_documents,
    ],
)
def test_the_bad_plugin_does_nothing_and_the_good_one_all(make: Callable[..., World], bad: Any) -> None:
    shop = make(plugin("bad", bad), plugin("good", well, order=60))
    shop.writes(DEWI, "Halo")
    assert [(m["direction"], m["text"]) for m in shop.messages(DEWI)] == [
        ("in", "Halo"),
        ("out", "Terima kasih"),
    ]
    (problem,) = shop.all("problem")
    assert (problem["plugin"], problem["hook"]) == ("bad", "message_received")
    assert shop.journal()[-1]["errors"][0]["plugin"] == "bad"


def test_a_hook_may_answer_with_nothing_many_times(make: Callable[..., World]) -> None:
    shop = make(plugin("shy", says_nothing_very_often))
    shop.writes(DEWI, "Halo")
    assert [m["text"] for m in shop.messages(DEWI)] == ["Halo", "Terima kasih"] and not shop.all("problem")


def test_five_failures_within_ten_minutes_switch_a_plugin_off_with_a_reason(
    make: Callable[..., World],
) -> None:
    shop = make(plugin("bad", raises))
    for n in range(7):
        shop.writes(DEWI, f"pesan {n}")
    assert len(shop.all("problem")) == 5
    document = shop.get("plugin", "bad")
    assert document["enabled"] is False
    assert "5 failures within ten minutes" in document["switched_off"]["reason"]
    assert len(shop.messages(DEWI)) == 7


def test_what_a_plugin_changes_in_its_arguments_stays_with_it(make: Callable[..., World]) -> None:
    def vandal(event: dict, message: dict, conversation: dict) -> None:
        message["text"] = conversation["status"] = event["type"] = "broken"
        message["media"] = conversation

    shop = make(plugin("vandal", vandal, order=1), plugin("good", well))
    shop.writes(DEWI, "Halo")
    assert shop.messages(DEWI)[0]["text"] == "Halo"
    assert shop.conversation(DEWI)["status"] == "open"
    assert shop.journal()[-1]["event"]["type"] == "message.received"


def test_a_hook_is_given_the_conversation_that_its_event_names(make: Callable[..., World]) -> None:
    """Also where the same transaction has written into another one."""

    def both(event: dict, documents: Any) -> Any:
        chats = {one["chat"]: one["id"] for one in documents.table("conversation").all()}
        if event["data"]["message"]["text"] == "sekarang":
            yield action("message.send", conversation=chats[ANDI], text="ke Andi")
            yield action("conversation.resolve", conversation=chats[DEWI])

    def thanks(event: dict, conversation: dict, message: Any) -> Any:
        assert message is None
        yield action("message.send", conversation=conversation["id"], text="selesai")

    shop = make(plugin("both", both), plugin("thanks", thanks, called="conversation_resolved"))
    shop.writes(DEWI, "halo")
    shop.writes(ANDI, "sekarang")
    assert [m["text"] for m in shop.messages(DEWI)] == ["halo", "selesai"]


def test_an_action_that_fails_is_undone_alone(make: Callable[..., World]) -> None:
    def two(conversation: dict) -> Any:
        yield action("labels.add", conversation=conversation["id"], label="no-such-label")
        yield action("message.send", conversation=conversation["id"], text="tetap terkirim")

    shop = make(plugin("two", two))
    shop.writes(DEWI, "Halo")
    assert [m["text"] for m in shop.messages(DEWI)] == ["Halo", "tetap terkirim"]
    refused = shop.journal()[-1]["actions"][0]
    assert (refused["type"], refused["status"]) == ("labels.add", "refused")
    assert "no-such-label" in refused["reason"]


def test_a_loop_of_consequences_is_cut_and_told(make: Callable[..., World]) -> None:
    def again(conversation: dict) -> Any:
        yield action("message.send", conversation=conversation["id"], text="lagi")

    shop = make(plugin("loop", again, called="message_queued"), plugin("good", well))
    shop.writes(DEWI, "Halo")
    errors = shop.journal()[-1]["errors"]
    assert "cut after 8 rounds" in errors[-1]["error"] and "message.queued" in errors[-1]["error"]
    shop.writes(ANDI, "Pagi")
    assert shop.messages(ANDI)[0]["text"] == "Pagi"


def test_a_wrapper_is_refused_at_start() -> None:
    module = types.ModuleType("test_wrapper")

    def around(message: dict) -> Any:
        yield

    module.message_received = hookimpl(wrapper=True)(around)  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match="wrapper"):
        Registry([Plugin("around", module=module)])


def test_a_plugin_that_was_stuck_is_skipped_for_that_event_and_off_the_second_time(
    make: Callable[..., World],
) -> None:
    shop = make(plugin("slow", well))
    stuck = {"plugin": "slow", "hook": "message_received", "event": f"toko/message.received/{DEWI}/M1"}
    shop.submit(event("plugin.stuck", "1", stuck, origin="system"))
    shop.writes(DEWI, "Halo", id="M1")
    assert [m["text"] for m in shop.messages(DEWI)] == ["Halo"]
    shop.writes(DEWI, "Lagi", id="M2")
    assert [m["text"] for m in shop.messages(DEWI)] == ["Halo", "Lagi", "Terima kasih"]
    shop.submit(event("plugin.stuck", "2", {**stuck, "event": "toko/x/2"}, origin="system"))
    assert shop.get("plugin", "slow")["enabled"] is False


def test_the_watch_says_what_runs_now(tmp_path: Path) -> None:
    folder = tmp_path / "w" / "main"
    folder.mkdir(parents=True)
    seen = watch.Watch(folder)
    assert watch.read(folder) == {"pid": os.getpid(), "workspace": "main", "since": 0}
    seen.enter("toko/message.received/x", "labels", "message_received")
    seen.enter("x" * 5000, "sender", "schema sender.dispatch")
    assert [each["plugin"] for each in watch.read_all(tmp_path)] == ["sender"]
    seen.leave()
    (now,) = watch.read_all(tmp_path)
    assert (now["plugin"], now["hook"]) == ("labels", "message_received") and now["since"] > 0
    seen.leave()
    assert watch.read_all(tmp_path) == []


def test_chance_is_the_plugins_own_and_the_same_in_a_replay(tmp_path: Path) -> None:
    def rolls(name: str, salt: str) -> dict[str, list[float]]:
        """Return what two plugins drew for the same two events, in a workspace with *salt*."""
        drawn: dict[str, list[float]] = {"dice": [], "coin": []}
        hooks = {each: (lambda rng, each=each: drawn[each].append(rng.random())) for each in drawn}
        registry = Registry([*load().plugins.values(), *(plugin(*each) for each in hooks.items())])
        shop = World(tmp_path / name / "main", registry)
        shop.workspace.store.salt = salt
        shop.with_shop()
        for id in ("M1", "M2"):
            shop.writes(DEWI, "Halo", id=id)
        shop.close()
        return drawn

    first = rolls("first", "one salt")
    assert len({*first["dice"], *first["coin"]}) == 4
    assert rolls("replay", "one salt") == first
    assert not {*rolls("another", "another salt")["dice"]} & {*first["dice"]}


def test_an_action_of_a_plugin_that_is_off_is_refused_and_its_fields_are_hidden(
    make: Callable[..., World],
) -> None:
    seen: list[Any] = []

    def look(conversation: dict, documents: Any) -> Any:
        seen.append((conversation["labels"], documents.table("conversation").all()[0]["labels"]))
        yield action("labels.add", conversation=conversation["id"], label=label)

    shop = make(plugin("look", look))
    label = shop.label("VIP")
    shop.writes(DEWI, "Halo")
    assert shop.conversation(DEWI)["labels"] == [label]
    shop.submit(
        event("settings.changed", "1", {"documents": {"plugin": [{"id": "labels", "enabled": False}]}})
    )
    shop.writes(DEWI, "Lagi")
    assert seen[-1] == ([], [])
    last = shop.journal()[-1]["actions"][0]
    assert (last["status"], last["reason"]) == ("refused", "the plugin labels is off")
    assert shop.conversation(DEWI)["labels"] == [label]


def test_a_misspelt_hook_is_named_with_the_nearest_right_one(make: Callable[..., World]) -> None:
    shop = make(plugin("typo", well, called="mesage_received"))
    (sentence,) = shop.registry.unheard()
    assert sentence == "plugin typo: nothing calls its hook mesage_received; did you mean message_received?"


def raises_sqlite(message: dict[str, Any]) -> Any:
    raise sqlite3.OperationalError("of the plugin's own database")


def test_a_plugins_own_database_error_is_the_plugins_and_hurts_no_customer(
    make: Callable[..., World],
) -> None:
    shop = make(plugin("bad", raises_sqlite))
    futures = [shop.workspace.submit([written(chat, "Halo", "S1")]) for chat in (DEWI, ANDI)]
    assert all("error" not in future.result(10)[0] for future in futures)
    assert len(shop.messages(DEWI)) == len(shop.messages(ANDI)) == 1
    assert {problem["plugin"] for problem in shop.all("problem")} == {"bad"}


def test_actions_that_multiply_are_cut_and_told(make: Callable[..., World]) -> None:
    def many(conversation: dict[str, Any]) -> Any:
        for _ in range(30):
            yield action("conversation.assign", conversation=conversation["id"], agent=None)

    both = plugin("many", many)
    both.module.conversation_assigned = hookimpl(many)  # type: ignore[union-attr]
    shop = make(Plugin("many", order=50, module=both.module))
    shop.writes(DEWI, "Halo")
    last = shop.journal()[-1]
    assert len(last["actions"]) == 2000
    assert "cut after 2000 actions" in last["errors"][-1]["error"]


def test_what_the_engine_switched_off_stays_off_until_a_person_lifts_it(make: Callable[..., World]) -> None:
    shop = make(plugin("bad", raises))
    source = {"enabled": "replyai.toml, line 3"}
    document = {"id": "bad", "enabled": True, "settings": {}, "sources": source, "page": {}}
    shop.submit(event("settings.changed", "1", {"documents": {"plugin": [document]}}, origin="system"))
    for n in range(5):
        shop.writes(DEWI, f"pesan {n}")
    assert shop.get("plugin", "bad")["enabled"] is False
    done = shop.ask("plugin.set", plugin="bad", enabled=True)
    assert done["status"] == "done", "it is set in a file, and yet a person may lift what the engine did"
    assert shop.get("plugin", "bad")["enabled"] is True and shop.get("plugin", "bad")["switched_off"] is None


def test_a_duplicate_leaves_no_change_without_a_row(shop: World) -> None:
    shop.writes(DEWI, "Halo", id="A1", lid="99@lid")
    rows, before = len(shop.journal()), shop.all("contact")
    assert shop.writes("99@lid", "Halo", id="A1", push_name="Nama Baru")["duplicate"]
    assert (len(shop.journal()), shop.all("contact")) == (rows, before)


class Tree(ActionSchema):
    name = fields.String()
    children = fields.List(fields.Nested(lambda: Tree()))


class Kept(fields.String):
    """A field that hands on what it is given."""

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> Any:
        return value


@pytest.mark.parametrize(
    ("schema", "apart"),
    [
        ({"children": fields.List(fields.Nested(lambda: Tree()))}, False),
        ({"part": fields.Nested({"text": fields.String()}, unknown="include")}, False),
        ({"text": Kept()}, False),
        ({"text": fields.String(), "count": fields.Integer(), "on": fields.Boolean()}, True),
        ({"labels": fields.List(fields.String()), "part": fields.Nested({"text": fields.String()})}, True),
        ({"anything": fields.Dict()}, False),
        ({"anything": fields.Raw()}, False),
        ({"rows": fields.List(fields.Dict())}, False),
        ({"part": fields.Nested({"inner": fields.Dict()})}, False),
    ],
)
def test_data_is_copied_for_a_handler_that_could_change_it(schema: dict[str, Any], apart: bool) -> None:
    given = {
        "text": "a", "count": 1, "on": True, "labels": ["x"], "part": {"text": "b"},
        "anything": {"c": [1]}, "rows": [{"c": 1}],
    }  # fmt: skip
    made = ActionSchema.from_dict(schema)(unknown="exclude")
    assert loads_apart(made) == apart
    if apart:
        before = copy.deepcopy(given)
        spoil(made.load(given))
        assert given == before


def spoil(value: Any) -> None:
    """Change everything that can be changed in a value."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        spoil(each)
    if isinstance(value, dict | list):
        value.clear()


def test_an_action_is_kept_as_it_was_asked_for_whatever_its_handler_does(make: Callable[..., World]) -> None:
    def asks(conversation: dict[str, Any]) -> Any:
        media = {"mime": "image/png", "file": "0" * 64}
        yield action("message.send", conversation=conversation["id"], text="lihat", media=media)
        yield action("conversation.hand_over", conversation=conversation["id"], skill="bahasa")

    shop = make(plugin("asks", asks))
    for type in ("message.send", "conversation.hand_over"):
        kind = shop.registry.actions[type]

        def spoils(data: dict[str, Any], tx: Any, kind: Any = kind) -> Any:
            result = kind.handler(copy.deepcopy(data), tx)
            spoil(data)
            return result

        shop.registry.actions[type] = dataclasses.replace(kind, handler=spoils)
    shop.writes(DEWI, "Halo")
    done = {each["type"]: each["data"] for each in shop.journal()[-1]["actions"] if each["plugin"] == "asks"}
    assert done["message.send"]["media"] == {"mime": "image/png", "file": "0" * 64}
    assert done["conversation.hand_over"]["skill"] == "bahasa"


def test_handlers_that_promise_to_change_nothing_of_their_data_keep_it(tmp_path: Path) -> None:
    """Over the recorded day: what they are given is not copied for them."""
    registry = days.registered()
    promised = [kind for kind in registry.actions.values() if getattr(kind.schema, "only_read", False)]
    asked: Counter[str] = Counter()

    def watched(kind: Any) -> Any:
        def handler(data: dict[str, Any], tx: Any) -> Any:
            before = copy.deepcopy(data)
            asked[kind.type] += 1
            try:
                return kind.handler(data, tx)
            finally:
                assert data == before

        return dataclasses.replace(kind, handler=handler)

    registry.actions.update({kind.type: watched(kind) for kind in promised})
    day = days.recorded(tmp_path / "w" / "main", registry)
    try:
        assert {kind.type for kind in promised} == set(asked)
        assert not [
            each for row in day.journal() for each in row.get("errors", ()) if "Assert" in each["error"]
        ]
    finally:
        day.close()
