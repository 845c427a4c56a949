"""Another configuration for a replay: which plugins are on, and their settings."""

from collections.abc import Iterable
from typing import Any

from engine.config import ConfigError, sections
from engine.config.schemas import Switch
from engine.documents import Database
from engine.plugins import Plugin, Registry

Document = dict[str, Any]


class ReplayError(ValueError):
    """What was asked of a replay cannot be done; the text says why, in one line."""


class Setup:
    """What differs from the recording. changes: plugin → {"enabled"?: bool, other keys: settings}."""

    def __init__(self, changes: dict[str, Document]) -> None:
        self.changes = changes

    def __bool__(self) -> bool:
        return bool(self.changes)

    def apply(self, documents: Database, registry: Registry) -> None:
        """Write the changes into the documents of plugins."""
        table = documents.table("plugin")
        for name, change in self.changes.items():
            before: Any = table.get(doc_id=name)
            after = _changed(before or {"id": name}, change, registry.plugins[name])
            if before is None:
                table.insert(after)
            elif after != before:
                table.update(after, doc_ids=[name])

    def amend(self, event: Document, registry: Registry) -> Document:
        """Return a recorded event so that it does not undo the changes."""
        given = event["data"].get("documents", {}) if event["type"] == "settings.changed" else {}
        if not self.changes or "plugin" not in given:
            return event
        plugins = [
            _changed(each, self.changes[each["id"]], registry.plugins[each["id"]])
            if each["id"] in self.changes
            else each
            for each in given["plugin"]
        ]
        return {**event, "data": {**event["data"], "documents": {**given, "plugin": plugins}}}


def _changed(document: Document, change: Document, plugin: Plugin) -> Document:
    settings = {key: value for key, value in change.items() if key != "enabled"}
    after = {**document, "settings": {**(document.get("settings") or plugin.defaults()), **settings}}
    after["enabled"] = change.get("enabled", document.get("enabled", plugin.default))
    if change.get("enabled"):
        after["switched_off"] = None
    return after


def setup_of(registry: Registry, plugins: str | None = None, sets: Iterable[str] = ()) -> Setup:
    """Return what `--plugins` and `--set` ask for.

    plugins: ``a,b`` has these on and the others off, gateways left as they were; with a sign before
    each name (``+a,-b``) the rest stays as it was.
    sets: ``plugins.NAME.KEY=VALUE`` each. ReplayError where a name, key or value is wrong.
    """
    changes: dict[str, Document] = {}
    for name, on in _switched(registry, plugins).items():
        changes.setdefault(name, {})["enabled"] = on
    for text in sets:
        name, values = _set(registry, text)
        changes.setdefault(name, {}).update(values)
    return Setup(changes)


def _switched(registry: Registry, text: str | None) -> dict[str, bool]:
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    signed = [word for word in words if word[0] in "+-"]
    if signed and len(signed) != len(words):
        raise ReplayError("--plugins takes names alone, or each with + or -, not both")
    named = {_known(registry, word.lstrip("+-")): not word.startswith("-") for word in words}
    if text is None or signed:
        return named
    gateways = {hook.plugin.name for hook in registry.hooks("gateways")}
    others = (plugin.name for plugin in registry.loaded() if plugin.name not in gateways)
    return {**dict.fromkeys(others, False), **named}


def _known(registry: Registry, name: str) -> str:
    plugin = registry.plugins.get(name)
    if plugin is None:
        close = sections.did_you_mean(sections.nearest(name, registry.plugins))
        raise ReplayError(f"there is no plugin {name}; there are {', '.join(registry.plugins)}{close}")
    if plugin.module is None:
        raise ReplayError(f"the plugin {name} cannot be loaded: {plugin.error}")
    return name


def _set(registry: Registry, text: str) -> tuple[str, Document]:
    dotted, equals, value = text.partition("=")
    parts = dotted.strip().split(".")
    if not equals or len(parts) != 3 or parts[0] != "plugins":
        raise ReplayError(f"--set takes plugins.NAME.KEY=VALUE, not {text!r}")
    name = _known(registry, parts[1])
    takes = sections.keys_of(Switch, registry.plugins[name].settings_schema)
    given = {parts[2]: sections.EnvText(value.strip())}
    try:
        return name, sections.check(given, takes, f"plugins.{name}", {dotted.strip(): "--set"})
    except ConfigError as error:
        raise ReplayError(str(error)) from error
