"""A disk that is full or broken: nothing half-kept, no false yes, and on again by itself."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

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
