"""`replyai bench`: it runs, and says the same to people and to programs. The sizes here measure nothing."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from click.testing import CliRunner

from engine import plugins
from engine.bench import row, run
from engine.bench.filling import chat_of, fill
from engine.bench.patterns import add_account, webhook, written
from engine.bench.sender import FIGURES as SENDER
from engine.bench.texts import text_of
from engine.cli import cli
from engine.store import Reading
from engine.verify import workspace as verified
from tests.world import World

PROMISED = (
    *(f"{call} at 1,000, over bare SQLite" for call in ("insert", "update by id", "get by id")),
    "indexed page of 50 at 1,000, over bare SQLite",
    "durable transactions with raw webhook, 1,000 messages: no plugins, over groups of 64",
    "start with 1,000 messages until the inbox answers",
    "resident memory with 1,000 messages: both",
    "search in 1,000 messages, 20 newest hits, all queries",
    "disk per message of 200 characters: journal",
    "disk per message of 200 characters: text index",
)


@pytest.mark.slow
def test_the_storage_bench_measures_each_figure_and_draws_them(tmp_path: Path) -> None:
    file, plot = tmp_path / "figures.json", tmp_path / "cost.svg"
    arguments = ["bench", "storage", "--quick", "--json", str(file), "--plot", str(plot)]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    rows = json.loads(file.read_text())
    assert all(set(row) == {"what", "value", "unit", "target", "ok"} for row in rows)
    assert all(row["value"] > 0 for row in rows)
    assert any(row["what"].endswith("recorded events, all plugins") for row in rows)
    for what in PROMISED:
        assert what in [row["what"] for row in rows]
        assert what in done.output
    drawn = [text.text for text in ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}text")]
    assert {"insert", "update by id", "get by id", "indexed page of 50"} <= set(drawn)


def test_one_figure_can_be_measured_alone_and_a_misspelt_one_is_named() -> None:
    done = CliRunner().invoke(cli, ["bench", "storage", "--quick", "--only", "disk"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "disk per message of 200 characters, 1,000 messages" in done.output
    assert "over bare SQLite" not in done.output
    done = CliRunner().invoke(cli, ["bench", "storage", "--only", "disc"])
    assert done.exit_code == 2
    assert "disc is none of cost, " in done.output


def test_the_large_workspace_has_the_rows_that_the_engine_writes(tmp_path: Path) -> None:
    registry = plugins.load()
    fill(tmp_path / "filled", registry, 200)
    shop = World(tmp_path / "real", registry)
    add_account(shop.workspace)
    for number in range(10):
        said = chat_of(1), f"3EB0{number:016}", text_of(number)
        shop.submit(written(*said), raw=webhook(*said))
    filled = Reading(tmp_path / "filled" / "replyai.db", registry.collections)
    try:
        for select in (
            "SELECT body FROM journal WHERE json_extract(body, '$.event.type') = 'message.received'",
            "SELECT doc FROM doc_message ORDER BY pos",
            "SELECT doc FROM doc_contact ORDER BY pos",
            "SELECT doc FROM doc_conversation ORDER BY pos",
        ):
            ours, real = (
                [orjson.loads(t) for (t,) in d.connection.execute(select)] for d in (filled, shop.documents)
            )
            assert shape(ours[-1]) == shape(real[-1])
            assert shape(ours[0]) == shape(real[0])
        file, chain, _ = (ok for ok, _, _ in verified(tmp_path / "filled", registry.collections))
        assert file and chain
    finally:
        filled.connection.close()
        shop.close()


def shape(value: Any) -> Any:
    """Return which fields a value has and how long its texts are."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return len(value) if isinstance(value, str) else type(value)


def test_a_figure_knows_whether_it_reaches_its_target() -> None:
    assert row("get by id", 1.4, "×", "≤ 2.5").ok is True
    assert row("get by id", 2.6, "×", "≤ 2.5").ok is False
    assert row("transactions", 0.4, "×", "≥ 0.5").ok is False
    assert row("transactions", 9000, "/s").ok is None


@pytest.mark.slow
def test_the_sender_bench_measures_each_figure() -> None:
    found = {each.what: each for each in run(SENDER, quick=True, say=lambda text: None)}
    assert all(each.value >= 0 for each in found.values())
    ratios = [what for what in found if what.startswith("ReplyAI / plain")]
    late = [what for what in found if what.startswith("due until it reaches the gateway")]
    assert (len(ratios), len(late)) == (2, 2)
    assert found["Redis memory per message that waits"].value < 100, "a job takes about a thousand"
