"""Single calls on documents: our tables, bare SQLite with orjson, and stock TinyDB in memory."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import tinydb
from tinydb.storages import MemoryStorage

from engine.bench.rows import Bench, Row, row
from engine.bench.timing import Prepared, alternate
from engine.documents import Collection, Database, create_tables, where
from engine.ids import document_id
from engine.store import connect

TICKET = Collection("ticket", indexes=(("status", "at"), ("number",)))
PAGE = 50
_STATUSES = ("open", "waiting", "closed", "spam")
Document = dict[str, Any]


def ticket(number: int) -> Document:
    """Return a document of about 300 bytes."""
    return {
        "id": document_id(f"ticket/{number}", "bench", 0),
        "number": f"T{number:08}",
        "status": _STATUSES[number % len(_STATUSES)],
        "at": f"2026-11-24T{number // 3_600_000 % 24:02}:{number // 60_000 % 60:02}:{number % 60_000:05}Z",
        "text": "Halo kak, apakah barangnya masih ada? Saya mau pesan dua, dikirim ke Bandung. " * 2,
        "labels": ["pesanan", "baru"],
        "unread": number % 7,
    }


def cost(bench: Bench) -> Iterator[Row]:
    """Insert, update, get and page at a small and at a large number of documents, over bare SQLite."""
    for size in bench.sizes:
        bench.say(f"tables of {size:,} documents")
        ours, bare = _pair(bench.folder, size)
        calls = {"insert": 1, "update by id": 1, "get by id": 1, f"indexed page of {PAGE}": 10}
        for what, fewer in calls.items():
            count = bench.operations // fewer
            key = what.split()[0]
            left, right = ours.call(key, count), bare.call(key, count)
            measured = alternate(left, right, bench.rounds, count)
            yield row(f"{what} at {size:,}, microseconds", measured.ours * 1e6, "µs")
            target = "≤ 2.5" if size in (bench.sizes[0], bench.sizes[-1]) else ""
            yield row(f"{what} at {size:,}, over bare SQLite", measured.ratio, "×", target)
        ours.connection.close()
        bare.connection.close()


def _pair(folder: Path, size: int) -> "tuple[Ours, Bare]":
    paths = folder / f"ours-{size}.db", folder / f"bare-{size}.db"
    connection = connect(paths[0], read_only=False)
    create_tables(connection, [TICKET])
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    texts = ((t["id"], orjson.dumps(t).decode()) for t in map(ticket, range(size)))
    connection.executemany("INSERT INTO doc_ticket (id, doc) VALUES (?, ?)", texts)
    connection.execute("COMMIT")
    connection.close()
    shutil.copy(paths[0], paths[1])
    return Ours(paths[0], size), Bare(paths[1], size)


class Side:
    """One of the two on its own file: the same calls in the same order, 64 writes to a transaction."""

    def __init__(self, path: Path, size: int) -> None:
        self.connection = connect(path, read_only=False)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.size = size

    def call(self, what: str, count: int) -> Prepared:
        """Return a function that, given a round's number, gives one that does *what* so often."""
        function = getattr(self, what)

        def prepared(number: int) -> Callable[[], None]:
            new = range(self.size + number * count, self.size + (number + 1) * count)
            old = random.Random(number).choices(range(self.size), k=count)
            tickets = [ticket(index) for index in (new if what == "insert" else old)]

            def several() -> None:
                for start in range(0, count, 64):
                    self.connection.execute("BEGIN")
                    for made in tickets[start : start + 64]:
                        function(made)
                    self.connection.execute("COMMIT")

            return several

        return prepared


class Ours(Side):
    """Through our tables."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(path, size)
        documents = Database(connection=self.connection, collections=[TICKET], string_ids=True)
        self.table = documents.table("ticket")

    def insert(self, document: Document) -> None:
        """Add a document."""
        self.table.insert(document)

    def update(self, document: Document) -> None:
        """Set a field of one document."""
        self.table.update({"unread": 99}, doc_ids=[document["id"]])

    def get(self, document: Document) -> None:
        """Read one document."""
        assert self.table.get(doc_id=document["id"])["text"]

    def indexed(self, document: Document) -> None:
        """Read the newest of a status."""
        found, _ = self.table.page(where("status") == document["status"], order="at", limit=PAGE)
        assert found


class Bare(Side):
    """The same in SQL by hand, with orjson."""

    def insert(self, document: Document) -> None:
        """Add a document."""
        text = orjson.dumps(document).decode()
        self.connection.execute("INSERT INTO doc_ticket (id, doc) VALUES (?, ?)", (document["id"], text))

    def update(self, document: Document) -> None:
        """Set a field of one document."""
        id = document["id"]
        (text,) = self.connection.execute("SELECT doc FROM doc_ticket WHERE id = ?", (id,)).fetchone()
        text = orjson.dumps({**orjson.loads(text), "unread": 99}).decode()
        self.connection.execute("UPDATE doc_ticket SET doc = ? WHERE id = ?", (text, id))

    def get(self, document: Document) -> None:
        """Read one document."""
        found = self.connection.execute("SELECT doc FROM doc_ticket WHERE id = ?", (document["id"],))
        (text,) = found.fetchone()
        assert orjson.loads(text)["text"]

    def indexed(self, document: Document) -> None:
        """Read the newest of a status."""
        rows = self.connection.execute(
            "SELECT pos, doc FROM doc_ticket WHERE json_extract(doc,'$.status') = ?"
            " ORDER BY json_extract(doc,'$.at') DESC, pos DESC LIMIT ?",
            (document["status"], PAGE),
        )
        assert [orjson.loads(text) for _, text in rows]


def over_stock(bench: Bench) -> Iterator[Row]:
    """Insert, and search by an indexed field, against stock TinyDB in memory."""
    size = bench.stock
    bench.say(f"stock TinyDB with {size:,} documents")
    stock = tinydb.TinyDB(storage=MemoryStorage)
    stock.insert_multiple(map(ticket, range(size)))
    collections = [Collection("_default", indexes=TICKET.indexes)]
    in_memory = Database(":memory:", collections=collections)
    in_file = Database(bench.folder / "stock.db", collections=collections)
    for ours in (in_memory, in_file):
        ours.insert_multiple(map(ticket, range(size)))
    wanted = "" if bench.quick else "≥ 300"
    for place, ours, target in (("in memory", in_memory, wanted), ("each durable in a file", in_file, "")):
        for what in ("insert", "search"):
            measured = alternate(_calls(ours, what, size, 100), _calls(stock, what, size, 1), 5, 1)
            label = f"{what} at {size:,}, {place}: as quick as stock TinyDB in memory"
            yield row(label, measured.reference / (measured.ours / 100), "×", target)
    in_file.close()


def _calls(database: Any, what: str, size: int, count: int) -> Prepared:
    """Return what prepares inserts, or searches for numbers that were not searched for before."""

    def prepared(number: int) -> Callable[[], None]:
        tickets = [ticket((number * 7919 + index * 104_729) % size) for index in range(count)]

        def several() -> None:
            for made in tickets:
                if what == "insert":
                    database.insert(made)
                else:
                    assert database.search(where("number") == made["number"])

        return several

    return prepared
