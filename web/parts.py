"""What one web process holds: config, plugins, the engine's client, read pools, the feed's hub."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from flask import current_app, g

from engine.config import Config
from engine.plugins import Registry

KEPT = 5.0  # seconds


class Known:
    """Small facts of a workspace that every request needs, kept a few seconds.

    The feed drops what a commit has changed, so the time limit matters only while the engine is away.
    """

    def __init__(self) -> None:
        self._facts: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: tuple[str, ...], load: Callable[[], Any]) -> Any:
        """Return the fact *key*, loaded again after `KEPT` seconds or a drop."""
        found = self._facts.get(key)
        if found and found[0] > monotonic():
            return found[1]
        value = load()
        with self._lock:
            if len(self._facts) > 5000:
                self._facts.clear()
            self._facts[key] = (monotonic() + KEPT, value)
        return value

    def drop(self, *prefix: str) -> None:
        """Forget every fact whose key begins with *prefix*."""
        with self._lock:
            for key in [key for key in self._facts if key[: len(prefix)] == prefix]:
                self._facts.pop(key, None)


@dataclass(frozen=True)
class Feed:
    """What of a plugin's collection goes to open pages.

    fields: their names, None for all. permission: only roles with it get any. Documents with a
    ``conversation``, or else with contacts, go to those alone who may see these.
    """

    fields: tuple[str, ...] | None
    permission: str
    plugin: str = ""  # whose collection it is; set when the plugin's routes are loaded


@dataclass
class Parts:
    """One application's parts; `parts()` gives those of the running request."""

    config: Config
    registry: Registry
    client: Any
    reads: Any = None
    hub: Any = None
    limits: Any = None
    redis: Any = None
    known: Known = field(default_factory=Known)
    slots: list[Any] = field(default_factory=list)
    navigation: list[dict[str, Any]] = field(default_factory=list)
    thread: list[tuple[str, Any]] = field(default_factory=list)  # plugin, what it puts between the messages
    reasons: list[tuple[str, Any]] = field(default_factory=list)  # pattern of a plugin's reason, its words
    whys: list[tuple[str, Any]] = field(default_factory=list)  # pattern of a plugin's why, its words
    words: dict[str, Any] = field(default_factory=dict)  # a plugin's action → what it did; None: not told
    owners: dict[str, str] = field(default_factory=dict)  # blueprint → plugin
    feeds: dict[str, "Feed"] = field(default_factory=dict)  # collection → what of it is told, and to whom

    def workspaces(self) -> tuple[str, ...]:
        """The names of all workspaces."""
        there = self.hub.streams if self.hub else ()
        return tuple(dict.fromkeys(("main", *self.config.workspaces, *there)))

    def setting(self, name: str, default: Any) -> Any:
        """Return an installation-wide setting, or *default* where the config does not know it."""
        found = getattr(self.config, name, None)
        return default if found is None else found


def parts() -> Parts:
    """Return the parts of the application that answers this request."""
    found: Parts = current_app.extensions["replyai"]
    return found


def gateways() -> dict[str, Any]:
    """Return gateway → adapter, of every installed plugin."""
    return parts().registry.gateways()


def forecasts(hidden: Collection[str]) -> list[Any]:
    """Return the functions of plugins, but for those in *hidden*, that tell when messages would leave."""
    return [tell for plugin, tell in parts().registry.forecasts().items() if plugin not in hidden]


def plugin_enabled(name: str) -> bool:
    """Return whether the plugin *name* is installed and on in this workspace."""
    held = parts()
    return name in held.registry.plugins and name not in held.reads.hidden(g.workspace)
