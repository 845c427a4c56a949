"""Who a message is from: contacts, their names and aliases; and the conversation with them.

A contact's ``lids`` say which of its aliases are one chat: ``{"88123@lid": "62813…@c.us"}``. A person with
two numbers has two chats, and a conversation with each.
"""

from collections.abc import Iterable
from typing import Any

from engine.documents import Database, where
from engine.facts.joining import join_contacts, join_conversations, move_conversations
from engine.facts.names import LONGEST, display_name, name_of, phone_of, with_book
from engine.ids import canonical_chat
from engine.store import Store
from engine.transaction import Transaction

Peer = dict[str, Any]
Document = dict[str, Any]


def by_alias(documents: Database, alias: str) -> Document | None:
    """Return the contact who is known by a chat id, or None."""
    found = documents.table("contact").search(where("aliases").any([alias]))
    return found[0] if found else None


def lids_of(contact: Document) -> dict[str, str]:
    """Return LID → the phone's chat; of a document from before this was kept, what its aliases allow."""
    if "lids" in contact:
        return dict(contact["lids"])
    phones = [alias for alias in contact["aliases"] if alias.endswith("@c.us")]
    lids = [alias for alias in contact["aliases"] if alias.endswith("@lid")]
    return dict.fromkeys(lids, phones[0]) if phones else {}


def _by_alias(tx: Transaction, alias: str) -> Document | None:
    return tx.first("contact", aliases=alias)


def chat_of_lid(store: Store, lid: str) -> str | None:
    """Return the phone's chat of the contact who is known by *lid*, or None."""
    contact = store.working.first("contact", {"aliases": lid})
    return lids_of(contact.content).get(lid) if contact else None


def _names(peer: Peer, before: dict[str, Any]) -> dict[str, Any]:
    names = dict(before)
    for source, key in (("profile", "push_name"), ("book", "book_name")):
        if peer.get(key):
            names[source] = str(peer[key])[:LONGEST]
    return names


def _chats(peer: Peer) -> tuple[str, str | None]:
    """Return a peer's chat and LID in their one form."""
    lid = canonical_chat(peer["lid"]) if peer.get("lid") else None
    return canonical_chat(peer["chat_id"]), lid


def contact_of(tx: Transaction, peer: Peer) -> Document:
    """Return the contact of *peer*, made or brought up to date; two who turn out to be one are joined."""
    chat, lid = _chats(peer)
    aliases = [alias for alias in dict.fromkeys((chat, lid)) if alias]
    found = [contact for alias in aliases if (contact := _by_alias(tx, alias))]
    if not found:
        return _new_contact(tx, peer, chat, aliases)
    contact = found[0]
    if len(found) > 1 and found[1]["id"] != contact["id"]:
        contact = _one_of(tx, found, chat, str(lid))
    contact = _known_contact(tx, peer, chat, aliases, contact)
    if lid and chat.endswith("@c.us"):
        contact = _pair(tx, contact, lid, chat)
    return contact


def _one_of(tx: Transaction, contacts: list[Document], chat: str, lid: str) -> Document:
    """Return the one contact of the two who have *chat* and *lid*.

    Who has nothing but a LID becomes one with whose number it shows. Who has another number as well may
    be somebody else, since numbers are given to new people: they lose the LID only.
    """
    holder, into = (next(one for one in contacts if alias in one["aliases"]) for alias in (lid, chat))
    if any(alias.endswith("@c.us") for alias in holder["aliases"]):
        _move_alias(tx, lid, holder, into)
    else:
        join_contacts(tx, holder, into, evidence={"lid": lid, "chat": chat})
    return tx.get("contact", into["id"]) or into


def _move_alias(tx: Transaction, lid: str, holder: Document, into: Document) -> None:
    """Take a LID, and the talks with it, from who had it to *into*."""
    left = {
        "aliases": [alias for alias in holder["aliases"] if alias != lid],
        "lids": {key: chat for key, chat in lids_of(holder).items() if key != lid},
    }
    _changed(tx, holder, {**left, "name": name_of({**holder, **left})})
    _changed(tx, into, {"aliases": [*into["aliases"], lid]})
    theirs = (where("contact") == holder["id"]) & (where("chat") == lid)
    move_conversations(tx, tx.documents.table("conversation").search(theirs), into["id"])
    told = {"contact": into["id"], "before": holder["id"], "alias": lid}
    tx.consequence("contact.alias_moved", told)


def _new_contact(tx: Transaction, peer: Peer, chat: str, aliases: list[str]) -> Document:
    names, phone = _names(peer, {}), phone_of(chat)
    contact = {
        "id": tx.new_id(),
        "name": display_name(names, phone, chat),
        "names": names,
        "phone": phone,
        "aliases": aliases,
        "lids": {lid: chat for lid in aliases[1:] if phone},
        "created_at": tx.at,
    }
    return tx.insert("contact", contact)


def _known_contact(tx: Transaction, peer: Peer, chat: str, aliases: list[str], contact: Document) -> Document:
    names = _names(peer, contact["names"])
    phone = contact["phone"] or phone_of(chat)
    fields = {
        "names": names,
        "aliases": [*contact["aliases"], *[each for each in aliases if each not in contact["aliases"]]],
        "phone": phone,
        "name": display_name(names, phone, chat),
    }
    return _changed(tx, contact, fields)


def _changed(tx: Transaction, contact: Document, fields: Document) -> Document:
    """Set those of *fields* that differ; return the contact as it is then."""
    changed = {key: value for key, value in fields.items() if contact.get(key) != value}
    if changed:
        tx.update("contact", contact["id"], changed)
    return {**contact, **changed}


def _pair(tx: Transaction, contact: Document, lid: str, chat: str) -> Document:
    """Note that *lid* and the phone's *chat* are one: so are the conversations with them on each number."""
    lids = lids_of(contact)
    if contact.get("lids", {}).get(lid) == chat:
        return contact
    contact = _changed(tx, contact, {"lids": {**lids, lid: chat}})
    for gone in tx.documents.table("conversation").search(where("contact") == contact["id"]):
        if gone["chat"] != lid:
            continue
        into = find_conversation(tx, gone["account"], chat)
        if into is None:
            tx.update("conversation", gone["id"], {"chat": chat})
        else:
            join_conversations(tx, gone, into)
    return contact


def conversation_of(tx: Transaction, account: str, peer: Peer, contact: Document, **fields: Any) -> Document:
    """Return the conversation of *account* with *peer*, made (with *fields*) where there is none yet."""
    chat, _ = _chats(peer)
    lids = lids_of(contact)
    others = [lids[chat]] if chat in lids else [lid for lid, phone in lids.items() if phone == chat]
    for alias in (chat, *others):
        found = find_conversation(tx, account, alias)
        if found:
            if alias.endswith("@lid") and not chat.endswith("@lid"):
                tx.update("conversation", found["id"], {"chat": chat})
                found["chat"] = chat
            return found
    return _new_conversation(tx, account, chat, contact, fields)


def find_conversation(tx: Transaction, account: str, chat: str) -> Document | None:
    """Return the conversation of (account, chat), or None."""
    return tx.first("conversation", account=account, chat=chat)


def _new_conversation(
    tx: Transaction, account: str, chat: str, contact: Document, fields: Document
) -> Document:
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
        **fields,
    }
    tx.insert("conversation", conversation)
    if not blocked and not fields:
        tx.consequence("conversation.opened", {"conversation": conversation["id"], "episode": 1})
    return conversation


def upserted(tx: Transaction, data: dict[str, Any]) -> None:
    """A gateway told of a contact."""
    contact = contact_of(tx, {**data["peer"], "book_name": None})
    if data["peer"].get("book_name"):
        contact = _in_book(tx, contact, tx.event["account"] or "-", data["peer"]["book_name"])
    tx.about["contact"] = contact["id"]


def linked(tx: Transaction, data: dict[str, Any]) -> None:
    """A gateway told which LID belongs to which phone."""
    peer = data.get("peer") or {"chat_id": data.get("phone_chat") or data["lid"], "lid": data.get("lid")}
    chat, lid = _chats(peer)
    if _by_alias(tx, chat) or _by_alias(tx, str(lid)):
        tx.about["contact"] = contact_of(tx, peer)["id"]


def book(tx: Transaction, data: dict[str, Any]) -> None:
    """A phone's address book, or a part of it: ``{"contacts": [peer]}``; see `take_book`."""
    take_book(tx, tx.event["account"], data["contacts"], data.get("removed") or ())


def take_book(
    tx: Transaction, account: str, entries: Iterable[Peer], removed: Iterable[str] = ()
) -> dict[str, int]:
    """Write down what the phone of *account* calls people; return how many were ``added`` and ``changed``.

    A peer whose ``book_name`` is None is not in the book (any more), and no new contact is made of it; one
    that has no ``book_name`` at all only says which LID is whose. removed: ids of contacts whom the book
    does not have any more.
    """
    counts = {"added": 0, "changed": 0}
    for peer in entries:
        how = _take_entry(tx, account, peer)
        if how:
            counts[how] += 1
    for id in removed:
        contact = tx.get("contact", id)
        if contact and account in (contact.get("books") or {}):
            _in_book(tx, contact, account, None)
            counts["changed"] += 1
    return counts


def _take_entry(tx: Transaction, account: str, peer: Peer) -> str | None:
    before = _known_as(tx, peer)
    if not differs(before, account, peer):
        return None
    contact = contact_of(tx, {**peer, "book_name": None})
    if "book_name" in peer:
        _in_book(tx, contact, account, peer["book_name"])
    return "changed" if before else "added"


def _known_as(tx: Transaction, peer: Peer) -> list[Document]:
    return [contact for alias in _chats(peer) if alias and (contact := _by_alias(tx, alias))]


def known_as(documents: Database, peer: Peer) -> list[Document]:
    """Return the contacts who are known by a peer's chat or LID."""
    aliases = [alias for alias in _chats(peer) if alias]
    return [contact for alias in aliases if (contact := by_alias(documents, alias))]


def differs(known: list[Document], account: str, peer: Peer) -> bool:
    """Whether an entry of an address book says anything new of those whom it is about."""
    if not known:
        return bool(peer.get("book_name"))
    contact, aliases = known[0], [alias for alias in _chats(peer) if alias]
    chat, lid = _chats(peer)
    is_paired = not (lid and chat.endswith("@c.us")) or lids_of(contact).get(lid) == chat
    if not is_paired or any(alias not in contact["aliases"] for alias in aliases):
        return True
    if "book_name" not in peer:
        return False
    name, push = (str(peer.get(key) or "")[:LONGEST] for key in ("book_name", "push_name"))
    is_named = (contact.get("books") or {}).get(account, "") == name
    return not is_named or bool(push and contact["names"].get("profile") != push)


def _in_book(tx: Transaction, contact: Document, account: str, name: str | None) -> Document:
    fields = with_book(contact, account, name)
    return _changed(tx, contact, {**fields, "name": name_of({**contact, **fields})})
