"""Saying something to a customer; trying again; a person's word on what is not known."""

from typing import Any

from engine import schemas
from engine.actions import Refused, handles
from engine.facts import identity, messages, statuses
from engine.handlers.conversations import conversation_of, give
from engine.handlers.lookup import existing
from engine.ids import canonical_chat
from engine.transaction import Transaction
from engine.visibility import sees

Data = dict[str, Any]
SEND = "message.send"


def _author(tx: Transaction) -> Data:
    agent = tx.get("agent", tx.agent)
    if agent:
        return {"kind": "agent", "id": agent["id"], "name": agent["name"]}
    if tx.agent:
        return {"kind": "system", "id": tx.agent, "name": "API"}
    return {"kind": "bot", "id": tx.asking[0], "name": tx.asking[0]}


def _quoted(tx: Transaction, data: Data) -> Data | None:
    if not data["reply_to"]:
        return None
    quoted = existing(tx, "message", data["reply_to"])
    if quoted["conversation"] != data["conversation"]:
        raise Refused("reply_to is a message of another conversation")
    return {
        "id": quoted.get("gateway_id"),
        "message": quoted["id"],
        "text": (quoted.get("text") or "")[:200],
        "from_me": quoted["direction"] == "out",
    }


def _checked_media(data: Data) -> Data | None:
    media = data["media"]
    if not media:
        if not (data["text"] or "").strip():
            raise Refused("a message needs a text or a file")
        return None
    missing = [key for key in ("id", "hash", "mime", "filename") if not media.get(key)]
    if missing:
        raise Refused(f"media lacks {', '.join(missing)}")
    return {**media, "state": "ready"}


def _said(tx: Transaction, conversation: Data, data: Data) -> Data:
    """Return the message's ``text``, with ``buttons`` where they are wanted and its gateway has them."""
    wanted = data.get("buttons")
    if not wanted:
        return {"text": data["text"]}
    if data["media"]:
        raise Refused("a message has a file or buttons, not both")
    account = tx.get("account", conversation["account"]) or {}
    if not tx.supports.get(account.get("gateway") or "", {}).get("buttons"):
        return {"text": data["text"]}
    return {"text": wanted["text"], "buttons": [dict(option) for option in wanted["options"]]}


def _may_be_told(tx: Transaction, conversation: Data, lane: str) -> None:
    contact = tx.get("contact", conversation["contact"]) or {}
    if contact.get("blocked"):
        raise Refused("this contact is blocked")
    if contact.get("opted_out") and lane != "agent":
        raise Refused("this contact has opted out")


@handles("message.send", schemas.Send, past="message.queued", permission=SEND)
def send(data: Data, tx: Transaction) -> Data:
    """Queue a message; it leaves through the sender plugin."""
    conversation = conversation_of(tx, data)
    if (tx.get("account", conversation["account"]) or {}).get("removed_at"):
        raise Refused("the number of this conversation was removed")
    if conversation.get("erased_at"):
        raise Refused("this contact's data was erased")
    author = _author(tx)
    lane = data["lane"] if author["kind"] == "bot" or data["lane"] == "campaign" else "agent"
    _may_be_told(tx, conversation, lane)
    media = _checked_media(data)
    kind = data["kind"] if not media else media.get("kind") or "document"
    message = {
        "id": tx.new_id(),
        "conversation": conversation["id"],
        "account": conversation["account"],
        "direction": "out",
        "kind": kind,
        **_said(tx, conversation, data),
        "media": media,
        "reply_to": _quoted(tx, data),
        "status": "queued",
        "status_at": tx.at,
        "at": tx.at,
        "occurred_at": tx.at,
        "author": author,
        "why": tx.why,
        "gateway_id": None,
        "client_id": data["client_id"],
        "origin": tx.event["origin"],
        "lane": lane,
        "attempts": 0,
        "error": None,
    }
    messages.add(tx, conversation, message)
    if media and not tx.get("media", media["id"]):
        tx.insert("media", {**media, "conversation": conversation["id"]})
    if author["kind"] != "bot" and lane == "agent":
        _answered(tx, conversation)
    return {"message": message["id"]}


@handles("conversation.start", schemas.Start, past="message.queued", permission=SEND)
def start(data: Data, tx: Transaction) -> Data:
    """Write first: the conversation is made with its first message, and is who writes'.

    One that only a campaign wrote in is nobody's, and not open, until its customer answers.
    """
    contact, account = existing(tx, "contact", data["contact"]), existing(tx, "account", data["account"])
    chat = canonical_chat(data["chat"]) if data["chat"] else next(iter(contact["aliases"]), None)
    if chat is None or chat not in contact["aliases"]:
        raise Refused("this contact has no number to write to")
    mine: Data = {"status": "open", "handler": "queue"}
    if data["lane"] == "campaign" and tx.agent is None:
        mine = {"status": "resolved", "handler": "nobody", "resolved_at": tx.at}
    agent = tx.get("agent", tx.agent) if tx.agent else None
    conversation = identity.conversation_of(tx, account["id"], {"chat_id": chat}, contact, **mine)
    if agent and not sees(agent, conversation):
        raise Refused("this conversation is not visible to you")
    said = schemas.Send().load(
        {key: data[key] for key in ("text", "client_id", "lane")} | {"conversation": conversation["id"]}
    )
    return {**send(said, tx), "conversation": conversation["id"]}


def _answered(tx: Transaction, conversation: Data) -> None:
    """A person answered: it is read, open, and theirs if nobody has it."""
    if conversation["unread"]:
        tx.update("conversation", conversation["id"], {"unread": 0})
    messages.reopen(tx, conversation)
    holder = tx.get("agent", tx.agent)
    if holder and (conversation["assignee"] is None or conversation["handler"] != "agent"):
        told = give(tx, conversation, conversation["assignee"] or holder["id"])
        if told["agent"] != told["before"]:
            tx.consequence("conversation.assigned", told)


def _again(tx: Transaction, message: Data) -> Data:
    if message.get("erased_at"):
        raise Refused("what this message said was erased")
    statuses.put(tx, message, "queued", error=None, attempts=0, job=None)
    tx.about.update(message=message["id"], conversation=message["conversation"])
    return {"message": message["id"], "conversation": message["conversation"]}


@handles("message.retry", schemas.OfMessage, past="message.queued", permission=SEND)
def retry(data: Data, tx: Transaction) -> Data:
    """A person has a failed message tried again."""
    message = existing(tx, "message", data["message"])
    if message["status"] != "failed":
        raise Refused(f"only a failed message can be tried again; this one is {message['status']}")
    return _again(tx, message)


@handles("media.retry", schemas.OfMessage, permission="conversation.write")
def retry_media(data: Data, tx: Transaction) -> None:
    """Have a file that could not be fetched tried again."""
    message = existing(tx, "message", data["message"])
    media = message.get("media")
    if not media or media.get("state") != "failed" or not media.get("ref"):
        raise Refused("there is no file here that could be fetched again")
    tx.update("message", message["id"], {"media": {**media, "state": "pending", "reason": None}})
    tx.job("media.fetch", {"message": message["id"]})


@handles("message.cancel", schemas.OfMessage, permission=SEND)
def cancel(data: Data, tx: Transaction) -> None:
    """Take back a message that has not begun to leave."""
    message = existing(tx, "message", data["message"])
    if message["status"] != "queued":
        raise Refused(f"only a queued message can be taken back; this one is {message['status']}")
    statuses.put(tx, message, "cancelled")


@handles("message.resolve_unconfirmed", schemas.ResolveUnconfirmed, permission=SEND)
def resolve_unconfirmed(data: Data, tx: Transaction) -> Data:
    """A person who was told says whether an unconfirmed message was sent, or is to be sent again."""
    message = existing(tx, "message", data["message"])
    if message["status"] != "unconfirmed":
        raise Refused(f"this message is {message['status']}, not unconfirmed")
    if data["verdict"] == "sent":
        statuses.move(tx, message, "sent", error=None)
        tx.about.update(message=message["id"], conversation=message["conversation"])
        return {"message": message["id"]}
    told = _again(tx, message)
    tx.consequence("message.queued", told)
    return told
