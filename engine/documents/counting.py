"""How many documents match, from indexes alone.

What is asked is taken apart into conjunctions whose numbers, with their signs, add up to the answer: those
without a label are all less those with it, and those of some teams or of one agent are counted by team and
by agent. Of what a list finds, the index by document (`Collection.beside`) knows the rest. All that are
found by one list are counted in one walk along it, and everything else in one statement.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .hashes import conjuncts, joined, readable
from .paging import by_short_list, is_long, more_than
from .planner import (
    MOST_PARAMS,
    Filter,
    Layout,
    Plan,
    exact_filter,
    fields_of,
    has_index,
    list_select,
    negated,
    plan_of,
    values_of_list,
)
from .storage import Rows
from .tables import beside_index

Parts = frozenset[Any]  # of a conjunction, each as TinyDB's hashes have it
Sum = list[tuple[int, Parts]]
List = tuple[str, tuple[str, ...]]  # a field, and values of which a document has one
_MOST_TERMS = 200
_MOST_LISTS = 8  # more walks along lists take longer than one along an index
_MOST_AT_ONCE = 100  # numbers that one statement gives
_MOST_PARAMS = MOST_PARAMS // _MOST_AT_ONCE // 2
_LONG = 30_000  # a list of more is walked along only where no index leads to fewer


@dataclass(frozen=True)
class _Way:
    """A list to walk along, and what else has to hold of what it finds."""

    along: List
    others: dict[Any, Filter]


def counts(rows: Rows, layout: Layout, queries: Sequence[Any]) -> list[int | None]:
    """Give how many documents match each query, or None where no index tells exactly."""
    sums = [terms(readable(query), layout) for query in queries]
    asked = list(dict.fromkeys(parts for each in sums for _, parts in each))
    lists = dict.fromkeys(each for parts in asked for each in _lists(parts, layout))
    lengths = _by_plans(rows, {each: _listed(each, layout) for each in lists})
    is_there = bool(lists) and _has_beside(rows, layout)
    ways = {parts: _way(rows, layout, parts, lengths) if is_there else None for parts in asked}
    found = {parts: ways[parts] or _plan(rows, layout, parts) for parts in asked}
    is_known = [all(found[parts] for _, parts in each) for each in sums]
    needed = {
        parts: found[parts] for each, known in zip(sums, is_known, strict=True) if known for _, parts in each
    }
    numbers = _by_plans(rows, {parts: each for parts, each in needed.items() if isinstance(each, Plan)})
    numbers |= _by_ways(rows, layout, {key: each for key, each in needed.items() if isinstance(each, _Way)})
    return [
        sum(sign * numbers[parts] for sign, parts in each) if known else None
        for each, known in zip(sums, is_known, strict=True)
    ]


def terms(hashed: Any, layout: Layout) -> Sum:
    """Give conjunctions whose numbers, with their signs, add up to that of a query."""
    whole = frozenset(conjuncts(hashed))
    left: Sum = [(1, whole)]
    found: Sum = []
    while left and len(left) + len(found) <= _MOST_TERMS:
        sign, parts = left.pop()
        pieces = _pieces_of(parts, layout)
        left += [(sign * own, piece) for own, piece in pieces]
        found += [] if pieces else [(sign, parts)]
    by_list = sum(1 for _, parts in found if _lists(parts, layout))
    return [(1, whole)] if left or by_list > _MOST_LISTS else found


def _pieces_of(parts: Parts, layout: Layout) -> Sum:
    """Take one part of a conjunction out: what does not have it is all less what has; else nothing."""
    if any(values_of_list(part, layout) for part in parts):
        return []
    for part in parts:
        if _is_about_lists(part, layout):
            rest = parts - {part}
            return [(1, rest), (-1, rest.union(conjuncts(negated(part))))]
    for part in parts:
        if shares := _shares(parts - {part}, part, layout):
            return [(sign, (parts - {part}) | share) for sign, share in shares]
    return []


def _is_about_lists(part: Any, layout: Layout) -> bool:
    """Say if a part asks for nothing but what lists have."""
    match part:
        case ("and" | "or", frozenset() as inner):
            return bool(inner) and all(_is_about_lists(each, layout) for each in inner)
        case ("not", inner):
            return _is_about_lists(inner, layout)
    return values_of_list(part, layout) is not None


def _shares(rest: Parts, part: Any, layout: Layout) -> Sum:
    """Give the values of an OR over one or two fields, less what the two share, where indexes count each."""
    points: dict[str, dict[Any, None]] = {}
    for side in joined(part, "or"):
        singles = _singles(side, layout)
        if not singles:
            return []
        points.setdefault(singles[0][1][0], {}).update(dict.fromkeys(singles))
    if len(points) > 2 or sum(map(len, points.values())) < 2:
        return []
    equal = {each[0][1][0] for each in (_singles(other, layout) for other in rest) if each}
    if not all(has_index(equal | names, layout) for names in ({*points}, *({name} for name in points))):
        return []
    shares = [(1, frozenset((each,))) for values in points.values() for each in values]
    if len(points) == 2:
        shares += [(-1, frozenset(pair)) for pair in itertools.product(*points.values())]
    return shares


def _singles(part: Any, layout: Layout) -> list[Any]:
    """Give the comparisons with one value each that a comparison stands for, if SQL tells them exactly."""
    match part:
        case ("==", (str() as name,), value):
            values: Iterable[Any] = (value,)
        case ("one_of", (str() as name,), tuple() as values):
            pass
        case _:
            return []
    if not all(value is None or type(value) is str for value in values):
        return []
    found = [("==", (name,), value) for value in dict.fromkeys(values)]
    return found if all(exact_filter(each, layout) for each in found) else []


def _lists(parts: Parts, layout: Layout) -> list[List]:
    return [found for part in parts if (found := values_of_list(part, layout))]


def _listed(one: List, layout: Layout) -> Plan:
    """Give the plan of what a list finds."""
    return Plan(list_select(layout, *one), one[1], exact=True, distinct=len(one[1]) == 1)


def _has_beside(rows: Rows, layout: Layout) -> bool:
    """Say if the index by document is there; in an old file it is not before the engine has opened that."""
    name = beside_index(layout.table, layout.collection).strip('"')
    sql = "SELECT 1 FROM sqlite_master WHERE type='index' AND name=?"
    return bool(layout.collection.beside) and rows.connection.execute(sql, (name,)).fetchone() is not None


def _way(rows: Rows, layout: Layout, parts: Parts, lengths: dict[List, int]) -> _Way | None:
    """Give the list to walk along, the shortest there is, where the index by document tells all else."""
    lists, beside = _lists(parts, layout), {*layout.collection.beside, *layout.lists}
    if not lists or len(parts) == 1:
        return None
    along = min(lists, key=lengths.__getitem__)
    others: dict[Any, Filter] = {}
    for part in parts:
        if values_of_list(part, layout) != along:
            told = exact_filter(part, layout)
            if told is None or not fields_of(part) <= beside:
                return None
            others[part] = told
    if sum(len(each.params) for each in others.values()) + len(along[1]) > _MOST_PARAMS:
        return None
    is_sooner = lengths[along] <= _LONG or _leads_to_more(rows, layout, parts, lengths[along])
    return _Way(along, others) if is_sooner else None


def _leads_to_more(rows: Rows, layout: Layout, parts: Parts, number: int) -> bool:
    """Say if without the lists an index leads to more than a number of documents, or none leads anywhere."""
    others = frozenset(part for part in parts if _singles(part, layout))
    found = plan_of(("and", others), layout)
    return found is None or more_than(rows, number, found.select, found.params)


def _plan(rows: Rows, layout: Layout, parts: Parts) -> Plan | None:
    """Give the plan of a conjunction if it is exact."""
    hashed = ("and", parts)
    found = by_short_list(rows, layout, hashed)
    if found is None:
        found = plan_of(hashed, replace(layout, at_once=is_long(rows, layout, hashed)))
    return found if found is not None and found.exact else None


def _by_plans(rows: Rows, plans: Mapping[Any, Plan]) -> dict[Any, int]:
    """Count what each plan selects, many in one statement."""
    found: dict[Any, int] = {}
    for some in _pieces(plans):
        counted = (f"count({'*' if plans[key].distinct else 'DISTINCT pos'})" for key in some)
        numbers = (
            f"(SELECT {each} FROM ({plans[key].select}))" for each, key in zip(counted, some, strict=True)
        )
        params = tuple(value for key in some for value in plans[key].params)
        numbers_found = rows.connection.execute(f"SELECT {', '.join(numbers)}", params).fetchone()
        found |= zip(some, numbers_found, strict=True)
    return found


def _pieces(plans: Mapping[Any, Plan]) -> Iterator[list[Any]]:
    """Give the keys of as many plans as one statement takes, then those of the next."""
    some: list[Any] = []
    number = 0
    for key, each in plans.items():
        number += len(each.params)
        if some and (len(some) == _MOST_AT_ONCE or number > MOST_PARAMS):
            yield some
            some, number = [], len(each.params)
        some.append(key)
    if some:
        yield some


def _by_ways(rows: Rows, layout: Layout, ways: Mapping[Parts, _Way]) -> dict[Parts, int]:
    """Count along each list, once for all that go along it."""
    by_list: dict[List, list[Parts]] = {}
    for parts, way in ways.items():
        by_list.setdefault(way.along, []).append(parts)
    found: dict[Parts, int] = {}
    for along, of_list in by_list.items():
        for start in range(0, len(of_list), _MOST_AT_ONCE):
            some = of_list[start : start + _MOST_AT_ONCE]
            numbers = rows.connection.execute(
                *_walk(layout, along, [ways[parts] for parts in some])
            ).fetchone()
            found |= zip(some, numbers, strict=True)
    return found


def _walk(layout: Layout, along: List, ways: Sequence[_Way]) -> tuple[str, tuple[Any, ...]]:
    """Give the statement that counts several ways along one list; what all of them ask is asked once.

    Other lists are asked last, and only of what may count.
    """
    shared = set.intersection(*(set(way.others) for way in ways))
    of_lists = {part for part in shared if fields_of(part) <= layout.lists}
    of_each = [
        _joined((told for part, told in way.others.items() if part not in shared), " AND ") for way in ways
    ]
    of_all = [
        *(ways[0].others[part] for part in shared - of_lists),
        *([_joined(of_each, " OR ")] if all(each.sql for each in of_each) else []),
        *(ways[0].others[part] for part in of_lists),
    ]
    numbers = ", ".join(f"count(CASE WHEN {each.sql or 1} THEN 1 END)" for each in of_each)
    several = "DISTINCT " if len(along[1]) > 1 else ""
    condition = _joined(of_all, " AND ")
    sql = (
        f"SELECT {numbers} FROM (SELECT {several}pos FROM ({list_select(layout, *along)})) AS along"
        f" CROSS JOIN {layout.table} INDEXED BY {beside_index(layout.table, layout.collection)}"
        f" ON {layout.table}.pos=along.pos WHERE {condition.sql or 1}"
    )
    return sql, (*(value for each in of_each for value in each.params), *along[1], *condition.params)


def _joined(filters: Iterable[Filter], operator: str) -> Filter:
    known = list(filters)
    sql = operator.join(f"({each.sql})" for each in known)
    return Filter(sql, tuple(value for each in known for value in each.params))
