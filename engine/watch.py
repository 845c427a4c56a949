"""The small mapped file that says which plugin's code runs now.

Python cannot stop a function that never returns. So the engine writes here what it enters, the
supervisor ends an engine that is stuck, and the next one reads what it was stuck in.
"""

import mmap
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import orjson

SIZE = 512
NAME = "engine.now"
STUCK = "engine.stuck"
_NOTHING = nullcontext()


class Watch:
    """Writes what one workspace runs, into its *folder*; `Watch(None)` writes nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._map: mmap.mmap | None = None
        self._stack: list[dict[str, Any]] = [{"since": 0}]
        self._workspace = folder.name if folder else ""
        if folder is not None:
            path = folder / NAME
            path.write_bytes(b" " * SIZE)
            with path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), SIZE)
        self._pid = os.getpid()
        self._write()

    def running(self, event: str, plugin: str, hook: str) -> AbstractContextManager[None]:
        """Say that *plugin*'s *hook* runs on *event*, until it returns; these may be nested."""
        return _NOTHING if self._map is None else self._running(event, plugin, hook)

    @contextmanager
    def _running(self, event: str, plugin: str, hook: str) -> Iterator[None]:
        entry = {"since": time.monotonic(), "event": event[:200], "plugin": plugin[:40], "hook": hook[:60]}
        self._stack.append(entry)
        self._write()
        try:
            yield
        finally:
            self._stack.pop()
            self._write()

    def _write(self) -> None:
        if self._map is None:
            return
        about = {"pid": self._pid, "workspace": self._workspace}
        body = orjson.dumps({**about, **self._stack[-1]})
        if len(body) > SIZE:
            body = orjson.dumps({**about, **self._stack[-1], "event": ""})
        self._map[:SIZE] = body.ljust(SIZE)


def read(folder: Path) -> dict[str, Any] | None:
    """Return what a workspace runs now: ``{pid, workspace, since, event, plugin, hook}``, or None."""
    try:
        found = orjson.loads((folder / NAME).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def read_all(data: Path) -> list[dict[str, Any]]:
    """Return what each workspace of a data folder runs now; those that run nothing are left out."""
    found = [read(path.parent) for path in data.glob(f"w/*/{NAME}")]
    return [each for each in found if each and each.get("since")]


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
