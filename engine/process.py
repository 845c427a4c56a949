"""The engine's process: holds the data folder, runs the workspaces, serves the socket."""

import contextlib
import fcntl
import gc
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Any

from engine import __version__, credentials, plugins, retention, settings, times, watch
from engine.config import Config, ConfigError, load, validate
from engine.documents import fulltext, scans
from engine.events import event
from engine.jobs import Enqueuer, Results, Sweeper, Sweeping
from engine.redis import Keys, installation
from engine.server import Server, raw_of
from engine.workspace import Workspace

SOCKET = "engine.sock"
LOCK = "engine.lock"
HOUSEKEEPING_SECONDS = 3600.0
REDIS_SECONDS = 5.0
Document = dict[str, Any]
log = logging.getLogger("replyai.engine")


class AlreadyRunning(RuntimeError):
    """Another engine holds the data folder."""


def hold(data: Path) -> IO[str]:
    """Return the open lock file of a data folder; AlreadyRunning where another process has it."""
    data.mkdir(parents=True, exist_ok=True)
    file = (data / LOCK).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise AlreadyRunning(f"another ReplyAI engine is using {data}") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


class Engine:
    """All workspaces of one data folder, and the operations of the socket.

    redis: a redis-py client, or None to run without jobs (tests, tools).
    """

    def __init__(self, config: Config, registry: plugins.Registry, redis: Any = None) -> None:
        self.config = config
        self.registry = registry
        self.redis = redis
        self.lock = hold(config.data)
        self.keys = Keys(installation(config))
        self.enqueuer = Enqueuer(redis, self.keys) if redis is not None else None
        self.server = Server(config.data / SOCKET, self)
        self.workspaces: dict[str, Workspace] = {}
        for name in self._names():
            self.workspaces[name] = self._open(name)
        self.sweeping = Sweeping(self._sweepers)
        self.results = (
            Results(redis, self.keys, lambda name, events: self.workspaces[name].submit(events))
            if redis
            else None
        )
        self._ended = threading.Event()

    def _names(self) -> list[str]:
        kept = self.config.data / "w"
        there = {path.name for path in kept.iterdir() if path.is_dir()} if kept.exists() else set()
        return sorted({"main", *self.config.workspaces, *there})

    def _open(self, name: str) -> Workspace:
        return Workspace(
            name,
            self.config.data / "w" / name,
            self.registry,
            self.enqueuer,
            self.server.publish,
            watch=True,
            secret_key=self.config.secret_key,
        )

    def start(self) -> None:
        """Begin: what the last engine was stuck in, settings, timers, what was lost, then the socket."""
        for workspace in self.workspaces.values():
            workspace.begin()
        self._report_stuck()
        for workspace in self.workspaces.values():
            settings.apply(workspace, self.config)
            workspace.go_on()
        if self.redis is not None:
            self._start_jobs()
        self.server.start()
        threading.Thread(target=self._keep_house, name="housekeeping", daemon=True).start()

    def _start_jobs(self) -> None:
        with contextlib.suppress(Exception):
            for sweeper in self._sweepers():
                sweeper.begin()
        for thread in (self.enqueuer, self.results, self.sweeping):
            if thread is not None:
                thread.start()

    def _report_stuck(self) -> None:
        stuck = watch.take_stuck(self.config.data)
        if stuck and stuck.get("plugin"):
            data = {key: str(stuck.get(key)) for key in ("plugin", "hook", "event")}
            key = f"{stuck.get('pid')}/{stuck.get('since')}"
            for workspace in self.workspaces.values():
                if stuck.get("workspace") in (None, workspace.name):
                    workspace.submit([event("plugin.stuck", key, data, origin="system")]).result()
        watch.forget_stuck(self.config.data)

    def _sweepers(self) -> list[Sweeper]:
        if self.redis is None or self.enqueuer is None:
            return []
        if not hasattr(self, "_made"):
            submit = lambda name, events: self.workspaces[name].submit(events)  # noqa: E731
            self._made = [
                Sweeper(
                    name,
                    self.redis,
                    self.keys,
                    workspace.reading(),
                    self.enqueuer,
                    submit,
                    workspace.store.now,
                )
                for name, workspace in self.workspaces.items()
            ]
        return self._made

    def _keep_house(self) -> None:
        while not self._ended.wait(HOUSEKEEPING_SECONDS):
            for name, workspace in self.workspaces.items():
                rules = self.config.workspaces.get(name)
                try:
                    retention.keep(workspace, rules.retention if rules else {}, times.now())
                    workspace.keep_snapshot()
                except Exception as error:
                    log.warning("housekeeping of %s waits: %s", name, error)

    def stop(self) -> None:
        """Take nothing more, finish what waits, end."""
        self._ended.set()
        self.server.stop()
        for thread in (self.sweeping, self.results, self.enqueuer):
            if thread is not None:
                thread.stop()
        for workspace in self.workspaces.values():
            workspace.stop()
        self.server.hang_up()
        self.lock.close()

    def frames_after(self, after: dict[str, int]) -> list[Document]:
        """Return what was committed after the sequence of each workspace named."""
        return [
            frame
            for name, seq in list(after.items())
            if name in self.workspaces
            for frame in self.workspaces[name].frames_after(seq)
        ]

    def operate(self, op: str, message: Document) -> Any:
        """Carry out one operation of the socket; return its result or a future of it."""
        if op == "ping":
            return self._ping()
        name = message.get("workspace")
        if name not in self.workspaces:
            raise KeyError(f"there is no workspace {name!r}")
        workspace = self.workspaces[name]
        if op == "submit":
            return workspace.submit(message.get("events") or [], raw_of(message))
        if op == "signal":
            signal_ = {"type": str(message["type"]), "data": message.get("data") or {}}
            self.server.publish([{"workspace": name, "signal": signal_}])
            return None
        if op == "erase":
            return self._erase(workspace, str(message.get("contact") or ""))
        if op == "secret.remove":
            return workspace.secrets.remove(message["account"])
        if op == "secret.put":
            return workspace.secrets.put(message["account"], message["secrets"])
        if op == "search.rebuild":
            return workspace.writer.do(lambda c: fulltext.rebuild(c, self.registry.collections))
        return self._credential(workspace, op, message)

    def _erase(self, workspace: Workspace, contact: str) -> Any:
        """Erase a contact, then have Redis write its file anew: results of old jobs stand in it."""
        future = workspace.erase(contact)
        if self.redis is not None:
            future.add_done_callback(lambda _: _rewrite(self.redis))
        return future

    def _credential(self, workspace: Workspace, op: str, message: Document) -> Any:
        kind, key = message.get("kind"), message.get("key")
        if not isinstance(kind, str):
            raise ValueError(f"there is no operation {op!r}")
        agent, data, expires_at = message.get("agent"), message.get("data") or {}, message.get("expires_at")
        do = workspace.writer.do
        if op == "credential.put":
            return do(lambda c: credentials.put(c, kind, str(key), agent, data, expires_at))
        if op == "credential.delete":
            return do(lambda c: credentials.delete(c, kind, key, agent))
        if op == "credential.take":
            return do(lambda c: credentials.take(c, kind, str(key)))
        if op == "credential.touch":
            return do(lambda c: credentials.touch(c, kind, str(key), data, expires_at))
        raise ValueError(f"there is no operation {op!r}")

    def _ping(self) -> Document:
        return {
            "version": __version__,
            "pid": os.getpid(),
            "workspaces": {name: workspace.store.seq for name, workspace in self.workspaces.items()},
            "redis": self.sweeping.away or "ok",
            "dropped": {name: workspace.pipeline.dropped for name, workspace in self.workspaces.items()},
            "wal_bytes": {name: workspace.store.size() for name, workspace in self.workspaces.items()},
            "hooks": {name: _hook_times(workspace) for name, workspace in self.workspaces.items()},
            "scans": dict(scans),
        }


def _rewrite(redis: Any) -> None:
    with contextlib.suppress(Exception):
        redis.bgrewriteaof()


def _hook_times(workspace: Workspace) -> dict[str, Document]:
    hooks = workspace.pipeline.hooks
    return {
        name: {"calls": calls, "seconds": seconds}
        for name, (calls, seconds) in hooks.counts().items()
        if calls
    }


def _die_in_a_fork() -> None:
    """A plugin that forks must not give the workspace a second writer."""
    os._exit(70)


def main() -> int:
    """Run the engine until told to stop; return the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    from engine.redis import connect

    try:
        config = load()
        registry = plugins.load(config.plugins_dir)
        validate(config, registry)
        engine = Engine(config, registry, connect(config, socket_timeout=REDIS_SECONDS))
    except (ConfigError, AlreadyRunning, plugins.PluginError) as error:
        print(f"replyai: {error}", file=sys.stderr)
        return 1
    for warning in registry.unheard():
        log.warning(warning)
    os.register_at_fork(after_in_child=_die_in_a_fork)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    engine.start()
    gc.collect()
    gc.freeze()  # what is there now stays: Python need not look through it for garbage
    log.info("engine ready")
    ended.wait()
    engine.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
