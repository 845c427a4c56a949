"""Places in the pages that plugins fill, and what every template can use."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from flask import Flask, g, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from engine.client import EngineAway

from .assets import static
from .engine_link import View, read
from .parts import parts, plugin_enabled
from .permissions import may
from .security import csrf_token

log = structlog.get_logger("web.slots")


@dataclass(frozen=True)
class Slot:
    """A plugin's part of a page.

    slot: the place (``panel.section``, ``list.row``, …); template: its template's name;
    context: fn(view, **args) → the template's variables, run in one snapshot; without it the
    template gets the place's own args; permission: who sees it, None for all.
    """

    slot: str
    template: str
    context: Callable[..., dict[str, Any]] | None = None
    order: int = 100
    permission: str | None = None


def render(template: str, **context: Any) -> str:
    """Return the page: *template* with *context* and the names that every template has."""
    return render_template(template, **context)


def slot(name: str, **args: Any) -> Markup:
    """Return what the enabled plugins put into the place *name*, in order."""
    found = [(plugin, each) for plugin, each in parts().slots if each.slot == name]
    found = [(p, s) for p, s in found if plugin_enabled(p) and (s.permission is None or may(s.permission))]
    return Markup("").join(_fill(plugin, each, args) for plugin, each in found)


def _fill(plugin: str, each: Slot, args: dict[str, Any]) -> Markup:
    try:
        context = args
        if each.context is not None:
            make = each.context

            def ask(view: View) -> dict[str, Any]:
                return make(view, **args)

            context = {**args, **read(ask)}
        return Markup(render_template(each.template, **context))
    except (EngineAway, HTTPException):
        raise
    except Exception:
        log.exception("a slot failed", plugin=plugin, slot=each.slot)
        return Markup('<p class="slot-error">{}</p>').format(_("The part of “%(name)s” failed.", name=plugin))


def entry(made: dict[str, Any]) -> Markup:
    """Return a plugin's entry in a thread; one that fails shows that it did."""
    try:
        return Markup(render_template(made["template"], entry=made))
    except Exception:
        log.exception("an entry of a thread failed", collection=made["collection"], id=made["id"])
        failed = _("The part of “%(name)s” failed.", name=made["collection"])
        return Markup('<p class="slot-error">{}</p>').format(failed)


def nav() -> list[dict[str, Any]]:
    """Return the navigation's items of enabled plugins that this agent may use, in order."""
    items = [item for item in parts().navigation if plugin_enabled(item["plugin"])]
    return [item for item in items if not item.get("permission") or may(item["permission"])]


def url(path: str) -> str:
    """Return *path* within this workspace (``/w/NAME`` before it where the request had it)."""
    return request.script_root + path


def icon(name: str, css: str = "icon") -> Markup:
    """Return an icon of the sprite ``static/icons.svg``."""
    if "sprite" not in g:
        g.sprite = static("icons.svg")
    return _icon(css, g.sprite, name)


@lru_cache(maxsize=1000)
def _icon(css: str, sprite: str, name: str) -> Markup:
    use = Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>')
    return use.format(css, sprite, name)


def language() -> str:
    """Return the language of this page: ``id`` or ``en``."""
    return str(get_locale() or "en").split("_")[0]


def theme() -> str:
    """Return the theme that the agent chose: ``auto``, ``light`` or ``dark``."""
    session = g.get("session")
    return str(session.agent.get("theme") or "auto") if session else "auto"


def _context() -> dict[str, Any]:
    session = g.get("session")
    return {"agent": session.agent if session else None, "workspace": g.get("workspace", "main")}


def register(app: Flask) -> None:
    """Give *app*'s templates their names."""
    names = {
        "allowed": may,
        "csrf_token": csrf_token,
        "entry_html": entry,
        "icon": icon,
        "language": language,
        "may": may,
        "nav": nav,
        "nav_items": nav,
        "plugin_enabled": plugin_enabled,
        "slot": slot,
        "static": static,
        "theme": theme,
        "url": url,
    }
    app.jinja_env.globals.update(names)
    app.context_processor(_context)
