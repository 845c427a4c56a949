"""Every text of the pages is there in Indonesian, and every text that JavaScript asks for exists."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel

from web.pages import words

ROOT = Path(__file__).parent.parent
PO = ROOT / "web" / "translations" / "id" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]


def texts() -> set[str]:
    """Return every text that is marked for translation in web/ and plugins/labels/."""
    found = set()
    for folder in (ROOT / "web", ROOT / "plugins" / "labels"):
        for _file, _line, message, _comments, _context in extract_from_dir(
            folder, METHODS, keywords=KEYWORDS
        ):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found


def translated(path: Path) -> set[str]:
    """Return the texts that a catalogue has in Indonesian."""
    with path.open("rb") as file:
        catalog = read_po(file, locale="id")
    return {
        (m.id[0] if isinstance(m.id, tuple) else m.id) for m in catalog if m.id and m.string and not m.fuzzy
    }


def test_nothing_is_left_in_english() -> None:
    own = ROOT / "plugins" / "labels" / "translations" / "id" / "LC_MESSAGES" / "messages.po"
    assert sorted(texts() - translated(PO) - translated(own)) == []


def test_the_compiled_catalogue_is_of_this_source() -> None:
    compiled = PO.with_suffix(".mo").read_bytes()
    with PO.open("rb") as file:
        catalog = read_po(file, locale="id")
    missing = [
        m.id
        for m in catalog
        if m.id and (m.string if isinstance(m.string, str) else m.string[0]).encode() not in compiled
    ]
    assert missing == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    with PO.open("rb") as file:
        catalog = read_po(file, locale="id")
    for message in catalog:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[1]
        target = message.string if isinstance(message.string, str) else message.string[0]
        assert set(re.findall(r"%\(\w+\)s", source)) == set(re.findall(r"%\(\w+\)s", target)), source


def test_scripts_ask_only_for_texts_that_exist() -> None:
    app = Flask("test")
    Babel(app, locale_selector=lambda: "en")
    with app.test_request_context():
        known = set(words.for_scripts())
    for script in (ROOT / "web" / "static" / "js").glob("*.js"):
        asked = set(re.findall(r'\bt\("(\w+)"', script.read_text())) | set(
            re.findall(r'"(key_\w+)"', script.read_text())
        )
        assert asked <= known, script.name
