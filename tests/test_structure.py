"""The rules of the house: who may import whom, what must be documented."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import web
from engine import hookspecs
from engine.plugins import load

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/plugin.toml"))
PUBLIC_ENGINE = ("engine", "engine.bench", "engine.commands", "engine.gateways", "engine.times")
# What hooks, which live in a plugin's __init__, may not reach: I/O, the clock, chance of their own.
OUTSIDE = ("sqlite3", "requests", "httpx", "redis", "socket", "subprocess", "threading", "time", "random")


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path, text: str | None = None) -> set[str]:
    """Return the absolute names of modules that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text or path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= sources_of(node, path)
    return found


def sources_of(node: ast.ImportFrom, path: Path) -> set[str]:
    """Return the modules that a ``from … import …`` names; what is relative is resolved."""
    if not node.level:
        return {node.module or ""}
    package = path.relative_to(ROOT).parent.parts
    base = ".".join(package[: len(package) - node.level + 1])
    return {f"{base}.{node.module}"} if node.module else {f"{base}.{alias.name}" for alias in node.names}


def names_of(path: Path, module: str) -> set[str]:
    """Return the names that a module takes by ``from module import …``."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in nodes if node.module == module and not node.level for alias in node.names}


def faults_of_plugin(path: Path, text: str | None = None) -> set[str]:
    """Return what a plugin's module imports and may not."""
    names, own = imported(path, text), f"plugins.{path.relative_to(ROOT / 'plugins').parts[0]}"
    faults = {name for name in names if top(name) == "plugins" and not f"{name}.".startswith(f"{own}.")}
    faults |= {name for name in names if top(name) == "engine" and name not in PUBLIC_ENGINE}
    allowed = ("web",) if path.name.startswith("routes") else ()
    faults |= {name for name in names if top(name) == "web" and name not in allowed}
    if not path.name.startswith("routes"):
        faults |= {name for name in names if top(name) in ("flask", "flask_smorest")}
    if path.name == "__init__.py":
        faults |= {name for name in names if top(name) in OUTSIDE} | clocks(text or path.read_text())
    return faults


def clocks(text: str) -> set[str]:
    """Return the calls that ask for the present time: what a hook does has to be the same in a replay."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
    return {ast.unparse(node) for node in nodes if node.attr in ("now", "utcnow", "today")}


def top(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("path", sources("engine"), ids=str)
def test_the_engine_imports_neither_flask_nor_web_nor_plugins(path: Path) -> None:
    assert not {name for name in imported(path) if top(name) in ("flask", "flask_sock", "web", "plugins")}


def test_the_engines_process_loads_neither_flask_nor_gevent() -> None:
    unwanted = "[m for m in ('flask', 'gevent', 'web') if m in sys.modules]"
    code = f"import engine.process, engine.worker, sys; print({unwanted})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sources("web"), ids=str)
def test_the_web_imports_no_plugin_and_names_none(path: Path) -> None:
    assert not {name for name in imported(path) if top(name) == "plugins"}


@pytest.mark.parametrize("path", sources("plugins"), ids=str)
def test_a_plugin_imports_only_what_is_public_and_never_another_plugin(path: Path) -> None:
    assert not faults_of_plugin(path)
    assert names_of(path, "web") <= set(web.__all__)


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("handlers.py", "from ..sender import schemas", "plugins.sender"),
        ("handlers.py", "from .. import sender", "plugins.sender"),
        ("handlers.py", "import plugins.sender.calls", "plugins.sender.calls"),
        ("handlers.py", "def f():\n    from web import act", "web"),
        ("handlers.py", "from engine.store import open_read", "engine.store"),
        ("routes.py", "from web.api.common import Open", "web.api.common"),
        ("routes.py", "import web.pages.settings", "web.pages.settings"),
        ("__init__.py", "import sqlite3", "sqlite3"),
        ("__init__.py", "def f():\n    import httpx", "httpx"),
        ("__init__.py", "from time import time", "time"),
        ("__init__.py", "from datetime import datetime\ndatetime.now()", "datetime.now"),
        ("__init__.py", "from engine import times\ntimes.now()", "times.now"),
    ],
)
def test_what_a_plugin_may_not_import_is_found(file: str, text: str, fault: str) -> None:
    assert faults_of_plugin(ROOT / "plugins" / "labels" / file, text) == {fault}


def test_what_a_plugin_may_import_is_let_be() -> None:
    text = "import re\nfrom datetime import timedelta\nfrom engine import action\nfrom . import schemas"
    assert not faults_of_plugin(ROOT / "plugins" / "labels" / "__init__.py", f"{text}\nfrom .x.y import z")


def test_every_hook_is_documented_with_when_what_and_return() -> None:
    hooks = [f for name, f in vars(hookspecs).items() if hasattr(f, "replyai_spec")]
    assert len(hooks) > 15
    for hook in hooks:
        text = inspect.getdoc(hook) or ""
        assert text.startswith("Called "), f"{hook.__name__} does not say when it is called"
        assert "return" in text, f"{hook.__name__} does not say what it may return"


def test_every_hook_has_a_place_in_the_documentation() -> None:
    page = (ROOT / "docs" / "hooks.md").read_text()
    for name, function in vars(hookspecs).items():
        if hasattr(function, "replyai_spec"):
            assert f"## `{name}`" in page, f"docs/hooks.md lacks {name}; run `python -m docs.generate`"
            first = (inspect.getdoc(function) or "").splitlines()[0]
            assert first in page, f"docs/hooks.md is behind on {name}"


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_every_plugin_folder_looks_the_same(folder: Path) -> None:
    assert (folder / "__init__.py").exists()
    readme = (folder / "README.md").read_text()
    for word in ("## Settings", "## Actions", "## Example"):
        assert word in readme, f"{folder.name}/README.md lacks {word}"


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_every_built_in_plugin_loads(folder: Path) -> None:
    plugin = load().plugins[folder.name]
    assert plugin.error is None
    for name, field in plugin.settings_schema().fields.items():
        assert field.metadata.get("description"), f"the setting {name} of {folder.name} is not described"


@pytest.mark.parametrize("path", [*sources("engine"), *sources("web"), *sources("plugins")], ids=str)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"
