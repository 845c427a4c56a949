"""Which contacts the list shows: all, those of a segment, the blocked, those who opted out."""

from typing import Any

from flask import request

from engine import segments, times
from web import View, _, contacts_like, may, seen_contacts, visible_in

from . import routes_people as people

Json = dict[str, Any]
ROUNDS = 40  # pages of those who may not be seen, in one answer
STATES = {"blocked": "blocked", "opted_out": "opted_out"}


def chosen() -> str:
    """Return what this request asks for: a segment's id, ``blocked``, ``opted_out`` or nothing."""
    show = request.args.get("show", "")[:40]
    return show if show in STATES or may("segment.read") else ""


def choices(view: View) -> list[tuple[str, str]]:
    """Return what the list can be narrowed to, as (value, words)."""
    own = [("", _("Everybody")), ("blocked", _("Blocked")), ("opted_out", _("Opted out"))]
    found, _next = view.page("segment", order="name", newest_first=False, limit=100)
    return own + ([(each["id"], each["name"]) for each in found] if may("segment.read") else [])


def page_of_rows(view: View, text: str, after: str | None, show: str) -> tuple[list[Json], str | None]:
    """Return a page of contacts, and the cursor: by name, of a segment in the order they were added."""
    if not show:
        return people.page_of_rows(view, text, after)
    condition = _condition(view, show)
    if text:
        named = {"field": "id", "op": "one_of", "value": contacts_like(view, text)}
        condition = {"all": [condition, named]}
    found: list[Json] = []
    rule = visible_in(view)
    for _round in range(ROUNDS):
        items, after = segments.members(view.db, condition, after, people.ROWS, at=times.now())
        found += seen_contacts(view, items, rule)
        if after is None or len(found) >= people.ROWS:
            break
    return people.rows(view, found), after


def _condition(view: View, show: str) -> Json:
    if show in STATES:
        return {"field": STATES[show], "op": "known"}
    condition: Json = view.get("segment", show)["condition"]
    return condition
