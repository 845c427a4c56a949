"""What actions did and why some were refused: in words, in both languages, for all of the core."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from engine import facts, plugins
from engine.handlers.people import LAST_ADMIN
from web.pages import deeds, reasons

from .web_stack import Stack, running

ENGINE = Path(plugins.__file__).parent
NAMES = {"agent": "Budi", "name": "Gudang", "label": "Keluhan", "text": "Halo", "until": "besok"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        yield found


@pytest.fixture(params=["en", "id"])
def app(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Flask]:
    with stack.app.test_request_context(), force_locale(request.param):
        yield stack.app


def refusals() -> set[str]:
    """Return every text with which the core refuses an action, “toko” in the place of what it names."""
    found = set()
    for path in ENGINE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                found.add(text_of(node.args[0]))
    return found


def text_of(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part) for part in parts)
        case ast.FormattedValue(conversion=conversion, value=value):
            is_type = ast.unparse(value).endswith(".type")
            return "labels.add" if is_type else "'toko'" if conversion == ord("r") else "toko"
        case ast.Name(id="LAST_ADMIN"):
            return LAST_ADMIN
    raise AssertionError(f"this refusal is not read here: {ast.unparse(node)}")


def test_every_refusal_of_the_core_has_words_of_its_own(app: Flask) -> None:
    found = refusals()
    assert len(found) > 30
    assert sorted(text for text in found if reasons.in_words(text) == text) == []


def test_no_refusal_is_left_in_english(stack: Stack) -> None:
    said = {}
    for language in ("en", "id"):
        with stack.app.test_request_context(), force_locale(language):
            said[language] = {text: reasons.in_words(text) for text in refusals()}
    assert [text for text, words in said["en"].items() if said["id"][text] == words] == []


def test_every_action_of_the_core_and_of_labels_has_words(stack: Stack) -> None:
    types = [type for type, kind in plugins.load().actions.items() if kind.plugin in ("core", "labels")]
    said = {}
    for language in ("en", "id"):
        with stack.app.test_request_context(), force_locale(language):
            said[language] = {type: deeds.in_words(type, NAMES) for type in types}
    assert [type for type, words in said["en"].items() if type.partition(".")[0] + ":" in words] == []
    assert [type for type, words in said["en"].items() if said["id"][type] == words] == []
    assert not any("%" in words for words in said["id"].values())


def test_every_event_of_the_core_has_a_title(stack: Stack) -> None:
    said = {}
    for language in ("en", "id"):
        with stack.app.test_request_context(), force_locale(language):
            said[language] = {type: deeds.title(type) for type in facts._FACTS}
    assert [type for type, words in said["en"].items() if said["id"][type] == words] == []


def test_an_action_that_nobody_has_words_for_is_told_by_its_name(app: Flask) -> None:
    told = deeds.in_words("visits.note_down", {"conversation": "c1", "page": "/harga"})
    assert told == "visits: note down /harga"


def test_long_texts_are_cut_and_what_is_missing_is_three_dots(app: Flask) -> None:
    assert len(deeds.in_words("message.send", {"text": "a" * 500})) < 100
    assert "…" in deeds.in_words("message.send", {"text": None})
