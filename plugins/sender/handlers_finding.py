"""What became of a message whose call had no known outcome: the gateway is asked, at ever longer pauses."""

from engine import NOT_CONNECTED, confirm_sent, handles, set_status, times

from .schemas import OfMessage, Result

FIND_PAUSES = (2, 10, 60, 600)


def ask_later(tx, message, finds):
    """Have the gateway asked about a message for the *finds*-th time; after a few times no more."""
    if finds < len(FIND_PAUSES):
        due = times.add(tx.at, FIND_PAUSES[finds])
        tx.timer(f"find/{message}", due, {"message": message}, plugin="sender")


@handles("sender.reconcile", OfMessage)
def reconcile(data, tx):
    """Have a worker ask the gateway what became of an unconfirmed message."""
    message = tx.get("message", data["message"])
    if message is None or message["status"] != "unconfirmed":
        return None
    if (tx.get("account", message["account"]) or {}).get("state") in NOT_CONNECTED:
        ask_later(tx, message["id"], len(FIND_PAUSES) - 1)  # nobody could tell now
        return None
    return {"job": tx.job("sender.find", {"message": message["id"]}, queue="work", deadline=15.0)}


@handles("sender.found", Result)
def found(data, tx):
    """The gateway told whether it has an unconfirmed message.

    It is never sent again for that, but where the service shows two sends of one id as one: once.
    """
    message = tx.get("message", data["message"])
    if message is None or message["status"] != "unconfirmed":
        return
    if data["result"].get("outcome") == "sent":
        confirm_sent(tx, message, data["result"].get("gateway_id"))
        return
    gateway = (tx.get("account", message["account"]) or {}).get("gateway")
    may_repeat = tx.supports.get(gateway, {}).get("same_id") and message.get("wanted_id")
    if data["result"].get("outcome") == "absent" and may_repeat and not message.get("sender.repeated"):
        set_status(tx, message, "queued", job=None, error=None, **{"sender.repeated": True})
        tx.consequence("message.queued", {"message": message["id"], "conversation": message["conversation"]})
        return
    finds = message.get("sender.finds", 0) + 1
    tx.update("message", message["id"], {"sender.finds": finds})
    ask_later(tx, message["id"], finds)
