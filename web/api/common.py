"""What all REST routes share: lists with a cursor, shapes that let plugins' fields pass."""

from collections.abc import Callable
from typing import Any

import flask_smorest
import orjson
from flask import Request, abort
from marshmallow import Schema, fields, missing, post_dump, validate
from webargs.flaskparser import FlaskParser

from ..engine_link import read
from ..errors import Invalid

MOST = 200


class StrictParser(FlaskParser):
    """Reads JSON strictly: no NaN, lone surrogates, NUL, numbers over 64 bits or great depth."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "json": None}

    def _raw_load_json(self, req: Request) -> Any:
        raw = req.get_data(cache=True)
        if not raw.strip():
            return missing
        try:
            found = orjson.loads(raw)
        except orjson.JSONDecodeError:
            abort(400, "The body is no JSON that can be read here.")
        if b"\\u0000" in raw:
            raise Invalid("A text has a NUL character.")
        return found


class ApiBlueprint(flask_smorest.Blueprint):
    """A blueprint of the API."""

    ARGUMENTS_PARSER = StrictParser()


def api_blueprint(name: str, path: str, description: str = "") -> ApiBlueprint:
    """Return a blueprint whose routes are under ``/api`` + *path*; *name* is unique in the application."""
    return ApiBlueprint(name, name, url_prefix=f"/api{path}", description=description)


class Page(Schema):
    """Which part of a list: at most `limit` items, after `cursor` (a list's ``next``)."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST))
    cursor = fields.String(load_default=None)


class Open(Schema):
    """A document as it is, plugins' fields included; the declared ones are those to rely on."""

    id = fields.String(required=True)

    @post_dump(pass_original=True)
    def _rest(self, data: dict[str, Any], original: Any, **_: Any) -> dict[str, Any]:
        return {**original, **data} if isinstance(original, dict) else data


class Error(Schema):
    """Every error's shape."""

    error = fields.Dict(required=True, metadata={"description": "code, message, fields"})


def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of a list of *item*."""
    listed = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(allow_none=True),
    }
    return type(f"{item.__name__}List", (Schema,), listed)


def list_response(
    collection: str,
    page: dict[str, Any],
    *,
    query: Any = None,
    order: str | None = None,
    newest_first: bool = True,
    shape: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return ``{"items", "next"}`` of a collection's documents that match *query*.

    page: a loaded `Page`; order: the field that it goes by (None: as they were made); shape: what an
    item looks like.
    """
    how = {"order": order, "newest_first": newest_first, "after": page["cursor"], "limit": page["limit"]}
    with cursor_errors():
        items, following = read(lambda view: view.page(collection, query, **how))
    return {"items": [shape(item) for item in items] if shape else items, "next": following}


class cursor_errors:
    """Turns the store's complaint about a cursor into a 422."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, ValueError):
            raise Invalid("This cursor is not of this list.", {"cursor": [str(error)]}) from error
