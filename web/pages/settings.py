"""Settings: the workspace and oneself, tokens, the quarantine; and what all settings pages share."""

import zlib
from collections.abc import Collection
from typing import Any
from urllib.parse import quote, urlencode

from babel import Locale
from flask import Blueprint, abort, g, redirect, request
from flask_babel import get_locale
from flask_babel import gettext as _
from phonenumbers import SUPPORTED_REGIONS
from werkzeug.wrappers import Response

from .. import View, act, current, may, read, render, requires
from ..api import tokens
from ..auth import change_password, password_problem
from ..errors import Problem
from ..sessions import sign_in
from ..slots import nav
from .fields import place_words, wrong_words
from .inbox_query import Data, Filter, workspace
from .reasons import in_words

blueprint = Blueprint("settings", __name__)
ZONES = (
    "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Manila",
    "Asia/Bangkok", "Asia/Kolkata", "Australia/Sydney", "Europe/London", "Europe/Berlin", "UTC",
)  # fmt: skip
WORKSPACE = ("name", "language", "timezone", "region", "presence_grace")
TOKEN_DAYS = ("30", "90", "365")
QUARANTINE_ROWS = 50
LAST_ROW = 1 << 62
RAW_SHOWN = 20_000  # bytes of a quarantined body


def sections() -> list[Data]:
    """Return the settings pages that this role has, plugins' last: ``key, path, icon, title``."""
    every = [
        ("general", "/settings", "settings", _("General"), None),
        ("team", "/settings/team", "users", _("Team"), "team.read"),
        ("numbers", "/settings/numbers", "smartphone", _("Numbers"), "account.write"),
        ("plugins", "/settings/plugins", "plug", _("Plugins"), "plugin.read"),
        ("tokens", "/settings/tokens", "key", _("API tokens"), "token.write"),
        ("quarantine", "/settings/quarantine", "shield", _("Quarantine"), "quarantine.read"),
    ]
    keys = ("key", "path", "icon", "title", "permission")
    own = [dict(zip(keys, each, strict=True)) for each in every if each[4] is None or may(each[4])]
    return own + [_of_plugin(each) for each in nav() if each["path"].startswith("/settings/")]


def _of_plugin(item: Data) -> Data:
    return {"key": item["plugin"], "icon": "plug", "title": item.get("label", item["plugin"]), **item}


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


def problem_words(problem: Problem, shown: Collection[str] = ()) -> str:
    """Return what went wrong as one sentence, with the fields that are wrong; *shown*: said elsewhere."""
    wrong = [f"{name}: {wrong_words(what)}" for name, what in problem.fields.items() if name not in shown]
    return " ".join([in_words(problem.message), *wrong])


def back(path: str, part: str = "", **args: str) -> Response:
    """Go to a page of this workspace, there to the element with the id *part*."""
    query = f"?{urlencode(args)}" if args else ""
    return redirect(f"{request.script_root}{path}{query}" + (f"#{quote(part)}" if part else ""), 303)


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


def _general(error: str | None = None) -> str:
    found = read(workspace)
    fixed = {key: place_words(source) for key, source in (found.get("sources") or {}).items()}
    context = {"space": found, "fixed": fixed, "zones": ZONES, "countries": countries()}
    return page("settings/general.html", "general", error=error, **context)


def countries() -> list[tuple[str, str]]:
    """Return the countries whose numbers can be read, as (code, name), by name."""
    names = (get_locale() or Locale("en")).territories
    return sorted(((code, names.get(code, code)) for code in SUPPORTED_REGIONS), key=lambda pair: pair[1])


@blueprint.get("/settings")
@requires()
def general() -> str:
    """Show the workspace's and one's own settings."""
    return _general()


@blueprint.post("/settings/me")
@requires()
def save_me() -> Response | str:
    """Save one's own name, language and theme."""
    keys = ("name", "language", "theme")
    wanted = {key: request.form[key].strip() for key in keys if request.form.get(key)}
    return _save({"type": "agent.update", "data": {"agent": current().agent["id"], **wanted}})


@blueprint.post("/settings/password")
@requires()
def save_password() -> Response | str:
    """Change one's own password: other browsers are signed out, this one goes on in a new session."""
    agent = current().agent
    problem = change_password(agent, request.form.get("old", ""), request.form.get("new", ""))
    if problem:
        return _general(password_problem(problem))
    return sign_in(back("/settings", saved="1"), agent)


@blueprint.post("/settings/workspace")
@requires("workspace.write")
def save_workspace() -> Response | str:
    """Save what the workspace says of itself, but for what a file fixes."""
    fixed = read(workspace).get("sources") or {}
    keys = [key for key in WORKSPACE if key not in fixed]
    wanted = {key: request.form[key].strip() for key in keys if request.form.get(key)}
    return _save({"type": "workspace.update", "data": wanted})


def _save(action: Data) -> Response | str:
    _done, error = attempt([action])
    return _general(error) if error else back("/settings", saved="1")


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
    known = int(days) if days in TOKEN_DAYS else None
    made = tokens.make(request.form.get("name", "").strip()[:100] or "API", known)
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
    """Show the webhooks that were well signed and could not be understood, the latest first."""
    before = _row_id(request.args.get("before", ""))

    def load(view: View) -> list[Data]:
        rows = view.connection.execute(
            "SELECT id, at, gateway, account, reason FROM raw"
            " WHERE reason IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?",
            (before, QUARANTINE_ROWS + 1),
        ).fetchall()
        return [dict(zip(("id", "at", "gateway", "account", "reason"), row, strict=True)) for row in rows]

    found = read(load)
    items = found[:QUARANTINE_ROWS]
    older = items[-1]["id"] if len(found) > QUARANTINE_ROWS else None
    return page("settings/quarantine.html", "quarantine", items=items, older=older, first=before == LAST_ROW)


def _row_id(text: str) -> int:
    """Return a row's id; beyond all rows where *text* is none."""
    return min(int(text[:20]), LAST_ROW) if text.isdecimal() else LAST_ROW


@blueprint.get("/settings/quarantine/<int:id>")
@requires("quarantine.read")
def quarantined(id: int) -> str:
    """Show one webhook's own bytes."""

    names = ("id", "at", "gateway", "account", "reason", "body")

    def load(view: View) -> Data | None:
        row = view.connection.execute(
            f"SELECT {', '.join(names)} FROM raw WHERE id = ? AND reason IS NOT NULL", (min(id, LAST_ROW),)
        ).fetchone()
        return dict(zip(names, row, strict=True)) if row else None

    found = read(load)
    if found is None:
        abort(404)
    body = zlib.decompress(found["body"])
    text = body[:RAW_SHOWN].decode("utf-8", "backslashreplace")
    return page("settings/quarantined.html", "quarantine", item=found, text=text, cut=len(body) > RAW_SHOWN)
