"""Whatever dies and wherever: the gateway's ledger has each message at most once, and each in the end."""

import os
import signal

import pytest

from tests.post import Post, post_room
from tests.processes import until

pytestmark = pytest.mark.slow
TEXTS = ("satu", "dua", "tiga")


def settled(post: Post) -> bool:
    return not (set(post.statuses()) & {"queued", "sending"}) or "unconfirmed" in post.statuses()


def ends_well(post: Post) -> None:
    """Let everything come to rest, people deciding what nobody can know; then look at the ledger."""
    until(lambda: settled(post), 30, "an end of all calls")
    assert max(post.ledger.values(), default=0) <= 1, post.ledger
    for _ in TEXTS:
        post.decide()
        until(lambda: settled(post), 30, "an end of all calls")
    assert post.ledger == dict.fromkeys(TEXTS, 1)
    assert set(post.statuses()) == {"sent"}


@pytest.mark.parametrize("place", ["dequeued", "pre_http", "post_http"])
def test_a_worker_killed_on_the_way(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """After it took the job, before the HTTP call, after the gateway's 200."""
    with post_room(monkeypatch, preset="official", deadline=1) as post:
        dying = post.worker(CRASH_AT=place)
        for text in TEXTS:
            post.says("toko0", text)
        assert dying.wait(20) == -signal.SIGKILL
        assert len(post.ledger) == (1 if place == "post_http" else 0)
        post.work_off(1)
        ends_well(post)


def test_a_worker_stopped_past_its_deadline_and_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the mark and sleeps; the engine gives the call up; when it wakes it calls no more."""
    with post_room(monkeypatch, preset="official", deadline=1) as post:
        stopped = post.worker(CRASH_AT="pre_http:1:STOP")
        for text in TEXTS:
            post.says("toko0", text)
        until(lambda: post.status("satu") == "unconfirmed", 20, "the deadline")
        post.decide()
        os.kill(stopped.pid, signal.SIGCONT)
        post.work_off(1)
        ends_well(post)


def test_a_worker_stopped_while_the_gateway_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with post_room(monkeypatch, preset="official", deadline=1) as post:
        stopped = post.worker()
        with post.waha.misbehaving("slow", seconds=0.5, times=1):
            for text in TEXTS:
                post.says("toko0", text)
            post.waha.wait_for_calls(1)
            os.kill(stopped.pid, signal.SIGSTOP)
            until(lambda: post.status("satu") == "unconfirmed", 20, "the deadline")
            os.kill(stopped.pid, signal.SIGCONT)
        post.work_off(1)
        ends_well(post)


def test_redis_emptied_while_messages_are_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    with post_room(monkeypatch, preset="official", deadline=1) as post:
        for text in TEXTS:
            post.says("toko0", text)
        until(lambda: post.status("satu") == "sending", what="the first job")
        post.valkey.client().flushall()
        until(lambda: post.status("satu") == "unconfirmed", 20, "the new epoch")
        post.work_off(2)
        ends_well(post)
