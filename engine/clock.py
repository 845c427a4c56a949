"""The clock: wakes at the nearest due time and puts a ``timer.fired`` event in."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from engine import times
from engine.documents import Database
from engine.events import event

LONGEST_SLEEP = 30.0
AFTER_FAILURE = 1.0
BATCH = 100
log = logging.getLogger("replyai.engine")


def due_timers(
    documents: Database, enabled: Callable[[str], bool], at: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the timers due at *at* of the core and enabled plugins, and when the next one is due."""
    due: list[dict[str, Any]] = []
    after = None
    while True:
        page, after = documents.table("timer").page(order="due", newest_first=False, limit=BATCH, after=after)
        for timer in page:
            if timer["plugin"] != "core" and not enabled(timer["plugin"]):
                continue
            if timer["due"] > at:
                return due, timer["due"]
            due.append(timer)
        if after is None:
            return due, None


def fired(timer: dict[str, Any]) -> dict[str, Any]:
    """Return the event of a due timer."""
    data = {"timer": timer["id"], "due": timer["due"]}
    return event(
        "timer.fired", f"{timer['id']}/{timer['due']}", data, origin="timer", occurred_at=timer["due"]
    )


class Clock(threading.Thread):
    """Fires a workspace's timers."""

    def __init__(
        self, open: Callable[[], Database], enabled: Callable[[str], bool], submit: Callable[..., Any]
    ) -> None:
        super().__init__(name="clock", daemon=True)
        self._open = open
        self._enabled = enabled
        self._submit = submit
        self._moved = threading.Event()
        self._stopped = False

    def moved(self) -> None:
        """Timers were set or moved: look again."""
        self._moved.set()

    def stop(self) -> None:
        """End."""
        self._stopped = True
        self._moved.set()

    def run(self) -> None:
        """Sleep until the nearest due time, fire, again."""
        documents = self._open()
        while not self._stopped:
            self._moved.clear()
            due, following = due_timers(documents, self._enabled, times.now())
            if not due:
                self._moved.wait(self._pause(following))
            elif not self._fire(due):
                self._moved.wait(AFTER_FAILURE)

    def _fire(self, due: list[dict[str, Any]]) -> bool:
        """Submit what is due; False where the store does not take it now: it stays due."""
        try:
            for timer in due:
                self._submit([fired(timer)]).result()
        except Exception as error:
            log.warning("a timer waits: %s", error)
            return False
        return True

    def _pause(self, following: str | None) -> float:
        if following is None:
            return LONGEST_SLEEP
        return min(LONGEST_SLEEP, max(0.001, times.seconds_between(times.now(), following)))
