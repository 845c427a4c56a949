"""Backups of a running shop: whole, at one moment, and back again to the byte."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import backup, journal, media, plugins, process
from engine.backup import BackupError
from engine.config import load
from engine.store import Reading
from tests.processes import data_folder
from tests.world import written

ROOT = Path(__file__).parent.parent
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a number whose key is a secret."""
    with data_folder() as folder:
        (folder / "replyai.toml").write_text(
            '[accounts.toko]\ngateway = "simulator"\nwebhook_secret = "sangat-rahasia"\n'
        )
        yield folder


@pytest.fixture
def engine(data: Path) -> Iterator[process.Engine]:
    running = process.Engine(load({}, data), plugins.load())
    running.start()
    yield running
    running.stop()


def submit(engine: process.Engine, number: int) -> Any:
    customer = f"62813{number % 7:08}@c.us"
    return engine.workspaces["main"].submit([written(customer, f"pesan {number}", f"M{number}")])


def with_picture(engine: process.Engine) -> str:
    """Keep a picture as the web does; return its hash."""
    workspace = engine.workspaces["main"]
    salt = workspace.store.meta("media_salt")
    assert salt
    return str(media.save(workspace.folder, salt, PICTURE, "image/png", "foto.png")["hash"])


def documents_hash(folder: Path) -> str:
    reading = Reading(folder / "w" / "main" / "replyai.db", plugins.load().collections)
    try:
        return journal.documents_hash(reading.connection, plugins.load().collections)
    finally:
        reading.connection.close()


def all_well(folder: Path) -> bool:
    from engine.verify import workspace

    findings = list(workspace(folder / "w" / "main", plugins.load().collections))
    assert len(findings) == 3
    return all(ok for ok, _, _ in findings)


def test_a_backup_comes_back_as_it_was(engine: process.Engine, data: Path, tmp_path: Path) -> None:
    for number in range(20):
        submit(engine, number).result(10)
    hash = with_picture(engine)
    manifest = backup.make(load({}, data), tmp_path / "backup")
    restored = tmp_path / "restored"
    backup.restore(load({}, restored), tmp_path / "backup")
    assert manifest["workspaces"]["main"]["seq"] == engine.workspaces["main"].store.seq
    assert documents_hash(restored) == documents_hash(data)
    assert media.path(restored / "w" / "main", hash).read_bytes() == PICTURE
    secrets = restored / "w" / "main" / "secrets.json"
    assert "sangat-rahasia" in secrets.read_text() and secrets.stat().st_mode & 0o777 == 0o600
    assert (restored / "replyai.toml").read_text() == (data / "replyai.toml").read_text()
    assert all_well(restored)


def test_a_backup_under_load_is_of_one_moment(engine: process.Engine, data: Path, tmp_path: Path) -> None:
    for number in range(300):
        submit(engine, number)
    ended = threading.Event()
    sent = [300]

    def write_on() -> None:
        while not ended.is_set():
            submit(engine, sent[0]).result(10)
            sent[0] += 1

    thread = threading.Thread(target=write_on)
    thread.start()
    try:
        manifests = []
        for number in range(4):
            manifests.append(backup.make(load({}, data), tmp_path / f"backup-{number}"))
            submit(engine, 100_000 + number).result(10)
    finally:
        ended.set()
        thread.join()
    seqs = [manifest["workspaces"]["main"]["seq"] for manifest in manifests]
    assert seqs == sorted(set(seqs)), "the shop went on between the backups"
    for number, seq in enumerate(seqs):
        restored = tmp_path / f"restored-{number}"
        backup.restore(load({}, restored), tmp_path / f"backup-{number}")
        live = sqlite3.connect(data / "w" / "main" / "replyai.db")
        then = tmp_path / f"then-{number}.db"
        journal.rebuild(live, then, plugins.load().collections, until=seq)
        as_then = journal.documents_hash(sqlite3.connect(then), plugins.load().collections)
        assert documents_hash(restored) == as_then
        assert all_well(restored)


def test_a_restored_shop_starts_and_goes_on(engine: process.Engine, data: Path, tmp_path: Path) -> None:
    submit(engine, 1).result(10)
    backup.make(load({}, data), tmp_path / "backup")
    with data_folder() as other:
        backup.restore(load({}, other), tmp_path / "backup")
        again = process.Engine(load({}, other), plugins.load())
        again.start()
        assert submit(again, 1).result(10)[0]["duplicate"] is True
        assert submit(again, 2).result(10)[0]["duplicate"] is False
        again.stop()
        assert all_well(other)


def test_a_medium_that_was_changed_on_disk_is_named(
    engine: process.Engine, data: Path, tmp_path: Path
) -> None:
    hash = with_picture(engine)
    media.path(engine.workspaces["main"].folder, hash).write_bytes(b"rotten")
    manifest = backup.make(load({}, data), tmp_path / "backup")
    assert manifest["workspaces"]["main"]["damaged"] == [hash]


def test_a_folder_with_something_in_it_is_refused(engine: process.Engine, data: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BackupError, match="not empty"):
        backup.make(load({}, data), tmp_path)


def test_nothing_is_restored_over_data_or_under_a_running_shop(
    engine: process.Engine, data: Path, tmp_path: Path
) -> None:
    backup.make(load({}, data), tmp_path / "backup")
    with pytest.raises(process.AlreadyRunning):
        backup.restore(load({}, data), tmp_path / "backup")
    restored = load({}, tmp_path / "restored")
    backup.restore(restored, tmp_path / "backup")
    with pytest.raises(BackupError, match="workspaces already"):
        backup.restore(restored, tmp_path / "backup")


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


@pytest.mark.parametrize("what", ["a changed byte", "a lost file", "a place outside", "no manifest"])
def test_a_backup_that_is_not_whole_is_refused_before_anything_is_written(
    engine: process.Engine, data: Path, tmp_path: Path, what: str
) -> None:
    kept = tmp_path / "backup"
    backup.make(load({}, data), kept)
    manifest = json.loads((kept / "manifest.json").read_text())
    if what == "a changed byte":
        flip(kept / "w" / "main" / "replyai.db")
    elif what == "a lost file":
        (kept / "w" / "main" / "secrets.json").unlink()
    elif what == "a place outside":
        manifest["files"]["w/../../evil"] = {"sha256": "", "size": 0}
        (kept / "manifest.json").write_text(json.dumps(manifest))
    else:
        (kept / "manifest.json").unlink()
    with pytest.raises(BackupError):
        backup.restore(load({}, tmp_path / "restored"), kept)
    assert not (tmp_path / "restored").exists()


def command(data: Path, *arguments: str, crash_at: str = "") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "REPLYAI_DATA": str(data), "CRASH_AT": crash_at}
    line = [sys.executable, "-m", "engine.cli", *arguments]
    return subprocess.run(line, cwd=ROOT, env=environ, capture_output=True, text=True)


@pytest.mark.parametrize("point", ["backup_begun", "backup_media", "backup_manifest"])
def test_a_backup_that_was_killed_is_refused(
    engine: process.Engine, data: Path, tmp_path: Path, point: str
) -> None:
    submit(engine, 1).result(10)
    killed = command(data, "backup", str(tmp_path / "backup"), crash_at=point)
    assert killed.returncode == -signal.SIGKILL
    refused = command(tmp_path / "restored", "restore", str(tmp_path / "backup"))
    assert refused.returncode == 1 and "no finished backup" in refused.stderr
    assert not (tmp_path / "restored").exists()


def test_a_restore_that_was_killed_leaves_no_half_and_can_be_done_again(
    engine: process.Engine, data: Path, tmp_path: Path
) -> None:
    submit(engine, 1).result(10)
    assert command(data, "backup", str(tmp_path / "backup")).returncode == 0
    restored = tmp_path / "restored"
    killed = command(restored, "restore", str(tmp_path / "backup"), crash_at="restore_file:2")
    assert killed.returncode == -signal.SIGKILL
    assert not (restored / "w").exists()
    done = command(restored, "restore", str(tmp_path / "backup"))
    assert (done.returncode, done.stderr) == (0, "")
    assert documents_hash(restored) == documents_hash(data)
    assert command(restored, "doctor", "--verify").stdout.count("✓ Verify main") == 3
