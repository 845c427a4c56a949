"""The ``replyai.toml`` that the first run writes: every key, explained and commented out.

Explanations begin with ``# ``, keys and sections with ``#`` alone: taking that away switches them on.
Sections are commented out too, so that a top-level key pasted at the end of the file stands at the top.
"""

import json
import os
from pathlib import Path
from typing import Any

from marshmallow import fields, missing, validate

from engine.config.schemas import AccountBase, Business, Installation, OtherBusiness, Retention
from engine.config.sections import Fields, describe, keys_of

_HEAD = """\
# ReplyAI's settings. Take away the # before a key to set it here, and the # before the [section]
# that it stands in; after a change, start ReplyAI again. What is set here cannot be changed on the
# settings page, and a variable of the environment comes before it: PORT, HOST, REDIS_URL, or any
# key as in REPLYAI__PLUGINS__LABELS__ENABLED=false.
"""
_ACCOUNTS = """\
# WhatsApp numbers. Each has a section with a name of your choice (a-z, 0-9, - and _);
# they can be set up on the pages too.
"""
_WORKSPACES = """\
# Another business on the same installation, with accounts and plugins of its own
# ([workspaces.kedua.accounts.NAME], [workspaces.kedua.plugins.NAME]).
"""


def write_template(path: Path, registry: Any) -> None:
    """Write the commented settings file to *path* unless something is there already.

    registry: an `engine.plugins.Registry`, for the plugins' and gateways' own settings.
    The file is for its owner alone (0600), as account keys may be put into it.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(template(registry))


def template(registry: Any) -> str:
    """Return the text of the commented settings file."""
    parts = [_HEAD, _keys({**keys_of(Installation), **keys_of(Business)})]
    parts += [_plugin(plugin) for _, plugin in sorted(registry.plugins.items())]
    parts.append("#[retention]\n" + _keys(keys_of(Retention)))
    parts.append(_ACCOUNTS)
    parts += [_account(name, gateway) for name, gateway in sorted(registry.gateways().items())]
    parts.append(_WORKSPACES + "#[workspaces.kedua]\n" + _keys(keys_of(OtherBusiness)))
    return "\n".join(parts)


def _plugin(plugin: Any) -> str:
    default = "true" if plugin.default else "false"
    head = f"#[plugins.{plugin.name}]\n# {plugin.summary}\n#enabled = {default}\n"
    return head + _keys(keys_of(plugin.settings_schema))


def _account(name: str, gateway: Any) -> str:
    head = f'#[accounts.my-{name}]\n#gateway = "{name}"\n'
    takes = {**keys_of(AccountBase), **keys_of(getattr(gateway, "settings", None))}
    return head + _keys({key: field for key, field in takes.items() if key != "gateway"})


def _keys(takes: Fields) -> str:
    return "".join(_key(key, field) for key, field in takes.items())


def _key(key: str, field: fields.Field[Any]) -> str:
    words = " ".join(str(field.metadata.get("description") or f"Takes {describe(field)}.").split())
    return f"# {words}\n#{key} = {_toml(_example(field))}\n"


def _example(field: fields.Field[Any]) -> Any:
    if "example" in field.metadata:
        return field.metadata["example"]
    if field.load_default is not missing and field.load_default is not None:
        return field.load_default() if callable(field.load_default) else field.load_default
    for validator in field.validators:
        if isinstance(validator, validate.OneOf):
            return next(iter(validator.choices))
        if isinstance(validator, validate.Range):
            return validator.min if validator.min is not None else validator.max
    kinds: list[tuple[type[fields.Field[Any]], Any]] = [
        (fields.Boolean, False),
        (fields.Integer, 1),
        (fields.Number, 1.0),
        (fields.List, []),
        (fields.Mapping, {}),
        (fields.Url, "http://localhost:3000"),
        (fields.Email, "name@example.com"),
    ]
    return next((value for kind, value in kinds if isinstance(field, kind)), "...")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
