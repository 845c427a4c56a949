"""What the handlers share: since when a customer waits, when an answer is due, and absent agents."""

from engine import presence, times

from . import sla
from .choosing import calendar_of
from .people import settings_of
from .waiting import keep, put

LONGEST_PATIENCE = 8  # times that the time for an answer doubles, where nobody else can take it


def new_episode(tx, conversation):
    """What was tried before a conversation was resolved counts no more."""
    if conversation.get("assignment.episode") != conversation["episode"]:
        fresh = {"tried": [], "tried_at": {}, "moves": 0, "escalated": None}
        put(tx, conversation, episode=conversation["episode"], **fresh)


def customer_waits(tx, conversation, config, surely=False):
    """Note since when the customer waits, and have an answer due; surely: though a bot wrote last."""
    last = conversation.get("last_message") or {}
    paused = (conversation.get(sla.FIELD) or {}).get("state") == sla.PAUSED
    if paused:
        put(tx, conversation, sla=sla.resumed(tx, conversation, config))
    elif (surely or last.get("direction") != "out") and not conversation.get("assignment.since"):
        put(tx, conversation, since=tx.at, sla=sla.begin(tx, conversation, config))


def is_owned(tx, conversation, config):
    """An agent has a conversation from now on: their turn is noted, and an answer expected."""
    keep(tx, conversation["assignee"], last_at=tx.at)
    new_episode(tx, conversation)
    put(tx, conversation, given_at=tx.at)
    customer_waits(tx, conversation, config)
    expect_answer(tx, conversation, config)


def expect_answer(tx, conversation, config, times_before=0):
    """Set the timers of an agent who owes an answer: the time that the team gives, and their own absence.

    times_before: how often nobody else could take it; the time doubles with each.
    """
    if not conversation.get("assignment.since"):
        return
    id, agent = conversation["id"], tx.get("agent", conversation["assignee"])
    if config["answer_minutes"]:
        minutes = config["answer_minutes"] * 2 ** min(times_before, LONGEST_PATIENCE)
        due = calendar_of(tx.documents, config).add(tx.at, minutes)
        about = {"conversation": id, "agent": conversation["assignee"], "times": times_before + 1}
        tx.timer(f"answer/{id}", due, about, plugin="assignment")
    if agent and presence.of(agent) != presence.ONLINE:
        is_absent(tx, agent)


def is_absent(tx, agent, until=None):
    """Have an absent agent's conversations looked at when they have been away for too long.

    until: when that is, where it is later than by their absence alone.
    """
    since = (tx.get("assignment_agent", agent["id"]) or {}).get("absent")
    if not since:
        gone = agent.get("presence_at") if presence.of(agent) == presence.OFFLINE else None
        since = gone or tx.at
        keep(tx, agent["id"], absent=since)
    minutes = settings_of(tx.documents)["offline_minutes"]
    if minutes:
        due = max(tx.at, until or times.add(since, minutes * 60))
        tx.timer(f"gone/{agent['id']}", due, {"agent": agent["id"]}, plugin="assignment")
