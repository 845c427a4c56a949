"""The keys that belong to no plugin: what each takes and what it is for."""

from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError, fields, validate

LANGUAGES = ("id", "en")
_MIB = 1024 * 1024


def _store(value: str) -> None:
    if value.startswith(("postgresql://", "postgres://")):
        raise ValidationError('PostgreSQL is not available yet; it takes "sqlite"')
    if value != "sqlite":
        raise ValidationError('it takes "sqlite"')


def _timezone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("it takes a time zone's name, such as Asia/Jakarta")


def _region(value: str) -> None:
    if not (len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()):
        raise ValidationError("it takes a country's two capital letters, such as ID")


def _redis(value: str) -> None:
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValidationError("it takes an address such as redis://localhost:6379/0")


class Installation(Schema):
    """Keys of the whole installation, at the top of the file."""

    host = fields.String(metadata={"description": "The address to listen on.", "example": "127.0.0.1"})
    port = fields.Integer(
        validate=validate.Range(0, 65535),
        metadata={"description": "The port to listen on; 0 takes a free one.", "example": 8000},
    )
    public_url = fields.Url(
        require_tld=False,
        schemes={"http", "https"},
        metadata={
            "description": "What people type to get here, where a proxy stands in front.",
            "example": "https://chat.example.com",
        },
    )
    redis_url = fields.String(
        validate=_redis,
        metadata={
            "description": "A Redis server of your own, in place of the one that comes along.",
            "example": "redis://localhost:6379/0",
            "secret": True,
        },
    )
    store = fields.String(
        validate=_store, metadata={"description": "Where conversations are kept.", "example": "sqlite"}
    )
    plugins_dir = fields.String(
        metadata={"description": "A folder with plugins of your own.", "example": "my-plugins"}
    )
    webhook_max_bytes = fields.Integer(
        validate=validate.Range(1024, 8 * _MIB),
        metadata={"description": "The largest webhook body taken, in bytes.", "example": 5 * _MIB},
    )
    media_max_bytes = fields.Integer(
        validate=validate.Range(1024, 1024 * _MIB),
        metadata={"description": "The largest file an agent may send, in bytes.", "example": 64 * _MIB},
    )
    trusted_proxies = fields.Integer(
        validate=validate.Range(0, 10),
        metadata={"description": "How many proxies of yours stand in front.", "example": 1},
    )
    workers_send = fields.Integer(
        validate=validate.Range(1, 64),
        metadata={"description": "How many processes send messages.", "example": 2},
    )
    workers_work = fields.Integer(
        validate=validate.Range(1, 64),
        metadata={"description": "How many processes fetch media and the like.", "example": 1},
    )


class Business(Schema):
    """Keys of one workspace; at the top of the file they are those of ``main``."""

    name = fields.String(
        validate=validate.Length(1, 100),
        metadata={"description": "The business's name.", "example": "Toko Sinar Jaya"},
    )
    language = fields.String(
        validate=validate.OneOf(LANGUAGES),
        metadata={"description": "The language of the pages for who has not chosen one.", "example": "id"},
    )
    timezone = fields.String(
        validate=_timezone,
        metadata={"description": "The time zone of the pages and reports.", "example": "Asia/Jakarta"},
    )
    region = fields.String(
        validate=_region,
        metadata={"description": "The country of phone numbers written without one.", "example": "ID"},
    )
    presence_grace = fields.Integer(
        validate=validate.Range(5, 3600),
        metadata={
            "description": "How many seconds after their last page closed an agent is offline.",
            "example": 60,
        },
    )


class OtherBusiness(Business):
    """Keys of ``[workspaces.NAME]``."""

    host = fields.String(
        metadata={"description": "The host name that leads to it.", "example": "kedua.example.com"}
    )


class Retention(Schema):
    """Keys of ``[retention]``: how long things are kept, in days. 0 keeps them for good."""

    raw_days = fields.Integer(
        validate=validate.Range(0, 36500),
        metadata={"description": "How long webhooks' own bodies are kept; 0 for good.", "example": 30},
    )
    message_days = fields.Integer(
        validate=validate.Range(0, 36500),
        metadata={
            "description": "How long texts and files are kept; then they are erased for good. 0: no end.",
            "example": 0,
        },
    )
    problem_days = fields.Integer(
        validate=validate.Range(0, 36500),
        metadata={"description": "How long plugins' failures are listed; 0 for good.", "example": 90},
    )


class Switch(Schema):
    """What every plugin's section takes beside the plugin's own settings."""

    enabled = fields.Boolean(metadata={"description": "Whether it is on."})


class AccountBase(Schema):
    """What every account's section takes beside its gateway's settings."""

    gateway = fields.String(required=True, metadata={"description": "The kind of wa-service."})
    title = fields.String(
        validate=validate.Length(max=100), metadata={"description": "How the pages call this number."}
    )
