"""What a flow is made of: its nodes, as plain JSON.

    {"name": "Menu toko", "language": "id", "start": "menu",
     "triggers": [{"on": "keyword", "way": "exact", "words": ["halo", "menu"]}],
     "nodes": [
       {"id": "menu", "kind": "menu", "text": "Halo {{name|Kak}}, mau apa?",
        "options": [{"id": "1", "title": "Harga"}, {"id": "2", "title": "Lokasi"}],
        "to": {"option.1": "harga", "option.2": "lokasi"}},
       {"id": "harga", "kind": "message", "text": "Mulai Rp 50.000", "to": {"next": "menu"}},
       {"id": "lokasi", "kind": "message", "text": "Jl. Melati 5", "to": {"next": "menu"}}]}

``to`` names the node behind each way out of a node; a way out without one has the default that its
kind's docstring tells. ``parent`` is where *back* leads. ``at`` is the place on the canvas.
"""

from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from engine import conditions

from .answers import TYPES
from .matching import WAYS, regex_error
from .phrases import LANGUAGES, WORDS

Json = dict[str, Any]
TEXT = 4_096
NODES = 500
ID = validate.Regexp(r"^[A-Za-z0-9_-]{1,40}$", error="an id has letters, digits, - and _, 40 at most")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TRIGGERS = ("keyword", "first_message", "opened", "out_of_hours", "label_added", "campaign_reply", "click")


def _text(**how: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=TEXT), **how)


def _minutes(**how: Any) -> fields.Float:
    most = validate.Range(min=0, min_inclusive=False, max=60 * 24 * 60)
    return fields.Float(load_default=None, allow_none=True, validate=most, **how)


def _condition(value: Any) -> None:
    try:
        conditions.check(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def _pattern(value: str) -> None:
    error = regex_error(value)
    if error:
        raise ValidationError(f"no regular expression: {error}")


class Strict(Schema):
    """Base of what is in a flow: unknown fields are refused, so that a typing error is seen."""


class Node(Strict):
    """What every node has."""

    id = fields.String(required=True, validate=ID)
    kind = fields.String(required=True)
    title = fields.String(load_default="", validate=validate.Length(max=100))
    parent = fields.String(load_default=None, allow_none=True)
    to = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    at = fields.List(fields.Float(), validate=validate.Length(equal=2))


class Message(Node):
    """Say something. Ways out: ``next`` (without one, the flow ends)."""

    text = _text(load_default="")
    media = fields.Dict(load_default=None, allow_none=True)


class Option(Strict):
    """One way on from a menu, chosen by its number (the id), its title or one of its words."""

    id = fields.String(
        required=True, validate=validate.Regexp(r"^\d{1,3}$", error="an option's id is its number")
    )
    title = fields.String(required=True, validate=validate.Length(min=1, max=100))
    words = fields.List(fields.String(validate=validate.Length(min=1, max=100)), load_default=list)


class Menu(Node):
    """Offer options and wait. Ways out: ``option.<id>``; ``other`` for what is no option (without one, the
    menu is shown again, then a person is called); ``timeout`` after *timeout* minutes. *list_options* says
    them below the text: as buttons where they fit and the gateway has some, else as numbered lines.
    """

    text = _text(required=True)
    options = fields.List(fields.Nested(Option), required=True, validate=validate.Length(min=1, max=100))
    list_options = fields.Boolean(load_default=True)
    timeout = _minutes()


class Ask(Node):
    """Ask and keep the answer in *field*. Ways out: ``next``; ``failed`` after *tries* answers that do not
    fit (without one, a person is called); ``timeout`` after *timeout* minutes.
    """

    text = _text(required=True)
    field = fields.String(
        required=True, validate=validate.Regexp(r"^[^\W\d][\w.-]{0,79}$", error="no field's name")
    )
    type = fields.String(load_default="text", validate=validate.OneOf(TYPES))
    min = fields.Float(allow_none=True)
    max = fields.Float(allow_none=True)
    pattern = fields.String(validate=[validate.Length(min=1, max=500), _pattern])
    choices = fields.List(
        fields.String(validate=validate.Length(min=1, max=100)), validate=validate.Length(1, 50)
    )
    error = _text(load_default=None, allow_none=True)
    tries = fields.Integer(load_default=3, validate=validate.Range(1, 10))
    timeout = _minutes()

    @validates_schema
    def what_its_type_needs(self, data: Json, **_: Any) -> None:
        """A choice has choices, a regex a pattern."""
        for type, key in (("choice", "choices"), ("regex", "pattern")):
            if data.get("type") == type and not data.get(key):
                raise ValidationError({key: [f"a question of type {type} needs {key}"]})


class Case(Strict):
    """One way on from a condition; the first that holds is taken."""

    id = fields.String(required=True, validate=ID)
    title = fields.String(load_default="", validate=validate.Length(max=100))
    when = fields.Dict(required=True, validate=_condition)


class Condition(Node):
    """Go one way or another. Ways out: ``case.<id>``, ``else`` (without one, the flow ends)."""

    cases = fields.List(fields.Nested(Case), required=True, validate=validate.Length(min=1, max=20))


class Set(Node):
    """Keep a value under a name; ``contact.<field>`` is kept on the contact. Way out: ``next``."""

    field = fields.String(
        required=True, validate=validate.Regexp(r"^[^\W\d][\w.-]{0,79}$", error="no field's name")
    )
    value = _text(required=True, allow_none=True)


class Label(Node):
    """Put labels on and take them off, by name. Way out: ``next``."""

    add = fields.List(fields.String(validate=validate.Length(min=1, max=40)), load_default=list)
    remove = fields.List(fields.String(validate=validate.Length(min=1, max=40)), load_default=list)


class HandOver(Node):
    """Hand over to a person, with *text* to the customer and *note* to the team. It ends the flow."""

    text = _text(load_default="")
    team = fields.String(load_default=None, allow_none=True)
    agent = fields.String(load_default=None, allow_none=True)
    skill = fields.String(load_default=None, allow_none=True)
    note = _text(load_default="")


class Http(Node):
    """Call a service. *save* keeps parts of its JSON answer: field → path like ``order.items.0.name``.
    Ways out: ``next``; ``error`` (without one, a person is called).
    """

    method = fields.String(load_default="GET", validate=validate.OneOf(METHODS))
    url = fields.String(
        required=True,
        validate=validate.Regexp(r"^https?://[^\s{]+(/|\?|$)", error="an address begins with https://"),
    )
    headers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    body = fields.Raw(load_default=None, allow_none=True)
    save = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    deadline = fields.Float(load_default=10.0, validate=validate.Range(1, 60))


class Wait(Node):
    """Go on after *minutes*, or at the next *until* (``09:00``, the workspace's time). Way out: ``next``."""

    minutes = _minutes()
    until = fields.String(
        load_default=None, allow_none=True,
        validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$", error="a time of day is like 09:00"),
    )  # fmt: skip

    @validates_schema
    def one_of_them(self, data: Json, **_: Any) -> None:
        """It says how long, in one way."""
        if (data.get("minutes") is None) == (data.get("until") is None):
            raise ValidationError({"minutes": ["either minutes or until"]})


class GoTo(Node):
    """Go on in another flow, by its name or id; from its start. No way out."""

    flow = fields.String(required=True, validate=validate.Length(min=1, max=100))


class Path(Strict):
    """One side of a split."""

    id = fields.String(required=True, validate=ID)
    weight = fields.Float(load_default=1.0, validate=validate.Range(min=0, max=1000))


class Split(Node):
    """Send people different ways by chance. Ways out: ``path.<id>``."""

    paths = fields.List(fields.Nested(Path), required=True, validate=validate.Length(min=2, max=10))


class End(Node):
    """The flow ends, with *text*; *then* the conversation is resolved or waits for a person."""

    text = _text(load_default="")
    then = fields.String(load_default="resolve", validate=validate.OneOf(("resolve", "queue")))
    goal = fields.Boolean(load_default=False)


KINDS: dict[str, type[Node]] = {
    "message": Message, "menu": Menu, "ask": Ask, "condition": Condition, "set": Set, "label": Label,
    "hand_over": HandOver, "http": Http, "wait": Wait, "goto": GoTo, "split": Split, "end": End,
}  # fmt: skip
WAITING = ("menu", "ask", "wait")


def outputs(node: Json) -> list[str]:
    """Return the names of a node's ways out, in order."""
    kind = node["kind"]
    if kind == "menu":
        return [*(f"option.{option['id']}" for option in node["options"]), "other", "timeout"]
    if kind == "condition":
        return [*(f"case.{case['id']}" for case in node["cases"]), "else"]
    if kind == "split":
        return [f"path.{path['id']}" for path in node["paths"]]
    return {"ask": ["next", "failed", "timeout"], "http": ["next", "error"]}.get(
        kind, [] if kind in ("hand_over", "goto", "end") else ["next"]
    )


class Trigger(Strict):
    """What begins a flow."""

    on = fields.String(required=True, validate=validate.OneOf(TRIGGERS))
    way = fields.String(load_default="contains", validate=validate.OneOf(WAYS))
    words = fields.List(fields.String(validate=validate.Length(min=1, max=200)), load_default=list)
    priority = fields.Integer(load_default=0, validate=validate.Range(-100, 100))
    label = fields.String(load_default=None, allow_none=True, metadata={"description": "a label's name"})
    campaign = fields.String(load_default=None, allow_none=True)
    accounts = fields.List(
        fields.String(), load_default=list, metadata={"description": "these numbers; none: all"}
    )

    @validates_schema
    def what_it_needs(self, data: Json, **_: Any) -> None:
        """A keyword has words that its way can use, a label has a name."""
        if data["on"] == "keyword" and not data["words"]:
            raise ValidationError({"words": ["a keyword is needed"]})
        if data["on"] == "label_added" and not data["label"]:
            raise ValidationError({"label": ["a label's name is needed"]})
        if data["way"] == "regex":
            for word in data["words"]:
                _pattern(word)


def _words(name: str) -> fields.List:
    word = fields.String(validate=validate.Length(min=1, max=100))
    return fields.List(word, load_default=lambda: list(WORDS[name]), validate=validate.Length(max=50))


class FlowSettings(Strict):
    """How a flow behaves throughout."""

    gather = fields.Float(load_default=3.0, validate=validate.Range(0, 60))
    misses = fields.Integer(load_default=3, validate=validate.Range(1, 10))
    expires = fields.Float(load_default=24 * 60.0, validate=validate.Range(1, 60 * 24 * 30))
    cancel = _words("cancel")
    menu = _words("menu")
    person = _words("person")
    back = _words("back")


class Definition(Strict):
    """A whole flow. gather: seconds; expires: minutes of silence after which a session ends."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    language = fields.String(load_default="id", validate=validate.OneOf(LANGUAGES))
    triggers = fields.List(fields.Nested(Trigger), load_default=list, validate=validate.Length(max=50))
    start = fields.String(required=True, validate=ID)
    nodes = fields.List(fields.Raw(), required=True, validate=validate.Length(1, NODES))
    settings = fields.Nested(FlowSettings, load_default=lambda: FlowSettings().load({}))


class Loose(Schema):
    """A flow that is being made: anything goes, within bounds."""

    class Meta:
        unknown = INCLUDE

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    nodes = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=NODES))


class Known(Schema):
    """Only what is known is kept."""

    class Meta:
        unknown = EXCLUDE
