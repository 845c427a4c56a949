"""The documents, actions and settings of notes."""

from marshmallow import Schema, fields, validate

from engine import ActionSchema, Collection, LooseSchema

TEXT_LIMIT = 10_000
TEXT = validate.And(
    validate.Length(max=TEXT_LIMIT), validate.Regexp(r"(?s).*\S", error="a note needs a text")
)
REMINDERS = ("set", "due", "done")


class Settings(Schema):
    """What can be set."""

    find_dates = fields.Boolean(
        load_default=True,
        metadata={"description": "Offer a reminder where a note names a day (“tanggal 25”, “tomorrow 9am”)."},
    )
    keep_days = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 36500),
        metadata={"description": "How long notes are kept, in days; 0 for good.", "example": 365},
    )
    reopen = fields.Boolean(
        load_default=True,
        metadata={
            "description": "A reminder that comes reopens its conversation and gives it to its author."
        },
    )


class Note(LooseSchema):
    """What a team member wrote for the team; nothing that goes to a customer."""

    id = fields.String(required=True)
    conversation = fields.String(required=True)
    contact = fields.String(required=True)
    author = fields.Dict(required=True)
    text = fields.String(allow_none=True, metadata={"description": "Markdown; `@[id]` mentions an agent"})
    mentions = fields.List(fields.String())
    pinned = fields.Boolean()
    version = fields.Integer()
    created_at = fields.String()
    edited_at = fields.String(allow_none=True)
    deleted_at = fields.String(allow_none=True)
    history = fields.List(fields.Dict())
    offer = fields.Dict(allow_none=True)
    reminder = fields.String(allow_none=True, validate=validate.OneOf(REMINDERS))
    remind_at = fields.String(allow_none=True)
    remind_for = fields.String(allow_none=True)


class Mention(LooseSchema):
    """An agent was named in a note."""

    id = fields.String(required=True)
    note = fields.String(required=True)
    conversation = fields.String(required=True)
    agent = fields.String(required=True)
    by = fields.String(allow_none=True)
    at = fields.String()
    unread = fields.Boolean()
    read_at = fields.String(allow_none=True)


COLLECTIONS = (
    Collection(
        "note",
        Note,
        indexes=(
            ("created_at",),
            ("conversation", "created_at"),
            ("conversation", "reminder"),
            ("contact", "pinned"),
            ("remind_for", "reminder", "remind_at"),
        ),
        search=("text",),
        ages=("created_at", "keep_days"),
        owner="notes",
    ),
    Collection(
        "mention",
        Mention,
        indexes=(("at",), ("agent", "at"), ("agent", "unread", "at"), ("note",)),
        ages=("at", "keep_days"),
        owner="notes",
    ),
)


class Add(ActionSchema):
    """A new note."""

    conversation = fields.String(required=True)
    text = fields.String(required=True, validate=TEXT)
    mentions = fields.List(
        fields.String(),
        load_default=list,
        validate=validate.Length(max=50),
        metadata={"description": "ids of those meant by @Name, where several have that name"},
    )
    remind_at = fields.String(load_default=None, allow_none=True)
    client_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))


class OfNote(ActionSchema):
    """One note."""

    note = fields.String(required=True)


class Edit(OfNote):
    """A note's new text; *version* is the one that was changed."""

    text = fields.String(required=True, validate=TEXT)
    version = fields.Integer(load_default=None, allow_none=True)
    mentions = fields.List(
        fields.String(),
        load_default=list,
        validate=validate.Length(max=50),
        metadata={"description": "ids of those meant by @Name, where several have that name"},
    )


class Remind(OfNote):
    """When a note comes back."""

    at = fields.String(required=True)


class Seen(ActionSchema):
    """An agent read what they were mentioned in."""

    conversation = fields.String(required=True)


class Ring(OfNote):
    """A reminder's time has come; *due* is the time that was set."""

    due = fields.String(required=True)


# What the API takes and gives besides


class Change(Edit):
    """A note's new text."""

    class Meta:
        exclude = ("note",)


class Typed(Schema):
    """A text that is being typed."""

    text = fields.String(required=True, validate=validate.Length(max=TEXT_LIMIT))


class Offer(Schema):
    """A day that a text names."""

    at = fields.String()
    words = fields.String(metadata={"description": "those of the text that name it"})
    when = fields.String(metadata={"description": "the day and hour in the reader's language"})


class When(Schema):
    """A time."""

    at = fields.String(required=True)
