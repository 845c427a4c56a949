"""From one webhook body of WAHA to ReplyAI's events, from the body alone.

Envelope: ``{id, timestamp (ms), event, session, me, payload, engine, …}``; older versions have
no ``id`` and ``timestamp``. https://waha.devlike.pro/docs/how-to/events/
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.gateways import NotUnderstood, body_key, fact, load, when

from . import content
from .people import MessageId, chat_id, chat_of, mapping, message_id, peer, sender_of

LEVELS = {-1: "failed", 0: "pending", 1: "server", 2: "delivered", 3: "read", 4: "played"}
LEVEL_NAMES = {"ERROR": -1, "PENDING": 0, "SERVER": 1, "DEVICE": 2, "READ": 3, "PLAYED": 4}
FAILED = {"code": "ERROR", "title": "WhatsApp did not take the message", "retryable": False}
STATES = {
    "STOPPED": "disconnected",
    "STARTING": "starting",
    "SCAN_QR_CODE": "qr",
    "WORKING": "connected",
    "FAILED": "needs_action",
    "PASSKEY_REQUIRED": "needs_action",
    "PASSKEY_CONFIRMATION_REQUIRED": "needs_action",
}
PRESENCES = {"typing", "recording", "paused", "online", "offline"}
CALLS = {
    "received": "offer",
    "accepted": "accepted",
    "rejected": "rejected",
    "ended": "ended",
    "missed": "missed",
}


class Body(NamedTuple):
    """One webhook, taken apart. ``key`` names it: its own id, else the hash of its body."""

    event: str
    account: str
    payload: Mapping[str, Any]
    key: str
    me: Mapping[str, Any]
    timestamp: Any

    def fact(
        self, type: str, key: str, data: dict[str, Any], *times: Any, origin: str = "live"
    ) -> dict[str, Any]:
        """Return an event of this webhook's account; its time is the first of *times* that is one."""
        occurred_at = when(*times, self.timestamp)
        return fact(type, key, data, account=self.account, occurred_at=occurred_at, origin=origin)

    def unknown(self, reason: str | None = None) -> list[dict[str, Any]]:
        """Return the event for what is not read."""
        data = {"event": self.event} | ({"reason": reason} if reason else {})
        return [self.fact("unknown", self.key, data, self.payload.get("timestamp"))]

    def id(self, name: str = "id", within: Any = None) -> MessageId:
        """Return the parts of a message's id; NotUnderstood where there is none."""
        found = message_id(mapping(self.payload if within is None else within).get(name))
        if found is None:
            raise NotUnderstood(f"{self.event}: the payload has no message {name!r}")
        return found

    def from_me(self, mid: MessageId) -> bool:
        """Return whether the account's own side acted; an older body tells it in the id alone."""
        said = self.payload.get("fromMe")
        return said if isinstance(said, bool) else bool(mid.from_me)

    def chat(self, mid: MessageId, payload: Any = None) -> dict[str, Any]:
        """Return the peer of a message's chat; NotUnderstood where nothing names it."""
        payload = self.payload if payload is None else mapping(payload)
        found = chat_of(payload, mid, self.from_me(mid), chat_id(self.me.get("id")))
        if found is None:
            raise NotUnderstood(f"{self.event}: the payload names no chat")
        return found

    def is_own(self, chat: Mapping[str, Any]) -> bool:
        """Return whether a chat is the account's own number."""
        own = {chat_id(self.me.get("id")), chat_id(self.me.get("lid"))} - {None}
        return bool(chat["phone"] or chat["lid"]) and bool(own & {chat["chat_id"], chat["lid"]})


def parse(raw: bytes, account: str) -> list[dict[str, Any]]:
    """Return the events of *raw*; see `engine.Gateway.parse`."""
    body = load(raw)
    event, session = body.get("event"), body.get("session")
    for name, value in (("event", event), ("session", session)):
        if not isinstance(value, str) or not value:
            raise NotUnderstood(f"this is no webhook of WAHA: it has no {name!r}")
    if not isinstance(body.get("payload"), dict):
        raise NotUnderstood(f"{event}: 'payload' is no JSON object")
    own_id = body.get("id")
    key = own_id if isinstance(own_id, str) and own_id else body_key(body, raw)
    taken = Body(event, account, body["payload"], key, mapping(body.get("me")), body.get("timestamp"))
    reader = READERS.get(event) or READERS_BY_PREFIX.get(event.partition(".")[0])
    return reader(taken) if reader else taken.unknown()


def session_of(raw: bytes) -> str | None:
    """Return the session that a body names, or None."""
    try:
        session = load(raw).get("session")
    except NotUnderstood:
        return None
    return session if isinstance(session, str) and session else None


def _message(body: Body) -> list[dict[str, Any]]:
    """Read ``message`` and ``message.any``: the same message has the same event id in both."""
    payload, mid = body.payload, body.id()
    from_me = body.from_me(mid)
    chat = body.chat(mid)
    if content.is_noise(payload):
        return body.unknown("not said by a person")
    if from_me and body.is_own(chat):
        return body.unknown("to the own number")  # GOWS 2026.8.2 names it as the chat of what it sends
    data = {"message": content.message(payload, mid), "peer": chat}
    if chat["kind"] != "user":
        data["sender"] = sender_of(payload, mid, from_me)
    key = f"{chat['chat_id']}/{mid.bare}"
    if not from_me:
        return [body.fact("message.received", key, data, payload.get("timestamp"))]
    origin = "echo_api" if payload.get("source") == "api" else "echo_phone"
    return [body.fact("message.sent", key, data, payload.get("timestamp"), origin=origin)]


def _ack(body: Body) -> list[dict[str, Any]]:
    payload, mid = body.payload, body.id()
    ack = payload.get("ack")
    level = LEVELS.get(ack if isinstance(ack, int) else LEVEL_NAMES.get(str(payload.get("ackName")), 99))
    if level is None:
        raise NotUnderstood(f"{body.event}: 'ack' is {ack!r}, expected -1 to 4")
    chat = body.chat(mid)
    if not body.from_me(mid):
        return body.unknown("of a message that came in")
    recipient = chat_id(payload.get("participant")) or (mid.participant if chat["kind"] == "group" else None)
    data = {"ids": [mid.bare], "status": level, "peer": chat, "recipient": recipient}
    data["error"] = FAILED if level == "failed" else None
    key = f"{chat['chat_id']}/{mid.bare}/{level}/{recipient or '-'}"
    return [body.fact("message.status", key, data, payload.get("timestamp"))]


def _reaction(body: Body) -> list[dict[str, Any]]:
    payload, act = body.payload, body.id()
    reaction = mapping(payload.get("reaction"))
    target = body.id("messageId", reaction)
    chat = body.chat(act._replace(chat=act.chat or target.chat))
    from_me = body.from_me(act)
    data = {
        "target_id": target.bare,
        "emoji": content.text(reaction.get("text")),
        "by": "me" if from_me else "contact",
        "peer": chat,
        "sender": sender_of(payload, act, from_me) if chat["kind"] == "group" else None,
    }
    key = _act_key(body, act, target, data["emoji"])
    return [body.fact("message.reaction", f"{chat['chat_id']}/{key}", data, payload.get("timestamp"))]


def _act_key(body: Body, act: MessageId, target: MessageId, new: str | None) -> str:
    """Return the act's own id; where an engine gives the message's instead, a hash of what is new."""
    if act.bare != target.bare:
        return act.bare
    return f"{target.bare}/{body_key({'new': new, 'timestamp': body.payload.get('timestamp')}, b'')}"


def _edited(body: Body) -> list[dict[str, Any]]:
    payload, act = body.payload, body.id()
    target = message_id(payload.get("editedMessageId")) or act
    chat = body.chat(act)
    data = {"target_id": target.bare, "text": content.text(payload.get("body")), "peer": chat}
    key = _act_key(body, act, target, data["text"])
    return [body.fact("message.edited", f"{chat['chat_id']}/{key}", data, payload.get("timestamp"))]


def _revoked(body: Body) -> list[dict[str, Any]]:
    """Read a deletion: ``after`` is the act, ``before`` the message, which WAHA may no longer know."""
    after, before = mapping(body.payload.get("after")), mapping(body.payload.get("before"))
    act = message_id(after.get("id")) or body.id("id", before)
    target = message_id(body.payload.get("revokedMessageId")) or message_id(before.get("id")) or act
    chat = body.chat(act, after or before)
    data = {"target_id": target.bare, "by": "me" if act.from_me else "contact", "peer": chat}
    key = f"{chat['chat_id']}/{act.bare}"
    return [body.fact("message.deleted", key, data, after.get("timestamp"), before.get("timestamp"))]


def _waiting(body: Body) -> list[dict[str, Any]]:
    """Read a message that this device cannot decrypt yet; WhatsApp on the phone may show it."""
    mid = body.id()
    chat = body.chat(mid)
    data = {"id": mid.bare, "reason": "waiting", "peer": chat, "from_me": body.from_me(mid)}
    key = f"{chat['chat_id']}/{mid.bare}"
    return [body.fact("message.unavailable", key, data, body.payload.get("timestamp"))]


def _presence(body: Body) -> list[dict[str, Any]]:
    chat = chat_id(body.payload.get("id"))
    listed = body.payload.get("presences")
    if chat is None or not isinstance(listed, list):
        raise NotUnderstood(f"{body.event}: the payload has no 'id' and 'presences'")
    events = []
    for presence in map(mapping, listed):
        state = presence.get("lastKnownPresence")
        if state in PRESENCES:
            who = chat_id(presence.get("participant"))
            data = {"peer": peer(chat), "state": state, "last_seen": when(presence.get("lastSeen"))}
            data["sender"] = peer(who) if who and who != chat else None
            events.append(body.fact("presence.changed", f"{body.key}/{who or chat}", data))
    return events or body.unknown()


def _session(body: Body) -> list[dict[str, Any]]:
    """Read the connection's state. The QR itself is not in the webhook: it is fetched where it is shown."""
    status = body.payload.get("status")
    if not isinstance(status, str) or not status:
        raise NotUnderstood(f"{body.event}: the payload has no 'status'")
    if status not in STATES:
        return body.unknown(f"status {status}")
    me = chat_id(body.me.get("id"))
    own = (
        peer(me, chat_id(body.me.get("lid")), push_name=content.text(body.me.get("pushName"))) if me else None
    )
    data = {"state": STATES[status], "reason_code": status, "me": own}
    passed = body.payload.get("statuses")
    last = mapping(passed[-1]).get("timestamp") if isinstance(passed, list) and passed else None
    occurred_at = (body.timestamp, last)
    return [body.fact("session.state", body.key, data, *occurred_at)]


def _call(body: Body) -> list[dict[str, Any]]:
    payload = body.payload
    state = CALLS.get(body.event.partition(".")[2])
    call_id, caller = content.text(payload.get("id")), chat_id(payload.get("from"))
    if state is None:
        return body.unknown()
    if call_id is None or caller is None:
        raise NotUnderstood(f"{body.event}: the payload has no 'id' and 'from'")
    data = {"call_id": call_id, "peer": peer(caller), "state": state}
    data |= {"video": payload.get("isVideo") is True, "group": payload.get("isGroup") is True}
    return [body.fact("call.event", f"{call_id}/{state}", data, payload.get("timestamp"))]


def _vote(body: Body) -> list[dict[str, Any]]:
    vote, poll = mapping(body.payload.get("vote")), mapping(body.payload.get("poll"))
    act, target = body.id("id", vote), body.id("id", poll)
    from_me = vote.get("fromMe") is True or act.from_me is True
    chat = chat_of(vote, act, from_me)
    if chat is None:
        raise NotUnderstood(f"{body.event}: the payload names no chat")
    options = vote.get("selectedOptions")
    data = {
        "poll_id": target.bare,
        "options": [one for one in options if isinstance(one, str)] if isinstance(options, list) else [],
        "by": "me" if from_me else "contact",
        "peer": chat,
        "sender": _voter(vote, act) if chat["kind"] == "group" else None,
    }
    return [body.fact("poll.vote", f"{chat['chat_id']}/{act.bare}", data, vote.get("timestamp"))]


def _voter(vote: Mapping[str, Any], act: MessageId) -> dict[str, Any] | None:
    who = chat_id(vote.get("participant")) or act.participant or chat_id(vote.get("from"))
    return peer(who) if who else None


def _group(body: Body) -> list[dict[str, Any]]:
    """Read ``group.v2.*``; the older ``group.*`` has another shape for each engine and is not read."""
    payload = body.payload
    if not body.event.startswith("group.v2."):
        return body.unknown()
    group = mapping(payload.get("group"))
    chat = chat_id(group.get("id"))
    if chat is None:
        raise NotUnderstood(f"{body.event}: the payload has no 'group' with an 'id'")
    verb = body.event.rpartition(".")[2]
    action = content.text(payload.get("type")) if verb == "participants" else verb
    listed = payload.get("participants") or group.get("participants")
    people = [chat_id(mapping(one).get("id") or one) for one in listed] if isinstance(listed, list) else []
    data = {
        "peer": peer(chat),
        "action": action,
        "subject": content.text(group.get("subject")),
        "own": verb in ("join", "leave"),
        "participants": [one for one in people if one],
    }
    return [body.fact("group.changed", body.key, data, payload.get("timestamp"))]


READERS: dict[str, Callable[[Body], list[dict[str, Any]]]] = {
    "message": _message,
    "message.any": _message,
    "message.ack": _ack,
    "message.ack.group": _ack,
    "message.reaction": _reaction,
    "message.edited": _edited,
    "message.revoked": _revoked,
    "message.waiting": _waiting,
    "presence.update": _presence,
    "session.status": _session,
    "poll.vote": _vote,
}
READERS_BY_PREFIX = {"call": _call, "group": _group}
