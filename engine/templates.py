"""Texts with gaps: ``Halo {{name|Kak}}`` and nothing more, so that no text can compute or cost anything.

A gap is ``{{field}}`` or ``{{field|what stands there without it}}``. What is no gap stays as it was
written. Values are put in as they are; a gap inside a value is not filled again.
"""

import re
from collections.abc import Mapping
from typing import Any

LIMIT = 65_536  # characters of a filled text
_GAP = re.compile(r"\{\{ *([^\W\d][\w.-]{0,79}) *(?:\|([^{}|]{0,500}))?\}\}")


def fields_in(text: str) -> list[str]:
    """Return the names of the fields that *text* has gaps for, each once, in order."""
    return list(dict.fromkeys(gap[1] for gap in _GAP.finditer(text)))


def missing_in(text: str, fields: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that *text* needs, and neither *fields* nor a default gives."""
    gaps = (gap for gap in _GAP.finditer(text) if gap[2] is None)
    return list(dict.fromkeys(gap[1] for gap in gaps if not _said(fields.get(gap[1]))))


def fill(text: str, fields: Mapping[str, Any]) -> str:
    """Return *text* with its gaps filled from *fields*; what is missing is left out.

    A number is written as Python writes it, true and false as ``true`` and ``false``, a list with commas.
    The result has at most `LIMIT` characters.
    """
    return _GAP.sub(lambda gap: _said(fields.get(gap[1])) or (gap[2] or "").strip(), text)[:LIMIT]


def render(text: str, fields: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return (what `fill` gives, what `missing_in` gives), for texts to many, where no gap may stay empty.

    >>> render("Halo {{name|Kak}}, pesanan {{order}}", {"name": ""})
    ('Halo Kak, pesanan ', ['order'])
    """
    return fill(text, fields), missing_in(text, fields)


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    return str(value).strip()
