"""Somebody's data is erased: what is left of the documents.

The event says which documents, by id alone; `engine.erasure` made it and has redacted the journal.
"""

from typing import Any

from engine import redact
from engine.documents.tables import table_name
from engine.transaction import Transaction

Document = dict[str, Any]
ENDED = {"queued": "cancelled", "sending": "unconfirmed"}
"""A message without its content is never sent: what may have left is for a person to say."""
CLOSED: Document = {"status": "resolved", "handler": "nobody", "unread": 0, "snoozed_until": None}


def contact(tx: Transaction, data: Document) -> None:
    """A contact is erased: ``{"contact", "documents": {collection: [ids]}, "rows", "media"}``."""
    found = tx.get("contact", data["contact"])
    needles = redact.needles_of(found) if found else ()
    for media, conversation in data["media"].items():
        if tx.get("media", media):
            tx.update("media", media, {"conversation": conversation})
    _documents(tx, data["documents"])
    if needles:
        _scrub(tx, needles)


def messages(tx: Transaction, data: Document) -> None:
    """Messages are older than they are to be kept: ``{"documents": {"message": [ids], …}, "rows"}``."""
    for id in data["documents"].get("message", ()):
        message = tx.get("message", id)
        conversation = tx.get("conversation", message["conversation"]) if message else None
        last = conversation and conversation["last_message"]
        if conversation and last and last["id"] == id:
            tx.update("conversation", conversation["id"], {"last_message": redact.snippet(last)})
    _documents(tx, data["documents"])


def _documents(tx: Transaction, documents: dict[str, list[str]]) -> None:
    for collection, ids in documents.items():
        for id in ids:
            before = tx.get(collection, id)
            if before is not None and collection in redact.KEPT:
                tx.replace(collection, id, _left(tx, collection, before))
            elif before is not None and before.get("queue") == "send":  # its result is still to come
                tx.replace(collection, id, redact.document(collection, id, before))
            elif before is not None:
                tx.remove(collection, id)


def _left(tx: Transaction, collection: str, before: Document) -> Document:
    left = redact.document(collection, before["id"], before)
    if collection == "conversation":
        if last := left["last_message"]:
            left["last_message"] = {**last, "status": ENDED.get(last["status"], last["status"])}
        left.update(CLOSED, resolved_at=left["resolved_at"] or tx.at)
    if collection == "message" and left["status"] in ENDED:
        left.update(status=ENDED[left["status"]], status_at=tx.at)
    return {**left, "erased_at": tx.at}


def _scrub(tx: Transaction, needles: tuple[str, ...]) -> None:
    """Take numbers out of what is about others."""
    tx.working.flush()
    for collection in tx.store.collections:
        for needle in needles:
            select = f"SELECT id FROM {table_name(collection.name)} WHERE instr(doc, ?)"
            for (id,) in tx.store.connection.execute(select, (needle,)).fetchall():
                tx.replace(collection.name, id, redact.scrub(tx.get(collection.name, id), needles))
