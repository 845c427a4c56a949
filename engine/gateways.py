"""What an adapter to a wa-service offers, and what adapters share.

An adapter turns a service's webhooks into ReplyAI's events (`Gateway.parse`) and ReplyAI's
messages into the service's calls (`Gateway.send`). What became of a call is one of four
outcomes, of which only ``not_sent`` may be tried again without asking:

- ``sent``: the service took it; ``gateway_id`` is its bare message id;
- ``not_sent``: it surely did not reach the service (``retry_after``: seconds to wait, or None);
- ``refused``: the service said no, and would again unless ``retryable``;
- ``unknown``: it may have been taken: a time-out, a reset or a 5xx after bytes had left.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol, TypedDict, runtime_checkable

import orjson
from marshmallow import Schema

from engine import times
from engine.calls import MEGABYTE, Answer, CallFailed, call, same_host
from engine.events import content_hash
from engine.ids import canonical_chat, event_id

__all__ = [
    "BUTTONS",
    "BUTTONS_TEXT",
    "BUTTON_TITLE",
    "MEGABYTE",
    "AddressBook",
    "Answer",
    "CallFailed",
    "Gateway",
    "Json",
    "NotJson",
    "NotUnderstood",
    "Result",
    "absent",
    "body_key",
    "call",
    "canonical_chat",
    "fact",
    "failed",
    "header",
    "load",
    "not_sent",
    "refused",
    "same_host",
    "sent",
    "unknown",
    "when",
]

Json = Mapping[str, Any]
BUTTONS, BUTTON_TITLE, BUTTONS_TEXT = 3, 20, 1024
"""WhatsApp's limits: how many buttons a message has, the characters of a title, of the text above them."""


class Result(TypedDict, total=False):
    """What became of a send; see the module's text for the outcomes."""

    outcome: str
    gateway_id: str | None
    retry_after: float | None
    reason: str | None
    code: str | None
    retryable: bool


class NotUnderstood(Exception):
    """A webhook's body that is not what the service is known to send; the text says what is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotJson(NotUnderstood):
    """A body that is not even JSON."""


@runtime_checkable
class Gateway(Protocol):
    """The adapter to one kind of wa-service.

    name: what is written after ``gateway =`` and in ``/webhooks/<name>/<account>``.
    title: what people read. settings: the schema of an account's settings; a field whose
    metadata says ``secret`` is kept apart from them.
    supports: what the service can do, as data: ``client_ids``, ``history``, ``find``, ``typing``,
    ``reactions``, ``buttons``, ``contacts``, ``seen``, ``official``, ``same_id`` (booleans) and ``media``
    (a list of kinds). An adapter that supports ``contacts`` is an `AddressBook` as well.
    ``client_ids``: `send` has the service use the id ``message["wanted_id"]``, the same in each try.
    ``same_id``: of two sends with one id people see one, so what the history lacks is sent once more.
    ``official``: the service itself limits how fast one may send, so nothing is paced for it.

    An adapter with ``typing`` or ``seen`` may have ``presence(message, state, account, secrets,
    deadline)`` as well: it shows the chat of *message* that it is ``seen`` (``message["answers"]``
    are the gateway's ids of what the customer wrote last, newest first), that somebody is ``typing``,
    or that typing is ``paused``. It is a courtesy: CallFailed is taken for nothing.
    """

    name: str
    title: str
    settings: type[Schema]
    supports: Mapping[str, Any]

    def verify(self, headers: Mapping[str, str], raw: bytes, secrets: Mapping[str, str]) -> bool:
        """Return whether *raw*, a webhook's very bytes, was signed with one of the account's secrets."""
        ...

    def parse(self, raw: bytes, account: str) -> list[dict[str, Any]]:
        """Return the events of one webhook body, from the body alone, without ``at``.

        What is not read yet is an event of type ``unknown``. NotUnderstood where the body is no
        webhook of this service or lacks its fields.
        """
        ...

    def default_account(self, raw: bytes) -> str | None:
        """Return the session, instance or number that the body itself names, or None."""
        ...

    def send(self, message: Json, account: Json, secrets: Mapping[str, str], deadline: float) -> Result:
        """Send *message* (``id, chat, text, kind, media, reply_to``); the whole call ends after *deadline* s.

        ``media`` is ``{path, mime, filename, kind}``, ``reply_to`` a gateway's id. Where the adapter supports
        ``buttons`` the message may have them, ``[{id, title}]``, to be shown below its text; what a customer
        presses comes in as ``interactive``, ``{id, title, kind: "buttons"}``. Never raises.
        """
        ...

    def find(self, message: Json, account: Json, secrets: Mapping[str, str], deadline: float) -> Result:
        """Ask the service whether *message*, of which nothing is known, was sent after all.

        The outcome is ``sent`` (with its ``gateway_id``), ``absent`` or ``unknown``. ``known_ids`` in
        the message are the ids of other messages of that chat. Never raises.
        """
        ...

    def fetch_media(
        self, ref: Json, account: Json, secrets: Mapping[str, str], deadline: float
    ) -> dict[str, Any]:
        """Return ``{"body": bytes, "mime", "filename"}`` of a message's ``media["ref"]``; CallFailed else."""
        ...


@runtime_checkable
class AddressBook(Protocol):
    """What an adapter offers besides where it supports ``contacts``."""

    def contacts(
        self, account: Json, secrets: Mapping[str, str], deadline: float, cursor: str | None
    ) -> dict[str, Any]:
        """Return a page of the paired phone's contacts: ``{"contacts": [peer], "next", "total"}``.

        A peer has ``chat_id``, ``lid``, ``push_name`` and ``book_name``, which is None for who is not in the
        address book, and missing where only a LID and its number are told; groups are left out. ``next`` is
        the cursor of the next page or None, ``total`` how many there are in all, None where the service does
        not say. CallFailed where it cannot be had.
        """
        ...


def sent(gateway_id: str) -> Result:
    """The service took it."""
    return {"outcome": "sent", "gateway_id": gateway_id, "retry_after": None, "reason": None}


def not_sent(reason: str, retry_after: float | None = None) -> Result:
    """It surely did not reach the service; *retry_after* in seconds, where the service named one."""
    return {"outcome": "not_sent", "gateway_id": None, "retry_after": retry_after, "reason": reason}


def refused(code: str, reason: str, retryable: bool = False) -> Result:
    """The service said no."""
    return {
        "outcome": "refused",
        "gateway_id": None,
        "retry_after": None,
        "reason": reason,
        "code": code,
        "retryable": retryable,
    }


def unknown(reason: str) -> Result:
    """Nobody can tell whether the service took it."""
    return {"outcome": "unknown", "gateway_id": None, "retry_after": None, "reason": reason}


def absent(reason: str | None = None) -> Result:
    """The service's own history does not have it (an outcome of `Gateway.find` only)."""
    return {"outcome": "absent", "gateway_id": None, "retry_after": None, "reason": reason}


def failed(error: CallFailed) -> Result:
    """Return what a failed call means for the message that it carried."""
    if error.outcome == "not_sent":
        return not_sent(error.reason, error.retry_after)
    if error.outcome == "refused":
        return refused(str(error.status), error.reason)
    return unknown(error.reason)


def fact(
    type: str,
    key: str,
    data: dict[str, Any],
    *,
    account: str,
    occurred_at: str | None = None,
    origin: str = "live",
) -> dict[str, Any]:
    """Return an event of a webhook: no ``at``, and no clock: without a time of its own it has None."""
    return {
        "id": event_id(account, type, key),
        "type": type,
        "occurred_at": occurred_at,
        "account": account,
        "origin": origin,
        "data": data,
    }


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return the one header called *name* in any case; None where there is none, or more than one."""
    values = [value for key, value in headers.items() if key.lower() == name.lower()]
    return values[0] if len(values) == 1 else None


def load(raw: bytes) -> dict[str, Any]:
    """Return a webhook's JSON object; NUL and lone surrogates in its texts become U+FFFD.

    NotJson where it is no JSON, NotUnderstood where it is no object or too deep.
    """
    try:
        body = _decode(raw)
        if b"\\u0000" in raw or b"\\ud" in raw.lower():
            body = _clean(body)
    except RecursionError as error:
        raise NotUnderstood("the body is nested too deeply") from error
    if not isinstance(body, dict):
        raise NotUnderstood(f"a webhook is a JSON object, not {json.dumps(body)[:40]}")
    return body


def body_key(body: Mapping[str, Any], raw: bytes) -> str:
    """Return the hash that names a webhook without an id of its own."""
    try:
        return content_hash(body)
    except TypeError:
        return content_hash(raw.decode("utf-8", "replace"))


def when(*candidates: Any) -> str | None:
    """Return the first candidate that is a time (seconds, milliseconds, as number or text), or None."""
    for value in candidates:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                return times.from_epoch(value)
            except (ValueError, OverflowError):
                continue
    return None


def _decode(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass  # orjson refuses lone surrogates, which gateways do send: the standard library reads them
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except ValueError as error:
        raise NotJson("the body is no JSON") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
