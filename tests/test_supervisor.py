"""`replyai serve`: one tree of processes that starts, heals and ends as a whole."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from engine import config, watch
from engine.client import Client
from engine.secrets import Secrets
from engine.supervisor import address, lock
from engine.supervisor.children import Child
from engine.supervisor.stuck import Stuck

from .processes import Serving, Valkey, alive, data_folder, until

CHILDREN = {
    "redis": "unixsocket",
    "engine": "engine.process",
    "web": "gunicorn",
    "send-1": "engine.worker send",
    "work-1": "engine.worker work",
}


@pytest.fixture(scope="module")
def serving():
    with data_folder() as data:
        started = Serving(data)
        yield started
        started.kill()


@pytest.fixture
def other():
    """Return a function that serves on a data folder of its own, or on the one given."""
    with data_folder() as data:
        started = []

        def serve(**environ):
            started.append(Serving(environ.pop("data", data), **environ))
            return started[-1]

        yield serve
        for each in started:
            each.kill()


def get(address: str, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_it_prints_one_address_with_a_link_that_lets_the_first_person_in(serving):
    address, token = serving.ready()
    status, page = get(address, f"/start/{token}")
    assert status == 200
    assert "<form" in page
    assert len(serving.lines) == 1, serving.output


def test_a_fresh_data_folder_gets_a_settings_file_and_is_its_owners_alone(serving):
    serving.ready()
    assert (serving.data / "replyai.toml").stat().st_mode & 0o777 == 0o600
    assert "[plugins.labels]" in (serving.data / "replyai.toml").read_text()


def test_a_second_start_on_the_same_folder_refuses_with_one_line(serving, other):
    serving.ready()
    second = other(data=serving.data)
    assert second.process.wait(20) == 1
    until(lambda: second.lines)
    assert second.lines == [
        f"replyai: ReplyAI is running on {serving.data} already (process {serving.process.pid}); "
        "stop that one first, or set REPLYAI_DATA to another folder"
    ]
    assert serving.process.poll() is None


def test_a_port_in_use_is_one_line(serving, other):
    port = serving.ready()[0].rpartition(":")[2]
    second = other(PORT=port)
    assert second.process.wait(20) == 1
    until(lambda: second.lines)
    (line,) = second.lines
    assert f"127.0.0.1:{port} is in use by another program; set another port" in line


@pytest.mark.parametrize("name", CHILDREN)
def test_a_child_that_is_killed_is_started_again_and_the_log_says_so(serving, name):
    address, _ = serving.ready()
    before = serving.pids(CHILDREN[name])
    told = len(restarts(serving, name))
    os.kill(min(before), signal.SIGKILL)
    until(lambda: len(restarts(serving, name)) > told, 10, "the line about it")
    until(lambda: set(serving.pids(CHILDREN[name])) - set(before), 10, f"a new {name}")
    until(lambda: healthy(address), what="a healthy web server")
    until(lambda: answers(serving.data), what="the engine's answer")


def restarts(serving, name: str) -> list[str]:
    kind = name.partition("-")[0]
    return re.findall(rf"{kind}\S* was ended by signal 9; starting it again", serving.output)


def healthy(address: str) -> bool:
    try:
        return get(address, "/healthz")[0] == 200
    except urllib.error.HTTPError:
        return False


def answers(data) -> bool:
    client = Client(data / "engine.sock", timeout=5)
    try:
        return bool(client.ping())
    except ConnectionError:
        return False
    finally:
        client.close()


def test_while_the_web_server_starts_again_who_comes_waits_and_is_not_refused(serving):
    address, _ = serving.ready()
    for pid in serving.pids("gunicorn"):
        os.kill(pid, signal.SIGKILL)
    assert get(address, "/healthz")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_ends_as_a_whole_within_ten_seconds(other, number):
    started = other()
    started.ready()
    pids = started.pids()
    assert len(pids) >= 7  # Redis, engine, gunicorn and its worker, three workers
    begun = time.monotonic()
    assert started.stop(number, seconds=10) == 0
    assert time.monotonic() - begun < 10
    assert [pid for pid in pids if alive(pid)] == []
    assert "ReplyAI is stopping …" in started.lines
    assert started.lines[-1] == "ReplyAI has stopped."


def test_ctrl_c_works_in_the_background_of_a_shell_too(other):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `./run &` inherits it
    try:
        started = other()
    finally:
        signal.signal(signal.SIGINT, before)
    started.ready()
    assert started.stop(signal.SIGINT, seconds=10) == 0


def test_when_the_supervisor_is_killed_all_of_it_ends_and_the_next_start_works(other):
    started = other()
    started.ready()
    pids = started.pids()
    started.process.kill()
    until(lambda: not [pid for pid in pids if alive(pid)], 10, "the end of all")
    other().ready()


def test_it_can_be_stopped_before_it_is_ready(other):
    started = other()
    until(started.pids, what="the first child")
    assert started.stop(signal.SIGTERM) == 0


def test_a_mistake_in_the_settings_stops_the_start_with_one_line(other):
    started = other(REPLYAI__PLUGINS__LABLES__ENABLED="true")
    assert started.process.wait(20) == 1
    until(lambda: started.lines)
    (line,) = started.lines
    assert "environment, REPLYAI__PLUGINS__LABLES__ENABLED" in line
    assert "did you mean labels?" in line


def test_a_wrong_key_for_the_secrets_stops_the_start_with_one_line(other):
    with data_folder() as data:
        Secrets(data / "w" / "main", "benar").put("cs", {"api_key": "kunci"})
        started = other(data=data, REPLYAI_SECRET_KEY="salah")
        assert started.process.wait(20) == 1
    until(lambda: started.lines)
    (line,) = started.lines
    assert "another REPLYAI_SECRET_KEY" in line


def test_a_redis_that_may_lose_jobs_stops_the_start(other):
    with data_folder() as data:
        server = Valkey(data).start()
        server.client().config_set("maxmemory-policy", "allkeys-lru")
        started = other(REDIS_URL=f"unix://{data}/redis.sock")
        assert started.process.wait(20) == 1
        server.kill()
    assert "set it to noeviction" in started.output


# one thing at a time


def test_the_lock_names_its_holder(tmp_path):
    assert lock.holder(tmp_path) is None
    handle = lock.take(tmp_path)
    with pytest.raises(lock.Running, match="is running on"):
        lock.take(tmp_path)
    os.close(handle)
    assert lock.holder(tmp_path) is None


def test_an_address_of_another_machine_is_one_line(tmp_path):
    settings = config.load({"HOST": "192.0.2.1", "PORT": "0"}, data=tmp_path)
    with pytest.raises(address.AddressError, match="correct HOST or PORT"):
        address.listen(settings)


def test_port_0_takes_a_free_one(tmp_path):
    with address.listen(config.load({"PORT": "0"}, data=tmp_path)) as listener:
        assert isinstance(listener, socket.socket)
        assert listener.getsockname()[1] > 0


def test_answers_are_sent_without_waiting_for_the_one_before_to_be_acknowledged(tmp_path):
    listener = address.listen(config.load({"PORT": "0"}, data=tmp_path))
    with listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_child_that_keeps_ending_is_started_again_ever_later():
    child = Child("short", [sys.executable, "-c", "print('bye'); raise SystemExit(3)"], {})
    pauses = []
    for _ in range(7):
        child.start()
        assert until(child.ended) == 3
        assert child.lines() == ["bye"]
        child.bury()
        pauses.append(round(child.due - time.monotonic(), 1))
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


@pytest.fixture
def engine():
    """A process that stands in for an engine, as `Stuck` sees one."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield SimpleNamespace(pid=process.pid, process=process, signal=process.send_signal)
    process.kill()
    process.wait()


def entered(folder, engine, ago: float, **more) -> None:
    said = {"pid": engine.pid, "since": time.monotonic() - ago, "event": "cs/message.received/1", **more}
    workspace = folder / "w" / "main"
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / watch.NAME).write_text(json.dumps(said).ljust(watch.SIZE))


def test_an_engine_that_is_stuck_in_a_plugin_is_ended_and_the_next_one_told(tmp_path, engine):
    entered(tmp_path, engine, ago=6, plugin="tarpit", hook="message_received")
    stuck = Stuck(tmp_path)
    assert [stuck.look(engine) for _ in range(4)] == [False, False, False, True]
    assert engine.process.wait(5) == -signal.SIGKILL
    found = watch.take_stuck(tmp_path)
    assert (found["plugin"], found["hook"]) == ("tarpit", "message_received")


def test_an_engine_at_work_is_left_alone(tmp_path, engine):
    stuck = Stuck(tmp_path)
    for ago in (0.1, 4.0, 6.0, 7.0, 8.0, 9.0):  # late, but each time in another hook
        entered(tmp_path, engine, ago, plugin="labels", hook="message_received")
        assert not stuck.look(engine)
    entered(tmp_path, SimpleNamespace(pid=1), ago=60)  # what an earlier engine left
    assert not any(stuck.look(engine) for _ in range(10))
    assert engine.process.poll() is None
