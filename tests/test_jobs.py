"""Jobs between engine and Redis, for real: lost ones come back, strange ones hold up nobody."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from engine import plugins, process, times
from engine.events import event
from engine.redis import Keys
from tests.processes import Valkey, data_folder, until
from tests.world import DEWI


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with data_folder() as data:
        (data / "replyai.toml").write_text(
            '[accounts.toko]\ngateway = "simulator"\nwebhook_secret = "sangat-rahasia"\n'
        )
        server = Valkey(data).start()
        yield server
        server.kill()


@pytest.fixture
def engine(valkey: Valkey) -> Iterator[process.Engine]:
    """An engine without workers: what they would do is done by the test."""
    running = process.Engine(valkey.config, plugins.load(), valkey.client(socket_timeout=5))
    running.start()
    yield running
    running.stop()


def picture_comes(engine: process.Engine) -> dict[str, Any]:
    """Have a picture come in; return the job that fetches it."""
    media = {"kind": "image", "mime": "image/png", "ref": {"url": "http://localhost:3000/api/files/x"}}
    data = {
        "message": {"id": "PIC", "kind": "image", "media": media},
        "peer": {"chat_id": DEWI, "kind": "user"},
    }
    engine.workspaces["main"].submit([event("message.received", f"{DEWI}/PIC", data, account="toko")]).result(
        5
    )
    (job,) = jobs(engine)
    return job


def jobs(engine: process.Engine) -> list[dict[str, Any]]:
    return list(engine.workspaces["main"].reading().table("job").all())


def in_an_hour(engine: process.Engine) -> None:
    """Have the sweeper look as it would in an hour."""
    (sweeper,) = engine._sweepers()
    sweeper.now = lambda: times.add(times.now(), 3600)
    sweeper.sweep()


def test_a_job_that_waits_in_its_queue_is_left_there(valkey: Valkey, engine: process.Engine) -> None:
    job = picture_comes(engine)
    client = valkey.client()
    until(lambda: client.lpos(f"rq:queue:{valkey.keys.queue('work')}", job["id"]) is not None)
    in_an_hour(engine)
    assert [j["attempt"] for j in jobs(engine)] == [1]


def test_a_job_that_a_worker_has_begun_is_left_alone_until_its_deadline(
    valkey: Valkey, engine: process.Engine
) -> None:
    job = picture_comes(engine)
    client = valkey.client()
    until(lambda: client.lpop(f"rq:queue:{valkey.keys.queue('work')}"))
    client.set(valkey.keys.mark(job["id"]), orjson.dumps({"at": times.now(), "deadline": job["deadline"]}))
    in_an_hour(engine)
    assert [j["attempt"] for j in jobs(engine)] == [1]
    past = times.add(times.now(), -job["deadline"] - 10)
    client.set(valkey.keys.mark(job["id"]), orjson.dumps({"at": past, "deadline": job["deadline"]}))
    in_an_hour(engine)
    assert [j["attempt"] for j in jobs(engine)] == [2]


def test_a_job_that_is_nowhere_is_given_out_again(valkey: Valkey, engine: process.Engine) -> None:
    picture_comes(engine)
    client = valkey.client()
    until(lambda: client.lpop(f"rq:queue:{valkey.keys.queue('work')}"))
    in_an_hour(engine)
    assert [j["attempt"] for j in jobs(engine)] == [2]


def test_a_result_that_nobody_can_take_holds_up_no_other(valkey: Valkey, engine: process.Engine) -> None:
    job = picture_comes(engine)
    client = valkey.client()
    for workspace, body in (("elsewhere", b"{}"), ("main", b"no json"), ("main", b'{"outcome": "failed"}')):
        client.xadd(valkey.keys.results, {"workspace": workspace, "job": job["id"], "result": body})
    until(lambda: not jobs(engine), what="the good result")
    until(lambda: client.xlen(valkey.keys.results) == 0, what="the others, dropped")


def test_what_was_committed_and_not_handed_out_is_handed_out_at_the_next_start(valkey: Valkey) -> None:
    first = process.Engine(valkey.config, plugins.load(), None)
    first.start()
    job = picture_comes(first)
    first.stop()
    client = valkey.client()
    second = process.Engine(valkey.config, plugins.load(), valkey.client(socket_timeout=5))
    second.start()
    queue = f"rq:queue:{valkey.keys.queue('work')}"
    until(lambda: client.llen(queue), what="the job in its queue")
    assert client.lrange(queue, 0, -1)[0].decode().startswith(job["action"])
    second.stop()


def test_two_installations_on_one_redis_share_no_name() -> None:
    one, other = Keys("a"), Keys("b")
    assert not {one.results, one.mark("j"), one.epoch("main"), one.queue("send")} & {
        other.results,
        other.mark("j"),
        other.epoch("main"),
        other.queue("send"),
    }
