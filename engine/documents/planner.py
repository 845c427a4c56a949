"""From TinyDB's queries to SQL that finds at least the documents that match.

A plan is a *superset*: the query object itself then decides on each candidate in Python, so the answer is
TinyDB's. Plans are read from the query's hash, which TinyDB keeps as a readable tuple for its cache, and
only for its own classes; whatever is not understood here is left to Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from .hashes import RANGES, Shape, conjuncts, is_set_of, joined, plain, readable
from .sqlvalues import Term, compare, equal, one_of, text_fits
from .tables import UNDECLARED, Collection, expression, indexable, list_table

_MOST_SIDES = 400  # SQLite joins 500 selects
_MOST_FILTERED = 50  # SQLite nests expressions 1,000 deep; longer alternatives are left to Python
_MOST_PLAIN = 1_000
MOST_PARAMS = 30_000  # and takes 32,766 parameters


@dataclass(frozen=True)
class Layout:
    """What a table offers to a plan: its SQL name, its indexes and lists, and if its `id` column is a field.

    `collection` is what is declared, of which a plan may use less: fields of plugins that are off (`hidden`)
    are never looked at by SQL.
    at_once: all that have a value of a list are read at once, which for very many rows is sooner.
    plain: plans that are kept; see `plain_plan`.
    """

    table: str
    indexes: tuple[tuple[str, ...], ...] = ()
    lists: frozenset[str] = frozenset()
    id_field: bool = False
    collection: Collection = UNDECLARED
    at_once: bool = False
    hidden: frozenset[str] = frozenset()
    plain: dict[Shape, tuple[Plan, list[int]] | None] = field(default_factory=dict, compare=False, repr=False)


@dataclass(slots=True)
class Plan:
    """SQL that selects `pos` of the candidates. exact: they are the answer. distinct: none comes twice."""

    select: str
    params: tuple[Any, ...] = ()
    exact: bool = False
    distinct: bool = True
    score: float = 0


def is_masked(field: str, hidden: frozenset[str]) -> bool:
    """Say if a field belongs to one of the plugins that are off."""
    if field == "labels":
        return "labels" in hidden
    owner, dot, _ = field.partition(".")
    return bool(dot) and owner in hidden


@dataclass(frozen=True)
class Filter:
    """A condition on a row that no index answers. exact: it holds just where Python says so."""

    sql: str
    params: tuple[Any, ...] = ()
    exact: bool = True


@dataclass
class Parts:
    """The parts of a query that all have to hold: by field, and what no index can answer (`rest`)."""

    equal: dict[str, list[Term]] = field(default_factory=dict)
    ranges: dict[str, list[Term]] = field(default_factory=dict)
    lists: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    either: list[Sequence[Any]] = field(default_factory=list)
    rest: list[Any] = field(default_factory=list)

    def joined(self, other: Parts) -> Parts:
        """Give these parts and others, all of which have to hold."""
        equal, ranges = (
            {name: [*one.get(name, ()), *two.get(name, ())] for name in {**one, **two}}
            for one, two in ((self.equal, other.equal), (self.ranges, other.ranges))
        )
        lists, either = [*self.lists, *other.lists], [*self.either, *other.either]
        return Parts(equal, ranges, lists, either, [*self.rest, *other.rest])


def plan_of_index(hashed: Any, layout: Layout) -> Plan | None:
    """Give the plan of what an index alone knows of a query, if it asks for lists as well."""
    parts = split(hashed, layout)
    has_lists = parts.lists or parts.rest or parts.either
    return _by_index(Parts(parts.equal, parts.ranges), layout) if has_lists and layout.lists else None


def plan(query: Any, layout: Layout) -> Plan | None:
    """Give the plan of a query, or None where every document has to be looked at."""
    return plan_of(readable(query), layout)


def plan_of(hashed: Any, layout: Layout) -> Plan | None:
    """Give the plan of what a query's hash says; see `plan`."""
    found = plain_plan(hashed, layout) or _plan(hashed, layout)
    return found if found is not None and len(found.params) <= MOST_PARAMS else None


def plain_plan(hashed: Any, layout: Layout) -> Plan | None:
    """Give the plan of a conjunction of comparisons with plain texts, or None for any other query.

    What hooks and handlers ask most is of this kind. Its SQL depends on the shape alone, so it is kept.
    """
    found = plain(hashed)
    if found is None:
        return None
    shape, texts = found
    try:
        known = layout.plain[shape]
    except KeyError:
        if len(layout.plain) >= _MOST_PLAIN:
            layout.plain.clear()
        known = layout.plain[shape] = _plain_template(shape, layout)
    if known is None:
        return None
    made, places = known
    params = tuple([texts[place] for place in places])
    return Plan(made.select, params, made.exact, made.distinct, made.score)


def _plain_template(shape: Shape, layout: Layout) -> tuple[Plan, list[int]] | None:
    """Give the plan for a shape with any plain texts, and which text each of its parameters is."""
    parts, count = [], 0
    for operator, name, size in shape:
        texts = tuple(map(str, range(count, count + size)))
        parts.append((operator, (name,), texts if operator == "one_of" else texts[0]))
        count += size
    made = _plan(("and", frozenset(parts)), layout)
    return None if made is None else (made, [int(param) for param in made.params])


def split(hashed: Any, layout: Layout) -> Parts:
    """Sort the parts of a conjunction by what SQL can do with them."""
    parts = Parts()
    for part in conjuncts(hashed):
        _sort_in(part, layout, parts)
    return parts


def exact_filter(part: Any, layout: Layout) -> Filter | None:
    """Give one part of a query as a condition on a row that holds just where Python says so, or None."""
    found = _filter(part, layout)
    return found if found is not None and found.exact else None


def values_of_list(part: Any, layout: Layout) -> tuple[str, tuple[str, ...]] | None:
    """Give the declared list, and the values of which it has to have one, that a part asks for."""
    found = split(part, layout).lists
    return found[0] if len(found) == 1 and found[0][1] else None


def negated(part: Any) -> Any:
    """Give the opposite of a part, its AND and OR turned round."""
    for operator, opposite in (("and", "or"), ("or", "and")):
        if is_set_of(part, operator):
            return opposite, frozenset(map(negated, part[1]))
    is_opposite = isinstance(part, tuple) and len(part) == 2 and part[0] == "not"
    return part[1] if is_opposite else ("not", part)


def fields_of(part: Any) -> set[str]:
    """Give the fields that a part looks at, of those that `exact_filter` takes."""
    if part == ():
        return set()
    if len(part) == 3:
        return {part[1][0]}
    inner = part[1] if part[0] in ("and", "or") else (part[1],)
    return set().union(*map(fields_of, inner))


def has_index(fields: Set[str], layout: Layout) -> bool:
    """Say if an index begins with just these fields, in any order."""
    return any(set(index[: len(fields)]) == fields for index in layout.indexes)


def filters(parts: Parts, layout: Layout, used: Sequence[str] = (), lists: bool = True) -> Filter:
    """Give what all parts say but the comparisons of the fields `used` (and the lists, if not `lists`).

    It stands beside what an index answers and is kept from SQLite's choice of an index (the +).
    """
    found = [
        Filter(term.sql, term.params, term.exact)
        for known in (parts.equal, parts.ranges)
        for name, terms in known.items()
        if name not in used
        for term in terms
    ]
    if lists:
        found += [_list_filter(layout, name, values) for name, values in parts.lists]
    others = [*(("or", frozenset(sides)) for sides in parts.either), *parts.rest]
    made = [_filter(part, layout) for part in others]
    found += [each for each in made if each is not None]
    sql = " AND ".join(f"+({each.sql})" for each in found)
    params = tuple(value for each in found for value in each.params)
    return Filter(sql, params, None not in made and all(each.exact for each in found))


def _filter(part: Any, layout: Layout) -> Filter | None:
    """Give one part as a condition on a row, or None where only Python can tell."""
    if part == ():
        return Filter("1")
    for operator, sql in (("and", " AND "), ("or", " OR ")):
        if is_set_of(part, operator):
            return _joined_filter([_filter(each, layout) for each in part[1]], sql)
    if isinstance(part, tuple) and len(part) == 2 and part[0] == "not":
        inner = _filter(part[1], layout)
        return Filter(f"NOT ({inner.sql})", inner.params) if inner and inner.exact else None
    if not (isinstance(part, tuple) and len(part) == 3 and _is_field(part[1])):
        return None
    if _is_of_list(part, layout):
        return _list_filter(layout, part[1][0], tuple(part[2]))
    term = _term(part[0], part[1][0], part[2], layout)
    return Filter(f"ifnull({term.sql},0)", term.params, term.exact) if term else None


def _joined_filter(sides: list[Filter | None], operator: str) -> Filter | None:
    """Give the conjunction of what can be told, or the disjunction where all can."""
    known = [side for side in sides if side is not None]
    if not known or len(known) > _MOST_FILTERED or (operator == " OR " and len(known) < len(sides)):
        return None
    sql = operator.join(f"({side.sql})" for side in known)
    exact = len(known) == len(sides) and all(side.exact for side in known)
    return Filter(sql, tuple(value for side in known for value in side.params), exact)


def _list_filter(layout: Layout, name: str, values: tuple[str, ...]) -> Filter:
    """Say if a row's list has one of the values."""
    side = f"{list_table(layout.table, name)} AS side WHERE side.value IN ({marks(values)})"
    if layout.at_once:
        return Filter(f"+{layout.table}.pos IN (SELECT side.pos FROM {side})", values)
    return Filter(f"EXISTS (SELECT 1 FROM {side} AND side.pos={layout.table}.pos)", values)


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


def _sort_in(part: Any, layout: Layout, parts: Parts) -> None:
    """Put one part where it belongs, or among the rest."""
    if is_set_of(part, "or"):
        _sort_either(tuple(joined(part, "or")), layout, parts)
    elif not (isinstance(part, tuple) and len(part) == 3 and _is_field(part[1])):
        parts.rest.append(part)
    elif _is_of_list(part, layout):
        parts.lists.append((part[1][0], tuple(part[2])))
    elif (term := _term(part[0], part[1][0], part[2], layout)) is None:
        parts.rest.append(part)
    else:
        known = parts.ranges if part[0] in RANGES else parts.equal
        known.setdefault(part[1][0], []).append(term)


def _sort_either(sides: tuple[Any, ...], layout: Layout, parts: Parts) -> None:
    """Take what asks for one value or another of one list as one question."""
    names = {side[1][0] if _is_of_list(side, layout) else "" for side in sides}
    if "" not in names and len(names) == 1:
        parts.lists.append((names.pop(), tuple(sorted({value for side in sides for value in side[2]}))))
    else:
        parts.either.append(sides)


def _term(operator: Any, name: str, value: Any, layout: Layout) -> Term | None:
    """Give the condition of one comparison, or None where Python has to decide alone."""
    if layout.hidden and is_masked(name, layout.hidden):
        return None
    sql = "id" if name == "id" and layout.id_field else expression(name)
    is_whole = name in layout.collection.whole and type(value) is int and abs(value) < 2**53
    if is_whole and operator in RANGES:
        return Term(f"{sql} {operator} ?", (value,), exact=True)
    if operator == "==":
        term = equal(sql, value)
        is_told = value is None and name in layout.collection.always
        return replace(term, exact=True) if term and (is_told or is_whole) else term
    if operator == "one_of":
        return one_of(sql, value)
    return compare(sql, operator, value) if operator in RANGES else None


def _is_of_list(part: Any, layout: Layout) -> bool:
    """Say if a part asks if a declared list has one of some values."""
    shaped = isinstance(part, tuple) and len(part) == 3 and part[0] == "any" and _is_field(part[1])
    return bool(shaped and part[1][0] in layout.lists and _strings(part[2]))


def _is_field(path: Any) -> bool:
    return isinstance(path, tuple) and len(path) == 1 and isinstance(path[0], str) and indexable(path[0])


def _strings(values: Any) -> bool:
    return isinstance(values, (tuple, frozenset)) and len(values) < 10_000 and all(map(text_fits, values))


def _by_index(parts: Parts, layout: Layout) -> Plan | None:
    """Find the index that the most equalities and, after them, a range fit."""
    best: tuple[float, list[Term], list[str]] = (0, [], [])
    for index in (*((("id",),) if layout.id_field else ()), *layout.indexes):
        terms, used, score = _fit(index, parts)
        if index == ("id",) and layout.id_field:
            score *= 100
        best = max(best, (score, terms, used), key=lambda found: found[0])
    if not best[1]:
        return None
    return _from_terms(best[1], filters(parts, layout, best[2], lists=False), layout, best[0])


def _fit(index: tuple[str, ...], parts: Parts) -> tuple[list[Term], list[str], float]:
    terms: list[Term] = []
    used: list[str] = []
    score = 0.0
    for name in index:
        known = [*parts.equal.get(name, ()), *parts.ranges.get(name, ())]
        if known:
            terms, used = terms + known, [*used, name]
            score += 1 if name in parts.equal else 0.4
        if name not in parts.equal:
            break
    return terms, used, score


def _from_terms(terms: list[Term], more: Filter, layout: Layout, score: float) -> Plan:
    condition = " AND ".join(filter(None, (*(term.sql for term in terms), more.sql)))
    params = (*(value for term in terms for value in term.params), *more.params)
    exact = more.exact and all(term.exact for term in terms)
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
    if base is not None and base.distinct:
        among = [_list_filter(layout, name, values) for name, values in parts.lists]
        condition = "".join(f" AND {each.sql}" for each in among)
        params = (*base.params, *(value for each in among for value in each.params))
        return Plan(base.select + condition, params, base.exact, score=base.score + 1)
    selects = [list_select(layout, name, values) for name, values in parts.lists]
    params = tuple(value for _, values in parts.lists for value in values)
    others = parts.rest or parts.either or parts.equal or parts.ranges
    select = selects[0] + "".join(f" AND pos IN ({select})" for select in selects[1:])
    single = all(len(values) == 1 for _, values in parts.lists)
    return Plan(select, params, not others, distinct=single, score=1)
