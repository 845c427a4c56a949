"""What waits for a better hour, or for somebody who wants no more messages."""

from engine import handles, set_status, where

from .pacing import LANES
from .picking import HELD
from .schemas import Lift, OfContact

PAGE = 200


def is_held(message):
    """Whether a queued message waits for a rule, not for a retry or for whoever holds it."""
    return message.get("sender.why") not in (None, "held") and bool(message.get("sender.due"))


@handles("sender.lift", Lift)
def lift(data, tx):
    """Have what waits for a rule looked at again, as the rule may not hold any more."""
    found = _of_conversation(tx, data) if data["conversation"] else _of_account(tx, data["account"], tx.at)
    for message in [each for each in found if is_held(each) and data["why"] in (None, each["sender.why"])]:
        tx.update("message", message["id"], {"sender.due": None, "sender.why": None})


def lift_tries(tx, account):
    """Have what waits for its next try wait for its number instead, which is not connected."""
    for message in [each for each in _of_account(tx, account, since="") if each.get("retry_at")]:
        tx.update("message", message["id"], {"sender.due": None, "retry_at": None})


def _of_conversation(tx, data):
    query = (where("conversation") == data["conversation"]) & (where("status") == "queued")
    return tx.documents.table("message").search(query)


def _of_account(tx, account, since):
    """Yield all messages of a number that have a due time after *since*."""
    due = where("sender.due")
    query = (where("account") == account) & (where("status") == "queued") & (due > since) & (due < HELD)
    for lane in LANES:
        after = None
        while True:
            page, after = tx.documents.table("message").page(
                query & (where("lane") == lane),
                order="sender.due",
                after=after,
                limit=PAGE,
                newest_first=False,
            )
            yield from page
            if after is None:
                break


@handles("sender.forget", OfContact)
def forget(data, tx):
    """Take back what waits for a contact who opted out, but for our one confirmation."""
    for conversation in tx.documents.table("conversation").search(where("contact") == data["contact"]):
        query = (where("conversation") == conversation["id"]) & (where("status") == "queued")
        for message in tx.documents.table("message").search(query):
            author = message.get("author") or {}
            if message.get("lane") != "agent" and author.get("id") != "sender":
                reason = "this contact has opted out"
                set_status(tx, message, "cancelled", error={"code": "opted_out", "reason": reason})
