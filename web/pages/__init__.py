"""The HTML pages: the inbox and the settings."""

from functools import cached_property
from typing import Any

import structlog
from flask import Flask, g, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from engine import presence
from engine.client import EngineAway

from ..engine_link import read
from ..parts import parts, plugin_enabled
from ..sessions import current
from ..slots import nav
from . import inbox, look, numbers, plugins, reasons, settings, team, why, words

log = structlog.get_logger("web.pages")


def register(app: Flask) -> None:
    """Put the pages, and what their templates use, into *app*."""
    for module in (inbox, why, settings, team, numbers, plugins):
        app.register_blueprint(module.blueprint)
    app.jinja_env.filters.update(
        initials=look.initials,
        tint=look.tint,
        label_tint=look.label_tint,
        rich=look.rich,
        file_size=look.file_size,
        phone=look.phone,
        kind_words=look.kind_words,
        presence=presence.of,
        why_words=reasons.why_in_words,
        decided=_decided,
        moment=_moment,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_ui)


class Ui:
    """What base.html needs of a page; made only as far as it is asked for."""

    def __init__(self) -> None:
        session = g.get("session")
        self.theme = str(session.agent.get("theme") or "auto") if session else "auto"
        self.locale = words.language()
        self.root = request.script_root

    @property
    def here(self) -> dict[str, Any]:
        """The agent who looks at this page, and so is there."""
        return {**current().agent, "presence": presence.ONLINE}

    @cached_property
    def presence_words(self) -> dict[str, str]:
        """What the states of presence are called."""
        return look.presence_words()

    @property
    def words(self) -> dict[str, str]:
        """The texts of the JavaScript modules."""
        return words.for_scripts()

    @property
    def nav(self) -> list[dict[str, Any]]:
        """The plugins' entries of the rail; those under ``/settings/`` are in the settings' own menu."""
        shown = [each for each in nav() if not each["path"].startswith("/settings/")]
        return [{"key": each["plugin"], **each, "badge": _badge(each)} for each in shown]

    @property
    def gateways(self) -> list[dict[str, Any]]:
        """Those of them that belong to a gateway: a page where messages can be made to come in."""
        known = parts().registry.gateways()
        return [each for each in self.nav if each["plugin"] in known]

    @property
    def zone(self) -> str:
        """The workspace's time zone: scripts show times in it too."""
        return settings.zone()

    @property
    def sends(self) -> bool:
        """Whether a plugin that is on takes queued messages on their way."""
        hooks = parts().registry.hooks("message_queued")
        return any(plugin_enabled(hook.plugin.name) for hook in hooks)

    @property
    def unread(self) -> int:
        """How many of the agent's own open conversations have something new."""
        return settings.unread_count()


def _badge(item: dict[str, Any]) -> int | None:
    """Return the number at a plugin's entry (its ``count``, fn() → how many); None: it counts nothing."""
    count = item.get("count")
    try:
        return count() if count is not None else None
    except (EngineAway, HTTPException):
        raise
    except Exception:
        log.exception("a plugin's number at the rail failed", plugin=item["plugin"])
        return None


def _ui() -> dict[str, Any]:
    return {"ui": Ui(), "default_seq": 0}


def _decided(what: dict[str, Any]) -> str:
    """Return when, and by whom, a contact opted out or was blocked (``{"at", "by", "source"}``) in words."""
    names = read(lambda view: view.db.table("agent").get(doc_id=what.get("by") or "") or {})
    sources = {"word": _("by a word"), "import": _("by an import"), "api": _("by the API")}
    source = sources.get(str(what.get("source"))) or (_("by an agent") if what.get("source") else "")
    who = _("by %(name)s", name=names["name"]) if names.get("name") else source
    return " · ".join(part for part in (_moment(what.get("at")), who) if part)


def _moment(at: str | None) -> str:
    """Return a stored time in words, in the workspace's zone."""
    return look.moment(look.local(at, settings.zone()), words.language())
