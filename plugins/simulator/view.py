"""What the phone shows, read from the documents: plain functions of the database."""

from typing import Any

from engine import where

CUSTOMERS = 100
MESSAGES = 100
ARRIVED = ("sent", "delivered", "read")
Document = dict[str, Any]


def accounts(db: Any) -> list[Document]:
    """Return ``[{"id", "title"}]`` of the simulator's accounts."""
    found = db.table("account").search(where("gateway") == "simulator")
    return [{"id": a["name"], "title": a.get("title") or a["name"]} for a in found if not a.get("removed_at")]


def customers(db: Any, account: str) -> list[Document]:
    """Return the pretend customers who have written, the latest first."""
    rows, _ = db.table("conversation").page(where("account") == account, limit=CUSTOMERS)
    return [_customer(db, row) for row in rows]


def _customer(db: Any, conversation: Document) -> Document:
    contact = db.table("contact").get(doc_id=conversation["contact"]) or {}
    phone = conversation["chat"].partition("@")[0]
    return {
        "phone": phone,
        "name": (contact.get("names") or {}).get("profile") or contact.get("name") or f"+{phone}",
        "conversation": conversation.doc_id,
        "at": conversation.get("last_message_at"),
        "text": (conversation.get("last_message") or {}).get("text") or "",
        "kind": (conversation.get("last_message") or {}).get("kind"),
    }


def undelivered(db: Any, account: str) -> dict[str, list[str]]:
    """Return phone → ids of the messages that have left us and that no phone has taken yet."""
    found: dict[str, list[str]] = {}
    rows = db.table("message").search((where("account") == account) & (where("status") == "sent"))
    for row in rows:
        conversation = db.table("conversation").get(doc_id=row["conversation"])
        if conversation and row.get("gateway_id"):
            phone = conversation["chat"].partition("@")[0]
            found.setdefault(phone, []).append(row["gateway_id"])
    return found


def chat(db: Any, account: str, phone: str) -> Document:
    """Return ``{"conversation", "messages"}`` of one customer, oldest message first."""
    found = db.table("conversation").get((where("account") == account) & (where("chat") == f"{phone}@c.us"))
    if found is None:
        return {"conversation": None, "messages": []}
    query = where("conversation") == found.doc_id
    rows, _ = db.table("message").page(query, order="at", limit=MESSAGES)
    shown = [row for row in reversed(rows) if row["direction"] == "in" or row["status"] in ARRIVED]
    unread = _unread(shown, found.get("unread") or 0)
    return {"conversation": found.doc_id, "messages": [_message(row, unread) for row in shown]}


def _unread(messages: list[Document], count: int) -> set[str]:
    """Return which of the customer's messages no agent has seen: the last *count*."""
    mine = [row.doc_id for row in messages if row["direction"] == "in"]
    return set(mine[len(mine) - count :]) if count else set()


def _message(row: Any, unread: set[str]) -> Document:
    mine = row["direction"] == "in"
    media = row.get("media")
    return {
        "id": row.doc_id,
        "gateway_id": row.get("gateway_id"),
        "mine": mine,
        "kind": row["kind"],
        "text": row.get("text"),
        "buttons": row.get("buttons") or [],
        "at": row["at"],
        "status": ("delivered" if row.doc_id in unread else "read") if mine else row["status"],
        "reply": (row.get("reply_to") or {}).get("text"),
        "reactions": [one.get("emoji") for one in row.get("reactions") or [] if one.get("emoji")],
        "deleted": bool(row.get("deleted_at")),
        "media": {key: media.get(key) for key in ("id", "kind", "mime", "filename", "state")}
        if media
        else None,
    }
