"""Who is meant: WAHA's message and chat ids, and the LIDs that hide phone numbers.

Message ids are ``{fromMe}_{chat}_{ID}[_{participant}]``; some engines give the bare ``ID`` alone.
``payload._data`` differs by engine and is read for two things only: a LID's phone number and
the name that a person shows.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.gateways import canonical_chat

KINDS = {"g.us": "group", "newsletter": "newsletter", "broadcast": "broadcast"}


class MessageId(NamedTuple):
    """A message id's parts; all but ``bare`` are None where the id does not have them."""

    bare: str
    from_me: bool | None = None
    chat: str | None = None
    participant: str | None = None


def message_id(value: Any) -> MessageId | None:
    """Return the parts of an id as text or as WEBJS's ``{_serialized}``; None where it is none."""
    if isinstance(value, dict):
        value = value.get("_serialized") or value.get("id")
    if not isinstance(value, str) or not value:
        return None
    side, _, rest = value.partition("_")
    from_me = {"true": True, "false": False}.get(side)
    chat, bare, member, *_ = [*(value if from_me is None else rest).split("_", 2), "", "", ""]
    bare = bare.partition("[")[0]
    if chat_id(chat) is None or not bare:
        return MessageId(value)
    return MessageId(bare, from_me, chat_id(chat), chat_id(member))


def chat_id(value: Any) -> str | None:
    """Return a chat's canonical id; None where *value* is none (`me` and empty texts are not)."""
    if isinstance(value, dict):
        value = value.get("_serialized")
    return canonical_chat(value) if isinstance(value, str) and "@" in value else None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def peer(*ids: str | None, push_name: str | None = None) -> dict[str, Any]:
    """Return the identity that *ids*, all of one chat or person, describe; the first one counts.

    A phone number is preferred as ``chat_id``; the digits of a LID are never taken for one.
    """
    known = [one for one in ids if one]
    phones = [one for one in known if one.endswith("@c.us")]
    lids = [one for one in known if one.endswith("@lid")]
    chat = known[0] if known else ""
    if phones and chat in lids:
        chat = phones[0]
    user = phones[0].partition("@")[0] if phones else ""
    return {
        "chat_id": chat,
        "kind": KINDS.get(chat.partition("@")[2], "user"),
        "phone": user if user.isascii() and user.isdigit() else None,
        "lid": lids[0] if lids else None,
        "push_name": push_name,
        "book_name": None,
    }


def chat_of(
    payload: Mapping[str, Any], mid: MessageId, from_me: bool, me: str | None = None
) -> dict[str, Any] | None:
    """Return the peer of the chat that a message belongs to, or None where nothing names it.

    The id's own part counts before ``from`` and ``to``, whose sense differs between engines.
    """
    sides = [chat_id(payload.get("from")), chat_id(payload.get("to"))]
    if from_me and (sides[0] == me or not sides[0]):
        sides.reverse()
    chat = mid.chat or sides[0] or (sides[1] if from_me else None)
    if chat is None:
        return None
    if not chat.endswith(("@c.us", "@lid")):
        return peer(chat)
    return peer(chat, _chat_alias(payload, from_me), push_name=None if from_me else push_name(payload))


def sender_of(payload: Mapping[str, Any], mid: MessageId, from_me: bool) -> dict[str, Any] | None:
    """Return the member of a group who acted, or None where nothing names one."""
    member = chat_id(payload.get("participant")) or mid.participant or chat_id(payload.get("author"))
    if member is None:
        return None
    data = mapping(payload.get("_data"))
    alias = chat_id(mapping(data.get("Info")).get("SenderAlt")) or chat_id(
        mapping(data.get("key")).get("participantAlt")
    )
    return peer(member, alias, push_name=None if from_me else push_name(payload))


def push_name(payload: Mapping[str, Any]) -> str | None:
    """Return the name that the author of a message shows, by any engine's key."""
    data = mapping(payload.get("_data"))
    for name in (mapping(data.get("Info")).get("PushName"), data.get("pushName"), data.get("notifyName")):
        if isinstance(name, str) and name.strip():
            return name
    return None


def _chat_alias(payload: Mapping[str, Any], from_me: bool) -> str | None:
    """Return the other id of a private chat: GOWS gives it by side, NOWEB for the chat itself."""
    data = mapping(payload.get("_data"))
    info = mapping(data.get("Info"))
    return chat_id(info.get("RecipientAlt" if from_me else "SenderAlt")) or chat_id(
        mapping(data.get("key")).get("remoteJidAlt")
    )
