"""Which agents have a page open here: told to the engine when it changes, with a grace for reloads."""

import threading
import uuid
from functools import partial
from time import monotonic
from typing import Any

import structlog

from engine import presence
from engine.client import EngineAway, EngineError
from engine.events import event

from .engine_link import View
from .parts import Parts

GRACE = 60.0  # seconds after the last page closed, where the workspace sets none
RETRY = 1.0  # seconds until the engine is told again, where it was away
AFTER_FAILURE = 30.0
NEVER = float("-inf")
log = structlog.get_logger("web.feed")
Who = tuple[str, str]  # workspace, agent


class Presence:
    """Pages come, go idle and go; what follows is told by a thread that ends when nothing is left to tell.

    clock: seconds that only go on (`time.monotonic`).
    """

    def __init__(self, held: Parts, clock: Any = monotonic) -> None:
        self.held, self.clock = held, clock
        self._pages: dict[Who, dict[Any, bool]] = {}  # page → whether nobody touches it
        self._left: dict[Who, float] = {}  # who has no page, and since when
        self._unread: set[str] = set()  # workspaces whose agents are still to be looked at
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._telling = False

    def begin(self, workspaces: list[str]) -> None:
        """This process starts: who is said to be there and has no page here for the grace is not."""
        self._unread.update(workspaces)
        self.look()

    def joined(self, page: Any) -> None:
        """A page of an agent is open."""
        with self._lock:
            who = (page.workspace, page.agent)
            self._pages.setdefault(who, {})[page] = False
            self._left.pop(who, None)
        self.look()

    def idle(self, page: Any, is_idle: bool) -> None:
        """Nobody has touched a page for a while, or somebody does again."""
        with self._lock:
            pages = self._pages.get((page.workspace, page.agent), {})
            if page not in pages or pages[page] == is_idle:
                return
            pages[page] = is_idle
        self.look()

    def left(self, page: Any, for_good: bool = False) -> None:
        """A page is closed; for_good: its agent signed out, so there is nothing to wait for."""
        with self._lock:
            who = (page.workspace, page.agent)
            pages = self._pages.get(who, {})
            pages.pop(page, None)
            if not pages:
                self._pages.pop(who, None)
                self._left[who] = NEVER if for_good else self.clock()
        self.look()

    def look(self) -> None:
        """Have what is not told yet told, at once or when its grace is over."""
        with self._lock:
            self._wake.set()
            if self._telling:
                return
            self._telling = True
        threading.Thread(target=self._run, name="presence", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            pause = self.tell()
            with self._lock:
                if pause is None and not self._wake.is_set():
                    self._telling = False
                    return
            self._wake.wait(pause)

    def tell(self) -> float | None:
        """Tell the engine what is not as it says; return in how many seconds to look again, or None."""
        try:
            self._read()
            with self._lock:
                who = [*self._pages, *self._left]
            pauses = [pause for each in who if (pause := self._tell(*each)) is not None]
        except (EngineAway, EngineError):
            return RETRY
        except Exception:
            log.exception("who is there could not be told")
            return AFTER_FAILURE
        return min(pauses, default=None)

    def _read(self) -> None:
        for workspace in list(self._unread):
            found = self.held.reads.run(workspace, None, _there, hidden=frozenset())
            with self._lock:
                for agent in found:
                    if (workspace, agent) not in self._pages:
                        self._left.setdefault((workspace, agent), self.clock())
                self._unread.discard(workspace)

    def _tell(self, workspace: str, agent: str) -> float | None:
        state, pause = self._state(workspace, agent)
        if state is None:
            return pause
        find = partial(_presence_of, agent=agent)
        if self.held.reads.run(workspace, None, find, hidden=frozenset()) not in (None, state):
            data = {"agent": agent, "state": state}
            told = event("agent.presence", f"{agent}/{uuid.uuid4()}", data, origin="system")
            self.held.client.submit(workspace, [told])
        if state == presence.OFFLINE:
            with self._lock:
                self._left.pop((workspace, agent), None)
        return None

    def _state(self, workspace: str, agent: str) -> tuple[str | None, float | None]:
        """Return (the state that an agent is in, None), or (None, seconds that the grace still has)."""
        with self._lock:
            pages = self._pages.get((workspace, agent))
            since = self._left.get((workspace, agent), NEVER)
        if pages:
            return (presence.AWAY if all(pages.values()) else presence.ONLINE), None
        rest = since + self._grace(workspace) - self.clock() if since != NEVER else 0.0
        return (None, rest) if rest > 0 else (presence.OFFLINE, None)

    def _grace(self, workspace: str) -> float:
        def load() -> float:
            return float(self.held.reads.run(workspace, None, _grace_of, hidden=frozenset()))

        return float(self.held.known.get((workspace, "presence_grace"), load))


def _there(view: View) -> list[str]:
    """Return the agents who are said to have a page open."""
    return [agent.doc_id for agent in view.db.table("agent").all() if _is_there(agent)]


def _presence_of(view: View, agent: str) -> str | None:
    """Return what the engine knows of an agent's presence; None where there is no such agent."""
    found = view.db.table("agent").get(doc_id=agent)
    return None if found is None else str(found.get("presence") or presence.OFFLINE)


def _is_there(agent: dict[str, Any]) -> bool:
    return (agent.get("presence") or presence.OFFLINE) != presence.OFFLINE


def _grace_of(view: View) -> float:
    return (view.db.table("workspace").get(doc_id="main") or {}).get("presence_grace") or GRACE
