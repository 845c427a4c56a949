"""What the engine wrote for two messages of one customer, to be written again for others."""

import re
from pathlib import Path
from typing import Any

import orjson

from engine.bench.texts import text_of
from engine.events import event, requested
from engine.facts.messages import SNIPPET
from engine.plugins import Registry
from engine.workspace import Workspace

ACCOUNT = "toko"
DOCUMENTS = ("contact", "conversation", "message")
Document = dict[str, Any]
_CHAT, _GATEWAY_IDS = "6281399999999@c.us", ("3EB0FFFFFFFFFFFFFFF0", "3EB0FFFFFFFFFFFFFFF1")


def written(chat: str, id: str, text: str) -> Document:
    """Return the event of a customer's message."""
    peer = {"chat_id": chat, "kind": "user", "push_name": "Sari Dewi"}
    data = {"message": {"id": id, "kind": "text", "text": text}, "peer": peer}
    return event("message.received", f"{chat}/{id}", data, account=ACCOUNT)


def webhook(chat: str, id: str, text: str) -> Document:
    """Return what a gateway (WAHA) posts for a customer's message, as the engine takes it."""
    user, moment = chat.partition("@")[0], 1768580591
    key = {"remoteJid": f"{user}@s.whatsapp.net", "fromMe": False, "id": id}
    data = {
        "key": key,
        "messageTimestamp": moment,
        "pushName": "Sari Dewi",
        "message": {"conversation": text},
    }
    sent = {"id": f"false_{chat}_{id}", "timestamp": moment, "from": chat, "fromMe": False, "source": "app"}
    said = {"body": text, "to": "628110000001@c.us", "participant": None, "hasMedia": False, "media": None}
    body = {
        "id": f"evt_{id.lower()}",
        "timestamp": moment * 1000,
        "event": "message",
        "session": "default",
        "metadata": {},
        "me": {"id": "628110000001@c.us", "pushName": "Toko Utama"},
        "payload": {**sent, **said, "ack": 2, "ackName": "DEVICE", "replyTo": None, "_data": data},
        "engine": "NOWEB",
        "environment": {"version": "2026.1.3", "engine": "NOWEB", "tier": "CORE", "platform": "linux/x64"},
    }
    return {"gateway": "waha", "account": ACCOUNT, "body": orjson.dumps(body)}


def add_account(workspace: Workspace) -> None:
    """Have the number there that the messages come to."""
    account = {"name": ACCOUNT, "gateway": "simulator", "title": "Toko Utama"}
    workspace.submit([requested(None, [{"type": "account.put", "data": account}])]).result()


class Pattern:
    """A JSON value in which some texts are named, to be put in anew."""

    def __init__(self, value: Any, names: dict[str, str]) -> None:
        """names: text → its name; a text may be part of a longer one."""
        longest_first = sorted(names, key=len, reverse=True)
        pieces = re.split(f"({'|'.join(map(re.escape, longest_first))})", orjson.dumps(value).decode())
        self._pieces = [(names.get(piece), piece) for piece in pieces]

    def filled(self, values: dict[str, str]) -> Any:
        """Return the value with *values* (name → text that JSON writes as it is) in it."""
        return orjson.loads("".join([values[name] if name else piece for name, piece in self._pieces]))


def patterns(folder: Path, registry: Registry) -> dict[str, Any]:
    """Return what a real engine makes of two messages, as patterns.

    ``first`` and ``later``: ``{"row": the journal's, "subjects": of it}`` of the first and of the second
    message; and each of `DOCUMENTS`. Their names: at, begun (when the conversation was), text, shown (its
    beginning), gateway_id, raw (its hash), user, and the documents' kinds for their ids. ``account`` is the
    account's document.
    """
    workspace = Workspace("main", folder, registry, None, lambda frames: None)
    workspace.start()
    add_account(workspace)
    for number, id in enumerate(_GATEWAY_IDS):
        workspace.submit([written(_CHAT, id, text_of(number))], webhook(_CHAT, id, text_of(number))).result()
    reading = workspace.reading()
    try:
        return _patterns(reading)
    finally:
        reading.connection.close()
        workspace.stop()


def _patterns(reading: Any) -> dict[str, Any]:
    first, later = (dict(each) for each in reading.table("message").all())
    contact, conversation = (dict(reading.table(name).all()[0]) for name in DOCUMENTS[:2])
    begun = {first["at"]: "begun", contact["id"]: "contact", conversation["id"]: "conversation"}
    begun[_CHAT.partition("@")[0]] = "user"
    found: dict[str, Any] = {"account": dict(reading.table("account").all()[0])}
    for name, message in (("first", first), ("later", later)):
        row = _row(reading.connection, message)
        found[name] = Pattern(row, {**begun, **_names(message), row["row"]["raw"]: "raw"})
    for name, document in zip(DOCUMENTS, (contact, conversation, later), strict=True):
        found[name] = Pattern(document, {**begun, **_names(later)})
    return found


def _names(message: Document) -> dict[str, str]:
    return {
        message["occurred_at"]: "at",
        message["at"]: "at",
        message["text"]: "text",
        message["text"][:SNIPPET]: "shown",
        message["gateway_id"]: "gateway_id",
        message["id"]: "message",
    }


def _row(connection: Any, message: Document) -> Document:
    select = "SELECT seq FROM journal_subject WHERE collection = 'message' AND id = ?"
    (seq,) = connection.execute(select, (message["id"],)).fetchone()
    (body,) = connection.execute("SELECT body FROM journal WHERE seq = ?", (seq,)).fetchone()
    subjects = connection.execute("SELECT collection, id FROM journal_subject WHERE seq = ?", (seq,))
    row = {key: value for key, value in orjson.loads(body).items() if key != "seq"}
    return {"row": row, "subjects": subjects.fetchall()}
