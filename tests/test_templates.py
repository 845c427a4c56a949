"""Texts with places: filled, defaulted, missing; and nothing in them is ever run."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import templates


@pytest.mark.parametrize(
    ("text", "fields", "shown", "missing"),
    [
        ("Halo {{name}}", {"name": "Dewi"}, "Halo Dewi", []),
        ("Halo {{ name | Kak }}!", {}, "Halo Kak!", []),
        ("Halo {{name|}}!", {}, "Halo !", []),
        ("{{a}} {{a}} {{b}}", {"a": None}, "  ", ["a", "b"]),
        ("{{contacts.city}}", {"contacts.city": "Bogor"}, "Bogor", []),
        ("{{order.number}}", {"order": {"number": 12.0}}, "12", []),
        ("{{order}}", {"order": {"number": 12}}, "", ["order"]),
        ("{{items}}", {"items": ["teh", "kopi"]}, "teh, kopi", []),
        ("{{nama_depan|Kak}}", {"nama_depan": "  "}, "Kak", []),
        ("harga {10} {{}} {{1x}} {{a b}}", {"a": "x"}, "harga {10} {{}} {{1x}} {{a b}}", []),
        ("{{名前}}さん", {"名前": "花子"}, "花子さん", []),
    ],
)
def test_places_are_filled(text: str, fields: dict, shown: str, missing: list[str]) -> None:
    assert templates.render(text, fields) == (shown, missing)


def test_a_value_is_never_a_template() -> None:
    assert templates.render("{{a}}", {"a": "{{b}}", "b": "secret"}) == ("{{b}}", [])


@pytest.mark.parametrize("text", ["{{a.__class__}}", "{{a.__class__.__mro__}}", "{{'a'*10**9}}", "{% for %}"])
def test_there_is_no_way_to_code(text: str) -> None:
    shown, _ = templates.render(text, {"a": "x"})
    assert "class" not in shown or shown == text


@given(st.text(alphabet="{}|ab. ", max_size=40), st.dictionaries(st.sampled_from("ab"), st.text(max_size=5)))
def test_every_text_can_be_rendered(text: str, fields: dict[str, str]) -> None:
    shown, missing = templates.render(text, fields)
    assert set(missing) <= set(templates.names(text))
    if not templates.names(text):
        assert shown == text


def test_the_cost_is_that_of_the_text() -> None:
    started = time.perf_counter()
    templates.render("{{a|" * 20_000 + "{{" * 20_000, {"a": "x" * 100_000})
    assert time.perf_counter() - started < 1
    assert len(templates.render("{{a}}", {"a": "x" * 100_000})[0]) == templates.LONGEST_VALUE
