"""What `check` finds, and that what it lets pass cannot go wrong on any text."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.flowbuilder import checking, matching, starters, transcripts
from plugins.flowbuilder.matching import Keyword, Matcher
from tests.test_flows_running import SHOP, flow


def said(id: str, to: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": id, "kind": "message", "text": id, "to": {"next": to} if to else {}, **more}


ASK = {"id": "q", "kind": "ask", "text": "?", "field": "x"}
REGEX = {"on": "keyword", "way": "regex"}
CONDITION = {"id": "c", "kind": "condition"}
MENU = {
    "id": "m",
    "kind": "menu",
    "text": "?",
    "options": [{"id": "1", "title": "A"}],
    "to": {"option.1": "a"},
}


@pytest.mark.parametrize(
    ("definition", "where", "says"),
    [
        ([], None, "a JSON object"),
        ({"name": "x"}, None, "start: Missing"),
        (flow(said("a", "b")), "a", "next leads to 'b', which is no node"),
        (flow(said("a"), said("a")), "a", "two nodes have this id"),
        (flow({"id": "a", "kind": "song"}), "a", "kind is one of message, menu"),
        (flow(said("a", colour=1)), "a", "colour: Unknown field"),
        (flow(said("a", parent="z")), "a", "its parent 'z' is no node"),
        (flow(said("a", "b"), said("b", "c"), said("c", "a")), "a", "wait: a → b → c → a"),
        (flow(said("a", "a")), "a", "a circle without a wait: a → a"),
        (flow({**MENU, "to": {}}), "m", "option 1 leads nowhere"),
        (flow({**MENU, "to": {"option.2": "m"}}), "m", "no way out 'option.2'; it has option.1"),
        (flow({"id": "a", "kind": "message", "text": " "}), "a", "it says nothing"),
        (flow({**ASK, "type": "choice"}), "q", "needs choices"),
        (flow({**ASK, "type": "regex", "pattern": "(?=a)"}), "q", "no reg"),
        (flow({"id": "w", "kind": "wait"}), "w", "either minutes or until"),
        (flow({"id": "h", "kind": "http", "url": "ftp://x/"}), "h", "begins with https://"),
        (flow({"id": "h", "kind": "http", "url": "https://{{host}}/"}), "h", "begins with https://"),
        ({**flow(said("a")), "start": "b"}, None, "it starts at 'b'"),
        ({**flow(said("a")), "triggers": [{"on": "keyword"}]}, None, "a keyword is needed"),
        ({**flow(said("a")), "triggers": [{**REGEX, "words": ["("]}]}, None, "no reg"),
        (flow({**CONDITION, "cases": [{"id": "1", "when": {"x": 1}}]}), "c", "needs all, any"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_of_its_node(definition: Any, where: str | None, says: str):
    problems = [p for p in checking.check(definition) if p.level == "error"]
    assert [p for p in problems if p.node == where and says in p.message], problems


def test_what_is_odd_is_a_warning_and_does_not_stand_in_the_way():
    problems = checking.check({**flow(said("a"), said("b")), "triggers": []})
    assert {(p.node, p.code, p.level) for p in problems} == {
        ("b", "unreached", "warning"),
        (None, "untriggered", "warning"),
    }


def test_a_circle_with_a_wait_in_it_is_none():
    assert not checking.check(flow({**MENU}, said("a", "m")))


KEYWORDS = [
    Keyword("harga", "contains", "price"), Keyword("harga grosir", "contains", "bulk"),
    Keyword("halo", "exact", "hi"), Keyword("lokasi", "fuzzy", "place"),
    Keyword("pesan", "starts", "order"), Keyword(r"inv-?\d+", "regex", "invoice"),
    Keyword("promo", "contains", "sale", priority=5), Keyword("👍", "exact", "thumb"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("HALO!", "hi"), ("halo kak", None), ("berapa harga nya?", "price"), ("harga grosir berapa", "bulk"),
        ("pesan 2", "order"), ("mau pesan", None), ("cek INV-1234 dong", "invoice"), ("lokssi", "place"),
        ("loksi", "place"), ("lokasi", "place"), ("harga promo", "sale"), ("hargaku", None), ("", None),
        ("👍", "thumb"), ("ＨＡＬＯ", "hi"), ("...", None),
    ],
)  # fmt: skip
def test_which_keyword_fits(text: str, target: str | None):
    found = Matcher(KEYWORDS).best(text)
    assert (found.target if found else None) == target


@given(st.text(max_size=200))
def test_no_text_disturbs_a_matcher(text: str):
    Matcher(KEYWORDS).best(text.encode("utf-8", "replace").decode())
    matching.tokens_of(text)


KINDS = ["message", "menu", "ask", "condition", "set", "wait", "split", "end", "hand_over", "goto"]
IDS = ["a", "b", "c", "d", "e"]
TO = st.sampled_from(IDS)


@st.composite
def nodes(draw: Any, id: str) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(
            ["message", "menu", "ask", "condition", "set", "wait", "split", "end", "hand_over", "goto"]
        )
    )
    made: dict[str, Any] = {"id": id, "kind": kind, "parent": draw(st.none() | TO)}
    to: dict[str, str] = draw(st.fixed_dictionaries({}, optional={"next": TO}))
    if kind in ("message", "menu", "ask"):
        made["text"] = draw(st.sampled_from(["x", "{{name}} {{nix}}", "{{x|y}}", "😀"]))
    if kind == "menu":
        made["options"] = [{"id": "1", "title": "Satu"}, {"id": "2", "title": "Dua", "words": ["two"]}]
        to = {
            "option.1": draw(TO),
            "option.2": draw(TO),
            **draw(st.fixed_dictionaries({}, optional={"other": TO, "timeout": TO})),
        }
        made["timeout"] = draw(st.none() | st.integers(1, 9))
    if kind == "ask":
        made |= {
            "field": "x",
            "type": draw(st.sampled_from(["text", "number", "date", "email", "phone", "regex"])),
        }
        made |= {
            "pattern": r"\w+",
            "tries": draw(st.integers(1, 3)),
            "timeout": draw(st.none() | st.integers(1, 9)),
        }
        to |= draw(st.fixed_dictionaries({}, optional={"failed": TO, "timeout": TO}))
    if kind == "condition":
        made["cases"] = [{"id": "1", "when": {"field": "x", "op": "contains", "value": "a"}}]
        to = draw(st.fixed_dictionaries({}, optional={"case.1": TO, "else": TO}))
    if kind == "split":
        made["paths"] = [{"id": "l"}, {"id": "r"}]
        to = draw(st.fixed_dictionaries({}, optional={"path.l": TO, "path.r": TO}))
    made |= {
        "set": {"field": "x", "value": "{{message}}"},
        "wait": {"minutes": 1},
        "goto": {"flow": "Uji"},
    }.get(kind, {})
    return {**made, "to": {} if kind in ("end", "hand_over", "goto") else to}


FLOWS = st.tuples(*(nodes(id) for id in IDS)).map(lambda made: flow(*made))
TEXTS = st.one_of(
    st.sampled_from(
        ["1", "2", "satu", "menu", "kembali", "agen", "batal", "", " ", "‏مرحبا", "a" * 65_536, "\ud800", "😀"]
    ),
    st.text(max_size=40),
)


@settings(max_examples=300, deadline=None)
@given(FLOWS, st.lists(TEXTS | st.integers(1, 3000), max_size=12))
def test_what_passes_the_check_ends_or_waits_whatever_is_written(
    definition: dict[str, Any], said: list[str | int]
):
    if any(problem.level == "error" for problem in checking.check(definition)):
        return
    chat = transcripts.chat_of(definition, {})
    chat.around.library = lambda name: chat.flow
    chat.writes("halo")
    for each in said:
        before = len(chat.said)
        if isinstance(each, int):
            chat.waits(each * 60)
        else:
            chat.writes(each)
        assert len(chat.said) - before < 200
        assert chat.session is None or chat.session["state"] in ("asking", "waiting", "calling")
        assert chat.session is None or chat.session["due"] > chat.around.at
        json.dumps(chat.session, ensure_ascii=False).encode("utf-8")


def test_a_flow_that_is_asked_by_another_is_the_same_after_a_round_trip():
    assert checking.loaded(checking.loaded(SHOP)) == checking.loaded(SHOP)


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("key", starters.keys())
def test_a_ready_made_flow_can_be_published_as_it_is(key: str, language: str):
    definition = starters.definition(key, language)
    assert checking.check(definition) == []
    assert definition["language"] == language and len(definition["nodes"]) >= 4


def test_an_empty_canvas_is_a_draft_to_begin_with():
    assert starters.definition("", "id") == {
        "name": "Alur baru",
        "language": "id",
        "triggers": [],
        "nodes": [],
    }
