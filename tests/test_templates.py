"""Gaps in texts are filled from fields, with defaults, and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import templates

DEWI = {"name": "Dewi", "age": 31, "contacts.city": "Bogor", "vip": True, "labels": ["a", "b"], "empty": " "}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Halo {{name}}!", "Halo Dewi!"),
        ("Halo {{ name | Kak }}!", "Halo Dewi!"),
        ("Halo {{nick|Kak}}!", "Halo Kak!"),
        ("Halo {{nick}}!", "Halo !"),
        ("{{empty|nothing}}", "nothing"),
        ("{{age}} {{vip}} {{labels}} {{contacts.city}}", "31 true a, b Bogor"),
        ("{name} {{}} {{ 1 }} {{name", "{name} {{}} {{ 1 }} {{name"),
        ("{{name.__class__}}{{7*7}}{{a|b|c}}", "{{7*7}}{{a|b|c}}"),
        ("", ""),
    ],
)
def test_filling(text, filled):
    assert templates.fill(text, DEWI) == filled


def test_a_gap_in_a_value_stays_what_it_is():
    assert templates.fill("{{name}}", {"name": "{{secret}}", "secret": "x"}) == "{{secret}}"


def test_what_is_missing_is_named_once_and_in_order():
    text = "{{b}} {{a}} {{b}} {{c|d}} {{name}}"
    assert templates.missing_in(text, DEWI) == ["b", "a"]
    assert templates.fields_in(text) == ["b", "a", "c", "name"]


@given(st.text(), st.dictionaries(st.sampled_from(["a", "b"]), st.text()))
def test_any_text_is_filled(text, fields):
    filled = templates.fill(text, fields)
    assert len(filled) <= templates.LIMIT
    if "{{" not in text:
        assert filled == text[: templates.LIMIT]


def test_a_text_and_what_it_lacks_come_together() -> None:
    text = "Halo {{name|Kak}}, pesanan {{order}} dan {{order}}"
    assert templates.render(text, {"name": "Dewi", "order": 7}) == ("Halo Dewi, pesanan 7 dan 7", [])
    assert templates.render(text, {"name": "{{order}}"}) == ("Halo {{order}}, pesanan  dan ", ["order"])
