"""The sender's calls to gateways; run by workers only."""

from engine import where

KNOWN_IDS = 200
SEEN = 20  # messages that are shown as read
STOP_TYPING = 2.0  # seconds that this courtesy may take


def _outgoing(context, message):
    """Return the message as a gateway's `send` takes it: with its chat, and its file's path."""
    conversation = context.get("conversation", message["conversation"])
    outgoing = {**message, "chat": conversation["chat"]}
    if message.get("media"):
        outgoing["media"] = {**message["media"], "path": str(context.media_path(message["media"]["hash"]))}
    return outgoing


def send(args, context):
    """Make the one call of a message: ``{outcome, gateway_id, retry_after, reason}``."""
    message = context.get("message", args["message"])
    job = context.get("job", context.job)
    if message is None or message["status"] != "sending" or message.get("job") != context.job:
        return {"outcome": "cancelled", "reason": "the message does not wait for this call any more"}
    if job is None or job["state"] != "queued":
        return {"outcome": "cancelled", "reason": "the engine has given this call up"}
    adapter, account, secrets = context.gateway(message["account"])
    outgoing = _outgoing(context, message)
    if message.get("sender.typing"):
        _presence(adapter, outgoing, "paused", account, secrets, min(STOP_TYPING, context.remaining()))
    if context.late:  # this process was stopped meanwhile: somebody may have decided otherwise by now
        return {"outcome": "not_sent", "reason": "the time for this call was over before it began"}
    return adapter.send(outgoing, account, secrets, context.remaining())


def _presence(adapter, outgoing, state, account, secrets, deadline):
    """Show something to the customer, where the service can; whatever goes wrong is let be."""
    tell = getattr(adapter, "presence", None)
    try:
        if tell is not None:
            tell(outgoing, state, account, secrets, deadline)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return None


def show(args, context):
    """Show that a customer's words are read, and that an answer is being typed: ``{outcome, reason}``.

    It is done only while the message still waits; nothing depends on it.
    """
    message = context.get("message", args["message"])
    if message is None or message["status"] != "queued":
        return {"outcome": "cancelled", "reason": "the message does not wait any more"}
    adapter, account, secrets = context.gateway(message["account"])
    outgoing = _outgoing(context, message)
    recent = context.documents.table("message").page(
        where("conversation") == message["conversation"], order="at", limit=SEEN
    )[0]
    outgoing["answers"] = [m["gateway_id"] for m in recent if m["direction"] == "in" and m.get("gateway_id")]
    failures = [
        _presence(adapter, outgoing, state, account, secrets, context.remaining()) for state in args["states"]
    ]
    return {"outcome": "shown", "reason": next(filter(None, failures), None)}


def find(args, context):
    """Ask the gateway whether it has a message: ``{outcome: sent | absent | unknown, gateway_id}``."""
    message = context.get("message", args["message"])
    if message is None:
        return {"outcome": "unknown", "reason": "the message is gone"}
    adapter, account, secrets = context.gateway(message["account"])
    sent = context.documents.table("message").page(
        where("conversation") == message["conversation"], order="at", limit=KNOWN_IDS
    )[0]
    outgoing = _outgoing(context, message)
    outgoing["known_ids"] = [m["gateway_id"] for m in sent if m.get("gateway_id")]
    return adapter.find(outgoing, account, secrets, context.remaining())
