"""Drafts tried on history: kept in the installation's own folder, ended by a limit of their own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.processes import until
from tests.web_stack import DEWI, Stack, running
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


def test_trials_of_another_installation_do_not_count(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as other:
        for name in ("a", "b"):
            (other.data / "trials" / name).mkdir(parents=True)
        assert tried(stack, 60, monkeypatch)[1]["state"] == "done"
