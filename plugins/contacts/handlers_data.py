"""What the actions on custom fields, segments and exports do to documents."""

from collections.abc import Iterable
from typing import Any

from engine import Refused, existing, handles, segments

from . import fields
from . import schemas_data as schemas
from .common import living

Json = dict[str, Any]
EDIT, WRITE, SEGMENT, EXPORT = "contact_field.write", "contact.write", "segment.write", "contact.export"
STEP = 10
MOST_FIELDS = 100


def custom_fields(tx: Any) -> list[Json]:
    """Return all custom fields in their order, archived ones too."""
    return sorted(tx.documents.table("contact_field").all(), key=lambda field: field["order"])


def _label(tx: Any, label: str, but: str | None = None) -> str:
    label = label.strip()
    for field in custom_fields(tx):
        if field["label"].casefold() == label.casefold() and field["id"] != but and not field["archived"]:
            raise Refused(f"there is a field {field['label']!r} already")
    return label


def _choices(type: str, choices: list[str]) -> list[str]:
    found = list({choice.strip().casefold(): choice.strip() for choice in choices}.values())
    if type == "choice" and not found:
        raise Refused("a choice needs something to choose from")
    return found if type == "choice" else []


@handles("contacts.create_field", schemas.FieldCreate, past="contacts.field_created", permission=EDIT)
def create_field(data: Json, tx: Any) -> Json:
    """Make a custom field; its key comes of its label and stays."""
    there = custom_fields(tx)
    if len(there) >= MOST_FIELDS:
        raise Refused(f"there are {MOST_FIELDS} fields already, which is the most")
    if data["type"] == "money" and not data["currency"]:
        raise Refused("money needs a currency")
    label = _label(tx, data["label"])
    field = {
        "id": tx.new_id(),
        "key": fields.key_of(label, [*(field["key"] for field in there), *fields.RESERVED]),
        "label": label,
        "type": data["type"],
        "choices": _choices(data["type"], data["choices"]),
        "currency": data["currency"] if data["type"] == "money" else None,
        "required": data["required"],
        "order": max((field["order"] for field in there), default=0) + STEP,
        "archived": False,
        "used": False,
        "created_at": tx.at,
    }
    tx.insert("contact_field", field)
    return {"field": field["id"], "key": field["key"]}


@handles("contacts.change_field", schemas.FieldChange, past="contacts.field_changed", permission=EDIT)
def change_field(data: Json, tx: Any) -> None:
    """Change a field's label, choices, or whether it is needed; values that are there stay."""
    field = existing(tx, "contact_field", data["field"])
    changed = {key: value for key, value in data.items() if key != "field"}
    if "label" in changed:
        changed["label"] = _label(tx, changed["label"], but=field["id"])
    if "choices" in changed:
        changed["choices"] = _choices(field["type"], changed["choices"])
    tx.update("contact_field", field["id"], changed)


@handles("contacts.order_fields", schemas.FieldsOrder, permission=EDIT)
def order_fields(data: Json, tx: Any) -> None:
    """Put the fields in the order of their ids; those not named come after."""
    there = {field["id"]: field for field in custom_fields(tx)}
    wanted = [id for id in dict.fromkeys(data["fields"]) if id in there]
    for place, id in enumerate([*wanted, *(id for id in there if id not in wanted)], 1):
        if there[id]["order"] != place * STEP:
            tx.update("contact_field", id, {"order": place * STEP})


@handles("contacts.archive_field", schemas.OfField, past="contacts.field_archived", permission=EDIT)
def archive_field(data: Json, tx: Any) -> None:
    """Put a field out of use: one that some contact ever had a value of is archived, another deleted."""
    field = existing(tx, "contact_field", data["field"])
    if field["used"]:
        tx.update("contact_field", field["id"], {"archived": True})
    else:
        tx.remove("contact_field", field["id"])


@handles("contacts.restore_field", schemas.OfField, past="contacts.field_restored", permission=EDIT)
def restore_field(data: Json, tx: Any) -> None:
    """Take an archived field into use again."""
    field = existing(tx, "contact_field", data["field"])
    _label(tx, field["label"], but=field["id"])
    tx.update("contact_field", field["id"], {"archived": False})


@handles("contacts.set_fields", schemas.SetFields, past="contacts.fields_set", permission=WRITE)
def set_fields(data: Json, tx: Any) -> Json:
    """Set values of a contact, each checked by its field's type."""
    contact = living(tx, data["contact"])
    known = {field["key"]: field for field in custom_fields(tx) if not field["archived"]}
    changed = {}
    for key, value in data["fields"].items():
        if key not in known:
            raise Refused(f"there is no field {key!r}")
        try:
            checked = fields.checked(known[key], value)
        except fields.Wrong as wrong:
            raise Refused(str(wrong)) from wrong
        if contact.get(fields.name_of(known[key])) != checked:
            changed[fields.name_of(known[key])] = checked
    if changed:
        tx.update("contact", contact["id"], changed)
        now_used(tx, known, changed)
    return {"contact": contact["id"]}


def now_used(tx: Any, known: Json, names: Iterable[str]) -> None:
    """Note that some contact has a value of fields; *known*: key → field, *names*: as contacts keep them.

    It is noted rather than looked up, since a replay after an erasure does not have the values any more.
    """
    for field in known.values():
        if not field["used"] and fields.name_of(field) in names:
            tx.update("contact_field", field["id"], {"used": True})
            field["used"] = True


def _condition(condition: Json) -> Json:
    try:
        segments.check(condition)
    except ValueError as error:
        raise Refused(str(error)) from error
    return condition


def _free_name(tx: Any, name: str, but: str | None = None) -> str:
    name = name.strip()
    for segment in tx.documents.table("segment").all():
        if segment["name"].casefold() == name.casefold() and segment["id"] != but:
            raise Refused(f"there is a segment {segment['name']!r} already")
    return name


@handles("contacts.create_segment", schemas.SegmentCreate, permission=SEGMENT)
def create_segment(data: Json, tx: Any) -> Json:
    """Save a condition over contacts under a name."""
    segment = {
        "id": tx.new_id(),
        "name": _free_name(tx, data["name"]),
        "condition": _condition(data["condition"]),
        "created_by": tx.agent,
        "created_at": tx.at,
    }
    tx.insert("segment", segment)
    return {"segment": segment["id"]}


@handles("contacts.change_segment", schemas.SegmentChange, permission=SEGMENT)
def change_segment(data: Json, tx: Any) -> None:
    """Give a segment another name or condition."""
    segment = existing(tx, "segment", data["segment"])
    changed: Json = {}
    if "name" in data:
        changed["name"] = _free_name(tx, data["name"], but=segment["id"])
    if "condition" in data:
        changed["condition"] = _condition(data["condition"])
    tx.update("segment", segment["id"], changed)


@handles("contacts.remove_segment", schemas.OfSegment, permission=SEGMENT)
def remove_segment(data: Json, tx: Any) -> None:
    """Delete a segment; the contacts stay."""
    tx.remove("segment", existing(tx, "segment", data["segment"])["id"])


@handles("contacts.record_export", schemas.ExportRecord, past="contacts.exported", permission=EXPORT)
def record_export(data: Json, tx: Any) -> Json:
    """Write down that somebody takes contacts out."""
    export = {"id": tx.new_id(), "agent": tx.agent, "at": tx.at, **data}
    return {"export": tx.insert("contact_export", export)["id"]}
