"""Redis: the embedded one is fit for use, and one that is not is refused in so many words."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import redis

from engine import config
from engine.redis import RedisError, check, connect, server_command

from .processes import Valkey, data_folder, until


@pytest.fixture
def valkey():
    with data_folder() as data:
        server = Valkey(data).start()
        yield server
        server.kill()


def test_the_embedded_server_is_fit_for_use_and_only_for_its_owner(valkey):
    client = valkey.client()
    assert check(client) == []
    assert client.config_get("port") == {"port": "0"}
    assert (valkey.config.data / "redis.sock").stat().st_mode & 0o077 == 0


def test_the_embedded_server_keeps_what_was_acknowledged_when_it_is_killed(valkey):
    client = valkey.client()
    client.set("call:1", "here")
    assert client.execute_command("WAITAOF", 1, 0, 2000)[0] == 1
    valkey.kill()
    valkey.start()
    assert client.get("call:1") == b"here"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("maxmemory-policy", "allkeys-lru", "noeviction"), ("appendonly", "no", "appendonly")],
)
def test_a_server_that_may_lose_jobs_is_refused(valkey, name, value, said):
    client = valkey.client()
    client.config_set(name, value)
    (problem,) = check(client)
    assert said in problem
    assert problem.endswith(".")


def test_a_server_that_is_not_there_is_one_sentence(tmp_path):
    settings = config.load({"REDIS_URL": "redis://127.0.0.1:1/0"}, data=tmp_path)
    (problem,) = check(connect(settings))
    assert "cannot be reached" in problem


def test_a_data_folder_with_too_long_a_path_is_told_before_anything_starts(tmp_path):
    settings = config.load({}, data=tmp_path / ("x" * 100))
    with pytest.raises(RedisError, match="REPLYAI_DATA to a shorter one"):
        server_command(settings)


@pytest.fixture
def old_redis():
    """A redis-server as the system has it; the test is about one before 7.2."""
    server = shutil.which("redis-server")
    if server is None:
        assert "REPLYAI_TEST_REQUIRE" not in os.environ, "redis-server is not installed"
        pytest.skip("redis-server is not installed")
    with data_folder() as data:
        path = data / "old.sock"
        command = [
            server,
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--dir",
            str(data),
            "--appendonly",
            "yes",
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        client = redis.Redis(unix_socket_path=str(path))
        until(lambda: _answers(client, path))
        if tuple(int(part) for part in client.info("server")["redis_version"].split(".")[:2]) >= (7, 2):
            process.kill()
            pytest.skip("this system's redis-server has WAITAOF")
        yield client
        process.kill()
        process.wait()


def _answers(client, path: Path) -> bool:
    try:
        return path.exists() and client.ping()
    except redis.RedisError:
        return False


def test_a_server_before_7_2_is_taken_only_when_it_writes_before_it_answers(old_redis):
    (problem,) = check(old_redis)
    assert "older than 7.2" in problem
    assert "appendfsync" in problem
    old_redis.config_set("appendfsync", "always")
    assert check(old_redis) == []
