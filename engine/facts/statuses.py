"""How far a message got: the one table of what may follow what."""

from typing import Any

from engine.facts import accounts, parking
from engine.transaction import Transaction

RANK = {"queued": 0, "sending": 1, "sent": 2, "delivered": 3, "read": 4}
LEVELS = {"server": "sent", "sent": "sent", "device": "delivered", "delivered": "delivered", "read": "read"}
FAILS = ("queued", "sending", "unconfirmed", "sent")


def may_follow(before: str, after: str) -> bool:
    """Whether evidence may move a message from *before* to *after*; people's wishes are not evidence."""
    if after == "failed":
        return before in FAILS
    if before == "failed":
        return after in ("delivered", "read")
    if before == "unconfirmed":
        return after in ("sent", "delivered", "read")
    if before == "cancelled" or before not in RANK:
        return False
    if after == "unconfirmed":
        return before == "sending"
    return RANK.get(after, -1) > RANK[before]


def move(tx: Transaction, message: dict[str, Any], status: str, **fields: Any) -> bool:
    """Set a message's status by evidence, if it may follow; return whether it did."""
    before = message["status"]
    moves = may_follow(before, status)
    if moves:
        put(tx, message, status, **fields)
    if moves and before == "unconfirmed":
        tx.consequence("message.confirmed", {"message": message["id"]})
    return moves


def put(tx: Transaction, message: dict[str, Any], status: str, **fields: Any) -> None:
    """Set a message's status, and where it is shown as its conversation's last."""
    changed = {"status": status, "status_at": tx.at, **fields}
    tx.update("message", message["id"], changed)
    message.update(changed)
    conversation = tx.get("conversation", message["conversation"])
    last = conversation and conversation.get("last_message")
    if conversation and last and last["id"] == message["id"]:
        tx.update("conversation", conversation["id"], {"last_message": {**last, "status": status}})


def by_gateway_id(tx: Transaction, account: str, id: str) -> dict[str, Any] | None:
    """Return the message that *account*'s gateway calls *id*, or None."""
    if not id:
        return None
    return tx.first("message", account=account, gateway_id=id)


def apply(tx: Transaction, message: dict[str, Any], level: str, error: dict[str, Any] | None) -> bool:
    """Move a message by a gateway's level (``pending … played``, ``failed``)."""
    if level == "failed":
        error = error or {}
        reason = error.get("title") or "the gateway reports that it failed"
        return move(tx, message, "failed", error={"code": error.get("code"), "reason": reason})
    if level == "played":
        moved = move(tx, message, "read")
        if not message.get("played_at"):
            tx.update("message", message["id"], {"played_at": tx.at})
        return moved
    status = LEVELS.get(level)
    if status is None:
        return False
    cleared: dict[str, Any] = {"error": None} if message.get("error") else {}
    return move(tx, message, status, **cleared)


def reported(tx: Transaction, data: dict[str, Any]) -> None:
    """A gateway told how far messages got; of one it names too early, it is kept for a while."""
    account = tx.event["account"]
    if data.get("status") in ("delivered", "read"):
        accounts.heard(tx)
    for id in data.get("ids", ()):
        message = by_gateway_id(tx, account, id)
        if message is not None:
            if message["direction"] == "out":
                apply(tx, message, data["status"], data.get("error"))
            tx.about.setdefault("message", message["id"])
            tx.about.setdefault("conversation", message["conversation"])
        elif data.get("peer"):
            parking.park_status(tx, account, id, data)
