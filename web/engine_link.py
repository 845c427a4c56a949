"""The way to the engine: its client for writing, read-only snapshots of the store for reading."""

import contextvars
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import gevent.monkey
from flask import g, has_request_context

from engine import Query
from engine.client import Client, EngineAway
from engine.documents import Database
from engine.plugins import Registry
from engine.store import open_read

from .errors import NotFound, TooSlow
from .parts import Known, parts
from .visibility import sees

Result = TypeVar("Result")

HEAVY_SECONDS = 10.0
MERGED = ("contact", "conversation")
READERS, HEAVY_READERS = 8, 2


def engine() -> Client:
    """Return the engine's client; its calls raise EngineAway (503) and EngineError (422)."""
    client: Client = parts().client
    return client


class View:
    """One snapshot of a workspace, for the length of one `read`.

    db: its documents (TinyDB's calls, read-only); seq: the journal's last sequence in it;
    agent: who asks, or None; hidden: names of plugins that are off.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        db: Database,
        workspace: str,
        agent: dict[str, Any] | None,
        hidden: frozenset[str],
    ) -> None:
        self.connection = connection
        self.db = db
        self.workspace = workspace
        self.agent = agent
        self.hidden = hidden
        self.seq: int = connection.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0]

    def get(self, collection: str, id: str) -> dict[str, Any]:
        """Return a document as a plain dict with its id; NotFound where there is none.

        A contact or conversation that was merged into another is that other one.
        """
        found = self.db.table(collection).get(doc_id=id)
        if found is None and collection in MERGED:
            gone = self.db.table("merged").get(doc_id=id)
            found = self.db.table(collection).get(doc_id=gone["into"]) if gone else None
        if found is None:
            raise NotFound(f"no {collection} {id}")
        return plain(found)

    def conversation(self, id: str) -> dict[str, Any]:
        """Return a conversation; NotFound where there is none or the agent may not see it."""
        found = self.get("conversation", id)
        if self.agent is not None and not sees(self.agent, found):
            raise NotFound(f"no conversation {id}")
        return found

    def page(self, collection: str, query: Any = None, **how: Any) -> tuple[list[dict[str, Any]], str | None]:
        """Return (documents as plain dicts, next cursor); *how* as in `Table.page`."""
        found, following = self.db.table(collection).page(query, **how)
        return [plain(document) for document in found], following


def plain(document: Any) -> dict[str, Any]:
    """Return a document as a plain dict whose id is in it."""
    return {**document, "id": getattr(document, "doc_id", document.get("id"))}


class Reads:
    """Read-only connections per workspace, used in threads of their own so that no page waits for another."""

    def __init__(self, data: Path, registry: Registry, known: Known) -> None:
        self.data, self.registry, self.known = data, registry, known
        self._idle: dict[str, deque[sqlite3.Connection]] = {}
        self._pools: dict[bool, Any] = {}

    def run(
        self,
        workspace: str,
        agent: dict[str, Any] | None,
        function: Callable[[View], Result],
        *,
        heavy: bool = False,
        hidden: frozenset[str] | None = None,
    ) -> Result:
        """Call *function* with a `View` of *workspace* in a thread; return what it returns."""
        if hidden is None:
            hidden = self.hidden(workspace)
        context = contextvars.copy_context()
        return self._threaded(
            heavy, lambda: context.run(self._snapshot, workspace, agent, function, heavy, hidden)
        )

    def hidden(self, workspace: str) -> frozenset[str]:
        """Return the names of the plugins that are off in *workspace*."""

        def load() -> frozenset[str]:
            def rows(view: View) -> dict[str, Any]:
                return {row.doc_id: row.get("enabled") for row in view.db.table("plugin").all()}

            stored = self.run(workspace, None, rows, hidden=frozenset())
            return frozenset(
                name
                for name, plugin in self.registry.plugins.items()
                if plugin.module is None or not stored.get(name, plugin.default)
            )

        found: frozenset[str] = self.known.get((workspace, "hidden"), load)
        return found

    def threaded(self, function: Callable[[], Result]) -> Result:
        """Run something that is slow for a processor (a password's hash) in the threads."""
        return self._threaded(False, function)

    def _threaded(self, heavy: bool, function: Callable[[], Result]) -> Result:
        if not gevent.monkey.is_module_patched("socket"):
            return function()
        if heavy not in self._pools:
            from gevent.threadpool import ThreadPool

            self._pools[heavy] = ThreadPool(HEAVY_READERS if heavy else READERS)
        result, error = self._pools[heavy].apply(_tried, (function,))
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def _snapshot(
        self,
        workspace: str,
        agent: dict[str, Any] | None,
        function: Callable[[View], Result],
        heavy: bool,
        hidden: frozenset[str],
    ) -> Result:
        idle = self._idle.setdefault(workspace, deque())
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._open(workspace)
        try:
            connection.execute("BEGIN")
            if heavy:
                limit = monotonic() + HEAVY_SECONDS
                connection.set_progress_handler(lambda: monotonic() > limit, 10_000)
            return function(self._view(connection, workspace, agent, hidden))
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise TooSlow("This took too long. Narrow it down.") from error
            raise
        finally:
            connection.set_progress_handler(None, 0)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            idle.append(connection)

    def _view(
        self,
        connection: sqlite3.Connection,
        workspace: str,
        agent: dict[str, Any] | None,
        hidden: frozenset[str],
    ) -> View:
        db = Database(
            connection=connection,
            collections=self.registry.collections,
            string_ids=True,
            read_only=True,
            hidden=hidden,
        )
        return View(connection, db, workspace, agent, hidden)

    def _open(self, workspace: str) -> sqlite3.Connection:
        try:
            return open_read(self.data / "w" / workspace / "replyai.db")
        except (OSError, sqlite3.OperationalError) as error:
            raise EngineAway(f"the store of {workspace} is not there yet") from error


def _tried(function: Callable[[], Result]) -> tuple[Result | None, Exception | None]:
    """Return (what *function* returned, None) or (None, what it raised).

    gevent prints what a thread of its pool raises, though it is an ordinary answer such as NotFound.
    """
    try:
        return function(), None
    except Exception as error:
        return None, error


def read(function: Callable[[View], Result], heavy: bool = False) -> Result:
    """Call *function* with a `View` of this request's workspace; it returns plain data.

    It runs in a thread, in one snapshot. heavy: searches and exports, which have threads of their
    own and 10 seconds.
    """
    session = g.get("session") if has_request_context() else None
    reads: Reads = parts().reads
    return reads.run(g.workspace, session.agent if session else None, function, heavy=heavy)


def both(one: Query | None, other: Query | None) -> Query | None:
    """Return the query that both match; None stands for everything."""
    if one is None or other is None:
        return one if other is None else other
    return one & other
