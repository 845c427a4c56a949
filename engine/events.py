"""Events: immutable facts, ``{"id", "type", "at", "occurred_at", "account", "origin", "data"}``."""

import hashlib
import uuid
from typing import Any

import orjson

from engine import times
from engine.ids import event_id

Event = dict[str, Any]

ORIGINS = ("live", "history", "echo_api", "echo_phone", "agent", "timer", "job", "system")


def event(
    type: str,
    key: str,
    data: dict[str, Any],
    *,
    account: str | None = None,
    origin: str = "live",
    occurred_at: str | None = None,
) -> Event:
    """Return an event without ``at``, which the writer sets when it takes the event up."""
    return {
        "id": event_id(account, type, key),
        "type": type,
        "occurred_at": occurred_at or times.now(),
        "account": account,
        "origin": origin,
        "data": data,
    }


def requested(agent: str | None, actions: list[dict[str, Any]], client_id: str | None = None) -> Event:
    """Return the event of a click, an API write or a command: *agent* asks for *actions*.

    client_id makes it safe to ask twice: the second time answers with the first result.
    """
    data = {"agent": agent, "actions": actions}
    return event("action.requested", client_id or str(uuid.uuid4()), data, origin="agent")


def content_hash(value: Any) -> str:
    """Return the SHA-256, in hex, of *value* as canonical JSON (sorted keys)."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def copied(value: Any) -> Any:
    """Return a JSON value once more, for whoever might change it."""
    return orjson.loads(orjson.dumps(value))


class EventError(ValueError):
    """What was submitted is no event; the text says which field and why."""


def check(candidate: Any) -> Event:
    """Return *candidate* if it has an event's shape; raise `EventError` otherwise."""
    if not isinstance(candidate, dict):
        raise EventError("an event is a JSON object")
    for field in ("id", "type", "origin"):
        if not isinstance(candidate.get(field), str) or not candidate[field]:
            raise EventError(f"an event needs a text as its {field!r}")
    if candidate["origin"] not in ORIGINS:
        raise EventError(f"origin is one of {', '.join(ORIGINS)}, not {candidate['origin']!r}")
    if not isinstance(candidate.get("data"), dict):
        raise EventError("an event's 'data' is a JSON object")
    occurred_at = candidate.get("occurred_at") or times.now()
    try:
        occurred_at = times.format(times.parse(occurred_at))
    except (ValueError, TypeError) as error:
        raise EventError(f"'occurred_at' is no time: {occurred_at!r}") from error
    return {
        "id": candidate["id"],
        "type": candidate["type"],
        "occurred_at": occurred_at,
        "account": candidate.get("account"),
        "origin": candidate["origin"],
        "data": candidate["data"],
    }
