"""Contacts: the people who write."""

from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from engine import Query, where

from ..actions import act, see_contact
from ..engine_link import View, read
from ..parts import parts
from ..permissions import requires
from ..search import contacts_like
from ..visibility import visible_in
from .common import Open, Page, api_blueprint, cursor_errors, page_of

blueprint = api_blueprint("contacts", "/contacts", "The people who write")


class Contact(Open):
    """A person (or group) on WhatsApp."""

    name = fields.String()
    names = fields.Dict()
    phone = fields.String(allow_none=True, metadata={"description": "E.164"})
    aliases = fields.List(fields.String())


class Filters(Page):
    """Which contacts."""

    q = fields.String(
        validate=validate.Length(max=100),
        metadata={"description": "words or a part of a name, or of a number"},
    )


class ContactChange(Schema):
    """What may be changed: the team's own name, and fields of plugins, such as ``contacts.city``."""

    class Meta:
        unknown = INCLUDE

    name = fields.String(allow_none=True, validate=validate.Length(max=200))

    @validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError({"name": ["Missing data for required field."]})
        for key in data:
            if key != "name" and f"{key.partition('.')[0]}.set_fields" not in parts().registry.actions:
                raise ValidationError({key: ["Unknown field."]})


@blueprint.route("")
@requires("contact.read")
@blueprint.arguments(Filters, location="query")
@blueprint.response(200, page_of(Contact))
def list_contacts(wanted: dict[str, Any]) -> dict[str, Any]:
    """List contacts by name; an agent sees those of conversations that they may see, and of none."""

    def find(view: View) -> dict[str, Any]:
        query = where("id").one_of(contacts_like(view, wanted["q"])) if wanted.get("q") else None
        rule = visible_in(view)
        items: list[dict[str, Any]] = []
        after = wanted["cursor"]
        while True:
            how = {
                "order": "name:lower",
                "newest_first": False,
                "after": after,
                "limit": wanted["limit"] - len(items),
            }
            found, after = view.page("contact", query, **how)
            items += seen(view, found, rule)
            if after is None or len(items) >= wanted["limit"]:
                return {"items": items, "next": after}

    with cursor_errors():
        return read(find, heavy=bool(wanted.get("q")))


def seen(view: View, contacts: list[dict[str, Any]], rule: Query | None) -> list[dict[str, Any]]:
    """Return those of *contacts* who have a conversation that fits *rule*, or none at all."""
    if rule is None or not contacts:
        return contacts
    theirs = where("contact").one_of([each["id"] for each in contacts])
    table = view.db.table("conversation")
    every = {each["contact"] for each in table.search(theirs)}
    may = {each["contact"] for each in table.search(theirs & rule)}
    return [each for each in contacts if each["id"] in may or each["id"] not in every]


@blueprint.route("/<id>")
@requires("contact.read")
@blueprint.response(200, Contact)
def get_contact(id: str) -> dict[str, Any]:
    """Get one contact."""
    return read(lambda view: see_contact(view, id))


@blueprint.route("/<id>", methods=["PATCH"])
@requires("contact.write")
@blueprint.arguments(ContactChange)
@blueprint.response(200, Contact)
def change_contact(wanted: dict[str, Any], id: str) -> dict[str, Any]:
    """Give a contact the team's own name, or values of plugins' fields; null takes one back."""
    named = {"name": wanted.pop("name")} if "name" in wanted else None
    actions = [{"type": "contact.update", "data": {"contact": id, **named}}] if named else []
    owned: dict[str, dict[str, Any]] = {}
    for key, value in wanted.items():
        owner, _dot, name = key.partition(".")
        owned.setdefault(owner, {})[name] = value
    for owner, values in owned.items():
        actions.append({"type": f"{owner}.set_fields", "data": {"contact": id, "fields": values}})
    act(actions)
    return read(lambda view: view.get("contact", id))
