"""The REST of contacts, besides the list and the one contact of the core."""

from typing import Any

from marshmallow import Schema, fields, validate

from web import (
    Conflict,
    Open,
    Page,
    View,
    act,
    api_blueprint,
    cursor_errors,
    list_response,
    page_of,
    read,
    requires,
    see_contact,
)

from . import routes_people as people
from . import schemas
from .handlers_merge import preview
from .routes_merge import suggested

Json = dict[str, Any]
api = api_blueprint("contacts_more", "/contacts", "Contacts: made, joined, brought up to date")


class Person(Open):
    """A person on WhatsApp."""

    name = fields.String()
    names = fields.Dict(metadata={"description": "by source: agent, book, profile"})
    phone = fields.String(allow_none=True, metadata={"description": "E.164"})
    aliases = fields.List(fields.String())


class NewContact(Schema):
    """A contact to be made."""

    phone = fields.String(
        required=True,
        validate=validate.Length(max=40),
        metadata={"description": "as it is written in the workspace's region, e.g. 0812…"},
    )
    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))


class NewNumber(Schema):
    """One more number of a contact."""

    phone = fields.String(required=True, validate=validate.Length(max=40))


class MergeWith(Schema):
    """Who is to become part of the contact of the address."""

    other = fields.String(required=True)
    choose = fields.List(
        fields.String(),
        load_default=list,
        metadata={"description": "fields of which the other's value is kept: names.agent, phone, …"},
    )


class First(Schema):
    """A first message to somebody who has not written."""

    account = fields.String(required=True)
    text = fields.String(required=True, validate=validate.Length(min=1, max=65536))
    chat = fields.String(load_default=None, allow_none=True, metadata={"description": "one of the aliases"})
    client_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    cold = fields.Boolean(
        required=True,
        validate=validate.Equal(True, error="say that this person expects your message"),
        metadata={"description": "true: this person expects the message; WhatsApp blocks who writes unasked"},
    )


class Sent(Schema):
    """What came of a first message."""

    message = fields.String()
    conversation = fields.String()


class Of(Schema):
    """One number of ours."""

    account = fields.String(required=True)


class SyncState(schemas.Sync, Open):
    """How far an address book was read."""


class PairOf(schemas.Pair, Open):
    """Two contacts who may be one person."""


class MergeDone(Schema):
    """Two contacts who were made one."""

    id = fields.String(required=True)
    contact = fields.String(metadata={"description": "who is gone"})
    into = fields.String()
    at = fields.String()
    by = fields.String(allow_none=True, metadata={"description": "null: by what a gateway told"})
    why = fields.String(allow_none=True)
    state = fields.String()


@api.route("", methods=["POST"])
@requires("contact.write")
@api.arguments(NewContact)
@api.response(201, Person)
def make_contact(wanted: Json) -> Json:
    """Make a contact by a number; 409 where somebody has it already."""
    (done,) = act([{"type": "contacts.create", "data": wanted}])
    return read(lambda view: view.get("contact", done["result"]["contact"]))


@api.route("/<id>/numbers", methods=["POST"])
@requires("contact.write")
@api.arguments(NewNumber)
@api.response(200, Person)
def add_contact_number(wanted: Json, id: str) -> Json:
    """Note one more number of a contact."""
    act([{"type": "contacts.add_number", "data": {"contact": id, **wanted}}])
    return read(lambda view: view.get("contact", id))


@api.route("/<id>/messages", methods=["POST"])
@requires("message.send")
@api.arguments(First)
@api.response(201, Sent)
def write_first(wanted: Json, id: str) -> Json:
    """Write to a contact, whether there is a conversation yet or not."""
    wanted.pop("cold")
    client_id = wanted.get("client_id")
    (done,) = act([{"type": "conversation.start", "data": {"contact": id, **wanted}}], client_id)
    return dict(done["result"])


@api.route("/<id>/merge/preview", methods=["POST"])
@requires("contact.write")
@api.arguments(MergeWith)
@api.response(200, Person)
def preview_merge(wanted: Json, id: str) -> Json:
    """Return what a contact would be together with another; nothing is changed."""

    def load(view: View) -> Json:
        return preview(see_contact(view, wanted["other"]), see_contact(view, id), wanted["choose"])

    return read(load)


@api.route("/<id>/merge", methods=["POST"])
@requires("contact.write")
@api.arguments(MergeWith)
@api.response(200, MergeDone)
def merge_contacts(wanted: Json, id: str) -> Json:
    """Make one contact of two; the other is gone, its conversations stay apart. It can be undone."""
    data = {"contact": wanted["other"], "into": id, "choose": wanted["choose"]}
    (done,) = act([{"type": "contacts.merge", "data": data}])
    return read(lambda view: view.get("contact_merge", done["result"]["merge"]))


@api.route("/merges")
@requires("contact.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(MergeDone))
def list_merges(wanted: Json) -> Json:
    """List what was joined, the latest first, of contacts who may be seen; a page may have fewer."""

    def load(view: View) -> Json:
        how = {"order": None, "after": wanted["cursor"], "limit": wanted["limit"]}
        found, following = view.page("contact_merge", **how)
        seen = {row["id"] for row in people.some_rows(view, [merge["into"] for merge in found])}
        return {"items": [_bare(merge) for merge in found if merge["into"] in seen], "next": following}

    with cursor_errors():
        return read(load)


def _bare(merge: Json) -> Json:
    return {key: merge.get(key) for key in ("id", "contact", "into", "at", "by", "why", "state")}


@api.route("/merges/<id>/undo", methods=["POST"])
@requires("contact.write")
@api.response(200, MergeDone)
def undo_merge(id: str) -> Json:
    """Make two contacts of one again; 409 with the reason where it is too late."""
    found = read(lambda view: view.get("contact_merge", id))
    if found["state"] == "done":
        read(lambda view: see_contact(view, found["into"]))
    act([{"type": "contacts.undo_merge", "data": {"merge": id}}])
    return read(lambda view: view.get("contact_merge", id))


@api.route("/duplicates")
@requires("contact.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(PairOf))
def list_duplicates(wanted: Json) -> Json:
    """List contacts who may be one person, the surest first."""
    found, following = read(lambda view: suggested(view, wanted["cursor"], wanted["limit"]))
    return {
        "items": [{key: pair[key] for key in pair if key != "people"} for pair in found],
        "next": following,
    }


@api.route("/duplicates", methods=["POST"])
@requires("contact.write")
@api.response(202)
def look_for_duplicates() -> None:
    """Have duplicates looked for; what is found is in the list some seconds later."""
    act([{"type": "contacts.look", "data": {}}])


@api.route("/duplicates/<id>", methods=["DELETE"])
@requires("contact.write")
@api.response(204)
def dismiss_duplicate(id: str) -> None:
    """Say that these two are not the same; they are not suggested again."""
    found = read(lambda view: view.get("contact_pair", id))
    if found["state"] != "open":
        raise Conflict("this was dismissed already")
    read(lambda view: [see_contact(view, found[key]) for key in ("contact", "other")])
    act([{"type": "contacts.dismiss", "data": {"pair": id}}])


@api.route("/syncs")
@requires("contact.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(SyncState))
def list_syncs(wanted: Json) -> Json:
    """List how far the address books of the paired phones were read."""
    return list_response("contact_sync", wanted, order=None)


@api.route("/syncs", methods=["POST"])
@requires("contact.write")
@api.arguments(Of)
@api.response(202, SyncState)
def read_book(wanted: Json) -> Json:
    """Have the address book of a number read again."""
    act([{"type": "contacts.sync", "data": wanted}])
    return read(lambda view: view.get("contact_sync", wanted["account"]))
