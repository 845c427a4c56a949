"""The floor holds at the gateway's own clock: with 1, 4 and 16 workers, and with kills in between.

Settings are scaled so that it takes seconds; REPLYAI_PACING_LONG=1 sends twenty times as many.
"""

import os
import signal
import threading
from itertools import pairwise

import pytest

from tests.post import Post, post_room
from tests.processes import until
from tests.world import ANDI

pytestmark = pytest.mark.slow
FLOOR = 0.2
COUNT = 8 * (20 if os.environ.get("REPLYAI_PACING_LONG") else 1)
SCALED = {
    "floor": FLOOR, "gap": 0.3, "gap_per_letter": 0, "gap_middle_least": 0.2, "gap_middle_most": 0.4,
    "gap_least": 0.25, "gap_most": 1.2, "typing_most": 0, "seen_least": 0, "seen_most": 0, "burst": 0,
    "per_hour": 0, "per_day": 0, "warm_up": 0, "cooldown": 0, "quiet_from": "", "ramp": 0, "deadline": 1,
    "preset": "normal",
}  # fmt: skip


def gaps(post: Post, session: str) -> list[float]:
    """Return the seconds between arrivals at the gateway, by its clock."""
    arrived = [entry["clock"] for entry in post.waha.ledger if entry["session"] == session]
    return [later - earlier for earlier, later in pairwise(arrived)]


def all_sent(post: Post) -> bool:
    post.decide()
    return set(post.statuses()) <= {"sent"}


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_the_floor_holds_with_any_number_of_workers(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    with post_room(monkeypatch, numbers=3, **SCALED) as post:
        post.work_off(workers)
        for number in range(COUNT):
            for account in ("toko0", "toko1", "toko2"):
                post.says(account, f"{account} {number}")
        until(lambda: all_sent(post), 60 + COUNT, "all sends")
        assert post.ledger == dict.fromkeys(post.acknowledged, 1)
        for session in ("s0", "s1", "s2"):
            found = gaps(post, session)
            assert len(found) == COUNT - 1
            assert min(found) >= FLOOR
            order = [entry["text"] for entry in post.waha.ledger if entry["session"] == session]
            assert order == [f"toko{session[1]} {number}" for number in range(COUNT)]


def test_the_floor_holds_while_workers_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    with post_room(monkeypatch, numbers=2, **SCALED) as post:
        dying = [post.worker(CRASH_AT=place) for place in ("post_http:2", "pre_http:2")]
        for number in range(COUNT):
            for account in ("toko0", "toko1"):
                post.says(account, f"{account} {number}")
        for worker in dying:
            assert worker.wait(60) == -signal.SIGKILL
        post.work_off(4)
        victim = post.workers[2]
        until(lambda: len(post.waha.ledger) >= COUNT, 60, "half of the sends")
        victim.kill()
        post.worker()
        until(lambda: all_sent(post), 60 + COUNT, "all sends")
        assert post.ledger == dict.fromkeys(post.acknowledged, 1)
        assert min(gaps(post, "s0") + gaps(post, "s1")) >= FLOOR


def test_a_bots_reply_is_read_typed_and_sent_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"typing_most": 1, "seen_least": 0.3, "seen_most": 0.3, "gap_least": 1.5, "gap_most": 3}
    with post_room(monkeypatch, bot="Selamat datang, Kak", **{**SCALED, **shown}) as post:
        post.work_off(1)
        post.waha.wait_for(1)
        post.hears("toko0", ANDI, "LATER")
        sent = post.waha.wait_for(2)[1]
        states = [each["state"] for each in post.waha.shown if each["chat"] == ANDI]
        assert (states[0], set(states[1:-1]), states[-1]) == ("seen", {"typing"}, "paused")
        assert all(each["at"] <= sent["at"] for each in post.waha.shown)


def test_calls_of_one_number_never_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway takes its time, four workers wait: still each number has one call at a time."""
    with post_room(monkeypatch, numbers=2, **SCALED) as post:
        post.work_off(4)
        busy: dict[str, int] = {}
        worst: list[int] = []
        lock, accept, pause = threading.Lock(), post.waha.accept, threading.Event()

        def slowly(kind: str, body: dict) -> dict:
            with lock:
                busy[body["session"]] = busy.get(body["session"], 0) + 1
                worst.append(busy[body["session"]])
            pause.wait(0.15)
            entry = accept(kind, body)
            with lock:
                busy[body["session"]] -= 1
            return entry

        monkeypatch.setattr(post.waha, "accept", slowly)
        for number in range(6):
            for account in ("toko0", "toko1"):
                post.says(account, f"{account} {number}")
        until(lambda: all_sent(post), 60, "all sends")
        assert max(worst) == 1
