"""Languages: the agent's own, else the browser's, else the workspace's; Indonesian and English."""

from pathlib import Path
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import Babel

from engine.client import EngineAway

from .parts import parts

LANGUAGES = ("en", "id")


def choose() -> str:
    """Return the language of this request."""
    if not has_request_context():
        return "en"
    session = g.get("session")
    if session is not None and session.agent.get("language") in LANGUAGES:
        return str(session.agent["language"])
    wanted = request.accept_languages.best_match(LANGUAGES)
    return wanted or ("en" if _is_for_programs() else _of_workspace())


def _is_for_programs() -> bool:
    from .errors import JSON_PATHS

    return request.path.startswith(JSON_PATHS)


def _of_workspace() -> str:
    """Return the workspace's language: who is not signed in yet is most likely one of its people."""
    held, workspace = parts(), g.get("workspace", "main")

    def load() -> str:
        return str((held.reads.run(workspace, None, _main, hidden=frozenset()) or {}).get("language") or "en")

    try:
        found = str(held.known.get((workspace, "language"), load))
    except EngineAway:
        return "en"
    return found if found in LANGUAGES else "en"


def _main(view: Any) -> dict[str, Any] | None:
    found = view.db.table("workspace").get(doc_id="main")
    return dict(found) if found else None


def register(app: Flask, folders: list[Path]) -> None:
    """Have *app* speak; *folders*: translations, web's first, then the plugins'."""
    there = [str(folder) for folder in folders if folder.is_dir()]
    Babel(app, locale_selector=choose, default_translation_directories=";".join(there) or "translations")
