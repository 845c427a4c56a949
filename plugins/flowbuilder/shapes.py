"""What the REST of flows takes."""

from marshmallow import Schema, fields, validate

from . import trying


class FlowMade(Schema):
    """A new flow."""

    definition = fields.Dict(required=True)


class FlowChanged(Schema):
    """What may be changed; what is left out stays."""

    definition = fields.Dict()
    rev = fields.Integer(
        metadata={"description": "the draft that this was made from; 409 if it is not the last"}
    )
    enabled = fields.Boolean()


class FlowPublished(Schema):
    """What is new in a version, for people."""

    note = fields.String(load_default="", validate=validate.Length(max=500))


class FlowTried(Schema):
    """A draft and the steps of a chat with it."""

    definition = fields.Dict(required=True)
    steps = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=trying.STEPS))


class FlowVersionOf(Schema):
    """Which version's figures; by default the one that runs."""

    number = fields.Integer()


class FlowNodeOf(FlowVersionOf):
    """Which node's."""

    node = fields.String(required=True)


class FlowBackTest(Schema):
    """A draft, and the days over which it is tried on what was recorded."""

    definition = fields.Dict(required=True)
    days = fields.Float(load_default=7.0, validate=validate.Range(min=0, min_inclusive=False, max=90))


class BackTest(Schema):
    """How a back-test is. state: running, done, failed or late; done and all count rows of the journal."""

    id = fields.String()
    state = fields.String()
    done = fields.Integer()
    all = fields.Integer()
    error = fields.String()
    found = fields.Dict(allow_none=True, metadata={"description": "counts, nodes and conversations"})
