"""How a campaign goes on: a few messages are made at a time, each with its recipient's mark, exactly once.

A recipient's id is its message's ``client_id``. It is marked in the transaction that makes the message; so a
crash, a timer that fires twice or a replay finds either both or neither.
"""

from typing import Any

from engine import handles, times, where

from . import tally, texts
from .handlers_audience import custom_fields, existing, language_of, unwanted
from .schemas import OfCampaign, OfContact, OfMessage, OfRecipient, Placed, Settings

Json = dict[str, Any]
DEFAULTS = Settings().load({})
LOOK_AGAIN = 300.0  # seconds after which a campaign that runs is looked at in any case
MOST = 500
DAY = 86400.0


def settings_of(tx: Any) -> Json:
    """Return the plugin's settings."""
    return {**DEFAULTS, **((tx.get("plugin", "campaigns") or {}).get("settings") or {})}


@handles("campaigns.go", OfCampaign, past="campaigns.due")
def go(data: Json, tx: Any) -> Json:
    """Bring a campaign's counts up to date and say who is next: ``recipients``, with what they are told."""
    campaign = existing(tx, data["campaign"])
    return {"name": campaign["name"], "recipients": _go(tx, campaign)}


def _go(tx: Any, campaign: Json) -> list[Json]:
    if campaign["state"] not in ("running", "paused", "stopped"):
        return []
    for recipient in _in_state(tx, campaign, "queued", MOST):
        if recipient["message"]:
            _settle(tx, campaign, recipient)
        elif recipient["queued_at"] != tx.at:  # marked, but what was to make the message failed
            tally.move(tx, campaign, recipient, state="waiting", queued_at=None)
    due = _next(tx, campaign) if campaign["state"] == "running" else []
    tally.save(tx, campaign)
    return due


def _in_state(tx: Any, campaign: Json, state: str, limit: int) -> list[Json]:
    query = (where("set") == campaign["set"]) & (where("state") == state)
    found, _more = tx.documents.table("campaign_recipient").page(
        query, order="n", limit=limit, newest_first=False
    )
    return [dict(each) for each in found]


def _next(tx: Any, campaign: Json) -> list[Json]:
    """Return those who are next, as `_prepared` gives them; who may not be told any more is left out."""
    account = tx.get("account", campaign["account"])
    if account is None or account.get("removed_at"):
        tally.save(tx, campaign, state="paused", trouble="number_removed")
        return []
    room = settings_of(tx)["ahead"] - tally.count(campaign, "queued")
    states = ("waiting", "stranger") if campaign["strangers"] else ("waiting",)
    due: list[Json] = []
    known = custom_fields(tx), language_of(tx)
    while len(due) < room and (found := _some(tx, campaign, states, room - len(due))):
        due += filter(None, [_prepared(tx, campaign, each, *known) for each in found])
    if not due:
        _recount(tx, campaign, "queued", *states)
    if tally.count(campaign, "queued", *states):
        tx.timer(
            f"go/{campaign['id']}", times.add(tx.at, LOOK_AGAIN), {"campaign": campaign["id"]}, "campaigns"
        )
    else:
        tx.cancel(f"go/{campaign['id']}", "campaigns")
        tally.save(tx, campaign, state="done", ended_at=tx.at)
    return due


def _recount(tx: Any, campaign: Json, *states: str) -> None:
    """Count again who waits: an erasure takes recipients away without a word."""
    for state in states:
        query = (where("set") == campaign["set"]) & (where("state") == state)
        there = tx.documents.table("campaign_recipient").count(query)
        if there != tally.count(campaign, state):
            campaign["counts"] = {**campaign["counts"], state: there}


def _some(tx: Any, campaign: Json, states: tuple[str, ...], most: int) -> list[Json]:
    found: list[Json] = []
    for state in states:
        if len(found) < most:
            found += _in_state(tx, campaign, state, most - len(found))
    return found


def _prepared(tx: Any, campaign: Json, recipient: Json, custom: list[Json], language: str) -> Json | None:
    """Mark somebody; return ``{recipient, contact, chat, account, text}``, None for who gets nothing.

    The mark is made before the message is, so that nobody is named twice within one transaction.
    """
    contact = tx.get("contact", recipient["contact"])
    reason = unwanted(contact) or _written_before(tx, campaign, recipient)
    values = texts.values_of(contact or {}, recipient["fields"], custom, language)
    said, missing = texts.written(campaign, recipient["variant"], recipient["n"], values)
    if reason:
        tally.move(tx, campaign, recipient, state="left_out", reason=reason)
    elif missing or not said:
        tally.move(tx, campaign, recipient, state="missing", missing=missing)
    else:
        tally.move(tx, campaign, recipient, state="queued", queued_at=tx.at)
        told = {"recipient": recipient["id"], "contact": contact["id"], "account": campaign["account"]}
        return {**told, "chat": _chat(tx, campaign["account"], contact), "text": said}
    return None


def _written_before(tx: Any, campaign: Json, recipient: Json) -> str | None:
    """Return ``twice`` where another recipient who became the same contact has got the campaign."""
    query = (where("set") == campaign["set"]) & (where("contact") == recipient["contact"])
    others = tx.documents.table("campaign_recipient").search(query)
    return "twice" if any(o["n"] < recipient["n"] and o["state"] != "left_out" for o in others) else None


def _chat(tx: Any, account: str, contact: Json) -> str:
    """Return where a contact is written to: their last conversation on this number, else their phone."""
    found = tx.documents.table("conversation").search(where("contact") == contact["id"])
    mine = [c for c in found if c["account"] == account and c["chat"] in contact["aliases"]]
    if mine:
        return str(max(mine, key=lambda c: c["last_message_at"] or "")["chat"])
    phones = [alias for alias in contact["aliases"] if alias.endswith("@c.us")]
    return str((phones or contact["aliases"])[0])


@handles("campaigns.placed", Placed)
def placed(data: Json, tx: Any) -> None:
    """Mark those to whom messages were made in this transaction."""
    campaign = existing(tx, data["campaign"])
    for id in data["recipients"]:
        recipient = tx.get("campaign_recipient", id)
        if recipient is None or recipient["message"]:
            continue
        message = tx.first("message", client_id=id)
        if message is None:
            tally.move(tx, campaign, recipient, state="failed", reason="refused")
            continue
        _mark(tx, campaign, recipient, message)
    tally.save(tx, campaign)


def _mark(tx: Any, campaign: Json, recipient: Json, message: Json) -> None:
    author = {**message["author"], "name": campaign["name"]}
    tx.update("message", message["id"], {"sender.campaign": campaign["id"], "author": author})
    conversation = tx.get("conversation", message["conversation"]) or {}
    last = conversation.get("last_message") or {}
    if last.get("id") == message["id"]:
        tx.update("conversation", conversation["id"], {"last_message": {**last, "author": author}})
    made = {"message": message["id"], "conversation": message["conversation"]}
    tally.move(tx, campaign, recipient, **made)


def _settle(tx: Any, campaign: Json, recipient: Json) -> bool:
    """Count a recipient by how far the message got; return whether that is news."""
    message = tx.get("message", recipient["message"])
    state = tally.STATES.get((message or {}).get("status", "failed"), "failed")
    if state == recipient["state"]:
        return False
    reason = ((message or {}).get("error") or {}).get("code") if state in ("failed", "cancelled") else None
    tally.move(tx, campaign, recipient, state=state, reason=reason)
    return True


@handles("campaigns.track", OfMessage)
def track(data: Json, tx: Any) -> None:
    """Take note of how far a message got; have the next ones made where few wait."""
    message = tx.get("message", data["message"]) or {}
    recipient = tx.get("campaign_recipient", message.get("client_id"))
    campaign = tx.get("campaign", recipient["campaign"]) if recipient else None
    if campaign is None or recipient["message"] != message["id"]:
        return
    if _settle(tx, campaign, recipient):
        tally.save(tx, campaign)
    told = {"campaign": campaign["id"], "name": campaign["name"]}
    if campaign["state"] == "running" and tally.count(campaign, "queued") <= settings_of(tx)["ahead"] // 2:
        tx.consequence("campaigns.due", {**told, "recipients": _go(tx, campaign)})
    elif campaign["state"] == "paused" and message["status"] == "queued":
        tx.consequence("campaigns.paused", told)


@handles("campaigns.reply", OfRecipient)
def reply(data: Json, tx: Any) -> None:
    """Count an answer; a wish for no more messages is none. The consequence is ``campaign.replied``."""
    recipient = tx.get("campaign_recipient", data["recipient"])
    campaign = tx.get("campaign", recipient["campaign"]) if recipient else None
    contact = tx.get("contact", recipient["contact"]) if recipient else None
    if campaign is None or recipient.get("replied_at") or (contact or {}).get("opted_out"):
        return
    tx.update("campaign_recipient", recipient["id"], {"replied_at": tx.at})
    tally.note(campaign, recipient, "replied")
    tally.save(tx, campaign)
    told = {"conversation": recipient["conversation"], "campaign": campaign["id"]}
    tx.consequence("campaign.replied", told)


@handles("campaigns.opted_out", OfContact)
def opted_out(data: Json, tx: Any) -> None:
    """Take somebody who wants no messages out of all campaigns; count it for the last that they got."""
    found = tx.documents.table("campaign_recipient").search(where("contact") == data["contact"])
    got = [each for each in found if each["queued_at"] and each["state"] in tally.LEFT]
    last = max(got, key=lambda each: each["queued_at"], default=None)
    for each in map(dict, found):
        campaign = tx.get("campaign", each["campaign"])
        if campaign is None or campaign["set"] != each["set"]:
            continue
        if each["state"] in ("waiting", "stranger", "missing"):
            tally.move(tx, campaign, each, state="left_out", reason="opted_out")
        elif each["state"] == "queued" and each["message"]:
            _settle(tx, campaign, each)
        if last and each["id"] == last["id"] and _lately(tx, each):
            tx.update("campaign_recipient", each["id"], {"opted_out_at": tx.at})
            tally.note(campaign, each, "opted_out")
        tally.save(tx, campaign)


def _lately(tx: Any, recipient: Json) -> bool:
    days = settings_of(tx)["reply_days"]
    is_new = not recipient.get("opted_out_at")
    return is_new and times.seconds_between(recipient["queued_at"], tx.at) <= days * DAY
