"""A workspace with very many messages, made quickly: the engine's own rows, written without the engine.

Contacts, conversations, messages, journal, text index and raw webhooks are those that an engine made of
two messages, with other ids, times and texts (`engine.bench.patterns`). They are committed 64 at a time,
as by a writer under load, so that the text index has the segments that it would have.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine import times
from engine.bench.patterns import DOCUMENTS, patterns, webhook
from engine.bench.texts import text_of
from engine.facts.messages import SNIPPET
from engine.ids import document_id
from engine.plugins import Registry
from engine.store import Store

GROUP = 64
LONGEST = 10_000
"""Messages of the first conversation; the others have twenty each."""
_EACH = 20
Document = dict[str, Any]


def chat_of(number: int) -> str:
    """Return the chat of a made-up customer."""
    return f"62813{number:08}@c.us"


def fill(folder: Path, registry: Registry, messages: int) -> None:
    """Make a workspace of *messages* in *folder*."""
    with TemporaryDirectory() as elsewhere:
        made = patterns(Path(elsewhere), registry)
    store = Store(folder / "replyai.db", registry.collections)
    store.connection.execute("PRAGMA journal_mode=OFF")  # scratch data: where this breaks, it is made anew
    store.connection.execute("PRAGMA synchronous=OFF")
    store.connection.execute("PRAGMA cache_size=-1000000")
    with store.transaction():
        store.documents.table("account").insert(made["account"])
    waiting = _messages(messages)
    while group := list(islice(waiting, GROUP)):
        with store.transaction():
            for kind, values in group:
                _write(store, made, kind, values)
    store.close()


def _messages(count: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield of each message its kind (``only``, ``first``, ``later``, ``last`` of a chat) and its values."""
    started = times.add(times.now(), -count)
    longest = min(LONGEST, count // 10)
    for number in range(count):
        conversation, place = (0, number) if number < longest else divmod(number - longest + _EACH, _EACH)
        is_last = number in (longest - 1, count - 1) or (conversation > 0 and place == _EACH - 1)
        kind = ("only" if is_last else "first") if place == 0 else ("last" if is_last else "later")
        yield kind, _values(number, chat_of(conversation), started)


def _values(number: int, chat: str, started: str) -> dict[str, str]:
    text, at = text_of(number), times.add(started, number)
    return {
        "at": at,
        "begun": at,
        "user": chat.partition("@")[0],
        "text": text,
        "shown": text[:SNIPPET],
        "gateway_id": f"3EB0{number:016}",
        "contact": document_id(chat, "contact", 0),
        "conversation": document_id(chat, "conversation", 0),
        "message": document_id(f"{chat}/{number}", "message", 0),
    }


def _write(store: Store, made: dict[str, Any], kind: str, values: dict[str, str]) -> None:
    raw = webhook(f"{values['user']}@c.us", values["gateway_id"], values["text"])
    values["raw"] = store.keep_raw(values["at"], raw, store.seq + 1)
    written = made["first" if kind in ("only", "first") else "later"].filled(values)
    for name in DOCUMENTS if kind in ("only", "last") else DOCUMENTS[2:]:
        store.documents.table(name).insert(made[name].filled(values))
    store.append(written["row"], written["subjects"])
