"""Rules as data: when a message, its contact or a step of a flow is so, the conversation gets a label.

`when` is a condition of `engine.conditions` whose field `text` knows two operators more, both without
regard to case: ``words`` (whole words, or one of several that commas divide) and ``matches`` (of RE2).
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import re2

from engine import conditions

Document = dict[str, Any]
OF_CONTACT = (
    "name",
    "phone",
    "country",
    "created_at",
    "last_message_at",
    "opted_out",
    "blocked",
)
OF_CONVERSATION = ("account", "team", "handler", "labels")
OF_MESSAGE = ("text", "kind")
OF_FLOW = ("flow", "node")
FIELDS = frozenset((*OF_MESSAGE, *OF_FLOW, *OF_CONTACT, *OF_CONVERSATION))
OWN = "contacts."  # a business's own fields of contacts
LONGEST = 500
TEXT = ("words", "matches")
_WORD = r"[\pL\pN\pM_]"


def check(when: Any) -> None:
    """Raise ValueError, saying where and why, unless *when* can be a rule's condition."""
    conditions.check(_plain(when))
    for part in leaves(when):
        if part["field"] not in FIELDS and not part["field"].startswith(OWN):
            raise ValueError(f"there is no field {part['field']!r:.60}")
        if part["op"] in TEXT:
            _check_text(part)
    named = {part["field"] for part in leaves(when)}
    if not named:
        raise ValueError("a rule needs something to look at")
    if named & set(OF_FLOW) and named & set(OF_MESSAGE):
        raise ValueError("a rule looks at messages or at the steps of flows, not at both")


def _check_text(part: Document) -> None:
    value = part.get("value")
    if part["field"] != "text" or not isinstance(value, str) or not value.strip(" ,\n"):
        raise ValueError(f"{part['op']} takes words of the text")
    if len(value) > LONGEST:
        raise ValueError(f"a pattern has at most {LONGEST} letters")
    try:
        pattern(part["op"], value)
    except re2.error as error:
        raise ValueError(f"the pattern is not understood: {_said(error)}") from error


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def _plain(when: Any) -> Any:
    """Return *when* with the operators of texts as one that every condition has."""
    if not isinstance(when, dict):
        return when
    if when.get("op") in TEXT:
        return {"field": when.get("field"), "op": "known"} if set(when) == {"field", "op", "value"} else when
    inner = {key: list(map(_plain, when[key])) for key in ("all", "any") if isinstance(when.get(key), list)}
    return {**when, **inner, **({"not": _plain(when["not"])} if "not" in when else {})}


def leaves(when: Document) -> Iterator[Document]:
    """Yield the looks at single fields that a condition is made of."""
    if "field" in when:
        yield when
    for part in (*when.get("all", ()), *when.get("any", ()), *([when["not"]] if "not" in when else ())):
        yield from leaves(part)


@lru_cache(maxsize=1024)
def pattern(op: str, value: str) -> Any:
    """Return the compiled pattern of ``words`` or ``matches``; raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    return re2.compile(_of_words(value) if op == "words" else value, options)


def _of_words(value: str) -> str:
    wanted = [r"\s+".join(map(re2.escape, words.split())) for words in value.replace("\n", ",").split(",")]
    return f"(?:^|[^{_WORD[1:-1]}])({'|'.join(filter(None, wanted))})(?:$|[^{_WORD[1:-1]}])"


def is_of_flow(rule: Document) -> bool:
    """Whether a rule waits for a step of a flow, not for messages."""
    return any(part["field"] in OF_FLOW for part in leaves(rule["when"]))


def facts(
    message: Document | None, conversation: Document, contact: Document | None, **more: Any
) -> Document:
    """Return what a rule may look at."""
    found = dict(contact or {})
    found |= {name: conversation.get(name) for name in OF_CONVERSATION}
    found |= {name: message.get(name) for name in OF_MESSAGE} if message else {}
    return {**found, **more}


def holds(when: Document, about: Document) -> bool:
    """Whether *when* holds for what `facts` gave."""
    if "all" in when:
        return all(holds(part, about) for part in when["all"])
    if "any" in when:
        return any(holds(part, about) for part in when["any"])
    if "not" in when:
        return not holds(when["not"], about)
    if when.get("op") in TEXT:
        return pattern(when["op"], when["value"]).search(about.get("text") or "") is not None
    return conditions.holds(when, about)


def why(when: Document, about: Document) -> str:
    """Return in English what of *when* held, its parts with “; ” between them."""
    held = [told(_found(part, about), _english) for part in leaves(when) if holds(part, about)]
    return "; ".join(held) or "no exception held"


def _english(text: str, **values: str) -> str:
    return text % values


def _found(part: Document, about: Document) -> Document:
    """Return a look at the text with the words that it found in the place of those that it looks for."""
    if part["op"] != "words":
        return part
    return {**part, "value": pattern("words", part["value"]).search(about["text"]).group(1)}


def told(part: Document, _: Callable[..., str]) -> str:
    """Return one look at a field in words; `_` puts them into a language."""
    value, op = str(part.get("value")), part["op"]
    if part["field"] == "text" and op in ("words", "contains"):
        return _("the text has “%(value)s”", value=value)
    if part["field"] == "text" and op == "matches":
        return _("the text matches “%(value)s”", value=value)
    if part["field"] == "node":
        return _("the flow reached “%(value)s”", value=value)
    name = part["field"].removeprefix(OWN)
    said = {
        "is": _("%(name)s is “%(value)s”", name=name, value=value),
        "is_not": _("%(name)s is not “%(value)s”", name=name, value=value),
        "contains": _("%(name)s has “%(value)s”", name=name, value=value),
        "starts": _("%(name)s begins with “%(value)s”", name=name, value=value),
        "known": _("%(name)s is known", name=name),
        "unknown": _("%(name)s is not known", name=name),
    }
    return said.get(op) or f"{name} {op} {value}"


def with_when(rule: Document) -> Document:
    """Return a rule of before, which had one word, as a rule with a condition."""
    word = rule.pop("pattern", None)
    return {**rule, "when": rule.get("when") or of_words(word or ""), "order": rule.get("order", 0)}


def of_words(words: str) -> Document:
    """Return the condition that a text has one of some words."""
    return {"field": "text", "op": "words", "value": words}


def in_order(rules: Iterable[Document]) -> list[Document]:
    """Return rules as they are asked: by their order, then as they were made."""
    return sorted(rules, key=lambda rule: (rule.get("order", 0), rule["id"]))
