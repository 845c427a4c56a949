"""The one writer of a workspace: takes all that waits, commits it together, then tells."""

import logging
import os
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from engine.crash import point
from engine.events import Event, EventError, check, event
from engine.pipeline import Outcome, Pipeline
from engine.raw import packed
from engine.store import Store
from engine.working import BROKEN, Again, code_of, is_fatal

GROUP = 64
EX_SOFTWARE, EX_IOERR = 70, 74  # sysexits.h
log = logging.getLogger("replyai.engine")


class StoreFull(RuntimeError):
    """There is no room on the disk; nothing of this was kept, and it may be tried again later."""


@dataclass
class Batch:
    """Events that are committed all or not at all; `future` gets their results after the commit."""

    events: list[Event]
    raw: dict[str, Any] | None = None
    future: "Future[list[dict[str, Any]]]" = field(default_factory=Future)
    outcomes: list[Outcome] = field(default_factory=list)
    failed: bool = False

    def fail(self, error: BaseException) -> None:
        """Tell that nothing of it was kept."""
        self.failed = True
        self.outcomes.clear()
        self.future.set_exception(error)


@dataclass
class Task:
    """Something else that the writer does on its connection, in a transaction of its own.

    after(result) is called once it is committed, outside any transaction; what it returns is the result.
    """

    function: Callable[[sqlite3.Connection], Any]
    after: Callable[[Any], Any] | None = None
    future: "Future[Any]" = field(default_factory=Future)


class Writer(threading.Thread):
    """Runs a workspace's pipeline; the only one that writes its file.

    committed(outcomes) is called after each commit, on this thread, in order.
    """

    def __init__(
        self, name: str, store: Store, pipeline: Pipeline, committed: Callable[[list[Outcome]], None]
    ) -> None:
        super().__init__(name=f"writer-{name}", daemon=True)
        self.store = store
        self.pipeline = pipeline
        self.committed = committed
        self.waiting: queue.SimpleQueue[Batch | Task | None] = queue.SimpleQueue()
        self.groups = 0

    def submit(self, events: list[Any], raw: dict[str, Any] | None = None) -> "Future[list[dict[str, Any]]]":
        """Take up *events*, all or nothing; EventError where one is no event."""
        batch = Batch([check(event) for event in events], raw and packed(raw))
        self.waiting.put(batch)
        return batch.future

    def do(
        self, function: Callable[[sqlite3.Connection], Any], after: Callable[[Any], Any] | None = None
    ) -> "Future[Any]":
        """Have *function* called with the connection, inside a transaction, and *after* behind it."""
        task = Task(function, after)
        self.waiting.put(task)
        return task.future

    def stop(self) -> None:
        """Finish what waits, then end."""
        self.waiting.put(None)

    def run(self) -> None:
        """Take groups until told to stop; a writer that fails ends the process, to be started again."""
        try:
            self._write()
        except BaseException:
            log.exception("the writer failed")
            os._exit(EX_SOFTWARE)

    def _write(self) -> None:
        while (first := self.waiting.get()) is not None:
            group, last = self._group(first)
            if group:
                self._commit([*self._jump(), *group])
            if isinstance(last, Task):
                self._do(last)
            elif last == "stop":
                break
        self.store.close()

    def _jump(self) -> list[Batch]:
        """Return the event that the wall clock was put forward, before those that will see it."""
        seconds = self.store.jumped()
        if not seconds:
            return []
        key = f"{self.store.seq + 1}/{seconds:.6f}"
        return [Batch([event("clock.jumped", key, {"seconds": seconds}, origin="system")], None)]

    def _group(self, first: Batch | Task) -> tuple[list[Batch], Task | str | None]:
        """Return the batches that wait (at most 64 events), and what ended the group."""
        if isinstance(first, Task):
            return [], first
        group, count = [first], len(first.events)
        while count < GROUP:
            try:
                item = self.waiting.get_nowait()
            except queue.Empty:
                return group, None
            if item is None:
                return group, "stop"
            if isinstance(item, Task):
                return group, item
            group.append(item)
            count += len(item.events)
        return group, None

    def _commit(self, group: list[Batch]) -> None:
        point("pre_append")
        before = self.pipeline.mark()
        try:
            self._attempt(group)
        except BaseException as error:
            self.pipeline.back_to(before)
            self._failed(group, error)
            return
        self.groups += 1
        done = [batch for batch in group if not batch.failed]
        try:
            self.committed([outcome for batch in done for outcome in batch.outcomes])
        except Exception:
            log.exception("what was committed could not be published")
        point("pre_reply")
        for batch in done:
            batch.future.set_result([outcome.result for outcome in batch.outcomes])

    def _attempt(self, group: list[Batch]) -> None:
        """Run a group without savepoints; where a part of it has to be undone alone, again with them."""
        before = self.pipeline.mark()
        self.store.careful = False
        try:
            self._run_all(group)
        except Again:
            self.pipeline.back_to(before)
            for batch in group:
                batch.outcomes.clear()
            self.store.careful = True
            self._run_all(group)
        finally:
            self.store.careful = True
            self.pipeline.hooks.forget()

    def _run_all(self, group: list[Batch]) -> None:
        with self.store.transaction(goes_on=True):
            for batch in group:
                if not batch.failed:
                    self._run(batch)
            point("in_transaction")

    def _run(self, batch: Batch) -> None:
        """Run one batch; what goes wrong in it undoes it alone, but for the disk's own trouble."""
        before = self.pipeline.mark()
        try:
            with self.store.savepoint("batch"):
                if not batch.events and batch.raw is not None:
                    self._quarantine(batch)
                raw = batch.raw
                for event in batch.events:
                    outcome = self.pipeline.run(event, raw)
                    raw = None if outcome.seq is not None else raw  # kept with the first new row
                    batch.outcomes.append(outcome)
        except (Exception, SystemExit) as error:
            if is_fatal(error):
                raise
            self.pipeline.back_to(before)
            batch.fail(error)

    def _quarantine(self, batch: Batch) -> None:
        from engine import times

        assert batch.raw is not None
        self.store.keep_raw(times.now(), batch.raw, None)

    def _failed(self, group: list[Batch], error: BaseException) -> None:
        """Tell a group's batches that they failed; each has one try alone, so that none fails for another."""
        _give_up_on_broken_disk(error)
        if _is_full(error):
            error = StoreFull("the disk is full")
        elif len(group) > 1:
            for batch in group:
                batch.outcomes.clear()
                if not batch.failed:
                    self._commit([batch])
            return
        for batch in group:
            if not batch.failed:
                batch.fail(error)

    def _do(self, task: Task) -> None:
        try:
            result = self._in_transaction(task.function)
            if task.after is not None:
                result = task.after(result)
            task.future.set_result(result)
        except BaseException as error:
            _give_up_on_broken_disk(error)
            task.future.set_exception(StoreFull("the disk is full") if _is_full(error) else error)

    def _in_transaction(self, function: Callable[[sqlite3.Connection], Any]) -> Any:
        before, seq = self.pipeline.mark(), self.store.seq
        try:
            with self.store.transaction():
                return function(self.store.connection)
        except BaseException:
            if self.store.seq != seq:
                self.pipeline.back_to(before)
            raise
        finally:
            self.pipeline.hooks.forget()


def _is_full(error: BaseException) -> bool:
    return code_of(error) == sqlite3.SQLITE_FULL


def _give_up_on_broken_disk(error: BaseException) -> None:
    """After an I/O error nothing that this connection says can be trusted: end without an answer."""
    if code_of(error) in BROKEN:
        print(f"replyai engine: the disk failed: {error}", file=sys.stderr, flush=True)
        os._exit(EX_IOERR)


__all__ = ["Batch", "EventError", "StoreFull", "Task", "Writer"]
