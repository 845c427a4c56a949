"""The adapter to nothing: what a pretend customer does comes in by webhook, what we send is on their page.

The body of a webhook is ``{"event", "account", "id", "timestamp", "data"}``; README.md lists the
events. ``X-Simulator-Hmac`` is the hex HMAC-SHA256 over the body's very bytes.
"""

import hashlib
import hmac
import secrets as randomness
from collections.abc import Mapping
from typing import Any

from engine.gateways import (
    CallFailed,
    Json,
    NotUnderstood,
    Result,
    body_key,
    fact,
    header,
    load,
    sent,
    when,
)

from . import files, schemas

KINDS = ("text", "image", "video", "audio", "voice", "document", "sticker")
LEVELS = ("pending", "server", "delivered", "read", "played", "failed")
TYPING = ("typing", "recording", "paused", "online", "offline")
STATES = (
    "starting",
    "qr",
    "connected",
    "disconnected",
    "logged_out",
    "banned",
    "auth_failed",
    "needs_action",
)
SECRET_LENGTH = 8
PAGE = 500
DATA_URL_LIMIT = 400_000
_PAGE_KEY = randomness.token_bytes(32)


def sign(raw: bytes, key: str | bytes) -> dict[str, str]:
    """Return the headers of a webhook with the body *raw*."""
    key = key.encode() if isinstance(key, str) else key
    return {"X-Simulator-Hmac": hmac.new(key, raw, hashlib.sha256).hexdigest()}


def sign_as_page(raw: bytes) -> dict[str, str]:
    """Sign for the page's own requests, with a key that never leaves this process."""
    return sign(raw, _PAGE_KEY)


class Simulator:
    """A wa-service in which nothing leaves this machine."""

    name = "simulator"
    title = "Simulator"
    settings = schemas.Account
    supports: Mapping[str, Any] = {
        "client_ids": True,
        "history": False,
        "find": True,
        "typing": True,
        "reactions": True,
        "buttons": True,
        "official": True,  # nobody is at risk, so nothing is paced unless a number asks for it
        "trial": True,  # it needs no number and no service: the first run may offer it
        "qr": False,
        "contacts": True,
        "media": ["image", "video", "voice", "audio", "document"],
    }

    def verify(self, headers: Mapping[str, str], raw: bytes, secrets: Mapping[str, str]) -> bool:
        """Check ``X-Simulator-Hmac`` with the account's secret, or as of the page in this process."""
        given = (header(headers, "X-Simulator-Hmac") or "").strip().lower().encode()
        key = secrets.get("webhook_secret") or ""
        expected = sign(raw, key)["X-Simulator-Hmac"].encode()
        of_page = sign_as_page(raw)["X-Simulator-Hmac"].encode()
        by_secret = hmac.compare_digest(given, expected) and len(key) >= SECRET_LENGTH
        return hmac.compare_digest(given, of_page) or by_secret

    def parse(self, raw: bytes, account: str) -> list[dict[str, Any]]:
        """Return the events of one webhook body; see `engine.Gateway.parse`."""
        body = load(raw)
        event, data = body.get("event"), body.get("data")
        if not isinstance(event, str) or not event or not isinstance(data, dict):
            raise NotUnderstood("a webhook of the simulator has an 'event' and 'data'")
        id = body.get("id") if isinstance(body.get("id"), str) and body["id"] else body_key(body, raw)
        reader = READERS.get(event)
        found = reader(id, data) if reader else [("unknown", id, {"event": event})]
        at = when(body.get("timestamp"))
        return [fact(type, key, said, account=account, occurred_at=at) for type, key, said in found]

    def default_account(self, raw: bytes) -> str | None:
        """Return the body's account."""
        try:
            account = load(raw).get("account")
        except NotUnderstood:
            return None
        return account if isinstance(account, str) and account else None

    def send(self, message: Json, account: Json, secrets: Mapping[str, str], deadline: float) -> Result:
        """Take any message; its id follows from ours, so the same message is taken once."""
        return sent(gateway_id(message))

    def find(self, message: Json, account: Json, secrets: Mapping[str, str], deadline: float) -> Result:
        """Find any message: what was handed to `send` was taken."""
        return sent(gateway_id(message))

    def fetch_media(
        self, ref: Json, account: Json, secrets: Mapping[str, str], deadline: float
    ) -> dict[str, Any]:
        """Return a file that a pretend customer sent."""
        try:
            if ref.get("file"):
                return {"body": files.get(str(ref["file"])), "mime": ref.get("mime"), "filename": None}
            body, mime = files.from_data_url(str(ref.get("url")))
        except (OSError, ValueError) as error:
            raise CallFailed("refused", f"the file is not there: {error}", status=404) from error
        return {"body": body, "mime": mime, "filename": None}

    def contacts(
        self, account: Json, secrets: Mapping[str, str], deadline: float, cursor: str | None
    ) -> dict[str, Any]:
        """Read a page of the pretend phone's address book; see `engine.gateways.AddressBook`."""
        every = (account.get("settings") or {}).get("contacts") or []
        start = int(cursor or 0)
        page = [
            _booked({"from": phone, "book": name}) for name, _, phone in map(_entry, every[start:][:PAGE])
        ]
        following = start + len(page)
        return {
            "contacts": page,
            "next": str(following) if following < len(every) else None,
            "total": len(every),
        }


def gateway_id(message: Json) -> str:
    """Return the id that the simulator gives a message of ours."""
    known = str(message.get("id") or f"{message.get('chat')}\n{message.get('text')}")
    return "SIM" + hashlib.sha256(known.encode()).hexdigest()[:21].upper()


Read = list[tuple[str, str, dict[str, Any]]]


def _peer(data: Json) -> dict[str, Any]:
    phone = str(data.get("from") or "").removeprefix("+")
    if not (phone.isascii() and phone.isdigit() and 5 <= len(phone) <= 15):
        raise NotUnderstood("'from' is a phone number of 5 to 15 digits")
    peer = {"chat_id": f"{phone}@c.us", "kind": "user", "phone": phone, "lid": None, "book_name": None}
    return peer | {"push_name": _text(data.get("name"))}


def _entry(line: str) -> tuple[str, str, str]:
    """Return (name, " ", number) of an address book's line."""
    return line.strip().rpartition(" ")


def _booked(data: Json) -> dict[str, Any]:
    return _peer(data) | {"book_name": _text(data.get("book"))}


def _contacts(id: str, data: Json) -> Read:
    listed = data.get("contacts")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise NotUnderstood("'contacts' is a list of contacts")
    return [("contact.book", id, {"contacts": [_booked(one) for one in listed]})]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _one_of(data: Json, name: str, allowed: tuple[str, ...]) -> str:
    value = data.get(name)
    if value not in allowed:
        raise NotUnderstood(f"'{name}' is one of {', '.join(allowed)}, not {value!r}")
    return str(value)


def _message(id: str, data: Json) -> Read:
    peer = _peer(data)
    kind = _one_of({"kind": "text"} | dict(data), "kind", KINDS)
    text, media = _text(data.get("text")), _media(data, kind)
    said = {"id": id, "kind": kind, "text": text, "media": media}
    said |= dict.fromkeys(("location", "contacts", "interactive"))
    said |= _pressed(data) if data.get("interactive") is not None else {}
    if said["text"] is None and media is None:
        raise NotUnderstood("a message has a 'text' or 'media'")
    target = _text(data.get("reply_to"))
    said |= {"reply_to": {"id": target, "text": _text(data.get("reply_text"))} if target else None}
    said |= {"mentions": [], "forwarded": False}
    return [("message.received", f"{peer['chat_id']}/{id}", {"message": said, "peer": peer})]


def _pressed(data: Json) -> dict[str, Any]:
    """Read the answer that somebody gave by a button; its text is what the button said."""
    given = data["interactive"] if isinstance(data["interactive"], dict) else {}
    button, title = _text(given.get("id")), _text(given.get("title"))
    if button is None or title is None or data.get("media") is not None:
        raise NotUnderstood("'interactive' has a button's 'id' and 'title', and no 'media' beside it")
    answer = {"id": button, "title": title, "kind": "buttons"}
    return {"kind": "interactive", "text": title, "interactive": answer}


def _media(data: Json, kind: str) -> dict[str, Any] | None:
    media = data.get("media")
    if kind == "text":
        return None
    if not isinstance(media, dict) or not (_text(media.get("file")) or _text(media.get("url"))):
        raise NotUnderstood(f"a message of kind {kind} has 'media' with a 'file' or a 'url'")
    url = _text(media.get("url"))
    if url and (len(url) > DATA_URL_LIMIT or not url.startswith("data:")):
        raise NotUnderstood(f"'url' is a data: URL of at most {DATA_URL_LIMIT} characters")
    mime = _text(media.get("mime"))
    found = {"kind": kind, "mime": mime, "filename": _text(media.get("filename")), "size": None}
    found |= {"caption": _text(data.get("text"))}
    return found | {"ref": {"file": _text(media.get("file")), "url": url, "mime": mime}}


def _typing(id: str, data: Json) -> Read:
    peer = _peer(data)
    state = _one_of(data, "state", TYPING)
    return [("presence.changed", f"{id}/{state}", {"peer": peer, "state": state, "last_seen": None})]


def _ack(id: str, data: Json) -> Read:
    peer, level, ids = _peer(data), _one_of(data, "level", LEVELS), data.get("ids")
    if not isinstance(ids, list) or not ids or not all(_text(one) for one in ids):
        raise NotUnderstood("'ids' is a list of message ids")
    error = {"code": "SIMULATED", "title": "The simulator was told to fail it", "retryable": False}
    said = {"status": level, "peer": peer, "recipient": None, "error": error if level == "failed" else None}
    return [("message.status", f"{peer['chat_id']}/{one}/{level}/-", {"ids": [one], **said}) for one in ids]


def _reaction(id: str, data: Json) -> Read:
    peer, target = _peer(data), _text(data.get("target"))
    if target is None:
        raise NotUnderstood("'target' is a message's id")
    said = {
        "target_id": target,
        "emoji": _text(data.get("emoji")),
        "by": "contact",
        "peer": peer,
        "sender": None,
    }
    return [("message.reaction", f"{peer['chat_id']}/{id}", said)]


def _session(id: str, data: Json) -> Read:
    state = _one_of(data, "state", STATES)
    return [("session.state", id, {"state": state, "reason_code": _text(data.get("reason")), "me": None})]


READERS = {
    "message": _message,
    "typing": _typing,
    "ack": _ack,
    "reaction": _reaction,
    "session": _session,
    "contacts": _contacts,
}
