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
    """Writes what one workspace runs, into its *folder*; `Watch(None)` writes nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._map: mmap.mmap | None = None
        self._about = {"pid": os.getpid(), "workspace": folder.name if folder else ""}
        self._stack: list[bytes] = [self._body({"since": 0})]
        if folder is not None:
            path = folder / NAME
            path.write_bytes(self._stack[0])
            with path.open("r+b") as file:
                self._map = mmap.mmap(file.fileno(), SIZE)

    def enter(self, event: str, plugin: str, hook: str) -> None:
        """Say that *plugin*'s *hook* runs on *event*, until `leave`; these may be nested."""
        if self._map is not None:
            about = {"event": event[:200], "plugin": plugin[:40], "hook": hook[:60]}
            self._stack.append(self._body({"since": time.monotonic(), **about}))
            self._map[:] = self._stack[-1]

    def leave(self) -> None:
        """Say that what was entered last has ended."""
        if self._map is not None:
            self._stack.pop()
            self._map[:] = self._stack[-1]

    def _body(self, entry: dict[str, Any]) -> bytes:
        body = orjson.dumps({**self._about, **entry})
        if len(body) > SIZE:
            body = orjson.dumps({**self._about, **entry, "event": ""})
        return body.ljust(SIZE)


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
