"""The REST of labels and rules, their places in the inbox and the page that manages them."""

import re
from time import monotonic
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from marshmallow import fields

from engine import where
from web import (
    Feed,
    Open,
    Page,
    Slot,
    View,
    _,
    act,
    api_blueprint,
    attempt,
    back,
    current,
    imported_since,
    label_tint,
    lazy_gettext,
    list_response,
    page_of,
    read,
    requires,
    settings_page,
    start_trial,
    tally_seen,
    trial,
)

from . import board, shapes
from .words import COLORS, REASONS, told
from .words import WORDS as WORDS  # what the history says

Json = dict[str, Any]
FEED = {"label": Feed(("id", "name", "color", "description", "order", "archived"), "label.read")}
NAV = [
    {
        "path": "/settings/labels",
        "icon": "tag",
        "title": lazy_gettext("Labels"),
        "key": "labels",
        "permission": "label.write",
        "order": 60,
    }
]
SLOTS = [
    Slot("list.filter", "labels/filter.html", permission="label.read"),
    Slot("list.side", "labels/side.html", permission="label.read"),
    Slot("list.bulk", "labels/bulk.html", permission="conversation.write"),
    Slot("list.row", "labels/row.html", permission="label.read"),
    Slot("contact.row", "labels/row.html", permission="label.read"),
    Slot("panel.section", "labels/panel.html", order=40, permission="label.read"),
]
api = api_blueprint("labels", "/labels", "Coloured tags on conversations, and the rules that put them on")
blueprint = Blueprint("labels_pages", __name__)


class Label(Open):
    """A coloured tag."""

    name = fields.String()
    color = fields.String(metadata={"description": "#rrggbb"})
    description = fields.String()
    order = fields.Integer(metadata={"description": "its place in lists, small ones first"})
    archived = fields.Boolean(metadata={"description": "out of use, yet still on conversations"})
    merged_into = fields.String(allow_none=True, metadata={"description": "the label that took it over"})
    merging = fields.Dict(allow_none=True, metadata={"description": "`{done, all}` while a merge goes on"})


class Listed(Page):
    """Which labels."""

    archived = fields.Boolean(load_default=False, metadata={"description": "those out of use as well"})


class Rule(Open):
    """When a message, its contact or a step of a flow is so, the conversation gets a label."""

    label = fields.String()
    when = fields.Dict(metadata={"description": "a condition; `text` also knows `words` and `matches` (RE2)"})
    enabled = fields.Boolean()
    order = fields.Integer()


def _label(id: str) -> Json:
    return read(lambda view: view.get("label", id))


def _do(verb: str, **data: Any) -> Json:
    (done,) = act([{"type": f"labels.{verb}", "data": data}])
    return done.get("result") or {}


@api.route("")
@requires("label.read")
@api.arguments(Listed, location="query")
@api.response(200, page_of(Label))
def list_labels(wanted: Json) -> Json:
    """List the labels in their order."""
    query = None if wanted["archived"] else where("archived") == False  # noqa: E712
    return list_response("label", wanted, query=query, order="order", newest_first=False)


@api.route("", methods=["POST"])
@requires("label.write")
@api.arguments(shapes.NewLabel)
@api.response(201, Label)
def make_label(wanted: Json) -> Json:
    """Make a label; 409 where one in use has this name."""
    return _label(_do("create", **wanted)["label"])


@api.route("/<id>")
@requires("label.read")
@api.response(200, Label)
def get_label(id: str) -> Json:
    """Get one label."""
    return _label(id)


@api.route("/<id>", methods=["PATCH"])
@requires("label.write")
@api.arguments(shapes.LabelChange)
@api.response(200, Label)
def change_label(wanted: Json, id: str) -> Json:
    """Rename a label, give it another colour, description or place, archive it or bring it back."""
    found = _label(id)
    archived = wanted.pop("archived", found["archived"])
    if wanted:
        _do("update", label=id, **wanted)
    if archived != found["archived"]:
        _do("archive" if archived else "restore", label=id)
    return _label(id)


@api.route("/<id>", methods=["DELETE"])
@requires("label.write")
@api.response(204)
def archive_label(id: str) -> None:
    """Put a label out of use; it stays on the conversations that have it."""
    _label(id)
    _do("archive", label=id)


@api.route("/order", methods=["POST"])
@requires("label.write")
@api.arguments(shapes.Order)
@api.response(204)
def order_labels(wanted: Json) -> None:
    """Put the labels into an order."""
    _do("reorder", **wanted)


@api.route("/<id>/merge")
@requires("label.write")
@api.arguments(shapes.Into, location="query")
@api.response(200, shapes.Preview)
def preview_merge(wanted: Json, id: str) -> Json:
    """Tell what a merge would move, without doing it."""

    def look(view: View) -> Json:
        view.get("label", id), view.get("label", wanted["into"])
        return board.merge_preview(view, id, wanted["into"])

    return read(look)


@api.route("/<id>/merge", methods=["POST"])
@requires("label.write")
@api.arguments(shapes.Into)
@api.response(200, Label)
def merge_labels(wanted: Json, id: str) -> Json:
    """Merge a label into another, which takes over conversations and rules; over 500 move bit by bit."""
    _label(id), _label(wanted["into"])
    _do("merge", label=id, into=wanted["into"])
    return _label(id)


@api.route("/counts")
@requires("label.read")
@api.response(200, shapes.Counts)
def count_labels() -> Json:
    """Count the open conversations that you may see by label."""
    return {"counts": _counts()}


@api.route("/rules")
@requires("label.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(Rule))
def list_rules(wanted: Json) -> Json:
    """List the rules in the order in which they are asked."""
    return list_response("label_rule", wanted, order="order", newest_first=False)


@api.route("/rules", methods=["POST"])
@requires("label.write")
@api.arguments(shapes.NewRule)
@api.response(201, Rule)
def make_rule(wanted: Json) -> Json:
    """Make a rule."""
    id = _do("put_rule", **wanted)["rule"]
    return read(lambda view: view.get("label_rule", id))


@api.route("/rules/<id>", methods=["PATCH"])
@requires("label.write")
@api.arguments(shapes.RuleChange)
@api.response(200, Rule)
def change_rule(wanted: Json, id: str) -> Json:
    """Change a rule, or switch it on or off."""
    found = read(lambda view: view.get("label_rule", id))
    kept = {key: found[key] for key in ("label", "when", "enabled") if key in found}
    _do("put_rule", rule=id, **{**kept, **wanted})
    return read(lambda view: view.get("label_rule", id))


@api.route("/rules/<id>", methods=["DELETE"])
@requires("label.write")
@api.response(204)
def remove_rule(id: str) -> None:
    """Delete a rule; what it put on stays."""
    read(lambda view: view.get("label_rule", id))
    _do("remove_rule", rule=id)


@api.route("/rules/trials", methods=["POST"])
@requires("label.write")
@api.arguments(shapes.Draft)
@api.response(202, shapes.Trial)
def try_rule(wanted: Json) -> Json:
    """Try a rule on the days that were, by replay; nothing is written. Ask for how it is by its id."""
    put = read(lambda view: board.draft_of(view, wanted["label"], wanted["when"]))
    return {"id": start_trial(put, wanted["days"]), "state": "running", "done": 0, "all": 0}


@api.route("/rules/trials/<id>")
@requires("label.write")
@api.arguments(shapes.Into, location="query")
@api.response(200, shapes.Trial)
def get_trial(wanted: Json, id: str) -> Json:
    """Tell how a trial is and, when it is done, which conversations would have got the label `into`."""
    state = trial(id)
    report, since = state.pop("report"), state.pop("since")
    if report is None:
        return {**state, "id": id, "found": None}
    found = read(lambda view: board.found_by(view, report, wanted["into"]))
    imported = read(lambda view: imported_since(view, since), heavy=True)
    return {**state, "id": id, "found": found, "imported": imported}


_counted: dict[tuple[Any, ...], tuple[float, dict[str, int]]] = {}


def _counts() -> dict[str, int]:
    """Return the open conversations by label that this agent may see, as they were at most a second ago."""
    agent = current().agent
    own = (agent["id"], *(agent.get("teams") or ())) if agent["role"] == "agent" else agent["role"]
    key = (g.workspace, own)
    if len(_counted) > 1000:
        _counted.clear()
    if key not in _counted or _counted[key][0] < monotonic() - 1:
        found = read(lambda view: tally_seen(view, where("status") == "open", "labels"))
        _counted[key] = monotonic(), found
    return _counted[key][1]


def known() -> dict[str, Json]:
    """Return all labels by id, in order; read once per request."""
    if "known_labels" not in g:
        g.known_labels = read(board.known)
    found: dict[str, Json] = g.known_labels
    return found


@blueprint.app_template_global("labels_of")
def labels_of(ids: list[str] | None) -> list[Json]:
    """Return the labels with these ids, in the labels' order."""
    if not ids:
        return []
    if "label_places" not in g:
        g.label_places = {id: place for place, id in enumerate(known())}
    places: dict[str, int] = g.label_places
    return [known()[id] for id in sorted(places.keys() & set(ids), key=places.__getitem__)]


@blueprint.app_template_global("labels_colors")
def colors() -> str:
    """Return the palette that new labels take their colours from."""
    return " ".join(COLORS)


@blueprint.get("/labels/known")
@requires("label.read")
def known_labels() -> Response:
    """Give the inbox's page all labels, from which it makes its menus."""
    keys = ("id", "name", "color", "description", "archived")
    shown = [{key: label.get(key) for key in keys} for label in known().values()]
    return jsonify({"labels": [{**label, "tint": label_tint(label["color"])} for label in shown]})


@blueprint.get("/labels/counts")
@requires("label.read")
def counts() -> Response:
    """Give the sidebar its counts."""
    return jsonify({"counts": _counts()})


@blueprint.get("/settings/labels")
@requires("label.write")
def settings() -> str:
    """Show the labels and their rules, to be changed."""
    return _show()


def _show(error: str | None = None, typed: Json | None = None) -> str:
    """Return the page; *typed*: what was refused, which stands in its form again."""
    g.pop("known_labels", None), g.pop("label_places", None)
    every = known().values()
    totals, their_rules = read(lambda view: (board.totals(view), board.rules_in_order(view)))
    shown = {
        "labels": [label for label in every if not label.get("archived")],
        "archived": [label for label in every if label.get("archived")],
        "names_of": {label["id"]: label for label in every},
        "counts": totals,
        "rules": [{**rule, "told": told(rule["when"])} for rule in their_rules],
    }
    look = {"colors": list(COLORS), "names": COLORS, "fresh": _fresh(), "error": error, "typed": typed or {}}
    return settings_page("labels/settings.html", "labels", **shown, **look)


def _fresh() -> str:
    """Return a colour that no label has yet, else the first."""
    used = {label["color"] for label in known().values() if not label.get("archived")}
    return next((color for color in COLORS if color not in used), next(iter(COLORS)))


@blueprint.post("/settings/labels")
@requires("label.write")
def make() -> Any:
    """Make a label from the page."""
    return _change("create", {name: _typed(name) for name in ("name", "color", "description")})


@blueprint.post("/settings/labels/<id>")
@requires("label.write")
def change(id: str) -> Any:
    """Rename, recolour or describe a label from the page."""
    given = {"label": id, "name": _typed("name"), "color": _typed("color")}
    return _change("update", given | {"description": _typed("description")})


@blueprint.post("/settings/labels/<id>/<verb>")
@requires("label.write")
def do(id: str, verb: str) -> Any:
    """Archive, bring back or merge a label from the page."""
    if verb == "merge":
        return _change("merge", {"label": id, "into": _typed("into")})
    return _change("restore" if verb == "restore" else "archive", {"label": id})


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _change(action: str, data: Json) -> Any:
    if "name" in data and not data["name"]:
        return _show(_("A label needs a name."), data)
    given = {key: value for key, value in data.items() if value or key == "description"}
    _done, error = attempt([{"type": f"labels.{action}", "data": given}])
    return _show(_in_words(error), data) if error else back("/settings/labels", saved="1")


def _in_words(reason: str) -> str:
    """Return a refusal of this plugin's handlers in the reader's language."""
    for pattern, words in REASONS:
        if found := re.search(pattern, reason):
            return str(words) % found.groupdict()
    return reason
