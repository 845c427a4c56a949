"""Check the sections of plugins and accounts against the schemas that their owners gave."""

import re
from typing import Any

from engine.config import sections
from engine.config.model import Config, ConfigError, Sources, WorkspaceConfig
from engine.config.schemas import AccountBase, Business, Installation, Switch

_TOP = sections.keys_of(Installation, Business)
_ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def validate(config: Config, registry: Any) -> Config:
    """Check plugins' and accounts' sections; return *config*.

    Values from the environment become the types that the schemas take, in place.
    registry: an `engine.plugins.Registry`. Raises `ConfigError` with one line that names
    the place, the key, what it got, what it takes and the nearest right one.
    """
    owners: dict[str, str] = {}
    for workspace in config.workspaces.values():
        sources = _full_sources(workspace)
        prefix = _prefix(workspace)
        for name, values in workspace.plugins.items():
            values.update(_plugin(name, values, registry, f"{prefix}plugins", sources))
        for name, values in workspace.accounts.items():
            values.update(_account(name, values, registry, f"{prefix}accounts", sources))
            if owners.setdefault(name, workspace.name) != workspace.name:
                where = sections.source_of(f"{prefix}accounts.{name}", sources)
                raise ConfigError(f"{where}: account {name} is in workspace {owners[name]} already")
    return config


def _prefix(workspace: WorkspaceConfig) -> str:
    return "" if workspace.name == "main" else f"workspaces.{workspace.name}."


def _full_sources(workspace: WorkspaceConfig) -> Sources:
    return {f"{_prefix(workspace)}{key}": where for key, where in workspace.sources.items()}


def _plugin(name: str, values: dict[str, Any], registry: Any, path: str, sources: Sources) -> dict[str, Any]:
    dotted = f"{path}.{name}"
    if name not in registry.plugins:
        if not values:  # an empty section of a plugin that is gone sets nothing
            return {}
        raise ConfigError(_no_such("plugin", name, list(registry.plugins), dotted, sources))
    plugin = registry.plugins[name]
    if getattr(plugin, "error", None):  # its schema could not be loaded; the doctor says why
        return {}
    takes = sections.keys_of(Switch, plugin.settings_schema)
    return sections.check(values, takes, dotted, sources, _TOP)


def _account(name: str, values: dict[str, Any], registry: Any, path: str, sources: Sources) -> dict[str, Any]:
    dotted = f"{path}.{name}"
    where = sections.source_of(dotted, sources)
    if not _ACCOUNT_NAME.fullmatch(name):
        raise ConfigError(f"{where}: {dotted}: an account's name takes a-z, 0-9, - and _, at most 63 of them")
    gateways = registry.gateways()
    gateway = values.get("gateway")
    if gateway is None:
        raise ConfigError(f"{where}: {dotted} lacks gateway; it takes {' or '.join(sorted(gateways))}")
    if gateway not in gateways:
        raise ConfigError(_no_such("gateway", str(gateway), list(gateways), f"{dotted}.gateway", sources))
    takes = sections.keys_of(AccountBase, getattr(gateways[gateway], "settings", None))
    checked = sections.check(values, takes, dotted, sources, _TOP)
    for key, field in takes.items():
        if field.required and key not in checked and not field.metadata.get("secret"):
            raise ConfigError(f"{where}: {dotted} lacks {key}; it takes {sections.describe(field)}")
    return checked


def _no_such(kind: str, name: str, known: list[str], dotted: str, sources: Sources) -> str:
    where = sections.source_of(dotted, sources)
    listed = ", ".join(sorted(known)) or "none is installed"
    close = sections.did_you_mean(sections.nearest(name, known))
    return f"{where}: {dotted}: there is no {kind} {name}; there are {listed}{close}"
