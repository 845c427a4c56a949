"""Contacts: the people, apart from the conversations with them."""

from engine import action, hookimpl, where

from . import files

MOST_LABELLED = 900  # actions that one hook may ask for


@hookimpl
def jobs():
    """Workers read the files of imports."""
    return files.JOBS


@hookimpl
def job_finished(event):
    """What a worker read of a file goes in."""
    told = event["data"]
    if told["name"].startswith("contacts.") and told["args"].get("import"):
        yield action("contacts.take_result", **{"import": told["args"]["import"]})


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
def timer_fired(event):
    """An undoing goes on; a file that was uploaded long ago is deleted."""
    name, data = event["data"]["name"], event["data"]["data"]
    if name.startswith("undo/"):
        yield action("contacts.undo_batch", **data)
    elif name.startswith("forget/"):
        yield action("contacts.forget_import", **data)


@hookimpl
def plugins_switched(event, documents):
    """Imports that were under way when this plugin was switched off go on."""
    if event["data"] == {**event["data"], "plugin": "contacts", "enabled": True}:
        under_way = where("state").one_of(["checking", "running", "undoing"])
        for found in documents.table("contact_import").search(under_way):
            yield action("contacts.go_on", **{"import": found["id"]})
