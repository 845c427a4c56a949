"""Finding plugins, and what each of them brings. Nothing imports a plugin: pluggy holds it."""

import difflib
import importlib
import importlib.metadata
import importlib.util
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from marshmallow import Schema

from engine import hookspecs
from engine.actions import ActionType
from engine.documents import Collection
from engine.schemas import COLLECTIONS

PARTS = ("schemas", "handlers*")
DEFAULT_ORDER = 100


class PluginError(RuntimeError):
    """A plugin's folder is not what a plugin's folder has to be; the text says what."""


class Settings(Schema):
    """The settings of a plugin that has none."""


@dataclass(frozen=True)
class Plugin:
    """One installed plugin, from its plugin.toml and modules.

    error: why it could not be loaded, or None; such a plugin is shown and does nothing.
    """

    name: str
    version: str = "0"
    summary: str = ""
    order: int = DEFAULT_ORDER
    default: bool = True
    requires: tuple[str, ...] = ()
    module: ModuleType | None = None
    path: Path | None = None
    error: str | None = None
    parts: dict[str, ModuleType] = field(default_factory=dict)

    @property
    def settings_schema(self) -> type[Schema]:
        """The marshmallow schema ``Settings`` of its schemas.py (or of itself)."""
        for module in (self.parts.get("schemas"), self.module):
            found = getattr(module, "Settings", None)
            if isinstance(found, type) and issubclass(found, Schema):
                return found
        return Settings

    @property
    def collections(self) -> tuple[Collection, ...]:
        """``COLLECTIONS`` of its schemas.py (or of itself)."""
        modules = (self.parts.get("schemas"), self.module)
        return tuple(c for module in modules for c in getattr(module, "COLLECTIONS", ()))

    def defaults(self) -> dict[str, Any]:
        """Its settings where nobody set any."""
        loaded: dict[str, Any] = self.settings_schema().load({})
        return loaded


@dataclass(frozen=True)
class Hook:
    """One plugin's implementation of one hook, and which arguments it takes."""

    plugin: Plugin
    name: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]


def _order(plugin: Plugin, impl: pluggy.HookImpl) -> tuple[int, int, str]:
    place = 0 if impl.tryfirst else 2 if impl.trylast else 1
    return plugin.order, place, plugin.name


class Registry:
    """All installed plugins and what they bring, in their order."""

    def __init__(self, plugins: list[Plugin]) -> None:
        self.plugins = {plugin.name: plugin for plugin in sorted(plugins, key=lambda p: (p.order, p.name))}
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        for plugin in self.loaded():
            self.manager.register(plugin.module, name=plugin.name)
        self._hooks: dict[str, tuple[Hook, ...]] = {}
        self._refuse_wrappers()

    def loaded(self) -> Iterator[Plugin]:
        """Those that could be loaded."""
        return (plugin for plugin in self.plugins.values() if plugin.module is not None)

    def _refuse_wrappers(self) -> None:
        for plugin in self.loaded():
            for caller in self.manager.get_hookcallers(plugin.module) or ():
                for impl in caller.get_hookimpls():
                    if impl.wrapper or impl.hookwrapper:
                        raise PluginError(
                            f"plugin {impl.plugin_name}: {caller.name} is a wrapper; those are refused"
                        )

    def hooks(self, name: str) -> tuple[Hook, ...]:
        """The implementations of the hook *name*, in calling order."""
        if name not in self._hooks:
            caller = getattr(self.manager.hook, name, None)
            impls = caller.get_hookimpls() if caller is not None else []
            pairs = sorted(((self.plugins[i.plugin_name], i) for i in impls), key=lambda pair: _order(*pair))
            self._hooks[name] = tuple(Hook(p, name, i.function, tuple(i.argnames)) for p, i in pairs)
        return self._hooks[name]

    def unheard(self) -> list[str]:
        """Return a sentence for each hook that nothing calls, such as a misspelt one."""
        known = {name for name, spec in vars(hookspecs).items() if hasattr(spec, f"{hookspecs.PROJECT}_spec")}
        known |= {kind.past.replace(".", "_") for kind in self.actions.values() if kind.past}
        found = []
        for plugin in self.loaded():
            for caller in self.manager.get_hookcallers(plugin.module) or ():
                if caller.name not in known:
                    near = difflib.get_close_matches(caller.name, known, 1)
                    hint = f"; did you mean {near[0]}?" if near else ""
                    found.append(f"plugin {plugin.name}: nothing calls its hook {caller.name}{hint}")
        return found

    @cached_property
    def collections(self) -> tuple[Collection, ...]:
        """The core's and every installed plugin's collections."""
        return COLLECTIONS + tuple(c for plugin in self.loaded() for c in plugin.collections)

    @cached_property
    def actions(self) -> dict[str, ActionType]:
        """Type → how it is checked and carried out, of the core and every installed plugin."""
        from engine import handlers

        found: dict[str, ActionType] = {}
        modules = [("core", module) for module in handlers.modules()]
        for plugin in self.loaded():
            own = [part for name, part in plugin.parts.items() if name.startswith("handlers")]
            modules += [(plugin.name, module) for module in (*own, plugin.module) if module]
        for owner, module in modules:
            for kind in action_types(module, owner):
                if owner != "core" and kind.type.partition(".")[0] != owner:
                    raise PluginError(f"plugin {owner}: action {kind.type} must begin with “{owner}.”")
                found[kind.type] = kind
        return found

    def _gather(self, hook: str) -> Iterator[tuple[str, Any]]:
        for implementation in self.hooks(hook):
            yield implementation.plugin.name, implementation.function()

    def gateways(self) -> dict[str, Any]:
        """Name → adapter, of every installed plugin."""
        return {adapter.name: adapter for _, adapters in self._gather("gateways") for adapter in adapters}

    @cached_property
    def supports(self) -> dict[str, dict[str, Any]]:
        """Gateway → what its adapter says that it can do."""
        return {name: dict(adapter.supports) for name, adapter in self.gateways().items()}

    def jobs(self) -> dict[str, Callable[..., Any]]:
        """Name → function that a worker may run."""
        from engine.perform import CORE_JOBS

        found: dict[str, Callable[..., Any]] = dict(CORE_JOBS)
        for name, functions in self._gather("jobs"):
            for key, function in functions.items():
                if key.partition(".")[0] != name:
                    raise PluginError(f"plugin {name}: job {key} must begin with “{name}.”")
                found[key] = function
        return found

    def commands(self) -> dict[str, Any]:
        """Name → `click` command, of every installed plugin."""
        return {command.name: command for _, commands in self._gather("commands") for command in commands}

    def replay_drafts(self) -> dict[str, Any]:
        """Name → (put, tell), of every installed plugin."""
        return {name: pair for _, drafts in self._gather("replay_drafts") for name, pair in drafts.items()}

    def benches(self) -> dict[str, Any]:
        """Name → figures, of every installed plugin."""
        return {name: figures for _, benches in self._gather("benches") for name, figures in benches.items()}

    def forecasts(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Plugin → its function that tells when messages would leave."""
        return dict(self._gather("forecasts"))


def action_types(module: ModuleType, plugin: str) -> Iterator[ActionType]:
    """Yield what the functions of *module* that are marked with `handles` carry out."""
    for function in vars(module).values():
        mark = getattr(function, "handles", None)
        if isinstance(mark, tuple) and function.__module__ == module.__name__:
            type, schema, past, permission = mark
            yield ActionType(type, schema, function, plugin, past, permission)


def _described(name: str, text: str) -> dict[str, Any]:
    about = tomllib.loads(text)
    if about.get("name", name) != name:
        raise PluginError(f"plugin.toml says name = {about['name']!r}, its folder {name!r}")
    return {
        "version": str(about.get("version", "0")),
        "summary": about.get("summary", ""),
        "order": int(about.get("order", DEFAULT_ORDER)),
        "default": about.get("default", True) in (True, "on"),
        "requires": tuple(about.get("requires", ())),
    }


def _parts(module: ModuleType) -> dict[str, ModuleType]:
    """Return a plugin's schemas.py and handlers.py, and further modules whose names begin so (handlers_x)."""
    folders = [Path(folder) for folder in getattr(module, "__path__", ())]
    files = (file for part in PARTS for folder in folders for file in sorted(folder.glob(f"{part}.py")))
    return {file.stem: importlib.import_module(f"{module.__name__}.{file.stem}") for file in files}


def _load(name: str, about: str, load: Callable[[], ModuleType], path: Path | None) -> Plugin:
    """Return the plugin; what fails in it is kept as its error and hurts nobody else."""
    described: dict[str, Any] = {}
    try:
        described = _described(name, about)
        module = load()
        plugin = Plugin(name, module=module, path=path, parts=_parts(module), **described)
        _check_ages(plugin)
        return plugin
    except (Exception, SystemExit) as error:
        return Plugin(name, path=path, error=f"{type(error).__name__}: {error}", **described)


def _check_ages(plugin: Plugin) -> None:
    known = plugin.settings_schema().fields
    for collection in plugin.collections:
        if collection.ages and collection.ages[1] not in known:
            raise PluginError(f"{collection.name} ages by {collection.ages[1]!r}, which is no setting of it")


def _import_folder(folder: Path) -> ModuleType:
    name = f"replyai_plugins_{folder.name}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise PluginError(f"{folder} has no __init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _built_in() -> Iterator[Plugin]:
    package = importlib.util.find_spec("plugins")
    for root in (package.submodule_search_locations or ()) if package else ():
        for toml in sorted(Path(root).glob("*/plugin.toml")):
            name = toml.parent.name
            yield _load(
                name, toml.read_text(), partial(importlib.import_module, f"plugins.{name}"), toml.parent
            )


def _in_folder(folder: Path) -> Iterator[Plugin]:
    for toml in sorted(folder.glob("*/plugin.toml")):
        yield _load(toml.parent.name, toml.read_text(), partial(_import_folder, toml.parent), toml.parent)


def _entry_points() -> Iterator[Plugin]:
    for point in importlib.metadata.entry_points(group=hookspecs.PROJECT):
        origin = point.module
        spec = importlib.util.find_spec(origin)
        folder = Path(spec.origin).parent if spec and spec.origin else None
        toml = folder / "plugin.toml" if folder else None
        about = toml.read_text() if toml and toml.exists() else ""
        yield _load(point.name, about, point.load, folder)


def load(plugins_dir: Path | str | None = None) -> Registry:
    """Return all installed plugins: built in, of the entry-point group ``replyai``, of *plugins_dir*."""
    found: dict[str, Plugin] = {}
    sources = [_built_in(), _entry_points(), _in_folder(Path(plugins_dir)) if plugins_dir else iter(())]
    for source in sources:
        for plugin in source:
            if plugin.name in found or plugin.name == "core":
                raise PluginError(
                    f"two plugins are named {plugin.name!r}: {found[plugin.name].path} and {plugin.path}"
                )
            found[plugin.name] = plugin
    return Registry(list(found.values()))
