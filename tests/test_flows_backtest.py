"""What a draft would have done on the days that were: told from the recording, with nothing sent."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.plugins import load
from engine.replay import Setup, replay
from plugins.flowbuilder import backtest
from plugins.flowbuilder.checking import BadFlow
from tests.day import Day
from tests.test_flows import published
from tests.test_flows_running import SHOP
from tests.world import ANDI, DEWI

CITA, EKA, FAJAR = "6281500003333@c.us", "6281700005555@c.us", "6281800006666@c.us"
AGENT = {"id": "orang", "kind": "hand_over", "text": "Sebentar"}
DRAFT = {
    **SHOP,
    "nodes": [
        {**SHOP["nodes"][0], "options": [*SHOP["nodes"][0]["options"], {"id": "3", "title": "Orang"}],
         "to": {**SHOP["nodes"][0]["to"], "option.3": "orang"}},
        *SHOP["nodes"][1:], AGENT,
    ],
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Day]:
    """A day without a bot: five customers write, and Wati answers one of them."""
    day = Day(tmp_path / "data" / "w" / "main", load())
    day.with_shop()
    yield day
    day.close()


def a_day(shop: Day) -> None:
    wati = shop.agent("Wati")
    shop.writes(DEWI, "halo", push_name="Dewi")
    shop.writes(DEWI, "1")
    shop.writes(DEWI, "3")
    shop.writes(ANDI, "menu", push_name="Andi")
    shop.answers(ANDI, "Dengan Wati", by=wati)
    shop.writes(ANDI, "2")
    shop.writes(EKA, "halo", push_name="Eka")
    for text in ("barang saya mana", "kok lama", "hadeh"):
        shop.writes(EKA, text)
        shop.later(5)
    shop.writes(FAJAR, "halo", push_name="Fajar")
    shop.later(2 * 86400)
    shop.writes(CITA, "apa kabar", push_name="Cita")


def tried(shop: Day, definition: dict[str, Any], flow: str | None = None) -> dict[str, Any]:
    """Replay the day with a draft; the live workspace stays as it is."""
    before, messages = len(shop.journal()), len(shop.all("message"))
    put = backtest.documents_of(shop.documents, definition, flow)
    report = replay(shop.workspace.folder, shop.registry, setup=Setup({}, put))
    assert (len(shop.journal()), len(shop.all("message"))) == (before, messages)
    assert report["failures"]["here"] == report["failures"]["recorded"]
    return backtest.found_in(report)


def test_what_a_draft_would_have_done_without_a_bot_before(shop: Day) -> None:
    a_day(shop)
    found = tried(shop, DRAFT)
    how = {run["name"]: (run["how"], run["node"]) for run in found["conversations"]}
    assert how == {
        "Dewi": ("handed_over", "orang"),
        "Andi": ("silent", "menu"),
        "Eka": ("stuck", "menu"),
        "Fajar": ("left", "menu"),
    }
    counts = {key: found[key] for key in ("caught", *backtest.COUNTED)}
    expected = {
        "caught": 4,
        "finished": 0,
        "handed_over": 1,
        "stuck": 1,
        "left": 1,
        "silent": 1,
        "running": 0,
    }
    assert counts == expected
    assert found["nodes"]["menu"]["caught"] == 4 and found["nodes"]["menu"]["stuck"] == 1
    assert found["nodes"]["harga"] == {**dict.fromkeys(("caught", *backtest.COUNTED), 0), "caught": 1}
    assert found["nodes"]["orang"]["handed_over"] == 1 and "lokasi" not in found["nodes"]


def test_a_draft_takes_the_place_of_the_flow_that_it_changes(shop: Day) -> None:
    flow = published(shop, SHOP)
    a_day(shop)
    published_again = shop.ask("flowbuilder.publish", flow=flow)
    assert published_again["status"] == "done"
    assert [run["how"] for run in tried(shop, SHOP, flow)["conversations"] if run["name"] == "Dewi"] == [
        "left"
    ]
    renamed = tried(shop, {**DRAFT, "name": "Menu baru"}, flow)
    assert (renamed["caught"], renamed["handed_over"], renamed["stuck"]) == (4, 1, 1)
    quiet = {**DRAFT, "triggers": [{"on": "keyword", "way": "exact", "words": ["katalog"]}]}
    assert tried(shop, quiet, flow)["caught"] == 0


def test_a_draft_with_errors_is_not_tried(shop: Day) -> None:
    with pytest.raises(BadFlow, match="leads nowhere"):
        backtest.documents_of(shop.documents, {**DRAFT, "nodes": [{**DRAFT["nodes"][0], "to": {}}]})


def test_replyai_replay_with_a_flow_in_a_file(
    shop: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_day(shop)
    file = tmp_path / "menu.json"
    file.write_text(json.dumps(DRAFT))
    monkeypatch.setenv("REPLYAI_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "argv", ["replyai", "replay", "--flow", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert "The flow would have begun 4 times: 0 finished, 1 handed over, 1 stuck" in said
    assert "        4  menu  (1 stuck, 1 left, 1 silent)" in said
