"""How fast full-text search is: `measure_search(1_000_000)` fills a store and gives rows of figures."""

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.documents import Collection, fulltext
from engine.documents.tables import table_name
from engine.schemas import COLLECTIONS
from engine.store import Store

GROUP, LENGTH, TIMES = 64, 200, 20
TARGET_MS, TARGET_INSERT_US = 50.0, 50.0
COMMON = ("pesanan", "terima", "kasih", "sudah", "barang")
QUERIES = {
    "a word of most messages": "pesanan ",
    "five words of most messages": "pesanan terima kasih sudah barang",
    "a rare word": "kodeunik77",
    "a beginning of 2 letters": "te",
    "a beginning of 4 letters": "pesa",
    "a beginning of 6 letters": "pesana",
    "a phrase": '"terima kasih"',
    "a common and a rare word": "pesanan kodeunik77",
    "no such word": "zzyzx",
}
Row = dict[str, Any]


def measure_search(messages: int) -> list[Row]:
    """Return rows ``{"what", "value", "unit", "target", "ok"}`` of search in *messages* of 200 characters.

    It works in a temporary folder and needs about 1.5 GB of disk and three minutes for a million.
    """
    with tempfile.TemporaryDirectory(prefix="replyai-search-") as folder:
        few = min(messages, 50_000)
        plain = _fill(Path(folder) / "plain.db", _without_search(), few) / few
        store = Store(Path(folder) / "replyai.db", COLLECTIONS)
        try:
            seconds = _write(store, messages) / messages
            return [
                _row(
                    "indexing a message, groups of 64",
                    (seconds - plain) * 1e6,
                    "µs of processor",
                    TARGET_INSERT_US,
                ),
                *_sizes(store, messages),
                *_searches(store),
                _rebuilding(store),
            ]
        finally:
            store.close()


def _without_search() -> tuple[Collection, ...]:
    return tuple(replace(collection, search=(), infix=()) for collection in COLLECTIONS)


def _fill(path: Path, collections: tuple[Collection, ...], messages: int) -> float:
    store = Store(path, collections)
    try:
        return _write(store, messages)
    finally:
        store.close()


def _write(store: Store, messages: int) -> float:
    """Write messages in groups, as the writer does; return the seconds of processor time that this took."""
    made, spent = _messages(messages), 0.0
    while group := list(itertools.islice(made, GROUP)):
        begun = time.process_time()
        with store.transaction():
            store.documents.table("message").insert_multiple(group)
        spent += time.process_time() - begun
    return spent


def _messages(count: int) -> Iterator[Row]:
    rng = random.Random(7)
    syllables = ("ka", "ri", "sa", "mu", "te", "ba", "do", "li", "pe", "na", "ju", "wo", "ge", "hi")
    words = ["".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(30_000)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(words))))
    for number in range(count):
        said = [word for word in COMMON if rng.random() < 0.6]
        said += rng.choices(words, cum_weights=weights, k=28)
        rng.shuffle(said)
        text = " ".join(said) if number % 50_000 else f"terima kasih kodeunik77 {' '.join(said)}"
        at = f"2026-01-01T00:00:00.{number:06}Z"
        yield {
            "id": f"m{number:025}",
            "conversation": f"c{number % 1_000:025}",
            "account": "toko",
            "direction": "in",
            "kind": "text",
            "text": text[:LENGTH],
            "status": "received",
            "at": at,
            "occurred_at": at,
            "author": {"kind": "contact", "id": f"k{number % 1_000}", "name": "Dewi"},
            "gateway_id": f"3EB0{number:016X}",
        }


def _searches(store: Store) -> list[Row]:
    find = store.documents.table("message").find
    rows, all_times = [], []
    for what, text in QUERIES.items():
        times = _times(lambda text=text: find(text, limit=20))  # type: ignore[misc]
        all_times += times
        rows.append(_row(f"20 newest hits, {what}", _p95(times), "ms p95", TARGET_MS))
    half = _times(
        lambda: find(
            "pesanan", limit=20, accept=lambda document: document["conversation"] < "c" + "0" * 22 + "500"
        )
    )
    rows.append(_row("20 newest hits, seeing half of them", _p95(half), "ms p95", TARGET_MS))
    return [_row("20 newest hits, all queries", _p95(all_times), "ms p95", TARGET_MS), *rows]


def _times(run: Callable[[], Any]) -> list[float]:
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        run()
        found.append((time.perf_counter() - begun) * 1e3)
    return found


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _sizes(store: Store, messages: int) -> list[Row]:
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    size = store.connection.execute("PRAGMA page_size").fetchone()[0]
    index = "SELECT coalesce(sum(length(block)), 0) FROM search_message_data"
    documents = f"SELECT coalesce(sum(length(CAST(doc AS BLOB))), 0) FROM {table_name('message')}"
    return [
        _row("disk of the index, a message", _one(store, index) / messages, "bytes"),
        _row("text of the document, a message", _one(store, documents) / messages, "bytes"),
        _row("disk of the file, a message", pages * size / messages, "bytes"),
    ]


def _one(store: Store, sql: str) -> float:
    return float(store.connection.execute(sql).fetchone()[0])


def _rebuilding(store: Store) -> Row:
    begun = time.perf_counter()
    with store.transaction():
        fulltext.rebuild(store.connection, COLLECTIONS)
    return _row("making the index anew", time.perf_counter() - begun, "s")


def _row(what: str, value: float, unit: str, target: float | None = None) -> Row:
    ok = None if target is None else value <= target
    return {"what": what, "value": round(value, 2), "unit": unit, "target": target, "ok": ok}
