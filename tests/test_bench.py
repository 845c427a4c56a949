"""`replyai bench`: it runs, and says the same to people and to programs. The sizes here measure nothing."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from engine.bench import row, run
from engine.bench.sender import FIGURES as SENDER
from engine.cli import cli

PROMISED = (
    *(f"{call} at 1,000, over bare SQLite" for call in ("insert", "update by id", "get by id")),
    "indexed page of 50 at 1,000, over bare SQLite",
    "durable transactions, 1,000 messages: ours over groups of 64",
    "start with 1,000 messages until the inbox answers",
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
    for what in PROMISED:
        assert what in [row["what"] for row in rows]
        assert what in done.output
    drawn = [text.text for text in ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}text")]
    assert {"insert", "update by id", "get by id", "indexed page of 50"} <= set(drawn)


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
    assert found["Redis memory per message that waits"].ok
