"""WAHA's REST API, as far as messages need it. https://waha.devlike.pro/docs/how-to/send-messages/"""

import base64
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from engine import times
from engine.gateways import (
    MEGABYTE,
    Answer,
    CallFailed,
    Result,
    absent,
    call,
    canonical_chat,
    failed,
    not_sent,
    refused,
    same_host,
    sent,
    unknown,
)

from .people import mapping, message_id

MEDIA_LIMIT = 64 * MEGABYTE
HISTORY_LIMIT = 8 * MEGABYTE
HISTORY_COUNT = 50
CLOCK_SKEW = 60.0
CALLS = {"image": "sendImage", "video": "sendVideo", "voice": "sendVoice"}
FILES = "/api/files/"
LOCKED = re.compile(r"(?:error|code|status\w*)\W{1,4}463\b|reach.?out.?time.?lock", re.IGNORECASE)
PRESENCE = {"seen": "sendSeen", "typing": "startTyping", "paused": "stopTyping"}


class Session:
    """One WAHA session: where it is and how to speak to it."""

    def __init__(self, account: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        settings = mapping(account.get("settings"))
        self.url = str(settings.get("url") or "").rstrip("/")
        self.name = str(settings.get("session") or "default")
        key = secrets.get("api_key")
        self.headers = {"X-Api-Key": key} if key else {}

    def call(self, method: str, path: str, deadline: float, **more: Any) -> Answer:
        """Call *path* of this WAHA; CallFailed where it does not end in a 2xx."""
        return call(method, self.url + path, headers=self.headers, deadline=deadline, **more)

    def chat_path(self, chat: str) -> str:
        """Return the path of a chat, escaped."""
        return f"/api/{quote(self.name, safe='')}/chats/{quote(chat, safe='')}"


def send(message: Mapping[str, Any], session: Session, deadline: float) -> Result:
    """Send *message*; WAHA takes no id of ours, so a call without an answer stays unknown."""
    try:
        path, body = _request(message, session)
    except OSError as error:
        return refused("media", f"the file to send cannot be read: {error.strerror}", retryable=True)
    try:
        answer = session.call("POST", path, deadline, json=body)
    except CallFailed as error:
        return _failed(error)
    found = sent_id(answer)
    return sent(found) if found else unknown("WAHA took the message but gave no id for it")


def presence(message: Mapping[str, Any], state: str, session: Session, deadline: float) -> None:
    """Show a chat that it is read, or that somebody types or has stopped; CallFailed where WAHA does not.

    https://waha.devlike.pro/docs/how-to/presence/; what is shown as read is all of the chat.
    """
    body = {"session": session.name, "chatId": str(message["chat"])}
    session.call("POST", f"/api/{PRESENCE[state]}", deadline, json=body)


def sent_id(answer: Answer) -> str | None:
    """Return the bare id in the answer to a send, whose shape differs by engine.

    WEBJS ``{id: {_serialized}}``, NOWEB ``{key: {id}}``, GOWS and newer ones ``{id: text}``.
    """
    try:
        body = mapping(answer.json())
    except ValueError:
        return None
    shapes = (body.get("id"), mapping(body.get("key")).get("id"))
    return next((found.bare for found in map(message_id, shapes) if found), None)


def find(message: Mapping[str, Any], session: Session, deadline: float) -> Result:
    """Look for *message* among the chat's newest 50.

    It is there if one of our own, not older than its first sending (less a minute for the clocks)
    and not known as another message, says the same. It is absent only if the 50 reach back to
    that time; else nobody can tell.
    """
    since = _since(message)
    if since is None:
        return unknown("the time of sending is not known")
    chat = session.chat_path(str(message["chat"]))
    try:
        path = f"{chat}/messages?limit={HISTORY_COUNT}&downloadMedia=false"
        listed = session.call("GET", path, deadline, max_bytes=HISTORY_LIMIT).json()
    except CallFailed as error:
        return unknown(error.reason)
    except ValueError:
        return unknown("the chat's history is no JSON")
    if not isinstance(listed, list):
        return unknown("the chat's history is no list")
    return _look_up(message, [mapping(one) for one in listed], since)


def fetch_media(ref: Mapping[str, Any], session: Session, deadline: float) -> dict[str, Any]:
    """Fetch a file; where WAHA had not loaded it when it told of the message, ask it to now."""
    ends = time.monotonic() + deadline
    found = {"url": ref.get("url"), "mimetype": None, "filename": None}
    if not found["url"]:
        found.update(_loaded(ref, session, deadline))
    url = str(found["url"] or "")
    answer = call(
        "GET",
        media_url(url, session),
        headers=session.headers,
        deadline=max(ends - time.monotonic(), 0.0),
        max_bytes=MEDIA_LIMIT,
        redirects=True,
    )
    mime = answer.headers.get("content-type", "").partition(";")[0].strip() or found["mimetype"]
    name = found["filename"] or unquote(urlsplit(url).path.rpartition("/")[2])
    return {"body": answer.body, "mime": mime or "application/octet-stream", "filename": name or None}


def media_url(url: str, session: Session) -> str:
    """Return where a file really is; CallFailed where that would be another host than WAHA's.

    WAHA writes its URLs as it sees itself (often http://localhost:3000), so a path of its file
    store is taken from the account's own URL, and no other host is ever called: the body of a
    webhook must not choose where this server connects to.
    """
    try:
        parts = urlsplit(url)
        inside = same_host(session.url, url) if parts.scheme in ("http", "https") else False
    except ValueError:
        raise CallFailed("refused", "the file's address is no URL", status=0) from None
    if ".." in unquote(unquote(parts.path)).replace("\\", "/").split("/"):
        raise CallFailed("refused", "the file's address leaves WAHA's file store", status=0)
    query = f"?{parts.query}" if parts.query else ""
    if parts.path.startswith(FILES):
        return session.url + quote(parts.path, safe="/%@") + query
    if inside:
        return url
    raise CallFailed("refused", "the file is on another host than the account's WAHA", status=0)


def _request(message: Mapping[str, Any], session: Session) -> tuple[str, dict[str, Any]]:
    """Return the path and body of a send; OSError where the file cannot be read."""
    chat = str(message["chat"])
    body: dict[str, Any] = {"session": session.name, "chatId": chat}
    if reply_to := _reply_to(message.get("reply_to"), chat):
        body["reply_to"] = reply_to
    media, text = message.get("media"), message.get("text")
    if not media:
        return "/api/sendText", body | {"text": text or ""}
    body["file"] = {
        "mimetype": media.get("mime") or "application/octet-stream",
        "filename": media.get("filename") or "file",
        "data": base64.b64encode(Path(media["path"]).read_bytes()).decode(),
    }
    kind = media.get("kind") or message.get("kind")
    if kind == "voice":
        return "/api/sendVoice", body | {"convert": not str(media.get("mime")).startswith("audio/ogg")}
    return f"/api/{CALLS.get(kind, 'sendFile')}", body | {"caption": text or ""}


def _reply_to(target: Any, chat: str) -> str | None:
    """Return WAHA's id of the message that is answered.

    *target* is a gateway's id, bare (of a message that came in) or whole, or
    ``{"id", "from_me", "participant"}``.
    """
    known = target if isinstance(target, dict) else {"id": target}
    bare = known.get("id")
    if not bare or str(bare).startswith(("true_", "false_")):
        return bare or None
    side = "true" if known.get("from_me") else "false"
    member = known.get("participant")
    return f"{side}_{chat}_{bare}" + (f"_{member}" if member else "")


def _failed(error: CallFailed) -> Result:
    """Tell a session that is not connected (422), which is worth another try, from a real refusal."""
    if error.status == 422 and '"expected"' in error.body:
        return not_sent("the WAHA session is not connected")
    if LOCKED.search(error.body or ""):
        return refused("463", "WhatsApp does not let this number begin new chats for some time")
    if error.status in (401, 403):
        return refused(str(error.status), "WAHA refused the API key")
    return failed(error)


def _since(message: Mapping[str, Any]) -> float | None:
    """Return from when on the message can have been sent, in seconds since 1970."""
    at = message.get("sending_at") or message.get("at")
    return times.parse(at).timestamp() - CLOCK_SKEW if at else None


def _look_up(message: Mapping[str, Any], listed: list[Mapping[str, Any]], since: float) -> Result:
    known = set(message.get("known_ids") or ())
    dated = [(at, one) for one in listed if (at := _timestamp(one)) is not None]
    for at, one in sorted(dated, key=lambda pair: pair[0]):
        mid = message_id(one.get("id"))
        if at >= since and mid and mid.bare not in known and _same(message, one, mid.from_me):
            return sent(mid.bare)
    if len(listed) >= HISTORY_COUNT and all(at >= since for at, _ in dated):
        return unknown("the chat has had more messages since than WAHA lists")
    return absent()


def _timestamp(one: Mapping[str, Any]) -> float | None:
    value = one.get("timestamp")
    try:
        return times.parse(times.from_epoch(value)).timestamp() if value is not None else None
    except (ValueError, TypeError):
        return None


def _same(message: Mapping[str, Any], one: Mapping[str, Any], from_me: bool | None) -> bool:
    """Return whether a message of the history says what *message* does."""
    if not (one.get("fromMe") is True or from_me):
        return False
    has_media = one.get("hasMedia") is True or bool(one.get("media"))
    if bool(message.get("media")) != has_media:
        return False
    return (one.get("body") or "").strip() == (message.get("text") or "").strip()


def _loaded(ref: Mapping[str, Any], session: Session, deadline: float) -> dict[str, Any]:
    """Have WAHA load a message's file now; return its ``media``."""
    chat, message = ref.get("chat_id"), ref.get("message_id")
    if not chat or not message:
        raise CallFailed("refused", "WAHA gave no address for the file", status=0)
    path = f"{session.chat_path(canonical_chat(chat))}/messages/{quote(message, safe='')}?downloadMedia=true"
    try:
        media = mapping(mapping(session.call("GET", path, deadline).json()).get("media"))
    except ValueError:
        media = {}
    if not media.get("url"):
        raise CallFailed("refused", "WAHA cannot load the file", status=0)
    return {name: media.get(name) for name in ("url", "mimetype", "filename")}
