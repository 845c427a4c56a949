"""A disk that is full or broken: nothing half-kept, no false yes, and on again by itself."""

import resource
import signal
import sqlite3
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from engine import erasure, hookimpl, journal, where
from engine.plugins import Plugin, Registry
from engine.schemas import COLLECTIONS
from engine.store import GENESIS, Store, chain
from engine.writer import StoreFull
from tests.world import DEWI, World, written


def limit(shop: World, pages: int) -> None:
    """Let the file grow to so many pages and no further, as a full disk would."""
    shop.workspace.store.connection.execute(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_refuses_keeps_nothing_and_recovers(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    (used,) = shop.workspace.store.connection.execute("PRAGMA page_count").fetchone()
    limit(shop, used)
    refused = 0
    for number in range(40):
        try:
            shop.submit(written(DEWI, "x" * 3000, f"FULL{number}"))
        except StoreFull:
            refused += 1
    assert refused > 30
    kept = len(shop.messages(DEWI))
    limit(shop, 1 << 30)
    for number in range(40):
        shop.submit(written(DEWI, "x" * 3000, f"FULL{number}"))
    assert len(shop.messages(DEWI)) == 41 and kept < 11
    rows = shop.documents.connection.execute("SELECT seq, body, hash FROM journal ORDER BY seq").fetchall()
    assert [seq for seq, _, _ in rows] == list(range(1, len(rows) + 1))
    previous = GENESIS
    for _, body, digest in rows:
        assert digest == (previous := chain(previous, body.encode()))


@pytest.mark.parametrize("undoes", [False, True])
def test_a_hook_that_swallows_a_full_disk_loses_nothing_silently(tmp_path: Path, undoes: bool) -> None:
    """What a hook reads is written first; where that fails, nothing is kept, whoever hears of it."""

    def reads(documents: Any) -> None:
        try:
            documents.table("message").search(where("conversation") == "q")
        except Exception:
            limit(shop, 1 << 30)  # there is room again, so that all else works
            if undoes:  # as SQLite may by itself
                shop.workspace.store.connection.execute("ROLLBACK")

    module = types.ModuleType("test_deaf")
    module.message_received = hookimpl(reads)  # type: ignore[attr-defined]
    registry = Registry([Plugin("deaf", order=40, module=module)])
    shop = World(tmp_path / "main", registry).with_shop()
    (used,) = shop.workspace.store.connection.execute("PRAGMA page_count").fetchone()
    limit(shop, used)
    with pytest.raises(StoreFull):
        shop.writes(DEWI, "x" * 30_000)
    shop.writes(DEWI, "Halo")
    assert [message["text"] for message in shop.all("message")] == ["Halo"]
    assert [row["seq"] for row in shop.journal()] == [1, 2]
    assert journal.verify(shop.documents.connection) == []
    journal.rebuild(shop.documents.connection, tmp_path / "rebuilt.db", registry.collections)
    rebuilt = sqlite3.connect(tmp_path / "rebuilt.db")
    both = (rebuilt, shop.documents.connection)
    assert len({journal.documents_hash(each, registry.collections) for each in both}) == 1
    rebuilt.close()
    shop.close()


@pytest.mark.parametrize("code", ["SQLITE_IOERR", "SQLITE_IOERR_FSYNC", "SQLITE_CORRUPT"])
def test_an_io_error_ends_the_process_without_an_answer(code: str) -> None:
    program = f"""
import sqlite3
from engine.writer import _give_up_on_broken_disk
error = sqlite3.OperationalError("disk I/O error")
error.sqlite_errorcode = sqlite3.{code}
_give_up_on_broken_disk(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, "the disk failed" in done.stderr) == (74, True)


def test_a_cleaning_that_the_disk_fails_is_not_taken_for_a_busy_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "replyai.db", COLLECTIONS)
    with store.transaction():
        for number in range(2000):
            store.set_meta(f"key {number}", "x" * 500)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))  # a write beyond it is an I/O error
    try:
        with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
            erasure._clear_pages(store.connection, True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.connection.close()


def test_a_crash_between_the_writing_and_the_commit_leaves_nothing(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from engine import crash
from tests.world import DEWI, World
shop = World(Path({str(tmp_path / "main")!r})).with_shop()
shop.writes(DEWI, "Halo")
crash._WANTED = "flushed"
shop.writes(DEWI, "Masih ada?")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    shop = World(tmp_path / "main")
    assert [message["text"] for message in shop.all("message")] == ["Halo"]
    assert journal.verify(shop.documents.connection) == []
    shop.writes(DEWI, "Masih ada?", "3EB0000002")
    assert len(shop.messages(DEWI)) == 2
    shop.close()


def test_a_file_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "replyai.db", ())
    with store.transaction():
        store.set_meta("version", "99")
    store.close()
    with pytest.raises(RuntimeError, match="newer ReplyAI"):
        Store(tmp_path / "replyai.db", ())


def test_a_reader_cannot_write(shop: World) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        shop.documents.connection.execute("DELETE FROM journal")
