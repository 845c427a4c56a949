"""Flows made ready to run: checked once, and kept by the hash of what they say."""

import hashlib
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson

from engine import conditions

from .answers import matcher_of
from .checking import loaded
from .matching import Matcher, tokens_of
from .texts import buttons

Json = dict[str, Any]
GLOBAL = ("cancel", "menu", "person", "back")


def hash_of(definition: Json) -> str:
    """Return the SHA-256 of what a flow says, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Flow:
    """A flow that can be run. definition: as `checking.loaded` gives it; id, number: its version's."""

    def __init__(
        self, definition: Json, id: str = "", number: int = 0, flow: str = "", hash: str = ""
    ) -> None:
        self.definition = definition
        self.hash = hash
        self.id = id
        self.number = number
        self.flow = flow
        self.name: str = definition["name"]
        self.language: str = definition["language"]
        self.start: str = definition["start"]
        self.settings: Json = definition["settings"]
        self.nodes: dict[str, Json] = {node["id"]: node for node in definition["nodes"]}
        self._words = {
            tokens_of(word): name
            for name in reversed(GLOBAL)
            for word in self.settings[name]
            if tokens_of(word)
        }
        self._named: dict[str, dict[str, Json]] = {}
        self._matchers: dict[str, Matcher] = {}
        self._buttons: dict[str, list[Json] | None] = {}
        self._tests: dict[str, list[tuple[str, Callable[[Json], bool]]]] = {}

    def global_word(self, text: str) -> str | None:
        """Return which of `GLOBAL` the text is, or None."""
        return self._words.get(tokens_of(text))

    def matcher(self, node: Json) -> Matcher:
        """Return what finds an option of a menu."""
        if node["id"] not in self._matchers:
            self._matchers[node["id"]] = matcher_of(node["options"])
        return self._matchers[node["id"]]

    def named(self, node: Json, text: str) -> Json | None:
        """Return the option of a menu whose number, title or word *text* just is, or None."""
        if node["id"] not in self._named:
            names = {}
            for option in reversed(node["options"]):
                for name in (*option["words"], option["title"], option["id"]):
                    names[name.strip().casefold()] = option
            self._named[node["id"]] = names
        return self._named[node["id"]].get(text.strip().casefold())

    def buttons(self, node: Json) -> list[Json] | None:
        """Return a menu's options as buttons, ``[{id, title}]``; None where they do not fit."""
        if node["id"] not in self._buttons:
            self._buttons[node["id"]] = buttons(node) if node["list_options"] else None
        return self._buttons[node["id"]]

    def tests(self, node: Json) -> list[tuple[str, Callable[[Json], bool]]]:
        """Return a condition's (way out, test) pairs."""
        if node["id"] not in self._tests:
            pairs = [(f"case.{case['id']}", conditions.query(case["when"])) for case in node["cases"]]
            self._tests[node["id"]] = pairs
        return self._tests[node["id"]]

    @cached_property
    def title(self) -> str:
        """What people call it: its name and version."""
        return f"{self.name} v{self.number}" if self.number else self.name


_MOST = 4096
_keeping = threading.Lock()
_kept: dict[tuple[str, str, int, str], Flow] = {}


def kept(hash: str, id: str, number: int, flow: str) -> Flow | None:
    """Return a flow that is ready, or None."""
    return _kept.get((hash, id, number, flow))


def compiled(hash: str, id: str, number: int, flow: str, load: Callable[[], Json]) -> Flow:
    """Return the flow whose definition has *hash*, kept or by *load*; BadFlow where it has errors."""
    key = (hash, id, number, flow)
    found = _kept.get(key)
    if found is None:
        found = Flow(loaded(load()), id, number, flow, hash)
        with _keeping:
            if len(_kept) >= _MOST:
                del _kept[next(iter(_kept))]
            _kept[key] = found
    return found
