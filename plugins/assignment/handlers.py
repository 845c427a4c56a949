"""What the actions of assignment do to documents. A conversation has one owner, whoever asks at once."""

from engine import Refused, handles, presence, times

from . import schemas, sla
from .choosing import calendar_of, config_of, key_of
from .people import is_free, settings_of
from .waiting import adopt_all, at_opening, existing, look, look_when_open, put, wait_for

WRITE, EDIT = "conversation.write", "team.write"
LONGEST_PATIENCE = 8  # times that the time for an answer doubles, where nobody else can take it


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
    _new_episode(tx, conversation)
    _customer_waits(tx, conversation, config, data["waits"])
    wanted = {key: data[key] for key in ("agent", "skill", "before")}
    wait_for(tx, conversation, config, **wanted)
    look(tx, None if data["freed"] else conversation["id"])
    return {"opens_at": _closed(tx, conversation, config)}


def _new_episode(tx, conversation):
    """What was tried before a conversation was resolved counts no more."""
    if conversation.get("assignment.episode") != conversation["episode"]:
        put(tx, conversation, episode=conversation["episode"], tried=[], moves=0, escalated=None)


def _customer_waits(tx, conversation, config, surely=False):
    """Note since when the customer waits, and have an answer due; surely: though a bot wrote last."""
    last = conversation.get("last_message") or {}
    paused = (conversation.get(sla.FIELD) or {}).get("state") == sla.PAUSED
    if paused:
        put(tx, conversation, sla=sla.resumed(tx, conversation, config))
    elif (surely or last.get("direction") != "out") and not conversation.get("assignment.since"):
        put(tx, conversation, since=tx.at, sla=sla.begin(tx, conversation, config))


def _closed(tx, conversation, config):
    """Set the timer for when the team opens; return that time where it is closed now, else None."""
    calendar = calendar_of(tx.documents, config)
    opens = at_opening(tx, config, calendar)
    if calendar.is_open(tx.at):
        return None
    told = {"conversation": conversation["id"], "team": config["id"], "opens_at": opens}
    tx.consequence("assignment.out_of_hours", {**told, "holiday": calendar.closed_for(tx.at)})
    return opens


@handles("assignment.give", schemas.Give, past="conversation.assigned")
def give(data, tx):
    """An agent who is there and has room gets a conversation that waits; nobody else has it then."""
    wait = existing(tx, "assignment_wait", data["conversation"])
    conversation = existing(tx, "conversation", data["conversation"])
    if conversation["status"] != "open" or conversation["handler"] != "queue":
        raise Refused("the conversation does not wait any more")
    agent = existing(tx, "agent", data["agent"])
    if not is_free(tx.documents, agent, settings_of(tx.documents)):
        raise Refused(f"{agent['name']} is not there or has no room")
    if data["turn"] is not None:
        before = tx.get("assignment_agent", agent["id"]) or {}
        _keep_turns(tx, agent["id"], turns={**before.get("turns", {}), wait["team"]: data["turn"]})
    tx.update("conversation", conversation["id"], {"assignee": data["agent"], "handler": "agent"})
    tx.about.setdefault("conversation", conversation["id"])
    return {"before": None}


def _keep_turns(tx, agent, **fields):
    if tx.get("assignment_agent", agent):
        tx.update("assignment_agent", agent, fields)
    else:
        tx.insert("assignment_agent", {"id": agent, "last_at": None, "turns": {}, **fields})


@handles("assignment.settle", schemas.Settle)
def settle(data, tx):
    """A conversation has another owner, or none: what it waits for is brought in line."""
    conversation = existing(tx, "conversation", data["conversation"])
    config = config_of(tx.documents, conversation["team"])
    agent = conversation["assignee"] if conversation["handler"] == "agent" else None
    if conversation["handler"] != "queue" or config is None:
        tx.remove_if("assignment_wait", conversation["id"])
    tx.cancel(f"answer/{conversation['id']}", plugin="assignment")
    if agent and config:
        _keep_turns(tx, agent, last_at=tx.at)
        _new_episode(tx, conversation)
        _customer_waits(tx, conversation, config)
        _expect_answer(tx, conversation, config)
    elif conversation["status"] == "snoozed" and config:
        put(tx, conversation, sla=sla.paused(tx, conversation, config))
    elif conversation["status"] == "resolved":
        sla.stop(tx, conversation["id"])
        put(tx, conversation, since=None, sla=None, escalated=None)
    if data["freed"]:
        look(tx)


def _expect_answer(tx, conversation, config, times_before=0):
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
    if agent and presence.of(agent) == presence.OFFLINE:
        _watch(tx, agent, agent.get("presence_at") or tx.at)


def _watch(tx, agent, since):
    """Have an absent agent's conversations looked at when they have been away for too long."""
    minutes = settings_of(tx.documents)["offline_minutes"]
    if minutes:
        due = max(tx.at, times.add(since, minutes * 60))
        tx.timer(f"gone/{agent['id']}", due, {"agent": agent["id"]}, plugin="assignment")


@handles("assignment.watch", schemas.OfAgent)
def watch(data, tx):
    """An agent went offline while customers wait for them."""
    _watch(tx, existing(tx, "agent", data["agent"]), tx.at)


@handles("assignment.customer_waits", schemas.OfConversation)
def customer_waits(data, tx):
    """The customer wrote and has no answer yet."""
    conversation = existing(tx, "conversation", data["conversation"])
    config = config_of(tx.documents, conversation["team"])
    if config is None or conversation.get("assignment.since"):
        return
    _new_episode(tx, conversation)
    _customer_waits(tx, conversation, config)
    if conversation["handler"] == "agent":
        _expect_answer(tx, conversation, config)


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
    """An agent who is gone or does not answer loses a conversation, and does not get it back this time."""
    conversation = existing(tx, "conversation", data["conversation"])
    config = config_of(tx.documents, conversation["team"])
    agent = conversation["assignee"]
    if config is None or conversation["handler"] != "agent" or not conversation.get("assignment.since"):
        raise Refused("the conversation waits for nobody")
    tx.update("conversation", conversation["id"], {"assignee": None, "handler": "queue"})
    conversation.update(assignee=None, handler="queue")
    tried = [*(conversation.get("assignment.tried") or []), agent]
    put(tx, conversation, tried=tried, moves=(conversation.get("assignment.moves") or 0) + 1)
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
        _expect_answer(tx, conversation, config, data["times"])


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
        tx.update("assignment_wait", wait["id"], {"supervisor": True, "special": True, "key": key})
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


@handles("assignment.set_team", schemas.TeamSet, past="assignment.team_set", permission=EDIT)
def set_team(data, tx):
    """Say how a team's conversations find their agent; those that wait are in its queue from now on."""
    id = data["team"]
    if id != schemas.EVERYONE:
        existing(tx, "team", id)
    fields = {key: value for key, value in data.items() if key != "team"}
    if tx.get("assignment_team", id):
        tx.update("assignment_team", id, fields)
    else:
        tx.insert("assignment_team", {"id": id, **schemas.TEAM_DEFAULTS, **fields})
    if fields.get("rest"):
        for other in tx.documents.table("assignment_team").all():
            if other["id"] != id and other.get("rest"):
                tx.update("assignment_team", other["id"], {"rest": False})
    adopt_all(tx)
    look_when_open(tx, config_of(tx.documents, id))
    look(tx)


@handles("assignment.set_agent", schemas.AgentSet, past="assignment.agent_set", permission=EDIT)
def set_agent(data, tx):
    """Say how many conversations an agent is given at a time, of which kinds."""
    agent = existing(tx, "agent", data["agent"])
    fields = {f"assignment.{key}": value for key, value in data.items() if key != "agent"}
    tx.update("agent", agent["id"], fields)
    look(tx)


@handles("assignment.adopt", schemas.Nothing)
def adopt(data, tx):
    """This plugin is on again: the queue is what waits now."""
    for wait in tx.documents.table("assignment_wait").all():
        conversation = tx.get("conversation", wait["id"])
        if conversation is None or conversation["handler"] != "queue":
            tx.remove("assignment_wait", wait["id"])
    adopt_all(tx)
    look(tx)
