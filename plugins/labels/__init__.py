"""Labels: coloured tags on conversations, put on by people, by programs and by rules."""

from engine import action, hookimpl, where

from . import rules

ENABLED = where("enabled") == True  # noqa: E712


@hookimpl
def message_received(event, message, conversation, contact, documents):
    """Put on the labels whose rule the message fits."""
    if event["origin"] == "live":
        yield from _labels(
            documents, conversation, rules.facts(message, conversation, contact), of_flow=False
        )


@hookimpl
def flow_node_entered(event, conversation, contact, documents):
    """Put on the labels whose rule waits for this step of a flow."""
    if conversation:
        step = {name: event["data"].get(name) for name in rules.OF_FLOW}
        about = rules.facts(None, conversation, contact, **step)
        yield from _labels(documents, conversation, about, of_flow=True)


def _labels(documents, conversation, about, of_flow):
    worn = set(conversation["labels"])
    for rule in rules.in_order(documents.table("label_rule").search(ENABLED)):
        if rule["label"] in worn or rules.is_of_flow(rule) != of_flow or not rules.holds(rule["when"], about):
            continue
        worn.add(rule["label"])
        reason = rules.why(rule["when"], about)
        yield action("labels.add", conversation=conversation["id"], label=rule["label"], why=reason)


@hookimpl
def timer_fired(event):
    """Go on with a merge that has more conversations than one transaction should hold."""
    if event["data"]["name"].startswith("merge/"):
        label = event["data"]["data"]["label"]
        yield action("labels.merge_more", label=label, why="a merge of labels goes on")
