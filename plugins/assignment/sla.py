"""Response times: when an answer is due, the warning before, and pauses."""

from engine import times

from .choosing import calendar_of
from .people import settings_of

FIELD = "assignment.sla"
RUNNING, WARNED, BREACHED, PAUSED = "running", "warned", "breached", "paused"


def begin(tx, conversation, config):
    """Have an answer due, if the team has a target for it; return the field's value or None."""
    answered = conversation.get("assignment.answered") == conversation["episode"]
    kind, minutes = ("next", config["next_minutes"]) if answered else ("first", config["first_minutes"])
    if not minutes:
        return None
    return _run(tx, conversation["id"], config, kind, minutes, minutes)


def _run(tx, id, config, kind, minutes, left, since=None):
    """Set the timers of a target of *minutes*, of which some were *left* at a time (by default now)."""
    since = since or tx.at
    due = _after(tx, config, since, left)
    warn_left = left - minutes * (100 - settings_of(tx.documents)["warn_percent"]) / 100
    warn = _after(tx, config, since, warn_left) if warn_left > 0 else None
    if warn:
        tx.timer(f"warn/{id}", warn, {"conversation": id}, plugin="assignment")
    tx.timer(f"breach/{id}", due, {"conversation": id}, plugin="assignment")
    state = RUNNING if warn else WARNED
    return {"kind": kind, "minutes": minutes, "since": since, "left": left, "due": due, "state": state}


def _after(tx, config, since, minutes):
    if not config["sla_in_hours"]:
        return times.add(since, minutes * 60)
    return calendar_of(tx.documents, config).add(since, minutes)


def again(tx, conversation, config):
    """Set the timers anew, by the hours as they are now; return the field's value."""
    sla = conversation.get(FIELD)
    stop(tx, conversation["id"])
    if not sla or sla["state"] not in (RUNNING, WARNED):
        return sla
    left = sla.get("left", sla["minutes"])
    return _run(tx, conversation["id"], config, sla["kind"], sla["minutes"], left, sla["since"])


def paused(tx, conversation, config):
    """Stop the clock while a conversation is put away; return the field's value."""
    sla = conversation.get(FIELD)
    stop(tx, conversation["id"])
    if not sla or sla["state"] in (BREACHED, PAUSED):
        return sla
    if config["sla_in_hours"]:
        left = calendar_of(tx.documents, config).minutes(tx.at, sla["due"])
    else:
        left = max(0.0, times.seconds_between(tx.at, sla["due"]) / 60)
    return {**sla, "state": PAUSED, "left": round(left, 3), "due": None}


def resumed(tx, conversation, config):
    """Let the clock go on with what was left; return the field's value."""
    sla = conversation[FIELD]
    return _run(tx, conversation["id"], config, sla["kind"], sla["minutes"], sla["left"])


def stop(tx, id):
    """Take the timers back."""
    for what in ("warn", "breach"):
        tx.cancel(f"{what}/{id}", plugin="assignment")
