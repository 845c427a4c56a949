"""Languages: the agent's own, else the browser's; Indonesian and English."""

from pathlib import Path

from flask import Flask, g, has_request_context, request
from flask_babel import Babel

LANGUAGES = ("en", "id")


def choose() -> str:
    """Return the language of this request."""
    if not has_request_context():
        return "en"
    session = g.get("session")
    if session is not None and session.agent.get("language") in LANGUAGES:
        return str(session.agent["language"])
    return request.accept_languages.best_match(LANGUAGES, default="en") or "en"


def register(app: Flask, folders: list[Path]) -> None:
    """Have *app* speak; *folders*: translations, web's first, then the plugins'."""
    there = [str(folder) for folder in folders if folder.is_dir()]
    Babel(app, locale_selector=choose, default_translation_directories=";".join(there) or "translations")
