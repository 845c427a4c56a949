"""Accounts: WhatsApp numbers on gateways."""

from typing import Any

from flask import g
from marshmallow import INCLUDE, Schema, fields, validate

from engine.settings import split_secrets

from .. import checks
from ..actions import act
from ..engine_link import View, engine, read
from ..errors import Conflict, NotFound
from ..frames import ACCOUNT_FIELDS
from ..parts import parts
from ..permissions import may, requires
from ..sessions import current
from .common import Open, Page, api_blueprint, list_response, page_of

blueprint = api_blueprint("accounts", "/accounts", "WhatsApp numbers on gateways")


class Account(Open):
    """One WhatsApp number on one gateway; its secrets are named, never shown."""

    title = fields.String()
    gateway = fields.String()
    state = fields.String()
    state_reason = fields.String(allow_none=True)
    settings = fields.Dict()
    secrets = fields.List(fields.String())


class Put(Schema):
    """An account with its gateway's settings beside its name, as in replyai.toml."""

    class Meta:
        unknown = INCLUDE

    name = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,62}$"))
    gateway = fields.String(required=True)
    title = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    settings = fields.Dict(load_default=dict, metadata={"description": "the gateway's, or beside the name"})


def shape(account: dict[str, Any]) -> dict[str, Any]:
    """Return the account as this role sees it, with the address for its gateway's webhooks."""
    if not may("account.write"):
        return {key: value for key, value in account.items() if key in ACCOUNT_FIELDS}
    address = f"{parts().config.address}/webhooks/{account['gateway']}/{account['id']}"
    return {**account, "webhook_url": address}


@blueprint.route("")
@requires("account.read")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, page_of(Account))
def list_accounts(page: dict[str, Any]) -> dict[str, Any]:
    """List accounts."""
    found = list_response("account", page, newest_first=False, shape=shape)
    found["items"] = [each for each in found["items"] if not each.get("removed_at")]
    return found


@blueprint.route("/<id>")
@requires("account.read")
@blueprint.response(200, Account)
def get_account(id: str) -> dict[str, Any]:
    """Get one account."""
    return shape(read(lambda view: view.get("account", id)))


@blueprint.route("", methods=["POST"])
@requires("account.write")
@blueprint.arguments(Put)
@blueprint.response(201, Account)
def put_account(wanted: dict[str, Any]) -> dict[str, Any]:
    """Add an account, or change how its gateway is reached."""
    return shape(put(wanted))


def put(wanted: dict[str, Any]) -> dict[str, Any]:
    """Add or change an account; *wanted*: name, gateway, title and the gateway's settings. Return it.

    Secrets go to disk before the event that names them; a secret that is left out stays as it was.
    """
    name, gateway, title = wanted["name"], wanted["gateway"], wanted.get("title")
    given = {
        key: value for key, value in wanted.items() if key not in ("name", "gateway", "title", "settings")
    }
    given |= wanted.get("settings") or {}
    adapter = checks.gateway(gateway)
    before = _before(name)
    _check(before, gateway)
    kept = set(before["secrets"]) if before else set()
    checks.validated(adapter.settings(), given, kept)
    settings, secrets = split_secrets(adapter.settings, given)
    if secrets:
        engine().secret_put(current().workspace, name, secrets)
    data = {"name": name, "gateway": gateway, "title": title, "settings": settings}
    act([{"type": "account.put", "data": {**data, "secrets": sorted(kept | set(secrets))}}])
    parts().known.drop(g.workspace, "accounts")
    return read(lambda view: view.get("account", name))


def _before(name: str) -> dict[str, Any] | None:
    """Return the account as it is; Conflict where another workspace has one of that name."""

    def find(view: View) -> dict[str, Any] | None:
        found = view.db.table("account").get(doc_id=name)
        return dict(found) if found is not None else None

    held = parts()
    for workspace in held.workspaces():
        if workspace != g.workspace and held.reads.run(workspace, None, find) is not None:
            raise Conflict("This name is taken in this installation.")
    return read(find)


def _check(before: dict[str, Any] | None, gateway: str) -> None:
    """Refuse before a secret is touched what the handler would refuse after it."""
    if before and before.get("source") == "file":
        raise Conflict("This account is set in replyai.toml and is changed there.")
    if before and before["gateway"] != gateway:
        raise Conflict(f"This account is on the gateway {before['gateway']}; remove it first.")


@blueprint.route("/<id>", methods=["DELETE"])
@requires("account.write")
@blueprint.response(204)
def remove_account(id: str) -> None:
    """Take an account out; its conversations stay."""
    if read(lambda view: view.db.table("account").get(doc_id=id)) is None:
        raise NotFound(f"no account {id}")
    remove(id)


def remove(id: str) -> None:
    """Take an account out, its secrets from disk too."""
    act([{"type": "account.remove", "data": {"account": id}}])
    engine().secret_remove(current().workspace, id)
    parts().known.drop(g.workspace, "accounts")
