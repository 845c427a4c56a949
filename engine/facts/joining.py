"""Two contacts turn out to be one person, two conversations one chat: all follows to the one that stays.

What is gone leaves a document in ``merged``: ``{id, kind: contact | conversation, into, at}``. Documents
of plugins follow by their fields ``contact`` and ``conversation``, timers by those of their data.
"""

from collections.abc import Sequence
from typing import Any

from engine.documents import where
from engine.facts.names import name_of
from engine.transaction import Transaction

Document = dict[str, Any]
STATUSES = ("open", "snoozed", "resolved")


def combined(gone: Document, into: Document) -> Document:
    """Return the contact that *into* becomes with all of *gone*: where both say something, *into* counts."""
    theirs, own = (_said(one) for one in (gone, into))
    made = {**into, **theirs, **own}
    for key in theirs.keys() & own.keys():
        if isinstance(theirs[key], list) and isinstance(own[key], list):
            made[key] = united(own[key], theirs[key])
    made["lids"], made["books"] = ({**(gone.get(k) or {}), **(into.get(k) or {})} for k in ("lids", "books"))
    made["names"] = {**_said(gone["names"]), **_said(into["names"])}
    if made["books"]:
        made["names"]["book"] = made["books"][min(made["books"])]
    made["created_at"] = min(gone["created_at"], into["created_at"])
    return {**made, "name": name_of(made)}


def _said(one: Document) -> Document:
    return {key: value for key, value in one.items() if value not in (None, "", [])}


def united(one: list[Any], other: list[Any]) -> list[Any]:
    """Return the items of both lists, each once, in order."""
    return list(dict.fromkeys([*one, *other]))


def join_contacts(
    tx: Transaction,
    gone: Document,
    into: Document,
    fields: Document | None = None,
    evidence: Document | None = None,
) -> dict[str, list[str]]:
    """Have the contact *into* be *gone* as well; their conversations stay apart.

    fields: what *into* is to be, by default `combined`. evidence: what the engine knows it by, where no
    person said so; then the document in ``merged`` says what there was before, as ``was``. Returns
    collection → ids of what followed.
    """
    made = fields or combined(gone, into)
    tx.remove("contact", gone["id"])
    tx.update("contact", into["id"], {key: value for key, value in made.items() if into.get(key) != value})
    moved = _follow(tx, "contact", gone["id"], into["id"])
    found = tx.documents.table("conversation").search(where("contact") == gone["id"])
    for conversation in found:
        tx.update("conversation", conversation["id"], {"contact": into["id"]})
    if found:
        moved["conversation"] = [str(conversation["id"]) for conversation in found]
    was = {"contact": gone, "into": into, "after": made} if evidence else None
    if earlier := _leave_word(tx, "contact", gone["id"], into["id"]):
        moved["merged"] = earlier
    if was:
        chats = {conversation["id"]: conversation["chat"] for conversation in found}
        tx.update("merged", gone["id"], {"was": {**was, "moved": moved, "chats": chats}})
    if made.get("blocked"):
        for conversation in tx.documents.table("conversation").search(where("contact") == into["id"]):
            put_away(tx, conversation)
    tx.consequence("contact.merged", {"contact": gone["id"], "into": into["id"], "evidence": evidence})
    return moved


def put_away(tx: Transaction, conversation: Document) -> None:
    """Resolve a conversation that is not, and have nothing unread in it."""
    tx.cancel(f"snooze/{conversation['id']}", plugin="core")
    fields = {"handler": "nobody", "snoozed_until": None, "unread": 0}
    if conversation["status"] != "resolved":
        fields.update(status="resolved", resolved_at=tx.at)
    tx.update("conversation", conversation["id"], fields)


def move_conversations(tx: Transaction, found: Sequence[Document], into: str) -> None:
    """Have conversations, and all documents of plugins that are in them, be with the contact *into*."""
    for conversation in found:
        before = conversation["contact"]
        tx.update("conversation", conversation["id"], {"contact": into})
        for collection in tx.store.collections:
            if collection.owner == "core":
                continue
            table = tx.documents.table(collection.name)
            for each in table.search(where("conversation") == conversation["id"]):
                if each.get("contact") == before:
                    tx.update(collection.name, str(each["id"]), {"contact": into})


def join_conversations(tx: Transaction, gone: Document, into: Document) -> None:
    """Make one conversation of two of the same account: open wins, unread is summed, labels are united."""
    for message in tx.documents.table("message").search(where("conversation") == gone["id"]):
        tx.update("message", message["id"], {"conversation": into["id"]})
        medium = tx.get("media", (message.get("media") or {}).get("id"))
        if medium is not None and medium.get("conversation") == gone["id"]:
            tx.update("media", medium["id"], {"conversation": into["id"]})
    parked = (where("account") == gone["account"]) & (where("chat") == gone["chat"])
    for waiting in tx.documents.table("parked").search(parked):
        tx.update("parked", waiting["id"], {"chat": into["chat"]})
    made = _one_conversation(gone, into)
    tx.remove("conversation", gone["id"])
    tx.update("conversation", into["id"], {k: v for k, v in made.items() if k not in into or into[k] != v})
    _one_snooze(tx, gone["id"], {**into, **made})
    _follow(tx, "conversation", gone["id"], into["id"])
    _leave_word(tx, "conversation", gone["id"], into["id"])
    if tx.about.get("conversation") == gone["id"]:
        tx.about["conversation"] = into["id"]
    tx.consequence("conversation.merged", {"conversation": gone["id"], "into": into["id"]})


def _one_conversation(gone: Document, into: Document) -> Document:
    """Return the fields of both as one. Who leads: the one that is open, else the one last spoken in."""

    def rank(one: Document) -> tuple[int, str]:
        return -STATUSES.index(one["status"]), one["last_message_at"] or ""

    lead, other = (gone, into) if rank(gone) > rank(into) else (into, gone)
    newest = max((into, gone), key=lambda one: one["last_message_at"] or "")
    made = {**{key: value for key, value in other.items() if value is not None}, **lead}
    for key in lead.keys() & other.keys():
        if made[key] is None:
            made[key] = other[key]
        if isinstance(lead[key], list) and isinstance(other[key], list):
            made[key] = united(into[key], gone[key])
    made |= {key: newest[key] for key in ("last_message", "last_message_at")}
    made |= {key: into[key] for key in ("id", "account", "chat", "contact")}
    made |= {key: lead[key] for key in ("status", "snoozed_until", "resolved_at")}
    made |= _whose(lead, other)
    made["unread"] = into["unread"] + gone["unread"] if lead["status"] == "open" else 0
    made["episode"] = max(into["episode"], gone["episode"])
    made["created_at"] = min(into["created_at"], gone["created_at"])
    return made


def _whose(lead: Document, other: Document) -> Document:
    """Return who has the one conversation: who has the leading one, else, of two open ones, the other's."""
    both_open = lead["status"] == other["status"] == "open"
    held = other if both_open and not lead["assignee"] and other["assignee"] else lead
    return {key: held[key] for key in ("assignee", "handler")}


def _one_snooze(tx: Transaction, gone: str, made: Document) -> None:
    tx.cancel(f"snooze/{gone}", plugin="core")
    name = f"snooze/{made['id']}"
    if made["status"] == "snoozed":
        tx.timer(name, made["snoozed_until"], {"conversation": made["id"]}, plugin="core")
    else:
        tx.cancel(name, plugin="core")


def _follow(tx: Transaction, key: str, gone: str, into: str) -> dict[str, list[str]]:
    """Have documents of plugins, and timers, that name *gone* by the field *key* name *into*."""
    moved: dict[str, list[str]] = {}
    for collection in tx.store.collections:
        if collection.owner == "core":
            continue
        ids = [str(found["id"]) for found in tx.documents.table(collection.name).search(where(key) == gone)]
        for id in ids:
            tx.update(collection.name, id, {key: into})
        if ids:
            moved[collection.name] = ids
    for timer in tx.documents.table("timer").search(where("data")[key] == gone):
        tx.update("timer", timer["id"], {"data": {**timer["data"], key: into}})
    return moved


def _leave_word(tx: Transaction, kind: str, gone: str, into: str) -> list[str]:
    """Note where to find what is gone; what had become *gone* before is there now as well (their ids)."""
    earlier = [str(found["id"]) for found in tx.documents.table("merged").search(where("into") == gone)]
    for id in earlier:
        tx.update("merged", id, {"into": into})
    tx.insert("merged", {"id": gone, "kind": kind, "into": into, "at": tx.at})
    return earlier
