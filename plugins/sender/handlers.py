"""What the sender's actions do: pick the next message, pause, reconcile, give up."""

import hashlib

from engine import NOT_CONNECTED, Refused, handles, set_status, times, where

from . import counts
from .handlers_finding import ask_later
from .handlers_holds import lift, lift_tries
from .pacing import decide, disconnected, new_pace, showing, taken
from .picking import HELD, Picking, home, is_reply
from .rules import rules_of
from .schemas import (
    Dispatch,
    Heard,
    OfAccount,
    OfMessage,
    Pacing,
    Pause,
    Result,
    Settings,
    Shift,
    Signal,
)

DEFAULTS = Settings().load({})
BANS = ("401", "403", "463")
WARNINGS = 5
LAST = "9999"
MOST_DROPPED = 5  # tries of one message that count as none since its number was lost under it
ROUNDS = 100  # looks at a queue of which the first may not be sent any more
LEAST = 0.001  # seconds to the next look: a timer of this very moment would fire for ever
SHIFTED = 7200.0  # seconds after a call in which a gap or break may still last


def _settings(tx):
    plugin = tx.get("plugin", "sender") or {}
    return {**DEFAULTS, **(plugin.get("settings") or {})}


def _in_state(tx, account, status):
    return tx.documents.table("message").search((where("account") == account) & (where("status") == status))


def _slow_ones_busy(tx, settings):
    slow = tx.documents.table("account").search(where("sender.slow") == True)  # noqa: E712
    return sum(1 for account in slow if _in_state(tx, account["id"], "sending")) >= settings["slow_at_once"]


def _is_down(account):
    """Whether a number's gateway told that it is not connected: nothing is called until it is again."""
    return account.get("state") in NOT_CONNECTED


def _rules(tx, account, settings):
    return rules_of(settings, account, tx.supports.get(account["gateway"], {}))


def _pace(tx, account):
    """Return a number's pace, which is there from its first message on."""
    found = tx.get("sender_pace", account)
    return dict(found) if found else tx.insert("sender_pace", new_pace(account))


def _drawing(tx, account):
    return lambda what, number: tx.draw("sender", account, what, number)


@handles("sender.dispatch", Dispatch)
def dispatch(data, tx):
    """Hand the number's next message to a worker, if the number is free and its slot has come."""
    account = tx.get("account", data["account"])
    if account is None or account.get("removed_at") or _in_state(tx, account["id"], "sending"):
        return None
    if not (tx.get("plugin", account["gateway"]) or {"enabled": True})["enabled"]:
        return None
    settings = _settings(tx)
    rules, pace = _rules(tx, account, settings), tx.get("sender_pace", account["id"])
    pace = dict(pace or new_pace(account["id"]))
    if data["late"] and rules["ramp"]:
        pace["ramp_from"] = tx.at
    draw = _drawing(tx, account["id"])
    if _is_down(account) and pace.get("why") != "disconnected":
        lift_tries(tx, account["id"])
    picking, decision = _picked(tx, account, rules, settings, pace, draw)
    if decision.message is None:
        _wait(tx, account, rules, pace, decision, picking, draw)
        return None
    if account.get("sender.slow") and _slow_ones_busy(tx, settings):
        return None
    changed = taken(rules, pace, decision.candidate, tx.at, picking.home, draw)
    note(tx, pace, {**changed, "next": None, "why": None, "ramp_from": pace.get("ramp_from")})
    return _hand_out(tx, picking.found[decision.message], decision.candidate, settings)


def _picked(tx, account, rules, settings, pace, draw):
    """Return (the queue as it was looked at, what to do); what may not be sent any more is taken back."""
    for _ in range(ROUNDS):
        picking = Picking(tx.documents, account["id"], rules, settings, tx.at, bool(pace.get("paused")))
        if _is_down(account):
            decision = disconnected(picking.waits(), tx.at)
        else:
            decision = decide(rules, pace, picking.lanes(), tx.at, picking.home, draw)
        if decision.message is None:
            picking.watch()
        _put_aside(tx, picking, decision)
        if decision.message or not (picking.expired or picking.unwanted):
            break  # else those behind them have not been looked at
    return picking, decision


def _hand_out(tx, message, candidate, settings):
    deadline = settings["media_deadline"] if message.get("media") else settings["deadline"]
    job = tx.job("sender.send", {"message": message["id"]}, queue="send", deadline=deadline)
    told = {"attempts": message.get("attempts", 0) + 1, "job": job, "sending_at": tx.at}
    told |= {"retry_at": None, "sender.due": None}
    account = tx.get("account", message["account"]) or {}
    if tx.supports.get(account.get("gateway"), {}).get("client_ids"):
        told["wanted_id"] = wanted_id(message["id"])
    if message.get("sender.why"):
        told["sender.why"] = None
    if candidate.get("unasked"):
        tx.update("conversation", message["conversation"], {"sender.unasked": message["id"]})
    set_status(tx, message, "sending", **told)
    return {"message": message["id"], "job": job}


def wanted_id(message):
    """Return the id that a message is to have at its gateway, in the form of WhatsApp's own."""
    return "3EB0" + hashlib.sha256(message.encode()).hexdigest()[:18].upper()


def note(tx, pace, changed):
    """Write down what of a number's pace differs from what is stored."""
    stored = tx.get("sender_pace", pace["id"])
    if stored is None:
        tx.insert("sender_pace", {**new_pace(pace["id"]), **changed})
        return
    differing = {key: value for key, value in changed.items() if stored.get(key) != value}
    if differing:
        tx.update("sender_pace", pace["id"], differing)


def _put_aside(tx, picking, decision):
    """Take back what may not be sent any more, and note on others until when they wait."""
    for message in picking.expired:
        _expire(tx, message)
        about = {"message": message["id"], "conversation": message["conversation"]}
        tx.consequence("sender.expired", about)
    for candidate, until, why in decision.aside:
        message = picking.found[candidate["message"]]
        due = picking.until(message, until, candidate["reply"])
        tx.update("message", message["id"], {"sender.due": due, "sender.why": why})
    for message, reason in picking.unwanted:
        set_status(tx, message, "cancelled", error={"code": "opted_out", "reason": reason})
    for id, until, why in picking.held:
        tx.update("message", id, {"sender.due": until, "sender.why": why})


def _wait(tx, account, rules, pace, decision, picking, draw):
    """Set the number's one timer: its next slot, or when a reply becomes too old to be sent."""
    due = min(filter(None, [decision.due, *picking.expires]), default=None)
    due = due and max(due, times.add(tx.at, LEAST))
    name = f"due/{account['id']}"
    if due:
        tx.timer(name, due, {"account": account["id"]}, plugin="sender")
    else:
        tx.cancel(name, plugin="sender")
    candidate = decision.candidate
    following = None
    if candidate:
        following = _following(tx, account, rules, pace, decision, draw)
    if tx.get("sender_pace", account["id"]) or due:
        note(tx, pace, {"next": following, "why": decision.why, "ramp_from": pace.get("ramp_from")})


def _following(tx, account, rules, pace, decision, draw):
    """Return what is next, and when it is shown that somebody reads and types."""
    candidate, before = decision.candidate, pace.get("next") or {}
    found = {"message": candidate["message"], "lane": candidate["lane"], "due": decision.slot}
    supports = tx.supports.get(account["gateway"], {})
    if candidate["lane"] == "agent" or not (supports.get("typing") or supports.get("seen")):
        return found
    shown = showing(rules, pace, candidate, found["due"], draw)
    is_same = before.get("message") == candidate["message"]
    found |= {**shown, "seen": bool(is_same and before.get("seen"))}
    first = shown["typing_at"] if found["seen"] else shown["seen_at"]
    if first and first < found["due"]:
        tx.timer(f"show/{account['id']}", max(first, tx.at), {"account": account["id"]}, plugin="sender")
    return found


@handles("sender.settle", Result)
def settle(data, tx):
    """After a call: plan the next try, ask what became of it, or give up."""
    message = tx.get("message", data["message"])
    if message is None:
        raise Refused("the message is gone")
    outcome = data["result"].get("outcome")
    _note_speed(tx, message["account"], outcome)
    _note_end(tx, message["account"], data["result"])
    if outcome in ("not_sent", "cancelled"):
        _uncount(tx, message)
    if message["status"] == "queued" and outcome == "not_sent":
        dropped = message.get("sender.dropped", 0)
        is_down = _is_down(tx.get("account", message["account"]) or {})
        if is_down and dropped < MOST_DROPPED:  # it was no try: the line was dead
            told = {"attempts": max(0, message.get("attempts", 1) - 1), "error": None}
            told |= {"sender.due": None, "retry_at": None, "sender.dropped": dropped + 1}
            tx.update("message", message["id"], told)
        else:
            _pause(tx, message, data["result"])
    elif message["status"] == "unconfirmed":
        tx.update("message", message["id"], {"sender.finds": 0})
        ask_later(tx, message["id"], 0)


def _uncount(tx, message):
    """Take back that a message was counted: it did not reach its gateway."""
    pace = tx.get("sender_pace", message["account"]) or {}
    out = pace.get("out") or {}
    if out.get("message") != message["id"]:
        return
    back = counts.taken_back(pace, out, home(tx.documents))
    note(tx, pace, {**back, "warm": out["warm"], "out": None})
    conversation = tx.get("conversation", message["conversation"]) or {}
    if conversation.get("sender.unasked") == message["id"]:
        tx.update("conversation", conversation["id"], {"sender.unasked": None})


def _note_speed(tx, account, outcome):
    slow = outcome == "unknown"
    if outcome and bool((tx.get("account", account) or {}).get("sender.slow")) != slow:
        tx.update("account", account, {"sender.slow": slow})


def _note_end(tx, id, result):
    """Count the next slot from the end of this call; a refusal counts towards a pause of the number."""
    account = tx.get("account", id)
    if account is None:
        return
    settings = _settings(tx)
    rules, pace, place = _rules(tx, account, settings), _pace(tx, id), home(tx.documents)
    changed = {"ended_at": tx.at}
    if result.get("retry_after"):  # the service asks for a pause: the whole number keeps it
        changed = {"ended_at": times.add(tx.at, result["retry_after"])}
    if result.get("outcome") == "refused":
        changed |= counts.failed(pace, tx.at, place)
    note(tx, pace, changed)
    code = str(result.get("code") or "")
    if result.get("outcome") != "refused":
        return
    if rules["ban_signals"] and code in BANS:
        _stop(tx, account, {"code": code, "reason": result.get("reason"), "kind": "signal"})
    elif counts.failing({**pace, **changed}, rules, tx.at):
        _stop(tx, account, {"code": "failures", "reason": result.get("reason"), "kind": "failures"})


def _stop(tx, account, told):
    """Pause a number until a person lets it go on: only answers to who wrote go out, at half the rate."""
    if account.get("sender.paused"):
        return
    paused = {"at": tx.at, **told}
    pace = _pace(tx, account["id"])
    tx.update("account", account["id"], {"sender.paused": paused})
    warnings = [paused, *(pace.get("warnings") or ())][:WARNINGS]
    note(tx, pace, {"paused": True, "next": None, "warnings": warnings})


@handles("sender.signal", Signal)
def signal(data, tx):
    """Take note that a number's connection came, went or was refused; too much of it pauses the number."""
    account = tx.get("account", data["account"])
    if account is None:
        raise Refused("there is no such number")
    rules, pace = _rules(tx, account, _settings(tx)), _pace(tx, account["id"])
    if data["kind"] == "connected":
        note(tx, pace, {"ramp_from": tx.at if rules["ramp"] else None, "next": None})
        return
    drops = [at for at in pace.get("drops") or () if times.seconds_between(at, tx.at) < 3600]
    if data["kind"] == "disconnected":
        drops.append(tx.at)
        note(tx, pace, {"drops": drops})
    if rules["ban_signals"] and data["code"] in BANS:
        _stop(tx, account, {"code": data["code"], "reason": None, "kind": "signal"})
    elif rules["disconnects"] and len(drops) >= rules["disconnects"]:
        _stop(tx, account, {"code": "disconnects", "reason": None, "kind": "disconnects"})


@handles("sender.pause", Pause, past="sender.paused", permission="account.write")
def pause_number(data, tx):
    """A person has a number send nothing but answers."""
    account = tx.get("account", data["account"])
    if account is None or account.get("sender.paused"):
        raise Refused("this number is paused already" if account else "there is no such number")
    _stop(tx, account, {"code": "person", "reason": data["reason"], "kind": "person"})


@handles("sender.resume", OfAccount, past="sender.resumed", permission="account.write")
def resume(data, tx):
    """A person has looked at a paused number: it sends again, slowly at first."""
    account = tx.get("account", data["account"])
    if account is None or not account.get("sender.paused"):
        raise Refused("this number is not paused")
    rules, pace = _rules(tx, account, _settings(tx)), _pace(tx, account["id"])
    tx.update("account", account["id"], {"sender.paused": None})
    hour = [[*part[:3], 0] for part in pace["hour"]]
    ramp = tx.at if rules["ramp"] else None
    note(tx, pace, {"paused": False, "drops": [], "hour": hour, "ramp_from": ramp, "next": None})


@handles("sender.set_pacing", Pacing, past="sender.pacing_set", permission="account.write")
def set_pacing(data, tx):
    """Choose how a number is paced."""
    if tx.get("account", data["account"]) is None:
        raise Refused("there is no such number")
    own = {key: value for key, value in data["numbers"].items() if value is not None}
    pacing = {"preset": data["preset"], "numbers": own} if data["preset"] or own else None
    tx.update("account", data["account"], {"sender.pacing": pacing})
    if pace := tx.get("sender_pace", data["account"]):
        note(tx, pace, {"next": None})


@handles("sender.heard", Heard)
def heard(data, tx):
    """Count that a customer answered what they had not asked for; the first answer counts."""
    tx.update("conversation", data["conversation"], {"sender.unasked": None})
    account, pace = tx.get("account", data["account"]), tx.get("sender_pace", data["account"])
    if not pace or not account:
        return
    rules, place = _rules(tx, account, _settings(tx)), home(tx.documents)
    before = counts.share_is_enough(pace, rules, tx.at, place)
    note(tx, pace, counts.answered(pace, tx.at, place))
    if not before and counts.share_is_enough(tx.get("sender_pace", account["id"]), rules, tx.at, place):
        lift({"account": account["id"], "conversation": None, "why": "share"}, tx)
        dispatch({"account": account["id"], "late": False}, tx)


@handles("sender.shift", Shift)
def shift(data, tx):
    """Keep the gap after a number's last call as long as it was, though the clock was put forward."""
    pace = tx.get("sender_pace", data["account"])
    if pace and pace.get("ended_at") and times.seconds_between(pace["ended_at"], tx.at) < SHIFTED:
        note(tx, pace, {"ended_at": times.add(pace["ended_at"], data["seconds"]), "next": None})


@handles("sender.hold", OfMessage)
def hold(data, tx):
    """Keep a plugin's message from leaving until it is released."""
    message = tx.get("message", data["message"])
    if message is None or message["status"] != "queued" or message.get("lane") == "agent":
        raise Refused("the message does not wait any more")
    tx.update("message", message["id"], {"sender.due": HELD, "sender.why": "held", "retry_at": None})
    pace = tx.get("sender_pace", message["account"])
    if pace and (pace.get("next") or {}).get("message") == message["id"]:
        note(tx, pace, {"next": None})


@handles("sender.release", OfMessage, past="sender.released")
def release(data, tx):
    """Let a message that was held wait for its slot again."""
    message = tx.get("message", data["message"])
    if message is None or message["status"] != "queued" or message.get("sender.due") != HELD:
        raise Refused("the message is not held")
    tx.update("message", message["id"], {"sender.due": None, "sender.why": None})
    return {"account": message["account"]}


@handles("sender.expire", OfMessage, past="sender.expired")
def expire(data, tx):
    """Take back an automatic reply that is too old by now; the team answers instead."""
    message = tx.get("message", data["message"])
    if message is None or message["status"] != "queued":
        raise Refused("the message does not wait any more")
    _expire(tx, message)


def _expire(tx, message):
    reason = "this automatic reply could not leave in time"
    set_status(tx, message, "cancelled", error={"code": "expired", "reason": reason})


def _pause(tx, message, result):
    settings = _settings(tx)
    attempts = message.get("attempts", 1)
    if attempts >= settings["attempts"]:
        reason = result.get("reason") or "the gateway could not be reached"
        set_status(tx, message, "failed", error={"code": result.get("code"), "reason": reason})
        return
    pause = min(settings["first_pause"] * 3 ** (attempts - 1), settings["longest_pause"])
    pause = max(pause * (0.8 + 0.4 * tx.rng("pause", message["id"]).random()), result.get("retry_after") or 0)
    due = min(times.add(tx.at, pause), _too_old_at(tx, message, settings) or LAST)
    tx.update("message", message["id"], {"sender.due": due, "retry_at": due})


def _too_old_at(tx, message, settings):
    """Return when a reply that no person wrote is too old to be sent; None for what is none."""
    account = tx.get("account", message["account"]) or {}
    if message.get("lane") != "automatic" or not settings["expiry"] or not account:
        return None
    fresh = _rules(tx, account, settings)["fresh"]
    return times.add(message["at"], settings["expiry"]) if is_reply(tx.documents, message, fresh) else None
