"""Texts with places for a person's own data: ``Halo {{name|Kak}}, pesanan {{order}} sudah siap``.

There is nothing to run in them: no conditions, no loops, no code; the cost is that of reading the
text once. What stands in a place is never looked at again, so nobody's name can be a template.
"""

import re
from collections.abc import Mapping
from typing import Any

PLACE = re.compile(r"\{\{\s*([^\W\d][\w.]*)\s*(?:\|([^{}]*))?\}\}")
LONGEST_VALUE = 1000


def names(text: str) -> list[str]:
    """Return the fields that a text has places for, each once, in their order.

    >>> names("{{name|Kak}}, {{order}} dan {{name}}")
    ['name', 'order']
    """
    return list(dict.fromkeys(match[1] for match in PLACE.finditer(text)))


def render(text: str, fields: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return (*text* with its places filled, the fields that were missing, each once).

    A place is ``{{field}}`` or ``{{field|default}}``. Without a value (none, an empty text or list)
    the default stands there; without a default nothing does, and the field is missing. A field with
    dots is looked up by its whole name, then step by step. A value is cut after 1,000 letters.

    >>> render("Halo {{name|Kak}}, pesanan {{order}}", {"name": ""})
    ('Halo Kak, pesanan ', ['order'])
    """
    missing: dict[str, None] = {}

    def fill(match: re.Match[str]) -> str:
        value = _text(_value(fields, match[1]))
        if value:
            return value
        if match[2] is None:
            missing[match[1]] = None
        return (match[2] or "").strip()

    return PLACE.sub(fill, text), list(missing)


def _value(fields: Mapping[str, Any], name: str) -> Any:
    if name in fields:
        return fields[name]
    found: Any = fields
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    """Return a value as it is read; a mapping says nothing that people could read."""
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_text, value)))[:LONGEST_VALUE]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()[:LONGEST_VALUE]
