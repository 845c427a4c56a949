"""JSON text of documents: what is stored, and what SQLite may look into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

import orjson

_AS_JSON_DOES = (
    orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
)

_HARMLESS = frozenset((str, int, bool, type(None)))


def encode(document: dict[Any, Any]) -> tuple[str, bool]:
    """Give (JSON text, odd).

    Odd text is JSON to Python alone: it has NaN, an integer over 64 bits, or half a surrogate pair.
    Raises TypeError for what JSON has no form for, as the json module does.
    """
    try:
        text = orjson.dumps(document, option=_AS_JSON_DOES).decode()
    except TypeError:
        return _encode_slowly(document)
    if "null" in text and not _finite(document):  # orjson writes NaN as null
        return _encode_slowly(document)
    return text, False


def decode(text: str) -> dict[str, Any]:
    """Read a document's text that is not odd."""
    document: dict[str, Any] = orjson.loads(text)
    return document


def decode_odd(text: str) -> dict[str, Any]:
    """Read the text of an odd document."""
    document: dict[str, Any] = json.loads(text)
    return document


def strings_in(value: Any) -> set[str]:
    """Give the strings that iterating over a field's value meets: what TinyDB's `any([...])` compares."""
    if isinstance(value, (list, tuple, str, Mapping)):
        return {item for item in value if isinstance(item, str)}
    return set()


def _encode_slowly(document: dict[Any, Any]) -> tuple[str, bool]:
    """Let the json module turn keys, subclasses and tuples into JSON, then see if SQLite can read it too."""
    text = json.dumps(document)
    plain = json.loads(text)
    if not _finite(plain):
        return text, True
    try:
        return orjson.dumps(plain).decode(), False
    except TypeError:
        return text, True


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, Mapping):
        return all(type(item) in _HARMLESS or _finite(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(type(item) in _HARMLESS or _finite(item) for item in value)
    return True
