"""What a segment's builder offers, and conditions as people write them turned into those that are kept.

In a kept condition money is in minor units and a number a number; people write both as their language
does, as texts.
"""

from typing import Any

from engine import conditions, segments

from . import fields

Json = dict[str, Any]
TEXT_OPS = ("is", "is_not", "contains", "starts", "known", "unknown")
NUMBER_OPS = ("at_least", "at_most", "is", "known", "unknown")
OPS = {
    "text": TEXT_OPS,
    "number": NUMBER_OPS,
    "money": NUMBER_OPS,
    "date": ("before", "after", "is", "known", "unknown"),
    "choice": ("is", "is_not", "known", "unknown"),
    "name": ("contains", "starts", "is"),
    "country": ("is", "is_not"),
    "label": ("has", "has_not", "unknown", "known"),
    "time": ("after", "before", "unknown", "known"),
    "made": ("after", "before"),
    "flag": ("known", "unknown"),
}
"""kind of field → the operators that the builder offers, the usual one first"""
OWN = {
    "name": "name",
    "phone": "name",
    "country": "country",
    "labels": "label",
    "last_message_at": "time",
    "created_at": "made",
    "opted_out": "flag",
    "blocked": "flag",
}
"""a contact's own fields → their kind"""


def names(custom: list[Json]) -> set[str]:
    """Return every name that a segment may look at."""
    return set(OWN) | {fields.name_of(field) for field in custom}


def kept(condition: Json, custom: list[Json], comma: bool) -> Json:
    """Return a condition as it is kept. Raises ValueError, in words, for what is none."""
    by_name = {fields.name_of(field): field for field in custom}
    made: Json = _each(condition, lambda leaf: _kept(leaf, by_name.get(str(leaf["field"])), comma))
    conditions.check(made, names(custom))
    segments.check(made)
    return made


def written(condition: Json, custom: list[Json], language: str) -> Json:
    """Return a kept condition with its figures as a language writes them, for the builder."""
    by_name = {fields.name_of(field): field for field in custom}
    made: Json = _each(condition, lambda leaf: _written(leaf, by_name.get(leaf["field"]), language))
    return made


def _each(condition: Any, turn: Any, depth: int = 0) -> Any:
    """Return a condition with each look at a field turned; what is no condition stays as it is."""
    if not isinstance(condition, dict) or depth > conditions.DEPTH:
        return condition
    if "field" in condition and "op" in condition:
        return turn(condition)
    inner = {key: part if isinstance(part, list) else [part] for key, part in condition.items()}
    made = {key: [_each(part, turn, depth + 1) for part in parts] for key, parts in inner.items()}
    return {key: parts if isinstance(condition[key], list) else parts[0] for key, parts in made.items()}


def _figure(leaf: Json, field: Json | None) -> bool:
    is_figure = field is not None and field["type"] in ("number", "money")
    return is_figure and leaf["op"] not in ("known", "unknown")


def _kept(leaf: Json, field: Json | None, comma: bool) -> Json:
    if not _figure(leaf, field) or not isinstance(leaf.get("value"), str):
        return leaf
    assert field is not None
    return {**leaf, "value": fields.read({**field, "required": True}, leaf["value"], comma)}


def _written(leaf: Json, field: Json | None, language: str) -> Json:
    if not _figure(leaf, field):
        return leaf
    return {**leaf, "value": fields.typed(field or {}, leaf.get("value"), language)}
