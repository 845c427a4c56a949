"""Segments: their REST, and the pages that list and build them."""

from typing import Any

from flask import Blueprint, request
from marshmallow import Schema
from marshmallow import fields as shape

from engine import conditions, times
from engine import segments as engine_segments
from web import (
    Invalid,
    Open,
    Page,
    View,
    _,
    act,
    api_blueprint,
    attempt,
    back,
    language,
    list_response,
    page_of,
    read,
    render,
    requires,
)

from . import fields, segments
from . import schemas_data as schemas
from .routes_fields import load as load_fields
from .routes_words import body, countries, in_words

Json = dict[str, Any]
PREVIEW = 20

api = api_blueprint("segments", "/segments", "Saved conditions over contacts")
blueprint = Blueprint("contacts_segments", __name__)


class Segment(Open):
    """A saved condition over contacts."""

    name = shape.String()
    condition = shape.Dict(
        metadata={
            "description": "{all: […]}, {any: […]}, {not: …} or {field, op, value}; fields: name, phone, "
            "country, labels, last_message_at, created_at, opted_out, blocked, contacts.<key>; "
            "times also as -30d"
        }
    )
    created_at = shape.String()


class SegmentChange(Schema):
    """What may be changed."""

    name = shape.String(validate=schemas.LABEL)
    condition = shape.Dict()


class Condition(Schema):
    """A condition that is not saved."""

    condition = shape.Dict(required=True)


class Count(Schema):
    """How many contacts, and the first of them."""

    count = shape.Integer()
    contacts = shape.List(shape.Dict())


class Members(Schema):
    """A part of a segment's contacts."""

    items = shape.List(shape.Dict())
    next = shape.String(allow_none=True)


@api.route("")
@requires("segment.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(Segment))
def list_segments(wanted: Json) -> Json:
    """List the segments by name."""
    return list_response("segment", wanted, order="name", newest_first=False)


@api.route("", methods=["POST"])
@requires("segment.write")
@api.arguments(schemas.SegmentCreate)
@api.response(201, Segment)
def make_segment(wanted: Json) -> Json:
    """Save a condition; 409 where another segment has this name."""
    data = {**wanted, "condition": _kept(wanted["condition"])}
    (done,) = act([{"type": "contacts.create_segment", "data": data}])
    return read(lambda view: view.get("segment", done["result"]["segment"]))


@api.route("/preview", methods=["POST"])
@requires("segment.read")
@api.arguments(Condition)
@api.response(200, Count)
def preview_segment(wanted: Json) -> Json:
    """Return how many contacts a condition has now, and the first 20."""
    condition = _kept(wanted["condition"])
    return read(lambda view: _preview(view, condition), heavy=True)


@api.route("/<id>")
@requires("segment.read")
@api.response(200, Segment)
def get_segment(id: str) -> Json:
    """Get one segment."""
    return read(lambda view: view.get("segment", id))


@api.route("/<id>", methods=["PATCH"])
@requires("segment.write")
@api.arguments(SegmentChange)
@api.response(200, Segment)
def change_segment(wanted: Json, id: str) -> Json:
    """Give a segment another name or condition."""
    read(lambda view: view.get("segment", id))
    if "condition" in wanted:
        wanted["condition"] = _kept(wanted["condition"])
    if wanted:
        act([{"type": "contacts.change_segment", "data": {"segment": id, **wanted}}])
    return read(lambda view: view.get("segment", id))


@api.route("/<id>", methods=["DELETE"])
@requires("segment.write")
@api.response(204)
def remove_segment(id: str) -> None:
    """Delete a segment; its contacts stay."""
    read(lambda view: view.get("segment", id))
    act([{"type": "contacts.remove_segment", "data": {"segment": id}}])


@api.route("/<id>/contacts")
@requires("segment.read")
@api.arguments(Page, location="query")
@api.response(200, Members)
def list_members(wanted: Json, id: str) -> Json:
    """List the contacts of a segment in the order in which they were added."""

    def find(view: View) -> Json:
        condition = view.get("segment", id)["condition"]
        how = {"after": wanted["cursor"], "limit": wanted["limit"], "at": times.now()}
        items, following = engine_segments.members(view.db, condition, **how)
        return {"items": items, "next": following}

    try:
        return read(find, heavy=True)
    except ValueError as error:
        raise Invalid("This cursor is not of this list.", {"cursor": [str(error)]}) from error


def _kept(condition: Json) -> Json:
    custom = read(load_fields)
    try:
        return segments.kept(condition, custom, comma=language() == "id")
    except ValueError as error:
        raise Invalid(_("This condition is not complete."), {"condition": [str(error)]}) from error


def _preview(view: View, condition: Json) -> Json:
    at = times.now()
    found, _next = engine_segments.members(view.db, condition, limit=PREVIEW, at=at)
    return {"count": engine_segments.count(view.db, condition, at), "contacts": found}


# The pages


@blueprint.get("/contacts/segments")
@requires("segment.read")
def pages() -> str:
    """Show the segments."""

    def load(view: View) -> Json:
        how = {"order": "name", "newest_first": False, "limit": 50, "after": request.args.get("after")}
        found, following = view.page("segment", **how)
        return {"segments": found, "next": following, "seq": view.seq}

    return render("contacts/segments.html", active="contacts", **read(load))


@blueprint.get("/contacts/segments/<id>/count")
@requires("segment.read")
def count(id: str) -> str:
    """Return how many contacts a segment has now, as a text."""

    def find(view: View) -> int:
        return engine_segments.count(view.db, view.get("segment", id)["condition"], times.now())

    return str(read(find, heavy=True))


@blueprint.get("/contacts/segments/new")
@requires("segment.write")
def new() -> str:
    """Show the builder, empty."""
    return _builder({"id": "", "name": "", "condition": {"all": []}})


@blueprint.get("/contacts/segments/<id>")
@requires("segment.read")
def one(id: str) -> str:
    """Show one segment in the builder."""
    return _builder(read(lambda view: view.get("segment", id)))


def _builder(segment: Json) -> str:
    custom, labels, seq = read(_known)
    used = conditions.fields_of(segment["condition"])
    offered = [field for field in custom if not field["archived"] or fields.name_of(field) in used]
    shown = {
        "fields": _offered(offered, labels),
        "ops": {kind: list(ops) for kind, ops in segments.OPS.items()},
        "condition": segments.written(segment["condition"], custom, language()),
        "words": builder_words(),
    }
    return render("contacts/segment.html", active="contacts", segment=segment, builder=shown, seq=seq)


def _known(view: View) -> tuple[list[Json], list[tuple[str, str]] | None, int]:
    labels = None
    if "labels" not in view.hidden and view.db.tables() >= {"label"}:
        every = view.db.table("label").all()
        labels = [(label.doc_id, label["name"]) for label in every if not label["archived"]]
    return load_fields(view), labels, view.seq


def _offered(custom: list[Json], labels: list[tuple[str, str]] | None) -> list[Json]:
    """Return the fields of the builder: ``name, title, kind, choices``."""
    titles = own_words()
    found = []
    for name, kind in segments.OWN.items():
        if name == "labels" and labels is None:
            continue
        choices = {"country": countries(), "labels": labels}.get(name)
        found.append({"name": name, "title": titles[name], "kind": kind, "choices": choices})
    for field in custom:
        choices = [(choice, choice) for choice in field["choices"]] or None
        told = {"title": field["label"], "kind": field["type"], "currency": field["currency"]}
        found.append({"name": fields.name_of(field), "choices": choices, **told})
    return found


def own_words() -> dict[str, str]:
    """Return what a contact's own fields are called."""
    return {
        "name": _("Name"),
        "phone": _("Phone number"),
        "country": _("Country"),
        "labels": _("Label of a conversation"),
        "last_message_at": _("Last message"),
        "created_at": _("Contact since"),
        "opted_out": _("Opted out"),
        "blocked": _("Blocked"),
    }


def builder_words() -> dict[str, str]:
    """Return the texts of the builder's script."""
    return {
        "all": _("all of these"),
        "any": _("one of these"),
        "none": _("none of these"),
        "add": _("Add a condition"),
        "add_group": _("Add a group"),
        "remove": _("Take this away"),
        "field": _("Field"),
        "how": _("How"),
        "value": _("Value"),
        "group": _("Which of these have to hold"),
        "days": _("days"),
        "choose": _("Choose…"),
        "is": _("is"),
        "is_not": _("is not"),
        "contains": _("has in it"),
        "starts": _("begins with"),
        "known": _("is known"),
        "unknown": _("is not known"),
        "at_least": _("is at least"),
        "at_most": _("is at most"),
        "before": _("is before"),
        "after": _("is after"),
        "has": _("is"),
        "has_not": _("is not"),
        "label_known": _("is any"),
        "label_unknown": _("is none"),
        "time_after": _("within the last"),
        "time_before": _("longer ago than"),
        "time_known": _("at any time"),
        "time_unknown": _("never"),
        "flag_known": _("yes"),
        "flag_unknown": _("no"),
        "nobody": _("Nobody fits."),
        "incomplete": _("Complete the conditions to see who fits."),
        "saved": _("Saved"),
    }


@blueprint.post("/contacts/segments/preview")
@requires("segment.read")
def preview() -> Json:
    """Return how many contacts fit what the builder has, and the first 20 as HTML."""
    condition = _kept(body().get("condition") or {})
    found = read(lambda view: _preview(view, condition), heavy=True)
    html = render("contacts/segment_people.html", contacts=found["contacts"])
    return {"count": found["count"], "html": html}


@blueprint.post("/contacts/segments/save")
@requires("segment.write")
def save() -> Json:
    """Save what the builder has; return the segment's id."""
    asked = body()
    data = {"name": str(asked.get("name") or "").strip(), "condition": _kept(asked.get("condition") or {})}
    if not data["name"]:
        raise Invalid(_("A segment needs a name."))
    verb, more = ("change", {"segment": asked["id"]}) if asked.get("id") else ("create", {})
    done, error = attempt([{"type": f"contacts.{verb}_segment", "data": {**data, **more}}])
    if error:
        raise Invalid(in_words(error))
    return {"id": asked.get("id") or done[0]["result"]["segment"]}


@blueprint.post("/contacts/segments/<id>/remove")
@requires("segment.write")
def remove(id: str) -> Any:
    """Delete a segment from the page."""
    attempt([{"type": "contacts.remove_segment", "data": {"segment": id}}])
    return back("/contacts/segments")
