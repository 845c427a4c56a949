"""The people of a file: read here, put into the campaign part by part."""

from typing import Any

from flask import Blueprint, request

from web import Invalid, _, act, attempt, back, read, requires

from . import routes_look as look
from . import table
from .routes_words import file_words
from .schemas import MOST_ROWS

Json = dict[str, Any]
MOST_BYTES = 10 * 1024 * 1024
pages = Blueprint("campaigns_audience", __name__)


def add(id: str, raw: bytes, name: str) -> Json:
    """Make the people of a CSV file a draft's audience; return what came of it. Raises Invalid (422)."""
    if len(raw) > MOST_BYTES:
        raise Invalid(_("A file has 10 MB at most."), {"file": ["too large"]})
    region = read(look.workspace_of)["region"]
    try:
        found = read(lambda _view: table.read(raw, region), heavy=True)
    except table.NoTable as error:
        raise Invalid(file_words(error.code), {"file": [error.code]}) from None
    again = 0
    for place in range(0, max(len(found["rows"]), 1), MOST_ROWS):
        data = {"campaign": id, "rows": found["rows"][place : place + MOST_ROWS], "file": name[:200]}
        (done,) = act([{"type": "campaigns.add_rows", "data": {**data, "first": place == 0}}])
        again += done["result"]["again"]
    told = {key: found[key] for key in ("fields", "bad", "bad_count")}
    return {**told, "rows": len(found["rows"]), "again": again}


def take(id: str, file: Any) -> tuple[Json, str | None]:
    """Do as `add` with a form's file; return (what came of it, None) or ({}, the reason in words)."""
    try:
        told = add(id, file.stream.read(MOST_BYTES + 1), file.filename or "")
    except Invalid as error:
        return {}, error.message
    return told, _bad_words(told)


def _bad_words(told: Json) -> str | None:
    if not told["bad_count"]:
        return None
    first = ", ".join(f"{bad['line']}: “{bad['value']}”" for bad in told["bad"][:5])
    return _(
        "%(num)s rows have no phone number that exists and are left out (lines %(first)s).",
        num=told["bad_count"],
        first=first,
    )


@pages.post("/campaigns/<id>/audience")
@requires("campaign.write")
def audience(id: str) -> Any:
    """Choose another segment, or bring a file."""
    from .routes import show

    file, segment = request.files.get("file"), request.form.get("segment")
    error: str | None = None
    if file and file.filename:
        _told, error = take(id, file)
    elif segment:
        _done, error = attempt([{"type": "campaigns.change", "data": {"campaign": id, "segment": segment}}])
    return show(id, error) if error else back(f"/campaigns/{id}")
