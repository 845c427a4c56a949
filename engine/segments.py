"""Segments: who among the contacts a condition is about, at the speed of the store's own comparisons.

A segment is a saved condition (`engine.conditions`) over contacts. Besides a contact's own fields it
may look at

- ``labels``: those of any conversation with the contact (``has``, ``has_not``, ``known``, ``unknown``);
- ``last_message_at``: when anything was last said in any of them, by either side (``before``,
  ``after``, ``known``, ``unknown``);
- ``country``: of the contact's number, as two letters (``is``, ``is_not``, ``one_of``).

A time may be told from now: ``-30d`` is thirty days before the moment that is asked about. What is
compared is what `engine.conditions` compares. Contacts who were erased belong to no segment.
"""

import functools
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import phonenumbers

from engine import conditions, times
from engine.conditions import Condition
from engine.documents import Database
from engine.documents.tables import expression, indexable, json_path, list_table, table_name
from engine.phones import country_of

Document = dict[str, Any]
Sql = tuple[str, list[Any]]

MOST = 500
DAY = 86400.0
FLAGS = ("blocked", "opted_out")  # objects, or null
_AGO = re.compile(r"-(\d{1,5})d")
_CONTACT, _CONVERSATION = table_name("contact"), table_name("conversation")
_BY = "json_extract(doc,'$.contact')"
_SAID = expression("last_message_at")
_HERE = f"{expression('erased_at')} IS NULL"


def members(
    documents: Database,
    condition: Condition,
    after: str | None = None,
    limit: int = MOST,
    at: str | None = None,
) -> tuple[list[Document], str | None]:
    """Return up to *limit* contacts for whom *condition* holds, and where to go on, or None.

    They come in the order in which they were added, which is the same in every replay; one who is
    added or changed meanwhile is met where they stand. after: what the call before returned. at: the
    moment (RFC 3339) from which ``-30d`` counts; a hook gives its event's. Raises ValueError for what
    is no condition, or no place to go on.
    """
    where, params = _prepared(documents, condition, at)
    start = f"SELECT pos, id, doc, NULL FROM {_CONTACT} WHERE pos > ?"
    sql = f"{start} AND {_HERE} AND {where} ORDER BY pos LIMIT ?"
    asked = (_place(after), *params, limit + 1)
    rows = documents._rows.connection.execute(sql, asked).fetchall()
    table = documents.table("contact")
    found = [{**table._document(row), "id": row[1]} for row in rows[:limit]]
    return found, str(rows[limit - 1][0]) if len(rows) > limit else None


def count(documents: Database, condition: Condition, at: str | None = None) -> int:
    """Return for how many contacts *condition* holds. Raises ValueError for what is no condition."""
    where, params = _prepared(documents, condition, at)
    sql = f"SELECT count(*) FROM {_CONTACT} WHERE {_HERE} AND {where}"
    return int(documents._rows.connection.execute(sql, params).fetchone()[0])


def has(documents: Database, condition: Condition, contact: str, at: str | None = None) -> bool:
    """Return whether *condition* holds for one contact, named by id."""
    where, params = _prepared(documents, condition, at)
    sql = f"SELECT 1 FROM {_CONTACT} WHERE id = ? AND {_HERE} AND {where}"
    return documents._rows.connection.execute(sql, (contact, *params)).fetchone() is not None


def check(condition: Any) -> None:
    """Raise ValueError, saying where and why, unless *condition* can be a segment's."""
    conditions.check(condition)
    _sql(condition, "9999-01-01T00:00:00.000000Z", frozenset())


def ids_of(documents: Database, condition: Condition, at: str | None = None) -> list[str]:
    """Return the ids of all contacts for whom *condition* holds, in the order of `members`."""
    where, params = _prepared(documents, condition, at)
    sql = f"SELECT id FROM {_CONTACT} WHERE {_HERE} AND {where} ORDER BY pos"
    return [id for (id,) in documents._rows.connection.execute(sql, params)]


def _prepared(documents: Database, condition: Condition, at: str | None) -> Sql:
    conditions.check(condition)
    connection = documents._rows.connection
    with suppress(sqlite3.OperationalError):  # they are there already, and in use
        connection.create_function("folded", 1, _folded, deterministic=True)
        connection.create_function("country_of", 1, _country_of, deterministic=True)
    return _sql(condition, at, documents._rows.hidden)


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not re.fullmatch(r"\d{1,18}", after):
        raise ValueError("this is no place of a segment to go on from")
    return int(after)


_country_of = functools.lru_cache(maxsize=65536)(country_of)


def _folded(text: Any) -> str | None:
    return text.casefold() if isinstance(text, str) else None


def _sql(condition: Condition, at: str | None, hidden: frozenset[str]) -> Sql:
    """Return the SQL condition on a contact's row that holds just where *condition* does."""
    if "not" in condition:
        inner, params = _sql(condition["not"], at, hidden)
        return f"NOT coalesce({inner}, 0)", params
    if "any" in condition:
        return _joined(" OR ", condition["any"], "0", at, hidden)
    if "field" in condition:
        return _leaf(condition, at, hidden)
    return _joined(" AND ", condition.get("all", ()), "1", at, hidden)


def _joined(by: str, parts: Any, empty: str, at: str | None, hidden: frozenset[str]) -> Sql:
    made = [_sql(part, at, hidden) for part in parts]
    if not made:
        return empty, []
    return f"({by.join(sql for sql, _ in made)})", [value for _, params in made for value in params]


def _leaf(part: Condition, at: str | None, hidden: frozenset[str]) -> Sql:
    name, op = part["field"], part["op"]
    value = _from_now(part.get("value"), op, at)
    if name in _ELSEWHERE:
        build = _ELSEWHERE[name].get(op)
        if build is None:
            raise ValueError(f"{name} takes {', '.join(_ELSEWHERE[name])}, not {op}")
        return ("0", []) if name in hidden else build(value)
    if not indexable(name) or ":" in name:
        raise ValueError(f"{name!r} is no field's name")
    if name.partition(".")[0] in hidden and "." in name:
        return ("1" if op in ("unknown", "is_not", "has_not") else "0"), []
    return _OWN[op](name, value)


def _from_now(value: Any, op: str, at: str | None) -> Any:
    """Return the moment that ``-30d`` stands for, as text; other values as they are."""
    found = _AGO.fullmatch(value) if op in ("before", "after") and isinstance(value, str) else None
    if not found:
        return value
    if at is None:
        raise ValueError(f"{value} needs the moment from which it counts")
    return times.add(at, -DAY * int(found[1]))


# A contact's own fields


def _type(name: str) -> str:
    return f"json_type(doc,{json_path(name)})"


def _is(name: str, value: Any) -> Sql:
    if value is None:
        return f"{_type(name)} = 'null'", []
    if isinstance(value, str):
        return f"({expression(name)} = ? AND {_type(name)} = 'text')", [value]
    kinds = "'true','false','integer','real'"
    return f"({expression(name)} = ? AND {_type(name)} IN ({kinds}))", [
        int(value) if isinstance(value, bool) else value
    ]


def _not(build: Callable[[str, Any], Sql]) -> Callable[[str, Any], Sql]:
    def built(name: str, value: Any) -> Sql:
        sql, params = build(name, value)
        return f"NOT coalesce({sql}, 0)", params

    return built


def _has(name: str, value: Any) -> Sql:
    found = f"SELECT 1 FROM json_each(doc,{json_path(name)}) WHERE value = ?"
    return f"({_type(name)} = 'array' AND EXISTS ({found}))", [value]


def _one_of(name: str, values: list[Any]) -> Sql:
    """Return the condition on any number of values: as one list of texts and one of figures."""
    texts = [value for value in values if isinstance(value, str)]
    figures = [value for value in values if isinstance(value, bool | int | float)]
    made = [_is(name, None)] if None in values else []
    for kinds, those in (("'text'", texts), ("'true','false','integer','real'", figures)):
        if those:
            listed = f"{expression(name)} IN (SELECT value FROM json_each(?))"
            made.append((f"({listed} AND {_type(name)} IN ({kinds}))", [json.dumps(those)]))
    return f"({' OR '.join(sql for sql, _ in made) or '0'})", [v for _, params in made for v in params]


def _contains(name: str, value: str) -> Sql:
    return f"({_type(name)} = 'text' AND instr(folded({expression(name)}), ?) > 0)", [value.casefold()]


def _starts(name: str, value: str) -> Sql:
    return f"({_type(name)} = 'text' AND instr(folded({expression(name)}), ?) = 1)", [value.casefold()]


def _compare(operator: str, kinds: str) -> Callable[[str, Any], Sql]:
    def build(name: str, value: Any) -> Sql:
        return f"({expression(name)} {operator} ? AND {_type(name)} IN ({kinds}))", [value]

    return build


def _known(name: str, _: Any) -> Sql:
    if name in FLAGS:  # few have them: their index tells who, before anybody else is looked at
        return f"pos IN (SELECT pos FROM {_CONTACT} WHERE {expression(name)} > '')", []
    return f"{expression(name)} IS NOT NULL", []


_OWN: dict[str, Callable[[str, Any], Sql]] = {
    "is": _is,
    "is_not": _not(_is),
    "has": _has,
    "has_not": _not(_has),
    "contains": _contains,
    "starts": _starts,
    "one_of": _one_of,
    "before": _compare("<", "'text'"),
    "after": _compare(">", "'text'"),
    "at_least": _compare(">=", "'integer','real'"),
    "at_most": _compare("<=", "'integer','real'"),
    "known": _known,
    "unknown": _not(_known),
}


# What stands elsewhere


def _labelled(which: str, params: list[Any]) -> Sql:
    side = list_table(_CONVERSATION, "labels")
    return f"id IN (SELECT {_BY} FROM {_CONVERSATION} WHERE pos IN (SELECT pos FROM {side}{which}))", params


def _spoke(which: str, params: list[Any]) -> Sql:
    return f"id IN (SELECT {_BY} FROM {_CONVERSATION} WHERE {_SAID} {which})", params


def _last_before(value: Any) -> Sql:
    then, params = _spoke("< ?", [value])
    since, more = _spoke(">= ?", [value])
    return f"({then} AND NOT {since})", [*params, *more]


def _in_country(value: Any) -> Sql:
    """Return the condition on a number's beginning; one that several countries share is looked at."""
    code = phonenumbers.country_code_for_region(str(value).upper())
    if not code:
        return "0", []
    phone = expression("phone")
    between, params = f"({phone} >= ? AND {phone} < ?", [f"+{code}", f"+{code}:"]
    if len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]) == 1:
        return f"{between})", params
    return f"{between} AND country_of({phone}) = ?)", [*params, str(value).upper()]


def _in_countries(values: Any) -> Sql:
    made = [_in_country(value) for value in dict.fromkeys(str(value).upper() for value in values)]
    made = [each for each in made if each[1]]  # what is no country is nobody's
    return f"({' OR '.join(sql for sql, _ in made) or '0'})", [v for _, params in made for v in params]


def _turned(build: Callable[[Any], Sql]) -> Callable[[Any], Sql]:
    def built(value: Any) -> Sql:
        sql, params = build(value)
        return f"NOT coalesce({sql}, 0)", params

    return built


_ELSEWHERE: dict[str, dict[str, Callable[[Any], Sql]]] = {
    "labels": {
        "has": lambda value: _labelled(" WHERE value = ?", [value]),
        "has_not": _turned(lambda value: _labelled(" WHERE value = ?", [value])),
        "known": lambda _: _labelled("", []),
        "unknown": _turned(lambda _: _labelled("", [])),
    },
    "last_message_at": {
        "before": _last_before,
        "after": lambda value: _spoke("> ?", [value]),
        "known": lambda _: _spoke("IS NOT NULL", []),
        "unknown": _turned(lambda _: _spoke("IS NOT NULL", [])),
    },
    "country": {"is": _in_country, "is_not": _turned(_in_country), "one_of": _in_countries},
}

__all__ = ["check", "count", "has", "ids_of", "members"]
