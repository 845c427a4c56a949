"""The editor's words: every text that its sources ask for is there, in both languages, and no other."""

import gettext
import json
import re
from pathlib import Path

from babel.messages.extract import extract_from_dir

from plugins.flowbuilder import answers, checking, matching, nodes, words

FOLDER = Path(checking.__file__).parent
SOURCES = "\n".join(file.read_text() for file in sorted((FOLDER / "editor" / "src").glob("*.js*")))
WORDS: dict[str, list[str]] = json.loads((FOLDER / "words.json").read_text())
ASKED = set(re.findall(r'\bt\("([^"]+)"', SOURCES))
BEGINNINGS = set(re.findall(r"(?:\bt\(|const key = )`([a-z0-9]+\.)\$\{", SOURCES))


def test_every_word_that_is_asked_for_is_there() -> None:
    assert ASKED and WORDS.keys() >= ASKED, sorted(ASKED - WORDS.keys())
    for beginning in BEGINNINGS:
        assert any(key.startswith(beginning) for key in WORDS), beginning


def test_no_word_is_there_in_vain() -> None:
    literals = set(re.findall(r'"([^"\s]+)"', SOURCES))
    unused = {key for key in WORDS if key not in ASKED | literals and not key.startswith(tuple(BEGINNINGS))}
    assert not unused, sorted(unused)


def test_what_a_flow_is_made_of_has_words() -> None:
    wanted = {f"{beginning}{kind}" for beginning in ("kind.", "about.") for kind in nodes.KINDS}
    wanted |= {f"on.{trigger}" for trigger in nodes.TRIGGERS} | {f"match.{way}" for way in matching.WAYS}
    wanted |= {f"type.{type}" for type in answers.TYPES}
    source = (FOLDER / "checking.py").read_text()
    codes = set(re.findall(r'Problem\(\s*[^,]+,\s*"(\w+)"', source))
    codes.add("field")
    assert len(codes) > 10
    wanted |= {f"problem.{code}" for code in codes - {"shape", "kind"}}  # these two no canvas can draw
    assert wanted <= WORDS.keys(), sorted(wanted - WORDS.keys())


def test_both_languages_have_the_same_gaps() -> None:
    for key, both in WORDS.items():
        english, indonesian = both
        assert english.strip() and indonesian.strip(), key
        gaps = [sorted(re.findall(r"%\((\w+)\)s", text)) for text in both]
        assert gaps[0] == gaps[1], key


def test_the_pages_are_in_indonesian_too() -> None:
    """The compiled catalogue has each text that the plugin's pages, history and refusals ask for."""
    methods = [("editor/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
    keywords = {"_": None, "lazy_gettext": None, "ngettext": (1, 2)}
    asked = {found[2] for found in extract_from_dir(FOLDER, methods, keywords=keywords)}
    with (FOLDER / "translations" / "id" / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    known = catalogue._catalog.keys()  # type: ignore[attr-defined]  # there is no public list
    missing = [text for text in asked if (text if isinstance(text, str) else (text[0], 0)) not in known]
    assert len(asked) > 40 and not missing, missing


def test_the_history_and_refusals_have_words() -> None:
    """Each action that a history may tell of, and each refusal of a handler."""
    source = (FOLDER / "handlers.py").read_text()
    actions = set(re.findall(r'@handles\("([\w.]+)"', source))
    assert actions == words.WORDS.keys()
    said = re.findall(r'raise Refused\(f?"([^"]+)"', source)
    of_the_pages = ["^there is no \\w+ ", "; reopen it first"]
    patterns = [*(pattern for pattern, _text in words.REASONS), *of_the_pages]
    unknown = [text for text in said if not any(re.search(pattern, filled(text)) for pattern in patterns)]
    assert len(said) > 8 and not unknown, unknown


def filled(text: str) -> str:
    """Return a message as it is said: numbers and names in the place of gaps."""
    said = text.replace("{data['number']}", "3").replace("{error}", "x")
    return re.sub(r"\{[^}]+!r\}|\{name\}", "'x'", said)
