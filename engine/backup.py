"""Backups: everything of an installation at one moment, in a folder that proves itself whole.

A backup's folder holds ``w/<workspace>/replyai.db``, ``media/`` and ``secrets.json``, the settings
file, and last of all ``manifest.json`` with the hash of each: one that was not finished has none.
"""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path, PurePosixPath
from typing import Any

from engine import __version__, media, times
from engine.config import Config
from engine.crash import point
from engine.process import hold
from engine.secrets import FILE as SECRETS
from engine.secrets import write_private
from engine.store import open_read
from engine.supervisor import lock

MANIFEST = "manifest.json"
SETTINGS = "replyai.toml"
DATABASE = "replyai.db"
FORMAT = 1
CHUNK = 1 << 20
Document = dict[str, Any]


class BackupError(Exception):
    """No backup was made, or it cannot be restored; the text says why."""


def make(config: Config, target: Path) -> Document:
    """Write a backup of all workspaces to *target*, a new or empty folder; return its manifest.

    ReplyAI may run meanwhile. Each workspace is as it was at the one sequence that the manifest
    names; media that came later may be there too. Raises BackupError.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is not empty; name a new folder for each backup")
    names = sorted(path.parent.name for path in config.data.glob(f"w/*/{DATABASE}"))
    if not names:
        raise BackupError(f"there is nothing to back up in {config.data}; set REPLYAI_DATA")
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o700)
    point("backup_begun")
    workspaces = {name: _workspace(config.workspace_folder(name), target / "w" / name) for name in names}
    if config.file is not None:
        _copy(config.file, target / SETTINGS)
    files = {str(path.relative_to(target).as_posix()): _described(path) for path in _files(target)}
    manifest = {
        "format": FORMAT,
        "replyai": __version__,
        "at": times.now(),
        "workspaces": workspaces,
        "files": files,
    }
    point("backup_manifest")
    write_private(target / MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


def _workspace(source: Path, target: Path) -> Document:
    """Copy one workspace; return ``{seq, hash, damaged: [media that are not what they were]}``."""
    (target / "media").mkdir(parents=True)
    found = _database(source / DATABASE, target / DATABASE)
    salt = found.pop("salt")
    point("backup_media")
    damaged = [
        path.name
        for path in sorted((source / "media").glob("??/*"))
        if not _medium(path, target / "media" / path.parent.name / path.name, salt)
    ]
    if (source / SECRETS).exists():
        _copy(source / SECRETS, target / SECRETS)
    return {**found, "damaged": damaged}


def _database(source: Path, target: Path) -> Document:
    """Copy a database by SQLite's own backup, in one step: writers go on meanwhile, readers too."""
    with closing(open_read(source)) as live, closing(sqlite3.connect(target)) as copy:
        target.chmod(0o600)
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        said = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise BackupError(f"{source} is damaged ({said}); `replyai doctor --verify` says more")
        last = copy.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        salt = copy.execute("SELECT value FROM meta WHERE key = 'media_salt'").fetchone()[0]
    _sync(target)
    seq, hash = last or (0, b"")
    return {"seq": seq, "hash": hash.hex(), "salt": salt}


def _medium(source: Path, target: Path, salt: str) -> bool:
    """Link or copy a medium, which never changes; return whether it is what its name says."""
    target.parent.mkdir(exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:  # erased this moment
        return True
    except OSError:  # another disk
        _copy(source, target)
    digest = media.digest(salt)
    _feed(digest, target)
    return bool(digest.hexdigest() == source.name)


def _copy(source: Path, target: Path) -> None:
    """Copy a file for its owner alone (0600), on disk on return."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out, source.open("rb") as file:
        shutil.copyfileobj(file, out, CHUNK)
        out.flush()
        os.fsync(out.fileno())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _feed(digest: Any, path: Path) -> None:
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _described(path: Path) -> Document:
    digest = hashlib.sha256()
    _feed(digest, path)
    return {"sha256": digest.hexdigest(), "size": path.stat().st_size}


def check(source: Path) -> Document:
    """Return the manifest of the backup in *source* once every file of it is as it was written.

    Raises BackupError.
    """
    try:
        manifest: Document = json.loads((source / MANIFEST).read_bytes())
        files = manifest["files"]
        known = manifest["format"] == FORMAT
    except FileNotFoundError:
        raise BackupError(f"{source} is no finished backup: it has no {MANIFEST}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{source / MANIFEST} cannot be read: {error}") from None
    if not known:
        raise BackupError(f"{source} has format {manifest['format']}; this ReplyAI reads {FORMAT}")
    for name, wanted in files.items():
        _check_file(source, name, wanted)
    return manifest


def _check_file(source: Path, name: str, wanted: Document) -> None:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or not (name == SETTINGS or parts[0] == "w"):
        raise BackupError(f"{source / MANIFEST} names {name}, which is no place in a data folder")
    path = source / name
    if not path.is_file() or path.is_symlink():
        raise BackupError(f"{path} is missing: the backup is not whole")
    if _described(path) != wanted:
        raise BackupError(f"{path} is not as it was written: the backup is damaged")


def restore(config: Config, source: Path) -> Document:
    """Put the backup in *source* into the data folder, which must be empty; return its manifest.

    Nothing is written before all of it is checked, and its workspaces appear at once, at the
    end. A settings file that is there already stays. Raises BackupError, and
    `engine.process.AlreadyRunning` or `engine.supervisor.lock.Running` where ReplyAI runs.
    """
    manifest = check(source)
    data = config.data
    with ExitStack() as held:
        held.enter_context(closing(take(data)))
        if (data / "w").exists() and any((data / "w").iterdir()):
            raise BackupError(f"{data} has workspaces already; set REPLYAI_DATA to an empty folder")
        staging = data / ".restoring"
        shutil.rmtree(staging, ignore_errors=True)
        for name, wanted in manifest["files"].items():
            _copy(source / name, staging / name)
            point("restore_file")
            if _described(staging / name) != wanted:
                raise BackupError(f"{source / name} changed while it was read")
        _put_in_place(staging, data)
    return manifest


def _put_in_place(staging: Path, data: Path) -> None:
    settings = staging / SETTINGS
    if settings.exists() and not (data / SETTINGS).exists():
        settings.replace(data / SETTINGS)
    if (data / "w").exists():
        (data / "w").rmdir()
    (staging / "w").replace(data / "w")
    shutil.rmtree(staging)
    _sync(data)


def take(data: Path) -> ExitStack:
    """Hold a data folder as supervisor and engine do, until closed; it is made where there is none."""
    data.mkdir(parents=True, exist_ok=True)
    held = ExitStack()
    try:
        held.callback(os.close, lock.take(data))
        held.enter_context(hold(data))
    except BaseException:
        held.close()
        raise
    return held
