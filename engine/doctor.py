"""What may be wrong with an installation. Each check looks at one thing and changes nothing."""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import config as configuration
from engine import redis as redis_server
from engine import times
from engine.config import Config, ConfigError
from engine.secrets import FILE, Secrets, SecretsError
from engine.supervisor.lock import holder

_LEAST_FREE, _ENOUGH_FREE = 200, 1024  # MiB
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
_CLOCK_SLACK = 5.0  # seconds


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, what was found, what to do."""

    ok: bool
    text: str
    advice: str = ""


def examine(verify: bool = False) -> Iterator[Finding]:
    """Yield what is found, in the order in which one would put it right.

    verify: read every page, row and document too (see `engine.verify`).
    """
    yield _python()
    try:
        config = configuration.load()
    except ConfigError as error:
        yield Finding(False, f"Settings: {error}", "correct it; the other checks need the settings")
        return
    yield from _plugins(config)
    yield from _data(config)
    yield from _redis(config)
    for name in _workspaces(config):
        yield _secrets(config, name)
        yield from _database(config, name)
        if verify:
            yield from _verified(config, name)
    yield from _running(config)


def _python() -> Finding:
    text = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    ok = sys.version_info >= (3, 11) and sqlite3.sqlite_version_info >= (3, 38)
    return Finding(ok, text, "" if ok else "take Python 3.11 or later with SQLite 3.38 or later")


def _plugins(config: Config) -> Iterator[Finding]:
    from engine import plugins

    try:
        registry = plugins.load(config.plugins_dir)
        configuration.validate(config, registry)
        yield Finding(True, f"Settings: {config.file or 'no file, the defaults'}")
    except ConfigError as error:
        yield Finding(False, f"Settings: {error}", "correct it; ReplyAI does not start before")
    except Exception as error:
        yield Finding(False, f"Plugins: {error}", "remove or correct that plugin")
        return
    broken = [plugin for plugin in registry.plugins.values() if plugin.error]
    for plugin in broken:
        yield Finding(False, f"Plugin {plugin.name}: {plugin.error}", f"correct it in {plugin.path}")
    if not broken:
        yield Finding(True, f"Plugins: {', '.join(registry.plugins)}")


def _data(config: Config) -> Iterator[Finding]:
    folder = next(path for path in (config.data, *config.data.parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            yield Finding(True, f"Data folder: {config.data} can be written")
    except OSError as error:
        yield Finding(
            False, f"Data folder: {folder}: {error.strerror}", "give this user the right to write there"
        )
    free = shutil.disk_usage(folder).free // (1024 * 1024)
    advice = "" if free >= _ENOUGH_FREE else "make room; a full disk stops all writing"
    yield Finding(free >= _LEAST_FREE, f"Disk: {free:,} MiB free", advice)
    kind = _filesystem(folder)
    if kind in _NETWORK:
        yield Finding(
            False,
            f"Data folder: on a network file system ({kind})",
            "take a local disk: SQLite's locks need one",
        )
    pid = holder(config.data)
    yield Finding(
        True, "Lock: free, ReplyAI is not running" if pid is None else f"Lock: held by process {pid}"
    )


def _filesystem(folder: Path) -> str:
    """Return the type of the file system that *folder* is on, "" where the system does not say."""
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    fields = [line.split() for line in mounts]
    above = [(Path(field[1].replace("\\040", " ")), field[2]) for field in fields if len(field) > 2]
    matching = [(len(path.parts), kind) for path, kind in above if folder.resolve().is_relative_to(path)]
    return max(matching, default=(0, ""))[1]


def _redis(config: Config) -> Iterator[Finding]:
    if not config.redis_url and holder(config.data) is None:
        yield _embedded(config)
        return
    client = redis_server.connect(config, socket_timeout=3.0)
    problems = redis_server.check(client)
    for problem in problems:
        yield Finding(False, f"Redis: {problem}")
    if not problems:
        info: Any = client.info("server")
        version = info.get("valkey_version") or info.get("redis_version")
        yield Finding(True, f"Redis: version {version}, keeps what it is given")
    client.close()


def _embedded(config: Config) -> Finding:
    try:
        redis_server.socket_path(config)
        return Finding(True, f"Redis: {redis_server.find_server()} starts with ReplyAI")
    except redis_server.RedisError as error:
        return Finding(False, f"Redis: {error}")


def _workspaces(config: Config) -> list[str]:
    stored = {path.parent.name for path in config.data.glob("w/*/replyai.db")}
    stored |= {path.parent.name for path in config.data.glob(f"w/*/{FILE}")}
    return sorted(stored)


def _secrets(config: Config, workspace: str) -> Finding:
    secrets = Secrets(config.workspace_folder(workspace), config.secret_key)
    if not secrets.path.exists():
        return Finding(True, f"Secrets of {workspace}: none yet")
    mode = secrets.path.stat().st_mode & 0o777
    if mode & 0o077:
        return Finding(
            False, f"Secrets of {workspace}: others can read {secrets.path}", f"chmod 600 {secrets.path}"
        )
    try:
        secrets.get("")
    except SecretsError as error:
        return Finding(False, f"Secrets of {workspace}: {error}")
    how = "encrypted" if config.secret_key else "not encrypted (REPLYAI_SECRET_KEY is not set)"
    return Finding(True, f"Secrets of {workspace}: readable by this user alone, {how}")


def _database(config: Config, workspace: str) -> Iterator[Finding]:
    from engine.store import open_read

    path = config.workspace_folder(workspace) / "replyai.db"
    if not path.exists():
        return
    try:
        connection = open_read(path)
        try:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            last = connection.execute("SELECT at, seq FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        yield Finding(False, f"Database of {workspace}: {path}: {error}", "restore it from a backup")
        return
    size = os.path.getsize(path) // (1024 * 1024)
    sound = said == "ok"
    advice = "" if sound else "restore it from a backup; keep the broken file"
    yield Finding(sound, f"Database of {workspace}: {'sound' if sound else said}, {size:,} MiB", advice)
    if last is not None:
        yield _clock(workspace, last[0])


def _verified(config: Config, workspace: str) -> Iterator[Finding]:
    from engine import plugins
    from engine.verify import workspace as verified

    folder = config.workspace_folder(workspace)
    if (folder / "replyai.db").exists():
        for ok, text, advice in verified(folder, plugins.load(config.plugins_dir).collections):
            yield Finding(ok, f"Verify {workspace}: {text}", advice)


def _clock(workspace: str, last: str) -> Finding:
    ahead = times.seconds_between(times.now(), last)
    if ahead > _CLOCK_SLACK:
        return Finding(
            False,
            f"Clock: the last entry of {workspace} is {ahead:,.0f} s in the future ({last})",
            "set this machine's clock right (timedatectl set-ntp true); until then times stand still",
        )
    return Finding(True, f"Clock: {times.now()}, after the last entry of {workspace}")


def _running(config: Config) -> Iterator[Finding]:
    from engine.client import Client, EngineAway

    if holder(config.data) is None:
        return
    client = Client(config.data / "engine.sock", timeout=5.0)
    try:
        answer = client.ping()
    except EngineAway as error:
        yield Finding(
            False, f"Engine: {error}", "wait some seconds; then look at what `replyai serve` prints"
        )
        return
    finally:
        client.close()
    where = ", ".join(f"{name} at {seq}" for name, seq in (answer.get("workspaces") or {}).items())
    slow = sum((answer.get("scans") or {}).values())
    scans = f"; {slow:,} queries without an index" if slow else ""
    yield Finding(True, f"Engine: answers ({where}{scans})")
