"""The documents, actions and settings of assignment."""

from datetime import date
from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError, fields, validate

from engine import ActionSchema, Collection, LooseSchema

from . import hours

EVERYONE = "everyone"
"""Stands in place of a team's id for conversations of no team."""
STRATEGIES = ("manual", "round_robin", "load", "sticky", "skills")
LOW, NORMAL, HIGH, URGENT = range(4)
PRIORITIES = (LOW, NORMAL, HIGH, URGENT)
TEXT = validate.Length(max=1000)
MINUTES = validate.Range(0, 60 * 24 * 60)


class Settings(Schema):
    """What holds for all teams."""

    capacity = fields.Integer(
        load_default=10,
        validate=validate.Range(0, 1000),
        metadata={
            "title": "Conversations at a time",
            "description": "How many open ones a person is given, where nothing else is set; 0: no limit.",
        },
    )
    offline_minutes = fields.Integer(
        load_default=5,
        validate=MINUTES,
        metadata={
            "title": "Minutes absent",
            "description": "After so many minutes away or offline, conversations whose customer waits go to "
            "somebody else; 0: never.",
        },
    )
    warn_percent = fields.Integer(
        load_default=80,
        validate=validate.Range(1, 99),
        metadata={
            "title": "Warn at",
            "description": "The part of a response time, in percent, after which there is a warning.",
        },
    )


def _zone(value):
    if value not in available_timezones():
        raise ValidationError("it takes a time zone's name, such as Asia/Jakarta")


def _hours(value):
    try:
        hours.check(value)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def _day(value):
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise ValidationError("a day is written as 2026-12-24") from error


class TeamFields(Schema):
    """How a team's conversations find their agent; what is left out stays as it is."""

    strategy = fields.String(validate=validate.OneOf(STRATEGIES))
    accounts = fields.List(fields.String(), metadata={"description": "numbers whose conversations come here"})
    keywords = fields.List(
        fields.String(validate=validate.Length(1, 100)),
        metadata={"description": "a conversation whose first message has one of these comes here"},
    )
    rest = fields.Boolean(metadata={"description": "conversations that no team asks for come here"})
    hours = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.List(fields.String())),
        allow_none=True,
        validate=_hours,
        metadata={"description": "mon … sun → spans [begin, end] as 08:00; null: always open"},
    )
    timezone = fields.String(
        allow_none=True, validate=_zone, metadata={"description": "null: the workspace's"}
    )
    country = fields.String(
        allow_none=True,
        validate=validate.Regexp(r"^([A-Z]{2})?$"),
        metadata={"description": "whose public holidays are kept; null: the workspace's, empty: none"},
    )
    closed_on = fields.List(
        fields.String(validate=_day), metadata={"description": "own days off, as 2026-12-24"}
    )
    out_of_hours = fields.String(validate=validate.OneOf(("wait", "go_on")))
    answer_minutes = fields.Integer(
        validate=MINUTES,
        metadata={"description": "unanswered for so long it goes to somebody else; 0: never"},
    )
    escalate_after = fields.Integer(
        validate=validate.Range(0, 100),
        metadata={"description": "moved so often it goes to a supervisor; 0: never"},
    )
    escalate_breach = fields.Boolean(
        metadata={"description": "it goes to a supervisor when a response time is missed"}
    )
    first_minutes = fields.Integer(
        validate=MINUTES, metadata={"description": "to the first response; 0: none"}
    )
    next_minutes = fields.Integer(validate=MINUTES, metadata={"description": "to each later one; 0: none"})
    sla_in_hours = fields.Boolean(metadata={"description": "only open minutes count"})
    queue_text = fields.String(
        validate=TEXT,
        metadata={"description": "told to who waits; {position} in it is the place; empty: none"},
    )
    closed_text = fields.String(
        validate=TEXT,
        metadata={"description": "told out of hours; {opens} in it is when it opens; empty: none"},
    )


TEAM_DEFAULTS = {
    "strategy": "manual", "accounts": [], "keywords": [], "rest": False, "hours": None, "timezone": None,
    "country": None, "closed_on": [], "out_of_hours": "wait", "answer_minutes": 0, "escalate_after": 3,
    "escalate_breach": False, "first_minutes": 0, "next_minutes": 0, "sla_in_hours": True, "queue_text": "",
    "closed_text": "",
}  # fmt: skip


class TeamConfig(LooseSchema):
    """One team's; its id is the team's, or ``everyone``."""

    id = fields.String(required=True)


class Wait(LooseSchema):
    """A conversation that waits for a person; its id is the conversation's."""

    id = fields.String(required=True)
    conversation = fields.String(required=True)
    team = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "the queue's order: priority, then age"})
    asks = fields.String(
        metadata={"description": "what skills may be asked for, as `choosing.asks_of` has it"}
    )
    skill_key = fields.String(metadata={"description": "the skill that a hand-over names, or empty"})
    by = fields.String(allow_none=True, metadata={"description": "who let go of it, who comes last"})
    held_until = fields.String(
        allow_none=True, metadata={"description": "until then it is for `agent`, and not for `by`"}
    )


class Turns(LooseSchema):
    """What an agent was given, and when they went and came; its id is the agent's."""

    id = fields.String(required=True)
    last_at = fields.String(allow_none=True)
    turns = fields.Dict()
    absent = fields.String(allow_none=True, metadata={"description": "since when they are not there"})
    came = fields.String(metadata={"description": "when they came last"})


COLLECTIONS = (
    Collection("assignment_team", TeamConfig, owner="assignment"),
    Collection(
        "assignment_wait",
        Wait,
        indexes=(
            ("team", "key"),
            ("team", "asks", "key"),
            ("team", "skill_key", "key"),
            ("team", "supervisor", "key"),
            ("agent", "key"),
            ("tell", "key"),
            ("key",),
        ),
        owner="assignment",
    ),
    Collection("assignment_agent", Turns, owner="assignment"),
)


class OfConversation(ActionSchema):
    """An action on one conversation."""

    conversation = fields.String(required=True)


class Enqueue(OfConversation):
    """A conversation waits for a person of a team (``everyone``: of no team)."""

    team = fields.String(required=True)
    agent = fields.String(load_default=None, allow_none=True, metadata={"description": "who is wanted"})
    skill = fields.String(load_default=None, allow_none=True)
    before = fields.String(load_default=None, allow_none=True, metadata={"description": "who had it before"})
    by = fields.String(load_default=None, allow_none=True, metadata={"description": "who let go of it"})
    waits = fields.Boolean(
        load_default=False, metadata={"description": "the customer waits, whoever wrote last"}
    )
    freed = fields.Boolean(load_default=False, metadata={"description": "who had it has room by that"})


class Settle(OfConversation):
    """A conversation has another owner, or none."""

    freed = fields.Boolean(load_default=True, metadata={"description": "somebody may have room by that"})


class Give(OfConversation):
    """A conversation that waits goes to an agent who is free."""

    agent = fields.String(required=True)
    turn = fields.Integer(
        load_default=None, allow_none=True, metadata={"description": "which turn of the round it is"}
    )


class Release(OfConversation):
    """An agent who does not answer loses a conversation to the queue."""

    supervisor = fields.Boolean(load_default=False, metadata={"description": "a supervisor is wanted"})


class Expect(OfConversation):
    """An agent who does not answer keeps a conversation that nobody else can take."""

    times = fields.Integer(load_default=1, metadata={"description": "how often that was so by now"})


class Answered(OfConversation):
    """An agent (null: somebody at the phone) answered the customer."""

    agent = fields.String(required=True, allow_none=True)


class Priority(OfConversation):
    """How urgent a conversation is: 0 low, 1 normal, 2 high, 3 urgent."""

    priority = fields.Integer(required=True, validate=validate.OneOf(PRIORITIES))


class Nothing(ActionSchema):
    """An action that needs no data."""


class OfTeam(ActionSchema):
    """An action on one team, or ``everyone``."""

    team = fields.String(required=True)


class OfAgent(ActionSchema):
    """An action on one agent."""

    agent = fields.String(required=True)


class Watch(OfAgent):
    """An agent is not there."""

    until = fields.String(
        load_default=None, allow_none=True, metadata={"description": "looked at again then"}
    )


class Follow(OfConversation):
    """A conversation became another one."""

    into = fields.String(required=True)


class GoOn(ActionSchema):
    """There was more than one transaction takes."""

    after = fields.String(required=True)
    team = fields.String(load_default=None, allow_none=True, metadata={"description": "whose hours are new"})


class TeamSet(ActionSchema, TeamFields):
    """How a team's conversations find their agent."""

    team = fields.String(required=True)


class AgentFields(Schema):
    """What an agent is given; null: as the settings say."""

    capacity = fields.Integer(allow_none=True, validate=validate.Range(0, 1000))
    skills = fields.List(fields.String(validate=validate.Length(1, 60)))
    takes = fields.Boolean(allow_none=True, metadata={"description": "is given conversations of no team"})


class AgentSet(ActionSchema, AgentFields):
    """What an agent is given."""

    agent = fields.String(required=True)
