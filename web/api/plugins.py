"""Plugins, and webhooks that nobody could read."""

from typing import Any

from marshmallow import Schema, fields

from engine.store import quarantine

from ..actions import act
from ..engine_link import View, read
from ..errors import Invalid, NotFound
from ..parts import parts
from ..permissions import requires
from .common import Open, Page, api_blueprint, page_of

blueprint = api_blueprint("plugins", "", "Plugins, and webhooks that nobody could read")


class Plugin(Open):
    """An installed plugin."""

    name = fields.String()
    version = fields.String()
    summary = fields.String()
    enabled = fields.Boolean()
    settings = fields.Dict()
    sources = fields.Dict(metadata={"description": "where each value comes from"})
    error = fields.String(allow_none=True, metadata={"description": "why it could not be loaded"})


class PluginChange(Schema):
    """Switch a plugin, or change its settings."""

    enabled = fields.Boolean()
    settings = fields.Dict()


class Unread(Schema):
    """A well-signed webhook that could not be understood."""

    id = fields.Integer()
    at = fields.String()
    gateway = fields.String()
    account = fields.String()
    reason = fields.String()
    body = fields.String()


def shown(view: View) -> list[dict[str, Any]]:
    """Return all installed plugins with what this workspace says of them."""
    rows = {row.doc_id: row for row in view.db.table("plugin").all()}
    return [
        {
            **rows.get(name, {}),
            "id": name,
            "name": name,
            "version": plugin.version,
            "summary": plugin.summary,
            "requires": list(plugin.requires),
            "error": plugin.error,
            "enabled": name not in view.hidden,
        }
        for name, plugin in parts().registry.plugins.items()
    ]


@blueprint.route("/plugins")
@requires("plugin.read")
@blueprint.response(200, page_of(Plugin))
def list_plugins() -> dict[str, Any]:
    """List the installed plugins."""
    return {"items": read(shown), "next": None}


def _one(name: str) -> dict[str, Any]:
    for each in read(shown):
        if each["name"] == name:
            return each
    raise NotFound(f"no plugin {name}")


@blueprint.route("/plugins/<name>")
@requires("plugin.read")
@blueprint.response(200, Plugin)
def get_plugin(name: str) -> dict[str, Any]:
    """Get one plugin."""
    return _one(name)


@blueprint.route("/plugins/<name>", methods=["PATCH"])
@requires("plugin.write")
@blueprint.arguments(PluginChange)
@blueprint.response(200, Plugin)
def change_plugin(wanted: dict[str, Any], name: str) -> dict[str, Any]:
    """Switch a plugin on or off, or change its settings."""
    _one(name)
    act([{"type": "plugin.set", "data": {"plugin": name, **wanted}}])
    return _one(name)


@blueprint.route("/quarantine")
@requires("quarantine.read")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, page_of(Unread))
def list_quarantine(page: dict[str, Any]) -> dict[str, Any]:
    """List webhooks that were well signed and could not be understood, the latest first."""
    cursor = page["cursor"]
    if cursor is not None and not cursor.isdecimal():
        raise Invalid("This cursor is not of this list.", {"cursor": ["it takes a list's next"]})
    after = min(int(cursor), 1 << 62) if cursor else None
    rows = read(lambda view: quarantine(view.connection, after, page["limit"]))
    items = [{**row, "body": row["body"].decode("utf-8", "replace")} for row in rows]
    return {"items": items, "next": str(rows[-1]["id"]) if len(rows) == page["limit"] else None}
