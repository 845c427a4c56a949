"""How a value of Python compares in SQLite: conditions that hold at least where Python's comparison holds.

true, 1 and 1.0 are equal in both. A JSON null and a missing field are both NULL; a list is the text of its
JSON. Numbers are compared with a tolerance where SQLite's reading of a decimal may be off in its last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

_EXACT_BELOW = 10**14  # SQLite reads every float that equals such an integer as just that number
_MOST_VALUES = 10_000  # SQLite takes 32,766 parameters


@dataclass(frozen=True)
class Term:
    """A condition on one field. points: the single values that it stands for, or None where it has others."""

    sql: str
    params: tuple[Any, ...]
    exact: bool = False
    points: tuple[Any, ...] | None = None


def text_fits(value: Any) -> bool:
    """Say if a text means the same to SQLite: no NUL (it cuts there), no half of a surrogate pair."""
    if type(value) is not str or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def equal(sql: str, value: Any) -> Term | None:
    """Give the condition of `==`, or None where Python has to decide alone."""
    if value is None:
        return Term(f"{sql} IS NULL", (), points=(None,))
    if text_fits(value):
        return Term(f"{sql} = ?", (value,), exact=value[:1] not in ("[", "{"), points=(value,))
    if type(value) in (int, bool) and abs(value) < _EXACT_BELOW:
        return Term(f"{sql} = ?", (int(value),), points=(int(value),))
    around = _around(value)
    return around and Term(f"{sql} BETWEEN ? AND ?", around)


def one_of(sql: str, values: Any) -> Term | None:
    """Give the condition of `one_of`."""
    if not isinstance(values, (tuple, frozenset)) or len(values) > _MOST_VALUES:
        return None
    terms = [equal(sql, value) for value in values]
    known = [term for term in terms if term is not None]
    if len(known) < len(terms):
        return None
    points = [term.points for term in known]
    if all(point is not None and point != (None,) for point in points):
        return _among(sql, known)
    condition = " OR ".join(term.sql for term in known)
    params = tuple(value for term in known for value in term.params)
    singles = None if None in points else tuple(point[0] for point in points if point)
    return Term(f"({condition})", params, points=singles)


def compare(sql: str, operator: str, value: Any) -> Term | None:
    """Give the condition of `<`, `<=`, `>` or `>=`: bounds belong to the range, so ours are never strict.

    Values of another type, which make stock TinyDB raise TypeError, are left out.
    """
    below = operator in ("<", "<=")
    if text_fits(value):
        return Term(f"{sql} <= ? AND {sql} >= ''" if below else f"{sql} >= ?", (value,))
    around = _around(value)
    if around is None:
        return None
    return Term(f"{sql} <= ?", around[1:]) if below else Term(f"{sql} >= ? AND {sql} < ''", around[:1])


def _among(sql: str, terms: Sequence[Term]) -> Term:
    points = tuple(point for term in terms for point in term.points or ())
    marks = ",".join("?" * len(points))
    return Term(f"{sql} IN ({marks})", points, all(term.exact for term in terms), points)


def _around(value: Any) -> tuple[float, float] | None:
    """Give a number's lower and upper bound, or None for what is no finite number."""
    if type(value) not in (int, float, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    if not isfinite(number):
        return None
    tolerance = abs(number) * 1e-12 + 1e-300
    return number - tolerance, number + tolerance
