"""Segments: the store's comparisons say the same as conditions do, contact by contact."""

import random
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from engine import conditions, segments
from engine.documents import Database, create_tables
from engine.schemas import COLLECTIONS

NOW = "2031-03-10T01:00:00.000000Z"
CITIES = ["Bandung", "bandung barat", "Solo", None, "[Solo]"]
ODD = [None, True, 1, 0, 1.0, 4.5, -3, "1", "", ["Solo", 1], {"a": 1}]


@pytest.fixture
def documents() -> Iterator[Database]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(connection, COLLECTIONS)
    yield Database(connection=connection, collections=COLLECTIONS, string_ids=True)
    connection.close()


def person(documents: Database, id: str, phone: str = "+628130000", **fields: Any) -> dict[str, Any]:
    contact = {"id": id, "name": id, "phone": phone, "aliases": [f"{phone[1:]}@c.us"], **fields}
    documents.table("contact").insert(contact)
    return contact


def talk(documents: Database, contact: str, at: str | None, *labels: str) -> None:
    said = {"contact": contact, "labels": list(labels), "last_message_at": at}
    id = f"{contact}-{len(documents.table('conversation'))}"
    documents.table("conversation").insert({"id": id, **said})


def names(documents: Database, condition: Any, **how: Any) -> list[str]:
    found, following = segments.members(documents, condition, at=NOW, **how)
    assert following is None
    assert len(found) == segments.count(documents, condition, at=NOW)
    assert [each["id"] for each in found] == segments.ids_of(documents, condition, at=NOW)
    return [each["id"] for each in found]


def field(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": name, "op": op, "value": value}


def some_condition(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    if depth < 3 and rng.random() < 0.4:
        key = rng.choice(["all", "any", "not"])
        parts = [some_condition(rng, depth + 1) for _ in range(rng.randint(0, 3))]
        return {"not": some_condition(rng, depth + 1)} if key == "not" else {key: parts}
    op = rng.choice(list(conditions.OPERATORS))
    text = rng.choice(["Bandung", "band", "Solo", "", "1", "2031-03-05", "[Solo]"])
    values = {"one_of": [text, None, 1], "at_least": rng.choice([1, 4.5, -3]), "at_most": 2}
    values |= dict.fromkeys(("contains", "starts", "before", "after"), text)
    values |= dict.fromkeys(("known", "unknown"))
    anything = rng.choice([text, None, True, 1, 4.5])
    return field(rng.choice(["name", "contacts.city", "contacts.odd"]), op, values.get(op, anything))


def test_members_are_those_for_whom_the_condition_holds(documents: Database) -> None:
    rng, people = random.Random(7), []
    for number in range(60):
        fields = {"contacts.city": rng.choice(CITIES), "contacts.odd": rng.choice(ODD)}
        kept = {key: value for key, value in fields.items() if rng.random() < 0.8}
        people.append(person(documents, f"{rng.choice(CITIES)} {number}", **kept))
    met = 0
    for _ in range(400):
        condition = some_condition(rng)
        if any(_looks_into_a_text(condition, each) for each in people):
            continue
        wanted = [each["id"] for each in people if conditions.holds(condition, each)]
        assert names(documents, condition) == wanted, condition
        met += 0 < len(wanted) < 60
    assert met > 50


def _looks_into_a_text(condition: Any, contact: dict[str, Any]) -> bool:
    """Whether `has` asks a text or an object for a member, which conditions take letter by letter."""
    if "field" in condition:
        found = contact.get(condition["field"])
        return condition["op"] in ("has", "has_not") and isinstance(found, str | dict)
    inner = condition.get("all") or condition.get("any") or []
    inner = [condition["not"]] if "not" in condition else inner
    return any(_looks_into_a_text(each, contact) for each in inner)


def test_labels_are_those_of_any_conversation(documents: Database) -> None:
    for name in ("Dewi", "Andi", "Budi"):
        person(documents, name)
    talk(documents, "Dewi", NOW, "vip")
    talk(documents, "Dewi", NOW)
    talk(documents, "Andi", NOW, "new")
    assert names(documents, field("labels", "has", "vip")) == ["Dewi"]
    assert names(documents, field("labels", "has_not", "vip")) == ["Andi", "Budi"]
    assert names(documents, field("labels", "unknown")) == ["Budi"]
    either = {"any": [field("labels", "has", "vip"), field("labels", "has", "new")]}
    assert names(documents, {"not": either}) == ["Budi"]


def test_while_labels_are_off_nobody_has_one(documents: Database) -> None:
    person(documents, "Dewi", **{"labels.x": 1})
    talk(documents, "Dewi", NOW, "vip")
    hidden = Database(
        connection=documents._rows.connection,
        collections=COLLECTIONS,
        string_ids=True,
        read_only=True,
        hidden=frozenset({"labels"}),
    )
    assert names(hidden, field("labels", "has", "vip")) == []
    assert names(hidden, field("labels.x", "known")) == []
    assert names(hidden, field("labels.x", "is_not", 1)) == ["Dewi"]


def test_the_last_word_of_all_conversations_counts(documents: Database) -> None:
    for name in ("Dewi", "Andi", "Budi"):
        person(documents, name)
    talk(documents, "Dewi", "2031-01-01T00:00:00.000000Z")
    talk(documents, "Dewi", "2031-03-09T00:00:00.000000Z")
    talk(documents, "Andi", "2031-01-01T00:00:00.000000Z")
    talk(documents, "Budi", None)
    assert names(documents, field("last_message_at", "after", "-30d")) == ["Dewi"]
    assert names(documents, field("last_message_at", "before", "-30d")) == ["Andi"]
    assert names(documents, field("last_message_at", "unknown")) == ["Budi"]
    with pytest.raises(ValueError, match="the moment from which"):
        segments.count(documents, field("last_message_at", "after", "-30d"))


def test_a_country_is_told_from_the_number(documents: Database) -> None:
    person(documents, "Dewi", "+6281300004521")
    person(documents, "Sam", "+12025550123")
    person(documents, "Céline", "+15145550123")
    assert names(documents, field("country", "is", "ID")) == ["Dewi"]
    assert names(documents, field("country", "is", "CA")) == ["Céline"]
    assert names(documents, field("country", "one_of", ["US", "ID"])) == ["Dewi", "Sam"]
    assert names(documents, field("country", "is_not", "ID")) == ["Sam", "Céline"]


def test_one_of_takes_as_many_as_a_list_has(documents: Database) -> None:
    many = [f"{number}" for number in range(1500)]
    person(documents, "Dewi", **{"contacts.city": "1499"})
    person(documents, "Andi", **{"contacts.city": 1499})
    person(documents, "Budi", **{"contacts.city": None})
    person(documents, "Céline", **{"contacts.city": True})
    assert names(documents, field("contacts.city", "one_of", many)) == ["Dewi"]
    assert names(documents, field("contacts.city", "one_of", [*range(2, 1500), None])) == ["Andi", "Budi"]
    assert names(documents, field("contacts.city", "one_of", [True])) == ["Céline"]
    assert names(documents, field("country", "one_of", ["ID", *many])) == ["Dewi", "Andi", "Budi", "Céline"]


def test_the_erased_belong_to_no_segment(documents: Database) -> None:
    person(documents, "Dewi", erased_at=NOW)
    assert names(documents, {}) == []


def test_who_opted_out_is_told_by_an_index(documents: Database) -> None:
    person(documents, "Dewi", opted_out={"at": NOW, "reason": None, "source": "word"}, blocked=None)
    person(documents, "Andi", opted_out=None)
    person(documents, "Budi")
    assert names(documents, field("opted_out", "known")) == ["Dewi"]
    assert names(documents, field("opted_out", "unknown")) == ["Andi", "Budi"]
    assert names(documents, field("blocked", "known")) == []


def test_members_come_page_by_page(documents: Database) -> None:
    for number in range(25):
        person(documents, f"Pelanggan {number}")
    seen: list[str] = []
    after = None
    while True:
        found, after = segments.members(documents, {}, after, limit=10)
        seen += [each["id"] for each in found]
        if after is None:
            break
    assert seen == [f"Pelanggan {number}" for number in range(25)]
    assert segments.has(documents, field("name", "starts", "pelanggan"), "Pelanggan 3")
    assert not segments.has(documents, field("name", "is", "x"), "Pelanggan 3")
    with pytest.raises(ValueError, match="no place"):
        segments.members(documents, {}, "x")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"field": "labels", "op": "at_least", "value": 1}, "labels takes has, has_not"),
        ({"field": "name"}, "needs all, any, not"),
        ({"field": 'a"b', "op": "known"}, "no field's name"),
        ({"field": "name", "op": "contains", "value": 5}, "takes a text"),
    ],
    ids=str,
)
def test_what_is_no_segment_is_told(wrong: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        segments.check(wrong)
