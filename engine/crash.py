"""Marked points where a test may end the process, as a crash would.

``CRASH_AT=name[:n[:STOP]]`` ends it at the n-th passing of *name*, or stops it until it gets SIGCONT.
``CRASH_FILE`` names a file that holds ``name:n``: whichever process gets there first takes the file
away and ends, once.
"""

import os
import signal
from pathlib import Path

_FILE = os.environ.get("CRASH_FILE")
_WANTED, _COUNT, _HOW = [*os.environ.get("CRASH_AT", "").split(":"), "", ""][:3]
_passed: dict[str, int] = {}


def point(name: str) -> None:
    """End this process at once, if a test asked for it here; costs next to nothing otherwise."""
    if _WANTED or _FILE:
        _count(name)


def _count(name: str) -> None:
    if name == _WANTED:
        _passed[name] = _passed.get(name, 0) + 1
        if _passed[name] == int(_COUNT or 1):
            os.kill(os.getpid(), signal.SIGSTOP if _HOW == "STOP" else signal.SIGKILL)
    if _FILE:
        _look(Path(_FILE), name)


def _look(file: Path, name: str) -> None:
    try:
        wanted = file.read_text()
    except OSError:
        return
    if wanted.partition(":")[0] != name:
        return
    _passed[wanted] = _passed.get(wanted, 0) + 1
    if _passed[wanted] < int(wanted.split(":")[1]):
        return
    try:
        file.rename(f"{file}.{os.getpid()}")
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
