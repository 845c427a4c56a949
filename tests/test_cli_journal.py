"""`replyai journal`, `tail`, `explain` and `replay`: read with or without a running engine."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import journal, times
from engine.cli import main
from engine.cli.journal import follow
from engine.cli.place import NotThere, moment, opened
from engine.explain import NothingFound, explain
from tests.world import ANDI, DEWI, World

Run = Callable[..., tuple[Any, str, str]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    """Dewi complains, Rina answers; the engine is stopped where a test stops it."""
    world = World(tmp_path / "data" / "w" / "main").with_shop()
    rina, label = world.agent("Rina"), world.label("Keluhan")
    world.ask("labels.put_rule", label=label, pattern="rusak")
    world.writes(DEWI, "barang saya rusak", push_name="Dewi")
    world.writes(ANDI, "halo")
    answered = world.answers(DEWI, "Mohon maaf, Bu", by=rina)
    world.job_ends(answered["id"], outcome="sent", gateway_id="G1")
    world.ask("conversation.resolve", by=rina, conversation=world.conversation(DEWI)["id"])
    yield world
    world.close()


@pytest.fixture
def replyai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("REPLYAI_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("REPLYAI_CONFIG", raising=False)

    def run(*arguments: str) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["replyai", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def lines(said: tuple[Any, str, str]) -> list[dict[str, Any]]:
    code, out, err = said
    assert (code, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def test_the_journal_is_json_lines(shop: World, replyai: Run) -> None:
    rows = lines(replyai("journal"))
    assert rows == shop.journal()
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))


def test_it_can_be_narrowed_by_time_conversation_and_type(shop: World, replyai: Run) -> None:
    every = shop.journal()
    since = every[5]["event"]["at"]
    assert lines(replyai("journal", "--since", since)) == every[5:]
    assert lines(replyai("journal", "--until", since)) == every[:5]
    assert lines(replyai("journal", "--since", "1h")) == every
    dewi = shop.conversation(DEWI)["id"]
    about = lines(replyai("journal", "--conversation", dewi))
    assert about[0]["event"]["type"] == "message.received"
    assert len(about) == 4
    assert len(lines(replyai("journal", "--type", "message.received"))) == 2
    assert len(lines(replyai("journal", "--type", "labels.*", "--type", "conversation.resolve"))) == 4


def test_it_reads_while_nothing_runs(shop: World, replyai: Run) -> None:
    every = shop.journal()
    shop.workspace.stop()
    assert lines(replyai("journal")) == every


def test_tail_shows_the_last_rows_and_then_each_new_one(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPLYAI_DATA", str(tmp_path / "data"))
    with opened("main") as place:
        looks = iter(["Kak?", "Masih ada?"])
        rows = follow(place, 2, None, (), pause=lambda seconds: shop.writes(DEWI, next(looks)))
        last = [next(rows).seq for _ in range(2)]
        assert last == [len(shop.journal()) - 1, len(shop.journal())]
        new = [next(rows).transaction["event"]["data"]["message"]["text"] for _ in range(2)]
        assert new == ["Kak?", "Masih ada?"]


def test_tail_finds_the_last_wanted_ones_further_back(shop: World, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(seconds: float) -> None:
        raise Enough

    place = type("Place", (), {"connection": shop.documents.connection, "documents": shop.documents})()
    rows = follow(place, 5, None, ("message.received",), pause=stop)
    assert [next(rows).transaction["event"]["data"]["message"]["text"] for _ in range(2)] == [
        "barang saya rusak",
        "halo",
    ]
    with pytest.raises(Enough):
        next(rows)


def test_a_conversation_is_explained_in_order(shop: World, replyai: Run) -> None:
    code, out, err = replyai("explain", shop.conversation(DEWI)["id"])
    assert (code, err) == (0, "")
    assert out.startswith(f"Conversation {shop.conversation(DEWI)['id']} with Dewi (+6281300004521)")
    told = [line.strip() for line in out.splitlines()]
    hears = told.index("→ labels on message_received: labels.add label Keluhan")
    assert told[hears + 1] == "because the text has “rusak”"
    assert told.index("→ Rina: message.send text Mohon maaf, Bu") > hears
    assert told.index("→ Rina: conversation.resolve") > hears
    assert "halo" not in out
    assert replyai("explain", "+6281300004521")[1] == out


def test_a_message_and_an_action_are_explained(shop: World, replyai: Run) -> None:
    (answer,) = [m for m in shop.messages(DEWI) if m["direction"] == "out"]
    (found,) = lines(replyai("explain", answer["id"], "--json"))
    assert (found["kind"], found["contact"]["name"]) == ("message", "Dewi")
    assert [step["event"]["type"] for step in found["steps"]] == ["action.requested", "job.finished"]
    labelled = next(done for row in shop.journal() for done in row["actions"] if done["type"] == "labels.add")
    (found,) = lines(replyai("explain", labelled["id"], "--json"))
    assert found["kind"] == "action"
    ((only,),) = [step["actions"] for step in found["steps"]]
    assert (only["plugin"], only["hook"]) == ("labels", "message_received")
    assert only["why"] == "the text has “rusak”"


def test_what_is_not_there_is_said_in_one_line(shop: World, replyai: Run) -> None:
    assert replyai("explain", "nobody")[2] == (
        "replyai: there is no conversation, message or action nobody\n"
    )
    assert "no conversation nobody" in replyai("journal", "--conversation", "nobody")[2]
    assert "is no time; take 2026-11-24" in replyai("journal", "--since", "yesterday-ish")[2]
    assert "there is no workspace kosong" in replyai("journal", "--workspace", "kosong")[2]
    with pytest.raises(NothingFound):
        explain(shop.documents, shop.documents.connection, "nobody")


def test_only_the_newest_rows_are_looked_at_where_that_is_asked(shop: World) -> None:
    conversation = shop.conversation(DEWI)["id"]
    whole = explain(shop.documents, shop.documents.connection, conversation)["steps"]
    assert explain(shop.documents, shop.documents.connection, conversation, most=2)["steps"] == whole[-2:]


def test_moments_as_people_say_them() -> None:
    assert moment("2026-11-24T09:30:00+07:00") == "2026-11-24T02:30:00.000000Z"
    assert moment("2026-11-24", "Asia/Jakarta") == "2026-11-23T17:00:00.000000Z"
    assert moment(None) is None
    ago = times.seconds_between(str(moment("2h")), times.now())
    assert 7200 <= ago < 7260
    with pytest.raises(NotThere):
        moment("next week")


def test_replay_says_that_all_is_the_same(shop: World, replyai: Run) -> None:
    code, out, err = replyai("replay")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith(f"{len(shop.journal())} recorded events")
    assert "The same: every action, change and document is as it was recorded, to the byte." in out


def test_replay_tells_what_would_differ(shop: World, replyai: Run) -> None:
    before = journal.last_seq(shop.documents.connection)
    since = shop.journal()[4]["event"]["at"]
    code, out, _ = replyai("replay", "--since", since, "--plugins=-labels", "--diff")
    assert code == 0
    assert "With labels: off:" in out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith("labels.add")}
    assert rows["labels.add"] == ["0", "1", "0", "0"]
    assert f"Dewi ({shop.conversation(DEWI)['id']})" in out
    assert "(the text has “rusak”)" in out
    (report,) = lines(replyai("replay", "--since", since, "--plugins=-labels", "--json"))
    assert report["actions"]["labels.add"]["gone"] == 1
    assert journal.last_seq(shop.documents.connection) == before


def test_replay_takes_drafts_from_a_file_and_tells_how_far_it_is(
    shop: World, replyai: Run, tmp_path: Path
) -> None:
    when = {"field": "text", "op": "contains", "value": "a"}
    label = {"id": "draft", "name": "Draf", "color": "#1570cd", "archived": False}
    rule = {"id": "draft", "label": "draft", "when": when, "enabled": True}
    file = tmp_path / "draft.json"
    file.write_text(json.dumps({"label": [label], "label_rule": [rule]}))
    code, out, err = replyai("replay", "--put", str(file), "--json", "--progress")
    assert code == 0
    (report,) = lines((code, out, ""))
    assert report["actions"]["labels.add"]["new"] >= 1
    told = [json.loads(line) for line in err.splitlines()]
    assert told[-1]["done"] == told[-1]["all"] == len(shop.journal())
    assert "label_rule: draft put" in replyai("replay", "--put", str(file))[1]
    assert not shop.get("label", "draft")


def test_replay_names_a_wrong_setting(shop: World, replyai: Run) -> None:
    code, _, err = replyai("replay", "--set", "plugins.sender.attempts=many")
    assert code == 1
    assert "--set: plugins.sender.attempts" in err
