"""Contacts: the people, apart from the conversations with them."""

from engine import action, hookimpl, where

from . import files, pairs
from .pairing import LOOK

MOST_LABELLED = 900  # actions that one hook may ask for


@hookimpl
def jobs():
    """Workers read the files of imports, and compare everybody with everybody."""
    return {**files.JOBS, "contacts.pairs": pairs.look}


@hookimpl
def session_state(event, documents):
    """A phone was paired: read its address book, the first time."""
    account = event["account"]
    if event["data"]["state"] == "connected" and _unread(documents, account):
        yield action("contacts.sync", account=account, why="the phone was paired")


def _unread(documents, account):
    there = documents.table("account").get(doc_id=account)
    return bool(there) and documents.table("contact_sync").get(doc_id=account) is None


@hookimpl
def job_finished(event, settings):
    """What a worker read of an address book or a file goes in, and whom it found to be alike."""
    told = event["data"]
    name, result = told.get("name") or "", told.get("result") or {}
    if name in ("book.list", "book.gone"):
        yield _page(told, result, settings["sync_hours"])
    if name == "contacts.pairs" and result.get("outcome") == "looked":
        yield action("contacts.suggest", why="it was looked who may be one person")
    if name.startswith("contacts.") and told["args"].get("import"):
        why = "a part of the file was read"
        yield action("contacts.take_result", **{"import": told["args"]["import"]}, why=why)


def _page(told, result, hours):
    return action(
        "contacts.listed" if told["name"] == "book.list" else "contacts.checked",
        why="a part of the address book was read",
        account=told["args"]["account"],
        run=told["args"]["run"],
        outcome=result.get("outcome") or "failed",
        listed=result.get("listed") or 0,
        changed=len(result.get("contacts") or result.get("removed") or ()),
        hours=hours,
        **{key: result.get(key) for key in ("reason", "next", "total")},
    )


@hookimpl
def contact_merged(event):
    """Who is gone is suggested to nobody any more; what the engine joined by itself can be undone."""
    told = event["data"]
    yield action("contacts.tidy", contact=told["contact"], why="two contacts became one")
    if found := told.get("evidence"):
        why = f"the hidden number {found['lid']} is {found['chat'].partition('@')[0]}"
        yield action("contacts.record_join", contact=told["contact"], why=why)


@hookimpl
def contact_alias_moved(event):
    """Who has a hidden number may be who had it: a person looks."""
    told = event["data"]
    why = "a hidden number of the one is the other's"
    yield action("contacts.suggest_pair", contact=told["contact"], other=told["before"], why=why)


@hookimpl
def contacts_result_taken(event):
    """Conversations of those who were imported get the import's label."""
    label = event["data"]["label"]
    for conversation in event["data"]["conversations"][:MOST_LABELLED]:
        yield action("labels.add", conversation=conversation, label=label, why="an import says so")


@hookimpl
def conversation_opened(event, conversation, contact):
    """The first conversation with somebody who was imported gets the import's label."""
    label = (contact or {}).get("contacts._label")
    if label and event["data"].get("episode") == 1:
        why = "an import said so"
        yield action("labels.add", conversation=conversation["id"], label=label, why=why)


@hookimpl
def timer_fired(event, documents):
    """An address book is read again; an undoing goes on; a file of long ago is deleted."""
    name, data = event["data"]["name"], event["data"]["data"]
    if name.startswith("sync/") and _is_connected(documents, data["account"]):
        yield action("contacts.sync", account=data["account"], why="it is read from time to time")
    elif name.startswith("undo/"):
        yield action("contacts.undo_batch", **data, why="the import is being undone")
    elif name.startswith("forget/"):
        yield action("contacts.forget_import", **data, why="the file was kept for its time")
    elif name.startswith(LOOK):
        yield action("contacts.look", why="there are contacts who were not compared yet")


def _is_connected(documents, account):
    found = documents.table("account").get(doc_id=account) or {}
    return found.get("state") == "connected" and not found.get("removed_at")


@hookimpl
def plugins_switched(event, documents):
    """Contacts are on again: imports go on, address books that never were read are."""
    if event["data"] != {**event["data"], "plugin": "contacts", "enabled": True}:
        return
    for found in documents.table("contact_import").search(
        where("state").one_of(["checking", "running", "undoing"])
    ):
        yield action("contacts.go_on", **{"import": found["id"]}, why="the plugin was switched on again")
    for account in documents.table("account").all():
        if _is_connected(documents, account["id"]) and _unread(documents, account["id"]):
            yield action("contacts.sync", account=account["id"], why="it was never read")
