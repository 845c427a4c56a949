"""The paired phone's contacts, then which hidden number (LID) is whose.

https://waha.devlike.pro/docs/how-to/contacts/#get-all-contacts and …#get-all-known-lids-to-phone-number.
WAHA tells nothing when they change, so the list is read again from time to time. NOWEB needs its store
enabled for it. ``name`` is what the phone's address book says, ``pushname`` what the person shows.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from engine.gateways import MEGABYTE, CallFailed

from .api import Session
from .people import chat_id, mapping, peer

PAGE = 500
LIMIT = 16 * MEGABYTE


def page(session: Session, deadline: float, cursor: str | None) -> dict[str, Any]:
    """Return ``{"contacts": [peer], "next", "total": None}``; CallFailed where they cannot be had."""
    kind, _, offset = (cursor or "contacts/0").partition("/")
    if kind == "lids":
        return _lids(session, deadline, int(offset))
    asked = {"session": session.name, "sortBy": "id", "sortOrder": "asc"}
    listed = _listed(session, "/api/contacts/all", asked, deadline, int(offset))
    found = [one for each in listed if (one := person(each))]
    return {"contacts": found, "next": _next("contacts", int(offset), listed) or "lids/0", "total": None}


def _lids(session: Session, deadline: float, offset: int) -> dict[str, Any]:
    """Read whose the LIDs are; a WAHA that is too old for it tells none."""
    try:
        listed = _listed(session, f"/api/{quote(session.name, safe='')}/lids", {}, deadline, offset)
    except CallFailed as error:
        if error.outcome != "refused":
            raise
        listed = []
    found = [one for each in listed if (one := pair(each))]
    return {"contacts": found, "next": _next("lids", offset, listed), "total": None}


def _listed(
    session: Session, path: str, asked: dict[str, Any], deadline: float, offset: int
) -> list[Mapping[str, Any]]:
    query = urlencode({**asked, "limit": PAGE, "offset": offset})
    answer = session.call("GET", f"{path}?{query}", deadline, max_bytes=LIMIT)
    try:
        listed = answer.json()
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise CallFailed("unknown", "WAHA's list of contacts is no list", status=answer.status)
    return [mapping(each) for each in listed]


def _next(kind: str, offset: int, listed: list[Mapping[str, Any]]) -> str | None:
    return f"{kind}/{offset + len(listed)}" if len(listed) >= PAGE else None


def pair(one: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the peer of a LID and its number, None where the number is not known."""
    lid, phone = chat_id(one.get("lid")), chat_id(one.get("pn"))
    if not (lid and phone and lid.endswith("@lid") and phone.endswith("@c.us")):
        return None
    known = peer(phone, lid)
    return {key: value for key, value in known.items() if key != "book_name"}


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
