"""Workers: they do our jobs and no others, outlive Redis, and stop between jobs."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from rq import Queue
from rq.job import Callback
from rq.serializers import JSONSerializer

from engine import perform, worker

from .processes import ROOT, Valkey, data_folder, until


@pytest.fixture
def valkey():
    with data_folder() as data:
        server = Valkey(data).start()
        yield server
        server.kill()


@pytest.fixture
def queue(valkey):
    return Queue(valkey.keys.queue("work"), connection=valkey.client(), serializer=JSONSerializer)


@pytest.fixture(autouse=True)
def own_signal_handlers():
    """Keep this process's signal handlers as they are: RQ sets its own."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def work_off(valkey):
    worker.make(valkey.client(), valkey.keys.queue("work")).work(burst=True, logging_level="ERROR")


def job(number: int) -> dict:
    """A job that no plugin has: its result says so, and needs nothing else."""
    return {
        "id": f"job-{number}",
        "workspace": "main",
        "queue": "work",
        "name": "nobody.has",
        "args": {},
        "deadline": 5,
        "epoch": "e",
    }


def test_our_function_is_run_and_leaves_nothing_behind(valkey, queue, monkeypatch):
    done = []
    monkeypatch.setattr(perform, "run", done.append)
    queue.enqueue(worker.FUNCTION, {"id": "a"}, job_id="a-1")
    work_off(valkey)
    assert done == [{"id": "a"}]
    assert queue.fetch_job("a-1") is None


@pytest.mark.parametrize("function", ["os.mkdir", "engine.worker.os.mkdir"])
def test_another_function_is_thrown_away_unrun(valkey, queue, tmp_path, function):
    queue.enqueue(function, str(tmp_path / "made"), job_id="evil")
    work_off(valkey)
    assert not (tmp_path / "made").exists()
    assert queue.fetch_job("evil") is None
    assert queue.intermediate_queue.get_job_ids() == []


def test_what_redis_names_as_a_callback_is_not_called(valkey, queue):
    queue.enqueue(worker.FUNCTION, {}, job_id="a-1", on_success=Callback("os.mkdir"))
    found = worker.OurJob.fetch("a-1", connection=valkey.client(), serializer=JSONSerializer)
    assert found.success_callback is None


def test_a_job_that_raises_is_not_tried_again(valkey, queue, monkeypatch):
    tries = []

    def fail(job):
        tries.append(job)
        raise RuntimeError("no luck")

    monkeypatch.setattr(perform, "run", fail)
    queue.enqueue(worker.FUNCTION, {"id": "a"}, job_id="a-1", result_ttl=0, failure_ttl=60)
    work_off(valkey)
    work_off(valkey)
    assert len(tries) == 1


@contextmanager
def running(valkey):
    environ = {**os.environ, "REPLYAI_DATA": str(valkey.config.data)}
    process = subprocess.Popen([sys.executable, "-m", "engine.worker", "work"], cwd=ROOT, env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_worker_outlives_redis_and_goes_on(valkey, queue):
    with running(valkey):
        queue.enqueue(worker.FUNCTION, job(1), job_id="job-1")
        until(lambda: valkey.client().xlen(valkey.keys.results) == 1, what="the first result")
        valkey.kill()
        valkey.start()
        queue.enqueue(worker.FUNCTION, job(2), job_id="job-2")
        until(lambda: valkey.client().xlen(valkey.keys.results) == 2, what="the result after the restart")


def test_sigterm_ends_an_idle_worker_at_once(valkey, queue):
    with running(valkey) as process:
        queue.enqueue(worker.FUNCTION, job(1), job_id="job-1")
        until(lambda: valkey.client().xlen(valkey.keys.results) == 1, what="the first result")
        process.send_signal(signal.SIGTERM)
        assert process.wait(3) == 0


def test_sigterm_ends_a_worker_while_redis_is_away(valkey, queue):
    with running(valkey) as process:
        queue.enqueue(worker.FUNCTION, job(1), job_id="job-1")
        until(lambda: valkey.client().xlen(valkey.keys.results) == 1, what="the first result")
        valkey.kill()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
