"""Runs a recording through the engine's own pipeline, on a copy, with the recorded time as its clock."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from engine import facts, upgrade
from engine.clock import due_timers, fired
from engine.events import event
from engine.journal import Row
from engine.pipeline import Outcome, Pipeline
from engine.plugins import Registry
from engine.redact import ERASERS, MARK
from engine.replay.compare import Comparison
from engine.replay.copy import Copy
from engine.replay.recorded import Recorded, key_of
from engine.replay.setup import Setup
from engine.transaction import Transaction
from engine.working import Again, is_fatal

GROUP = 500  # rows that are committed together
TOGETHER = 64  # rows that are run without savepoints
RESULTS = ("job.finished", "job.expired")
SETTING = ("settings.changed", "action.requested")
AS_RECORDED = (*ERASERS, upgrade.TYPE)
OF_OURS = ("message.sent", "message.status", "message.reaction", "message.edited", "message.deleted")
Document = dict[str, Any]
Step = tuple[Document, str, Row | None]
"""An event, when it is taken up, and its row in the recording if it has one."""


class Timed(Pipeline):
    """A pipeline that knows how many seconds its facts, hooks and handlers took alone.

    What the working set takes to read and write rows for them meanwhile does not count as theirs.
    """

    store: Copy
    alone = 0.0

    def _record(self, tx: Transaction) -> str | None:
        error: str | None = self._timed(super()._record, tx)
        return error

    def _rounds(self, tx: Transaction, errors: list[Document]) -> list[Document]:
        done: list[Document] = self._timed(super()._rounds, tx, errors)
        return done

    def _timed(self, part: Callable[..., Any], *args: Any) -> Any:
        started, stored = time.perf_counter(), self.store.rows_seconds
        try:
            return part(*args)
        finally:
            self.alone += time.perf_counter() - started - (self.store.rows_seconds - stored)


class Runner:
    """One replay. counts: what the report opens with. differs: the first row that is not as recorded.

    As the writer does, it runs some events without savepoints, and all of them again with one for each where
    a part of them has to be undone alone. In another configuration each event has one from the start, as what
    follows from it depends on more.
    """

    def __init__(self, copy: Copy, registry: Registry, recorded: Recorded, setup: Setup) -> None:
        self.copy = copy
        self.registry = registry
        self.recorded = recorded
        self.setup = setup
        self.pipeline = Timed(copy, registry)
        self.counts: Counter[str] = Counter()
        self.comparison = Comparison(self._conversation_of)
        self.differs: int | None = None
        self.absent: dict[str, int] = {}
        self._todo: deque[Step] = deque()
        self._early: defaultdict[str, deque[Row]] = defaultdict(deque)
        self._open: defaultdict[str, list[str]] = defaultdict(list)
        self._reached: set[str] = set()
        self._next_due: str | None = ""
        self._alone = True
        for job in copy.documents.table("job").all():
            self._open[key_of(job)].append(job["id"])

    def run(
        self, rows: Iterable[Row], until: str | None = None, progress: Callable[[int], None] = lambda n: None
    ) -> None:
        """Take all *rows*, then, in another configuration, the timers due before *until*.

        progress is called with the number of rows taken so far.
        """
        self._commit()
        rest, done = iter(rows), 0
        while group := list(islice(rest, GROUP)):
            for start in range(0, len(group), TOGETHER):
                some = group[start : start + TOGETHER]
                (self._take_each if self.setup else self._take_all)(some)
                done += len(some)
                progress(done)
            self._commit()
        self._timers(until or self.copy.last_at)
        for waiting in self._early.values():
            for row in waiting:
                self._drop(row, "results dropped")
        self.copy.write()
        self.copy.connection.execute("COMMIT")

    def _commit(self) -> None:
        if not self.copy.connection.in_transaction:
            self.copy.connection.execute("BEGIN")
        self.copy.write()
        self.copy.connection.execute("COMMIT")
        self.copy.connection.execute("BEGIN")
        self.pipeline.hooks.forget()
        self.copy.working.go_on()  # most that was read is let go

    def _take_all(self, rows: list[Row]) -> None:
        """Take rows without savepoints; where a part of them has to be undone alone, again with them."""
        before = self._mark()
        self._alone = False
        try:
            with self.copy.undoable("rows"):
                self._take_each(rows)
                self.copy.working.flush()
            return
        except (Again, Exception) as error:
            if is_fatal(error):
                raise
        finally:
            self._alone = True
        self._back_to(before)
        self._take_each(rows)

    def _take_each(self, rows: list[Row]) -> None:
        for row in rows:
            self._install(row.seq)
            self._timers(row.at)
            self._take(row)
            self._work()

    def _mark(self) -> Any:
        """Return where all stands that rows change in the same configuration."""
        hooks, counts = self.pipeline.hooks.absent, Counter(self.counts)
        own = counts, self.differs, self._next_due, dict(self.absent), hooks
        return self.pipeline.mark(), self.comparison.mark(), own

    def _back_to(self, mark: Any) -> None:
        pipeline, comparison, own = mark
        self.counts, self.differs, self._next_due, self.absent, self.pipeline.hooks.absent = own
        self.comparison.back_to(comparison)
        self.pipeline.back_to(pipeline)
        self._todo.clear()

    def _install(self, seq: int) -> None:
        """Have plugins whose first start this is."""
        come = [name for name, first in self.absent.items() if first <= seq]
        if come or (self.absent and not self.pipeline.hooks.absent):
            for name in come:
                del self.absent[name]
            self.pipeline.hooks.absent = frozenset(self.absent)
            self.pipeline.hooks.reload()

    def _take(self, row: Row) -> None:
        recorded = row.transaction["event"]
        self.counts["recorded"] += 1
        if MARK in row.transaction or recorded["type"] in AS_RECORDED:
            self._keep(row)
            return
        came = facts.as_it_came(recorded)
        if came["type"] == "timer.fired":
            self._timer(row, recorded, came)
        elif came["type"] in RESULTS:
            self._result(row, recorded["data"])
        elif self._of_what_is_not_sent(came):
            self._drop(row, "echoes dropped")
        else:
            self.counts[f"from {came['origin']}"] += 1
            self._todo.append((self.setup.amend(came, self.registry), row.at, row))

    def _keep(self, row: Row) -> None:
        """Take a row as it is recorded: what led to it was erased, or the copy is upgraded already."""
        transaction = row.transaction
        upgrades = transaction["event"]["type"] == upgrade.TYPE
        changes = [] if upgrades else transaction["changes"]
        self.counts["upgrades" if upgrades else "erased"] += 1
        self.copy.keep(row, changes)
        self.pipeline.hooks.refresh(changes)
        self.comparison.take(transaction, transaction)
        self._next_due = ""
        for change in changes:
            job = change["collection"] == "job" and self.copy.documents.table("job").get(doc_id=change["id"])
            if job and change.get("new"):
                self._open[key_of(job)].append(change["id"])

    def _timer(self, row: Row, recorded: Document, came: Document) -> None:
        timer: Any = self.copy.documents.table("timer").get(doc_id=came["data"]["timer"])
        there = timer is not None and timer["due"] == came["data"]["due"]
        enabled = there and (timer["plugin"] == "core" or timer["plugin"] in self.pipeline.hooks.enabled)
        self._reached.add(row.event_id)
        if enabled or recorded["data"].get("plugin") is None:
            self.counts["timers"] += 1
            self._todo.append((came, row.at, row))
        else:
            self._drop(row, "timers dropped")

    def _result(self, row: Row, data: Document) -> None:
        """Use a result for the job that it is of, which in another configuration may have another id."""
        if "name" not in data or not self.setup:
            self.counts["results"] += 1
            self._todo.append((facts.as_it_came(row.transaction["event"]), row.at, row))
            return
        key = key_of(data)
        self.recorded.results[key] -= 1
        job = self._job(data["job"], key)
        if job is None:
            self._early[key].append(row)
        else:
            self._deliver(row, job, row.at)

    def _job(self, id: str, key: str) -> str | None:
        table = self.copy.documents.table("job")
        if table.get(doc_id=id):
            return id
        self._open[key] = [job for job in self._open[key] if table.get(doc_id=job)]
        return self._open[key][0] if self._open[key] else None

    def _deliver(self, row: Row, job: str, at: str) -> None:
        came = facts.as_it_came(row.transaction["event"])
        self.counts["results"] += 1
        if came["data"]["job"] != job:
            came["id"] = came["id"].replace(came["data"]["job"], job, 1)
            came["data"] = {**came["data"], "job": job}
        self._todo.append((came, at, row))

    def _of_what_is_not_sent(self, came: Document) -> bool:
        """Whether a gateway tells of a message that a call of ours sent, and that is not sent here."""
        if not self.setup or came["type"] not in OF_OURS:
            return False
        data = came["data"]
        ids = data.get("ids") or [data.get("target_id") or (data.get("message") or {}).get("id")]
        ours = [self.recorded.calls[id] for id in ids if id in self.recorded.calls]
        table = self.copy.documents.table("message")
        return len(ours) == len(ids) and not any(table.get(doc_id=message) for message in ours)

    def _drop(self, row: Row, why: str) -> None:
        self.counts[why] += 1
        self.comparison.take(row.transaction, None)

    def _work(self) -> None:
        while self._todo:
            came, at, row = self._todo.popleft()
            self.copy.at = at
            self.copy.row, self.copy.body = None, b""
            self.copy.raw = row.transaction.get("raw") if row else None
            outcome = self._run(came, {} if self.copy.raw is not None else None)
            self.comparison.take(row.transaction if row else None, self.copy.row)
            if row is not None and self.differs is None and self.copy.body != row.body.encode():
                self.differs = row.seq
            if outcome is not None:
                self._follow(outcome)

    def _run(self, came: Document, raw: Document | None) -> Outcome | None:
        for careful in (False, True):
            try:
                return self._try(came, raw, careful)
            except Again:
                if not self._alone:
                    raise
            except Exception as error:
                if is_fatal(error):
                    raise
                self.counts["not taken"] += 1
                break
        return None

    def _try(self, came: Document, raw: Document | None, careful: bool) -> Outcome:
        """Have an event run; where that raises, nothing of it is left."""
        before = self.pipeline.mark()
        self.copy.careful = careful
        try:
            if not self._alone:
                with self.copy.savepoint("event"):
                    return self.pipeline.run(came, raw)
            with self.copy.undoable("event"):
                outcome = self.pipeline.run(came, raw)
                self.copy.working.flush()  # what fails at that is this event's
                return outcome
        except BaseException:
            self.pipeline.back_to(before)
            raise

    def _follow(self, outcome: Outcome) -> None:
        touched = {change["collection"] for change in outcome.changes}
        if "plugin" in touched and self.setup and outcome.event["type"] in SETTING:
            self.copy.on_change = None
            self.setup.apply(self.copy.documents, self.registry)
            self.pipeline.hooks.reload()
        if touched & {"plugin", "timer"}:
            self._next_due = ""
        for job in outcome.jobs:
            self._job_made(job)

    def _job_made(self, job: Document) -> None:
        key = key_of(job)
        self._open[key].append(job["id"])
        if self._early[key]:
            self._deliver(self._early[key].popleft(), job["id"], self.copy.at)
        elif self.setup and self.recorded.results[key] <= 0 and not self.recorded.made(job["id"]):
            self._assume(job)

    def _assume(self, job: Document) -> None:
        """Nobody recorded what came of a call that was not made: it counts as sent, and delivered."""
        if job["queue"] != "send":
            self.counts["jobs without a result"] += 1
            return
        self.counts["assumed"] += 1
        gateway_id, at = f"replay-{job['id']}", self.copy.at
        result = {"job": job["id"], "result": {"outcome": "sent", "gateway_id": gateway_id}}
        self._todo.append((event("job.finished", job["id"], result, origin="job", occurred_at=at), at, None))
        message: Any = self.copy.documents.table("message").get(doc_id=job["args"].get("message", ""))
        if message:
            self._todo.append((self._delivered(message, gateway_id, at), at, None))

    def _delivered(self, message: Document, gateway_id: str, at: str) -> Document:
        """Return the event with which a gateway would tell that a message arrived."""
        conversation: Any = self.copy.documents.table("conversation").get(doc_id=message["conversation"])
        peer = {"chat_id": conversation["chat"], "kind": "user"}
        data = {"ids": [gateway_id], "status": "delivered", "peer": peer}
        key = f"{gateway_id}/delivered"
        return event("message.status", key, data, account=message["account"], occurred_at=at)

    def _timers(self, at: str) -> None:
        """In another configuration, fire the copy's own timers that are due and are in no row to come."""
        while self.setup and self._next_due is not None and self._next_due <= at:
            due, following = due_timers(
                self.copy.documents, lambda plugin: plugin in self.pipeline.hooks.enabled, at
            )
            new = [timer for timer in due if self._is_of_the_copy(fired(timer)["id"])]
            self._next_due = following
            if new:
                self._fire(new[0])

    def _is_of_the_copy(self, id: str) -> bool:
        return id not in self._reached and id not in self.recorded.timers

    def _fire(self, timer: Document) -> None:
        came = fired(timer)
        self._reached.add(came["id"])
        self._next_due = ""
        self.counts["timers of its own"] += 1
        self._todo.append((came, max(timer["due"], self.copy.last_at), None))
        self._work()

    def _conversation_of(self, action: Document, data: Document) -> str | None:
        """Return the conversation of an action, here or in the recording."""
        named = action["data"].get("conversation")
        if isinstance(named, str):
            return named
        result = action.get("result") if isinstance(action.get("result"), dict) else {}
        message = action["data"].get("message") or (result or {}).get("message")
        return self._of_message(message) if isinstance(message, str) else None

    def _of_message(self, id: str) -> str | None:
        found: Any = self.copy.documents.table("message").get(doc_id=id)
        return str(found["conversation"]) if found else self.recorded.conversation_of(id)
