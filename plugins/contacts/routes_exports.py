"""Exports of contacts: all of them, a segment, or some, as CSV or vCards; each one is on record."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request, stream_with_context
from marshmallow import Schema, validate
from marshmallow import fields as shape

from engine import segments, times
from web import (
    Open,
    Page,
    View,
    _,
    act,
    api_blueprint,
    language,
    list_response,
    page_of,
    read,
    render,
    requires,
)

from . import csv_vcard, fields
from . import schemas_data as schemas
from .routes_fields import in_use

Json = dict[str, Any]
MOST_SELECTED = 1000
MIMES = {"csv": ("text/csv", "csv"), "vcard": ("text/vcard", "vcf")}

api = api_blueprint("contact_exports", "/contact-exports", "Contacts as CSV or vCards")
blueprint = Blueprint("contacts_exports", __name__)


class ContactExport(Open):
    """Who took contacts out, when, which and how many."""

    agent = shape.String(allow_none=True)
    at = shape.String()
    format = shape.String()
    segment = shape.String(allow_none=True)
    count = shape.Integer()


class Wanted(Schema):
    """Which contacts, in which form; all of them where neither segment nor contacts are named."""

    format = shape.String(load_default="csv", validate=validate.OneOf(schemas.FORMATS))
    segment = shape.String(load_default=None, allow_none=True)
    contacts = shape.List(
        shape.String(), load_default=None, allow_none=True, validate=validate.Length(1, MOST_SELECTED)
    )


@api.route("")
@requires("contact.export")
@api.arguments(Page, location="query")
@api.response(200, page_of(ContactExport))
def list_exports(wanted: Json) -> Json:
    """List the exports, the latest first."""
    return list_response("contact_export", wanted, order="at")


@api.route("", methods=["POST"])
@requires("contact.export")
@api.arguments(Wanted)
@api.doc(responses={200: {"description": "The file", "content": {"text/csv": {}, "text/vcard": {}}}})
def export(wanted: Json) -> Response:
    """Take contacts out; it is written down who did, before the first of them leaves."""
    return _file(wanted)


@blueprint.get("/contacts/export")
@requires("contact.export")
def page() -> str:
    """Show what can be taken out, and who did so before."""

    def load(view: View) -> Json:
        found, following = view.page("contact_export", order="at", limit=20, after=request.args.get("after"))
        agents = {agent.doc_id: agent["name"] for agent in view.db.table("agent").all()}
        names = {segment.doc_id: segment["name"] for segment in view.db.table("segment").all()}
        return {"exports": found, "next": following, "agents": agents, "names": names, "seq": view.seq}

    return render("contacts/export.html", active="contacts", chosen=request.args.get("segment"), **read(load))


@blueprint.post("/contacts/export")
@requires("contact.export")
def take() -> Response:
    """Take contacts out from the page."""
    wanted = {"format": request.form.get("format", "csv"), "segment": request.form.get("segment") or None}
    chosen = request.form.getlist("contact")[:MOST_SELECTED] or None
    return _file({**wanted, "contacts": chosen})


def _file(wanted: Json) -> Response:
    condition, at = _condition(wanted), times.now()
    many = read(lambda view: segments.count(view.db, condition, at), heavy=True)
    told = {"format": wanted["format"], "segment": wanted["segment"], "selected": bool(wanted["contacts"])}
    act([{"type": "contacts.record_export", "data": {**told, "count": many}}])
    mime, ending = MIMES[wanted["format"]]
    parts = _csv(condition, at) if wanted["format"] == "csv" else _cards(condition, at)
    response = Response(stream_with_context(parts), mimetype=mime)
    response.headers["Content-Disposition"] = f'attachment; filename="{_("contacts")}-{at[:10]}.{ending}"'
    return response


def _condition(wanted: Json) -> Json:
    if wanted["contacts"]:
        return {"field": "id", "op": "one_of", "value": wanted["contacts"]}
    if wanted["segment"]:
        found: Json = read(lambda view: view.get("segment", wanted["segment"]))["condition"]
        return found
    return {}


def _people(condition: Json, at: str) -> Iterator[list[Json]]:
    """Yield the contacts, some hundred at a time, each part in a snapshot of its own."""
    after: str | None = None
    while True:
        part, after = read(lambda view, after=after: segments.members(view.db, condition, after, at=at))  # type: ignore[misc]
        yield part
        if after is None:
            return


def _csv(condition: Json, at: str) -> Iterator[str]:
    custom, written = in_use(), language()
    own = [_("Name"), _("Phone number"), _("Other numbers"), _("Contact since"), _("Opted out"), _("Blocked")]
    yield csv_vcard.csv_lines([[*own, *(field["label"] for field in custom)]])
    for part in _people(condition, at):
        rows = ([*_own(contact), *_values(contact, custom, written)] for contact in part)
        yield csv_vcard.csv_lines(rows, first=False)


def _own(contact: Json) -> list[str]:
    others = [f"+{alias[:-5]}" for alias in contact["aliases"] if alias.endswith("@c.us")]
    others = [phone for phone in others if phone != contact["phone"]]
    told = [(contact.get(key) or {}).get("at", "") for key in ("opted_out", "blocked")]
    return [contact["name"], contact["phone"] or "", " ".join(others), contact["created_at"], *told]


def _values(contact: Json, custom: list[Json], written: str) -> list[str]:
    return [fields.typed(field, contact.get(fields.name_of(field)), written) for field in custom]


def _cards(condition: Json, at: str) -> Iterator[str]:
    custom, written = in_use(), language()
    for part in _people(condition, at):
        yield "".join(_card(contact, custom, written) for contact in part)


def _card(contact: Json, custom: list[Json], written: str) -> str:
    values = (fields.shown(field, contact.get(fields.name_of(field)), written) for field in custom)
    known = zip((field["label"] for field in custom), values, strict=True)
    phones = [f"+{alias[:-5]}" for alias in contact["aliases"] if alias.endswith("@c.us")]
    return csv_vcard.card(contact["name"], phones, [pair for pair in known if pair[1]])
