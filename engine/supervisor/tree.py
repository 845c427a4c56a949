"""The children, from the first start to the last goodbye. See `Child.start`
on threads."""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from engine import redis as redis_server
from engine.config import Config, validate, write_template
from engine.secrets import Secrets
from engine.supervisor.address import web_command
from engine.supervisor.children import Child, how_it_ended
from engine.supervisor.output import pass_on, say
from engine.supervisor.ready import engine_problem, first_words, redis_answers, web_answers
from engine.supervisor.stuck import Stuck

TICK = 0.25  # seconds
SHORT_TICK = 0.02  # while something comes up that others wait for
_TRIES = 3  # how often one of them may end before all was ever ready
_REDIS_WAIT = 120.0  # seconds; a large append-only file takes its time to load
_GOODBYE = {"web": 4.0, "work": 4.0, "engine": 3.0, "redis": 2.0}  # seconds until SIGKILL: 9 in all
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

log = structlog.get_logger()


class Tree:
    """All of an installation's processes.

    listener: the web server's socket.   held: the data folder's lock.
    """

    def __init__(self, config: Config, listener: socket.socket, held: int, *, demo: bool = False) -> None:
        from engine import plugins

        self.registry: Any = plugins.load(config.plugins_dir)
        if config.file is None:
            write_template(config.data / "replyai.toml", self.registry)
        self.any_port = config.port == 0
        self.config = replace(validate(config, self.registry), port=listener.getsockname()[1])
        _check_secrets(config)
        self.listener = listener
        self.held = held
        self.demo = demo
        self.stopping = False
        self.up = False  # engine and web server have answered once
        self.ready = False
        self.selector = selectors.DefaultSelector()
        self.children: dict[str, Child] = {}
        self.stuck = Stuck(config.data)

    def run(self) -> int:
        """Start everything, keep it running until a signal says to stop; return the exit code."""
        for number in _STOPS:
            # A shell starts what is in the background with SIGINT ignored; nohup's SIGHUP is to stay so.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)
        waker, wakened = socket.socketpair()
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno())
        self.selector.register(wakened, selectors.EVENT_READ, lambda: wakened.recv(64) and None)
        try:
            return self._run()
        finally:
            self._goodbye()
            signal.set_wakeup_fd(-1)

    def _run(self) -> int:
        if not self._start_redis():
            return 0 if self.stopping else 1
        for child in (self._engine(), self._web()):  # the workers follow: processors are few
            self._start(child)
        while not self.stopping:
            self._turn()
            problem = None if self.ready else self._until_ready()
            if problem:
                say(problem)
                return 1
        return 0

    def _turn(self) -> None:
        """One round: pass on what the children say, bury, start again, look after the engine."""
        for key, _ in self.selector.select(TICK if self.up else SHORT_TICK):
            key.data()
        for child in list(self.children.values()):
            code = child.ended()
            if code is not None:
                self._bury(child, code)
            elif child.due is not None and child.due <= time.monotonic() and not self.stopping:
                self._start(child)
        self.stuck.look(self.children.get("engine"))

    # what is started

    def _start_redis(self) -> bool:
        if not self.config.redis_url:
            for name in ("redis", "log"):
                (self.config.data / name).mkdir(mode=0o700, exist_ok=True)
            self._start(self._child("redis", redis_server.server_command(self.config)))
        client = redis_server.connect(self.config, socket_timeout=2.0)
        deadline = time.monotonic() + (5.0 if self.config.redis_url else _REDIS_WAIT)
        while not self.stopping and not redis_answers(client) and time.monotonic() < deadline:
            self._turn()
            if "redis" in self.children and self.children["redis"].failures >= _TRIES:
                break
        problems = [] if self.stopping else redis_server.check(client)
        client.close()
        for problem in problems:
            say(problem)
        return not problems and not self.stopping

    def _engine(self) -> Child:
        return self._child("engine", [sys.executable, "-m", "engine.process"])

    def _web(self) -> Child:
        fd = self.listener.fileno()
        return self._child("web", web_command(f"fd://{fd}"), (fd,))

    def _workers(self) -> list[Child]:
        numbers = {"send": self.config.workers_send, "work": self.config.workers_work}
        return [
            self._child(f"{queue}-{number}", [sys.executable, "-m", "engine.worker", queue])
            for queue, count in numbers.items()
            for number in range(1, count + 1)
        ]

    def _demo(self) -> Child:
        child = self._child("demo", [sys.executable, "-m", "engine.cli", "demo"])
        child.once = True
        return child

    def _child(self, name: str, command: list[str], pass_fds: tuple[int, ...] = ()) -> Child:
        environ = dict(os.environ)
        environ |= {
            "REPLYAI_DATA": str(self.config.data),
            "PYTHONUNBUFFERED": "1",
        }
        if self.any_port:
            environ["PORT"] = str(self.config.port)
        if self.config.file is not None:
            environ["REPLYAI_CONFIG"] = str(self.config.file)
        return Child(name, command, environ, pass_fds)

    # one child's life

    def _start(self, child: Child) -> None:
        self.children[child.name] = child
        try:
            output = child.start()
        except OSError as error:
            log.error(f"{child.name} cannot be started: {error}")
            child.failures += 1
            child.due = time.monotonic() + 1.0
            return
        self.selector.register(output, selectors.EVENT_READ, self._reader(child))

    def _reader(self, child: Child) -> Callable[[], None]:
        def read() -> None:
            for line in child.lines():
                pass_on(child.name, line)

        return read

    def _bury(self, child: Child, code: int) -> None:
        assert child.process is not None and child.process.stdout is not None
        self._reader(child)()
        self.selector.unregister(child.process.stdout)
        child.bury()
        if child.once:
            del self.children[child.name]
        elif not self.stopping:
            log.warning(f"{child.name} {how_it_ended(code)}; starting it again")

    # ready

    def _until_ready(self) -> str | None:
        """See whether all is up, and greet; return what to say where it never will be."""
        for name in ("engine", "web"):
            if self.children[name].failures >= _TRIES:
                return f"The {name} process cannot start; the lines above say why. See also: replyai doctor"
        if not self.up:
            if engine_problem(self.config) or not web_answers(self.listener):
                return None
            self.up = True
            for child in [*self._workers(), *([self._demo()] if self.demo else ())]:
                self._start(child)
        if "demo" not in self.children:  # the link signs in one of the demo's people
            self.ready = True
            say(first_words(self.config, self.registry))
        return None

    # the end

    def _stop(self, number: int, frame: Any) -> None:
        self.stopping = True

    def _goodbye(self) -> None:
        if self.stopping:
            say("ReplyAI is stopping …")
        self.stopping = True
        self.listener.close()
        for group in (("web", "demo"), ("send", "work"), ("engine",), ("redis",)):
            self._end([c for c in self.children.values() if c.name.partition("-")[0] in group])
        say("ReplyAI has stopped.")

    def _end(self, children: list[Child]) -> None:
        for child in children:
            child.due = None
            child.signal(signal.SIGTERM)
        names = {child.name.partition("-")[0] for child in children}
        deadline = time.monotonic() + max((_GOODBYE.get(name, 1.0) for name in names), default=0.0)
        while any(child.process for child in children):
            if time.monotonic() > deadline:
                for child in children:
                    child.signal(signal.SIGKILL)
            self._turn()


def _check_secrets(config: Config) -> None:
    """Raise `SecretsError` where a workspace's secrets cannot be read, as with another key."""
    for folder in sorted((config.data / "w").glob("*")):
        Secrets(folder, config.secret_key).get("")
