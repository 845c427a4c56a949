"""API tokens: 256 random bits, shown once, kept as a hash, acting as the one who made them."""

from typing import Any

from marshmallow import Schema, fields, validate

from engine import credentials, times

from ..engine_link import engine, read
from ..errors import NotFound
from ..parts import parts
from ..permissions import requires
from ..sessions import TOKEN_PREFIX, current, digest, new_token
from .common import api_blueprint, page_of

blueprint = api_blueprint("tokens", "/tokens", "Tokens for programs")

DAY = 24 * 3600


class Make(Schema):
    """A new token."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    days = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 3650))


class Token(Schema):
    """A token, without itself."""

    id = fields.String()
    name = fields.String()
    created_at = fields.String()
    expires_at = fields.String(allow_none=True)


class Made(Token):
    """A token as it is shown once."""

    token = fields.String()


def mine() -> list[dict[str, Any]]:
    """Return who is signed in's tokens, without themselves."""
    agent = current().agent["id"]
    rows = read(lambda view: credentials.of_kind(view.connection, "token", agent))
    return [_shown(row) for row in rows]


def make(name: str, days: int | None = None) -> dict[str, Any]:
    """Make a token of who is signed in; ``token`` is in the answer, and nowhere else."""
    token, now = new_token(TOKEN_PREFIX), times.now()
    ends = times.add(now, days * DAY) if days else None
    session = current()
    engine().credential_put(
        session.workspace, "token", digest(token), session.agent["id"], {"name": name}, ends
    )
    made = {"id": digest(token), "name": name, "created_at": now, "expires_at": ends}
    return {**made, "token": token}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    name = row["data"].get("name") or "API"
    return {"id": row["key"], "name": name, "created_at": row["created_at"], "expires_at": row["expires_at"]}


@blueprint.route("")
@requires("token.write")
@blueprint.response(200, page_of(Token))
def list_tokens() -> dict[str, Any]:
    """List your own tokens."""
    return {"items": mine(), "next": None}


@blueprint.route("", methods=["POST"])
@requires("token.write")
@blueprint.arguments(Make)
@blueprint.response(201, Made)
def make_token(wanted: dict[str, Any]) -> dict[str, Any]:
    """Make a token; this is the only time that it is shown."""
    return make(wanted["name"], wanted["days"])


@blueprint.route("/<id>", methods=["DELETE"])
@requires("token.write")
@blueprint.response(204)
def revoke(id: str) -> None:
    """End one of your own tokens at once."""
    if id not in {each["id"] for each in mine()}:
        raise NotFound("no such token")
    session = current()
    engine().credential_delete(session.workspace, "token", key=id)
    parts().known.drop(session.workspace, "token", id)
    parts().hub.close_sockets(session.workspace, key=id)
