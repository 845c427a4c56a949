"""Drafts tried on history: kept in the installation's own folder, ended by a limit of their own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.events import event
from tests.processes import until
from tests.web_stack import ANDI, DEWI, Stack, running
from web import trials

RULE = {"label": "l", "when": {"field": "text", "op": "words", "value": "harga"}, "days": 7}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        found.rina = found.agent("Rina", "supervisor")  # type: ignore[attr-defined]
        found.writes(DEWI, "Berapa harga kopi?")
        RULE["label"] = found.ask("labels.create", name="Harga", color="#0b8a52", description="")["label"]
        yield found


def tried(stack: Stack, limit: float, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    """Have Rina try a rule; return the trial's id and how it ended."""
    monkeypatch.setattr(trials, "SECONDS", limit)
    api = stack.api(stack.rina)  # type: ignore[attr-defined]
    status, begun = api("POST", "/labels/rules/trials", json=RULE)
    assert status == 202, begun
    path = f"/labels/rules/trials/{begun['id']}?into={RULE['label']}"
    until(lambda: api("GET", path)[1]["state"] != "running", what="the trial's end", seconds=60)
    return begun["id"], api("GET", path)[1]


def test_a_trial_is_kept_in_the_data_folder_and_ends_by_itself(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, state = tried(stack, 60, monkeypatch)
    assert state["state"] == "done"
    assert len(state["found"]) == 1
    assert (stack.data / "trials" / id / "ended").read_text() == "0\n"


def test_one_that_takes_too_long_is_ended_without_the_web_process(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(stack, 0.1, monkeypatch)[1]["state"] == "late"


def test_what_others_keep_in_the_temporary_folder_does_not_count(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("a", "b"):
        (tmp_path / f"replyai-trial-{name}").mkdir()
    assert tried(stack, 60, monkeypatch)[1]["state"] == "done"


def test_imported_messages_are_counted_since_nothing_is_tried_on_them(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"message": {"id": "H1", "kind": "text", "text": "harga?"}, "peer": {"chat_id": ANDI}}
    stack.submit([event("message.received", f"{ANDI}/H1", said, account="toko", origin="history")])
    _id, state = tried(stack, 60, monkeypatch)
    assert (len(state["found"]), state["imported"]) == (1, 1)
