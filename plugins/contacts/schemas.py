"""The documents, actions and settings of contacts."""

from marshmallow import Schema, fields, validate

from engine import ActionSchema, Collection, LooseSchema

from . import schemas_data

NAME = validate.Length(max=200)


class Settings(Schema):
    """How often address books are read again."""

    sync_hours = fields.Integer(
        load_default=6,
        validate=validate.Range(0, 168),
        metadata={
            "title": "Read the address book every … hours",
            "description": "of each paired phone; 0: only at pairing and by the button",
        },
    )


class Sync(LooseSchema):
    """How far the address book of a number was read; its id is the number's."""

    id = fields.String(required=True)
    state = fields.String(metadata={"description": "running, done, failed or unsupported"})
    done = fields.Integer(metadata={"description": "contacts read so far"})
    total = fields.Integer(allow_none=True, metadata={"description": "of how many, where it is known"})
    changed = fields.Integer(metadata={"description": "contacts that were new or said something new"})
    began_at = fields.String()
    ended_at = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)


class Pair(LooseSchema):
    """Two contacts who may be one person."""

    id = fields.String(required=True)
    contact = fields.String(required=True)
    other = fields.String(required=True)
    score = fields.Integer(metadata={"description": "how sure, up to 100"})
    reasons = fields.List(fields.String(), metadata={"description": "number, name, chat (a hidden number)"})
    state = fields.String(metadata={"description": "open or dismissed"})


class Merge(LooseSchema):
    """Two contacts who were made one by a person or by what a gateway told, and what undoing it needs."""

    id = fields.String(required=True)
    contact = fields.String(required=True, metadata={"description": "who is gone"})
    into = fields.String(required=True)
    at = fields.String()
    by = fields.String(allow_none=True, metadata={"description": "null: the engine, by what it was told"})
    why = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "done or undone"})


COLLECTIONS = (
    Collection("contact_sync", Sync, owner="contacts"),
    Collection(
        "contact_pair",
        Pair,
        indexes=(("state", "score"), ("contact",), ("other",)),
        owner="contacts",
    ),
    Collection("contact_merge", Merge, indexes=(("state", "at"), ("contact",), ("into",)), owner="contacts"),
    *schemas_data.COLLECTIONS,
)


class Create(ActionSchema):
    """A contact by a number, as it is written where the workspace is."""

    phone = fields.String(required=True, validate=validate.Length(max=40))
    name = fields.String(load_default=None, allow_none=True, validate=NAME)


class AddNumber(ActionSchema):
    """One more number of a contact."""

    contact = fields.String(required=True)
    phone = fields.String(required=True, validate=validate.Length(max=40))


class MergeOf(ActionSchema):
    """Two contacts are one person: *contact* is gone, *into* stays."""

    contact = fields.String(required=True)
    into = fields.String(required=True)
    choose = fields.List(
        fields.String(),
        load_default=list,
        metadata={
            "description": "what the kept one takes of who is gone: name (as shown), names.agent, phone, …"
        },
    )


class OfMerge(ActionSchema):
    """One merge."""

    merge = fields.String(required=True)


class OfPair(ActionSchema):
    """One suggestion."""

    pair = fields.String(required=True)


class OfAccount(ActionSchema):
    """One number of ours."""

    account = fields.String(required=True)


class OfContact(ActionSchema):
    """One contact."""

    contact = fields.String(required=True)


class TwoContacts(ActionSchema):
    """Two contacts who may be one person."""

    contact = fields.String(required=True)
    other = fields.String(required=True)


class Nothing(ActionSchema):
    """An action without data."""


class Listed(ActionSchema):
    """What a worker told of a page of an address book; the contacts are written down already."""

    account = fields.String(required=True)
    run = fields.String(required=True)
    outcome = fields.String(required=True)
    reason = fields.String(load_default=None, allow_none=True)
    listed = fields.Integer(load_default=0)
    changed = fields.Integer(load_default=0)
    next = fields.String(load_default=None, allow_none=True)
    total = fields.Integer(load_default=None, allow_none=True)
    hours = fields.Integer(load_default=0)
