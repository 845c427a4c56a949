"""Replay: a recording runs through another configuration, or the same one, on a copy.

The documents are taken as they were at its start, the events as they were recorded, the clock says
what it said then. Nothing is sent and the live workspace is only read.
"""

import gc
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine import journal
from engine.plugins import Registry
from engine.replay.compare import tallies
from engine.replay.copy import Copy
from engine.replay.recorded import Recorded, absent
from engine.replay.runner import Runner
from engine.replay.setup import ReplayError, Setup, setup_of
from engine.store import open_read

__all__ = ["ReplayError", "Setup", "replay", "setup_of"]
Document = dict[str, Any]
_OBJECTS = 5_000  # more than before, then they are looked through


def replay(
    folder: Path,
    registry: Registry,
    *,
    since: str | None = None,
    until: str | None = None,
    setup: Setup | None = None,
    progress: Callable[[int, int], None] = lambda done, all: None,
) -> Document:
    """Run the recording of a workspace's *folder* again and return what differs.

    since, until: times (RFC 3339, as the journal writes them); from the first, before the second.
    setup: another configuration; without one everything is expected to come out the same.
    progress(done, all) is called after some rows.

    The report: ``{"rows": {after, until}, "setup", "put": {collection: [id]}, "counts", "identical": bool,
    "differs_at": row | None, "failures": {recorded, here}, "plugins" and "actions": name → {same, gone,
    new, moved}, "conversations": [{conversation, name, gone: […], new: […]}], "documents": SHA-256,
    "speed": {events, seconds, events_per_second, alone_seconds, ratio}}``, where `alone_seconds` is what
    facts, hooks and handlers took without the rest (and without the rows that are read and written for
    them; searches of their own count), and `ratio` how many times that the whole took.
    """
    source = open_read(folder / "replyai.db")
    try:
        after = journal.seq_before(source, since) if since else 0
        last = journal.seq_before(source, until) if until else journal.last_seq(source)
        with tempfile.TemporaryDirectory(prefix="replyai-replay-") as place:
            copy = Copy(Path(place) / "copy.db", source, registry.collections, after, folder)
            try:
                runner = Runner(copy, registry, Recorded(source, after, last), setup or Setup({}))
                return _run(runner, source, (after, last), until, progress)
            finally:
                copy.connection.close()
    finally:
        source.close()


def _run(
    runner: Runner, source: Any, span: tuple[int, int], until: str | None, progress: Callable[..., None]
) -> Document:
    _prepare(runner, source)
    with _seldom_collecting():
        started = time.perf_counter()
        runner.run(journal.rows(source, *span), until, lambda done: progress(done, span[1] - span[0]))
        seconds = time.perf_counter() - started
    changed = runner.comparison.finish()
    return {
        "rows": {"after": span[0], "until": span[1]},
        "setup": runner.setup.changes,
        "put": {name: [each["id"] for each in drafts] for name, drafts in runner.setup.put.items()},
        "counts": dict(runner.counts),
        "identical": runner.copy.hash == _hash_of(source, span[1], runner.copy.hash),
        "differs_at": None if runner.setup else runner.differs,
        "failures": runner.comparison.failures,
        "plugins": tallies(runner.comparison.plugins),
        "actions": tallies(runner.comparison.actions),
        "conversations": [_named(each, runner) for each in changed],
        "documents": journal.documents_hash(runner.copy.connection, runner.copy.collections),
        "speed": _speed(runner, seconds),
    }


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Have Python seldom look for garbage, and not in what was there before: a replay leaves hardly any.

    That is the whole process's, so only where the replay is all that it does.
    """
    is_alone = threading.current_thread() is threading.main_thread() and not gc.get_freeze_count()
    before = gc.get_threshold()
    if is_alone:
        gc.collect()
        gc.freeze()
        gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        if is_alone:
            gc.set_threshold(*before)
            gc.unfreeze()


def _prepare(runner: Runner, source: Any) -> None:
    known = {plugin.name for plugin in runner.registry.loaded()} - runner.setup.changes.keys()
    runner.absent = absent(source, known)
    runner.setup.begin(runner.copy.documents, runner.registry)
    runner.pipeline.hooks.reload()


def _hash_of(source: Any, seq: int, nothing: bytes) -> bytes:
    row = source.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
    return row[0] if row else nothing


def _speed(runner: Runner, seconds: float) -> Document:
    events = runner.counts["recorded"]
    return {
        "events": events,
        "seconds": round(seconds, 3),
        "events_per_second": round(events / seconds, 1) if seconds else None,
        "alone_seconds": round(runner.pipeline.alone, 3),
        "ratio": round(seconds / runner.pipeline.alone, 2) if runner.pipeline.alone else None,
    }


def _named(changed: Document, runner: Runner) -> Document:
    tables = runner.copy.documents
    conversation: Any = tables.table("conversation").get(doc_id=changed["conversation"] or "")
    contact: Any = conversation and tables.table("contact").get(doc_id=conversation["contact"])
    return {**changed, "name": contact["name"] if contact else None}
