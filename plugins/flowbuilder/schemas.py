"""The documents, actions and settings of flows."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from engine import ActionSchema, Collection, LooseSchema

from . import hours


def _hours(value: str) -> None:
    try:
        hours.parse(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class Settings(Schema):
    """Of all flows."""

    hours = fields.String(
        load_default="",
        validate=_hours,
        metadata={
            "description": "when the shop is open, like Mon-Fri 08:00-17:00, Sat 08:00-12:00; empty is always"
        },
    )
    inside = fields.List(
        fields.String(validate=validate.Length(max=300)),
        load_default=list,
        metadata={"description": "host:port of services in your own network that flows may call"},
    )
    misses_days = fields.Integer(
        load_default=90,
        validate=validate.Range(1, 3650),
        metadata={
            "description": "days that answers which a bot did not understand are kept for its analytics"
        },
    )


class Flow(LooseSchema):
    """A flow with its draft; what runs is a version."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    runs_as = fields.String(metadata={"description": "the name of the published version"})
    enabled = fields.Boolean()
    draft = fields.Dict()
    draft_rev = fields.Integer()
    published = fields.String(allow_none=True)
    number = fields.Integer()


COLLECTIONS = (
    Collection("flow", Flow, indexes=(("name",), ("enabled",), ("runs_as",)), owner="flowbuilder"),
    Collection("flow_version", indexes=(("flow", "number"),), owner="flowbuilder"),
    Collection("flow_live", owner="flowbuilder"),
    Collection("flow_session", indexes=(("version",), ("flow", "started_at")), owner="flowbuilder"),
    Collection("flow_stat", indexes=(("version",),), owner="flowbuilder"),
    Collection(
        "flow_miss", indexes=(("version", "node", "at"), ("conversation",), ("at",)), owner="flowbuilder"
    ),
)


class OfFlow(ActionSchema):
    """One flow."""

    flow = fields.String(required=True)


class Save(ActionSchema):
    """A flow's draft; without a flow, a new one. rev: the draft that it was made from."""

    flow = fields.String(load_default=None, allow_none=True)
    definition = fields.Dict(required=True)
    rev = fields.Integer(load_default=None, allow_none=True)


class Publish(OfFlow):
    """Make the draft a version; note: what is new, for people."""

    note = fields.String(load_default="", validate=validate.Length(max=500))


class Switch(OfFlow):
    """Switch a flow on or off; sessions that run finish."""

    enabled = fields.Boolean(required=True)


class OfVersion(OfFlow):
    """One version of a flow, by its number."""

    number = fields.Integer(required=True)


class Start(ActionSchema):
    """Begin a flow in a conversation, by hand."""

    conversation = fields.String(required=True)
    flow = fields.String(required=True)


class OfConversation(ActionSchema):
    """The session of one conversation. version: the flow's version in it, where the plugin itself asks."""

    conversation = fields.String(required=True)
    version = fields.String(load_default=None, allow_none=True)


class Wake(ActionSchema):
    """Nothing more is to be told."""


class Follow(OfConversation):
    """The session of a conversation that is another one now."""

    into = fields.String(required=True)


class Move(ActionSchema):
    """What one event did to a session, as `running` decided. rev: the session's before, 0 where none was.

    Each answer of a bot is one of these, so what is plainly right is not looked at field by field.
    """

    only_read = True
    conversation = fields.String(required=True)
    rev = fields.Integer(required=True, strict=True)
    session = fields.Dict(required=True, allow_none=True)
    step = fields.Dict(required=True, metadata={"description": "do, visits, misses, ended, began, version"})

    def load(self, data: Any, **how: Any) -> Any:
        """Return *data* where it has just the fields, of their types; else as every schema does."""
        if not how and isinstance(data, dict) and data.keys() == _MOVE and _is_move(data):
            return dict(data)
        return super().load(data, **how)


_MOVE = {"conversation", "rev", "session", "step"}


def _is_move(data: dict[str, Any]) -> bool:
    session = data["session"]
    is_told = type(data["conversation"]) is str and type(data["rev"]) is int and type(data["step"]) is dict
    return is_told and (session is None or type(session) is dict)


class Gather(ActionSchema):
    """A text that waits for the customer's pause."""

    conversation = fields.String(required=True)
    text = fields.String(required=True)
    seconds = fields.Float(required=True)
