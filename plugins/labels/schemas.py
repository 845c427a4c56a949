"""The documents, actions and settings of labels."""

import re2
from marshmallow import Schema, fields, validate

from engine import ActionSchema, Collection, LooseSchema

COLOR = validate.Regexp(r"^#[0-9a-fA-F]{6}$", error="a colour is #rrggbb")
NAME = validate.And(validate.Length(max=40), validate.Regexp(r".*\S", error="a name is needed"))


class Settings(Schema):
    """Labels have no settings yet."""


class Label(LooseSchema):
    """One label."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    color = fields.String(required=True, metadata={"description": "#rrggbb"})
    order = fields.Integer()
    archived = fields.Boolean()


class Rule(LooseSchema):
    """When a message's text has a word, its conversation gets a label."""

    id = fields.String(required=True)
    label = fields.String(required=True)
    pattern = fields.String(required=True)
    enabled = fields.Boolean()


COLLECTIONS = (
    Collection("label", Label, indexes=(("name",),), owner="labels"),
    Collection("label_rule", Rule, indexes=(("enabled",),), owner="labels"),
)


class OnConversation(ActionSchema):
    """A label and a conversation."""

    conversation = fields.String(required=True)
    label = fields.String(required=True)


class Create(ActionSchema):
    """A new label."""

    name = fields.String(required=True, validate=NAME)
    color = fields.String(load_default="#1570cd", validate=COLOR)


class Update(ActionSchema):
    """What may change of a label."""

    label = fields.String(required=True)
    name = fields.String(validate=NAME)
    color = fields.String(validate=COLOR)
    order = fields.Integer()


class OfLabel(ActionSchema):
    """One label."""

    label = fields.String(required=True)


class RulePut(ActionSchema):
    """A rule; with an id, its new content."""

    rule = fields.String(load_default=None, allow_none=True)
    label = fields.String(required=True)
    pattern = fields.String(required=True, validate=validate.Length(min=1, max=200))
    enabled = fields.Boolean(load_default=True)


class OfRule(ActionSchema):
    """One rule."""

    rule = fields.String(required=True)


def matches(rule, text):
    """Whether *text* has the rule's words, in any case, as whole words."""
    return re2.search(r"(?i)(^|\W)" + re2.escape(rule["pattern"]) + r"($|\W)", text) is not None
