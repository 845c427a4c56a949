"""What the sender's actions do: pick the next message, pause, reconcile, give up."""

from engine import Refused, confirm_sent, handles, set_status, times, where

from .schemas import OfAccount, OfMessage, Result, Settings

LANES = ("agent", "automatic", "campaign")
BATCH = 50
FIND_PAUSES = (2, 10, 60, 600)


def _settings(tx):
    plugin = tx.get("plugin", "sender") or {}
    return plugin.get("settings") or Settings().load({})


def _in_state(tx, account, status):
    return tx.documents.table("message").search((where("account") == account) & (where("status") == status))


def _queued(tx, account, lane):
    """Yield the queued messages of a number in one lane, oldest first."""
    waiting = (where("account") == account) & (where("status") == "queued") & (where("lane") == lane)
    after = None
    while True:
        page, after = tx.documents.table("message").page(
            waiting, order="at", after=after, limit=BATCH, newest_first=False
        )
        yield from page
        if after is None:
            return


def next_message(tx, account):
    """Return (the message to send now or None, the time at which the next one is due or None).

    Within one conversation and lane the order holds: one that waits for its retry, or whose fate is
    not known, holds back those after it.
    """
    blocked = {(m["conversation"], m.get("lane")) for m in _in_state(tx, account, "unconfirmed")}
    due_later = []
    for lane in LANES:
        for message in _queued(tx, account, lane):
            key = (message["conversation"], lane)
            if key in blocked:
                continue
            due = message.get("sender.due")
            if due is None or due <= tx.at:
                return message, None
            due_later.append(due)
            blocked.add(key)
    return None, min(due_later, default=None)


def _slow_ones_busy(tx, settings):
    slow = tx.documents.table("account").search(where("sender.slow") == True)  # noqa: E712
    return sum(1 for account in slow if _in_state(tx, account["id"], "sending")) >= settings["slow_at_once"]


@handles("sender.dispatch", OfAccount)
def dispatch(data, tx):
    """Hand the number's next message to a worker, if the number is free."""
    account = tx.get("account", data["account"])
    if account is None or account.get("removed_at") or _in_state(tx, account["id"], "sending"):
        return None
    if not (tx.get("plugin", account["gateway"]) or {"enabled": True})["enabled"]:
        return None
    message, due = next_message(tx, account["id"])
    if message is None:
        if due:
            tx.timer(f"due/{account['id']}", due, {"account": account["id"]}, plugin="sender")
        return None
    settings = _settings(tx)
    if account.get("sender.slow") and _slow_ones_busy(tx, settings):
        return None
    deadline = settings["media_deadline"] if message.get("media") else settings["deadline"]
    job = tx.job("sender.send", {"message": message["id"]}, queue="send", deadline=deadline)
    attempts = message.get("attempts", 0) + 1
    told = {"attempts": attempts, "job": job, "sending_at": tx.at, "retry_at": None, "sender.due": None}
    set_status(tx, message, "sending", **told)
    return {"message": message["id"], "job": job}


@handles("sender.settle", Result)
def settle(data, tx):
    """After a call: plan the next try, ask what became of it, or give up."""
    message = tx.get("message", data["message"])
    if message is None:
        raise Refused("the message is gone")
    outcome = data["result"].get("outcome")
    _note_speed(tx, message["account"], outcome)
    if message["status"] == "queued" and outcome == "not_sent":
        _pause(tx, message, data["result"])
    elif message["status"] == "unconfirmed":
        tx.update("message", message["id"], {"sender.finds": 0})
        _ask_later(tx, message["id"], 0)


def _note_speed(tx, account, outcome):
    slow = outcome == "unknown"
    if outcome and bool((tx.get("account", account) or {}).get("sender.slow")) != slow:
        tx.update("account", account, {"sender.slow": slow})


def _pause(tx, message, result):
    settings = _settings(tx)
    attempts = message.get("attempts", 1)
    if attempts >= settings["attempts"]:
        reason = result.get("reason") or "the gateway could not be reached"
        set_status(tx, message, "failed", error={"code": result.get("code"), "reason": reason})
        return
    pause = min(settings["first_pause"] * 3 ** (attempts - 1), settings["longest_pause"])
    pause = max(pause * (0.8 + 0.4 * tx.rng("pause", message["id"]).random()), result.get("retry_after") or 0)
    due = times.add(tx.at, pause)
    tx.update("message", message["id"], {"sender.due": due, "retry_at": due})


def _ask_later(tx, message, finds):
    if finds < len(FIND_PAUSES):
        due = times.add(tx.at, FIND_PAUSES[finds])
        tx.timer(f"find/{message}", due, {"message": message}, plugin="sender")


@handles("sender.reconcile", OfMessage)
def reconcile(data, tx):
    """Have a worker ask the gateway what became of an unconfirmed message."""
    message = tx.get("message", data["message"])
    if message is None or message["status"] != "unconfirmed":
        return None
    return {"job": tx.job("sender.find", {"message": message["id"]}, queue="work", deadline=15.0)}


@handles("sender.found", Result)
def found(data, tx):
    """The gateway told whether it has an unconfirmed message; it is never sent again for that."""
    message = tx.get("message", data["message"])
    if message is None or message["status"] != "unconfirmed":
        return
    if data["result"].get("outcome") == "sent":
        confirm_sent(tx, message, data["result"].get("gateway_id"))
        return
    finds = message.get("sender.finds", 0) + 1
    tx.update("message", message["id"], {"sender.finds": finds})
    _ask_later(tx, message["id"], finds)
