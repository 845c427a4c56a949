"""A recording runs again: the same comes out the same, to the byte; other settings show what differs."""

import sqlite3
import types
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine import action, hookimpl, journal, snapshots
from engine.plugins import Plugin, Registry, load
from engine.replay import ReplayError, replay, setup_of
from tests import day as days
from tests.day import Day
from tests.web_stack import running
from tests.world import ANDI, DEWI


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    made = days.recorded(tmp_path_factory.mktemp("day") / "w" / "main")
    yield made
    made.close()


def again(day: Day, changes: Any = None, **span: str) -> dict[str, Any]:
    return replay(day.workspace.folder, day.registry, setup=changes, **span)


def load_with_greeter(off: bool = False) -> Registry:
    """Return the plugins with one that thanks for every message."""

    def received(conversation: Any) -> Any:
        yield action("message.send", conversation=conversation["id"], text="Terima kasih", why="always")

    module = types.ModuleType("test_greeter")
    module.message_received = hookimpl(received)  # type: ignore[attr-defined]
    return Registry([*load().plugins.values(), Plugin("greeter", default=not off, module=module)])


def live_hash(day: Day) -> str:
    return journal.documents_hash(
        day.documents.connection, journal.declared(day.documents.connection, day.registry.collections)
    )


def test_every_plugin_has_a_part_in_the_recorded_day() -> None:
    assert set(load().plugins) <= set(days.PARTS)


def test_the_day_has_what_makes_replay_hard(day: Day) -> None:
    rows = day.journal()
    types = {row["event"]["type"] for row in rows}
    assert {"timer.fired", "job.finished", "job.expired", "redis.epoch", "settings.changed"} <= types
    assert any(row.get("error") for row in rows)
    assert any(row.get("errors") for row in rows)
    assert any(row.get("raw") for row in rows)
    statuses = {done["status"] for row in rows for done in row["actions"]}
    assert statuses == {"done", "refused", "failed"}


def test_the_same_configuration_gives_the_same_journal_and_documents_to_the_byte(day: Day) -> None:
    report = again(day)
    assert report["differs_at"] is None
    assert report["identical"]
    assert report["documents"] == live_hash(day)
    assert all(t["gone"] == t["new"] == t["moved"] == 0 for t in report["actions"].values())


def test_it_is_the_same_from_any_moment_on(day: Day) -> None:
    rows = list(journal.rows(day.documents.connection))
    for row in rows[:: len(rows) // 12]:
        report = again(day, since=row.at)
        assert (report["identical"], report["documents"]) == (True, live_hash(day)), row.seq
        assert report["counts"]["recorded"] == len(rows) - row.seq + 1


def test_until_a_moment_it_gives_the_documents_of_that_moment(day: Day, tmp_path: Path) -> None:
    row = list(journal.rows(day.documents.connection))[50]
    journal.rebuild(day.documents.connection, tmp_path / "then.db", day.registry.collections, row.seq - 1)
    then = sqlite3.connect(tmp_path / "then.db")
    collections = journal.declared(day.documents.connection, day.registry.collections)
    report = again(day, until=row.at)
    assert report["identical"]
    assert report["documents"] == journal.documents_hash(then, collections)


def test_it_begins_at_the_nearest_copy_of_the_documents(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = day.workspace.folder
    assert snapshots.due(folder, 10, every=10)
    seq = snapshots.make(folder, day.registry.collections)
    assert not snapshots.due(folder, seq + 9, every=10)
    day.writes(ANDI, "sesudahnya")
    started: list[int] = []
    rows = journal.rows
    monkeypatch.setattr(
        journal, "rows", lambda c, after=0, until=None: (started.append(after), rows(c, after, until))[1]
    )
    report = again(day, since=list(rows(day.documents.connection))[-1].at)
    assert report["identical"]
    assert report["documents"] == live_hash(day)
    assert started[0] == seq
    snapshots.forget(folder)
    assert again(day, since=list(rows(day.documents.connection))[-1].at)["identical"]


def test_a_copy_that_is_not_of_this_journal_is_not_used(day: Day) -> None:
    snapshots.make(day.workspace.folder, day.registry.collections)
    (kept,) = (day.workspace.folder / snapshots.FOLDER).iterdir()
    kept.write_bytes(kept.read_bytes()[:-200])
    assert again(day, since="2032")["documents"] == live_hash(day)
    snapshots.forget(day.workspace.folder)


def test_the_engine_keeps_a_copy_now_and_then(day: Day) -> None:
    kept = day.workspace.folder / snapshots.FOLDER
    day.workspace.keep_snapshot()
    assert not list(kept.iterdir())
    day.workspace.keep_snapshot(every=10)
    day.workspace.keep_snapshot(every=10)
    (one,) = kept.iterdir()
    assert one.stat().st_mode & 0o777 == 0o600
    snapshots.forget(day.workspace.folder)


def test_old_copies_lie_further_apart() -> None:
    kept: list[int] = []
    for seq in range(100, 6500, 100):
        kept.append(seq)
        for gone in snapshots.superfluous(kept):
            kept.remove(gone)
    assert len(kept) < 12
    assert kept[-1] == 6400
    assert all(later - earlier <= 6400 - earlier for earlier, later in pairwise(kept))


def test_nothing_is_written_to_the_live_workspace(day: Day) -> None:
    before = live_hash(day), day.workspace.store.seq, sorted(p.name for p in day.workspace.folder.iterdir())
    again(day, setup_of(day.registry, "-labels"))
    assert (live_hash(day), day.workspace.store.seq) == before[:2]
    assert sorted(p.name for p in day.workspace.folder.iterdir()) == before[2]


def test_with_a_plugin_off_its_actions_are_gone_and_the_others_stay(day: Day) -> None:
    report = again(day, setup_of(day.registry, "-labels"))
    assert report["actions"]["labels.add"]["gone"] == 6  # an import put on two
    assert report["plugins"]["labels"]["same"] == 0
    assert report["plugins"]["sender"]["gone"] == report["plugins"]["sender"]["new"] == 0
    (changed,) = [each for each in report["conversations"] if each["name"] == "Budi"]
    why = [a["why"] for a in changed["gone"] if a["plugin"] == "labels"]
    assert why == ["the text has “rusak”", "the text matches “trf|transfer”"]
    asked = [a for a in changed["new"] if a["type"] == "labels.add"]
    assert [a["reason"] for a in asked] == ["the plugin labels is off"]


@pytest.mark.parametrize("plugins", ["-labels", "-sender", "-simulator", "-moody", "labels", "sender,moody"])
def test_every_recorded_action_is_accounted_for(day: Day, plugins: str) -> None:
    recorded = [done for row in day.journal() for done in row["actions"]]
    report = again(day, setup_of(day.registry, plugins))
    for counted in (report["plugins"], report["actions"]):
        assert sum(t["same"] + t["gone"] + t["moved"] for t in counted.values()) == len(recorded)
    listed = [a for each in report["conversations"] for a in each["gone"]]
    assert len(listed) == sum(t["gone"] for t in report["actions"].values())
    counts = report["counts"]
    used = [n for key, n in counts.items() if key.startswith("from ") or key in ("timers", "results")]
    dropped = [n for key, n in counts.items() if key.endswith("dropped")]
    assert sum(used) + sum(dropped) == counts["recorded"] == len(day.journal())


def test_what_is_sent_only_here_counts_as_sent_and_delivered_at_once(tmp_path: Path) -> None:
    """The greeter is switched on for a day that it was not there."""
    world = Day(tmp_path / "w" / "main", load_with_greeter(off=True)).with_shop()
    try:
        world.writes(DEWI, "Halo")
        report = again(world, setup_of(world.registry, "+greeter"))
        assert report["counts"]["assumed"] == 1
        assert report["actions"]["message.send"] == {"same": 0, "gone": 0, "new": 1, "moved": 0}
        assert report["plugins"]["sender"]["new"] == 3
        (changed,) = [each for each in report["conversations"] if each["conversation"]]
        assert changed["new"][0]["why"] == "always"
    finally:
        world.close()


def test_results_of_calls_that_are_not_made_are_dropped_and_so_are_their_echoes(tmp_path: Path) -> None:
    world = Day(tmp_path / "w" / "main", load_with_greeter()).with_shop()
    try:
        world.writes(DEWI, "Halo")
        (sent,) = [m for m in world.messages(DEWI) if m["direction"] == "out"]
        world.job_ends(sent["id"], outcome="sent", gateway_id="G1")
        world.echo_comes(DEWI, "Terima kasih", "G1", origin="echo_api")
        world.status_comes(DEWI, "G1", "read")
        report = again(world, setup_of(world.registry, "-greeter"))
        assert report["counts"]["results dropped"] == 1
        assert report["counts"]["echoes dropped"] == 2
        assert report["actions"]["message.send"]["gone"] == 1
        assert report["plugins"]["sender"]["same"] == 0
    finally:
        world.close()


def test_a_result_is_used_for_the_same_message_at_another_moment(tmp_path: Path) -> None:
    """With the sender off at first the call is made later, under another job's id."""
    world = Day(tmp_path / "w" / "main", load_with_greeter(off=True)).with_shop()
    try:
        rina = world.agent("Rina")
        world.writes(DEWI, "Halo")
        world.writes(ANDI, "Pagi")
        for chat, id in ((DEWI, "G1"), (ANDI, "G2")):
            said = world.answers(chat, "Baik", by=rina)
            world.job_ends(said["id"], outcome="sent", gateway_id=id)
            world.status_comes(chat, id, "read")
        report = again(world, setup_of(world.registry, "+greeter"))
        assert report["counts"]["results"] == 2
        assert report["counts"]["assumed"] == 2
        assert report["actions"]["message.send"]["same"] == 2
        assert "results dropped" not in report["counts"]
    finally:
        world.close()


def test_timers_come_from_the_copys_own_documents(day: Day) -> None:
    """A longer first pause moves the sender's retry; the recorded firing has no place any more."""
    report = again(day, setup_of(day.registry, sets=["plugins.sender.first_pause=20"]))
    assert report["counts"]["timers dropped"] >= 1
    assert report["counts"]["timers of its own"] >= 1
    assert report["counts"]["timers"] >= 3


def test_a_plugin_that_came_later_does_nothing_before(tmp_path: Path) -> None:
    world = Day(tmp_path / "w" / "main", load()).with_shop()
    try:
        world.writes(DEWI, "Halo")
        with_greeter = load_with_greeter()
        report = replay(world.workspace.folder, with_greeter)
        assert report["identical"]
        report = replay(world.workspace.folder, with_greeter, setup=setup_of(with_greeter, "+greeter"))
        assert report["actions"]["message.send"]["new"] == 1
    finally:
        world.close()


@pytest.mark.parametrize(
    ("plugins", "sets", "words"),
    [
        ("lables", (), "there is no plugin lables; there are .*did you mean labels"),
        ("labels,-sender", (), "names alone, or each with"),
        (None, ["plugins.sender.attempts=many"], r"--set: plugins.sender.attempts = .*whole number"),
        (None, ["plugins.sender.attempt=1"], "did you mean attempts"),
        (None, ["sender.attempts=1"], "--set takes plugins.NAME.KEY=VALUE"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(plugins: str | None, sets: list[str], words: str) -> None:
    with pytest.raises(ReplayError, match=words):
        setup_of(load(), plugins, sets)


def test_names_alone_are_all_that_is_on_but_gateways() -> None:
    changes = setup_of(load(), "labels").changes
    assert changes["labels"] == {"enabled": True}
    assert changes["sender"] == {"enabled": False}
    assert "simulator" not in changes
    assert setup_of(load(), None, ["plugins.labels.enabled=false"]).changes == {"labels": {"enabled": False}}


def test_a_rules_draft_is_put_there_from_the_start_and_the_live_workspace_stays_as_it_is(day: Day) -> None:
    label = {"id": "draft", "name": "Draf", "color": "#1570cd", "archived": False, "merged_into": None}
    when = {"field": "text", "op": "words", "value": "halo"}
    rule = {"id": "draft", "label": "draft", "when": when, "enabled": True}
    put = orjson.dumps({"label": [label], "label_rule": [rule]}).decode()
    before = live_hash(day)
    report = again(day, setup_of(day.registry, put=put))
    assert report["put"] == {"label": ["draft"], "label_rule": ["draft"]}
    new = [done for each in report["conversations"] for done in each["new"] if done["type"] == "labels.add"]
    assert {done["data"]["label"] for done in new} == {"draft"}
    assert {done["data"]["conversation"] for done in new} == {day.conversation(DEWI)["id"]}
    assert live_hash(day) == before and not day.get("label", "draft")


@pytest.mark.parametrize(
    ("put", "words"),
    [
        ("{", "this is no JSON"),
        ("[]", "takes"),
        ('{"lable": []}', "no collection lable"),
        ('{"label": [{"name": "x"}]}', "needs an id"),
        ('{"label": [{"id": "x"}]}', "label x: .*name"),
    ],
)
def test_what_cannot_be_put_is_said_in_one_line(put: str, words: str) -> None:
    with pytest.raises(ReplayError, match=words):
        setup_of(load(), put=put)


def test_what_a_whole_engine_recorded_comes_out_the_same(tmp_path: Path) -> None:
    """Signed webhooks of WAHA, numbers from replyai.toml, people's clicks."""
    with running() as stack:
        sari = stack.agent("Sari", "admin")
        label = stack.ask("labels.create", name="Keluhan", color="#d4380d")["label"]
        stack.ask("labels.put_rule", label=label, pattern="rusak")
        for number in range(20):
            stack.writes(DEWI if number % 3 else ANDI, f"pesan {number}, barang rusak")
        conversation = stack.conversation(DEWI)["id"]
        stack.ask("message.send", by=sari, conversation=conversation, text="Mohon maaf")
        report = replay(stack.data / "w" / "main", stack.registry)
    assert report["identical"]
    assert report["counts"]["from live"] == 20
    assert report["actions"]["labels.add"]["same"] == 2


def test_what_was_erased_is_taken_as_recorded_and_the_rest_comes_out_the_same(tmp_path: Path) -> None:
    day = days.recorded(tmp_path / "w" / "main")
    (dewi,) = [contact for contact in day.all("contact") if DEWI in contact["aliases"]]
    day.workspace.erase(dewi["id"]).result(30)
    day.writes(ANDI, "dan besok?")
    report = again(day)
    assert report["counts"]["erased"] > 3
    assert (report["differs_at"], report["identical"]) == (None, True)
    assert report["documents"] == live_hash(day)
    rows = list(journal.rows(day.documents.connection))
    for row in rows[:: len(rows) // 8]:
        assert again(day, since=row.at)["documents"] == live_hash(day), row.seq
    other = again(day, setup_of(day.registry, "-labels"))
    assert other["actions"]
    day.close()
