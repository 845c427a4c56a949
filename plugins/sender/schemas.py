"""The sender's settings and actions."""

from marshmallow import Schema, fields, validate

from engine import ActionSchema, Collection

from .rules import NAMES, PRESETS, SWITCHES, setting


def _of(names, name) -> type[Schema]:
    return Schema.from_dict({each: setting(each) for each in names}, name=name)  # type: ignore[return-value]


Numbers = _of(NAMES, "Numbers")
# What is on or off is a preset's or a number's own: a form cannot say "as the preset".
Paces = _of([name for name in NAMES if name not in SWITCHES], "Paces")
COLLECTIONS = (Collection("sender_pace"),)


class Sending(Schema):
    """How often and how long to try."""

    preset = fields.String(
        load_default="auto",
        validate=validate.OneOf(("auto", *PRESETS)),
        metadata={
            "description": "how fast to send where a number has no preset of its own; auto: by its service"
        },
    )
    expiry = fields.Float(
        load_default=600.0,
        validate=validate.Range(0, 86400),
        metadata={"description": "seconds after which an automatic reply goes to the team instead; 0: never"},
    )
    opt_out_words = fields.List(
        fields.String(validate=validate.Length(1, 60)),
        load_default=list,
        metadata={"description": "further words, beside STOP, BERHENTI and the like, that end messages"},
    )
    opt_out_text = fields.String(
        load_default="",
        validate=validate.Length(max=1000),
        metadata={
            "description": "what is answered to them, once; empty: a sentence in the workspace's language"
        },
    )

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


class Settings(Paces, Sending):
    """How to send, and how fast; a number that is left empty is the preset's."""


class OfAccount(ActionSchema):
    """Something about one number."""

    account = fields.String(required=True)


class Heard(OfAccount):
    """An answer in a conversation of a number."""

    conversation = fields.String(required=True)


class Lift(OfAccount):
    """What waits for a rule: all of a number, or of one conversation; why: only for this rule."""

    conversation = fields.String(load_default=None, allow_none=True)
    why = fields.String(load_default=None, allow_none=True)


class Dispatch(OfAccount):
    """Look for a number's next message; late: the time for it was long ago, as after a downtime."""

    late = fields.Boolean(load_default=False)


class OfMessage(ActionSchema):
    """Something about one message."""

    message = fields.String(required=True)


class Signal(OfAccount):
    """A sign that a number is in trouble: ``disconnected``, ``connected``, or a code that WhatsApp gave."""

    kind = fields.String(required=True, validate=validate.OneOf(("disconnected", "connected", "code")))
    code = fields.String(load_default=None, allow_none=True)


class Pacing(OfAccount):
    """How one number is paced; null: as the plugin's settings say."""

    preset = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(PRESETS))
    numbers = fields.Nested(
        Numbers(partial=True), load_default=dict, metadata={"description": "its own numbers, by their names"}
    )


class Shift(OfAccount):
    """By how many seconds the clock was put forward."""

    seconds = fields.Float(required=True)


class Pause(OfAccount):
    """Stop a number's automatic messages."""

    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


class OfContact(ActionSchema):
    """Something about one contact."""

    contact = fields.String(required=True)


class Result(OfMessage):
    """What came of a call for a message."""

    result = fields.Dict(required=True)
