"""One table of what each role may do, and the rule on every route. Without a rule there is no entry."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, g, request
from flask_babel import gettext as _

from .errors import Forbidden, Unauthorized
from .parts import parts
from .sessions import current
from .visibility import sees, visible

__all__ = ["PERMISSIONS", "may", "public", "requires", "rule_of", "sees", "visible"]

View = TypeVar("View", bound=Callable[..., Any])

_TEAMWORK = ("admin", "supervisor", "agent")
_TECHNICAL = ("admin", "integrator")

PERMISSIONS: dict[str, tuple[str, ...]] = {
    "conversation.read": _TEAMWORK,
    "conversation.write": _TEAMWORK,
    "message.send": _TEAMWORK,
    "contact.read": _TEAMWORK,
    "contact.write": _TEAMWORK,
    "contact.import": ("admin", "supervisor"),
    "contact.export": ("admin", "supervisor"),
    "contact_field.write": ("admin", "supervisor"),
    "segment.read": ("admin", "supervisor"),
    "segment.write": ("admin", "supervisor"),
    "label.read": _TEAMWORK,
    "label.write": ("admin", "supervisor"),
    "campaign.read": _TEAMWORK,
    "campaign.write": ("admin", "supervisor"),
    "flow.read": ("admin", "supervisor", "agent", "integrator"),
    "flow.write": ("admin", "supervisor", "integrator"),
    "note.read": _TEAMWORK,
    "note.write": _TEAMWORK,
    "report.read": ("admin", "supervisor"),
    "team.read": ("admin", "supervisor", "integrator"),
    "team.write": ("admin",),
    "account.read": ("admin", "supervisor", "agent", "integrator"),
    "account.write": _TECHNICAL,
    "plugin.read": _TECHNICAL,
    "plugin.write": _TECHNICAL,
    "quarantine.read": _TECHNICAL,
    "journal.read": _TECHNICAL,
    "simulator.use": _TECHNICAL,
    "token.write": _TECHNICAL,
    "workspace.write": ("admin",),
}

PUBLIC = "public"
ANYONE = "anyone"  # signed in, in any role


def requires(permission: str = ANYONE) -> Callable[[View], View]:
    """Mark a view: only roles with *permission* enter; without one, everyone who is signed in."""
    if permission != ANYONE and permission not in PERMISSIONS:
        raise ValueError(f"there is no permission {permission!r}")

    def mark(view: View) -> View:
        view.replyai_rule = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a view that anyone may call, signed in or not."""
    view.replyai_rule = PUBLIC  # type: ignore[attr-defined]
    return view


def may(permission: str, agent: dict[str, Any] | None = None) -> bool:
    """Return whether *agent* (default: who is signed in) has *permission*."""
    if agent is None:
        session = g.get("session")
        if session is None:
            return False
        agent = session.agent
    return agent["role"] in PERMISSIONS.get(permission, ())


def rule_of(app: Flask, endpoint: str, method: str) -> str | None:
    """Return the rule of a route: a permission, `PUBLIC`, `ANYONE`, or None where it has none."""
    view = app.view_functions[endpoint]
    handler = getattr(getattr(view, "view_class", None), method.lower(), None)
    found: str | None = getattr(handler, "replyai_rule", None) or getattr(view, "replyai_rule", None)
    return found


def guard(app: Flask) -> None:
    """Before every request: no route of a plugin that is off, no route without a rule or the right."""
    if request.url_rule is None or request.endpoint is None:
        return
    if not plugin_on(request.blueprints):
        abort(404)
    rule = rule_of(app, request.endpoint, request.method)
    if rule == PUBLIC:
        return
    if g.get("session") is None:
        raise Unauthorized("Sign in, or send a token: Authorization: Bearer rai_…")
    if rule is None or (rule != ANYONE and not may(rule)):
        raise Forbidden(_("Your role does not allow this."))


def plugin_on(blueprints: list[str]) -> bool:
    """Return whether the plugin that owns any of *blueprints* is on in this workspace."""
    owned = {owner for name in blueprints if (owner := parts().owners.get(name))}
    return not owned or not owned & parts().reads.hidden(g.workspace)


def demand(permission: str) -> None:
    """Raise Forbidden (403) unless who is signed in has *permission*."""
    if not may(permission, current().agent):
        raise Forbidden(_("Your role does not allow this."))
