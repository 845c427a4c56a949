"""What a recording holds of timers and of jobs' results, found before it is run again."""

import sqlite3
from collections import Counter
from typing import Any

import orjson

from engine.journal import canonical

Document = dict[str, Any]
_OF_TYPE = (
    "SELECT seq, event_id, body FROM journal WHERE event_id >= ? AND event_id < ? AND seq > ? AND seq <= ?"
)


def key_of(job: Document) -> str:
    """Return what a job is known by in another configuration: its name and arguments."""
    return f"{job['name']} {canonical(job['args']).decode()}"


class Recorded:
    """The rows after *after* up to *until*.

    timers: event id of a timer's firing → sequence.
    results: key of a job → how many results of it are still to come in the recording.
    calls: a gateway's id → the message of ours whose call got it.
    """

    def __init__(self, source: sqlite3.Connection, after: int, until: int) -> None:
        self.source = source
        self.after, self.until = after, until
        self.timers = {event_id: seq for seq, event_id, _ in self._of("timer.fired")}
        self.results: Counter[str] = Counter()
        self.calls: dict[str, str] = {}
        for type in ("job.finished", "job.expired"):
            for _, _, body in self._of(type):
                self._note(orjson.loads(body)["event"]["data"])

    def _of(self, type: str) -> list[tuple[int, str, str]]:
        start = f"-/{type}/"
        return self.source.execute(_OF_TYPE, (start, f"{start[:-1]}0", self.after, self.until)).fetchall()

    def _note(self, data: Document) -> None:
        if "name" not in data:
            return
        self.results[key_of(data)] += 1
        result, message = data.get("result") or {}, data["args"].get("message")
        if message and result.get("gateway_id"):
            self.calls[result["gateway_id"]] = message

    def made(self, job: str) -> bool:
        """Whether the job of this id is in the recording too, so that it was under way at the end."""
        row = self.source.execute(
            "SELECT 1 FROM journal_subject WHERE collection = 'job' AND id = ? AND seq <= ?",
            (job, self.until),
        )
        return row.fetchone() is not None

    def conversation_of(self, message: str) -> str | None:
        """Return the conversation of a message that the recording knows."""
        select = "SELECT json_extract(doc, '$.conversation') FROM doc_message WHERE id = ?"
        row = self.source.execute(select, (message,)).fetchone()
        return str(row[0]) if row else None


def absent(source: sqlite3.Connection, plugins: set[str]) -> dict[str, int]:
    """Return which of *plugins* were not installed at first, and the row that brought each (or never).

    Every start writes down the installed plugins that it does not know yet.
    """
    first = dict(
        source.execute("SELECT id, min(seq) FROM journal_subject WHERE collection = 'plugin' GROUP BY id")
    )
    starts = [seq for seq in set(first.values()) if _is_start(source, seq)]
    if not starts:
        return {}
    return {name: first.get(name, 1 << 62) for name in plugins if first.get(name, 1 << 62) > min(starts)}


def _is_start(source: sqlite3.Connection, seq: int) -> bool:
    row = source.execute("SELECT event_id FROM journal WHERE seq = ?", (seq,)).fetchone()
    return bool(row and row[0].startswith("-/settings.changed/"))
