"""What came of the calls that workers made."""

from typing import Any

from engine.documents import where
from engine.facts import identity, messages, statuses
from engine.transaction import Transaction

Document = dict[str, Any]
ATTEMPTS = 5
EMPTIED = "Redis was emptied while this was under way"


def _settle_send(tx: Transaction, message: Document, job: Document, result: Document) -> None:
    """Move a message by what came of a call. A call that it does not wait for any more counts only as
    evidence that it was sent.
    """
    outcome, reason = result.get("outcome"), result.get("reason")
    error = {"code": result.get("code"), "reason": reason}
    if outcome == "sent":
        if message.get("job") == job["id"] or message["status"] in ("sending", "unconfirmed", "queued"):
            messages.confirm(tx, message, result.get("gateway_id"))
        return
    if message.get("job") != job["id"] or message["status"] not in ("sending", "unconfirmed"):
        return
    if outcome == "refused" or (outcome == "not_sent" and message["status"] == "unconfirmed"):
        statuses.move(tx, message, "failed", error=error)
    elif outcome in ("not_sent", "cancelled"):
        statuses.put(tx, message, "queued", error=error)
    elif message["status"] == "sending":
        _unconfirmed(tx, message, reason or "the gateway's answer did not come")


def _unconfirmed(tx: Transaction, message: Document, reason: str) -> None:
    """A call may or may not have reached the gateway: evidence decides, or a person."""
    statuses.move(tx, message, "unconfirmed", error={"code": None, "reason": reason})
    conversation = tx.get("conversation", message["conversation"])
    if conversation is not None:
        messages.reconcile(tx, message, conversation["chat"])


def _settle_media(tx: Transaction, message: Document, result: Document) -> None:
    media = dict(message["media"] or {})
    if result.get("outcome") == "fetched":
        stored = {
            key: result.get(key) for key in ("id", "hash", "mime", "filename", "size", "width", "height")
        }
        media.update({key: value for key, value in stored.items() if value is not None}, state="ready")
        kept = {**stored, "kind": media.get("kind"), "conversation": message["conversation"]}
        if not tx.get("media", kept["id"]):
            tx.insert("media", kept)
    else:
        media.update(state="failed", reason=result.get("reason"))
    tx.update("message", message["id"], {"media": media})


def _settle_book(tx: Transaction, job: Document, result: Document) -> None:
    entries, removed = result.get("contacts") or (), result.get("removed") or ()
    identity.take_book(tx, job["args"]["account"], entries, removed)


def _settle(tx: Transaction, job: Document, result: Document) -> None:
    if job["name"] in ("book.list", "book.gone"):
        _settle_book(tx, job, result)
    message = tx.get("message", job["args"].get("message"))
    if message is None:
        return
    tx.about.update(message=message["id"], conversation=message["conversation"])
    if job["queue"] == "send":
        _settle_send(tx, message, job, result)
    elif job["name"] == "media.fetch":
        _settle_media(tx, message, result)


def _later_attempt(tx: Transaction, id: str) -> Document | None:
    """Return the attempt that was given out after *id*, of a job that only reads: any result will do."""
    action = id.rpartition("-")[0]
    found = tx.documents.table("job").search(where("action") == action)
    return next((job for job in found if job["queue"] != "send"), None)


def finished(tx: Transaction, data: Document) -> None:
    """A worker told what came of a job."""
    job = tx.get("job", data["job"]) or _later_attempt(tx, data["job"])
    if job is None:  # erased meanwhile: nobody may learn what came of it
        data["result"] = {}
        return
    data.update(name=job["name"], args=job["args"], state="done")
    tx.remove("job", job["id"])
    _settle(tx, job, data.get("result") or {})


def _next_attempt(tx: Transaction, job: Document) -> None:
    """Give out a job that was never begun again, or one that only reads; the latter a few times."""
    tx.remove("job", job["id"])
    if job["queue"] != "send" and job["attempt"] >= ATTEMPTS:
        result = {"outcome": "failed", "reason": "no worker brought it to an end"}
        _settle(tx, job, result)
        _lost(tx, job, result)
        return
    id = tx.add_attempt(job["action"], job["attempt"] + 1, job)
    message = tx.get("message", job["args"].get("message"))
    if message is not None and message.get("job") == job["id"]:
        tx.update("message", message["id"], {"job": id})


def _lost(tx: Transaction, job: Document, result: Document) -> None:
    heard = {"job": job["id"], "name": job["name"], "args": job["args"], "state": "lost", "result": result}
    tx.consequence("job.finished", {**heard, "message": job["args"].get("message")})


def expired(tx: Transaction, data: Document) -> None:
    """A job told nothing in its time. ``mark``: *won* (no worker can ever call it), or *lost*."""
    job = tx.get("job", data["job"])
    if job is None or job["state"] != "queued":
        return
    data.update(name=job["name"], args=job["args"])
    if data["mark"] == "won":
        _next_attempt(tx, job)
        return
    tx.update("job", job["id"], {"state": "lost"})
    result = {"outcome": "unknown", "reason": "the worker that made the call did not tell its result"}
    _settle(tx, job, result)
    _lost(tx, job, result)


def new_epoch(tx: Transaction, data: Document) -> None:
    """Redis is another one, or empty: no mark in it can be trusted."""
    workspace = tx.get("workspace", "main")
    if workspace is None:
        tx.insert("workspace", {"id": "main", "epoch": data["epoch"]})
    else:
        tx.update("workspace", "main", {"epoch": data["epoch"]})
    for message in tx.documents.table("message").search(where("status") == "sending"):
        _unconfirmed(tx, message, EMPTIED)
    for job in tx.documents.table("job").search(where("state") == "queued"):
        if job["queue"] == "send":
            tx.update("job", job["id"], {"state": "lost"})
            result = {"outcome": "unknown", "reason": EMPTIED}
            _lost(tx, job, result)
        else:
            _next_attempt(tx, job)
