"""What an account on WAHA is set up with."""

from marshmallow import Schema, fields, validate


class Account(Schema):
    """One WAHA session. Secret fields are stored apart from the others."""

    url = fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata={"title": "WAHA URL", "description": "where WAHA answers, e.g. http://localhost:3000"},
    )
    session = fields.String(
        load_default="default",
        validate=validate.Regexp(r"^[A-Za-z0-9_.-]{1,64}$"),
        metadata={"title": "Session", "description": "the session's name in WAHA"},
    )
    api_key = fields.String(
        load_default="",
        metadata={"title": "API key", "description": "WAHA_API_KEY (X-Api-Key)", "secret": True},
    )
    webhook_secret = fields.String(
        required=True,
        validate=validate.Length(min=8, error="8 characters at least: without it anyone could post messages"),
        metadata={"title": "Webhook secret", "description": "the webhook's hmac.key in WAHA", "secret": True},
    )
    webhook_secret_previous = fields.String(
        validate=validate.Length(min=8),
        metadata={
            "title": "Previous webhook secret",
            "description": "still taken, while it is changed",
            "secret": True,
        },
    )
