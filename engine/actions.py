"""Actions: what should be done, as plain data; and the functions that do it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import EXCLUDE, INCLUDE, Schema, fields

SchemaClass = type[Schema]
Action = dict[str, Any]
"""``{"type": "labels.add", "data": {…}, "why": "…" | None}``"""


class Refused(Exception):
    """Raised by a handler: the state does not allow the action; the text tells the person why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def action(type: str, /, *, why: str | None = None, **data: Any) -> Action:
    """Return the action *type* (``owner.verb``) with its *data* and the reason shown to people."""
    return {"type": type, "data": data, "why": why}


@dataclass(frozen=True)
class ActionType:
    """How one type of action is checked and carried out.

    permission: what an agent needs to ask for it; None where only plugins may.
    past: the name of the consequence that hooks hear of, or None.
    """

    type: str
    schema: "SchemaClass"
    handler: Callable[..., Any]
    plugin: str
    past: str | None = None
    permission: str | None = None


def handles(
    type: str, schema: type[Schema], *, past: str | None = None, permission: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as the handler of the action *type*.

    It is called as ``handler(data, tx)`` with the checked data and the
    `engine.transaction.Transaction`; it edits documents with TinyDB's calls on
    ``tx.documents``, and returns what the consequence *past* carries (a dict) or None.
    It raises `Refused` where the state does not allow the action.
    """

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.handles = (type, schema, past, permission)  # type: ignore[attr-defined]
        return function

    return mark


class ActionSchema(Schema):
    """Base of the schemas of actions: unknown fields are refused, so a typo is seen.

    only_read: True where the handler promises to change nothing in the lists and objects of its data, which
    then are not copied for it.
    """

    only_read: ClassVar[bool] = False


_SINGLE = frozenset(
    (fields.String, fields.Email, fields.URL, fields.Integer, fields.Float, fields.Boolean, fields.DateTime)
)


def loads_apart(schema: Schema, within: frozenset[type[Schema]] = frozenset()) -> bool:
    """Whether nothing that a handler may change of what *schema* loads is a part of what it was given.

    Said only of what is known for sure: marshmallow's own fields, without hooks. within: schemas around it.
    """
    if getattr(schema, "only_read", False):
        return True
    kind = type(schema)
    is_plain = kind.load is Schema.load and schema.unknown != INCLUDE and not any(schema._hooks.values())
    inner = within | {kind}
    return is_plain and kind not in within and all(_is_apart(each, inner) for each in schema.fields.values())


def _is_apart(field: fields.Field[Any], within: frozenset[type[Schema]]) -> bool:
    if type(field) is fields.List:
        return _is_apart(field.inner, within)
    if type(field) is fields.Nested:
        return field.unknown != INCLUDE and loads_apart(field.schema, within)
    return type(field) in _SINGLE


class LooseSchema(Schema):
    """Base of the schemas of documents: unknown fields pass by."""

    class Meta:
        unknown = EXCLUDE
