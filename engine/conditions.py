"""Conditions as plain data: one language for filters, rules, segments and flows.

    {"all": [{"field": "labels", "op": "has", "value": "vip"},
             {"not": {"field": "status", "op": "is", "value": "resolved"}}]}

A condition is one of

- ``{"all": [condition, …]}``, which holds when each does (without any: always);
- ``{"any": [condition, …]}``, which holds when one does (without any: never);
- ``{"not": condition}``;
- ``{"field": name, "op": operator, "value": value}``, a look at one field of a document;
- ``{}``, which always holds.

A field that is missing is unknown: it is not what is asked, has nothing, and is not before, after, at
least or at most anything. Texts are compared without regard to case by ``contains`` and ``starts``.
"""

import functools
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from engine.documents import Query, where

Condition = dict[str, Any]

DEPTH = 8
PARTS = 200


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _listed(value: Any) -> bool:
    return isinstance(value, list) and all(map(_scalar, value))


def _nothing(value: Any) -> bool:
    return value is None


def _contains(found: Any, text: str) -> bool:
    return isinstance(found, str) and text in found.casefold()


def _starts(found: Any, text: str) -> bool:
    return isinstance(found, str) and found.casefold().startswith(text)


def _compares(found: Any, compare: Callable[[Any, Any], bool], value: Any, kind: str) -> bool:
    fits = _text if kind == "text" else _number
    return fits(found) and compare(found, value)


def _ordered(compare: Callable[[Any, Any], bool], kind: str) -> Callable[[Any, Any], Any]:
    """Return an operator whose query has a range that an index can serve, and is exact about types."""

    def build(field: Any, value: Any) -> Any:
        return field.test(_compares, compare, value, kind) & compare(field, value)

    return build


def _known(field: Any, _: Any) -> Any:
    return field.exists() & (field != None)  # noqa: E711  TinyDB's own way


OPERATORS: dict[str, tuple[str, Callable[[Any], bool], Callable[[Any, Any], Any]]] = {
    "is": ("a text, a number, true, false or null", _scalar, lambda field, value: field == value),
    "is_not": ("a text, a number, true, false or null", _scalar, lambda field, value: ~(field == value)),
    "has": ("a text or a number", _scalar, lambda field, value: field.any([value])),
    "has_not": ("a text or a number", _scalar, lambda field, value: ~field.any([value])),
    "contains": ("a text", _text, lambda field, value: field.test(_contains, value.casefold())),
    "starts": ("a text", _text, lambda field, value: field.test(_starts, value.casefold())),
    "one_of": ("a list", _listed, lambda field, value: field.one_of(value)),
    "before": ("a time or a date", _text, _ordered(operator.lt, "text")),
    "after": ("a time or a date", _text, _ordered(operator.gt, "text")),
    "at_least": ("a number", _number, _ordered(operator.ge, "number")),
    "at_most": ("a number", _number, _ordered(operator.le, "number")),
    "known": ("no value", _nothing, _known),
    "unknown": ("no value", _nothing, lambda field, value: ~_known(field, value)),
}
"""operator → (what value it takes, a check of it, the query it makes of a field and a value)"""


def check(condition: Any, fields: Collection[str] | None = None) -> None:
    """Raise ValueError, saying where and why, unless *condition* is one; *fields*: the names it may use."""
    left = [PARTS]

    def look(part: Any, place: str, depth: int) -> None:
        left[0] -= 1
        if left[0] < 0 or depth > DEPTH:
            raise ValueError(f"a condition has at most {PARTS} parts, {DEPTH} deep")
        for inner, name in _inside(part, place, fields):
            look(inner, name, depth + 1)

    look(condition, "condition", 0)


def _inside(part: Any, place: str, fields: Collection[str] | None) -> Iterable[tuple[Any, str]]:
    """Give the conditions inside *part* with their places; raise ValueError where it is none."""
    if not isinstance(part, dict):
        raise ValueError(f"{place}: an object is needed, not {part!r:.60}")
    keys = set(part)
    if keys in ({"all"}, {"any"}):
        (key,) = keys
        if not isinstance(part[key], list):
            raise ValueError(f"{place}.{key}: a list of conditions is needed")
        return [(inner, f"{place}.{key}[{number}]") for number, inner in enumerate(part[key])]
    if keys == {"not"}:
        return [(part["not"], f"{place}.not")]
    if part:
        _check_field(part, place, fields)
    return []


def _check_field(part: Condition, place: str, fields: Collection[str] | None) -> None:
    unknown = set(part) - {"field", "op", "value"}
    if unknown or not {"field", "op"} <= set(part):
        got = ", ".join(sorted(part))
        raise ValueError(f"{place}: needs all, any, not, or field, op and value; got {got}")
    if not isinstance(part["field"], str) or (fields is not None and part["field"] not in fields):
        raise ValueError(f"{place}: there is no field {part['field']!r:.60}")
    if part["op"] not in OPERATORS:
        raise ValueError(f"{place}: op is one of {', '.join(OPERATORS)}, not {part['op']!r:.60}")
    takes, fits, _ = OPERATORS[part["op"]]
    if not fits(part.get("value")):
        raise ValueError(f"{place}: {part['op']} takes {takes}, not {part.get('value')!r:.60}")


def query(condition: Condition) -> Any:
    """Return the TinyDB query that finds the documents for which *condition* holds; indexes serve it.

    Raises ValueError for what is no condition.
    """
    check(condition)
    return _query(condition)


def _query(condition: Condition) -> Any:
    if "not" in condition:
        return ~_query(condition["not"])
    if "any" in condition:
        return _joined(operator.or_, condition["any"], ~Query().noop())
    if "field" in condition:
        build = OPERATORS[condition["op"]][2]
        return build(where(condition["field"]), condition.get("value"))
    return _joined(operator.and_, condition.get("all", ()), Query().noop())


def _joined(join: Callable[[Any, Any], Any], parts: Iterable[Condition], empty: Any) -> Any:
    queries = [_query(part) for part in parts]
    return functools.reduce(join, queries) if queries else empty


def holds(condition: Condition, document: Mapping[str, Any]) -> bool:
    """Return whether *condition* holds for *document*. Raises ValueError for what is no condition."""
    return bool(query(condition)(document))


def fields_of(condition: Condition) -> set[str]:
    """Return the names of the fields that *condition* looks at."""
    if "field" in condition:
        return {condition["field"]}
    inner: list[Condition] = [condition["not"]] if "not" in condition else []
    inner = inner or condition.get("all") or condition.get("any") or []
    return set().union(*map(fields_of, inner))
