"""Words in texts: exact, starts with, contains, regular expression, and nearly (typing errors).

Texts are compared in one form: no case, no accents' or widths' variants, words without the marks around
them. Where several keywords fit, the rule is: the higher priority, then the stricter way (exact before
starts, contains, regular expression and nearly), then the longer keyword, then the one named first.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import re2
from rapidfuzz import process
from rapidfuzz.distance import OSA

WAYS = ("exact", "starts", "contains", "regex", "fuzzy")
TEXT_LIMIT = 4_000  # characters of a text that are looked at
_FUZZY_TOKENS = 4
_LARGE = 500  # instructions of a regular expression that is tried alone
_SET = 20_000  # instructions of those that are tried together
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


def _options(memory: int = 8 << 20) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = memory
    return options


class Patterns:
    """Regular expressions at once; large ones, and where the set of them cannot be made, one by one."""

    def __init__(self, keywords: Iterable[Keyword]) -> None:
        self._alone: list[tuple[Any, Keyword]] = []
        self._together: list[Keyword] = []
        self._set: Any = None
        size = 0
        for keyword in keywords:
            with suppress(re2.error):  # one that cannot be made fits nothing and hurts no other
                made = re2.compile(keyword.text, _options())
                size += made.programsize
                if made.programsize > _LARGE or size > _SET:
                    self._alone.append((made, keyword))
                    size -= made.programsize
                else:
                    self._together.append(keyword)
        self._make()

    def _make(self) -> None:
        if not self._together:
            return
        try:
            made = re2.Set.SearchSet(_options(64 << 20))
            for keyword in self._together:
                made.Add(keyword.text)
            made.Compile()
            self._set = made
        except re2.error:
            self._alone += [(re2.compile(keyword.text, _options()), keyword) for keyword in self._together]

    def found(self, text: str) -> Iterator[Keyword]:
        """Yield those that fit *text*."""
        if self._set is not None:
            for number in self._set.Match(text) or ():
                yield self._together[number]
        for made, keyword in self._alone:
            if made.search(text):
                yield keyword


@dataclass
class Matcher:
    """All keywords at once; what a look-up costs hardly grows with their number."""

    keywords: Iterable[Keyword]
    _exact: dict[Tokens, list[Keyword]] = field(default_factory=dict)
    _rarest: dict[str, list[tuple[int, Tokens, Keyword]]] = field(default_factory=dict)
    _fuzzy: dict[int, tuple[list[str], list[Keyword]]] = field(default_factory=dict)
    _patterns: Patterns | None = None

    def __post_init__(self) -> None:
        keywords = list(self.keywords)
        words = [keyword for keyword in keywords if keyword.way != "regex"]
        often: Counter[str] = Counter()
        for keyword in words:
            often.update(tokens_of(keyword.text))
        for keyword in words:
            self._add(keyword, often)
        if len(words) < len(keywords):
            self._patterns = Patterns(keyword for keyword in keywords if keyword.way == "regex")

    def _add(self, keyword: Keyword, often: Counter[str]) -> None:
        tokens = tokens_of(keyword.text)
        if not tokens:
            return
        if keyword.way in ("exact", "fuzzy"):
            self._exact.setdefault(tokens, []).append(replace(keyword, way="exact"))
        else:
            place = min(range(len(tokens)), key=lambda place: often[tokens[place]])
            self._rarest.setdefault(tokens[place], []).append((place, tokens, keyword))
        joined = " ".join(tokens)
        if keyword.way == "fuzzy" and len(joined) >= _FUZZY_FROM:
            texts, keywords = self._fuzzy.setdefault(len(joined), ([], []))
            texts.append(joined)
            keywords.append(keyword)

    def best(self, text: str) -> Keyword | None:
        """Return the keyword that fits *text* best by the rule, or None."""
        if not (self._exact or self._rarest or self._patterns):
            return None
        tokens = tokens_of(text)
        if not tokens:
            return None
        found = [Match(keyword) for keyword in self._exact.get(tokens, ())]
        found += self._by_words(tokens)
        if self._patterns:
            found += [Match(keyword) for keyword in self._patterns.found(text[:TEXT_LIMIT])]
        if not found:
            found = self._nearly(tokens)
        return min(found, key=lambda match: match.order).keyword if found else None

    def _by_words(self, tokens: Tokens) -> list[Match]:
        """Find keywords by their rarest word, which many need not share."""
        if not self._rarest:
            return []
        found = []
        for place, token in enumerate(tokens):
            for offset, words, keyword in self._rarest.get(token, ()):
                first = place - offset
                at_its_place = first == 0 or (keyword.way == "contains" and first > 0)
                if at_its_place and tokens[first : first + len(words)] == words:
                    found.append(Match(keyword))
        return found

    def _nearly(self, tokens: Tokens) -> list[Match]:
        """Find keywords with a typing error or two: one from four letters on, two from eight."""
        joined = " ".join(tokens)
        if not self._fuzzy or len(tokens) > _FUZZY_TOKENS or len(joined) < _FUZZY_FROM:
            return []
        allowed = 2 if len(joined) >= 2 * _FUZZY_FROM else 1
        nearest: tuple[float, Keyword] | None = None
        for length in range(len(joined) - allowed, len(joined) + allowed + 1):
            texts, keywords = self._fuzzy.get(length, ((), ()))
            hit = process.extractOne(joined, texts, scorer=OSA.distance, score_cutoff=allowed)
            if hit and (nearest is None or hit[1] < nearest[0]):
                nearest = hit[1], keywords[hit[2]]
        return [Match(nearest[1])] if nearest else []
