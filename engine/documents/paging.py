"""Pages of a table in the order of a field, by key: each goes on where the one before ended."""

from __future__ import annotations

import base64
import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
from tinydb.queries import QueryLike

from .hashes import readable
from .planner import (
    MOST_PARAMS,
    Filter,
    Layout,
    Parts,
    Plan,
    filters,
    list_select,
    plan,
    plan_of_index,
    split,
)
from .scans import MANY, note
from .storage import Rows
from .tables import expression, indexable

Branch = tuple[str, tuple[Any, ...]]  # a condition and its parameters
_FEW = 2_000  # so many are sooner sorted than found along an index of everything
_LONG = 20_000  # so many are sooner looked up in a set than each in a table
_MOST_BRANCHES = 64
LAST_POS = (1 << 63) - 1  # SQLite's greatest row number


@dataclass(frozen=True)
class Page:
    """What is asked for: see Table.page."""

    query: QueryLike | None
    order: str | None
    after: str | None
    limit: int
    newest_first: bool


def page(
    rows: Rows, name: str, layout: Layout, wanted: Page, read: Callable[[Any], dict[str, Any]]
) -> tuple[list[tuple[Any, dict[str, Any]]], str | None]:
    """Give the (row, content) pairs of a page and the next page's cursor."""
    _check(rows, wanted)
    stream, exact = _stream(rows, name, layout, wanted)
    if exact:
        first = list(itertools.islice(stream, wanted.limit))
        cursor = _cursor(wanted, first[-1]) if next(stream, None) else None
        return [(row, read(row)) for row in first], cursor
    found: list[tuple[Any, dict[str, Any]]] = []
    refused = 0
    for row in stream:
        content = read(row)
        if wanted.query is not None and not wanted.query(content):
            refused += 1
            if refused == MANY:
                note(name, wanted.query)
            continue
        if len(found) == wanted.limit:
            return found, _cursor(wanted, found[-1][0])
        found.append((row, content))
    return found, None


def cursor_of(rows: Rows, layout: Layout, row: Any, order: str, newest_first: bool) -> str:
    """Give the cursor of a page that goes on after *row*, whose place in it is its `order` field's value."""
    wanted = Page(None, order, None, 1, newest_first)
    _check(rows, wanted)
    sql = f"SELECT {expression(order)} FROM {layout.table} WHERE pos=?"
    (value,) = rows.connection.execute(sql, (row[0],)).fetchone()
    return _cursor(wanted, (*row, value))


def cursor_at(order: str, value: str | int | float, newest_first: bool) -> str:
    """Give the cursor of a page that goes on at a value: from it down, newest first, or else beyond it."""
    return _encoded([order, newest_first, value, LAST_POS])


def _check(rows: Rows, wanted: Page) -> None:
    if wanted.limit < 1:
        raise ValueError(f"limit has to be 1 or more, got {wanted.limit}")
    order = wanted.order
    if order is not None and (not indexable(order) or rows.masks(order)):
        raise ValueError(f"documents cannot be ordered by {order!r} here")


def _stream(rows: Rows, name: str, layout: Layout, wanted: Page) -> tuple[Iterator[Any], bool]:
    """Give the candidates in order, and if they are the answer; an order value is each row's fifth column."""
    start = _start(wanted)
    by_index, branches, exact = _branches(rows, layout, wanted)
    if branches == [("", ())] and not by_index and more_than(rows, MANY, f"SELECT pos FROM {layout.table}"):
        note(name, wanted.query)  # all are sorted: no index ends with the order
    if not rows.string_ids:  # odd documents have no value that SQLite can read: they come as null
        branches = [(f"{where or 1} AND odd IS NULL", params) for where, params in branches]
        branches.append(("odd IS NOT NULL", ()))
    sql = "pos" if wanted.order is None else ("" if by_index else "+") + expression(wanted.order)
    most = wanted.limit + 1 if exact else -1
    streams = [_branch(rows, layout, sql, branch, start, wanted.newest_first, most) for branch in branches]
    if len(streams) == 1:
        return streams[0], exact
    return _once(heapq.merge(*streams, key=_key, reverse=wanted.newest_first)), exact


def _once(rows: Iterator[Any]) -> Iterator[Any]:
    """Pass on rows in order but the second of two: the branches of an OR's sides may share some."""
    last = None
    for row in rows:
        if row[0] != last:
            yield row
        last = row[0]


def _branch(
    rows: Rows,
    layout: Layout,
    sql: str,
    branch: Branch,
    start: tuple[Any, int] | None,
    newest_first: bool,
    most: int,
) -> Iterator[Any]:
    """Give the rows of one condition in order, from the start on; `most` of a segment, -1: all."""
    odd, direction = "NULL" if rows.string_ids else "odd", "DESC" if newest_first else "ASC"
    for tied, where, params in _segments(sql, start, newest_first):
        condition = " AND ".join(filter(None, (branch[0], where))) or "1"
        order = f"pos {direction}" if tied else f"{sql} {direction}, pos {direction}"
        cursor = rows.connection.execute(
            f"SELECT pos, id, doc, {odd}, {sql.removeprefix('+')} FROM {layout.table}"
            f" WHERE {condition} ORDER BY {order} LIMIT ?",
            (*branch[1], *params, most),
        )
        try:
            yield from cursor
        finally:
            cursor.close()


def _segments(
    sql: str, start: tuple[Any, int] | None, newest_first: bool
) -> list[tuple[bool, str, tuple[Any, ...]]]:
    """Give what comes after the start, one condition after the other, each a range of an index.

    Each is (its order values are all equal, condition, parameters). SQLite's order is null, numbers, texts.
    """
    if start is None:
        return [(sql == "pos", "", ())]
    value, pos = start
    beyond = "<" if newest_first else ">"
    if sql == "pos":
        return [(True, f"pos {beyond} ?", (pos,))]
    if value is None:
        rest = [] if newest_first else [(False, f"{sql} IS NOT NULL", ())]
        return [(True, f"{sql} IS NULL AND pos {beyond} ?", (pos,)), *rest]
    nulls = [(True, f"{sql} IS NULL", ())] if newest_first else []
    ties = (True, f"{sql} = ? AND pos {beyond} ?", (value, pos))
    return [ties, (False, f"{sql} {beyond} ?", (value,)), *nulls]


def _branches(rows: Rows, layout: Layout, wanted: Page) -> tuple[bool, list[Branch], bool]:
    """Give (does an index give them in order, conditions whose rows hold all that match, and no others)."""
    hashed = () if wanted.query is None else readable(wanted.query)
    parts = split(hashed, layout)
    driver = _driver(parts, layout, wanted.order)
    ways = _ways(parts, layout, wanted.order, driver) if driver else [(parts, driver or ())]
    few = wanted.query and _few(rows, layout, wanted.query, parts, driver, len(ways) > 1)
    if few:
        return False, [(f"pos IN ({few.select})", few.params)], few.exact and rows.string_ids
    if driver is None:
        return False, [("", ())], wanted.query is None
    found = [_along(each, way, layout) for each, way in ways]
    exact = wanted.query is None or (rows.string_ids and all(is_exact for _, is_exact in found))
    return True, [branch for branches, _ in found for branch in branches], exact


def _few(
    rows: Rows, layout: Layout, query: QueryLike, parts: Parts, driver: tuple[str, ...] | None, has_ways: bool
) -> Plan | None:
    """Give the plan of those that are to be found first and sorted then, or None where an index is sooner.

    What a list of many has is sooner met along the index, and so is what has a way for each side of an OR.
    """
    if parts.lists and (found := by_short_list(rows, layout, readable(query))):
        return found
    if driver is None:
        return plan(query, layout)
    if parts.lists or has_ways or not _selective(parts, driver):
        return None
    candidates = plan(query, layout)
    return candidates if candidates and _are_few(rows, candidates) else None


def is_long(rows: Rows, layout: Layout, hashed: Any) -> bool:
    """Say if the index of a query that asks for lists as well leads through very many rows."""
    found = plan_of_index(hashed, layout)
    return found is not None and more_than(rows, _LONG, found.select, found.params)


def by_short_list(rows: Rows, layout: Layout, hashed: Any) -> Plan | None:
    """Give the plan that begins with a list condition few documents meet, where the query has one."""
    if not layout.lists:
        return None
    parts = split(hashed, layout)
    for place, (name, values) in enumerate(parts.lists):
        select = list_select(layout, name, values)
        if more_than(rows, _FEW, select, values):
            continue
        rest = replace(parts, lists=[each for other, each in enumerate(parts.lists) if other != place])
        more = filters(rest, layout)
        sql = f"SELECT pos FROM {layout.table} WHERE pos IN ({select})"
        params = (*values, *more.params)
        if len(params) <= MOST_PARAMS:
            return Plan(f"{sql} AND {more.sql}" if more.sql else sql, params, more.exact)
    return None


def _along(parts: Parts, driver: tuple[str, ...], layout: Layout) -> tuple[list[Branch], bool]:
    """Give the conditions along one index with all that SQL can tell of a row, and if nothing is left."""
    known = parts if driver else Parts(lists=parts.lists)  # along all there is, a scan is to be noticed
    more = filters(known, layout, driver)
    if len(more.params) > MOST_PARAMS:
        more = Filter("", exact=False)
    choices = [[(field, point) for point in _points(parts, field)] for field in driver]
    exact = more.exact and _decide(parts, driver)
    branches = [_one_branch(choice, (more.sql, more.params)) for choice in itertools.product(*choices)]
    return branches, exact


def _ways(
    parts: Parts, layout: Layout, order: str | None, driver: tuple[str, ...]
) -> list[tuple[Parts, tuple[str, ...]]]:
    """Give the sides of an OR, each with the index along which it goes, where each has one of its own."""
    for sides in parts.either:
        found = []
        for side in sides[:_MOST_BRANCHES]:
            own = split(side, layout)
            both = parts.joined(own)
            way = _driver(both, layout, order) or ()
            if len(way) >= len(driver) and own.equal.keys() & set(way):
                found.append((both, way))
        if len(found) == len(sides) and sum(_number(*each) for each in found) <= _MOST_BRANCHES:
            return found
    return [(parts, driver)]


def _number(parts: Parts, driver: tuple[str, ...]) -> int:
    """Give the number of branches along an index."""
    return math.prod(len(_points(parts, field)) for field in driver)


def _driver(parts: Parts, layout: Layout, order: str | None) -> tuple[str, ...] | None:
    """Give the equality fields of the longest index that then goes by the order, or None."""
    best: tuple[str, ...] | None = () if order is None else None
    for index in layout.indexes:
        if order is not None and index[-1] != order:
            continue
        fields = index if order is None else index[:-1]
        if 0 < _number(parts, fields) <= _MOST_BRANCHES and (best is None or len(fields) > len(best)):
            best = fields
    return best


def _points(parts: Parts, field: str) -> list[Any]:
    """Give the single values that a field may have by the query."""
    for term in parts.equal.get(field, ()):
        if term.points is not None:
            return list(dict.fromkeys(term.points))
    return []


def _selective(parts: Parts, driver: tuple[str, ...]) -> bool:
    """Say if the query asks for more than the driving index knows."""
    return bool(parts.lists or parts.either or parts.ranges or parts.equal.keys() - set(driver))


def _decide(parts: Parts, driver: tuple[str, ...]) -> bool:
    """Say if the driver's values mean the same in SQL; without one, if only lists are asked for."""
    if not driver:
        return not (parts.rest or parts.either or parts.ranges or parts.equal)
    of_driver = [parts.equal[field] for field in driver]
    is_same = all(len(terms) == 1 and terms[0].exact for terms in of_driver)
    return is_same and not parts.ranges.keys() & set(driver)


def _are_few(rows: Rows, candidates: Plan) -> bool:
    return not more_than(rows, _FEW, candidates.select, candidates.params)


def more_than(rows: Rows, number: int, select: str, params: tuple[Any, ...] = ()) -> bool:
    """Say if a select gives more rows than a number; no more than that are read."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM ({select}) LIMIT {number + 1})"
    return bool(rows.connection.execute(sql, params).fetchone()[0] > number)


def _one_branch(choice: Iterable[tuple[str, Any]], more: Branch) -> Branch:
    conditions, params = [], []
    for field, point in choice:
        conditions.append(f"{expression(field)} IS NULL" if point is None else f"{expression(field)} = ?")
        params += [] if point is None else [point]
    return " AND ".join(filter(None, (*conditions, more[0]))), (*params, *more[1])


def _key(row: Any) -> tuple[int, Any, int]:
    """Give a row's place in SQLite's order."""
    value = row[4]
    if value is None:
        return 0, 0, row[0]
    return (2 if isinstance(value, str) else 1), value, row[0]


def _cursor(wanted: Page, row: Any) -> str:
    return _encoded([wanted.order, wanted.newest_first, None if wanted.order is None else row[4], row[0]])


def _encoded(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def _start(wanted: Page) -> tuple[Any, int] | None:
    """Read the cursor. Raises ValueError where it is none, or of another order."""
    if wanted.after is None:
        return None
    try:
        text = wanted.after + "=" * (-len(wanted.after) % 4)
        order, newest_first, value, pos = orjson.loads(base64.b64decode(text, altchars=b"-_", validate=True))
    except (ValueError, TypeError):
        raise ValueError("this cursor is not one of ours") from None
    if (order, newest_first) != (wanted.order, wanted.newest_first):
        raise ValueError("this cursor belongs to a list in another order")
    if type(pos) is not int or type(value) not in (str, int, float, type(None)) or not _in_sqlite(pos, value):
        raise ValueError("this cursor is not one of ours")
    return value, pos


def _in_sqlite(*values: Any) -> bool:
    return all(not isinstance(value, int) or -(2**63) <= value < 2**63 for value in values)
