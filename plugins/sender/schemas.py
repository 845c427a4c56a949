"""The sender's settings and actions."""

from marshmallow import Schema, fields, validate

from engine import ActionSchema


class Settings(Schema):
    """How often and how long to try."""

    attempts = fields.Integer(
        load_default=6,
        validate=validate.Range(1, 20),
        metadata={"description": "how often a message is tried before it is shown as failed"},
    )
    first_pause = fields.Float(
        load_default=2.0,
        validate=validate.Range(0.1, 3600),
        metadata={"description": "seconds before the second try; each later pause is three times as long"},
    )
    longest_pause = fields.Float(
        load_default=300.0,
        validate=validate.Range(1, 86400),
        metadata={"description": "seconds that a pause between two tries has at most"},
    )
    deadline = fields.Float(
        load_default=15.0,
        validate=validate.Range(1, 60),
        metadata={"description": "seconds that one call of the gateway may take in all"},
    )
    media_deadline = fields.Float(
        load_default=60.0,
        validate=validate.Range(1, 300),
        metadata={"description": "seconds that one call with a file may take in all"},
    )
    slow_at_once = fields.Integer(
        load_default=1,
        validate=validate.Range(1, 100),
        metadata={"description": "how many numbers whose last call timed out may be called at once"},
    )


class OfAccount(ActionSchema):
    """Something about one number."""

    account = fields.String(required=True)


class OfMessage(ActionSchema):
    """Something about one message."""

    message = fields.String(required=True)


class Result(OfMessage):
    """What came of a call for a message."""

    result = fields.Dict(required=True)
