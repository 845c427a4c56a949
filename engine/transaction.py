"""One transaction: an event, the actions that it caused, and what they did to documents."""

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from engine.actions import Action
from engine.documents import Database
from engine.documents.tables import table_name
from engine.events import Event
from engine.ids import document_id, draw, seeded
from engine.store import Store
from engine.working import Held

Document = dict[str, Any]
Subject = tuple[str, str]
NONE: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
ASKER = "agent"
ABOUT = ("message", "conversation", "contact")


class Duplicate(Exception):
    """Raised in step one: this says what is known already; nothing of it is kept."""


class Transaction:
    """What step (1) and the action handlers work on.

    at: the time of this transaction; there is no other clock here.
    about: collection → id of what the event is about.
    supports: gateway → what its adapter says that it can do.
    """

    def __init__(self, store: Store, event: Event, supports: Mapping[str, Mapping[str, Any]] = NONE) -> None:
        self.store = store
        self.supports = supports
        self.event = event
        self.working = store.working
        self.at: str = event["at"]
        self.about: dict[str, str] = {}
        self.consequences: list[tuple[str, dict[str, Any]]] = []
        self.jobs: list[dict[str, Any]] = []
        self.signals: list[dict[str, Any]] = []
        self.asking = ("core", "core")
        self.action_id = ""
        self.why: str | None = None
        self.duplicate = False
        self._calls: dict[tuple[str, str], int] = {}
        self._before: dict[Subject, dict[str, Any] | None] = {}
        self._fields: dict[Subject, set[str] | None] = {}
        self._put_back: dict[Subject, int] = {}
        self._ordinals: dict[str, int] = {}
        self._made: set[str] = set()

    @property
    def documents(self) -> Database:
        """A TinyDB on the workspace; every write is remembered as a change."""
        return self.store.documents

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
        before = self._calls.get((plugin, hook), 0)
        self._calls[plugin, hook] = before + 1
        return before

    def remember(self, collection: str, id: Any, before: str | None) -> None:
        """Keep a document as its JSON text was before somebody writes it; None where there was none."""
        self._remember((collection, str(id)), orjson.loads(before) if before else None, None)

    def _remember(self, subject: Subject, before: Document | None, changed: Document | None) -> None:
        """Keep a document as it was before the first write to it, and which fields are written (all: None).

        One that is added has the last place among its kind, also where it was there before.
        """
        if subject not in self._before:
            self._before[subject] = before
            self._fields[subject] = set(changed) if changed is not None else None
            return
        if before is None:
            self._put_back[subject] = self._places_before(subject)
            self._before[subject] = self._before.pop(subject)
        fields = self._fields[subject]
        if changed is None or fields is None:
            self._fields[subject] = None
        else:
            fields.update(changed)

    def new_id(self, plugin: str | None = None) -> str:
        """Return an id for a new document, the same in every replay."""
        plugin = plugin or self.asking[0]
        ordinal = self._ordinals.get(plugin, 0)
        self._ordinals[plugin] = ordinal + 1
        made = document_id(self.event["id"], plugin, ordinal)
        self._made.add(made)
        return made

    def rng(self, *parts: str | int) -> random.Random:
        """Return a generator of this transaction's own."""
        return seeded(self.store.salt, self.event["id"], *parts)

    def draw(self, *parts: str | int) -> float:
        """Return a number between 0 and 1 that depends on the workspace's salt and *parts* alone.

        Unlike `rng` it is the same in every transaction: a preview can tell it before.
        """
        return draw(self.store.salt, *parts)

    def get(self, collection: str, id: str | None) -> dict[str, Any] | None:
        """Return a document or None."""
        held = self.working.held(collection, str(id)) if id is not None else None
        return orjson.loads(held.text) if held is not None else None

    def first(self, collection: str, **fields: Any) -> dict[str, Any] | None:
        """Return the first document with these values in an index's fields (or text in a list), or None."""
        held = self.working.first(collection, fields)
        return orjson.loads(held.text) if held is not None else None

    def insert(self, collection: str, document: dict[str, Any]) -> dict[str, Any]:
        """Add *document*, whose ``id`` is set; return it."""
        self.working.insert(collection, document, is_new=document.get("id") in self._made)
        self._remember((collection, document["id"]), None, None)
        return document

    def update(self, collection: str, id: str, fields: dict[str, Any]) -> None:
        """Set fields of one document."""
        held = self.working.held(collection, id)
        if held is not None:
            self._put(collection, held, {**held.content, **fields}, fields)

    def replace(self, collection: str, id: str, document: dict[str, Any]) -> None:
        """Put *document* in the place of one of the same id."""
        held = self.working.held(collection, id)
        if held is not None:
            self._put(collection, held, dict(document))

    def _put(self, collection: str, held: Held, content: Document, changed: Document | None = None) -> None:
        text = self.working.encode(collection, held, content)
        if text != held.text:
            self._remember((collection, held.id), held.content, changed)
            self.working.update(collection, held, text, content)

    def remove(self, collection: str, id: str) -> None:
        """Delete one document."""
        held = self.working.held(collection, id)
        if held is not None:
            self._remember((collection, id), held.content, None)
            self.working.remove(collection, held)

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
        there = self.working.held(collection, id) is not None
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

    def after(self, change: dict[str, Any]) -> dict[str, Any] | None:
        """Return the document of one of the `changes` as it is now, not to be changed."""
        held = self.working.held(change["collection"], change["id"])
        return held.content if held is not None else None

    def _change(self, subject: Subject, old: dict[str, Any] | None) -> dict[str, Any] | None:
        collection, id = subject
        held = self.working.held(collection, id)
        if held is None:
            return {"collection": collection, "id": id, "deleted": True} if old is not None else None
        after = held.content
        again = subject in self._put_back and self._added(subject)
        put = after if again or old is None else _differing(old, after, self._fields[subject])
        removed = [key for key in old if key not in after] if old else []
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
        self.working.flush_of(subject[0])
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

    def subjects(self, actions: list[dict[str, Any]], changes: list[dict[str, Any]]) -> list[Subject]:
        """Return (collection, id) of all that this transaction is about."""
        found = [*self.about.items(), *[(change["collection"], change["id"]) for change in changes]]
        for done in actions:
            found.append(("action", done["id"]))
            found += [(key, done["data"][key]) for key in ABOUT if isinstance(done["data"].get(key), str)]
        return found


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are written alike (1 and True, 1 and 1.0 are not)."""
    if one != other or type(one) is not type(other):
        return False
    return type(one) in _SIMPLE or orjson.dumps(one) == orjson.dumps(other)


_SIMPLE = frozenset((str, int, bool, type(None)))


def _differing(old: Document, new: Document, fields: set[str] | None) -> Document:
    """Return the fields that are another value now, in their order; those of *fields* alone may be."""
    return {
        key: value
        for key, value in new.items()
        if (fields is None or key in fields) and not (key in old and same(old[key], value))
    }


def described(action: Action) -> dict[str, Any]:
    """Return an action as the journal keeps it, before it is carried out."""
    return {"type": action["type"], "data": action["data"], "why": action.get("why")}
