"""Time: pauses keep their length though the wall clock jumps; a timer that fails holds up no other."""

from typing import Any

import pytest

from engine import times
from engine.clock import Clock
from tests.world import DEWI, World


def test_a_clock_that_was_ahead_once_stops_no_pause(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sari = shop.agent("Sari")
    right = times.now
    with monkeypatch.context() as patched:
        patched.setattr(times, "now", lambda: times.add(right(), 86400))
        shop.writes(DEWI, "dari besok")
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.job_ends(message["id"], outcome="not_sent", reason="connection refused")
    due = shop.get("message", message["id"])["sender.due"]
    assert times.seconds_between(shop.workspace.store.now(), due) < 5
    assert message["at"] > times.add(right(), 86000), "no event is before the one before it"


def test_time_goes_on_while_it_is_ahead(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = ["2026-11-25T00:00:00.000000Z"]
    monkeypatch.setattr(times, "now", lambda: wall[0])
    shop.writes(DEWI, "satu")
    wall[0] = "2026-11-24T00:00:00.000000Z"
    shop.writes(DEWI, "dua")
    wall[0] = "2026-11-24T00:00:10.000000Z"
    shop.writes(DEWI, "tiga")
    ats = [m["at"] for m in shop.messages(DEWI)]
    assert times.seconds_between(ats[1], ats[2]) == pytest.approx(10)


def test_a_snooze_ends_by_itself(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    conversation = shop.conversation(DEWI)["id"]
    until = times.add(shop.workspace.store.now(), 0.2)
    assert shop.ask("conversation.snooze", conversation=conversation, until=until)["status"] == "done"
    assert shop.conversation(DEWI)["status"] == "snoozed"
    shop.until(lambda: shop.conversation(DEWI)["status"] == "open")
    assert shop.conversation(DEWI)["handler"] == "queue"


def test_a_clock_that_is_put_forward_says_so_before_anything_sees_it(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = times.now
    shop.writes(DEWI, "satu")
    with monkeypatch.context() as patched:
        patched.setattr(times, "now", lambda: times.add(right(), 3600))
        shop.writes(DEWI, "dua")
        shop.writes(DEWI, "tiga")
    events = [row["event"] for row in shop.journal()]
    (jump,) = [event for event in events if event["type"] == "clock.jumped"]
    assert jump["data"]["seconds"] == pytest.approx(3600, abs=2)
    one, two, three = (message["at"] for message in shop.messages(DEWI))
    assert times.seconds_between(one, jump["at"]) < 5, "it is told at the old time"
    assert times.seconds_between(one, two) == pytest.approx(3600, abs=5)
    assert times.seconds_between(two, three) < 5


def test_an_idle_workspace_hears_of_a_jump_too(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    right = times.now
    shop.writes(DEWI, "satu")
    with monkeypatch.context() as patched:
        patched.setattr(times, "now", lambda: times.add(right(), 3600))
        shop.workspace.clock.moved()
        shop.until(lambda: shop.journal()[-1]["event"]["type"] == "clock.jumped")


class Told:
    """What is told when an event is on disk; it notes how many were asked for by then."""

    def __init__(self, asked: list[Any], seen: list[int]) -> None:
        self.asked, self.seen = asked, seen

    def result(self) -> None:
        self.seen.append(len(self.asked))


def test_timers_that_are_due_together_do_not_wait_for_each_others_disk(shop: World) -> None:
    until = times.add(times.now(), 3600)
    for number in range(3):
        chat = f"62813000{number:05}@c.us"
        shop.writes(chat, "Halo")
        shop.ask("conversation.snooze", conversation=shop.conversation(chat)["id"], until=until)
    asked: list[Any] = []
    seen: list[int] = []

    def submit(events: list[dict[str, Any]]) -> Told:
        asked.extend(events)
        return Told(asked, seen)

    clock = Clock(shop.workspace.reading, lambda plugin: True, submit, lambda: times.add(until, 1))
    assert clock._turn(shop.documents) == 0
    assert seen == [3, 3, 3]
