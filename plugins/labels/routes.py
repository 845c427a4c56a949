"""The REST of labels, their places in the inbox and the page that manages them."""

import hashlib
import re
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, request, send_from_directory
from marshmallow import Schema, fields, validate

from engine import where
from web import (
    Filter,
    Open,
    Page,
    Slot,
    View,
    _,
    act,
    api_blueprint,
    attempt,
    back,
    lazy_gettext,
    list_response,
    page_of,
    public,
    read,
    render,
    requires,
    settings_page,
)

from . import schemas

Json = dict[str, Any]
ASSETS = Path(__file__).parent / "static"
COLORS = {
    "#d4380d": lazy_gettext("red"), "#c2570c": lazy_gettext("orange"), "#b7791f": lazy_gettext("amber"),
    "#5f7f14": lazy_gettext("lime"), "#0b8a52": lazy_gettext("green"), "#0b6e5c": lazy_gettext("teal"),
    "#0e7c93": lazy_gettext("cyan"), "#1570cd": lazy_gettext("blue"), "#4654c8": lazy_gettext("indigo"),
    "#6941c6": lazy_gettext("violet"), "#c11574": lazy_gettext("pink"), "#667085": lazy_gettext("grey"),
}  # fmt: skip
FEED = {"label": ("id", "name", "color", "order", "archived")}
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
    Slot("list.row", "labels/row.html", permission="label.read"),
    Slot("contact.row", "labels/row.html", permission="label.read"),
    Slot("panel.section", "labels/panel.html", order=40, permission="label.read"),
]

api = api_blueprint("labels", "/labels", "Coloured tags on conversations")
blueprint = Blueprint("labels_pages", __name__)


class Label(Open):
    """A coloured tag."""

    name = fields.String()
    color = fields.String(metadata={"description": "#rrggbb"})
    order = fields.Integer(metadata={"description": "its place in lists, small ones first"})
    archived = fields.Boolean(metadata={"description": "out of use, yet still on conversations"})


class Listed(Page):
    """Which labels."""

    archived = fields.Boolean(load_default=False, metadata={"description": "those out of use as well"})


def _name(**how: Any) -> fields.String:
    spoken = validate.Regexp(r"(?s).*\S", error="a name has a letter at least")
    return fields.String(validate=[schemas.NAME, spoken], **how)


class NewLabel(Schema):
    """A label to be made."""

    name = _name(required=True)
    color = fields.String(validate=schemas.COLOR, metadata={"description": "#rrggbb"})


class LabelChange(Schema):
    """What may be changed; what is left out stays."""

    name = _name()
    color = fields.String(validate=schemas.COLOR, metadata={"description": "#rrggbb"})
    order = fields.Integer()


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
@api.arguments(NewLabel)
@api.response(201, Label)
def make_label(wanted: Json) -> Json:
    """Make a label; 409 where one in use has this name."""
    (done,) = act([{"type": "labels.create", "data": wanted}])
    return read(lambda view: view.get("label", done["result"]["label"]))


@api.route("/<id>")
@requires("label.read")
@api.response(200, Label)
def get_label(id: str) -> Json:
    """Get one label."""
    return read(lambda view: view.get("label", id))


@api.route("/<id>", methods=["PATCH"])
@requires("label.write")
@api.arguments(LabelChange)
@api.response(200, Label)
def change_label(wanted: Json, id: str) -> Json:
    """Rename a label, give it another colour or place."""
    found = read(lambda view: view.get("label", id))
    if wanted:
        act([{"type": "labels.update", "data": {"label": id, **wanted}}])
        found = read(lambda view: view.get("label", id))
    return found


@api.route("/<id>", methods=["DELETE"])
@requires("label.write")
@api.response(204)
def archive_label(id: str) -> None:
    """Put a label out of use; it stays on the conversations that have it."""
    read(lambda view: view.get("label", id))
    act([{"type": "labels.archive", "data": {"label": id}}])


def known() -> dict[str, Json]:
    """Return all labels by id, in order; read once per request however many rows a page has."""

    def load(view: View) -> dict[str, Json]:
        every = [{**label, "id": label.doc_id} for label in view.db.table("label").all()]
        every.sort(key=lambda label: (label.get("order") or 0, label["name"].casefold()))
        return {label["id"]: label for label in every}

    if "known_labels" not in g:
        g.known_labels = read(load)
    found: dict[str, Json] = g.known_labels
    return found


@blueprint.app_template_global("labels_of")
def labels_of(ids: list[str] | None) -> list[Json]:
    """Return the labels with these ids, in the labels' order."""
    if not ids:
        return []
    return [label for id, label in known().items() if id in ids]


@blueprint.app_template_global("labels_in_use")
def labels_in_use() -> list[Json]:
    """Return the labels that can be put on."""
    return [label for label in known().values() if not label.get("archived")]


@blueprint.app_template_global("labels_colors")
def colors() -> str:
    """Return the palette that new labels take their colours from."""
    return " ".join(COLORS)


@blueprint.app_template_global("labels_asset")
def asset(name: str) -> str:
    """Return the address of a file in this plugin's static folder, with its content's hash."""
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:10]
    return f"{request.script_root}/labels/static/{name}?v={digest}"


@blueprint.get("/labels/static/<name>")
@public
def asset_file(name: str) -> Response:
    """Give the inbox's script for labels."""
    response = send_from_directory(ASSETS, name, max_age=0)
    if request.args.get("v"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.get("/labels/menus")
@requires("label.read")
def menus() -> str:
    """Return the two menus' items as HTML, for a page that is open while labels change."""
    return render("labels/menus.html", filter=Filter.of(request.args))


@blueprint.get("/settings/labels")
@requires("label.write")
def settings() -> str:
    """Show the labels, to be changed."""
    return _show()


def _show(error: str | None = None) -> str:
    counts = read(_counts)
    g.pop("known_labels", None)
    return settings_page(
        "labels/settings.html",
        "labels",
        labels=labels_in_use(),
        archived=[label for label in known().values() if label.get("archived")],
        counts=counts,
        colors=list(COLORS),
        names=COLORS,
        fresh=_fresh(),
        error=error,
    )


def _fresh() -> str:
    """Return a colour that no label has yet, else the first."""
    used = {label["color"] for label in labels_in_use()}
    return next((color for color in COLORS if color not in used), next(iter(COLORS)))


def _counts(view: View) -> dict[str, int]:
    """Return on how many conversations each label is."""
    rows = view.db.table("label").all()
    conversations = view.db.table("conversation")
    return {row.doc_id: conversations.count(where("labels").any([row.doc_id])) for row in rows}


@blueprint.post("/settings/labels")
@requires("label.write")
def make() -> Any:
    """Make a label from the page."""
    return _change("create", {"name": _typed("name"), "color": _typed("color")})


@blueprint.post("/settings/labels/<id>")
@requires("label.write")
def change(id: str) -> Any:
    """Rename or recolour a label from the page."""
    return _change("update", {"label": id, "name": _typed("name"), "color": _typed("color")})


@blueprint.post("/settings/labels/<id>/archive")
@requires("label.write")
def archive(id: str) -> Any:
    """Archive a label from the page."""
    return _change("archive", {"label": id})


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _change(action: str, data: Json) -> Any:
    if "name" in data and not data["name"]:
        return _show(_("A label needs a name."))
    given = {key: value for key, value in data.items() if value}
    _done, error = attempt([{"type": f"labels.{action}", "data": given}])
    return _show(_in_words(error)) if error else back("/settings/labels", saved="1")


def _in_words(reason: str) -> str:
    """Return a refusal of this plugin's handlers in the reader's language."""
    taken = re.search(r"there is a label '(.+)' already", reason)
    return _("There is a label “%(name)s” already.", name=taken[1]) if taken else reason


WORDS = {
    "labels.add": lazy_gettext("put on the label %(label)s"),
    "labels.archive": lazy_gettext("archived the label %(label)s"),
    "labels.create": lazy_gettext("made the label %(name)s"),
    "labels.put_rule": lazy_gettext("set a rule for the label %(label)s"),
    "labels.remove": lazy_gettext("took off the label %(label)s"),
    "labels.remove_rule": lazy_gettext("removed a rule for labels"),
    "labels.update": lazy_gettext("changed the label %(label)s"),
}
"""What the actions did, as the history tells it."""

REASONS = [
    (r"the label '(?P<name>.+)' is archived", lazy_gettext("The label “%(name)s” is archived.")),
    (r"there is a label '(?P<name>.+)' already", lazy_gettext("There is a label “%(name)s” already.")),
]
"""Refusals in words."""
