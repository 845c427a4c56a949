"""Custom fields: their REST, their settings page, and where people see and change a contact's values."""

from typing import Any

from flask import Blueprint, request
from marshmallow import Schema
from marshmallow import fields as shape

from engine import where
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
    lazy_gettext,
    list_response,
    page_of,
    read,
    render,
    requires,
    see_contact,
    settings_page,
)

from . import fields
from . import schemas_data as schemas
from .routes_words import body, in_words

Json = dict[str, Any]
CURRENCIES = ("IDR", "USD", "SGD", "MYR", "EUR", "AUD", "GBP", "JPY", "THB", "PHP", "INR")
SETTINGS = {
    "path": "/settings/contact-fields",
    "icon": "list-checks",
    "title": lazy_gettext("Custom fields"),
    "key": "contact-fields",
    "permission": "contact_field.write",
    "order": 70,
}

api = api_blueprint("contact_fields", "/contact-fields", "Custom fields of contacts")
blueprint = Blueprint("contacts_fields", __name__)


class ContactField(Open):
    """A custom field; a contact has its value as ``contacts.<key>``."""

    key = shape.String()
    label = shape.String()
    type = shape.String(metadata={"description": "text, number, date, choice or money"})
    choices = shape.List(shape.String())
    currency = shape.String(allow_none=True)
    required = shape.Boolean()
    order = shape.Integer()
    archived = shape.Boolean()


class ListedFields(Page):
    """Which custom fields."""

    archived = shape.Boolean(load_default=False, metadata={"description": "those out of use as well"})


class FieldChange(Schema):
    """What may be changed; what is left out stays. ``archived`` takes out of use or back into it."""

    label = shape.String(validate=schemas.LABEL)
    choices = shape.List(shape.String(validate=schemas.CHOICE))
    required = shape.Boolean()
    order = shape.Integer(metadata={"description": "its place among all, 0 is the first"})
    archived = shape.Boolean()


@api.route("")
@requires("contact.read")
@api.arguments(ListedFields, location="query")
@api.response(200, page_of(ContactField))
def list_fields(wanted: Json) -> Json:
    """List the custom fields in their order."""
    query = None if wanted["archived"] else where("archived") == False  # noqa: E712
    return list_response("contact_field", wanted, query=query, order="order", newest_first=False)


@api.route("", methods=["POST"])
@requires("contact_field.write")
@api.arguments(schemas.FieldCreate)
@api.response(201, ContactField)
def make_field(wanted: Json) -> Json:
    """Make a custom field; 409 where one in use has this label."""
    (done,) = act([{"type": "contacts.create_field", "data": wanted}])
    return read(lambda view: view.get("contact_field", done["result"]["field"]))


@api.route("/<id>")
@requires("contact.read")
@api.response(200, ContactField)
def get_field(id: str) -> Json:
    """Get one custom field."""
    return read(lambda view: view.get("contact_field", id))


@api.route("/<id>", methods=["PATCH"])
@requires("contact_field.write")
@api.arguments(FieldChange)
@api.response(200, ContactField)
def change_field(wanted: Json, id: str) -> Json:
    """Change a custom field; one of which no contact has a value cannot be archived, it is deleted."""
    read(lambda view: view.get("contact_field", id))
    actions = []
    if "archived" in wanted:
        verb = "archive" if wanted.pop("archived") else "restore"
        actions.append({"type": f"contacts.{verb}_field", "data": {"field": id}})
    if "order" in wanted:
        others = [field["id"] for field in known() if field["id"] != id]
        others.insert(max(0, wanted.pop("order")), id)
        actions.append({"type": "contacts.order_fields", "data": {"fields": others}})
    if wanted:
        actions.append({"type": "contacts.change_field", "data": {"field": id, **wanted}})
    if actions:
        act(actions)
    return read(lambda view: view.get("contact_field", id))


@api.route("/<id>", methods=["DELETE"])
@requires("contact_field.write")
@api.response(204)
def archive_field(id: str) -> None:
    """Put a custom field out of use: where a contact has a value, it is archived, else deleted."""
    read(lambda view: view.get("contact_field", id))
    act([{"type": "contacts.archive_field", "data": {"field": id}}])


def load(view: View) -> list[Json]:
    """Return all custom fields in order, archived ones too."""
    found = [{**field, "id": field.doc_id} for field in view.db.table("contact_field").all()]
    return sorted(found, key=lambda field: field["order"])


def known() -> list[Json]:
    """Return all custom fields in order, archived ones too."""
    return read(load)


def in_use() -> list[Json]:
    """Return the custom fields that are not archived."""
    return [field for field in known() if not field["archived"]]


# The settings page


@blueprint.get("/settings/contact-fields")
@requires("contact_field.write")
def settings() -> str:
    """Show the custom fields, to be changed."""
    return _show()


def _show(error: str | None = None) -> str:
    every = known()
    return settings_page(
        "contacts/fields.html",
        "contact-fields",
        custom=[field for field in every if not field["archived"]],
        archived=[field for field in every if field["archived"]],
        types=type_words(),
        currencies=CURRENCIES,
        form=request.form,
        error=error,
    )


def type_words() -> dict[str, str]:
    """Return what each type is called."""
    return {
        "text": _("Text"),
        "number": _("Figure"),
        "date": _("Date"),
        "choice": _("Choice"),
        "money": _("Money"),
    }


@blueprint.post("/settings/contact-fields")
@requires("contact_field.write")
def make() -> Any:
    """Make a custom field from the page."""
    data = {
        "label": request.form.get("label", "").strip(),
        "type": request.form.get("type", "text"),
        "choices": _lines("choices"),
        "currency": request.form.get("currency") or None,
        "required": "required" in request.form,
    }
    return _change({"type": "contacts.create_field", "data": data})


@blueprint.post("/settings/contact-fields/<id>")
@requires("contact_field.write")
def change(id: str) -> Any:
    """Change a custom field from the page."""
    data: Json = {"field": id, "label": request.form.get("label", "").strip()}
    data["required"] = "required" in request.form
    if "choices" in request.form:
        data["choices"] = _lines("choices")
    return _change({"type": "contacts.change_field", "data": data}, id)


@blueprint.post("/settings/contact-fields/<id>/<any(archive, restore, up, down):verb>")
@requires("contact_field.write")
def move(id: str, verb: str) -> Any:
    """Archive a custom field, take it into use again, or move it one place."""
    if verb in ("archive", "restore"):
        return _change({"type": f"contacts.{verb}_field", "data": {"field": id}})
    order = [field["id"] for field in in_use()]
    at = order.index(id) if id in order else 0
    to = at - 1 if verb == "up" else at + 1
    if id in order and 0 <= to < len(order):
        order[at], order[to] = order[to], order[at]
    return _change({"type": "contacts.order_fields", "data": {"fields": order}}, id)


def _lines(name: str) -> list[str]:
    return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()]


def _change(action: Json, part: str = "") -> Any:
    if "label" in action["data"] and not action["data"]["label"]:
        return _show(_("A field needs a name."))
    _done, error = attempt([action])
    return _show(in_words(error)) if error else back("/settings/contact-fields", part and f"field-{part}")


# A contact's values


def shown_of(contact: Json) -> list[Json]:
    """Return a contact's custom fields with ``name, value, shown, typed``; archived ones with a value too."""
    found = []
    for field in known():
        value = contact.get(fields.name_of(field))
        if not field["archived"] or value is not None:
            words = {"shown": fields.shown(field, value, language()), "value": value}
            found.append({**field, **words, "typed": fields.typed(field, value, language())})
    return found


@blueprint.app_template_global("contact_fields_of")
def contact_fields_of(contact: Json) -> list[Json]:
    """Return a contact's custom fields for a template."""
    return shown_of(contact)


@blueprint.get("/contacts/<id>/data")
@requires("contact.read")
def data(id: str) -> str:
    """Return a contact's values and consent as HTML, for a page that is open while they change."""
    return render("contacts/person.html", contact=read(lambda view: see_contact(view, id)))


@blueprint.post("/contacts/<id>/data")
@requires("contact.write")
def save(id: str) -> Any:
    """Set one custom field from the page: ``key`` and ``text``, as the reader's language writes it."""
    asked = body()
    field = next((field for field in in_use() if field["key"] == asked.get("key")), None)
    if field is None:
        raise Invalid(_("This field is not in use any more."))
    try:
        value = fields.read(field, str(asked.get("text") or ""), comma=language() == "id")
    except fields.Wrong as wrong:
        raise Invalid(wrong_words(wrong.code, field)) from wrong
    given = {"amount": value, "currency": field["currency"]} if _is_money(field, value) else value
    act([{"type": "contacts.set_fields", "data": {"contact": id, "fields": {field["key"]: given}}}])
    return {"html": data(id)}


def _is_money(field: Json, value: Any) -> bool:
    return field["type"] == "money" and value is not None


def wrong_words(code: str, field: Json) -> str:
    """Return why a value does not fit its field, in the reader's language."""
    choices, longest = ", ".join(field["choices"]), fields.LONGEST
    known = {
        "needed": _("%(field)s is needed.", field=field["label"]),
        "not_a_number": _("%(field)s takes a number.", field=field["label"]),
        "not_a_date": _("%(field)s takes a date.", field=field["label"]),
        "not_a_choice": _("%(field)s takes one of: %(choices)s.", field=field["label"], choices=choices),
        "too_long": _("%(field)s takes %(most)s characters at most.", field=field["label"], most=longest),
        "too_large": _("%(field)s takes %(most)s digits at most.", field=field["label"], most=fields.DIGITS),
        "too_precise": _("%(field)s does not take so many decimal places.", field=field["label"]),
    }  # fmt: skip
    return known.get(code, _("%(field)s does not take this.", field=field["label"]))
