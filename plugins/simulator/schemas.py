"""What an account on the simulator is set up with."""

from marshmallow import Schema, fields, validate


class Account(Schema):
    """One pretend number. Secret fields are stored apart from the others."""

    webhook_secret = fields.String(
        required=True,
        validate=validate.Length(min=8, error="8 characters at least: without it anyone could post messages"),
        metadata={"title": "Webhook secret", "description": "the key of X-Simulator-Hmac", "secret": True},
    )
    contacts = fields.List(
        fields.String(validate=validate.Regexp(r"^.*\S +\+?[0-9]{5,15}$", error="a name, then a number")),
        metadata={
            "title": "Address book",
            "description": "whom the pretend phone knows: name and number, e.g. Bu Ani 628120000001",
        },
    )
