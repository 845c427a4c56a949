"""Settings → plugins: a card per plugin: on or off, its settings, what is wrong with it."""

from flask import Blueprint, request
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from .. import View, read, requires
from ..parts import parts
from ..sessions import current
from .fields import collect, describe
from .inbox_query import Data, plain
from .settings import attempt, back, page

blueprint = Blueprint("plugin_pages", __name__)
PROBLEMS = 3  # shown per plugin


def _show(error: str | None = None) -> str:
    def load(view: View) -> Data:
        stored = {row.doc_id: plain(row) for row in view.db.table("plugin").all()}
        recent, _next = view.page("problem", None, order="at", limit=100)
        return {"stored": stored, "problems": recent}

    found = read(load)
    cards = [_card(plugin, found) for plugin in parts().registry.plugins.values()]
    cards.sort(key=lambda card: card["name"])
    return page("settings/plugins.html", "plugins", cards=cards, error=error)


def _card(plugin: object, found: Data) -> Data:
    """Return what one plugin's card shows."""
    name: str = getattr(plugin, "name")  # noqa: B009
    stored = found["stored"].get(name, {})
    sources = stored.get("sources") or {}
    schema = getattr(plugin, "settings_schema", None)
    return {
        "name": name,
        "summary": getattr(plugin, "summary", ""),
        "version": getattr(plugin, "version", ""),
        "requires": getattr(plugin, "requires", ()),
        "load_error": str(getattr(plugin, "error", None) or ""),
        "enabled": bool(stored.get("enabled", getattr(plugin, "default", True))),
        "source": sources.get("enabled", "default"),
        "fixed": sources.get("enabled", "default") not in ("default", "page"),
        "switched_off": stored.get("switched_off"),
        "fields": describe(schema, stored.get("settings") or {}, sources) if schema else [],
        "problems": [each for each in found["problems"] if each.get("plugin") == name][:PROBLEMS],
    }


@blueprint.get("/settings/plugins")
@requires("plugin.read")
def plugins() -> str:
    """Show the plugins."""
    return _show()


@blueprint.post("/settings/plugins/<name>")
@requires("plugin.write")
def save(name: str) -> Response | str:
    """Switch a plugin on or off, or save its settings."""
    data: Data = {"plugin": name}
    if "enabled" in request.form:
        data["enabled"] = request.form["enabled"] == "true"
    plugin = parts().registry.plugins.get(name)
    if request.form.get("settings") and plugin is not None and plugin.settings_schema:
        try:
            data["settings"] = plugin.settings_schema(partial=True).load(collect(plugin.settings_schema, request.form))
        except ValidationError as wrong:
            return _show(f"{name}: {wrong}")
    _done, error = attempt([{"type": "plugin.set", "data": data}])
    parts().known.drop(current().workspace, "hidden")
    return _show(error) if error else back("/settings/plugins", saved="1")
