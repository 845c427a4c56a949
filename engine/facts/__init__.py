"""Step one of every transaction: what the event itself says is written down.

One function per type of event edits documents through the transaction; nothing here asks a
plugin or depends on one.
"""

from collections.abc import Callable
from typing import Any

from engine.events import Event
from engine.facts import accounts, erased, identity, jobs, messages, statuses, system
from engine.store import Store
from engine.transaction import Transaction

Fact = Callable[[Transaction, dict[str, Any]], None]

_FACTS: dict[str, Fact] = {
    "message.received": messages.received,
    "message.sent": messages.seen_sent,
    "message.status": statuses.reported,
    "message.reaction": messages.reaction,
    "message.edited": messages.edited,
    "message.deleted": messages.deleted,
    "session.state": accounts.state,
    "contact.upserted": identity.upserted,
    "contact.book": identity.book,
    "identity.linked": identity.linked,
    "agent.presence": system.agent_presence,
    "timer.fired": system.timer_fired,
    "job.finished": jobs.finished,
    "job.expired": jobs.expired,
    "redis.epoch": jobs.new_epoch,
    "clock.jumped": system.clock_jumped,
    "plugin.stuck": system.plugin_stuck,
    "settings.changed": system.settings_changed,
    "documents.imported": system.imported,
    "documents.expired": system.expired,
    "documents.upgraded": system.upgraded,
    "contact.erased": erased.contact,
    "messages.expired": erased.messages,
}
_OF_PEOPLE = ("user", None)
_CAME_WITH = {
    "timer.fired": ("timer", "due"),
    "job.finished": ("job", "result"),
    "job.expired": ("job", "mark"),
}


def record(tx: Transaction) -> None:
    """Write down what ``tx.event`` says; types that say nothing of documents leave none."""
    _check_peer(tx.event["data"].get("peer"))
    fact = _FACTS.get(tx.event["type"])
    if fact is not None:
        fact(tx, tx.event["data"])


def _check_peer(peer: Any) -> None:
    """Raise ValueError for a chat's id that has a NUL: by such a one nobody is found again."""
    if isinstance(peer, dict) and ("\0" in str(peer.get("chat_id")) or "\0" in str(peer.get("lid"))):
        raise ValueError("the id of a chat holds a NUL character")


def as_it_came(event: Event) -> Event:
    """Return a recorded event as it was before its fact was written down, which adds to some."""
    keys = _CAME_WITH.get(event["type"])
    if keys is None:
        return dict(event)
    return {**event, "data": {key: event["data"][key] for key in keys if key in event["data"]}}


def ignored(event: Event) -> bool:
    """Whether an event is of a group, a broadcast or a channel: counted and dropped."""
    peer = event["data"].get("peer")
    return isinstance(peer, dict) and peer.get("kind") not in _OF_PEOPLE


def canonical(event: Event, store: Store) -> Event:
    """Return *event* with a LID that is known replaced by the phone's chat, in its id as well."""
    peer = event["data"].get("peer")
    if not isinstance(peer, dict) or not str(peer.get("chat_id", "")).endswith("@lid"):
        return event
    lid = peer["chat_id"]
    chat = identity.chat_of_lid(store, lid)
    if chat is None:
        return event
    known = {**peer, "chat_id": chat, "lid": lid}
    data = {**event["data"], "peer": known}
    return {**event, "id": event["id"].replace(f"/{lid}/", f"/{chat}/", 1), "data": data}
