"""The documents, actions and settings of labels."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validate

from engine import ActionSchema, Collection, LooseSchema

from . import rules

COLOR = validate.Regexp(r"^#[0-9a-fA-F]{6}$", error="a colour is #rrggbb")
NAME = validate.And(validate.Length(max=40), validate.Regexp(r".*\S", error="a name is needed"))
DESCRIPTION = validate.Length(max=200)
MOST_ORDERED = 2000


def is_condition(when: Any) -> None:
    """Refuse, in words, what cannot be a rule's condition."""
    try:
        rules.check(when)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class Settings(Schema):
    """Labels have no settings yet."""


class Label(LooseSchema):
    """One label."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    color = fields.String(required=True, metadata={"description": "#rrggbb"})
    description = fields.String()
    order = fields.Integer()
    archived = fields.Boolean()
    merged_into = fields.String(
        allow_none=True, metadata={"description": "the label that took its conversations over"}
    )
    merging = fields.Dict(
        allow_none=True, metadata={"description": "`{done, all}`: conversations, while a merge goes on"}
    )


class Rule(LooseSchema):
    """When a message, its contact or a step of a flow is so, the conversation gets a label."""

    id = fields.String(required=True)
    label = fields.String(required=True)
    when = fields.Dict(required=True, metadata={"description": "a condition, see rules.py"})
    enabled = fields.Boolean()
    order = fields.Integer()


COLLECTIONS = (
    Collection("label", Label, indexes=(("name",), ("order",)), owner="labels"),
    Collection(
        "label_rule",
        Rule,
        indexes=(("enabled",), ("label",), ("order",)),
        owner="labels",
        upgrades=(rules.with_when,),
    ),
)


class OnConversation(ActionSchema):
    """A label and a conversation."""

    conversation = fields.String(required=True)
    label = fields.String(required=True)


class Create(ActionSchema):
    """A new label."""

    name = fields.String(required=True, validate=NAME)
    color = fields.String(load_default="#1570cd", validate=COLOR)
    description = fields.String(load_default="", validate=DESCRIPTION)


class Update(ActionSchema):
    """What may change of a label."""

    label = fields.String(required=True)
    name = fields.String(validate=NAME)
    color = fields.String(validate=COLOR)
    description = fields.String(validate=DESCRIPTION)
    order = fields.Integer()


class Reorder(ActionSchema):
    """Labels in the order that they are to have; the others come after them."""

    labels = fields.List(fields.String(), required=True, validate=validate.Length(1, MOST_ORDERED))


class OfLabel(ActionSchema):
    """One label."""

    label = fields.String(required=True)


class Merge(OfLabel):
    """A label, and the one that takes over its conversations and rules."""

    into = fields.String(required=True, metadata={"of": "label"})


class RulePut(ActionSchema):
    """A rule; with an id, its new content. `pattern` stands for a condition on the text's words."""

    rule = fields.String(load_default=None, allow_none=True)
    label = fields.String(required=True)
    when = fields.Dict(required=True, validate=is_condition)
    enabled = fields.Boolean(load_default=True)
    order = fields.Integer()

    @pre_load
    def _of_words(self, data: Any, **_: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("pattern"), str) and "when" not in data:
            rest = {key: value for key, value in data.items() if key != "pattern"}
            return {**rest, "when": rules.of_words(data["pattern"])}
        return data


class OfRule(ActionSchema):
    """One rule."""

    rule = fields.String(required=True)
