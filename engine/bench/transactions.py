"""Durable transactions: the engine's writer, and bare SQLite doing the same statements."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from engine.bench.filling import chat_of
from engine.bench.patterns import add_account, webhook, written
from engine.bench.rows import Bench, Row, row
from engine.bench.texts import text_of
from engine.bench.timing import seconds
from engine.documents.tables import expression
from engine.plugins import Registry
from engine.raw import packed
from engine.store import Store
from engine.workspace import Workspace

IN_FLIGHT = 64
_PEOPLE = 500
Document = dict[str, Any]


def durable(bench: Bench) -> Iterator[Row]:
    """A message that came in, written down for good, in an empty file."""
    yield from _compared(bench, bench.folder / "empty", "an empty file")


def durable_at_many(bench: Bench) -> Iterator[Row]:
    """The same in a file of very many messages."""
    yield from _compared(bench, bench.filled / "w" / "main", f"{bench.many:,} messages")


def _compared(bench: Bench, folder: Path, where: str) -> Iterator[Row]:
    """Compare the core's own transactions; state besides what they take where all plugins decide on each.

    Each comes with its raw webhook, as in an installation.
    """
    bench.say(f"durable transactions in {where}")
    ours, grouped, alone = _with(bench, folder, Registry([]))
    what = f"durable transactions with raw webhook, {where}"
    yield row(f"{what}: bare SQLite, groups of {IN_FLIGHT}", 1 / grouped, "/s")
    yield row(f"{what}: bare SQLite, one each", 1 / alone, "/s")
    yield row(f"{what}: {IN_FLIGHT} in flight, no plugins", 1 / ours, "/s")
    yield row(f"{what}: no plugins, over groups of {IN_FLIGHT}", grouped / ours, "×", "≥ 0.5")
    yield row(f"{what}: no plugins, over one each", alone / ours, "×", "≥ 2.5")
    deciding, grouped, alone = _with(bench, folder, bench.registry)
    yield row(f"{what}: {IN_FLIGHT} in flight, all plugins", 1 / deciding, "/s")
    yield row(f"{what}: all plugins, over groups of {IN_FLIGHT}", grouped / deciding, "×")
    yield row(f"{what}: all plugins, over one each", alone / deciding, "×")


def _with(bench: Bench, folder: Path, registry: Registry) -> tuple[float, float, float]:
    workspace = Workspace("main", folder, registry, None, lambda frames: None)
    workspace.start()
    try:
        return _measured(bench, workspace)
    finally:
        workspace.stop()


def _measured(bench: Bench, workspace: Workspace) -> tuple[float, float, float]:
    """Return medians in seconds a transaction: ours, bare in groups, bare with one transaction each."""
    _meet(workspace)
    bare = Bare(workspace, bench.folder / "bare.db")
    count, found = bench.operations * 2, []
    for _ in range(bench.rounds + 1):
        first = workspace.store.seq
        posts = [_post(n, f"BENCH{first + n:09}") for n in range(count)]
        ours = seconds(lambda: posted(workspace, posts)) / count  # noqa: B023
        rows = bare.rows()
        most, rest = rows[: count * 3 // 4], rows[count * 3 // 4 :]
        grouped = seconds(lambda: bare.write(most, IN_FLIGHT)) / len(most)  # noqa: B023
        found.append((ours, grouped, seconds(lambda: bare.write(rest, 1)) / len(rest)))  # noqa: B023
    bare.close()
    a, b, c = (median(column) for column in zip(*found[1:], strict=True))
    return a, b, c


def _post(number: int, id: str) -> tuple[Document, Document]:
    """Return the event of a message and the webhook that brings it, packed as the web process gives it."""
    said = chat_of(number % _PEOPLE), id, text_of(number)
    return written(*said), packed(webhook(*said))


def _meet(workspace: Workspace) -> None:
    """Have the number and the customers there, so that the rest are messages alone."""
    add_account(workspace)
    in_flight(workspace, [written(chat_of(n), f"FIRST{n}", text_of(n)) for n in range(_PEOPLE)])


def in_flight(workspace: Workspace, events: Iterable[Document]) -> None:
    """Submit *events*, 64 at any time: each time one is answered, the next one goes in."""
    posted(workspace, ((event, None) for event in events))


def posted(workspace: Workspace, posts: Iterable[tuple[Document, Document | None]]) -> None:
    """Do that with events and the webhooks that they came in."""
    waiting = iter(posts)
    done = threading.Semaphore(0)

    def go(_: Any = None) -> None:
        post = next(waiting, None)
        if post is None:
            done.release()
        else:
            workspace.submit([post[0]], post[1]).add_done_callback(go)

    for _ in range(IN_FLIGHT):
        go()
    for _ in range(IN_FLIGHT):
        done.acquire()


_TEXT = "SELECT pos, doc FROM {} WHERE {} = ? AND {} = ?"
_ACCOUNT, _CHAT, _ID = map(expression, ("account", "chat", "gateway_id"))
_READS = {
    "event": "SELECT seq FROM journal WHERE event_id = ?",
    "contact": 'SELECT pos, doc FROM "list_contact.aliases" JOIN doc_contact USING (pos) WHERE value = ?',
    "known": _TEXT.format("doc_message", _ACCOUNT, _ID),
    "conversation": _TEXT.format("doc_conversation", _ACCOUNT, _CHAT),
}


class Bare:
    """Bare SQLite on a copy of a workspace's file: the same tables, indexes and settings.

    For each message that is: is the event known, whose is it, is the message known, which is the
    conversation; then the raw webhook (packed and hashed already), the journal's row, its three subjects,
    the message, the conversation as it is now, and (at the group's end, as the engine does) the words of
    the text for the search. The values are there beforehand but for their JSON; nothing is decided, checked
    or compared.
    """

    def __init__(self, workspace: Workspace, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._theirs = workspace.reading()
        self._store = Store(path, workspace.registry.collections)
        self._theirs.connection.backup(self._store.connection)
        self._last: int = workspace.store.seq
        self._conversations: dict[str, Document] = {}

    def rows(self) -> list[Document]:
        """Return what the engine wrote since the last call: each transaction with its statements' values."""
        journal = self._theirs.connection.execute("SELECT * FROM journal WHERE seq > ?", (self._last,))
        raws = self._theirs.connection.execute("SELECT * FROM raw WHERE seq > ?", (self._last,))
        packed = {values[-1]: values for values in raws.fetchall()}
        found = [{**self._row(*values), "raw": packed[values[0]]} for values in journal.fetchall()]
        self._last += len(found)
        return found

    def _row(self, seq: int, at: str, id: str, body: str, hash: bytes) -> Document:
        transaction = orjson.loads(body)
        puts = {change["collection"]: change for change in transaction["changes"]}
        known = self._conversations.get(puts["conversation"]["id"]) or self._conversation(puts)
        known = self._conversations[known["id"]] = {**known, **puts["conversation"]["put"]}
        message = puts["message"]["put"]
        contact = ("contact", message["author"]["id"], seq)
        return {
            "journal": (seq, at, id, transaction, hash),
            "subjects": [("message", message["id"], seq), ("conversation", known["id"], seq), contact],
            "message": message,
            "conversation": known,
        }

    def _conversation(self, puts: Document) -> Document:
        found: Document = self._theirs.table("conversation").get(doc_id=puts["conversation"]["id"])
        return dict(found)

    def write(self, rows: list[Document], group: int) -> None:
        """Write *rows*, so many to a transaction."""
        execute = self._store.connection.execute
        for start in range(0, len(rows), group):
            execute("BEGIN IMMEDIATE")
            texts = [self._write(made) for made in rows[start : start + group]]
            for text in texts:
                execute('INSERT INTO "search_message" (rowid, c0) VALUES (?, ?)', text)
            execute("COMMIT")

    def _read(self, made: Document) -> None:
        execute, of = self._store.connection.execute, made["conversation"]
        execute(_READS["event"], (made["journal"][2],)).fetchall()
        execute(_READS["contact"], (of["chat"],)).fetchall()
        execute(_READS["known"], (of["account"], made["message"]["gateway_id"])).fetchall()
        execute(_READS["conversation"], (of["account"], of["chat"])).fetchall()

    def _write(self, made: Document) -> tuple[int | None, str]:
        """Write one message; return its place and its text."""
        self._read(made)
        connection = self._store.connection
        seq, at, id, transaction, hash = made["journal"]
        connection.execute("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?, ?, ?)", made["raw"])
        body = orjson.dumps(transaction).decode()
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", (seq, at, id, body, hash))
        connection.executemany("INSERT INTO journal_subject VALUES (?, ?, ?)", made["subjects"])
        message, conversation = made["message"], made["conversation"]
        text = orjson.dumps(message).decode()
        insert = 'INSERT INTO "doc_message" (id, doc) VALUES (?, ?)'
        place = connection.execute(insert, (message["id"], text)).lastrowid
        text = orjson.dumps(conversation).decode()
        connection.execute('UPDATE "doc_conversation" SET doc = ? WHERE id = ?', (text, conversation["id"]))
        return place, message["text"]

    def close(self) -> None:
        """Let both files go."""
        self._theirs.connection.close()
        self._store.close()
