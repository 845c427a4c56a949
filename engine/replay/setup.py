"""Another configuration for a replay: which plugins are on, and their settings."""

from collections.abc import Iterable
from typing import Any

import orjson

from engine.config import ConfigError, sections
from engine.config.schemas import Switch
from engine.documents import Collection, Database
from engine.plugins import Plugin, Registry

Document = dict[str, Any]


class ReplayError(ValueError):
    """What was asked of a replay cannot be done; the text says why, in one line."""


class Setup:
    """What differs from the recording.

    changes: plugin → {"enabled"?: bool, other keys: settings}.
    put: collection → documents that are there from the start, as drafts of rules, flows and the like.
    """

    def __init__(self, changes: dict[str, Document], put: dict[str, list[Document]] | None = None) -> None:
        self.changes = changes
        self.put = put or {}

    def __bool__(self) -> bool:
        return bool(self.changes or self.put)

    def begin(self, documents: Database, registry: Registry) -> None:
        """Write down all that differs, before the first event."""
        self.apply(documents, registry)
        for collection, drafts in self.put.items():
            table = documents.table(collection)
            for draft in drafts:
                table.remove(doc_ids=[draft["id"]])
                table.insert(draft)

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


def setup_of(
    registry: Registry, plugins: str | None = None, sets: Iterable[str] = (), put: str | None = None
) -> Setup:
    """Return what `--plugins`, `--set` and `--put` ask for.

    plugins: ``a,b`` has these on and the others off, gateways left as they were; with a sign before
    each name (``+a,-b``) the rest stays as it was.
    sets: ``plugins.NAME.KEY=VALUE`` each. put: JSON, ``{collection: [document, …]}``.
    ReplayError where a name, key or value is wrong.
    """
    changes: dict[str, Document] = {}
    for name, on in _switched(registry, plugins).items():
        changes.setdefault(name, {})["enabled"] = on
    for text in sets:
        name, values = _set(registry, text)
        changes.setdefault(name, {}).update(values)
    return Setup(changes, _put(registry, put) if put is not None else None)


def _put(registry: Registry, text: str) -> dict[str, list[Document]]:
    """Return the documents that ``--put`` names, checked by their collections' schemas."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ReplayError(f"--put: this is no JSON: {error}") from error
    declared = {collection.name: collection for collection in registry.collections}
    if not isinstance(given, dict) or not all(isinstance(each, list) for each in given.values()):
        raise ReplayError('--put takes {"collection": [document, …]}')
    for name, documents in given.items():
        if name not in declared:
            raise ReplayError(f"--put: there is no collection {name}")
        for document in documents:
            _check(declared[name], document)
    return given


def _check(collection: Collection, document: Document) -> None:
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise ReplayError(f"--put: a document of {collection.name} needs an id")
    errors = collection.schema().validate(document) if collection.schema else None
    if errors:
        raise ReplayError(f"--put: {collection.name} {document['id']}: {errors}")


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
