"""Sender: takes queued messages to their gateway, one call at a time per number, and never twice.

The engine's facts say what came of a call (sent, failed, back in the queue, unconfirmed); here
is only decided what to do next.
"""

from engine import action, hookimpl, where


@hookimpl
def message_queued(event, message, documents):
    """A message waits: look whether its number is free."""
    if message:
        yield action("sender.dispatch", account=message["account"])


@hookimpl
def job_finished(event, message, documents, settings):
    """A call ended: try again, reconcile or give up; then the number's next message."""
    data = event["data"]
    result = data.get("result") or {}
    if data.get("name") == "sender.find" and message:
        yield action("sender.found", message=message["id"], result=result, why=result.get("reason"))
    if data.get("name") == "sender.send" and message:
        if message.get("job") == data["job"]:  # else a late word of an old call, which plans nothing
            yield action("sender.settle", message=message["id"], result=result, why=result.get("reason"))
        yield action("sender.dispatch", account=message["account"])
        for account in documents.table("account").search(where("sender.slow") == True):  # noqa: E712
            if account["id"] != message["account"]:
                yield action("sender.dispatch", account=account["id"])


@hookimpl
def message_confirmed(message):
    """It is known what became of an unconfirmed message, which may have held back others."""
    if message:
        yield action("sender.dispatch", account=message["account"])


@hookimpl
def timer_fired(event):
    """A pause is over: send again, or ask the gateway what became of an unconfirmed message."""
    data = event["data"]
    if data["name"].startswith("find/"):
        yield action("sender.reconcile", message=data["data"]["message"])
    else:
        yield action("sender.dispatch", account=data["data"]["account"])


@hookimpl
def plugins_switched(event, documents):
    """The sender or a gateway is on again: what waited meanwhile goes out."""
    if event["data"]["enabled"]:
        for account in documents.table("account").all():
            yield action("sender.dispatch", account=account["id"])


@hookimpl(specname="jobs")
def sender_jobs():
    """The calls to the gateway."""
    from . import calls

    return {"sender.send": calls.send, "sender.find": calls.find}
