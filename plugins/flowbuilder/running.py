"""Running a flow: a pure function from (flow, session, event) to (session, what to do).

A session is plain data: where somebody stands in which version of a flow, since when, and what they have
answered. `run` has no clock, no chance of its own and does no I/O; the page's test chat, the transcripts
of `replyai flow test`, the back-test and the hooks all call it.
"""

from collections.abc import Callable
from typing import Any

import orjson

from engine import templates, times
from engine.gateways import BUTTONS_TEXT

from . import texts
from .answers import NotThat, choose, read
from .around import Around, Fields
from .compiled import Flow
from .outcome import Outcome
from .phrases import phrase

Json = dict[str, Any]
STEPS = 100  # nodes that one event may pass
UNASKED = 20  # messages without a word from the customer in between
FIELD = 4_000  # characters of an answer that is kept
NOTE = 4_000  # of a note to people
SAID = 60_000  # of a message
ROOM = 80_000  # of all that one event has said and kept at the contact: an action has its limit in bytes
KEPT = 60_000  # of all answers that a session keeps
CALLED = 1 << 16  # bytes of a call of a service


def begin(flow: Flow, around: Around, trigger: str, text: str = "") -> Outcome:
    """Start *flow*; *trigger* says why in words, *text* is what the customer had written."""
    session = {
        "flow": flow.flow, "version": flow.id, "number": flow.number, "hash": flow.hash, "node": None,
        "state": "running",
        "started_at": around.at, "asked_at": around.at, "due": None, "tries": 0,
        "misses": 0, "unasked": 0, "fields": {"message": text[:FIELD]} if text else {},
    }  # fmt: skip
    run = _Run(flow, session, around)
    run.why = f"flow “{flow.title}”: {trigger}"
    return run.go(flow.start)


def answer(flow: Flow, session: Json, text: str, around: Around, option: Json | None = None) -> Outcome:
    """Take what a customer wrote, in any shape; text "" where it was no text.

    option: of a menu, where it is known that its button was pressed or that the text just names it.
    """
    run = _Run(flow, session, around)
    text = text if text.isascii() else text.encode("utf-8", "replace").decode()
    run.session["unasked"] = 0
    run.session["fields"]["message"] = text[:FIELD]
    node = flow.nodes.get(session["node"] or "")
    if node is None or session["state"] == "running":
        return run.end("stuck")
    return run.take(node, text, option)


def due(flow: Flow, session: Json, around: Around) -> Outcome:
    """A time has come: a wait is over, a question had no answer, or a session has expired."""
    run = _Run(flow, session, around)
    node = flow.nodes.get(session["node"] or "")
    if node is None:
        return run.end("expired")
    run.why = f"flow “{flow.title}”, node “{node['id']}”: its time is over"
    if session["state"] == "waiting":
        return run.follow(node, "next")
    if session["state"] == "calling":
        return result(flow, session, {"ok": False, "reason": "no answer"}, around)
    if session["state"] == "asking" and "timeout" in node["to"] and session.get("timeout"):
        return run.follow(node, "timeout")
    return run.end("expired")


def result(flow: Flow, session: Json, told: Json, around: Around) -> Outcome:
    """A service answered: ``{"ok": true, "values": {path: value}}`` or ``{"ok": false, "reason": …}``."""
    run = _Run(flow, session, around)
    node = flow.nodes.get(session["node"] or "")
    if node is None or node["kind"] != "http" or session["state"] != "calling":
        return Outcome(session)
    run.why = f"flow “{flow.title}”, node “{node['id']}”: the service answered"
    if not told.get("ok"):
        run.keep("error", str(told.get("reason") or ""))
        return run.follow(node, "error") if "error" in node["to"] else run.to_person(node, "stuck")
    for name, path in node["save"].items():
        run.keep(name, (told.get("values") or {}).get(path))
    return run.follow(node, "next")


def resumed(flow: Flow, session: Json, around: Around) -> Outcome:
    """A person gives the conversation back: the node where it stood is asked again."""
    run = _Run(flow, session, around)
    run.why = f"flow “{flow.title}” goes on"
    node = flow.nodes.get(session["node"] or "")
    if node is None or node["kind"] != "http":
        return run.go(session["node"] or flow.start)
    if "error" in node["to"]:  # a service is not called twice
        run.keep("error", "a person answered meanwhile")
        return run.follow(node, "error")
    return run.go(session["asked"]) if session.get("asked") in flow.nodes else run.to_person(node, "stuck")


class _Run:
    """One event's way through a flow."""

    __slots__ = ("around", "flow", "out", "room", "session", "steps", "why")

    def __init__(self, flow: Flow, session: Json, around: Around) -> None:
        self.flow = flow
        self.around = around
        self.session: Json = session.copy()
        self.session["fields"] = session["fields"].copy()
        self.out = Outcome(None)
        self.why = ""
        self.steps = 0
        self.room = ROOM

    def take(self, node: Json, text: str, option: Json | None = None) -> Outcome:
        """Take an answer at a node that waits for one, or a word that works everywhere."""
        self.why = f"flow “{self.flow.title}”, node “{node['id']}”: the answer “{text[:60]}”"
        if node["kind"] == "menu":
            option = option or self.flow.named(node, text)
            word = None if option else self.flow.global_word(text)
            if word:
                return self.global_word(word, node)
            return self._chosen(node, option or choose(node["options"], text, self.flow.matcher(node)), text)
        word = self.flow.global_word(text)
        if word:
            return self.global_word(word, node)
        if node["kind"] == "ask" and self.session["state"] == "asking":
            return self._answered(node, text)
        return self.stay()

    def global_word(self, word: str, node: Json) -> Outcome:
        """Do what *batal*, *menu*, *agen* and *kembali* do."""
        if word == "person":
            return self.to_person(node, "person")
        if word == "cancel":
            self.say(phrase(self.flow.language, "cancelled"), node)
            self.out.do.append({"do": "resolve"})
            return self.end("cancelled")
        self.session.update(tries=0, misses=0)
        parent = node["parent"] if word == "back" else None
        return self.go(parent or self.flow.start)

    def _chosen(self, node: Json, option: Json | None, text: str) -> Outcome:
        if option is None:
            return self._missed(node, text)
        self.session["tries"] = self.session["misses"] = 0
        self.keep("choice", option["title"])
        return self.follow(node, f"option.{option['id']}")

    def _missed(self, node: Json, text: str) -> Outcome:
        """What is no option: its own way, else the menu again, and after some times a person."""
        self._note_miss(node, text)
        if "other" in node["to"]:
            return self.follow(node, "other")
        if self.session["misses"] >= self.flow.settings["misses"]:
            return self.to_person(node, "stuck")
        self.offer(phrase(self.flow.language, "again"), node)
        return self._ask(node)

    def _note_miss(self, node: Json, text: str) -> None:
        self.session["misses"] += 1
        self.out.misses.append((self.flow.id, node["id"], text[:500]))

    def _answered(self, node: Json, text: str) -> Outcome:
        try:
            value = read(node, text, self.around.local.date(), self.around.region)
        except NotThat as problem:
            return self._unfit(node, text, problem)
        self.session.update(tries=0, misses=0)
        self.keep(node["field"], value)
        return self.follow(node, "next")

    def _unfit(self, node: Json, text: str, problem: NotThat) -> Outcome:
        self._note_miss(node, text)
        self.session["tries"] += 1
        if self.session["tries"] >= node["tries"]:
            return self.follow(node, "failed") if "failed" in node["to"] else self.to_person(node, "stuck")
        said = (
            self.fill(node["error"])
            if node["error"]
            else phrase(self.flow.language, problem.name, **problem.fields)
        )
        self.say(said if node["type"] != "choice" else f"{said}\n\n{texts.numbered(node['choices'])}", node)
        return self._ask(node)

    def follow(self, node: Json, way: str) -> Outcome:
        """Go the way out *way* of a node; without one, the flow ends."""
        target = node["to"].get(way)
        return self.go(target) if target else self._finished()

    def go(self, id: str | None) -> Outcome:
        """Pass nodes from *id* on until one waits or the flow ends."""
        while id is not None:
            node = self.flow.nodes.get(id)
            if node is None:
                return self.end("stuck")
            self.steps += 1
            if self.steps > STEPS or self.session["unasked"] > UNASKED:
                self.out.do = [step for step in self.out.do if step["do"] != "say"]
                self.out.do.append({"do": "hand_over", "note": f"stopped in a circle at node {id}"})
                return self.end("loop")
            self.out.visits.append((self.flow.id, id))
            self.session["node"] = id
            step = _AT[node["kind"]](self, node)
            if isinstance(step, Outcome):
                return step
            id = step
        return self._finished()

    def _at_message(self, node: Json) -> str | None:
        self.say(self.fill(node["text"]), node, node["media"])
        return self._next(node)

    def _next(self, node: Json) -> str | None:
        target: str | None = node["to"].get("next")
        return target

    def _at_menu(self, node: Json) -> Outcome:
        text = self.fill(node["text"])
        if node["list_options"]:
            self.offer(text, node)
        else:
            self.say(text, node)
        return self._ask(node)

    def offer(self, text: str, node: Json) -> None:
        """Have a menu's options told below *text*: numbered, and by buttons where these fit."""
        options = self.flow.buttons(node)
        fit = options and len(text) <= BUTTONS_TEXT and text.strip()
        buttons = {"text": text, "options": options} if fit else None
        self.say(f"{text}\n\n{texts.listed(node)}".strip(), node, buttons=buttons)

    def _at_ask(self, node: Json) -> Outcome:
        self.session["tries"] = 0
        text = self.fill(node["text"])
        self.say(f"{text}\n\n{texts.numbered(node['choices'])}" if node["type"] == "choice" else text, node)
        return self._ask(node)

    def _ask(self, node: Json) -> Outcome:
        """Wait for an answer, until the question's time or the session's is over."""
        expires = self.flow.settings["expires"]
        timeout = node["timeout"] if "timeout" in node["to"] and node["timeout"] else None
        minutes = min(timeout, expires) if timeout else expires
        self.session.update(timeout=timeout is not None and timeout <= expires, asked=node["id"])
        return self._until("asking", times.add(self.around.at, minutes * 60))

    def _until(self, state: str, moment: str) -> Outcome:
        self.session.update(state=state, asked_at=self.around.at, due=moment)
        return self.stay()

    def stay(self) -> Outcome:
        """Keep the session as it is."""
        self.out.session, self.out.why, self.out.fields = self.session, self.why, self.session["fields"]
        return self.out

    def _at_condition(self, node: Json) -> str | None:
        fields = self.fields
        for way, holds in self.flow.tests(node):
            if holds(fields):
                return node["to"].get(way)  # type: ignore[no-any-return]
        return node["to"].get("else")  # type: ignore[no-any-return]

    def _at_set(self, node: Json) -> str | None:
        value = self.fill(node["value"]) if node["value"] is not None else None
        name = node["field"]
        if name.startswith("contact."):
            name = name.removeprefix("contact.")
            value = self._fitting(value, FIELD) if value is not None else None
            self.out.do.append({"do": "contact", "field": name, "value": value})
        self.keep(name, value)
        return self._next(node)

    def _at_label(self, node: Json) -> str | None:
        self.out.do.append({"do": "label", "add": node["add"], "remove": node["remove"]})
        held = self.around.fields.get("labels") or []
        self.around.fields["labels"] = [name for name in [*held, *node["add"]] if name not in node["remove"]]
        return self._next(node)

    def _at_hand_over(self, node: Json) -> Outcome:
        self.say(self.fill(node["text"]), node)
        return self._handed(node, "person", self.fill(node["note"]))

    def to_person(self, node: Json, name: str) -> Outcome:
        """Call a person: they were asked for, or the flow cannot go on."""
        self.say(phrase(self.flow.language, name), node)
        return self._handed({}, name, "")

    def _handed(self, node: Json, ended: str, note: str) -> Outcome:
        told = {key: node.get(key) for key in ("team", "agent", "skill")}
        self.out.do.append({"do": "hand_over", **told, "note": note.strip()[:NOTE] or self.summary()})
        return self.end(ended)

    def summary(self) -> str:
        """Return what a person who takes over has to know: the flow, where it stood, the answers."""
        return texts.summary(f"{self.flow.title}, {self.session['node']}", self.session["fields"])[:NOTE]

    def _at_http(self, node: Json) -> Any:
        fields = self.fields
        call = {
            "url": templates.fill(node["url"], {k: texts.quoted(v) for k, v in fields.items()}),
            "headers": {name: templates.fill(value, fields) for name, value in node["headers"].items()},
            "body": texts.filled(node["body"], fields),
        }
        wanted = {
            "method": node["method"],
            "deadline": node["deadline"],
            "paths": sorted(set(node["save"].values())),
        }
        if len(orjson.dumps(call)) > CALLED:
            self.keep("error", "the request is too long")
            return node["to"].get("error") or self.to_person(node, "stuck")
        self.session["calls"] = self.session.get("calls", 0) + 1
        self.session["call"] = f"{self.session['started_at']}/{self.session['calls']}"
        self.out.do.append({"do": "http", "node": node["id"], "call": self.session["call"], **wanted, **call})
        return self._until("calling", times.add(self.around.at, node["deadline"] + 300))

    def _at_wait(self, node: Json) -> Outcome:
        self.session["unasked"] += 1
        if node["minutes"] is not None:
            return self._until("waiting", times.add(self.around.at, node["minutes"] * 60))
        return self._until("waiting", times.format(texts.next_time(self.around.local, node["until"])))

    def _at_goto(self, node: Json) -> Any:
        flow = self.around.library(node["flow"])
        if flow is None:
            return self.to_person(node, "stuck")
        self.flow = flow
        self.session.update(
            flow=flow.flow, version=flow.id, number=flow.number, hash=flow.hash, tries=0, misses=0
        )
        return flow.start

    def _at_split(self, node: Json) -> str | None:
        paths = node["paths"]
        chosen = self.around.rng.choices(paths, [path["weight"] for path in paths])[0]
        self.keep(f"split.{node['id']}", chosen["id"])
        return node["to"].get(f"path.{chosen['id']}")  # type: ignore[no-any-return]

    def _at_end(self, node: Json) -> Outcome:
        self.say(self.fill(node["text"]), node)
        self.out.do.append({"do": node["then"]})
        return self.end("goal" if node["goal"] else "end")

    def _finished(self) -> Outcome:
        self.out.do.append({"do": "resolve"})
        return self.end("end")

    def end(self, ended: str) -> Outcome:
        """The flow ends here; *ended* says how."""
        if ended in ("expired", "stuck") and not any(
            d["do"] in ("hand_over", "resolve") for d in self.out.do
        ):
            self.out.do.append(
                {"do": "resolve"} if ended == "expired" else {"do": "hand_over", "note": self.summary()}
            )
        self.out.ended, self.out.why, self.out.fields = ended, self.why, self.session["fields"]
        return self.out

    def say(self, text: str, node: Json, media: Json | None = None, buttons: Json | None = None) -> None:
        """Have the customer told *text*; nothing where there is nothing to say.

        buttons: what to say in its place where the gateway has buttons, if there is room for both.
        """
        text = self._fitting(text, SAID)
        if text.strip() or media:
            self.session["unasked"] += 1
            step = {"do": "say", "text": text, "media": media, "node": node["id"]}
            if buttons and self._has_room_for(buttons):
                step["buttons"] = buttons
            self.out.do.append(step)

    def _has_room_for(self, buttons: Json) -> bool:
        """Take the room of *buttons*, if there is as much left; a text that was cut leaves none."""
        size = len(buttons["text"])
        size += sum(len(option["id"]) + len(option["title"]) for option in buttons["options"])
        if size > self.room:
            return False
        self.room -= size
        return True

    def _fitting(self, text: str, most: int) -> str:
        """Return as much of a text as there is room for."""
        text = text[: min(most, self.room)]
        self.room -= len(text)
        return text

    @property
    def fields(self) -> Fields:
        """What texts and conditions may name now."""
        return Fields(self.flow, self.session["fields"], self.around)

    def fill(self, text: str) -> str:
        """Return a text with its gaps filled."""
        return templates.fill(text, self.fields) if "{{" in text else text

    def keep(self, name: str, value: Any) -> None:
        """Keep a value for later texts and conditions."""
        fields = self.session["fields"]
        if isinstance(value, str):
            value = value[:FIELD]
            if len(fields) > 10 or len(value) > KEPT // 100:
                others = sum(len(key) + len(str(each)) for key, each in fields.items() if key != name)
                value = value[: max(0, KEPT - others)]
        fields[name] = value


_AT: dict[str, Callable[[_Run, Json], Any]] = {
    name.removeprefix("_at_"): step for name, step in vars(_Run).items() if name.startswith("_at_")
}
