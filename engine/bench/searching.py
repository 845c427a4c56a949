"""Full-text search in very many messages, and what the index costs at writing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.bench.rows import Bench, Row, row
from engine.bench.texts import RARE, text_of
from engine.documents import Collection
from engine.schemas import COLLECTIONS
from engine.store import Reading, Store

HITS, GROUP = 20, 64
QUERIES = {
    "a word of most messages": "pesanan ",
    "five words of most messages": "pesanan terima kasih sudah barang",
    "a rare word": RARE,
    "a beginning of 2 letters": "te",
    "a beginning of 4 letters": "pesa",
    "a beginning of 6 letters": "pesana",
    "a phrase": '"terima kasih"',
    "a common and a rare word": f"kasih {RARE}",
    "no such word": "zzyzx",
}
_TARGET = "≤ 50"


def searching(bench: Bench) -> Iterator[Row]:
    """The 20 newest hits in all messages, and what the index takes of the processor at writing."""
    reading = Reading(bench.filled / "w" / "main" / "replyai.db", bench.registry.collections)
    bench.say("searching them")
    try:
        yield from _searches(reading.table("message").find, 5 if bench.quick else 40, bench.many)
    finally:
        reading.connection.close()
    yield row("indexing a message, groups of 64", _indexing(bench), "µs of processor", "≤ 50")


def _searches(find: Callable[..., Any], times: int, messages: int) -> Iterator[Row]:
    taken = {what: _taken(find, {"text": text}, times) for what, text in QUERIES.items()}
    half = {"text": "pesanan", "accept": lambda document: document["id"] < "n"}
    taken["a word of most messages, half of which may be seen"] = _taken(find, half, times)
    every = [one for each in taken.values() for one in each]
    yield row(
        f"search in {messages:,} messages, {HITS} newest hits, all queries", p95(every), "ms p95", _TARGET
    )
    for what, each in taken.items():
        yield row(f"search in {messages:,} messages: {what}", p95(each), "ms p95", _TARGET)


def _taken(find: Callable[..., Any], asked: dict[str, Any], times: int) -> list[float]:
    found = []
    for _ in range(times):
        started = time.perf_counter()
        find(**asked, limit=HITS)
        found.append((time.perf_counter() - started) * 1e3)
    return found


def p95(values: list[float]) -> float:
    """Return what 95 of 100 values are not above."""
    return sorted(values)[int(len(values) * 0.95)]


def _indexing(bench: Bench) -> float:
    """Return how much longer a message takes with the index than without, in microseconds."""
    count = 2_000 if bench.quick else 50_000
    without = tuple(replace(collection, search=(), infix=()) for collection in COLLECTIONS)
    with_it = _write(bench.folder / "with-index.db", COLLECTIONS, count)
    return (with_it - _write(bench.folder / "without-index.db", without, count)) / count * 1e6


def _write(path: Path, collections: tuple[Collection, ...], count: int) -> float:
    """Write messages in groups; return the seconds of processor time that this took."""
    store = Store(path, collections)
    spent = 0.0
    for start in range(0, count, GROUP):
        group = [_message(number) for number in range(start, min(count, start + GROUP))]
        started = time.process_time()
        with store.transaction():
            store.documents.table("message").insert_multiple(group)
        spent += time.process_time() - started
    store.close()
    return spent


def _message(number: int) -> dict[str, Any]:
    at = f"2026-01-01T00:00:00.{number:06}Z"
    return {
        "id": f"m{number:025}",
        "conversation": f"c{number % 1_000:025}",
        "account": "toko",
        "text": text_of(number),
        "status": "received",
        "at": at,
        "gateway_id": f"3EB0{number:016X}",
    }
