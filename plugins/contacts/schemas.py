"""The documents, actions and settings of contacts."""

from marshmallow import Schema


class Settings(Schema):
    """Contacts have no settings yet."""


COLLECTIONS = ()
