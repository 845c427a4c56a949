"""What some actions carry beyond their own schemas, checked for every way in: settings and kinds."""

from collections.abc import Callable, Collection
from typing import Any

from marshmallow import Schema, ValidationError

from .errors import Invalid
from .parts import parts

Data = dict[str, Any]


def checked(type: str, data: Data) -> Data:
    """Return the *data* of an action as it is submitted; Invalid (422) where its owner would not take it.

    An account's settings are checked by its gateway's schema, a plugin's by the plugin's, and a
    message's kind is that of its file.
    """
    check = _CHECKS.get(type)
    return check(data) if check else data


def gateway(name: str) -> Any:
    """Return the adapter of a gateway; Invalid (422) with the known names where there is none."""
    found = parts().registry.gateways()
    if name not in found:
        known = ", ".join(sorted(found))
        raise Invalid("There is no such gateway.", {"gateway": [f"it takes one of: {known}"]})
    return found[name]


def secret_names(adapter: Any) -> set[str]:
    """Return the names of a gateway's secret fields."""
    return {name for name, field in adapter.settings().fields.items() if field.metadata.get("secret")}


def _account(data: Data) -> Data:
    if data.get("source", "api") != "api":
        raise Invalid("Something is missing or wrong.", {"source": ["only a file's account is of a file"]})
    adapter, settings = gateway(data["gateway"]), data.get("settings") or {}
    shown = sorted(secret_names(adapter) & set(settings))
    if shown:
        raise Invalid("A secret is no setting.", {name: ["it is kept apart from settings"] for name in shown})
    schema = adapter.settings(partial=tuple(data.get("secrets") or ()))
    return {**data, "settings": _loaded(schema, settings)}


def _plugin(data: Data) -> Data:
    plugin = parts().registry.plugins.get(data["plugin"])
    if plugin is None or "settings" not in data:
        return data
    return {**data, "settings": _loaded(plugin.settings_schema(partial=True), data["settings"])}


def _loaded(schema: Schema, given: Data) -> Data:
    """Return those of *given* as the schema's types, ready for JSON; Invalid with what is wrong."""
    try:
        loaded = schema.dump(schema.load(given))
    except ValidationError as error:
        raise Invalid("Something is missing or wrong.", {"settings": error.normalized_messages()}) from error
    return {key: loaded[key] for key in given}


def _message(data: Data) -> Data:
    media = data.get("media")
    if media:
        return {**data, "kind": media.get("kind") or "document"}
    if data.get("kind", "text") != "text":
        raise Invalid("A message has a text or a file.", {"kind": ["it is text, or that of the file"]})
    return data


def validated(schema: Schema, given: Data, known: Collection[str] = ()) -> None:
    """Raise Invalid (422), by field, unless *schema* takes *given*; *known*: fields that may be left out."""
    errors = schema.validate(given, partial=tuple(known))
    if errors:
        raise Invalid("Something is missing or wrong.", errors)


_CHECKS: dict[str, Callable[[Data], Data]] = {
    "account.put": _account,
    "plugin.set": _plugin,
    "message.send": _message,
}
