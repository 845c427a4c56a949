"""What a query's hash says: TinyDB keeps it as a readable tuple, for its cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinydb.queries import QueryInstance, where

_MOST_TEXTS = 20
RANGES = ("<", "<=", ">", ">=")
_PLAIN = frozenset(("==", "one_of", *RANGES))
_NOT_PLAIN = frozenset("[{")  # a text that begins so may be a list's or an object's

Shape = tuple[tuple[str, str, int], ...]


def readable(query: Any) -> Any:
    """Give a query's hash if it says what the query does, else None."""
    return query._hash if _HASHES_ARE_KNOWN and type(query) is QueryInstance else None


def conjuncts(hashed: Any) -> Iterable[Any]:
    """Give the parts of a query's hash that all have to hold."""
    return (part for part in joined(hashed, "and") if part != ())  # noop() holds always


def joined(hashed: Any, operator: str) -> Iterable[Any]:
    """Give the parts that one operator joins, however they were put in brackets."""
    if not is_set_of(hashed, operator):
        yield hashed
        return
    for part in hashed[1]:
        yield from joined(part, operator)


def is_set_of(hashed: Any, operator: str) -> bool:
    """Say if a hash joins parts by an operator."""
    pair = isinstance(hashed, tuple) and len(hashed) == 2
    return pair and hashed[0] == operator and isinstance(hashed[1], frozenset)


def plain(hashed: Any) -> tuple[Shape, list[str]] | None:
    """Give (operator, field, how many texts) of all parts and their texts, if there is nothing else.

    Plain texts are the same to SQLite and Python, whichever they are.
    """
    parts = []
    is_pair = type(hashed) is tuple and len(hashed) == 2 and hashed[0] == "and"
    for part in joined(hashed, "and") if is_pair else (hashed,):
        if type(part) is not tuple or len(part) != 3 or part[0] not in _PLAIN:
            return None
        operator, path, texts = part
        if operator != "one_of":
            texts = (texts,)
        if type(texts) is not tuple or not 0 < len(texts) <= _MOST_TEXTS:
            return None
        for text in texts:
            if type(text) is not str or not text.isascii() or "\0" in text or text[:1] in _NOT_PLAIN:
                return None
        if len(path) != 1 or type(path[0]) is not str:
            return None
        parts.append((operator, path[0], len(texts), texts))
    if len(parts) > 1:
        parts.sort()
    return tuple([part[:3] for part in parts]), [text for part in parts for text in part[3]]


def _hashes_look_as_expected() -> bool:
    """See that this TinyDB still writes its hashes as they are read here; if not, Python does all."""
    one, two = where("a") == 1, where("b") < "x"
    expected = ("and", frozenset([("==", ("a",), 1), ("<", ("b",), "x")]))
    return bool(
        (one & two)._hash == expected
        and (one | two)._hash == ("or", expected[1])
        and (~one)._hash == ("not", ("==", ("a",), 1))
        and where("a").one_of([1, "x"])._hash == ("one_of", ("a",), (1, "x"))
        and where("a").any(["x"])._hash == ("any", ("a",), ("x",))
    )


_HASHES_ARE_KNOWN = _hashes_look_as_expected()
