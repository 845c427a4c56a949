"""Ready-made flows to begin with, in Indonesian and English: the files in ``library/``."""

import json
from itertools import count
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from .nodes import Loose

Json = dict[str, Any]
LIBRARY = Path(__file__).parent / "library"
ICONS = {
    "shop-menu": "list-checks", "booking": "clock", "faq": "circle-help",
    "payment-reminder": "alarm-clock", "lead-capture": "user-plus", "after-hours": "moon",
}  # fmt: skip


def keys() -> list[str]:
    """Return the names of the ready-made flows."""
    return list(ICONS)


def described(language: str) -> list[Json]:
    """Return what a page shows of them: ``{key, icon, name, about}``."""
    files = {key: _file(key, language) for key in ICONS}
    return [
        {"key": key, "icon": ICONS[key], "name": file["flow"]["name"], "about": file["about"]}
        for key, file in files.items()
    ]


def definition(key: str, language: str) -> Json:
    """Return a ready-made flow, or an empty one for a key that is none."""
    if key in ICONS:
        found: Json = _file(key, language)["flow"]
        return found
    name = "Alur baru" if language == "id" else "New flow"
    return {"name": name, "language": language, "triggers": [], "nodes": []}


def of_file(raw: bytes) -> Json | None:
    """Return the flow in a file that somebody chose, finished or not; None where it is none."""
    try:
        found = json.loads(raw)
        return {**found, **Loose().load(found)}
    except (ValueError, TypeError, RecursionError, ValidationError):
        return None


def free_name(name: str, taken: set[str]) -> str:
    """Return *name*, with a number where it is taken."""
    numbered = (f"{name} {number}" if number > 1 else name for number in count(1))
    return next(each for each in numbered if each not in taken)


def _file(key: str, language: str) -> Json:
    found: Json = json.loads((LIBRARY / language / f"{key}.json").read_text(encoding="utf-8"))
    return found
