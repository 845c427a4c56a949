"""From TinyDB's queries to SQL that finds at least the documents that match.

A plan is a *superset*: the query object itself then decides on each candidate in Python, so the answer is
TinyDB's. Plans are read from the query's hash, which TinyDB keeps as a readable tuple for its cache, and
only for its own classes; whatever is not understood here is left to Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinydb.queries import QueryInstance, where

from .sqlvalues import Term, compare, equal, one_of, text_fits
from .tables import UNDECLARED, Collection, expression, indexable, list_table

_MOST_SIDES = 400  # SQLite joins 500 selects
_MOST_PARAMS = 30_000  # and takes 32,766 parameters


@dataclass(frozen=True)
class Layout:
    """What a table offers to a plan: its SQL name, its indexes and lists, and if its `id` column is a field.

    `collection` is what is declared, of which a plan may use less (fields of a plugin that is off).
    """

    table: str
    indexes: tuple[tuple[str, ...], ...] = ()
    lists: frozenset[str] = frozenset()
    id_field: bool = False
    collection: Collection = UNDECLARED


@dataclass(frozen=True)
class Plan:
    """SQL that selects `pos` of the candidates. exact: they are the answer. distinct: none comes twice."""

    select: str
    params: tuple[Any, ...] = ()
    exact: bool = False
    distinct: bool = True
    score: float = 0


@dataclass
class Parts:
    """The parts of a query that all have to hold: by field, and what stays for Python (`rest`)."""

    equal: dict[str, list[Term]] = field(default_factory=dict)
    ranges: dict[str, list[Term]] = field(default_factory=dict)
    lists: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    either: list[Sequence[Any]] = field(default_factory=list)
    rest: int = 0


def plan(query: Any, layout: Layout) -> Plan | None:
    """Give the plan of a query, or None where every document has to be looked at."""
    found = _plan(readable(query), layout)
    return found if found is not None and len(found.params) <= _MOST_PARAMS else None


def readable(query: Any) -> Any:
    """Give a query's hash if it says what the query does, else None."""
    return query._hash if _HASHES_ARE_KNOWN and type(query) is QueryInstance else None


def split(hashed: Any, layout: Layout) -> Parts:
    """Sort the parts of a conjunction by what SQL can do with them."""
    parts = Parts()
    for part in _conjuncts(hashed):
        _sort_in(part, layout, parts)
    return parts


def list_select(layout: Layout, name: str, values: tuple[str, ...]) -> str:
    """Give the select of those whose list has one of the values."""
    return f"SELECT pos FROM {list_table(layout.table, name)} WHERE value IN ({marks(values)})"


def marks(values: Sequence[Any]) -> str:
    """Give one question mark per value."""
    return ",".join("?" * len(values))


def _plan(hashed: Any, layout: Layout) -> Plan | None:
    parts = split(hashed, layout)
    plans = [found for found in (_by_index(parts, layout), *_by_alternatives(parts, layout)) if found]
    best = max(plans, key=lambda found: found.score, default=None)
    return _with_lists(parts, layout, best)


def _conjuncts(hashed: Any) -> Iterable[Any]:
    return (part for part in _joined(hashed, "and") if part != ())  # noop() holds always


def _joined(hashed: Any, operator: str) -> Iterable[Any]:
    """Give the parts that one operator joins, however they were put in brackets."""
    if not _is_set_of(hashed, operator):
        yield hashed
        return
    for part in hashed[1]:
        yield from _joined(part, operator)


def _sort_in(part: Any, layout: Layout, parts: Parts) -> None:
    """Put one part where it belongs, or count it among the rest."""
    if _is_set_of(part, "or"):
        parts.either.append(tuple(_joined(part, "or")))
    elif not (isinstance(part, tuple) and len(part) == 3 and _is_field(part[1])):
        parts.rest += 1
    elif part[0] == "any" and part[1][0] in layout.lists and _strings(part[2]):
        parts.lists.append((part[1][0], tuple(part[2])))
    else:
        _sort_comparison(part[0], part[1][0], part[2], parts, layout)


def _sort_comparison(operator: Any, name: str, value: Any, parts: Parts, layout: Layout) -> None:
    sql = "id" if name == "id" and layout.id_field else expression(name)
    known, term = parts.equal, None
    if operator == "==":
        term = equal(sql, value)
    elif operator == "one_of":
        term = one_of(sql, value)
    elif operator in ("<", "<=", ">", ">="):
        known, term = parts.ranges, compare(sql, operator, value)
    if term is None:
        parts.rest += 1
    else:
        known.setdefault(name, []).append(term)


def _is_set_of(hashed: Any, operator: str) -> bool:
    pair = isinstance(hashed, tuple) and len(hashed) == 2
    return pair and hashed[0] == operator and isinstance(hashed[1], frozenset)


def _is_field(path: Any) -> bool:
    return isinstance(path, tuple) and len(path) == 1 and isinstance(path[0], str) and indexable(path[0])


def _strings(values: Any) -> bool:
    return isinstance(values, (tuple, frozenset)) and len(values) < 10_000 and all(map(text_fits, values))


def _by_index(parts: Parts, layout: Layout) -> Plan | None:
    """Find the index that the most equalities and, after them, a range fit."""
    best: tuple[float, list[Term]] = (0, [])
    for index in (*((("id",),) if layout.id_field else ()), *layout.indexes):
        terms, score = _fit(index, parts)
        if index == ("id",) and layout.id_field:
            score *= 100
        best = max(best, (score, terms), key=lambda found: found[0])
    if not best[1]:
        return None
    return _from_terms(best[1], parts, layout, best[0])


def _fit(index: tuple[str, ...], parts: Parts) -> tuple[list[Term], float]:
    terms: list[Term] = []
    score = 0.0
    for name in index:
        if name in parts.equal:
            terms += parts.equal[name]
            score += 1
            continue
        if name in parts.ranges:
            terms += parts.ranges[name]
            score += 0.4
        break
    return terms, score


def _from_terms(terms: list[Term], parts: Parts, layout: Layout, score: float) -> Plan:
    count = sum(map(len, (*parts.equal.values(), *parts.ranges.values())))
    exact = all(term.exact for term in terms) and len(terms) == count and not (parts.rest or parts.either)
    condition = " AND ".join(term.sql for term in terms)
    params = tuple(value for term in terms for value in term.params)
    return Plan(f"SELECT pos FROM {layout.table} WHERE {condition}", params, exact, score=score)


def _by_alternatives(parts: Parts, layout: Layout) -> Iterable[Plan]:
    """Give the union of the plans of an OR's sides, if each of them has one."""
    alone = not (parts.equal or parts.ranges or parts.lists or parts.rest) and len(parts.either) == 1
    for sides in parts.either:
        if len(sides) > _MOST_SIDES:
            continue
        plans = [_plan(side, layout) for side in sides]
        found = [side for side in plans if side is not None]
        if len(found) == len(plans):
            select = " UNION ALL ".join(f"SELECT pos FROM ({side.select})" for side in found)
            params = tuple(value for side in found for value in side.params)
            yield Plan(select, params, alone and all(side.exact for side in found), distinct=False, score=0.5)


def _with_lists(parts: Parts, layout: Layout, base: Plan | None) -> Plan | None:
    """Add the list conditions: alone, or as a second condition of the plan by index."""
    if not parts.lists or (base and base.score >= 100):
        return base if not parts.lists or base is None else Plan(base.select, base.params, score=base.score)
    selects = [list_select(layout, name, values) for name, values in parts.lists]
    params = tuple(value for _, values in parts.lists for value in values)
    if base is not None and base.distinct:
        condition = "".join(f" AND pos IN ({select})" for select in selects)
        return Plan(base.select + condition, (*base.params, *params), base.exact, score=base.score + 1)
    others = parts.rest or parts.either or parts.equal or parts.ranges
    select = selects[0] + "".join(f" AND pos IN ({select})" for select in selects[1:])
    single = all(len(values) == 1 for _, values in parts.lists)
    return Plan(select, params, not others, distinct=single, score=1)


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
