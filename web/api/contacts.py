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

AT_ONCE, MOST_LOOKED_AT = 200, 2000
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
    """List contacts by name; an agent sees those of conversations that they may see, and of none.

    There may be fewer than *limit* and a cursor, where many are not for this agent's eyes.
    """

    def find(view: View) -> dict[str, Any]:
        query = where("id").one_of(contacts_like(view, wanted["q"])) if wanted.get("q") else None
        items, following = page_of_seen(view, query, wanted["cursor"], wanted["limit"])
        return {"items": items, "next": following}

    with cursor_errors():
        return read(find, heavy=bool(wanted.get("q")))


def page_of_seen(
    view: View, query: Query | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Return contacts by name whom the agent may see, and the cursor.

    At most `MOST_LOOKED_AT` are looked at, so there may be fewer than *limit* and a cursor.
    """
    how: dict[str, Any] = {"order": "name:lower", "newest_first": False}
    rule = visible_in(view)
    if rule is None:
        return view.page("contact", query, after=after, limit=limit, **how)
    items: list[dict[str, Any]] = []
    for _round in range(MOST_LOOKED_AT // AT_ONCE):
        found, after = view.page("contact", query, after=after, limit=AT_ONCE, **how)
        items += seen(view, found, rule)
        if len(items) > limit or (len(items) == limit and after):
            return items[:limit], view.db.table("contact").cursor(items[limit - 1]["id"], **how)
        if after is None:
            break
    return items, after


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
