"""Passwords, sessions, tokens and one-time links: hashes only, outside journal and export."""

import sqlite3
from typing import Any

import orjson

from engine import times

_COLUMNS = "kind, key, agent, data, created_at, expires_at"


def _row(row: tuple[Any, ...] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    kind, key, agent, data, created_at, expires_at = row
    return {
        "kind": kind,
        "key": key,
        "agent": agent,
        "data": orjson.loads(data),
        "created_at": created_at,
        "expires_at": expires_at,
    }


def get(connection: sqlite3.Connection, kind: str, key: str) -> dict[str, Any] | None:
    """Return the credential, or None where there is none or its time is over."""
    found = _row(
        connection.execute(
            f"SELECT {_COLUMNS} FROM credential WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
    )
    if found and found["expires_at"] and found["expires_at"] <= times.now():
        return None
    return found


def of_kind(connection: sqlite3.Connection, kind: str, agent: str | None = None) -> list[dict[str, Any]]:
    """Return all of a kind, of one agent if named, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM credential WHERE kind = ? AND (? IS NULL OR agent = ?) ORDER BY created_at",
        (kind, agent, agent),
    )
    return [found for row in rows if (found := _row(row))]


def put(
    connection: sqlite3.Connection,
    kind: str,
    key: str,
    agent: str | None,
    data: dict[str, Any],
    expires_at: str | None,
) -> None:
    """Keep a credential in place of one of the same kind and key."""
    connection.execute(
        f"INSERT OR REPLACE INTO credential ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, key, agent, orjson.dumps(data).decode(), times.now(), expires_at),
    )


def delete(connection: sqlite3.Connection, kind: str, key: str | None, agent: str | None) -> int:
    """Delete one credential by key, or all of an agent's; return how many."""
    if key is None and agent is None:
        raise ValueError("a key or an agent is needed")
    cursor = connection.execute(
        "DELETE FROM credential WHERE kind = ? AND (? IS NULL OR key = ?) AND (? IS NULL OR agent = ?)",
        (kind, key, key, agent, agent),
    )
    return cursor.rowcount


def take(connection: sqlite3.Connection, kind: str, key: str) -> dict[str, Any] | None:
    """Return a credential that is still good and delete it: it works once."""
    found = get(connection, kind, key)
    if found:
        delete(connection, kind, key, None)
    return found


def forget_expired(connection: sqlite3.Connection) -> int:
    """Delete what is over; return how many."""
    cursor = connection.execute("DELETE FROM credential WHERE expires_at <= ?", (times.now(),))
    return cursor.rowcount


def touch(
    connection: sqlite3.Connection, kind: str, key: str, data: dict[str, Any], expires_at: str | None
) -> bool:
    """Replace the data and end of a credential that is still there; return whether it is."""
    cursor = connection.execute(
        "UPDATE credential SET data = ?, expires_at = ? WHERE kind = ? AND key = ?",
        (orjson.dumps(data).decode(), expires_at, kind, key),
    )
    return cursor.rowcount > 0
