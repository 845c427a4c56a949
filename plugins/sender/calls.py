"""The sender's calls to gateways; run by workers only."""

from engine import where

KNOWN_IDS = 200


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
    return adapter.send(_outgoing(context, message), account, secrets, context.remaining())


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
