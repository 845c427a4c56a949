"""What the API of labels and rules takes and gives."""

from typing import Any

from marshmallow import Schema, fields, validate

from . import schemas


def _name(**how: Any) -> fields.String:
    spoken = validate.Regexp(r"(?s).*\S", error="a name has a letter at least")
    return fields.String(validate=[schemas.NAME, spoken], **how)


class NewLabel(Schema):
    """A label to be made."""

    name = _name(required=True)
    color = fields.String(validate=schemas.COLOR, metadata={"description": "#rrggbb"})
    description = fields.String(validate=schemas.DESCRIPTION)


class LabelChange(Schema):
    """What may be changed; what is left out stays."""

    name = _name()
    color = fields.String(validate=schemas.COLOR, metadata={"description": "#rrggbb"})
    description = fields.String(validate=schemas.DESCRIPTION)
    order = fields.Integer()
    archived = fields.Boolean(metadata={"description": "false brings an archived label back"})


class Order(Schema):
    """All labels' ids as they are to stand; those left out come after."""

    labels = fields.List(fields.String(), required=True, validate=validate.Length(1, schemas.MOST_ORDERED))


class Into(Schema):
    """The label that takes over."""

    into = fields.String(required=True)


class Preview(Schema):
    """What a merge would move, or moves."""

    conversations = fields.Integer()
    both = fields.Integer(metadata={"description": "of them, those that have both labels already"})
    rules = fields.Integer()


class Counts(Schema):
    """How many open conversations that you may see have each label."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer())


class NewRule(Schema):
    """A rule to be made."""

    label = fields.String(required=True)
    when = fields.Dict(required=True, validate=schemas.is_condition)
    enabled = fields.Boolean()
    order = fields.Integer()


class RuleChange(NewRule):
    """What may be changed of a rule; what is left out stays."""

    label = fields.String()
    when = fields.Dict(validate=schemas.is_condition)


class Draft(Schema):
    """A rule that is not saved yet, and over how many days of history to try it."""

    label = fields.String(required=True)
    when = fields.Dict(required=True, validate=schemas.is_condition)
    days = fields.Integer(load_default=30, validate=validate.Range(1, 365))


class Trial(Schema):
    """How a trial is: `running`, `done`, `failed` or `late`; `done` and `all` count what was replayed."""

    id = fields.String()
    state = fields.String()
    done = fields.Integer()
    all = fields.Integer()
    found = fields.List(fields.Dict(), allow_none=True)
    imported = fields.Integer(
        metadata={"description": "messages of that time that were imported; nothing can be tried on them"}
    )
    error = fields.String()
