"""Conditions as data hold for the same documents in Python, in SQL and by their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import conditions
from engine.documents import Collection, Database

BUDI = {
    "name": "Budi",
    "age": 40,
    "labels": ["vip", "jkt"],
    "seen": "2026-11-20T08:00:00.000000Z",
    "city": None,
}
SARI = {"name": "Sari Budiman", "age": 25, "labels": [], "seen": "2026-10-01T08:00:00.000000Z"}


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("name", "is", "Budi", (True, False)),
        ("name", "is_not", "Budi", (False, True)),
        ("phone", "is_not", "+62", (True, True)),
        ("name", "contains", "BUDI", (True, True)),
        ("name", "starts", "sari", (False, True)),
        ("age", "contains", "4", (False, False)),
        ("labels", "has", "vip", (True, False)),
        ("labels", "has_not", "vip", (False, True)),
        ("labels", "has", "jk", (False, False)),
        ("age", "at_least", 40, (True, False)),
        ("age", "at_most", 39.5, (False, True)),
        ("name", "at_least", 0, (False, False)),
        ("seen", "after", "2026-11-01", (True, False)),
        ("seen", "before", "2026-11-01", (False, True)),
        ("age", "one_of", [1, 25], (False, True)),
        ("city", "known", None, (False, False)),
        ("city", "unknown", None, (True, True)),
        ("age", "known", None, (True, True)),
    ],
)
def test_each_operator(field, op, value, expected):
    condition = {"field": field, "op": op, "value": value}
    assert (conditions.holds(condition, BUDI), conditions.holds(condition, SARI)) == expected


def test_groups():
    vip = {"field": "labels", "op": "has", "value": "vip"}
    young = {"field": "age", "op": "at_most", "value": 30}
    assert conditions.holds({"any": [vip, young]}, SARI)
    assert not conditions.holds({"all": [vip, young]}, SARI)
    assert conditions.holds({"all": [{"not": vip}, young]}, SARI)
    assert conditions.holds({}, SARI) and conditions.holds({"all": []}, SARI)
    assert not conditions.holds({"any": []}, SARI)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([], "an object is needed"),
        ({"all": {}}, "condition.all: a list"),
        ({"all": [{"field": "name"}]}, r"condition.all\[0\]: needs all, any, not, or field"),
        ({"field": "name", "op": "like", "value": "x"}, "op is one of is, is_not"),
        ({"field": "secret", "op": "known"}, "there is no field 'secret'"),
        ({"field": "age", "op": "at_least", "value": "40"}, "at_least takes a number, not '40'"),
        ({"field": "age", "op": "at_least", "value": True}, "takes a number"),
        ({"field": "name", "op": "one_of", "value": [[1]]}, "one_of takes a list"),
        ({"not": {}, "all": []}, "needs all, any, not"),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(wrong, says):
    with pytest.raises(ValueError, match=says):
        conditions.check(wrong, {"name", "age"})


def test_too_deep_and_too_many_are_refused():
    deep: dict = {}
    for _ in range(conditions.DEPTH + 1):
        deep = {"not": deep}
    with pytest.raises(ValueError, match="deep"):
        conditions.check(deep)
    with pytest.raises(ValueError, match="at most"):
        conditions.check({"all": [{}] * (conditions.PARTS + 1)})


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "a", "Ab", "b", "2026-11-01"])
)
DOCUMENTS = st.lists(
    st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "l": st.lists(st.sampled_from("xyz"))}),
    max_size=8,
)


def _leaf():
    def of(op):
        value = {
            "contains": st.sampled_from(["a", "b", ""]),
            "starts": st.sampled_from(["a", "A"]),
            "before": st.sampled_from(["a", "2026-12"]),
            "after": st.sampled_from(["a", "2026-10"]),
            "at_least": st.integers(-3, 3),
            "at_most": st.integers(-3, 3),
            "one_of": st.lists(VALUES, max_size=3),
            "known": st.none(),
            "unknown": st.none(),
            "has": st.sampled_from("xyz"),
            "has_not": st.sampled_from("xyz"),
        }.get(op, VALUES)
        names = st.just("l") if op.startswith("has") else st.sampled_from(["a", "b"])
        return st.fixed_dictionaries({"field": names, "op": st.just(op), "value": value})

    return st.sampled_from(sorted(conditions.OPERATORS)).flatmap(of)


CONDITIONS = st.recursive(
    _leaf(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)


@given(DOCUMENTS, CONDITIONS)
def test_the_store_finds_what_holds(documents, condition):
    people = Collection("people", indexes=(("a",), ("b", "a")), lists=("l",))
    table = Database(":memory:", collections=(people,)).table("people")
    table.insert_multiple(documents)
    found = [dict(document) for document in table.search(conditions.query(condition))]
    assert found == [document for document in documents if conditions.holds(condition, document)]


def test_the_fields_of_a_condition():
    condition = {"all": [{"field": "a", "op": "known"}, {"not": {"any": [{"field": "b", "op": "unknown"}]}}]}
    assert conditions.fields_of(condition) == {"a", "b"}
