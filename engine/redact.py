"""What is left of documents and of the journal's rows once somebody's data is erased: plain functions.

The same function is used on a document as it lies there and on each change that the journal
holds of it. So the documents that come out of the journal again are those that are there.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Document = dict[str, Any]
Subject = tuple[str, str]
NAME = "—"
MARK = "erased"
LEAST = 7  # characters of a number's digits that are looked for anywhere
ERASERS = ("contact.erased", "messages.expired")
REFERENCES = frozenset(
    {
        "account",
        "agent",
        "before",
        "contact",
        "conversation",
        "due",
        "job",
        "label",
        "message",
        "plugin",
        "team",
        "timer",
        "until",
        "verdict",
    }
)
"""What stays of an action's or event's data: ids and times."""
_CONTACT: Document = {"name": NAME, "names": {}, "phone": None, "aliases": [], "lids": {}, "books": {}}
_CONVERSATION = frozenset(
    {
        "id",
        "account",
        "contact",
        "status",
        "handler",
        "assignee",
        "team",
        "episode",
        "unread",
        "labels",
        "last_message_at",
        "created_at",
        "opened_at",
        "resolved_at",
        "snoozed_until",
        "erased_at",
    }
)
_MESSAGE = frozenset(
    {
        "id",
        "conversation",
        "account",
        "direction",
        "kind",
        "status",
        "status_at",
        "at",
        "occurred_at",
        "origin",
        "attempts",
        "lane",
        "edited_at",
        "deleted_at",
        "played_at",
        "erased_at",
    }
)
_NOTHING = ("text", "media", "location", "contacts", "reply_to", "interactive", "gateway_id", "client_id")
_MESSAGE_EMPTY: Document = {**dict.fromkeys(_NOTHING), "why": None, "error": None, "reactions": []}
_REFERRING = ("args", "data")
_SAID = ("chat", "gateway_id", "levels", "echo", "error", "event")
_UNDER_WAY: dict[str, Document] = {
    "job": dict.fromkeys(
        ("id", "action", "attempt", "name", "queue", "deadline", "state", "created_at", "epoch")
    ),
    "timer": dict.fromkeys(("id", "plugin", "name", "due")),
    "parked": {"id": "", "account": "", "chat": None, "gateway_id": None, "levels": [], "echo": None},
    "problem": {"id": "", "plugin": "", "hook": "", "kind": "", "at": "", "error": MARK, "event": MARK},
}
TRANSIENT = tuple(_UNDER_WAY)
"""Collections of what is under way or went wrong."""
KEPT = ("contact", "conversation", "message")
"""Collections of which something stays; documents of others are deleted."""


@dataclass(frozen=True)
class Erased:
    """What is erased: (collection, id) of documents, and digits and chats that may stand nowhere."""

    subjects: frozenset[Subject]
    needles: tuple[str, ...] = ()

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids of all documents that are erased."""
        return frozenset(id for _, id in self.subjects)


def needles_of(contact: Document) -> tuple[str, ...]:
    """Return what may stand nowhere any more: a contact's numbers, and chats that have none."""
    found = set()
    for alias in [*contact["aliases"], contact.get("phone") or ""]:
        user = alias.partition("@")[0].lstrip("+")
        if alias:
            found.add(user if len(user) >= LEAST else alias)
    return tuple(sorted(found, key=len, reverse=True))


def document(collection: str, id: str, fields: Document) -> Document:
    """Return what is left of a document's *fields*, all or some of them."""
    if collection == "contact":
        return {key: _CONTACT.get(key, value) for key, value in fields.items() if _of_contact(key)}
    if collection == "conversation":
        return _conversation(id, fields)
    if collection == "message":
        return _message(fields)
    if collection in TRANSIENT:
        return _under_way(collection, fields)
    return {"id": id} if "id" in fields else {}


def _under_way(collection: str, fields: Document) -> Document:
    """Return what is left of a job, timer, parked word or failure: enough to be understood in a replay."""
    left = {}
    for key, value in fields.items():
        if key in _REFERRING:
            left[key] = references(value)
        elif key in _UNDER_WAY[collection]:
            left[key] = _UNDER_WAY[collection][key] if key in _SAID else value
    return left


def _of_contact(key: str) -> bool:
    return key in _CONTACT or key in ("id", "created_at", "erased_at")


def _conversation(id: str, fields: Document) -> Document:
    kept = {key: value for key, value in fields.items() if key in _CONVERSATION}
    if "chat" in fields:
        kept["chat"] = f"{id}@{MARK}"
    if "last_message" in fields:
        kept["last_message"] = snippet(fields["last_message"])
    return kept


def snippet(last: Document | None) -> Document | None:
    """Return what is left of a conversation's ``last_message``."""
    return {**last, "text": "", "author": author(last.get("author"))} if last else last


def author(who: Document | None) -> Document | None:
    """Return who wrote, without a contact's name."""
    return {**who, "name": None} if who and who.get("kind") == "contact" else who


def _message(fields: Document) -> Document:
    kept = {key: value for key, value in fields.items() if key in _MESSAGE}
    kept |= {key: value for key, value in _MESSAGE_EMPTY.items() if key in fields}
    if "author" in fields:
        kept["author"] = author(fields["author"])
    return kept


def references(data: Any) -> Document:
    """Return only the ids and times of an action's or event's data."""
    if not isinstance(data, dict):
        return {}
    return {key: data[key] for key in data if key in REFERENCES and not isinstance(data[key], dict | list)}


def scrub(value: Any, needles: tuple[str, ...]) -> Any:
    """Return *value* with *needles* taken out of every text in it."""
    if isinstance(value, str):
        for needle in needles:
            value = value.replace(needle, MARK)
        return value
    if isinstance(value, list):
        return [scrub(item, needles) for item in value]
    if isinstance(value, dict):
        return {scrub(key, needles): scrub(item, needles) for key, item in value.items()}
    return value


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def mentions(value: Any, ids: Collection[str]) -> bool:
    """Whether one of *ids* stands in a JSON value as a text of its own."""
    return any(text in ids for text in texts(value))


def tells_of(value: Any, ids: Collection[str], needles: tuple[str, ...]) -> bool:
    """Whether one of *ids*, or anywhere one of *needles*, stands in a JSON value."""
    return any(text in ids or any(needle in text for needle in needles) for text in texts(value))


def row(transaction: Document, erased: Erased, by: int, whole: bool) -> Document:
    """Return what is left of a row of the journal; *by* is the sequence of the row that erases.

    whole: the event itself is about who is erased; else only numbers are taken out of it.
    """
    left = {**transaction, MARK: by}
    if whole:
        left["event"] = event(left["event"], left["actions"], erased)
        left["actions"] = [_action(done, erased, left["event"]) for done in left["actions"]]
        left["changes"] = [_change(change, erased) for change in left["changes"]]
        if "errors" in left:
            left["errors"] = [{**error, "error": MARK} for error in left["errors"]]
        if "error" in left:
            left["error"] = MARK
    left = dict(scrub(left, erased.needles))
    if left["event"]["id"] != transaction["event"]["id"]:
        told = left["event"]
        told["id"] = f"{told['account'] or '-'}/{told['type']}/{MARK}-{left['seq']}"
    return left


def event(told: Document, done: list[Document], erased: Erased) -> Document:
    """Return what is left of an event about who is erased; *done* are the actions that it caused."""
    data = told["data"]
    if told["type"] in ERASERS:
        return told
    if told["type"] == "action.requested":
        asked = data.get("actions", [])
        others = [index < len(done) and not _concerns(done[index], erased) for index in range(len(asked))]
        left = [one if other else _bare(one) for one, other in zip(asked, others, strict=True)]
        return {**told, "data": {**data, "actions": left}}
    if "documents" in data:
        return {**told, "data": {**data, "documents": _documents(data["documents"], erased)}}
    return {**told, "data": references(data)}


def _documents(documents: Document, erased: Erased) -> Document:
    return {
        name: [
            document(name, one["id"], one) if (name, one["id"]) in erased.subjects else one for one in found
        ]
        for name, found in documents.items()
    }


def _action(done: Document, erased: Erased, told: Document) -> Document:
    """Return what is left of an action; one of a request that is about others alone stays."""
    if told["type"] == "action.requested" and not _concerns(done, erased):
        return done
    return _bare(done)


def _concerns(done: Document, erased: Erased) -> bool:
    return mentions({key: value for key, value in done.items() if key != "id"}, erased.ids)


def _bare(done: Document) -> Document:
    left = {**done, "data": references(done.get("data"))}
    left |= {key: None for key in ("why", "reason") if key in done}
    if "result" in done:
        left["result"] = references(done["result"]) if isinstance(done["result"], dict) else None
    return left


def _change(change: Document, erased: Erased) -> Document:
    subject = change["collection"], change["id"]
    if change.get("deleted"):
        return change
    if subject in erased.subjects:
        return {**change, "put": document(*subject, change["put"])}
    if change["collection"] in TRANSIENT and tells_of(change["put"], erased.ids, erased.needles):
        return {**change, "put": document(*subject, change["put"])}
    last = change["put"].get("last_message")
    if subject[0] == "conversation" and last and ("message", last["id"]) in erased.subjects:
        return {**change, "put": {**change["put"], "last_message": snippet(last)}}
    return change
