"""One workspace in the engine: its store, writer, clock, and what is published of it."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson

from engine import erasure, snapshots, upgrade
from engine.clock import Clock
from engine.documents import Database
from engine.jobs import Enqueuer
from engine.pipeline import Outcome, Pipeline
from engine.plugins import Registry
from engine.secrets import Secrets
from engine.store import Reading, Store
from engine.watch import Watch
from engine.writer import Writer

CATCH_UP = 2000
Document = dict[str, Any]
log = logging.getLogger("replyai.engine")


class Workspace:
    """Everything that the engine holds of one workspace.

    publish(frames) sends frames to all who subscribed.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        registry: Registry,
        enqueuer: Enqueuer | None,
        publish: Callable[[list[Document]], None],
        *,
        watch: bool = False,
        secret_key: str | None = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.registry = registry
        self.secrets = Secrets(folder, secret_key)
        self.store = Store(folder / "replyai.db", registry.collections)
        self.pipeline = Pipeline(self.store, registry, Watch(folder if watch else None))
        self.writer = Writer(name, self.store, self.pipeline, self._committed)
        self.clock = Clock(self.reading, self.enabled, self.writer.submit, self._time)
        self._copying = threading.Lock()
        self._enqueuer = enqueuer
        self._publish = publish

    def enabled(self, plugin: str) -> bool:
        """Whether a plugin is on."""
        return plugin in self.pipeline.hooks.enabled

    def _time(self) -> str:
        """Return the time for the clock; where the wall clock was put forward, have that told."""
        if self.store.jumped():
            self.writer.submit([])
        return self.store.now()

    def start(self) -> None:
        """Begin to write and to fire timers."""
        self.begin()
        self.go_on()

    def begin(self) -> None:
        """Begin to write; upgrade documents that are of an older version."""
        self.writer.start()
        upgrade.run(self.store.path, self.registry.collections, self.writer)

    def go_on(self) -> None:
        """Begin to fire timers; finish an erasure that was cut short."""
        self.clock.start()
        if self.store.meta(erasure.PENDING) is not None:
            self.clean()

    def stop(self) -> None:
        """Finish what waits, then end."""
        self.clock.stop()
        self.writer.stop()
        self.writer.join(8)

    def reading(self) -> Reading:
        """Return a read-only view of the documents on a connection of its own."""
        return Reading(self.store.path, self.registry.collections)

    def submit(self, events: list[Document], raw: Document | None = None) -> "Future[list[Document]]":
        """Commit events; the future gets a result each."""
        return self.writer.submit(events, raw)

    def erase(self, contact: str) -> "Future[Document]":
        """Erase a contact, named by id or number; the future gets counts, ``clean``: no trace is left.

        It fails with `engine.erasure.NotErased` where there is none.
        """
        return self.writer.do(
            lambda _: erasure.erase_contact(self.pipeline, contact), lambda done: self._erased(done, True)
        )

    def expire(self, before: str, limit: int) -> "Future[Document | None]":
        """Erase what messages from before a time say, *limit* at most; None where there are none."""
        return self.writer.do(
            lambda _: erasure.expire_messages(self.pipeline, before, limit),
            lambda done: self._erased(done, False) if done else None,
        )

    def clean(self) -> "Future[bool]":
        """Clear what erasures left behind, if they did."""
        return self.writer.do(lambda _: None, lambda _: self._clean(True))

    def _clean(self, rewrite: bool) -> bool:
        with self._copying:
            return erasure.clean(self.store, self.folder, rewrite)

    def _erased(self, done: tuple[Outcome, Document], rewrite: bool) -> Document:
        outcome, counts = done
        self._committed([outcome])
        return {**counts, "clean": self._clean(rewrite)}

    def forget(self, before: str, connection: Any = None) -> int:
        """Delete raw webhooks of before a time; called by the writer with its connection."""
        return self.store.forget_raw(before)

    def keep_snapshot(self, every: int = snapshots.EVERY_ROWS) -> None:
        """Copy all documents, where the journal has grown by *every* rows since the last one."""
        with self._copying:
            if snapshots.due(self.folder, self.store.seq, every):
                snapshots.make(self.folder, self.registry.collections)

    def _committed(self, outcomes: list[Outcome]) -> None:
        frames: list[Document] = []
        touched: set[str] = set()
        for outcome in outcomes:
            if outcome.seq is not None:
                frames.append(self._frame(outcome.seq, outcome.event, outcome.changes, outcome.documents))
            frames += [{"workspace": self.name, "signal": signal} for signal in outcome.signals]
            for job in outcome.jobs if self._enqueuer else ():
                self._enqueuer.put(self.name, job)  # type: ignore[union-attr]
            touched.update([change["collection"] for change in outcome.changes])
        if frames:
            self._publish(frames)
        if "timer" in touched or "plugin" in touched:
            self.clock.moved()

    def _frame(
        self, seq: int, event: Document, changes: list[Document], documents: Iterable[Document | None]
    ) -> Document:
        shown = [_shown(*pair) for pair in zip(changes, documents, strict=True)]
        told = {key: event.get(key) for key in ("id", "type", "at", "origin", "account")}
        return {"workspace": self.name, "seq": seq, "event": told, "changes": shown}

    def frames_after(self, after: int) -> list[Document]:
        """Return the frames of what was committed after a sequence.

        Where that is over 2,000, the first one says ``resync`` in place of those left out.
        """
        documents = self.reading()
        connection = documents.connection
        try:
            rows = connection.execute(
                "SELECT seq, body FROM journal WHERE seq > ? ORDER BY seq DESC LIMIT ?", (after, CATCH_UP)
            ).fetchall()
            found = [(seq, orjson.loads(body)) for seq, body in reversed(rows)]
            frames = [
                self._frame(seq, row["event"], row["changes"], _now(row["changes"], documents))
                for seq, row in found
            ]
            if found and found[0][0] > after + 1:
                left_out = {"workspace": self.name, "seq": found[0][0] - 1, "event": {}, "changes": []}
                frames.insert(0, {**left_out, "resync": True})
            return frames
        finally:
            connection.close()


def _now(changes: list[Document], documents: Database) -> Iterator[Document | None]:
    for change in changes:
        yield documents.table(change["collection"]).get(doc_id=change["id"])


def _shown(change: Document, document: Document | None) -> Document:
    collection, id = change["collection"], change["id"]
    if change.get("deleted"):
        return {"collection": collection, "id": id, "fields": None, "doc": None}
    fields = change["put"]
    if "removed" in change:
        fields = {**fields, **dict.fromkeys(change["removed"])}
    return {"collection": collection, "id": id, "fields": fields, "doc": document}
