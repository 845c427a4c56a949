"""Notes as people read them: plain functions from documents to what templates and the API show."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from markupsafe import Markup, escape

from engine import times

from . import markdown, mentions

Json = dict[str, Any]
LOCALES = {"en": "en_GB", "id": "id_ID"}


def note(document: Mapping[str, Any], names: Mapping[str, str]) -> Json:
    """Return a note as the API gives it: with ``html``, ``plain``, what people typed, and ``excerpt``.

    names: agent's id → the name of today.
    """
    text = document.get("text")
    said = str(markdown.html(text, names))
    return {
        **document,
        "html": said,
        "excerpt": excerpt(said),
        "plain": mentions.spoken(text, names) if text else None,
        "author": author(document["author"], names),
    }


def author(who: Mapping[str, Any], names: Mapping[str, str]) -> Json:
    """Return who wrote, by the name of today."""
    return {**who, "name": names.get(who["id"], who["name"])}


def may_change(document: Mapping[str, Any], agent: Mapping[str, Any]) -> bool:
    """Whether *agent* may change a note: its author, or who leads."""
    return agent["role"] in ("admin", "supervisor") or document["author"]["id"] == agent["id"]


def may_settle(document: Mapping[str, Any], agent: Mapping[str, Any]) -> bool:
    """Whether *agent* may move a note's reminder or be done with it: who is reminded, or who leads."""
    return agent["role"] in ("admin", "supervisor") or document["remind_for"] in (None, agent["id"])


def earlier(document: Mapping[str, Any], names: Mapping[str, str], zone: str, language: str) -> list[Json]:
    """Return what a note said before, the latest first: ``{"when", "by", "html"}``."""
    return [
        {
            "when": when(past["at"], zone, language),
            "by": names.get(past["by"], "API"),
            "html": markdown.html(past["text"], names),
        }
        for past in reversed(document.get("history") or [])
    ]


def snippet(marked: Markup, names: Mapping[str, str]) -> Markup:
    """Return a search result's piece with names in the place of ids."""
    said = mentions.TOKEN.sub(lambda match: "@" + str(escape(names.get(match[1], "?"))), str(marked))
    return Markup(said)


def excerpt(said: str, most: int = 140) -> str:
    """Return the beginning of a note's HTML as plain words."""
    text = markdown.words(said)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def when(at: str | None, zone: str, language: str) -> str:
    """Return a time as day and clock: ``Wed 25 Nov, 09:00``, in Indonesian ``Rab 25 Nov, 09.00``."""
    if not at:
        return ""
    try:
        local = times.parse(at).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError, KeyError, OSError):
        return at
    day = format_date(local.date(), _pattern(local), locale=LOCALES.get(language, "en_GB"))
    return f"{day}, {local.strftime('%H.%M' if language == 'id' else '%H:%M')}"


def _pattern(local: datetime) -> str:
    return "EEE d MMM" if local.year == datetime.now(local.tzinfo).year else "EEE d MMM y"


def by_id(agents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of agents by id."""
    return {agent["id"]: agent["name"] for agent in agents}
