"""Messages that came in, were seen going out, were edited, taken back, reacted to."""

from typing import Any

from engine.facts import accounts, identity, parking, statuses
from engine.transaction import Duplicate, Transaction

SNIPPET = 120
DELETED = "🚫"
CONTENT = ("kind", "text", "location", "contacts", "interactive", "mentions", "forwarded", "poll")
Document = dict[str, Any]


def snippet(message: Document) -> Document:
    """Return what a list shows of a message."""
    text = message.get("text") or (message.get("media") or {}).get("caption") or ""
    if message.get("deleted_at"):
        text = DELETED
    return {
        "id": message["id"],
        "kind": message["kind"],
        "text": text[:SNIPPET],
        "direction": message["direction"],
        "author": message["author"],
        "status": message["status"],
    }


def _content(said: Document) -> Document:
    content = {key: value for key in CONTENT if (value := said.get(key)) is not None}
    media = dict(said["media"]) if said.get("media") else None
    if media:
        media["state"] = "pending" if media.get("ref") else "failed"
        if not content.get("text") and media.get("caption"):
            content["text"] = media["caption"]
    return {"kind": "unsupported", "text": None, **content, "media": media, "reply_to": said.get("reply_to")}


def build(
    tx: Transaction, conversation: Document, said: Document, told: Document | None = None, **fields: Any
) -> Document:
    """Return a message document of what a gateway told was *said*; it is not stored yet.

    told: ``origin`` and ``occurred_at`` of the event that said it; by default, the present one's.
    """
    told = told or tx.event
    history = told["origin"] == "history"
    return {
        "id": tx.new_id(),
        "conversation": conversation["id"],
        "account": conversation["account"],
        **_content(said),
        "status_at": tx.at,
        "at": told["occurred_at"] if history else tx.at,
        "occurred_at": told["occurred_at"],
        "gateway_id": said["id"],
        "client_id": None,
        "origin": told["origin"],
        "why": None,
        "error": None,
        **fields,
    }


def add(tx: Transaction, conversation: Document, message: Document, **fields: Any) -> None:
    """Store a message and show it as the conversation's last; set *fields* of the conversation as well."""
    tx.insert("message", message)
    tx.about.update(message=message["id"], conversation=conversation["id"], contact=conversation["contact"])
    if message["at"] >= (conversation["last_message_at"] or ""):
        fields.update(last_message=snippet(message), last_message_at=message["at"])
    if fields:
        tx.update("conversation", conversation["id"], fields)
        conversation.update(fields)
    media = message["media"]
    if media and media.get("state") == "pending":
        tx.job("media.fetch", {"message": message["id"]})


def known(tx: Transaction, account: str, contact: Document, gateway_id: str) -> bool:
    """Whether this contact already has a message that the gateway calls *gateway_id*."""
    message = statuses.by_gateway_id(tx, account, gateway_id)
    conversation = tx.get("conversation", message["conversation"]) if message else None
    return bool(conversation and conversation["contact"] == contact["id"])


def received(tx: Transaction, data: Document) -> None:
    """A customer wrote."""
    account, said = tx.event["account"], data["message"]
    contact = identity.contact_of(tx, data["peer"])
    if known(tx, account, contact, said["id"]):
        raise Duplicate
    conversation = identity.conversation_of(tx, account, data["peer"], contact)
    author = {"kind": "contact", "id": contact["id"], "name": contact["name"]}
    message = build(tx, conversation, said, direction="in", status="received", author=author)
    live = tx.event["origin"] == "live" and not contact.get("blocked")
    add(tx, conversation, message, **({"unread": conversation["unread"] + 1} if live else {}))
    if live:
        reopen(tx, conversation)
    if tx.event["origin"] == "live":
        accounts.heard(tx)


def reopen(tx: Transaction, conversation: Document) -> bool:
    """Open a snoozed or resolved conversation again; return whether it was one.

    A snoozed one goes back to who put it away, a resolved one to the queue.
    """
    if conversation["status"] == "open":
        return False
    before = conversation["assignee"]
    back_to = before if conversation["status"] == "snoozed" else None
    fields = {
        "status": "open",
        "handler": "agent" if back_to else "queue",
        "assignee": back_to,
        "episode": conversation["episode"] + 1,
        "opened_at": tx.at,
        "snoozed_until": None,
    }
    tx.update("conversation", conversation["id"], fields)
    tx.cancel(f"snooze/{conversation['id']}", plugin="core")
    conversation.update(fields)
    told = {"conversation": conversation["id"], "episode": fields["episode"], "before": before}
    tx.consequence("conversation.opened", told)
    return True


def seen_sent(tx: Transaction, data: Document) -> None:
    """A message of our own was seen: of a call of ours, or typed on the phone."""
    account, said = tx.event["account"], data["message"]
    if tx.event["origin"] == "echo_phone":
        accounts.heard(tx)
    message = statuses.by_gateway_id(tx, account, said["id"])
    if message is not None:
        statuses.move(tx, message, "sent")
        tx.about.update(message=message["id"], conversation=message["conversation"])
        return
    contact = identity.contact_of(tx, {**data["peer"], "push_name": None})
    conversation = identity.conversation_of(tx, account, data["peer"], contact)
    waiting = parking.under_way(tx, conversation["id"])
    if not waiting:
        add_own(tx, conversation, said)
        return
    parking.park_echo(tx, account, data)
    for lost in (m for m in waiting if m["status"] == "unconfirmed"):
        if reconcile(tx, lost, conversation["chat"]):
            return


def reconcile(tx: Transaction, message: Document, chat: str) -> bool:
    """Settle an unconfirmed message by a parked echo that says the same; return whether one did."""
    gateway_id = parking.echo_like(tx, message, chat)
    if gateway_id is None:
        return False
    confirm(tx, message, gateway_id)
    return True


def confirm(tx: Transaction, message: Document, gateway_id: str | None) -> None:
    """A message was sent for sure: its id is known now, and with it what was parked."""
    statuses.move(tx, message, "sent", gateway_id=gateway_id, error=None)
    if message.get("gateway_id") != gateway_id:
        tx.update("message", message["id"], {"gateway_id": gateway_id})
    tx.about.update(message=message["id"], conversation=message["conversation"])
    for level in parking.consume(tx, message["account"], gateway_id) if gateway_id else ():
        statuses.apply(tx, message, level["status"], level["error"])


def add_own(tx: Transaction, conversation: Document, said: Document, told: Document | None = None) -> None:
    """Add a message that somebody sent without us, on the phone or by another program."""
    told = told or tx.event
    by_api = told["origin"] == "echo_api"
    author = {"kind": "system" if by_api else "phone", "id": None, "name": "API" if by_api else None}
    add(tx, conversation, build(tx, conversation, said, told, direction="out", status="sent", author=author))
    if told["origin"] != "history" and conversation["unread"]:
        tx.update("conversation", conversation["id"], {"unread": 0})


def parked_too_long(tx: Transaction, parked: Document) -> None:
    """Nobody claimed an echo within its time: it is a message of its own."""
    tx.remove("parked", parked["id"])
    if not parked["echo"]:
        return
    data = parked["echo"]["data"]
    contact = identity.contact_of(tx, {**data["peer"], "push_name": None})
    conversation = identity.conversation_of(tx, parked["account"], data["peer"], contact)
    add_own(tx, conversation, data["message"], parked["echo"])
    tx.consequence("message.sent", {"conversation": conversation["id"], "message": tx.about["message"]})
    message = statuses.by_gateway_id(tx, parked["account"], parked["gateway_id"])
    for level in parked["levels"] if message else ():
        statuses.apply(tx, message or {}, level["status"], level["error"])


def _target(tx: Transaction, data: Document) -> Document | None:
    message = statuses.by_gateway_id(tx, tx.event["account"], data["target_id"])
    if message is not None:
        tx.about.update(message=message["id"], conversation=message["conversation"])
    return message


def reaction(tx: Transaction, data: Document) -> None:
    """Somebody put an emoji on a message, or (null) took it back."""
    message = _target(tx, data)
    if message is None:
        return
    by = data.get("by") or "contact"
    kept = [r for r in message.get("reactions") or [] if r["by"] != by]
    if data.get("emoji"):
        kept.append({"by": by, "emoji": data["emoji"]})
    tx.update("message", message["id"], {"reactions": kept})


def edited(tx: Transaction, data: Document) -> None:
    """A message's author changed its text; what it said before stays in the journal."""
    message = _target(tx, data)
    if message is not None:
        tx.update("message", message["id"], {"text": data.get("text"), "edited_at": tx.at})
        _show_again(tx, message["id"])


def deleted(tx: Transaction, data: Document) -> None:
    """A message's author took it back; agents see that, and what it said."""
    message = _target(tx, data)
    if message is not None:
        tx.update("message", message["id"], {"deleted_at": tx.at})
        _show_again(tx, message["id"])


def _show_again(tx: Transaction, id: str) -> None:
    message = tx.get("message", id)
    conversation = tx.get("conversation", message["conversation"]) if message else None
    last = conversation and conversation.get("last_message")
    if message and conversation and last and last["id"] == id:
        tx.update("conversation", conversation["id"], {"last_message": snippet(message)})
