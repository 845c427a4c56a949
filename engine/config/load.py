"""Read environment and file into a `Config`."""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from marshmallow import fields

from engine.config import sections
from engine.config.lines import locate
from engine.config.model import DEFAULT_WORKSPACE, Config, ConfigError, Sources, WorkspaceConfig
from engine.config.schemas import Business, Installation, OtherBusiness, Retention
from engine.config.sections import EnvText

Tree = dict[str, Any]
PREFIX = "REPLYAI__"
_NAMED = {"HOST": "host", "PORT": "port", "REDIS_URL": "redis_url"}
_OUTSIDE = ("REPLYAI_ADMIN_EMAIL", "REPLYAI_ADMIN_PASSWORD", "REPLYAI_API_TOKEN", "REPLYAI_SECRET_KEY")
_PATHS = ("REPLYAI_DATA", "REPLYAI_CONFIG")
_WORKSPACE_TABLES = {"accounts": fields.Dict(), "plugins": fields.Dict(), "retention": fields.Dict()}
_NAME = r"abcdefghijklmnopqrstuvwxyz0123456789_-"


def load(environ: Mapping[str, str] = os.environ, data: str | Path | None = None) -> Config:
    """Return the settings of environment and file; raise `ConfigError` with one line.

    data: the data folder, before ``REPLYAI_DATA`` and ``./data``. The file is
    ``$REPLYAI_CONFIG``, else ``./replyai.toml``, else ``replyai.toml`` in the data folder.
    Sections of plugins and accounts are checked by `engine.config.validate`, which knows
    their schemas.
    """
    _check_names(environ)
    folder = Path(data or environ.get("REPLYAI_DATA") or "data").expanduser().absolute()
    file = _find_file(environ, folder)
    tree, sources = _read_file(file) if file else ({}, {})
    _overlay(tree, sources, environ)
    return _config(tree, sources, environ, folder, file)


def _check_names(environ: Mapping[str, str]) -> None:
    known = (*_OUTSIDE, *_PATHS)
    for name in environ:
        if name.startswith("REPLYAI_") and not name.startswith(PREFIX) and name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.9)
            if close:
                raise ConfigError(f"environment, {name}: there is no such variable; did you mean {close[0]}?")


def _find_file(environ: Mapping[str, str], folder: Path) -> Path | None:
    named = environ.get("REPLYAI_CONFIG")
    if named:
        file = Path(named).expanduser().absolute()
        if not file.is_file():
            raise ConfigError(f"environment, REPLYAI_CONFIG = {named}: there is no such file")
        return file
    places = (Path("replyai.toml").absolute(), folder / "replyai.toml")
    return next((place for place in places if place.is_file()), None)


def _read_file(file: Path) -> tuple[Tree, Sources]:
    try:
        text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
        tree = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None
    return tree, {".".join(path): f"{file.name}, line {line}" for path, line in locate(text).items()}


def _overlay(tree: Tree, sources: Sources, environ: Mapping[str, str]) -> None:
    for name in sorted(environ):
        if name.startswith(PREFIX) and environ[name]:
            _put(tree, sources, name.removeprefix(PREFIX).lower().split("__"), name, environ[name])
    for name, key in _NAMED.items():
        if environ.get(name):
            _put(tree, sources, [key], name, environ[name])


def _put(tree: Tree, sources: Sources, path: list[str], name: str, value: str) -> None:
    node = tree
    names: list[str] = []
    for part in path[:-1]:
        names.append(_as_written(part, node))
        node = node.setdefault(names[-1], {})
        if not isinstance(node, dict):
            raise ConfigError(f"environment, {name}: {'.'.join(names)} is no table")
    names.append(_as_written(path[-1], node))
    node[names[-1]] = EnvText(value)
    sources[".".join(names)] = f"environment, {name}"


def _as_written(part: str, node: Tree) -> str:
    """Return the key of *node* that *part* means: a variable's name can hold no ``-``."""
    return next((key for key in node if key.lower().replace("-", "_") == part), part)


def _config(
    tree: Tree, sources: Sources, environ: Mapping[str, str], folder: Path, file: Path | None
) -> Config:
    installation = sections.keys_of(Installation)
    business = sections.keys_of(Business)
    tables = {**_WORKSPACE_TABLES, "workspaces": fields.Dict()}
    top = sections.check(tree, {**installation, **business, **tables}, "", sources)
    values = {key: top[key] for key in installation if key in top}
    if "plugins_dir" in values:
        base = file.parent if file and sources["plugins_dir"].startswith(file.name) else Path.cwd()
        values["plugins_dir"] = _folder(base, values["plugins_dir"], sources)
    outside: dict[str, Any] = {
        name.removeprefix("REPLYAI_").lower(): environ.get(name) or None for name in _OUTSIDE
    }
    main = {key: value for key, value in top.items() if key in business or key in _WORKSPACE_TABLES}
    workspaces = {DEFAULT_WORKSPACE: _workspace(DEFAULT_WORKSPACE, main, "", sources)}
    for name, other in _tables(top.get("workspaces", {}), "workspaces", sources).items():
        workspaces[name] = _other(name, other, sources)
    own = {key: where for key, where in sources.items() if key in installation}
    return Config(data=folder, file=file, workspaces=workspaces, sources=own, **values, **outside)


def _folder(base: Path, value: str, sources: Sources) -> Path:
    folder = (base / Path(value).expanduser()).absolute()
    if not folder.is_dir():
        raise ConfigError(f"{sources['plugins_dir']}: plugins_dir = {value}: there is no folder {folder}")
    return folder


def _other(name: str, values: Tree, sources: Sources) -> WorkspaceConfig:
    path = f"workspaces.{name}"
    if name == DEFAULT_WORKSPACE or not name or name.strip(_NAME):
        where = sections.source_of(path, sources)
        rule = "main's keys stand at the top" if name == DEFAULT_WORKSPACE else "it takes a-z, 0-9, - and _"
        raise ConfigError(f"{where}: {path}: this is no name for another workspace: {rule}")
    takes = {**sections.keys_of(OtherBusiness), **_WORKSPACE_TABLES}
    return _workspace(name, sections.check(values, takes, path, sources), path, sources)


def _workspace(name: str, values: Tree, path: str, sources: Sources) -> WorkspaceConfig:
    prefix = f"{path}." if path else ""
    own = {
        key.removeprefix(prefix): where
        for key, where in sources.items()
        if key.startswith(prefix) and key.removeprefix(prefix).split(".")[0] in values
    }
    return WorkspaceConfig(
        name=name,
        host=values.get("host"),
        accounts=_tables(values.get("accounts", {}), f"{prefix}accounts", sources),
        plugins=_tables(values.get("plugins", {}), f"{prefix}plugins", sources),
        settings={key: values[key] for key in sections.keys_of(Business) if key in values},
        retention=sections.check(
            values.get("retention", {}), sections.keys_of(Retention), f"{prefix}retention", sources
        ),
        sources=own,
    )


def _tables(values: Tree, path: str, sources: Sources) -> dict[str, Tree]:
    for name, value in values.items():
        if not isinstance(value, dict):
            where = sections.source_of(f"{path}.{name}", sources)
            got = sections.shown(value)
            raise ConfigError(f"{where}: {path}.{name} = {got}: it takes a table; write [{path}.{name}]")
    return values
