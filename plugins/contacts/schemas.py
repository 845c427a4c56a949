"""The documents, actions and settings of contacts."""

from marshmallow import Schema

from . import schemas_data


class Settings(Schema):
    """Contacts have no settings yet."""


COLLECTIONS = schemas_data.COLLECTIONS
