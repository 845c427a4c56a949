"""From one event to one row of the journal: record the fact, ask the hooks, carry out the actions."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from engine import facts
from engine.actions import Action, Refused
from engine.events import Event, copied
from engine.hooks import Checked, HookRunner
from engine.plugins import Registry
from engine.store import Store
from engine.transaction import ASKER, Duplicate, Transaction, described
from engine.watch import Watch
from engine.working import is_fatal

ROUNDS = 8
ACTIONS_PER_EVENT = 2000


@dataclass
class Outcome:
    """What came of one event.

    result: what the one who submitted it is told.
    seq: its row, or None where no row was written.
    changes, jobs, signals: what is to be published and enqueued once it is committed.
    documents: what each of the changes made of its document, None where it is deleted.
    """

    result: dict[str, Any]
    seq: int | None = None
    event: Event = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any] | None] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """An action that was asked for, by whom."""

    plugin: str
    hook: str
    action: Action


def answer(seq: int, transaction: dict[str, Any], *, duplicate: bool) -> dict[str, Any]:
    """Return what the submitter of a transaction is told, from its row."""
    keys = ("id", "type", "status", "reason", "result")
    shown = [{key: done.get(key) for key in keys} for done in transaction["actions"]]
    return {"seq": seq, "duplicate": duplicate, "event_id": transaction["event"]["id"], "actions": shown}


class Pipeline:
    """One workspace's way from event to row; used by its one writer."""

    def __init__(self, store: Store, registry: Registry, watch: Watch | None = None) -> None:
        self.store = store
        self.registry = registry
        self.watch = watch or Watch(None)
        self.hooks = HookRunner(store, registry, self.watch)
        self.dropped = 0

    def mark(self) -> Any:
        """Return where the store stands, and what was counted."""
        return self.store.mark(), self.dropped, self.hooks.mark()

    def back_to(self, mark: Any) -> None:
        """Stand there again: what came since was undone, so it does not count either."""
        store, self.dropped, counts = mark
        self.store.back_to(store)
        self.hooks.back_to(counts)
        self.hooks.reload()

    def run(self, event: Event, raw: dict[str, Any] | None = None) -> Outcome:
        """Take up *event*; must be called inside a database transaction, whose commit ends it.

        Nothing is changed in *event*, so it can be taken up again where all was undone.
        """
        event = facts.canonical({**event, "data": dict(event["data"])}, self.store)
        if known := self.store.row_of(event["id"]):
            return self._again(event, *known)
        if facts.ignored(event):
            self.dropped += 1
            return Outcome(
                {"seq": None, "duplicate": False, "dropped": True, "event_id": event["id"], "actions": []}
            )
        if event["type"] == "documents.imported":
            facts.system.check_import(event["data"], self.store.documents, self.store.knows)
        event["at"] = self.store.now()
        self.store.working.begin()
        tx = Transaction(self.store, event, self.registry.supports)
        self.store.on_change = tx.remember
        error = self._record(tx)
        if tx.duplicate:
            return Outcome({"seq": None, "duplicate": True, "event_id": event["id"], "actions": []})
        errors: list[dict[str, Any]] = []
        actions = [] if error else self._rounds(tx, errors)
        return self._row(tx, actions, errors, raw, error)

    def _again(self, event: Event, seq: int, row: dict[str, Any]) -> Outcome:
        result = answer(seq, row, duplicate=True)
        if event["type"] == "action.requested":
            result["conflict"] = row["event"]["data"] != copied(event["data"])
        return Outcome(result)

    def _record(self, tx: Transaction) -> str | None:
        try:
            with self.store.savepoint("fact"):
                facts.record(tx)
        except Duplicate:
            tx.duplicate = True
        except (Exception, SystemExit) as error:
            if is_fatal(error):
                raise
            tx.consequences.clear()
            tx.jobs.clear()
            return f"{type(error).__name__}: {error}"
        return None

    def _row(
        self,
        tx: Transaction,
        actions: list[dict[str, Any]],
        errors: list[dict[str, Any]],
        raw: dict[str, Any] | None,
        error: str | None,
    ) -> Outcome:
        changes = tx.changes()
        row: dict[str, Any] = {"event": tx.event, "actions": actions, "changes": changes}
        if errors:
            row["errors"] = errors
        if error:
            row["error"] = error
            raw = {
                **(raw or {"body": orjson.dumps(tx.event), "account": tx.event["account"]}),
                "reason": error,
            }
        if raw is not None:
            row["raw"] = self.store.keep_raw(tx.at, raw, self.store.seq + 1)
        seq = self.store.append(row, tx.subjects(actions, changes))
        self.hooks.refresh(changes)
        result = answer(seq, row, duplicate=False)
        if error:
            result["error"] = error
        documents = [tx.after(change) for change in changes]
        return Outcome(result, seq, tx.event, changes, tx.jobs, tx.signals, documents)

    def _rounds(self, tx: Transaction, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
        heard = [(tx.event["type"], tx.event["data"]), *tx.consequences]
        path: list[list[tuple[str, dict[str, Any]]]] = []
        done: list[dict[str, Any]] = []
        asked = [
            Wanted(ASKER, "action_requested", a) for a in tx.event["data"].get("actions", ()) if tx.is_request
        ]
        for _ in range(ROUNDS):
            tx.consequences = []
            path.append(heard)
            left = ACTIONS_PER_EVENT - len(done) - len(asked)
            wanted = asked + [Wanted(*asking) for asking in self.hooks.call_all(tx, heard, errors, left)]
            asked = []
            for want in wanted:
                done.append(self._carry_out(tx, want, errors))
            if len(done) >= ACTIONS_PER_EVENT:
                return self._cut(done, errors, f"cut after {ACTIONS_PER_EVENT} actions", path)
            heard = tx.consequences
            if not heard:
                return done
        return self._cut(done, errors, f"cut after {ROUNDS} rounds", path)

    def _cut(
        self,
        done: list[dict[str, Any]],
        errors: list[dict[str, Any]],
        why: str,
        path: list[list[tuple[str, dict[str, Any]]]],
    ) -> list[dict[str, Any]]:
        """Report that what plugins asked for had no end."""
        steps = [" ".join(type for type, _ in heard) for heard in path]
        shown = " → ".join(step if len(step) < 200 else f"{step[:200]}…" for step in steps)
        errors.append({"plugin": "core", "hook": "rounds", "error": f"{why}: {shown}"})
        return done

    def _carry_out(self, tx: Transaction, want: Wanted, errors: list[dict[str, Any]]) -> dict[str, Any]:
        entry = {
            "id": tx.new_id(want.plugin),
            "plugin": want.plugin,
            "hook": want.hook,
            **described(want.action),
        }
        tx.asking, tx.action_id, tx.why = (want.plugin, want.hook), entry["id"], entry["why"]
        before = len(tx.consequences), len(tx.jobs), len(tx.signals)
        try:
            with self.store.savepoint("action"):
                entry["result"] = self._handle(tx, want.action)
            entry["status"] = "done"
        except Refused as refusal:
            entry.update(status="refused", reason=refusal.reason)
        except (Exception, SystemExit) as error:
            if is_fatal(error):
                raise
            text = f"{type(error).__name__}: {error}"
            entry.update(status="failed", reason=text)
            errors.append(
                self.hooks.problem(tx, self._owner(want.action), f"action {want.action['type']}", text)
            )
        finally:
            tx.asking, tx.action_id, tx.why = ("core", "core"), "", None
        if entry["status"] != "done":
            del tx.consequences[before[0] :], tx.jobs[before[1] :], tx.signals[before[2] :]
        return entry

    def _owner(self, action: Action) -> str:
        kind = self.registry.actions.get(action["type"])
        return kind.plugin if kind else "core"

    def _handle(self, tx: Transaction, action: Action) -> Any:
        kind = self.registry.actions.get(action["type"])
        if kind is None:
            raise Refused(f"no plugin here carries out {action['type']}")
        if kind.plugin != "core" and kind.plugin not in self.hooks.enabled:
            raise Refused(f"the plugin {kind.plugin} is off")
        data = action.loaded if isinstance(action, Checked) else None
        if data is None:
            data = self.hooks.checked(kind, copied(action["data"]), tx.event["id"])
        self.watch.enter(tx.event["id"], kind.plugin, f"action {kind.type}")
        try:
            result = kind.handler(data, tx)
        finally:
            self.watch.leave()
        if kind.past:
            tx.consequence(kind.past, {**action["data"], **(result or {})})
        return result
