"""Settings → plugins: a card per plugin: on or off, its settings, what is wrong with it."""

from flask import Blueprint, abort, request
from flask_babel import gettext as _
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from engine.plugins import Plugin

from .. import View, read, requires
from ..parts import parts
from ..sessions import current
from .fields import collect, describe, place_words, translated
from .inbox_query import Data, plain
from .settings import attempt, back, page

blueprint = Blueprint("plugin_pages", __name__)
PROBLEMS = 3  # shown per plugin


def _show(error: str | None = None, wrong: tuple[str, Data, Data] | None = None) -> str:
    """Return the page; *wrong*: (plugin, its fields' messages, what was typed) of a form that was refused."""

    def load(view: View) -> Data:
        stored = {row.doc_id: plain(row) for row in view.db.table("plugin").all()}
        recent, _next = view.page("problem", None, order="at", limit=100)
        return {"stored": stored, "problems": recent}

    found = read(load)
    cards = [_card(plugin, found, wrong) for plugin in parts().registry.plugins.values()]
    cards.sort(key=lambda card: card["name"])
    return page("settings/plugins.html", "plugins", cards=cards, error=error)


def _card(plugin: Plugin, found: Data, wrong: tuple[str, Data, Data] | None) -> Data:
    """Return what one plugin's card shows."""
    name = plugin.name
    messages, typed = wrong[1:] if wrong and wrong[0] == name else ({}, {})
    stored = found["stored"].get(name, {})
    sources = stored.get("sources") or {}
    enabled_by = sources.get("enabled", "default")
    return {
        "name": name,
        "summary": translated(plugin.summary),
        "version": plugin.version,
        "requires": plugin.requires,
        "load_error": plugin.error or "",
        "enabled": bool(stored.get("enabled", plugin.default)) and not plugin.error,
        "place": place_words(enabled_by),
        "fixed": enabled_by not in ("default", "page"),
        "switched_off": stored.get("switched_off"),
        "fields": describe(
            plugin.settings_schema, {**(stored.get("settings") or {}), **typed}, sources, wrong=messages
        ),
        "wrong": bool(messages),
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
    if plugin is None:
        abort(404)
    if request.form.get("settings"):
        given = collect(plugin.settings_schema, request.form)
        try:
            data["settings"] = _changed(name, plugin.settings_schema(partial=True).load(given))
        except ValidationError as wrong:
            return _show(_("Something is missing or wrong."), (name, wrong.normalized_messages(), given))
    if not data.get("settings") and "enabled" not in data:
        return back("/settings/plugins", f"plugin-{name}", saved="1")
    _done, error = attempt([{"type": "plugin.set", "data": data}])
    parts().known.drop(current().workspace, "hidden")
    return _show(error) if error else back("/settings/plugins", f"plugin-{name}", saved="1")


def _changed(name: str, wanted: Data) -> Data:
    """Return those of *wanted* that are not so already: what stays a default is not set on the page."""
    before = read(lambda view: view.get("plugin", name)).get("settings") or {}
    return {key: value for key, value in wanted.items() if key not in before or before[key] != value}
