"""One transaction: an event, the actions that it caused, and what they did to documents."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from engine.actions import Action
from engine.documents import Database
from engine.documents.tables import table_name
from engine.events import Event
from engine.ids import document_id, seeded
from engine.store import Store

Subject = tuple[str, str]
ASKER = "agent"
ABOUT = ("message", "conversation", "contact")


class Duplicate(Exception):
    """Raised in step one: this says what is known already; nothing of it is kept."""


class Transaction:
    """What step (1) and the action handlers work on.

    documents: a TinyDB on the workspace; every write is remembered as a change.
    at: the time of this transaction; there is no other clock here.
    about: collection → id of what the event is about.
    """

    def __init__(self, store: Store, event: Event) -> None:
        self.store = store
        self.event = event
        self.documents: Database = store.documents
        self.at: str = event["at"]
        self.about: dict[str, str] = {}
        self.consequences: list[tuple[str, dict[str, Any]]] = []
        self.jobs: list[dict[str, Any]] = []
        self.signals: list[dict[str, Any]] = []
        self.asking = ("core", "core")
        self.action_id = ""
        self.why: str | None = None
        self.duplicate = False
        self._calls: Counter[str] = Counter()
        self._before: dict[Subject, str | None] = {}
        self._put_back: dict[Subject, int] = {}
        self._ordinals: dict[str, int] = {}

    @property
    def agent(self) -> str | None:
        """The agent who asks for the action that is being carried out; None where a plugin does."""
        return self.event["data"].get("agent") if self.is_request and self.asking[0] == ASKER else None

    @property
    def is_request(self) -> bool:
        """Whether a person or a program asks for actions."""
        return bool(self.event["type"] == "action.requested")

    def next_call(self, plugin: str, hook: str) -> int:
        """Return how often this hook was called before in this transaction, and count this call."""
        self._calls[f"{plugin}.{hook}"] += 1
        return self._calls[f"{plugin}.{hook}"] - 1

    def remember(self, collection: str, id: Any, before: str | None) -> None:
        """Keep a document as it was before the first write to it.

        One that is added has the last place among its kind, also where it was there before.
        """
        subject = (collection, str(id))
        if before is None and subject in self._before:
            self._put_back[subject] = self._places_before(subject)
            self._before[subject] = self._before.pop(subject)
        else:
            self._before.setdefault(subject, before)

    def new_id(self, plugin: str | None = None) -> str:
        """Return an id for a new document, the same in every replay."""
        plugin = plugin or self.asking[0]
        ordinal = self._ordinals.get(plugin, 0)
        self._ordinals[plugin] = ordinal + 1
        return document_id(self.event["id"], plugin, ordinal)

    def rng(self, *parts: str | int) -> random.Random:
        """Return a generator of this transaction's own."""
        return seeded(self.store.salt, self.event["id"], *parts)

    def get(self, collection: str, id: str | None) -> dict[str, Any] | None:
        """Return a document or None."""
        if id is None:
            return None
        found: Any = self.documents.table(collection).get(doc_id=id)
        return found  # type: ignore[no-any-return]

    def insert(self, collection: str, document: dict[str, Any]) -> dict[str, Any]:
        """Add *document*, whose ``id`` is set; return it."""
        self.documents.table(collection).insert(document)
        return document

    def update(self, collection: str, id: str, fields: dict[str, Any]) -> None:
        """Set fields of one document."""
        self.documents.table(collection).update(fields, doc_ids=[id])

    def replace(self, collection: str, id: str, document: dict[str, Any]) -> None:
        """Put *document* in the place of one of the same id."""

        def put(before: dict[str, Any]) -> None:
            before.clear()
            before.update(document)

        self.documents.table(collection).update(put, doc_ids=[id])

    def remove(self, collection: str, id: str) -> None:
        """Delete one document."""
        self.documents.table(collection).remove(doc_ids=[id])

    def consequence(self, type: str, data: dict[str, Any]) -> None:
        """Have the hooks of the next round hear of *type*."""
        self.consequences.append((type, data))

    def signal(self, type: str, data: dict[str, Any]) -> None:
        """Tell the browsers what matters only now."""
        self.signals.append({"type": type, "data": data})

    def timer(
        self, name: str, due: str, data: dict[str, Any] | None = None, plugin: str | None = None
    ) -> None:
        """Set the timer *name* of a plugin; one of the same name is moved."""
        plugin = plugin or self.asking[0]
        id = document_id(f"timer/{plugin}/{name}", plugin, 0)
        timer = {"id": id, "plugin": plugin, "name": name, "due": due, "data": data or {}}
        if self.get("timer", id):
            self.update("timer", id, timer)
        else:
            self.insert("timer", timer)

    def cancel(self, name: str, plugin: str | None = None) -> None:
        """Take a timer back, if it is set."""
        plugin = plugin or self.asking[0]
        self.remove_if("timer", document_id(f"timer/{plugin}/{name}", plugin, 0))

    def remove_if(self, collection: str, id: str) -> bool:
        """Delete a document if it is there; return whether it was."""
        there = self.get(collection, id) is not None
        if there:
            self.remove(collection, id)
        return there

    def job(self, name: str, args: dict[str, Any], *, queue: str = "work", deadline: float = 60.0) -> str:
        """Ask for a job; return its id. It is enqueued after the commit, at most once called if on ``send``.

        deadline: seconds for the whole call.
        """
        action = self.action_id
        if not action or any(job["action"] == action for job in self.jobs):
            action = self.new_id("job")
        return self.add_attempt(action, 1, {"name": name, "args": args, "queue": queue, "deadline": deadline})

    def add_attempt(self, action: str, attempt: int, what: dict[str, Any]) -> str:
        """Make the job document of one attempt and have it enqueued; return its id."""
        workspace = self.get("workspace", "main") or {}
        job = {
            "id": f"{action}-{attempt}",
            "action": action,
            "attempt": attempt,
            **{key: what[key] for key in ("name", "args", "queue", "deadline")},
            "state": "queued",
            "created_at": self.at,
            "epoch": workspace.get("epoch"),
        }
        self.insert("job", job)
        self.jobs.append(job)
        return str(job["id"])

    def changes(self) -> list[dict[str, Any]]:
        """Return what this transaction did, per document: ``{collection, id, put, removed}`` or deleted."""
        return [
            change for subject, before in self._before.items() if (change := self._change(subject, before))
        ]

    def _change(self, subject: Subject, before: str | None) -> dict[str, Any] | None:
        collection, id = subject
        after = self.get(collection, id)
        old = orjson.loads(before) if before is not None else None
        if after is None:
            return {"collection": collection, "id": id, "deleted": True} if old is not None else None
        again = subject in self._put_back and self._added(subject)
        was = {} if again else old or {}
        put = {key: value for key, value in after.items() if key not in was or not same(was[key], value)}
        removed = [key for key in old or {} if key not in after]
        if not put and not removed:
            return None
        change: dict[str, Any] = {"collection": collection, "id": id, "put": put}
        if removed:
            change["removed"] = removed
        if old is None or again:
            change["new"] = True
        return change

    def _added(self, subject: Subject) -> bool:
        """Whether a document was deleted and added again, and that not undone."""
        place = self._place(subject)
        return place is not None and place > self._put_back[subject]

    def _place(self, subject: Subject) -> int | None:
        select = f"SELECT pos FROM {table_name(subject[0])} WHERE id = ?"
        row = self.store.connection.execute(select, (subject[1],)).fetchone()
        return int(row[0]) if row else None

    def _places_before(self, subject: Subject) -> int:
        """Return the last place that was given before a document which is, or was just, added again."""
        place = self._place(subject)
        if place is not None:
            return place - 1
        select = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        row = self.store.connection.execute(select, (f"doc_{subject[0]}",)).fetchone()
        return int(row[0]) if row else 0

    def subjects(self, actions: list[dict[str, Any]], changes: list[dict[str, Any]]) -> Iterator[Subject]:
        """Yield (collection, id) of all that this transaction is about."""
        yield from self.about.items()
        yield from ((change["collection"], change["id"]) for change in changes)
        for done in actions:
            yield "action", done["id"]
            yield from ((key, done["data"][key]) for key in ABOUT if isinstance(done["data"].get(key), str))


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are written alike (1 and True, 1 and 1.0 are not)."""
    return type(one) is type(other) and orjson.dumps(one) == orjson.dumps(other)


def described(action: Action) -> dict[str, Any]:
    """Return an action as the journal keeps it, before it is carried out."""
    return {"type": action["type"], "data": action["data"], "why": action.get("why")}
