"""Taking, assigning, resolving, reopening, snoozing and marking conversations."""

from datetime import timedelta
from typing import Any

from engine import schemas, times
from engine.actions import Refused, handles
from engine.facts import messages
from engine.facts.joining import put_away
from engine.handlers.lookup import existing
from engine.transaction import Transaction

Data = dict[str, Any]
WRITE = "conversation.write"
LONGEST_SNOOZE = timedelta(days=731)  # two years, a leap year among them


def conversation_of(tx: Transaction, data: Data) -> Data:
    """Return the conversation that an action names, and note that the transaction is about it."""
    conversation = existing(tx, "conversation", data["conversation"])
    tx.about.setdefault("conversation", conversation["id"])
    return conversation


def give(tx: Transaction, conversation: Data, agent: str | None, **more: Any) -> Data:
    """Set who has an open conversation (null: the queue); return what the consequence tells."""
    before = conversation["assignee"]
    fields = {"assignee": agent, "handler": "agent" if agent else "queue", **more}
    tx.update("conversation", conversation["id"], fields)
    conversation.update(fields)
    return {"conversation": conversation["id"], "agent": agent, "before": before}


def _name(tx: Transaction, agent: str | None) -> str:
    return str((tx.get("agent", agent) or {}).get("name") or agent)


@handles("conversation.take", schemas.OfConversation, past="conversation.assigned", permission=WRITE)
def take(data: Data, tx: Transaction) -> Data:
    """An agent takes a conversation that nobody has."""
    conversation = conversation_of(tx, data)
    agent = existing(tx, "agent", tx.agent)
    if conversation["status"] == "resolved":
        raise Refused("the conversation is resolved; reopen it first")
    holder = conversation["assignee"]
    if holder and holder != agent["id"]:
        raise Refused(f"already taken by {_name(tx, holder)}")
    if conversation["status"] == "snoozed":
        messages.reopen(tx, conversation)
    return give(tx, conversation, str(agent["id"]))


@handles("conversation.assign", schemas.Assign, past="conversation.assigned", permission=WRITE)
def assign(data: Data, tx: Transaction) -> Data:
    """Give a conversation to an agent, or back to the queue."""
    conversation = conversation_of(tx, data)
    more: Data = {}
    if data.get("team"):
        more["team"] = existing(tx, "team", data["team"])["id"]
    elif "team" in data:
        more["team"] = None
    if data["agent"] is not None and not existing(tx, "agent", data["agent"])["active"]:
        raise Refused(f"{_name(tx, data['agent'])} is switched off")
    if conversation["status"] == "resolved":
        raise Refused("the conversation is resolved; reopen it first")
    if conversation["status"] == "snoozed":
        messages.reopen(tx, conversation)
    return give(tx, conversation, data["agent"], **more)


@handles("conversation.hand_over", schemas.HandOver, past="conversation.handed_over", permission=WRITE)
def hand_over(data: Data, tx: Transaction) -> Data:
    """The bot, or who has it, lets go of an open conversation; who takes it is asked again, without bots."""
    conversation = conversation_of(tx, data)
    if conversation["status"] != "open":
        raise Refused(f"the conversation is {conversation['status']}; reopen it first")
    more = {"team": existing(tx, "team", data["team"])["id"]} if data["team"] else {}
    if data["agent"] and not existing(tx, "agent", data["agent"])["active"]:
        raise Refused(f"{_name(tx, data['agent'])} is switched off")
    told = give(tx, conversation, None, **more)
    wanted = {key: data[key] for key in ("team", "agent", "skill", "note")}
    return {**wanted, "before": told["before"], "without_bot": True}


@handles("conversation.resolve", schemas.OfConversation, past="conversation.resolved", permission=WRITE)
def resolve(data: Data, tx: Transaction) -> Data:
    """The matter is done; who had it stays on it."""
    conversation = conversation_of(tx, data)
    if conversation["status"] == "resolved":
        raise Refused("the conversation is resolved already")
    put_away(tx, conversation)
    return {"episode": conversation["episode"]}


@handles("conversation.reopen", schemas.OfConversation, permission=WRITE)
def reopen(data: Data, tx: Transaction) -> Data:
    """A resolved or snoozed conversation goes on; to the one who reopens it, if a person does."""
    conversation = conversation_of(tx, data)
    if not messages.reopen(tx, conversation):
        raise Refused("the conversation is open already")
    if tx.agent and tx.get("agent", tx.agent):
        give(tx, conversation, tx.agent)
    return {"episode": conversation["episode"]}


@handles("conversation.snooze", schemas.Snooze, past="conversation.snoozed", permission=WRITE)
def snooze(data: Data, tx: Transaction) -> Data:
    """Put a conversation away until a time; a message from the customer brings it back before."""
    conversation = conversation_of(tx, data)
    try:
        moment = times.parse(data["until"])
    except (ValueError, OverflowError) as error:
        raise Refused(f"until: {error}") from error
    away = moment - times.parse(tx.at)
    if away <= timedelta(0):
        raise Refused("until is in the past")
    if away > LONGEST_SNOOZE:
        raise Refused("until is more than two years away")
    until = times.format(moment)
    if conversation["status"] == "resolved":
        raise Refused("the conversation is resolved; reopen it first")
    fields = {"status": "snoozed", "handler": "nobody", "snoozed_until": until, "unread": 0}
    tx.update("conversation", conversation["id"], fields)
    tx.timer(f"snooze/{conversation['id']}", until, {"conversation": conversation["id"]}, plugin="core")
    return {"until": until}


@handles("conversation.mark_unread", schemas.OfConversation, permission=WRITE)
def mark_unread(data: Data, tx: Transaction) -> None:
    """Make a conversation look new again."""
    conversation = conversation_of(tx, data)
    tx.update("conversation", conversation["id"], {"unread": max(1, conversation["unread"])})


@handles("conversation.read", schemas.OfConversation, permission=WRITE)
def read(data: Data, tx: Transaction) -> None:
    """An agent opened a conversation; that a colleague looks does not make it read for who has it."""
    conversation = conversation_of(tx, data)
    looks = tx.get("agent", tx.agent)
    if looks and conversation["assignee"] not in (None, looks["id"]):
        return
    if conversation["unread"]:
        tx.update("conversation", conversation["id"], {"unread": 0})
