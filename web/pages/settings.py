"""Settings: the workspace and oneself, tokens, the quarantine; and what all settings pages share."""

import zlib
from typing import Any

from flask import Blueprint, abort, g, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import View, act, current, may, read, render, requires
from ..api import tokens
from ..errors import Problem
from .inbox_query import Data, Filter, workspace
from .reasons import in_words

blueprint = Blueprint("settings", __name__)
ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Manila",
         "Asia/Bangkok", "Asia/Kolkata", "Australia/Sydney", "Europe/London", "Europe/Berlin", "UTC")  # fmt: skip
RAW_SHOWN = 20_000  # bytes of a quarantined body


def sections() -> list[Data]:
    """Return the settings pages that this role has: ``key, path, icon, title``."""
    every = [
        ("general", "/settings", "settings", _("General"), None),
        ("team", "/settings/team", "users", _("Team"), "team.read"),
        ("numbers", "/settings/numbers", "smartphone", _("Numbers"), "account.write"),
        ("plugins", "/settings/plugins", "plug", _("Plugins"), "plugin.read"),
        ("tokens", "/settings/tokens", "key", _("API tokens"), "token.write"),
        ("quarantine", "/settings/quarantine", "shield", _("Quarantine"), "quarantine.read"),
    ]
    keys = ("key", "path", "icon", "title", "permission")
    return [dict(zip(keys, each, strict=True)) for each in every if each[4] is None or may(each[4])]


def page(template: str, section: str, **context: Any) -> str:
    """Return a settings page; ``?saved=1`` in its address says that something was saved."""
    context.setdefault("saved", request.args.get("saved"))
    context.setdefault("error", None)
    return render(template, active="settings", section=section, sections=sections(), **context)


def attempt(actions: list[Data]) -> tuple[list[Data], str | None]:
    """Carry out *actions*; return (results, None), or ([], the reason in words) where it was not allowed."""
    try:
        return act(actions), None
    except Problem as problem:
        return [], problem_words(problem)


def problem_words(problem: Problem) -> str:
    """Return what went wrong as one sentence, with the fields that are wrong."""
    wrong = [f"{name}: {', '.join(map(str, what)) if isinstance(what, list) else what}" for name, what in problem.fields.items()]
    return "; ".join([in_words(problem.message), *wrong])


def back(path: str, **args: str) -> Response:
    """Go to a page of this workspace."""
    query = "&".join(f"{key}={value}" for key, value in args.items())
    return redirect(request.script_root + path + (f"?{query}" if query else ""), 303)


def zone() -> str:
    """Return the workspace's time zone, read once per request."""
    if "zone" not in g:
        g.zone = read(workspace).get("timezone") or "Asia/Jakarta"
    return str(g.zone)


def unread_count() -> int:
    """Return how many open conversations of the agent have something new."""

    def count(view: View) -> int:
        from engine import where

        return int(view.db.table("conversation").count(Filter().query(view, "mine") & (where("unread") > 0)))

    if g.get("session") is None or not may("conversation.read"):
        return 0
    return read(count)


@blueprint.get("/settings")
@requires()
def general() -> str:
    """Show the workspace's and one's own settings."""
    return page("settings/general.html", "general", space=read(workspace), zones=ZONES)


@blueprint.post("/settings/me")
@requires()
def save_me() -> Response | str:
    """Save one's own name, language and theme."""
    wanted = {key: request.form[key] for key in ("name", "language", "theme") if request.form.get(key)}
    _done, error = attempt([{"type": "agent.update", "data": {"agent": current().agent["id"], **wanted}}])
    return _general(error)


@blueprint.post("/settings/workspace")
@requires("workspace.write")
def save_workspace() -> Response | str:
    """Save the workspace's name, language, time zone and region."""
    wanted = {key: request.form[key] for key in ("name", "language", "timezone", "region") if request.form.get(key)}
    _done, error = attempt([{"type": "workspace.update", "data": wanted}])
    return _general(error)


def _general(error: str | None) -> Response | str:
    if error:
        return page("settings/general.html", "general", space=read(workspace), zones=ZONES, error=error)
    return back("/settings", saved="1")


@blueprint.get("/settings/tokens")
@requires("token.write")
def list_tokens() -> str:
    """Show one's own API tokens."""
    return page("settings/tokens.html", "tokens", tokens=tokens.mine(), made=None)


@blueprint.post("/settings/tokens")
@requires("token.write")
def make_token() -> str:
    """Make a token and show it, this once."""
    days = request.form.get("days", "")
    made = tokens.make(request.form.get("name", "").strip()[:100] or "API", int(days) if days.isdigit() else None)
    return page("settings/tokens.html", "tokens", tokens=tokens.mine(), made=made)


@blueprint.post("/settings/tokens/<id>/revoke")
@requires("token.write")
def revoke_token(id: str) -> Response:
    """End a token of one's own."""
    tokens.revoke(id)
    return back("/settings/tokens", saved="1")


@blueprint.get("/settings/quarantine")
@requires("quarantine.read")
def quarantine() -> str:
    """Show the webhooks that were well signed and could not be understood."""

    def load(view: View) -> list[Data]:
        rows = view.connection.execute(
            "SELECT id, at, gateway, account, reason, length(body) AS size FROM raw"
            " WHERE reason IS NOT NULL ORDER BY id DESC LIMIT 200"
        ).fetchall()
        return [dict(zip(("id", "at", "gateway", "account", "reason", "size"), row, strict=True)) for row in rows]

    return page("settings/quarantine.html", "quarantine", items=read(load))


@blueprint.get("/settings/quarantine/<int:id>")
@requires("quarantine.read")
def quarantined(id: int) -> str:
    """Show one webhook's own bytes."""

    def load(view: View) -> Data | None:
        found = view.connection.execute(
            "SELECT id, at, gateway, account, reason, body FROM raw WHERE id = ? AND reason IS NOT NULL", (id,)
        ).fetchone()
        return dict(zip(("id", "at", "gateway", "account", "reason", "body"), found, strict=True)) if found else None

    found = read(load)
    if found is None:
        abort(404)
    body = zlib.decompress(found["body"])
    text = body[:RAW_SHOWN].decode("utf-8", "backslashreplace")
    return page("settings/quarantined.html", "quarantine", item=found, text=text, cut=len(body) > RAW_SHOWN)


