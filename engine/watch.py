"""The small mapped file that says which plugin's code runs now.

Python cannot stop a function that never returns. So the engine writes here what it enters, the
supervisor ends an engine that is stuck, and the next one reads what it was stuck in.
"""

import mmap
import os
import time
from pathlib import Path
from typing import Any

import orjson

SIZE = 512
NAME = "engine.now"
STUCK = "engine.stuck"


class Watch:
    """Writes what is entered and left; `Watch(None)` writes nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._map: mmap.mmap | None = None
        if folder is not None:
            path = folder / NAME
            path.write_bytes(b" " * SIZE)
            with path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), SIZE)
        self._pid = os.getpid()
        self.leave()

    def enter(self, event: str, plugin: str, hook: str) -> None:
        """Say that *plugin*'s *hook* begins on *event*."""
        if self._map is not None:
            self._write(since=time.monotonic(), event=event[:240], plugin=plugin[:60], hook=hook[:60])

    def leave(self) -> None:
        """Say that no plugin's code runs."""
        if self._map is not None:
            self._write(since=0)

    def _write(self, **fields: Any) -> None:
        body = orjson.dumps({"pid": self._pid, **fields})
        if len(body) > SIZE:
            body = orjson.dumps({"pid": self._pid, **fields, "event": ""})
        assert self._map is not None
        self._map[:SIZE] = body.ljust(SIZE)


def read(folder: Path) -> dict[str, Any] | None:
    """Return what runs now: ``{pid, since, event, plugin, hook}``, or None where it cannot be read."""
    try:
        found = orjson.loads((folder / NAME).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def take_stuck(folder: Path) -> dict[str, Any] | None:
    """Return what the last engine was ended in by the supervisor, or None. `forget_stuck` afterwards."""
    try:
        found = orjson.loads((folder / STUCK).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def forget_stuck(folder: Path) -> None:
    """Delete what `take_stuck` returned, once it is committed."""
    (folder / STUCK).unlink(missing_ok=True)
