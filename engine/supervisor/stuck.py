"""An engine that is stuck in a plugin's code is ended; the next one skips that plugin."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import structlog

from engine import watch
from engine.supervisor.children import Child

LIMIT = 5.0  # seconds in one hook
_LOOKS = 4  # a machine that slept for long is not taken for a hook that did

log = structlog.get_logger()


class Stuck:
    """Looks at what the engine says that it runs now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: tuple[float, int] = (0.0, 0)
        self._ended = 0

    def look(self, engine: Child | None) -> bool:
        """End the engine where it has been in one hook for over `LIMIT` seconds; say whether."""
        now = self._longest(engine)
        if engine is None or now is None or engine.pid == self._ended:
            self._seen = (0.0, 0)
            return False
        since, looks = float(now["since"]), self._seen[1] + 1 if self._seen[0] == now["since"] else 1
        self._seen = (since, looks)
        if looks < _LOOKS or time.monotonic() - since < LIMIT:
            return False
        log.warning(
            f"plugin {now.get('plugin')}: {now.get('hook')} has not returned for {LIMIT:g} s; "
            "ending the engine",
            event_id=now.get("event"),
        )
        part = self.folder / f".{watch.STUCK}.{os.getpid()}"
        part.write_text(json.dumps(now))
        part.replace(self.folder / watch.STUCK)
        self._ended = engine.pid or 0
        engine.signal(signal.SIGKILL)
        self._seen = (0.0, 0)
        return True

    def _longest(self, engine: Child | None) -> dict[str, Any] | None:
        """Return what the engine has been in the longest, of all its workspaces."""
        pid = engine.pid if engine is not None else None
        running = [each for each in watch.read_all(self.folder) if pid and each.get("pid") == pid]
        return min(running, key=lambda each: float(each["since"]), default=None)
