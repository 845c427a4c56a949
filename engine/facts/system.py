"""What the engine itself tells: timers, settings, a plugin that was stuck."""

from typing import Any

from engine.documents import where
from engine.facts import messages
from engine.hooks import report, switch_off
from engine.transaction import Transaction

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
