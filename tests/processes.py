"""Real processes for tests: waiting on what they do, a Redis server of one's own, a whole ReplyAI."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from engine import config
from engine.redis import Keys, connect, installation, server_command

ROOT = Path(__file__).resolve().parent.parent
_READY = re.compile(r"ReplyAI is ready: (http://\S+?)/start/(\S+)")


def until(condition: Callable[[], Any], seconds: float = 20.0, what: str = "it") -> Any:
    """Return the first true answer of *condition*; fail after *seconds*."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        pause.wait(0.02)


@contextmanager
def data_folder() -> Iterator[Path]:
    """Give a data folder whose path is short enough for a socket's."""
    folder = Path(tempfile.mkdtemp(prefix="replyai-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Valkey:
    """The embedded Redis server on a data folder, started and killed at will."""

    def __init__(self, data: Path) -> None:
        self.config = config.load({}, data=data)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def keys(self) -> Keys:
        """The names of this installation's keys."""
        return Keys(installation(self.config))

    def start(self) -> "Valkey":
        for name in ("redis", "log"):
            (self.config.data / name).mkdir(exist_ok=True)
        self.process = subprocess.Popen(server_command(self.config))
        client = self.client()
        until(lambda: _answers(client), what="Redis's first answer")
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def client(self, **options: Any) -> "redis.Redis":
        return connect(self.config, **options)


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


class Serving:
    """`replyai serve` on a data folder, with what it has printed."""

    def __init__(self, data: Path, *arguments: str, **environ: str) -> None:
        self.data = data
        kept = {k: v for k, v in os.environ.items() if not k.startswith("REPLYAI_") and k != "REDIS_URL"}
        self.environ = {**kept, "REPLYAI_DATA": str(data), "PORT": "0", "HOST": "127.0.0.1", **environ}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", "serve", *arguments],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def ready(self, seconds: float = 60.0) -> tuple[str, str]:
        """Return (address, token of the one-time link), once it is printed."""

        def found() -> Any:
            assert self.process.poll() is None or _READY.search(self.output), self.output
            return _READY.search(self.output)

        match = until(found, seconds, "the ready line")
        return match[1], match[2]

    def says(self, text: str, seconds: float = 20.0) -> None:
        until(lambda: text in self.output, seconds, f"a line with “{text}”")

    def pids(self, command: str = "") -> list[int]:
        """Return the processes of this tree, below the supervisor, whose command has *command*."""
        return [pid for pid in descendants(self.process.pid) if command in command_of(pid)]

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10.0) -> int:
        """Send a signal; return the exit code, which comes within *seconds*."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code

    def kill(self) -> None:
        """End all of it, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def descendants(pid: int) -> list[int]:
    """Return all processes below *pid*."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def command_of(pid: int) -> str:
    """Return a process's command line, "" once it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether a process runs (one that waits to be buried does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
