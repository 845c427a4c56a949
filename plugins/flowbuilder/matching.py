"""Words in texts: exact, starts with, contains, regular expression, and nearly (typing errors).

Texts are compared in one form: no case, no accents' or widths' variants, words without the marks around
them. Where several keywords fit, the rule is: the higher priority, then the stricter way (exact before
starts, contains, regular expression and nearly), then the longer keyword, then the one named first.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import re2
from rapidfuzz import process
from rapidfuzz.distance import OSA

WAYS = ("exact", "starts", "contains", "regex", "fuzzy")
TEXT_LIMIT = 4_000  # characters of a text that are looked at
_FUZZY_TOKENS = 4
_FUZZY_FROM = 4  # letters: shorter words are too near to each other

Tokens = tuple[str, ...]


@lru_cache(maxsize=4096)
def tokens_of(text: str) -> Tokens:
    """Return the words of *text* in their one form; marks and emoji are words where nothing else is.

    >>> tokens_of("  HARGA,   dong!! ")
    ('harga', 'dong')
    """
    plain = unicodedata.normalize("NFKC", text[:TEXT_LIMIT]).casefold()
    words = [stripped for word in plain.split() if (stripped := _bare(word))]
    return tuple(words or plain.split())


def _bare(word: str) -> str:
    if word.isalnum():
        return word
    start, end = 0, len(word)
    while start < end and not word[start].isalnum():
        start += 1
    while end > start and not word[end - 1].isalnum():
        end -= 1
    return word[start:end]


@dataclass(frozen=True)
class Keyword:
    """One keyword and what it stands for. way: one of `WAYS`; rank: its place among equals."""

    text: str
    way: str
    target: Any
    priority: int = 0
    rank: int = 0


@dataclass(frozen=True)
class Match:
    """A keyword that fits a text."""

    keyword: Keyword

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The rule among several that fit: the smallest wins."""
        k = self.keyword
        return (-k.priority, WAYS.index(k.way), -len(k.text), k.rank)


def regex_error(pattern: str) -> str | None:
    """Return why *pattern* is no regular expression that runs in linear time, or None."""
    try:
        re2.compile(pattern, _options())
    except re2.error as error:
        text = error.args[0] if error.args else error
        return text.decode() if isinstance(text, bytes) else str(text)
    return None


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 8 << 20
    return options


@dataclass
class Matcher:
    """All keywords at once; what a look-up costs hardly grows with their number."""

    keywords: Iterable[Keyword]
    _exact: dict[Tokens, list[Keyword]] = field(default_factory=dict)
    _first: dict[str, list[tuple[Tokens, Keyword]]] = field(default_factory=dict)
    _fuzzy: dict[int, list[tuple[str, Keyword]]] = field(default_factory=dict)
    _patterns: list[Keyword] = field(default_factory=list)
    _set: Any = None

    def __post_init__(self) -> None:
        for keyword in self.keywords:
            self._add(keyword)
        if self._patterns:
            self._set = re2.Set.SearchSet(_options())
            for keyword in self._patterns:
                self._set.Add(keyword.text)
            self._set.Compile()

    def _add(self, keyword: Keyword) -> None:
        if keyword.way == "regex":
            self._patterns.append(keyword)
            return
        tokens = tokens_of(keyword.text)
        if not tokens:
            return
        if keyword.way in ("exact", "fuzzy"):
            self._exact.setdefault(tokens, []).append(replace(keyword, way="exact"))
        else:
            self._first.setdefault(tokens[0], []).append((tokens, keyword))
        joined = " ".join(tokens)
        if keyword.way == "fuzzy" and len(joined) >= _FUZZY_FROM:
            self._fuzzy.setdefault(len(joined), []).append((joined, keyword))

    def best(self, text: str) -> Keyword | None:
        """Return the keyword that fits *text* best by the rule, or None."""
        if not (self._exact or self._first or self._patterns):
            return None
        tokens = tokens_of(text)
        if not tokens:
            return None
        found = [Match(keyword) for keyword in self._exact.get(tokens, ())]
        found += self._by_words(tokens)
        if self._set is not None:
            found += [Match(self._patterns[number]) for number in self._set.Match(text[:TEXT_LIMIT]) or ()]
        if not found:
            found = self._nearly(tokens)
        return min(found, key=lambda match: match.order).keyword if found else None

    def _by_words(self, tokens: Tokens) -> list[Match]:
        if not self._first:
            return []
        found = []
        for place, token in enumerate(tokens):
            for words, keyword in self._first.get(token, ()):
                at_its_place = place == 0 or keyword.way == "contains"
                if at_its_place and tokens[place : place + len(words)] == words:
                    found.append(Match(keyword))
        return found

    def _nearly(self, tokens: Tokens) -> list[Match]:
        """Find keywords with a typing error or two: one from four letters on, two from eight."""
        joined = " ".join(tokens)
        if not self._fuzzy or len(tokens) > _FUZZY_TOKENS or len(joined) < _FUZZY_FROM:
            return []
        allowed = 2 if len(joined) >= 2 * _FUZZY_FROM else 1
        near = [
            pair
            for length in range(len(joined) - allowed, len(joined) + allowed + 1)
            for pair in self._fuzzy.get(length, ())
        ]
        words = [word for word, _ in near]
        hit = process.extractOne(joined, words, scorer=OSA.distance, score_cutoff=allowed) if near else None
        return [Match(near[hit[2]][1])] if hit else []
