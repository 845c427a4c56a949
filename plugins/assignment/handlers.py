"""What the actions of assignment do to documents. A conversation has one owner, whoever asks at once."""

from engine import Refused, existing, handles

from . import schemas, sla
from .choosing import asks_of, calendar_of, config_of, key_of
from .owing import customer_waits, expect_answer, is_absent, is_owned, new_episode
from .people import is_free, settings_of
from .waiting import at_opening, keep, look, look_when_open, no_wait, put, wait_for

WRITE = "conversation.write"


@handles("assignment.wake", schemas.Nothing)
def wake(data, tx):
    """Look at the queue: somebody came, or is in another team."""
    look(tx)


@handles("assignment.go_on", schemas.Nothing)
def go_on(data, tx):
    """More wait than are given out at once: the rest follows in a transaction of its own, right away."""
    tx.timer("more", tx.at, plugin="assignment")


@handles("assignment.opened", schemas.OfTeam)
def opened(data, tx):
    """A team opens; while anybody waits for it, it is looked at when it opens again, too."""
    config = config_of(tx.documents, data["team"])
    if config:
        look_when_open(tx, config)
    look(tx)


@handles("assignment.enqueue", schemas.Enqueue, past="assignment.queued")
def enqueue(data, tx):
    """A conversation waits for a person; who is there takes it in the next round."""
    conversation = existing(tx, "conversation", data["conversation"])
    if conversation["status"] != "open" or conversation["handler"] == "bot":
        raise Refused("the conversation does not wait for a person")
    config = config_of(tx.documents, data["team"])
    if config is None:
        raise Refused(f"the team {data['team']} has no settings of assignment")
    team = None if data["team"] == schemas.EVERYONE else data["team"]
    fields = {"assignee": None, "handler": "queue", "team": team}
    if any(conversation.get(key) != value for key, value in fields.items()):
        tx.update("conversation", conversation["id"], fields)
        conversation.update(fields)
    new_episode(tx, conversation)
    customer_waits(tx, conversation, config, data["waits"])
    wanted = {key: data[key] for key in ("agent", "skill", "before", "by")}
    is_closed, opens = _closed(tx, conversation, config)
    wait_for(tx, conversation, config, tell=not (is_closed and config["closed_text"]), **wanted)
    look(tx, None if data["freed"] else conversation["id"])
    return {"opens_at": opens}


def _closed(tx, conversation, config):
    """Set the timer for when the team opens; return whether it waits for that, and when that is."""
    calendar = calendar_of(tx.documents, config)
    opens = at_opening(tx, config, calendar)
    if calendar.is_open(tx.at):
        return False, None
    if config["out_of_hours"] == "go_on":
        return False, opens
    told = {"conversation": conversation["id"], "team": config["id"], "opens_at": opens}
    tx.consequence("assignment.out_of_hours", {**told, "holiday": calendar.closed_for(tx.at)})
    return True, opens


@handles("assignment.give", schemas.Give, past="conversation.assigned")
def give(data, tx):
    """An agent who is there and has room gets a conversation that waits; nobody else has it then."""
    conversation = existing(tx, "conversation", data["conversation"])
    wait = existing(tx, "assignment_wait", conversation["id"])
    if conversation["status"] != "open" or conversation["handler"] != "queue":
        raise Refused("the conversation does not wait any more")
    agent = existing(tx, "agent", data["agent"])
    if not is_free(tx.documents, agent, settings_of(tx.documents)):
        raise Refused(f"{agent['name']} is not there or has no room")
    if data["turn"] is not None:
        before = tx.get("assignment_agent", agent["id"]) or {}
        keep(tx, agent["id"], turns={**before.get("turns", {}), wait["team"]: data["turn"]})
    fields = {"assignee": data["agent"], "handler": "agent"}
    tx.update("conversation", conversation["id"], fields)
    conversation.update(fields)
    tx.about.setdefault("conversation", conversation["id"])
    no_wait(tx, conversation["id"])
    is_owned(tx, conversation, config_of(tx.documents, conversation["team"]))
    return {"before": None, "settled": True}


@handles("assignment.settle", schemas.Settle)
def settle(data, tx):
    """A conversation has another owner, or none: what it waits for is brought in line."""
    conversation = existing(tx, "conversation", data["conversation"])
    config = config_of(tx.documents, conversation["team"])
    if conversation["handler"] != "queue" or config is None:
        no_wait(tx, conversation["id"])
    tx.cancel(f"answer/{conversation['id']}", plugin="assignment")
    if conversation["handler"] == "agent" and config:
        is_owned(tx, conversation, config)
    elif conversation["status"] == "snoozed" and config:
        put(tx, conversation, sla=sla.paused(tx, conversation, config))
    elif conversation["status"] == "resolved":
        sla.stop(tx, conversation["id"])
        put(tx, conversation, since=None, sla=None, escalated=None)
    if data["freed"]:
        look(tx)


@handles("assignment.watch", schemas.Watch)
def watch(data, tx):
    """An agent is not there; what they owe an answer to is looked at after a while."""
    is_absent(tx, existing(tx, "agent", data["agent"]), data["until"])


@handles("assignment.back", schemas.OfAgent)
def back(data, tx):
    """An agent is there again: what they lost before counts no more, and what waits is looked at."""
    agent = existing(tx, "agent", data["agent"])
    keep(tx, agent["id"], absent=None, came=tx.at)
    tx.cancel(f"gone/{agent['id']}", plugin="assignment")
    look(tx)


@handles("assignment.customer_waits", schemas.OfConversation)
def note_that_the_customer_waits(data, tx):
    """The customer wrote and has no answer yet."""
    conversation = existing(tx, "conversation", data["conversation"])
    config = config_of(tx.documents, conversation["team"])
    if config is None or conversation.get("assignment.since"):
        return
    new_episode(tx, conversation)
    customer_waits(tx, conversation, config)
    if conversation["handler"] == "agent":
        expect_answer(tx, conversation, config)


@handles("assignment.answered", schemas.Answered)
def answered(data, tx):
    """The customer has an answer: nothing is due, and who answered knows this contact."""
    conversation = existing(tx, "conversation", data["conversation"])
    sla.stop(tx, conversation["id"])
    tx.cancel(f"answer/{conversation['id']}", plugin="assignment")
    put(tx, conversation, since=None, sla=None, answered=conversation["episode"])
    contact = tx.get("contact", conversation["contact"])
    if data["agent"] and contact and contact.get("assignment.agent") != data["agent"]:
        tx.update("contact", contact["id"], {"assignment.agent": data["agent"]})


@handles("assignment.release", schemas.Release, past="assignment.released")
def release(data, tx):
    """An agent who is gone or does not answer loses a conversation; others come first from now on."""
    conversation = existing(tx, "conversation", data["conversation"])
    config = config_of(tx.documents, conversation["team"])
    agent = conversation["assignee"]
    if config is None or conversation["handler"] != "agent" or not conversation.get("assignment.since"):
        raise Refused("the conversation waits for nobody")
    tx.update("conversation", conversation["id"], {"assignee": None, "handler": "queue"})
    conversation.update(assignee=None, handler="queue")
    tried = [each for each in conversation.get("assignment.tried") or [] if each != agent]
    when = {**(conversation.get("assignment.tried_at") or {}), agent: tx.at}
    moves = (conversation.get("assignment.moves") or 0) + 1
    put(tx, conversation, tried=[*tried, agent], tried_at=when, moves=moves)
    tx.cancel(f"answer/{conversation['id']}", plugin="assignment")
    wait_for(tx, conversation, config, supervisor=data["supervisor"])
    if data["supervisor"]:
        _escalated(tx, conversation)
    tx.consequence(
        "conversation.assigned", {"conversation": conversation["id"], "agent": None, "before": agent}
    )
    look(tx)
    return {"agent": agent}


@handles("assignment.expect", schemas.Expect)
def expect(data, tx):
    """Nobody else can take a conversation that is not answered: its agent has twice the time again."""
    conversation = existing(tx, "conversation", data["conversation"])
    config = config_of(tx.documents, conversation["team"])
    if config and conversation["handler"] == "agent":
        expect_answer(tx, conversation, config, data["times"])


@handles("assignment.escalate", schemas.OfConversation, past="assignment.escalated")
def escalate(data, tx):
    """A supervisor is to look at it: it is urgent, and a supervisor who is there takes it from the queue."""
    conversation = existing(tx, "conversation", data["conversation"])
    if conversation.get("assignment.escalated") or conversation["status"] != "open":
        raise Refused("the conversation is escalated already, or put away")
    _escalated(tx, conversation)
    wait = tx.get("assignment_wait", conversation["id"])
    if wait:
        key = key_of(schemas.URGENT, wait["since"])
        tx.update("assignment_wait", wait["id"], {"supervisor": True, "key": key})
        look(tx)
    return {"agent": conversation["assignee"], "team": conversation["team"]}


def _escalated(tx, conversation):
    put(tx, conversation, escalated={"at": tx.at, "why": tx.why}, priority=schemas.URGENT)
    wait = tx.get("assignment_wait", conversation["id"])
    if wait:
        tx.update("assignment_wait", wait["id"], {"key": key_of(schemas.URGENT, wait["since"])})


def _sla_of(tx, data, states):
    conversation = existing(tx, "conversation", data["conversation"])
    found = conversation.get(sla.FIELD) or {}
    last = conversation.get("last_message") or {}
    if found.get("state") not in states or (last.get("author") or {}).get("kind") in ("agent", "phone"):
        raise Refused("no answer is due")
    return conversation, found


def _told(conversation, found):
    return {
        **{key: found[key] for key in ("kind", "due", "minutes")},
        **{key: conversation[key] for key in ("assignee", "team", "episode")},
    }


@handles("assignment.warn_sla", schemas.OfConversation, past="sla.warned")
def warn_sla(data, tx):
    """A response time is nearly over."""
    conversation, found = _sla_of(tx, data, (sla.RUNNING,))
    put(tx, conversation, sla={**found, "state": sla.WARNED})
    return _told(conversation, found)


@handles("assignment.breach_sla", schemas.OfConversation, past="sla.breached")
def breach_sla(data, tx):
    """A response time is over without an answer."""
    conversation, found = _sla_of(tx, data, (sla.RUNNING, sla.WARNED))
    put(tx, conversation, sla={**found, "state": sla.BREACHED})
    return _told(conversation, found)


@handles("assignment.told", schemas.OfConversation)
def told(data, tx):
    """The customer was told that they wait; once is enough until it is resolved."""
    conversation = existing(tx, "conversation", data["conversation"])
    put(tx, conversation, told=conversation["episode"])
    if tx.get("assignment_wait", conversation["id"]):
        tx.update("assignment_wait", conversation["id"], {"tell": False})


@handles("assignment.set_priority", schemas.Priority, past="assignment.priority_set", permission=WRITE)
def set_priority(data, tx):
    """Say how urgent a conversation is; one that waits moves in the queue."""
    conversation = existing(tx, "conversation", data["conversation"])
    tx.about.setdefault("conversation", conversation["id"])
    put(tx, conversation, priority=data["priority"])
    wait = tx.get("assignment_wait", conversation["id"])
    if wait:
        key = key_of(data["priority"], wait["since"])
        tx.update("assignment_wait", wait["id"], {"key": key})


@handles("assignment.relabel", schemas.OfConversation)
def relabel(data, tx):
    """What a conversation that waits asks for has changed."""
    conversation = existing(tx, "conversation", data["conversation"])
    wait = existing(tx, "assignment_wait", conversation["id"])
    asks = asks_of(tx.documents, conversation, wait.get("skill"))
    tx.update("assignment_wait", wait["id"], {"asks": asks})
    look(tx, wait["id"])
