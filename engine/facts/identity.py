"""Who a message is from: contacts, their names and aliases; and the conversation with them."""

from typing import Any

from engine.ids import canonical_chat
from engine.store import Store
from engine.transaction import Transaction

Peer = dict[str, Any]
Document = dict[str, Any]
NAME_ORDER = ("agent", "book", "profile")


def _by_alias(tx: Transaction, alias: str) -> Document | None:
    return tx.first("contact", aliases=alias)


def chat_of_lid(store: Store, lid: str) -> str | None:
    """Return the phone's chat of the contact who is known by *lid*, or None."""
    contact = store.working.first("contact", {"aliases": lid})
    phones = [alias for alias in contact.content["aliases"] if alias.endswith("@c.us")] if contact else []
    return phones[0] if phones else None


def phone_of(chat: str) -> str | None:
    """Return the E.164 number of a chat of a phone; a LID's digits are none."""
    user, _, domain = chat.partition("@")
    return f"+{user}" if domain == "c.us" and user.isdigit() else None


def display_name(names: dict[str, Any], phone: str | None, chat: str) -> str:
    """Return the best name: agents' own, address book, profile, number."""
    for source in NAME_ORDER:
        if names.get(source):
            return str(names[source])
    return phone or chat.partition("@")[0]


def _names(peer: Peer, before: dict[str, Any]) -> dict[str, Any]:
    names = dict(before)
    for source, key in (("profile", "push_name"), ("book", "book_name")):
        if peer.get(key):
            names[source] = str(peer[key])[:200]
    return names


def contact_of(tx: Transaction, peer: Peer) -> Document:
    """Return the contact of *peer*, made or brought up to date."""
    chat = canonical_chat(peer["chat_id"])
    lid = canonical_chat(peer["lid"]) if peer.get("lid") else None
    aliases = [alias for alias in (chat, lid) if alias]
    known = [found for alias in aliases if (found := _by_alias(tx, alias))]
    if not known:
        return _new_contact(tx, peer, chat, aliases)
    return _known_contact(tx, peer, chat, aliases, known[0])


def _new_contact(tx: Transaction, peer: Peer, chat: str, aliases: list[str]) -> Document:
    names, phone = _names(peer, {}), phone_of(chat)
    contact = {
        "id": tx.new_id(),
        "name": display_name(names, phone, chat),
        "names": names,
        "phone": phone,
        "aliases": aliases,
        "created_at": tx.at,
    }
    return tx.insert("contact", contact)


def _known_contact(tx: Transaction, peer: Peer, chat: str, aliases: list[str], contact: Document) -> Document:
    names = _names(peer, contact["names"])
    taken = [a for a in aliases if a not in contact["aliases"] and _by_alias(tx, a)]
    more = [a for a in aliases if a not in contact["aliases"] and a not in taken]
    phone = contact["phone"] or phone_of(chat)
    fields = {
        "names": names,
        "aliases": contact["aliases"] + more,
        "phone": phone,
        "name": display_name(names, phone, chat),
    }
    changed = {key: value for key, value in fields.items() if contact.get(key) != value}
    if changed:
        tx.update("contact", contact["id"], changed)
    return {**contact, **changed}


def conversation_of(tx: Transaction, account: str, peer: Peer, contact: Document) -> Document:
    """Return the conversation of *account* with *peer*, made where there is none yet."""
    chat = canonical_chat(peer["chat_id"])
    for alias in (chat, *(a for a in contact["aliases"] if a != chat)):
        found = find_conversation(tx, account, alias)
        if found:
            if alias.endswith("@lid") and not chat.endswith("@lid"):
                tx.update("conversation", found["id"], {"chat": chat})
                found["chat"] = chat
            return found
    return _new_conversation(tx, account, chat, contact)


def find_conversation(tx: Transaction, account: str, chat: str) -> Document | None:
    """Return the conversation of (account, chat), or None."""
    return tx.first("conversation", account=account, chat=chat)


def _new_conversation(tx: Transaction, account: str, chat: str, contact: Document) -> Document:
    blocked = bool(contact.get("blocked"))
    conversation = {
        "id": tx.new_id(),
        "account": account,
        "chat": chat,
        "contact": contact["id"],
        "status": "resolved" if blocked else "open",
        "handler": "nobody" if blocked else "queue",
        "assignee": None,
        "team": None,
        "episode": 1,
        "unread": 0,
        "labels": [],
        "last_message_at": None,
        "last_message": None,
        "created_at": tx.at,
        "opened_at": tx.at,
        "resolved_at": tx.at if blocked else None,
        "snoozed_until": None,
    }
    tx.insert("conversation", conversation)
    if not blocked:
        tx.consequence("conversation.opened", {"conversation": conversation["id"], "episode": 1})
    return conversation


def upserted(tx: Transaction, data: dict[str, Any]) -> None:
    """A gateway told of a contact."""
    tx.about["contact"] = contact_of(tx, data["peer"])["id"]


def linked(tx: Transaction, data: dict[str, Any]) -> None:
    """A gateway told which LID belongs to which phone."""
    peer = data.get("peer") or {"chat_id": data.get("phone_chat") or data["lid"], "lid": data.get("lid")}
    if _by_alias(tx, canonical_chat(peer["chat_id"])) or _by_alias(tx, str(peer.get("lid"))):
        tx.about["contact"] = contact_of(tx, peer)["id"]
