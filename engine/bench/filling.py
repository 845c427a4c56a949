"""A workspace with very many messages, made quickly: shaped as the engine's own, written in bulk."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine import times
from engine.events import event, requested
from engine.facts.messages import snippet
from engine.ids import document_id
from engine.plugins import Registry
from engine.store import Store
from engine.workspace import Workspace

ACCOUNT = "toko"
LONGEST = 10_000
"""Messages of the first conversation; the others have twenty each."""
_EACH = 20
_TEXT = "Halo kak, apakah barangnya masih ada? Saya mau pesan dua, dikirim ke Bandung hari ini bisa? "
Document = dict[str, Any]


def written(chat: str, id: str, text: str) -> Document:
    """Return the event of a customer's message."""
    peer = {"chat_id": chat, "kind": "user", "push_name": "Sari Dewi"}
    data = {"message": {"id": id, "kind": "text", "text": text}, "peer": peer}
    return event("message.received", f"{chat}/{id}", data, account=ACCOUNT)


def text_of(number: int) -> str:
    """Return a text of 200 characters, its number in it."""
    return f"{_TEXT}{_TEXT}Pesanan nomor {number} "[-200:]


def chat_of(number: int) -> str:
    """Return the chat of a made-up customer."""
    return f"62813{number:08}@c.us"


def fill(folder: Path, registry: Registry, messages: int) -> None:
    """Make a workspace of *messages* in *folder*: contacts, conversations, messages and their journal."""
    with TemporaryDirectory() as elsewhere:
        pattern = _pattern(Path(elsewhere), registry)
    store = Store(folder / "replyai.db", registry.collections)
    store.connection.execute("PRAGMA journal_mode=OFF")  # scratch data: where this breaks, it is made anew
    store.connection.execute("PRAGMA synchronous=OFF")
    store.connection.execute("PRAGMA cache_size=-1000000")
    with store.transaction():
        store.documents.table("account").insert(pattern["account"])
        for made in _messages(pattern, messages):
            _write(store, made)
    store.close()


def _pattern(folder: Path, registry: Registry) -> dict[str, Document]:
    """Return the documents and the journal row that one real message makes."""
    workspace = Workspace("main", folder, registry, None, lambda frames: None)
    workspace.start()
    account = {"name": ACCOUNT, "gateway": "simulator", "title": "Toko Utama"}
    workspace.submit([requested(None, [{"type": "account.put", "data": account}])]).result()
    workspace.submit([written(chat_of(99_999_999), "PATTERN", text_of(0))]).result()
    documents = workspace.reading()
    names = ("account", "contact", "conversation", "message")
    found = {name: dict(documents.table(name).all()[0]) for name in names}
    documents.connection.close()
    workspace.stop()
    return found


def _messages(pattern: dict[str, Document], messages: int) -> Iterator[Document]:
    """Yield a message at a time, with its event, conversation and contact, and whether it is their last."""
    started = times.add(pattern["message"]["at"], -messages)
    longest = min(LONGEST, messages // 10)
    for number in range(messages):
        conversation, place = divmod(number - longest, _EACH)
        chat = chat_of(max(0, conversation + 1))
        about = {name: document_id(chat, name, 0) for name in ("contact", "conversation")}
        made = _message(pattern, number, chat, about, times.add(started, number))
        is_last = number in (longest - 1, messages - 1) or (number >= longest and place == _EACH - 1)
        yield {**made, "is_last": is_last}


def _message(
    pattern: dict[str, Document], number: int, chat: str, about: dict[str, str], at: str
) -> dict[str, Document]:
    told = written(chat, f"3EB0{number:012}", text_of(number))
    message = {
        **pattern["message"],
        **dict.fromkeys(("at", "status_at", "occurred_at"), at),
        "id": document_id(told["id"], "core", 0),
        "conversation": about["conversation"],
        "gateway_id": told["data"]["message"]["id"],
        "text": told["data"]["message"]["text"],
        "author": {**pattern["message"]["author"], "id": about["contact"]},
    }
    contact = {**pattern["contact"], "id": about["contact"], "aliases": [chat]}
    conversation = {
        **pattern["conversation"],
        **dict.fromkeys(("created_at", "opened_at", "last_message_at"), at),
        "id": about["conversation"],
        "contact": about["contact"],
        "chat": chat,
        "last_message": snippet(message),
    }
    return {"event": {**told, "at": at}, "message": message, "conversation": conversation, "contact": contact}


def _write(store: Store, made: Document) -> None:
    message, conversation = made["message"], made["conversation"]
    store.documents.table("message").insert(message)
    if made["is_last"]:
        store.documents.table("conversation").insert(conversation)
        store.documents.table("contact").insert(made["contact"])
    shown = {"last_message": conversation["last_message"], "last_message_at": conversation["last_message_at"]}
    put = {"collection": "message", "id": message["id"], "put": message, "new": True}
    moved = {"collection": "conversation", "id": conversation["id"], "put": shown}
    subjects = [(name, made[name]["id"]) for name in ("message", "conversation", "contact")]
    store.append({"event": made["event"], "actions": [], "changes": [put, moved]}, subjects)
