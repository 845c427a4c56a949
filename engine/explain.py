"""Why something is as it is: the events, hooks, reasons and changes that led to it, in order."""

from collections.abc import Iterator
from typing import Any

from engine import journal
from engine.documents import Database, where
from engine.ids import canonical_chat

KINDS = ("message", "conversation", "action", "contact")
NAMED = ("label", "agent", "team", "contact", "account", "message")
QUIET = ("status_at", "occurred_at", "last_message_at", "last_message")
Document = dict[str, Any]


class NothingFound(LookupError):
    """No conversation, message or action has this id; the text says so."""


def explain(documents: Database, connection: Any, id: str, most: int | None = None) -> Document:
    """Return what led to a conversation, message, action or contact as it is now.

    *id* is that of one of them; a conversation's chat or phone number will do too. The answer is
    ``{"kind", "id", "document", "contact", "steps": [step]}``, oldest first. A step is one row of
    the journal: ``{"seq", "at", "event": {id, type, origin, account, agent}, "said", "actions",
    "changes", "errors"}``, of which `actions` and `changes` are those that are about it, each
    action with ``plugin``, ``hook``, ``why``, ``status``, ``reason`` and ``result``.
    most: how many of the newest rows to look at. Raises NothingFound.
    """
    kind, id, document = _find(documents, connection, id)
    steps = []
    for name, row in _rows(documents, connection, kind, id, most):
        step = _step(row.transaction, kind, name, document)
        if step["actions"] or step["changes"] or step["errors"] or kind == "action":
            steps.append(step)
    return {
        "kind": kind,
        "id": id,
        "document": document,
        "contact": _contact(documents, kind, document),
        "steps": steps,
    }


def _rows(
    documents: Database, connection: Any, kind: str, id: str, most: int | None
) -> list[tuple[str, journal.Row]]:
    """Return the rows about something, oldest first, each with the id that it has there.

    Rows about what was merged into it are among them.
    """
    gone = [] if kind == "action" else documents.table("merged").search(where("into") == id)
    found: dict[int, tuple[str, journal.Row]] = {}
    for name in (*(str(each.doc_id) for each in gone), id):
        after = _before_newest(connection, kind, name, most)
        found |= {row.seq: (name, row) for row in journal.rows(connection, after, subject=(kind, name))}
    every = [found[seq] for seq in sorted(found)]
    return every if most is None else every[-most:]


def names_in(documents: Database, data: Document) -> Document:
    """Return *data* with the names of what its ids stand for: ``{"label": "Keluhan"}``."""
    return {key: _name(documents, key, value) for key, value in data.items()}


def _before_newest(connection: Any, kind: str, id: str, most: int | None) -> int:
    """Return the sequence after which only the newest rows about something are."""
    if most is None:
        return 0
    row = connection.execute(
        "SELECT seq FROM journal_subject WHERE collection = ? AND id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?",
        (kind, id, most),
    ).fetchone()
    return int(row[0]) if row else 0


def _find(documents: Database, connection: Any, id: str) -> tuple[str, str, Document | None]:
    for kind in ("message", "conversation", "contact"):
        found: Any = documents.table(kind).get(doc_id=id)
        if found:
            return kind, id, dict(found)
    if next(journal.rows(connection, subject=("action", id)), None):
        return "action", id, None
    chats = connection.execute(
        "SELECT id, doc FROM doc_conversation WHERE json_extract(doc,'$.chat') IN (?, ?)",
        (canonical_chat(id), f"{id.lstrip('+')}@c.us"),
    ).fetchall()
    if chats:
        return "conversation", chats[0][0], dict(documents.table("conversation").get(doc_id=chats[0][0]))
    raise NothingFound(f"there is no conversation, message or action {id}")


def _contact(documents: Database, kind: str, document: Document | None) -> Document | None:
    if document is None:
        return None
    conversation = document if kind == "conversation" else None
    if kind == "contact":
        return document
    if kind == "message":
        conversation = documents.table("conversation").get(doc_id=document["conversation"])
    found: Any = conversation and documents.table("contact").get(doc_id=conversation["contact"])
    return dict(found) if found else None


def _step(row: Document, kind: str, id: str, document: Document | None) -> Document:
    event = row["event"]
    told = {key: event.get(key) for key in ("id", "type", "origin", "account")}
    return {
        "seq": row["seq"],
        "at": event["at"],
        "event": {**told, "agent": event["data"].get("agent")},
        "said": _said(event),
        "actions": [done for done in row["actions"] if _is_about(done, kind, id, document)],
        "changes": list(_changes(row["changes"], kind, id)),
        "errors": row.get("errors", []) + ([{"error": row["error"]}] if row.get("error") else []),
    }


def _said(event: Document) -> str | None:
    message = event["data"].get("message")
    return message.get("text") if isinstance(message, dict) else None


def _is_about(done: Document, kind: str, id: str, document: Document | None) -> bool:
    """Whether an action of a row is about the one asked for, and not plainly about another one."""
    if kind == "action":
        return bool(done["id"] == id)
    if kind == "contact":
        return id in (done["data"].get("contact"), done["data"].get("into"), _made(done))
    result = done.get("result") if isinstance(done.get("result"), dict) else {}
    named = {**(result or {}), **done["data"]}
    if kind == "message" and named.get("message") not in (None, id):
        return False
    conversation = id if kind == "conversation" else (document or {}).get("conversation")
    return named.get("conversation") in (None, conversation)


def _made(done: Document) -> Any:
    result = done.get("result")
    return result.get("contact") if isinstance(result, dict) else None


def _changes(changes: list[Document], kind: str, id: str) -> Iterator[Document]:
    """Yield the changes of a row that are about it; for a conversation also those of new messages."""
    for change in changes:
        new_message = change["collection"] == "message" and change.get("put", {}).get("conversation") == id
        if kind == "action" or (change["collection"], change["id"]) == (kind, id) or new_message:
            yield change


def _name(documents: Database, key: str, value: Any) -> Any:
    if key in ("assignee", "by"):
        key = "agent"
    if key == "labels" and isinstance(value, list):
        return [_name(documents, "label", each) for each in value]
    if key not in NAMED or key == "message" or not isinstance(value, str):
        return value
    found: Any = documents.table(key).get(doc_id=value) if key in documents.tables() else None
    return (found.get("name") or found.get("title") or value) if found else value


def shown(documents: Database, change: Document) -> Document:
    """Return the fields of a change that tell something, by names; {} where none does."""
    fields = {**change.get("put", {}), **dict.fromkeys(change.get("removed", ()))}
    if change.get("new"):
        return {}
    return names_in(documents, {key: value for key, value in fields.items() if key not in QUIET})
