"""The documents and actions of custom fields, imports, exports and segments."""

from marshmallow import fields, validate

from engine import ActionSchema, Collection, LooseSchema

from .fields import TYPES
from .importing import DUPLICATES

STATES = ("new", "checking", "checked", "running", "stopped", "failed", "done", "undoing", "undone")
FORMATS = ("csv", "vcard")
LABEL = validate.And(validate.Length(max=60), validate.Regexp(r"(?s).*\S", error="a name is needed"))
CHOICE = validate.And(validate.Length(max=100), validate.Regexp(r"(?s).*\S", error="a choice has a letter"))
MOST_CHOICES = validate.Length(max=100)
CURRENCY = validate.Regexp(r"^[A-Z]{3}$", error="a currency has three capital letters, such as IDR")


class Field(LooseSchema):
    """A custom field of contacts."""

    id = fields.String(required=True)
    key = fields.String(metadata={"description": "its values are kept as contacts.<key>"})
    label = fields.String()
    type = fields.String(validate=validate.OneOf(TYPES))
    choices = fields.List(fields.String(), metadata={"description": "of a choice"})
    currency = fields.String(allow_none=True, metadata={"description": "of money, ISO 4217"})
    required = fields.Boolean()
    order = fields.Integer()
    archived = fields.Boolean()
    used = fields.Boolean(metadata={"description": "some contact has, or had, a value of it"})


class Segment(LooseSchema):
    """A saved condition over contacts."""

    id = fields.String(required=True)
    name = fields.String()
    condition = fields.Dict(metadata={"description": "as engine.conditions and engine.segments have it"})
    created_by = fields.String(allow_none=True)
    created_at = fields.String()


class Import(LooseSchema):
    """A file of contacts on its way in."""

    id = fields.String(required=True)
    name = fields.String(metadata={"description": "the file's own name"})
    format = fields.String(validate=validate.OneOf(FORMATS))
    state = fields.String(validate=validate.OneOf(STATES))
    columns = fields.List(fields.String())
    mapping = fields.List(fields.String(allow_none=True))
    options = fields.Dict()
    counts = fields.Dict(metadata={"description": "what the dry run found: rows, create, update, skip, bad"})
    checked = fields.Dict(metadata={"description": "how far a dry run is: rows, of"})
    done = fields.Dict(metadata={"description": "what has been done: rows, created, updated, skipped"})
    reason = fields.String(allow_none=True, metadata={"description": "why it failed"})


class Batch(LooseSchema):
    """Which contacts one batch of an import made."""

    id = fields.String(required=True)
    created = fields.List(fields.String())


class Export(LooseSchema):
    """Who took contacts out, when, which and how many."""

    id = fields.String(required=True)
    agent = fields.String(allow_none=True)
    at = fields.String()
    format = fields.String(validate=validate.OneOf(FORMATS))
    segment = fields.String(allow_none=True)
    count = fields.Integer()


COLLECTIONS = (
    Collection("contact_field", Field, indexes=(("key",), ("order",)), owner="contacts"),
    Collection("segment", Segment, indexes=(("name",),), owner="contacts"),
    Collection("contact_import", Import, indexes=(("state",), ("created_at",)), owner="contacts"),
    Collection("contact_import_batch", Batch, indexes=(("import",),), owner="contacts"),
    Collection("contact_export", Export, indexes=(("at",),), owner="contacts"),
)


class FieldCreate(ActionSchema):
    """A new custom field."""

    label = fields.String(required=True, validate=LABEL)
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    choices = fields.List(fields.String(validate=CHOICE), load_default=list, validate=MOST_CHOICES)
    currency = fields.String(load_default=None, allow_none=True, validate=CURRENCY)
    required = fields.Boolean(load_default=False)


class OfField(ActionSchema):
    """One custom field."""

    field = fields.String(required=True)


class FieldChange(OfField):
    """What may change of a custom field; its type and currency stay, as values are kept by them."""

    label = fields.String(validate=LABEL)
    choices = fields.List(fields.String(validate=CHOICE), validate=MOST_CHOICES)
    required = fields.Boolean()


class FieldsOrder(ActionSchema):
    """All custom fields in a new order."""

    fields_ = fields.List(fields.String(), required=True, data_key="fields", attribute="fields")


class SetFields(ActionSchema):
    """Values of a contact by key; null takes one away."""

    contact = fields.String(required=True)
    values = fields.Dict(keys=fields.String(), required=True, data_key="fields", attribute="fields")


class SegmentCreate(ActionSchema):
    """A new segment."""

    name = fields.String(required=True, validate=LABEL)
    condition = fields.Dict(required=True)


class OfSegment(ActionSchema):
    """One segment."""

    segment = fields.String(required=True)


class SegmentChange(OfSegment):
    """What may change of a segment."""

    name = fields.String(validate=LABEL)
    condition = fields.Dict()


class ImportAdd(ActionSchema):
    """A file that was uploaded."""

    file = fields.String(required=True, validate=validate.Regexp(r"^[A-Za-z0-9_-]{8,64}$"))
    name = fields.String(required=True, validate=validate.Length(max=200))
    size = fields.Integer(required=True)
    format = fields.String(required=True, validate=validate.OneOf(FORMATS))
    encoding = fields.String(required=True)
    delimiter = fields.String(required=True, allow_none=True)
    columns = fields.List(fields.String(), required=True, validate=validate.Length(max=100))
    mapping = fields.List(fields.String(allow_none=True), required=True)


class OfImport(ActionSchema):
    """One import."""

    import_ = fields.String(required=True, data_key="import", attribute="import")


class Options(ActionSchema):
    """How an import is read, and what becomes of those it brings."""

    region = fields.String(load_default=None, allow_none=True, validate=validate.Length(equal=2))
    duplicates = fields.String(load_default="fill", validate=validate.OneOf(DUPLICATES))
    comma = fields.Boolean(load_default=True, metadata={"description": "1.234,5 and not 1,234.5"})
    month_first = fields.Boolean(load_default=False, metadata={"description": "03/17/2031"})
    label = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": "put on their conversations, now or when there is one"},
    )
    consent = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=300),
        metadata={"description": "how they agreed to be written to"},
    )


class ImportCheck(OfImport):
    """A dry run: what each column is (name, phone, a custom field's key or null), and the options."""

    mapping = fields.List(fields.String(allow_none=True), required=True)
    options = fields.Nested(Options, load_default=lambda: Options().load({}))


class ExportRecord(ActionSchema):
    """Contacts are taken out."""

    format = fields.String(required=True, validate=validate.OneOf(FORMATS))
    segment = fields.String(load_default=None, allow_none=True)
    selected = fields.Boolean(load_default=False)
    count = fields.Integer(required=True)
