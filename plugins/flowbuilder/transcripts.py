"""Tests of flows as conversations in YAML, run without anything else in milliseconds.

    flow: menu-toko.json
    customer: {name: Dewi, phone: "+6281300004521"}
    at: 2026-11-24T02:00:00Z
    talk:
      - customer: halo
      - bot: "Halo Dewi, mau apa?"
      - customer: "1"
      - bot: {contains: Rp 50.000}
      - wait: 30 minutes
      - bot: Masih di sana?
      - customer: agen
      - expect: {handed_over: true, team: sales, labels: [vip], fields: {city: Bogor}}

``bot`` is the whole text of the next message, ``{contains: …}`` a part of it, ``{matches: …}`` a regular
expression; ``no_bot: true`` says that nothing is said. ``service: {city: Bogor}`` answers a call of a
service, ``service: error`` lets it fail. ``start: click`` begins the flow otherwise than by a
text. What the bot says and no step expects fails the test.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import re2
import yaml

from engine import times

from . import running
from .checking import BadFlow, loaded
from .compiled import Flow, hash_of
from .matching import TEXT_LIMIT
from .triggers import Index, Live

Json = dict[str, Any]
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
MORNING = "2026-11-24T02:00:00.000000Z"
LONGEST = 366 * 86400.0  # seconds that a step may wait
STEPS = ("customer", "bot", "no_bot", "wait", "service", "expect", "start")


class BadTranscript(ValueError):
    """A transcript that cannot be read; the text says where and why."""


class Unexpected(AssertionError):
    """The flow did something else than the transcript says; the text says what."""


@dataclass
class Chat:
    """One customer's talk with a flow, with its own clock; the page's test chat is one as well.

    said: what the bot said and nobody has looked at yet; did: all that it decided, in order.
    """

    flow: Flow
    around: running.Around
    session: Json | None = None
    said: list[str] = field(default_factory=list)
    did: list[Json] = field(default_factory=list)
    ended: str | None = None
    visits: list[str] = field(default_factory=list)
    fields: Json = field(default_factory=dict)

    def writes(self, text: str) -> None:
        """The customer writes; without a session, a trigger has to fit, as in production."""
        if self.session:
            self._take(running.answer(self.flow_now(), self.session, text, self.around))
            return
        live = Live(self.flow.flow, self.flow.name, tuple(self.flow.definition["triggers"]))
        true = ["opened", "first_message", *([] if self.around.is_open else ["out_of_hours"])]
        begin = Index([live]).message(text, "", true if not self.did else ["opened"])
        if begin:
            self._take(running.begin(self.flow, self.around, begin.why, text))

    def starts(self, trigger: str) -> None:
        """Begin otherwise than by a text."""
        self._take(running.begin(self.flow, self.around, trigger))

    def waits(self, seconds: float) -> None:
        """Let time pass; what becomes due meanwhile happens, in order."""
        end = times.add(self.around.at, seconds)
        while self.session and self.session["due"] and self.session["due"] <= end:
            self.around = _at(self.around, self.session["due"])
            self._take(running.due(self.flow_now(), self.session, self.around))
        self.around = _at(self.around, max(self.around.at, end))

    def service(self, told: Json) -> None:
        """The service that was called answers."""
        if self.session is None or self.session["state"] != "calling":
            raise Unexpected("no service was called")
        self._take(running.result(self.flow_now(), self.session, told, self.around))

    def flow_now(self) -> Flow:
        """Return the flow that the session is in."""
        if self.session and self.session["flow"] != self.flow.flow:
            return self.around.library(self.session["flow"]) or self.flow
        return self.flow

    def _take(self, outcome: running.Outcome) -> None:
        self.session, self.ended, self.fields = outcome.session, outcome.ended, outcome.fields
        self.did += outcome.do
        self.visits += [node for _, node in outcome.visits]
        self.said += [step["text"] for step in outcome.do if step["do"] == "say"]

    def kept(self) -> Json:
        """Return the fields that the flow has kept, in the session or on the contact."""
        contact = {step["field"]: step["value"] for step in self.did if step["do"] == "contact"}
        return {**contact, **self.fields}


def chat_of(
    definition: Json, transcript: Json, library: Callable[[str], Flow | None] = lambda name: None
) -> Chat:
    """Return the chat that a transcript begins with; BadFlow where the flow has errors."""
    flow = Flow(loaded(definition), "draft", 0, "draft", hash_of(definition))
    customer = transcript.get("customer") or {}
    if not isinstance(customer, dict):
        raise BadTranscript("customer: an object like {name: Dewi} is needed")
    at = _moment(transcript.get("at"))
    held = {"name": "Dewi", "phone": "+6281300004521", "labels": [], **customer}
    place = (
        str(transcript.get("zone") or "Asia/Jakarta"),
        str(transcript.get("region") or "ID"),
        bool(transcript.get("open", True)),
    )
    rng = Random(str(transcript.get("seed", 0)))
    around = running.Around(at, lambda: held, lambda: place, rng, library)
    return Chat(flow, around)


def _at(around: running.Around, at: str) -> running.Around:
    """Return the same at another time, with what was done to its fields."""
    fields = around.fields
    return replace(around, at=at, load=lambda: fields)


def _moment(value: Any) -> str:
    if value is None:
        return MORNING
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    try:
        return times.format(times.parse(text))
    except ValueError as error:
        raise BadTranscript(f"at: {error}") from None


def read(path: Path) -> Json:
    """Return a transcript from a YAML file; BadTranscript where it is none."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise BadTranscript(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict) or not isinstance(found.get("talk"), list):
        raise BadTranscript(f"{path}: it has a list of steps under talk:")
    return found


def definition_of(transcript: Json, path: Path) -> Json:
    """Return the flow that a transcript names: a file beside it, or the flow itself."""
    given = transcript.get("flow")
    if isinstance(given, dict):
        return given
    if not isinstance(given, str):
        raise BadTranscript(f"{path}: flow: names the flow's file")
    try:
        found: Json = orjson.loads((path.parent / given).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise BadTranscript(f"{path}: flow: {given}: {error}") from None
    return found


def run(transcript: Json, definition: Json) -> Chat:
    """Run a transcript; Unexpected where the flow does something else, BadFlow where it has errors."""
    chat = chat_of(definition, transcript)
    for number, step in enumerate(transcript["talk"], 1):
        try:
            _step(chat, step)
        except Unexpected as error:
            raise Unexpected(f"step {number}: {error}") from None
        except (KeyError, TypeError, AttributeError) as error:
            raise BadTranscript(f"step {number}: {error!r}") from None
    if chat.said:
        raise Unexpected(f"the bot also says {chat.said[0]!r}")
    return chat


def _step(chat: Chat, step: Any) -> None:
    if not isinstance(step, dict) or len(step) != 1 or next(iter(step)) not in STEPS:
        raise BadTranscript(f"a step is one of {', '.join(STEPS)}, not {step!r}")
    ((name, value),) = step.items()
    if name in ("customer", "wait", "service", "start") and chat.said:
        raise Unexpected(f"the bot also says {chat.said[0]!r}")
    _STEPS[name](chat, value)


def _customer(chat: Chat, value: Any) -> None:
    chat.writes(str(value))


def _bot(chat: Chat, value: Any) -> None:
    if not chat.said:
        raise Unexpected(f"the bot says nothing, where {value!r} is expected")
    said = chat.said.pop(0)
    if isinstance(value, dict):
        ((how, wanted),) = value.items()
        fits = {"contains": lambda: str(wanted) in said, "matches": lambda: _matches(str(wanted), said)}
        if how not in fits:
            raise BadTranscript(f"bot: a text, contains or matches, not {how}")
        if not fits[how]():
            raise Unexpected(f"the bot says {said!r}, which is not {how} {wanted!r}")
    elif said.strip() != str(value).strip():
        raise Unexpected(f"the bot says {said!r}, where {value!r} is expected")


def _matches(pattern: str, text: str) -> bool:
    return re2.search(pattern, text[:TEXT_LIMIT]) is not None


def _no_bot(chat: Chat, value: Any) -> None:
    if chat.said:
        raise Unexpected(f"the bot says {chat.said[0]!r}, where nothing is expected")


def _wait(chat: Chat, value: Any) -> None:
    chat.waits(seconds_of(value))


def seconds_of(value: Any) -> float:
    """Return the seconds of ``90``, ``30 minutes``, ``2 hours``, ``1 day``."""
    words = str(value).split()
    unit = words[1].rstrip("s") if len(words) == 2 else "second"
    try:
        seconds = float(words[0]) * _UNITS[unit]
        if 0 <= seconds <= LONGEST:
            return seconds
        raise BadTranscript("wait: from no time to 366 days")
    except (ValueError, KeyError, IndexError):
        raise BadTranscript(f"wait: a time is like 30 minutes, not {value!r}") from None


def _service(chat: Chat, value: Any) -> None:
    ok = isinstance(value, dict)
    chat.service({"ok": True, "values": value} if ok else {"ok": False, "reason": str(value)})


def _start(chat: Chat, value: Any) -> None:
    chat.starts(str(value))


def _expect(chat: Chat, value: Any) -> None:
    for key, wanted in value.items():
        if key not in _FACTS:
            raise BadTranscript(f"expect: one of {', '.join(_FACTS)}, not {key}")
        found = _FACTS[key](chat, wanted)
        if found != wanted:
            raise Unexpected(f"{key} is {found!r}, where {wanted!r} is expected")


def _done(chat: Chat, what: str) -> Json | None:
    return next((step for step in reversed(chat.did) if step["do"] == what), None)


def _kept(chat: Chat, wanted: Any) -> Json:
    held = chat.kept()
    return {name: held.get(name) for name in wanted}


_FACTS: dict[str, Callable[[Chat, Any], Any]] = {
    "node": lambda chat, _: (chat.session or {}).get("node"),
    "ended": lambda chat, _: chat.ended if isinstance(_, str) else chat.ended is not None,
    "handed_over": lambda chat, _: _done(chat, "hand_over") is not None,
    "resolved": lambda chat, _: _done(chat, "resolve") is not None,
    "team": lambda chat, _: (_done(chat, "hand_over") or {}).get("team"),
    "agent": lambda chat, _: (_done(chat, "hand_over") or {}).get("agent"),
    "labels": lambda chat, _: list(chat.around.fields.get("labels") or []),
    "fields": _kept,
}
_STEPS: dict[str, Callable[[Chat, Any], None]] = {
    "customer": _customer, "bot": _bot, "no_bot": _no_bot, "wait": _wait,
    "service": _service, "expect": _expect, "start": _start,
}  # fmt: skip

__all__ = [
    "BadFlow",
    "BadTranscript",
    "Chat",
    "Unexpected",
    "chat_of",
    "definition_of",
    "read",
    "run",
    "seconds_of",
]
