"""The application: everything of web/, then the pages, then what plugins bring."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import structlog
from flask import Flask, g, request
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

import engine.config
import engine.plugins
import engine.redis
from engine.client import Client
from engine.config import Config
from engine.plugins import Plugin, Registry

from . import (
    access_log,
    api,
    assets,
    auth,
    errors,
    feed,
    health,
    i18n,
    media,
    metrics,
    security,
    slots,
    webhooks,
)
from .engine_link import Reads
from .hub import Hub
from .limits import Limits
from .parts import Feed, Parts
from .permissions import guard, public
from .sessions import identify, rotate
from .workspaces import KEY, Workspaces

HERE = Path(__file__).parent
MEGABYTE = 1024 * 1024
log = structlog.get_logger("web")


def create_app(config: Config | None = None, registry: Registry | None = None) -> Flask:
    """Return the web application (gunicorn: ``web.app:create_app()``).

    config: by default from environment and file; registry: the plugins, by default all installed.
    """
    config = config or engine.config.load()
    registry = registry or engine.plugins.load(config.plugins_dir)
    app = Flask("web", root_path=str(HERE), static_folder="static", template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=MEGABYTE, MAX_FORM_MEMORY_SIZE=MEGABYTE, TEMPLATES_AUTO_RELOAD=False)
    app.url_map.strict_slashes = False
    held = _held(config, registry)
    app.extensions["replyai"] = held
    _hooks(app, config.data)
    i18n.register(app, [HERE / "translations", *_folders(registry, "translations")])
    slots.register(app)
    for module in (assets, auth, webhooks, media, health, metrics):
        app.register_blueprint(module.blueprint)
    feed.register(app)
    rest = api.register(app)
    _pages(app)
    for plugin in registry.loaded():
        _plugin(app, rest, held, plugin)
    held.slots.sort(key=lambda pair: (pair[1].order, pair[0]))
    held.navigation.sort(key=lambda item: (item.get("order", 100), item["plugin"]))
    errors.register(app)
    app.register_error_handler(
        RecursionError, lambda _e: errors.answer(400, "bad_request", "Nested too deeply.")
    )
    app.register_error_handler(
        UnicodeEncodeError, lambda _e: errors.answer(422, "invalid", "A text is not Unicode.")
    )
    app.wsgi_app = Workspaces(app.wsgi_app, held)  # type: ignore[method-assign]
    hops = int(held.setting("trusted_proxies", 0))
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _held(config: Config, registry: Registry) -> Parts:
    held = Parts(config, registry, Client(config.data / "engine.sock"))
    held.reads = Reads(config.data, registry, held.known)
    held.redis = engine.redis.connect(config, socket_timeout=2.0)
    held.limits = Limits(held.redis)
    held.hub = Hub(held)
    held.hub.begin()
    return held


def _hooks(app: Flask, data: Path) -> None:
    access_log.register(app, data)

    @app.before_request
    def begin() -> None:
        g.workspace = request.environ.get(KEY, "main")
        g.session = None
        identify()
        guard(app)
        security.check_request(app)

    @app.after_request
    def end(response: Response) -> Response:
        if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return security.add_headers(rotate(response))

    public(app.view_functions["static"])


def _pages(app: Flask) -> None:
    from .pages import register

    register(app)


def _folders(registry: Registry, name: str) -> list[Path]:
    return [plugin.path / name for plugin in registry.loaded() if plugin.path]


def _plugin(app: Flask, rest: Api, held: Parts, plugin: Plugin) -> None:
    """Put on what a plugin's routes.py brings; one that cannot be loaded is named and left out."""
    routes = _routes(plugin)
    if routes is None:
        return
    for name, register in (("api", rest.register_blueprint), ("blueprint", app.register_blueprint)):
        one: Any = getattr(routes, name, None)
        for found in (*([one] if one is not None else []), *getattr(routes, f"{name}s", ())):
            held.owners[found.name] = plugin.name
            register(found)
    held.slots += [(plugin.name, each) for each in getattr(routes, "SLOTS", ())]
    held.thread += [(plugin.name, each) for each in getattr(routes, "THREAD", ())]
    held.navigation += [{**item, "plugin": plugin.name} for item in getattr(routes, "NAV", ())]
    held.reasons += getattr(routes, "REASONS", ())
    held.whys += getattr(routes, "WHYS", ())
    held.words |= getattr(routes, "WORDS", {})
    for collection, of in getattr(routes, "FEED", {}).items():
        if not isinstance(of, Feed):
            log.error(
                "a plugin's FEED is told to nobody: it takes Feed(…)",
                plugin=plugin.name,
                collection=collection,
            )
            continue
        held.feeds[collection] = replace(of, plugin=plugin.name)
    if plugin.path and (plugin.path / "templates").is_dir():
        loader = jinja2.FileSystemLoader(plugin.path / "templates")
        app.jinja_loader = jinja2.ChoiceLoader([app.jinja_loader, loader])  # type: ignore[list-item, assignment]


def _routes(plugin: Plugin) -> ModuleType | None:
    module = plugin.module
    if module is None or plugin.path is None or not (plugin.path / "routes.py").is_file():
        return None
    name = f"{module.__name__}.routes"
    try:
        return sys.modules.get(name) or importlib.import_module(name)
    except Exception:
        log.exception("a plugin's routes could not be loaded", plugin=plugin.name)
        return None
