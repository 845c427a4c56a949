"""Searches that had to look at many documents, for developers to find the index that is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")

MANY = 1_000
_MOST_DESCRIPTIONS = 1_000

scans: Counter[str] = Counter()
"""How often a search went through more than 1,000 documents, by "table: query"."""


def watched(items: Iterator[Item], table: str, query: Any) -> Iterator[Item]:
    """Pass items on; when there are more than 1,000, count the search that wanted them."""
    for number, item in enumerate(items):
        if number == MANY:
            note(table, query)
        yield item


def note(table: str, query: Any) -> None:
    """Count a search that goes through more than 1,000 documents."""
    description = "everything" if query is None else describe(getattr(query, "_hash", None))
    if (key := f"{table}: {description}") in scans or len(scans) < _MOST_DESCRIPTIONS:
        scans[key] += 1


def describe(hashed: Any) -> str:
    """Give a query's shape without its values: `(status ==) and (not (team one_of))`."""
    match hashed:
        case ("and" | "or" as operator, frozenset() as parts):
            return f" {operator} ".join(sorted(f"({describe(part)})" for part in parts))
        case ("not", part):
            return f"not ({describe(part)})"
        case (str() as operator, tuple() as path, *_):
            return f"{'.'.join(map(str, path))} {operator}"
        case None:
            return "a query that only Python can read"
    return "everything" if hashed == () else str(hashed[0])
