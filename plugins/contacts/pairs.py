"""Contacts who may be one person: by variants of a number, by names that are alike. Run by workers only."""

from collections import defaultdict
from itertools import combinations

import phonenumbers
from rapidfuzz import fuzz

from .pairing import key_of, pair_of

MOST = 500
ALIKE = 90  # of 100, by rapidfuzz's token_sort_ratio
SAME_NAME = 99  # as sure as a name alone makes it
CROWD = 60  # a part of a name that more people share tells nothing
LEAST_DIGITS = 8
LETTERS = 3
SAME_ABROAD = (("521", "52"), ("549", "54"))  # a 1 or 9 that mobile numbers once had
BRAZIL = "55"


def look(args, context):
    """Return ``{outcome: looked, pairs: [{id, contact, other, score, reasons}]}``, the surest first."""
    workspace = context.get("workspace", "main") or {}
    people = [{**contact, "id": contact.doc_id} for contact in context.documents.table("contact").all()]
    found = suggestions(people, workspace.get("region") or "ID")
    return {"outcome": "looked", "pairs": found[:MOST]}


def suggestions(people, region):
    """Return the pairs of *people* (contacts), the surest first."""
    code = str(phonenumbers.country_code_for_region(region))
    people = [one for one in people if not one.get("erased_at")]
    scores = defaultdict(dict)
    for one, other in by_number(people, code):
        scores[key_of(one, other)]["number"] = 100
    for one, other, score in by_name(people):
        scores[key_of(one, other)]["name"] = SAME_NAME if score == 100 else min(score, SAME_NAME - 1)
    made = [pair_of(both, why) for both, why in scores.items()]
    return sorted(made, key=lambda pair: (-pair["score"], pair["id"]))


def national(digits, code):
    """Return what is left of a number without what may be missing: 0812…, 62812… and 812… are one."""
    digits = digits.lstrip("0")
    for long, short in SAME_ABROAD:
        if digits.startswith(long):
            digits = short + digits[len(long) :]
    if digits.startswith(BRAZIL) and len(digits) == 13 and digits[4] == "9":
        digits = digits[:4] + digits[5:]
    return digits.removeprefix(code).lstrip("0")


def by_number(people, code):
    """Yield pairs of contacts who have variants of one number."""
    same = defaultdict(dict)
    for one in people:
        users = [alias.partition("@")[0] for alias in one["aliases"] if not alias.endswith("@lid")]
        for digits in {*users, (one.get("phone") or "").lstrip("+")}:
            known = national(digits, code) if digits.isdigit() else ""
            if len(known) >= LEAST_DIGITS:
                same[known][one["id"]] = one
    for group in same.values():
        yield from combinations(group.values(), 2)


def by_name(people):
    """Yield (contact, contact, score) of those whose names are alike.

    Only names with a part in common are compared, and only where few have that part.
    """
    named = [(one, _words(one)) for one in people]
    blocks = defaultdict(list)
    for at, (_, words) in enumerate(named):
        for key in _keys(words):
            blocks[key].append(at)
    seen = set()
    for members in blocks.values():
        if len(members) > CROWD:
            continue
        for first, second in combinations(members, 2):
            if (first, second) not in seen:
                seen.add((first, second))
                (one, mine), (other, theirs) = named[first], named[second]
                score = fuzz.ratio(" ".join(mine), " ".join(theirs))
                if score >= ALIKE and (len(mine) > 1 or len(members) == 2):
                    yield one, other, score


def _words(contact):
    names = contact.get("names") or {}
    name = next((names[source] for source in ("agent", "book", "profile") if names.get(source)), "")
    words = ("".join(filter(str.isalnum, word)) for word in name.casefold().split())
    return sorted(word for word in words if len(word) >= LETTERS and not word.isdigit())


def _keys(words):
    """Return what a name is looked up by: one word alone, or a word with the beginnings of the others."""
    if len(words) < 2:
        return set(words)
    return {(word, other[:2]) for word in words for other in words if other != word} or {tuple(words)}
