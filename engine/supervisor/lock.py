"""One supervisor per data folder."""

import fcntl
import os
from pathlib import Path

FILE = "supervisor.pid"


class Running(Exception):
    """Another supervisor holds the data folder; the text names it."""


def take(folder: Path) -> int:
    """Lock *folder* for this process; return the descriptor that holds it until it is closed.

    Raises `Running` where another process has it.
    """
    handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise Running(
            f"ReplyAI is running on {folder} already (process {who}); stop that one first, "
            "or set REPLYAI_DATA to another folder"
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def holder(folder: Path) -> int | None:
    """Return the process id of the supervisor that runs on *folder*, or None."""
    try:
        handle = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(handle, 32).decode(errors="replace").strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(handle)
    return None
