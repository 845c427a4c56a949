"""What the engine itself tells: timers, settings, a plugin that was stuck."""

from collections.abc import Callable
from typing import Any

from engine import presence
from engine.documents import Database, where
from engine.facts import messages
from engine.hooks import report, switch_off
from engine.ids import event_id
from engine.transaction import Duplicate, Transaction

Document = dict[str, Any]
STUCK_LIMIT = 2


def timer_fired(tx: Transaction, data: Document) -> None:
    """A timer is due; one that was moved or taken back meanwhile says nothing."""
    timer = tx.get("timer", data["timer"])
    if timer is None or timer["due"] != data["due"]:
        data["plugin"] = None
        return
    tx.remove("timer", timer["id"])
    data.update(plugin=timer["plugin"], name=timer["name"], data=timer["data"])
    if timer["plugin"] == "core":
        _core_timer(tx, timer)


def _core_timer(tx: Transaction, timer: Document) -> None:
    what = timer["name"].partition("/")[0]
    if what == "parked" and (parked := tx.get("parked", timer["data"]["parked"])):
        messages.parked_too_long(tx, parked)
    elif what == "snooze" and (conversation := tx.get("conversation", timer["data"]["conversation"])):
        messages.reopen(tx, conversation)
    elif what == "available" and (agent := tx.get("agent", timer["data"]["agent"])):
        tx.update("agent", agent["id"], {"available": presence.AUTO, "available_until": None})
        told = {"agent": agent["id"], "state": presence.of({**agent, "available": presence.AUTO})}
        tx.consequence("agent.presence", told)


def agent_presence(tx: Transaction, data: Document) -> None:
    """An agent's browsers came, went idle or went: ``{agent, state: online | away | offline}``."""
    if data["state"] not in presence.STATES:
        raise ValueError(f"a presence is one of {', '.join(presence.STATES)}, not {data['state']!r}")
    agent = tx.get("agent", data["agent"])
    if agent is None or (agent.get("presence") or presence.OFFLINE) == data["state"]:
        raise Duplicate
    tx.update("agent", agent["id"], {"presence": data["state"], "presence_at": tx.at})


def clock_jumped(tx: Transaction, data: Document) -> None:
    """The wall clock was put forward: from the next event on time shows it."""
    tx.store.caught_up(data["seconds"])


def plugin_stuck(tx: Transaction, data: Document) -> None:
    """The engine was ended while a plugin's code did not return; the second time it is switched off."""
    plugin, hook = data["plugin"], data["hook"]
    report(tx, plugin, hook, "did not return within 5 s", "stuck", event=data["event"])
    stuck = tx.documents.table("problem").search((where("plugin") == plugin) & (where("kind") == "stuck"))
    if len(stuck) >= STUCK_LIMIT:
        switch_off(tx, plugin, f"{hook} did not return within 5 s, for the second time")


def settings_changed(tx: Transaction, data: Document) -> None:
    """Files or environment say something else than at the last start.

    ``data["documents"]`` is collection → documents as they are to be.
    """
    imported(tx, data)
    for plugin in data.get("documents", {}).get("plugin", ()):
        tx.consequence("plugins.switched", {"plugin": plugin["id"], "enabled": plugin["enabled"]})


def imported(tx: Transaction, data: Document) -> None:
    """Documents come from outside: ``data["documents"]`` is collection → documents."""
    for collection, documents in data.get("documents", {}).items():
        for document in documents:
            if tx.get(collection, document["id"]):
                tx.update(collection, document["id"], document)
            else:
                tx.insert(collection, document)


def expired(tx: Transaction, data: Document) -> None:
    """Documents are older than they are to be kept: ``data["documents"]`` is collection → ids."""
    for collection, ids in data["documents"].items():
        for id in ids:
            tx.remove_if(collection, id)


def upgraded(tx: Transaction, data: Document) -> None:
    """Documents become those of another version: ``{"collection", "from", "to", "ids"}``."""
    name = data["collection"]
    collection = next(known for known in tx.store.collections if known.name == name)
    for id in data["ids"]:
        before = tx.get(name, id)
        if before is not None:
            tx.replace(name, id, collection.upgraded(dict(before), data["from"], data["to"]))


class NotEmpty(ValueError):
    """Documents can be imported only into a workspace without conversations."""


def check_import(data: Document, documents: Database, knows: Callable[[str], bool]) -> None:
    """Raise NotEmpty for an import into a workspace that has conversations, but for the rest of one.

    An import in parts says ``{"import": id, "part": 0, 1, …}``.
    """
    part = data.get("part") or 0
    if part and knows(event_id(None, "documents.imported", f"{data.get('import')}/{part - 1}")):
        return
    if documents.table("conversation").page(order="last_message_at", limit=1)[0]:
        raise NotEmpty(
            "the workspace has conversations already; documents are imported only into an empty one"
        )
