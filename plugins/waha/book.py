"""The paired phone's contacts. https://waha.devlike.pro/docs/how-to/contacts/#get-all-contacts

WAHA tells nothing when they change, so the list is read again from time to time. NOWEB needs its store
enabled for it. ``name`` is what the phone's address book says, ``pushname`` what the person shows.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from engine.gateways import MEGABYTE, CallFailed

from .api import Session
from .people import chat_id, mapping, peer

PAGE = 500
LIMIT = 16 * MEGABYTE


def page(session: Session, deadline: float, cursor: str | None) -> dict[str, Any]:
    """Return ``{"contacts": [peer], "next", "total": None}``; CallFailed where they cannot be had."""
    offset = int(cursor or 0)
    asked = {"session": session.name, "limit": PAGE, "offset": offset, "sortBy": "id", "sortOrder": "asc"}
    answer = session.call("GET", f"/api/contacts/all?{urlencode(asked)}", deadline, max_bytes=LIMIT)
    try:
        listed = answer.json()
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise CallFailed("unknown", "WAHA's list of contacts is no list", status=answer.status)
    found = [one for each in listed if (one := person(mapping(each)))]
    following = str(offset + len(listed)) if len(listed) >= PAGE else None
    return {"contacts": found, "next": following, "total": None}


def person(one: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the peer of one listed contact; None for a group, a channel and the number itself."""
    id = chat_id(one.get("id"))
    if id is None or not id.endswith(("@c.us", "@lid")) or one.get("isMe") is True or one.get("isGroup"):
        return None
    number = one.get("number")
    phone = f"{number}@c.us" if isinstance(number, str) and number.isdigit() else None
    if phone and phone.partition("@")[0] == id.partition("@")[0]:
        phone = None  # of a LID its own digits, which are no number
    known = peer(id, phone, chat_id(one.get("lid")), push_name=_text(one, "pushname"))
    is_mine = one.get("isMyContact")
    name = _text(one, "name") or _text(one, "shortName") if is_mine is not False else None
    return {**known, "book_name": name}


def _text(one: Mapping[str, Any], key: str) -> str | None:
    value = one.get(key)
    return value.strip() if isinstance(value, str) and value.strip() else None
