"""Which flow begins: the triggers of all published flows that are on, made ready once for each set of them.

The rule where several fit: a higher priority first, then a keyword before *out of hours* before *first
message* before *opened*, then the rule of `matching`, then the flow that was made first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .matching import Keyword, Matcher

Json = dict[str, Any]
EVENTS = ("out_of_hours", "first_message", "opened")


@dataclass(frozen=True)
class Begin:
    """A flow that begins. why: for people."""

    flow: str
    why: str
    priority: int = 0


@dataclass(frozen=True)
class Live:
    """A published flow that is on, as the index needs it."""

    flow: str
    name: str
    triggers: tuple[Json, ...]


class Index:
    """All triggers, by what they wait for; for one account each, since triggers may name some."""

    def __init__(self, flows: Iterable[Live]) -> None:
        self.flows = list(flows)
        self._matchers: dict[str, Matcher] = {}
        self._accounts = {a for f in self.flows for t in f.triggers for a in t["accounts"]}
        self._others: dict[tuple[str, str | None], list[tuple[Json, Live]]] = {}
        for live in self.flows:
            for trigger in live.triggers:
                if trigger["on"] != "keyword":
                    about = trigger["label"] if trigger["on"] == "label_added" else trigger["campaign"]
                    self._others.setdefault((trigger["on"], about), []).append((trigger, live))

    def _matcher(self, account: str) -> Matcher:
        """Return the matcher of an account; those that no trigger names share one."""
        key = account if account in self._accounts else ""
        if key not in self._matchers:
            self._matchers[key] = Matcher(self._keywords(key))
        return self._matchers[key]

    def _keywords(self, account: str) -> Iterable[Keyword]:
        for rank, live in enumerate(self.flows):
            for trigger in live.triggers:
                if trigger["on"] == "keyword" and (not trigger["accounts"] or account in trigger["accounts"]):
                    for word in trigger["words"]:
                        yield Keyword(word, trigger["way"], live, trigger["priority"], rank)

    def keyword(self, text: str, account: str) -> Begin | None:
        """Return the flow that a text begins."""
        found = self._matcher(account).best(text) if text else None
        if found is None:
            return None
        ways = {
            "exact": "is",
            "starts": "starts with",
            "contains": "has",
            "regex": "fits",
            "fuzzy": "is nearly",
        }
        return Begin(found.target.flow, f"the text {ways[found.way]} “{found.text}”", found.priority)

    def event(self, on: str, account: str, about: str | None = None) -> Begin | None:
        """Return the flow that begins on *on* (a trigger's name); about: the label's name or the campaign."""
        found = self._others.get((on, about), []) + (self._others.get((on, None), []) if about else [])
        fitting = [(t, live) for t, live in found if not t["accounts"] or account in t["accounts"]]
        if not fitting:
            return None
        trigger, live = max(fitting, key=lambda pair: pair[0]["priority"])  # the first of equals
        return Begin(live.flow, on.replace("_", " ") + (f" “{about}”" if about else ""), trigger["priority"])

    def message(self, text: str, account: str, events: Iterable[str]) -> Begin | None:
        """Return the flow that a message begins, of which *events* (of `EVENTS`) are true as well."""
        found = [
            self.keyword(text, account),
            *(self.event(on, account) for on in EVENTS if on in set(events)),
        ]
        return max((begin for begin in found if begin), key=lambda begin: begin.priority, default=None)


class _Given:
    def __init__(self, load: Callable[[], Iterable[Live]]) -> None:
        self.load = load

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Given)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=16)
def _index(hash: str, given: _Given) -> Index:
    return Index(given.load())


def index(hash: str, load: Callable[[], Iterable[Live]]) -> Index:
    """Return the index of the live flows whose hash is *hash*, from what is kept or by *load*."""
    return _index(hash, _Given(load))
