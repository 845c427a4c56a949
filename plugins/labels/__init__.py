"""Labels: coloured tags on conversations."""

from engine import action, hookimpl, where

from .schemas import matches


@hookimpl
def message_received(event, message, conversation, documents):
    """Put on the labels whose rule the text matches."""
    if event["origin"] != "live" or not message["text"]:
        return
    for rule in documents.table("label_rule").search(where("enabled") == True):  # noqa: E712
        if rule["label"] not in conversation["labels"] and matches(rule, message["text"]):
            yield action(
                "labels.add",
                conversation=conversation["id"],
                label=rule["label"],
                why=f"the text has “{rule['pattern']}”",
            )
