"""The settings, documents and actions of campaigns."""

from marshmallow import Schema, fields, validate

from engine import ActionSchema, Collection

from .texts import MOST_TEXTS

STATES = ("draft", "scheduled", "running", "paused", "stopped", "done")
MOST_ROWS = 500
NAME = validate.Length(1, 100)
FIELD = validate.Regexp(r"^[^\W\d][\w.-]{0,79}$", error="a field's name begins with a letter")

COLLECTIONS = (
    Collection("campaign", indexes=(("created_at",), ("state",)), owner="campaigns"),
    Collection(
        "campaign_recipient",
        indexes=(
            ("set", "n"),
            ("set", "state", "n"),
            ("set", "contact"),
            ("conversation", "queued_at"),
            ("contact", "queued_at"),
        ),
        owner="campaigns",
    ),
)


class Settings(Schema):
    """How campaigns are carried out."""

    ahead = fields.Integer(
        load_default=20,
        validate=validate.Range(2, 200),
        metadata={
            "description": "messages of a campaign that wait to leave at once; the others are not made yet"
        },
    )
    reply_days = fields.Integer(
        load_default=7,
        validate=validate.Range(1, 90),
        metadata={
            "description": "days within which what a customer writes counts as an answer to a campaign"
        },
    )


class TextPut(Schema):
    """One of the texts between which a campaign is divided."""

    text = fields.String(required=True, validate=validate.Length(1, 4096))
    weight = fields.Integer(load_default=1, validate=validate.Range(1, 100))


TEXTS = validate.Length(1, MOST_TEXTS)


class Create(ActionSchema):
    """A draft; who gets it is a segment's id, or rows that are added after."""

    name = fields.String(required=True, validate=NAME)
    account = fields.String(required=True)
    segment = fields.String(load_default=None, allow_none=True)
    texts = fields.List(fields.Nested(TextPut), required=True, validate=TEXTS)


class OfCampaign(ActionSchema):
    """Something about one campaign."""

    campaign = fields.String(required=True)


class Change(OfCampaign):
    """What may change of a draft."""

    name = fields.String(validate=NAME)
    account = fields.String()
    segment = fields.String(allow_none=True)
    texts = fields.List(fields.Nested(TextPut), validate=TEXTS)
    strangers = fields.Boolean(metadata={"description": "whether those who never wrote get it too"})


class CampaignRow(Schema):
    """Somebody of a file: the number as E.164, and what stands in the other columns."""

    phone = fields.String(required=True, validate=validate.Regexp(r"^\+\d{6,15}$"))
    fields_ = fields.Dict(
        keys=fields.String(validate=FIELD),
        values=fields.String(validate=validate.Length(max=500)),
        data_key="fields",
        attribute="fields",
        load_default=dict,
    )


class Rows(OfCampaign):
    """People of a file; first: the audience so far is replaced."""

    rows = fields.List(fields.Nested(CampaignRow), required=True, validate=validate.Length(max=MOST_ROWS))
    first = fields.Boolean(load_default=False)
    file = fields.String(load_default="", validate=validate.Length(max=200))


class Schedule(OfCampaign):
    """When a campaign is to begin, as RFC 3339."""

    at = fields.String(required=True)


class OfSet(ActionSchema):
    """An audience that was replaced."""

    set = fields.String(required=True)


class Placed(OfCampaign):
    """Those to whom messages were just made."""

    recipients = fields.List(fields.String(), required=True)


class OfMessage(ActionSchema):
    """Something about one message."""

    message = fields.String(required=True)


class OfRecipient(ActionSchema):
    """Something about one recipient."""

    recipient = fields.String(required=True)


class OfContact(ActionSchema):
    """Something about one contact."""

    contact = fields.String(required=True)
