"""The clock: wakes at the nearest due time and puts a ``timer.fired`` event in."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from engine import times
from engine.documents import Database
from engine.events import event
from engine.writer import StoreFull

LONGEST_SLEEP = 30.0
AFTER_FAILURE = 1.0
GIVE_UP = 5
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
    """Fires a workspace's timers.

    open() gives its documents, enabled(plugin) tells who may fire, submit(events) commits, now() is the
    workspace's time.
    """

    def __init__(
        self,
        open: Callable[[], Any],
        enabled: Callable[[str], bool],
        submit: Callable[..., Any],
        now: Callable[[], str],
    ) -> None:
        super().__init__(name="clock", daemon=True)
        self._open = open
        self._enabled = enabled
        self._submit = submit
        self._now = now
        self._moved = threading.Event()
        self._stopped = False
        self._failures: Counter[str] = Counter()

    def moved(self) -> None:
        """Timers were set or moved: look again."""
        self._moved.set()

    def stop(self) -> None:
        """End."""
        self._stopped = True
        self._moved.set()

    def run(self) -> None:
        """Sleep until the nearest due time, fire, again; whatever goes wrong, look again soon."""
        documents = self._open()
        while not self._stopped:
            self._moved.clear()
            try:
                pause = self._turn(documents)
            except Exception:
                log.exception("the clock failed")
                pause = AFTER_FAILURE
            if pause:
                self._moved.wait(pause)
        documents.connection.close()

    def _turn(self, documents: Database) -> float:
        """Fire what is due; return how many seconds to wait then."""
        due, following = due_timers(documents, self._enabled, self._now())
        due = [timer for timer in due if self._failures[timer["id"]] < GIVE_UP]
        groups = [due[start : start + BATCH] for start in range(0, len(due), BATCH)]
        failed = [timer for group in groups for timer in self._fire(group)]
        if failed:
            return AFTER_FAILURE
        return 0.0 if due else self._pause(following)

    def _fire(self, timers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Submit due timers, none waiting for the one before to be on disk; return those not taken.

        They are tried again, a few times.
        """
        asked = [(timer, self._submit([fired(timer)])) for timer in timers]
        return [timer for timer, future in asked if not self._is_taken(timer, future)]

    def _is_taken(self, timer: dict[str, Any], future: Any) -> bool:
        try:
            future.result()
        except StoreFull:
            return False
        except Exception as error:
            self._failures[timer["id"]] += 1
            log.error("the timer %s of %s failed: %s", timer["name"], timer["plugin"], error)
            return False
        self._failures.pop(timer["id"], None)
        return True

    def _pause(self, following: str | None) -> float:
        if following is None:
            return LONGEST_SLEEP
        return min(LONGEST_SLEEP, max(0.001, times.seconds_between(self._now(), following)))
