"""What the actions of assignment do where settings change, and where two conversations become one."""

from engine import existing, handles

from . import schemas, sla
from .choosing import config_of
from .owing import expect_answer, new_episode
from .waiting import adopt_all, look, look_when_open, no_wait, open_of_team, put, wait_for

EDIT = "team.write"
HOURS = {"hours", "timezone", "country", "closed_on", "sla_in_hours"}
TIMERS = ("answer", "warn", "breach", "held")
WANTED = ("agent", "skill", "before", "by", "supervisor")


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
    if fields.keys() & HOURS:
        _by_new_hours(tx, id)
    look_when_open(tx, config_of(tx.documents, id))
    look(tx)


def _by_new_hours(tx, team, after=None):
    """Have answers due by the hours as they are now."""
    config = config_of(tx.documents, team)
    for conversation in open_of_team(tx, team, after):
        if conversation.get(sla.FIELD):
            put(tx, conversation, sla=sla.again(tx, conversation, config))


@handles("assignment.go_on_with", schemas.GoOn)
def go_on_with(data, tx):
    """There was more than one transaction takes: what waits unseen, or what is due by new hours."""
    if data["team"] is None:
        adopt_all(tx, data["after"])
        look(tx)
    elif config_of(tx.documents, data["team"]):
        _by_new_hours(tx, data["team"], data["after"])


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
            no_wait(tx, wait["id"])
    for kept in tx.documents.table("assignment_agent").all():
        if kept.get("absent"):  # they may have come since
            tx.update("assignment_agent", kept["id"], {"absent": None})
    adopt_all(tx)
    look(tx)


@handles("assignment.follow", schemas.Follow)
def follow(data, tx):
    """Two conversations are one: what is due, and its place in the queue, are by what that one is now."""
    waits = [tx.get("assignment_wait", data[key]) for key in ("into", "conversation")]
    for id in (data["conversation"], data["into"]):
        no_wait(tx, id)
        for timer in TIMERS:
            tx.cancel(f"{timer}/{id}", plugin="assignment")
    conversation = existing(tx, "conversation", data["into"])
    config = config_of(tx.documents, conversation["team"])
    if config and conversation["status"] == "open":
        _owed_again(tx, conversation, config)
    else:
        paused = config and conversation["status"] == "snoozed"
        left = sla.paused(tx, conversation, config) if paused else None
        put(tx, conversation, sla=left, **({} if paused else {"since": None}))
    if config and conversation["handler"] == "queue":
        wait = next((wait for wait in waits if wait), None) or {}
        wait_for(tx, conversation, config, **{key: wait[key] for key in WANTED if key in wait})
    look(tx)


def _owed_again(tx, conversation, config):
    """Have due what the customer of an open conversation waits for, if they do."""
    new_episode(tx, conversation)
    last = (conversation.get("last_message") or {}).get("author") or {}
    if last.get("kind") in ("agent", "phone"):
        put(tx, conversation, since=None, sla=None)
    since = conversation.get("assignment.since")
    if since and (conversation.get(sla.FIELD) or {}).get("state") == sla.PAUSED:
        put(tx, conversation, sla=sla.resumed(tx, conversation, config))
    elif since and conversation.get(sla.FIELD):
        put(tx, conversation, sla=sla.again(tx, conversation, config))
    elif since:
        put(tx, conversation, sla=sla.begin(tx, conversation, config))
    if conversation["handler"] == "agent":
        expect_answer(tx, conversation, config)
