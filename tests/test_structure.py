"""The rules of the house: who may import whom, what must be documented."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from engine import hookspecs
from engine.plugins import load

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/plugin.toml"))
PUBLIC_ENGINE = ("engine", "engine.gateways", "engine.times")


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the absolute names that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {node.module or ""}
    return found


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
    names = imported(path)
    assert not {name for name in names if top(name) == "plugins"}, "a plugin never imports a plugin"
    assert {name for name in names if top(name) == "engine"} <= set(PUBLIC_ENGINE)
    if path.name != "routes.py":
        assert not {name for name in names if top(name) in ("web", "flask", "flask_smorest")}


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
