"""Imports of contacts: their REST, and the pages from the upload over the dry run to the summary."""

import itertools
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Response, g, request, stream_with_context
from marshmallow import Schema
from marshmallow import fields as shape

from web import (
    Invalid,
    Open,
    Page,
    View,
    _,
    act,
    api_blueprint,
    attempt,
    back,
    language,
    list_response,
    page_of,
    read,
    render,
    requires,
    workspace_folder,
)

from . import csv_vcard, files, importing
from . import schemas_data as schemas
from .routes_fields import in_use
from .routes_fields import load as load_fields
from .routes_words import countries, in_words

Json = dict[str, Any]
MOST_BYTES = 20 * 1024 * 1024
SAMPLE_ROWS, SAMPLE_CELL = 5, 80
SHOWN_BAD = 100

api = api_blueprint("contact_imports", "/contact-imports", "Contacts from CSV files and vCards")
blueprint = Blueprint("contacts_imports", __name__)


class ContactImport(Open):
    """A file of contacts on its way in: new, checking, checked, running, stopped, failed, done, …"""

    name = shape.String()
    format = shape.String(metadata={"description": "csv or vcard"})
    state = shape.String()
    columns = shape.List(shape.String())
    mapping = shape.List(shape.String(allow_none=True), metadata={"description": "name, phone, a key, null"})
    options = shape.Dict()
    counts = shape.Dict(metadata={"description": "what the dry run found: rows, create, update, skip, bad"})
    sample = shape.List(shape.List(shape.String()), metadata={"description": "its first rows"})
    checked = shape.Dict(metadata={"description": "how far a dry run is: rows, of"})
    done = shape.Dict(metadata={"description": "what has been done: rows, created, updated, skipped"})
    reason = shape.String(allow_none=True)


class Check(Schema):
    """What each column is, and how the file is read."""

    mapping = shape.List(shape.String(allow_none=True), required=True)
    options = shape.Nested(schemas.Options, load_default=dict)


class Problem(Schema):
    """A row that cannot go in."""

    line = shape.Integer()
    code = shape.String()
    reason = shape.String()
    column = shape.String()
    value = shape.String()


class Problems(Schema):
    """A part of the rows that cannot go in."""

    items = shape.List(shape.Nested(Problem))
    next = shape.String(allow_none=True)


@api.route("")
@requires("contact.import")
@api.arguments(Page, location="query")
@api.response(200, page_of(ContactImport))
def list_imports(wanted: Json) -> Json:
    """List the imports, the latest first."""
    return list_response("contact_import", wanted, order="created_at", shape=_public)


def _public(found: Json) -> Json:
    return {key: value for key, value in found.items() if key not in ("file", "job", "position")}


@api.route("", methods=["POST"])
@requires("contact.import")
@api.doc(
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            }
        },
    }
)
@api.response(201, ContactImport)
def upload() -> Json:
    """Upload a CSV file or vCards (multipart field ``file``, 20 MB at most); its columns are guessed."""
    request.max_content_length = MOST_BYTES + 65536
    file = request.files.get("file")
    raw = file.stream.read(MOST_BYTES + 1) if file else b""
    if file is None or not raw.strip():
        raise Invalid(_("Choose a file that is not empty."), {"file": ["Missing data for required field."]})
    if len(raw) > MOST_BYTES:
        raise Invalid(_("A file has 20 MB at most. Split it into several."), {"file": ["too large"]})
    custom, folder = in_use(), workspace_folder(g.workspace) / files.FOLDER
    try:
        told = read(lambda _view: _taken(raw, custom, folder), heavy=True)  # in a thread: it may take a while
    except csv_vcard.NoTable as error:
        raise Invalid(file_words(error.code), {"file": [error.code]}) from None
    about = {"name": (file.filename or "")[:200], "size": len(raw), **told}
    (done,) = act([{"type": "contacts.add_import", "data": about}])
    return _get(done["result"]["import"])


def _taken(raw: bytes, custom: list[Json], folder: Path) -> Json:
    """Keep an upload and its first rows; return what it is, with its columns. Raises NoTable."""
    table = csv_vcard.read(raw)
    rows = list(itertools.islice(table["rows"], SAMPLE_ROWS))
    sample = [[_clean(cell)[:SAMPLE_CELL] for cell in cells] for _line, cells in rows]
    columns = [_clean(title)[:SAMPLE_CELL] for title in table["columns"]]
    told = {key: table[key] for key in ("format", "encoding", "delimiter")}
    stored = secrets.token_urlsafe(24)
    _keep(folder / stored, raw)
    _keep(folder / f"{stored}{files.HEAD}", b"".join(orjson.dumps(cells) + b"\n" for cells in sample))
    return {**told, "file": stored, "columns": columns, "mapping": importing.guess(columns, custom)}


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def file_words(code: str | None) -> str:
    """Return why a file cannot be imported, in the reader's language."""
    known = {
        "empty": _("This file has no rows."),
        "binary": _("This is no CSV file and no vCard. In a spreadsheet, save it as CSV."),
        "wide": _("This file has over 100 columns."),
        "long": _("This file has over 200,000 rows. Split it into several."),
        "gone": _("The file is not there any more. Upload it again."),
        "lost": _("No worker brought it to an end. Try again."),
    }
    return known.get(code or "", code or "")


def _keep(path: Path, raw: bytes) -> None:
    """Put a file on the disk, for this program alone."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    part = path.with_name(f".new-{path.name}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _get(id: str) -> Json:
    found = read(lambda view: view.get("contact_import", id))
    return {**_public(found), "sample": list(_lines(found, files.HEAD))}


def _lines(found: Json, ending: str) -> Iterator[Any]:
    return files.lines(files.path_of(workspace_folder(g.workspace), found["file"], ending))


@api.route("/<id>")
@requires("contact.import")
@api.response(200, ContactImport)
def get_import(id: str) -> Json:
    """Get one import, with how far it is."""
    return _get(id)


@api.route("/<id>/check", methods=["POST"])
@requires("contact.import")
@api.arguments(Check)
@api.response(202, ContactImport)
def check_import(wanted: Json, id: str) -> Json:
    """Begin a dry run; the import is ``checked`` when its ``counts`` and ``problems`` are there."""
    _get(id)
    act([{"type": "contacts.check_import", "data": {"import": id, **wanted}}])
    return _get(id)


def _ask(verb: str, id: str) -> Json:
    _get(id)
    act([{"type": f"contacts.{verb}_import", "data": {"import": id}}])
    return _get(id)


@api.route("/<id>/start", methods=["POST"])
@requires("contact.import")
@api.response(202, ContactImport)
def start_import(id: str) -> Json:
    """Let the good rows in, or go on where it was stopped."""
    return _ask("start", id)


@api.route("/<id>/stop", methods=["POST"])
@requires("contact.import")
@api.response(200, ContactImport)
def stop_import(id: str) -> Json:
    """Stop; what is in stays in."""
    return _ask("stop", id)


@api.route("/<id>/undo", methods=["POST"])
@requires("contact.import")
@api.response(202, ContactImport)
def undo_import(id: str) -> Json:
    """Take out again those whom it made and of whom nothing has come since."""
    return _ask("undo", id)


@api.route("/<id>/problems")
@requires("contact.import")
@api.arguments(Page, location="query")
@api.response(200, Problems)
def list_problems(wanted: Json, id: str) -> Json:
    """List all rows that cannot go in, with their lines and reasons."""
    start = wanted["cursor"] or "0"
    if not start.isdecimal() or len(start) > 9:
        raise Invalid("This cursor is not of this list.", {"cursor": ["not one of ours"]})
    found = list(itertools.islice(_problems(id), int(start), int(start) + wanted["limit"] + 1))
    items = [{**each, "reason": bad_words(each)} for each in found[: wanted["limit"]]]
    following = str(int(start) + wanted["limit"]) if len(found) > wanted["limit"] else None
    return {"items": items, "next": following}


def _problems(id: str) -> Iterator[Json]:
    return _lines(read(lambda view: view.get("contact_import", id)), files.BAD)


def bad_words(problem: Json) -> str:
    """Return why a row cannot go in, in the reader's language."""
    value, column = problem["value"], problem["column"]
    known = {
        "scientific": _("The spreadsheet cut “%(value)s” short. Make the column a text.", value=value),
        "bad_phone": _("“%(value)s” is not a phone number.", value=value),
        "no_phone": _("There is no phone number."),
        "duplicate": _("The same number stands in line %(line)s already.", line=value),
        "same_contact": _("The same contact stands in line %(line)s already.", line=value),
        "two_contacts": _("The numbers, such as %(phone)s, are of two contacts.", phone=value),
        "opted_out": _("%(phone)s has opted out.", phone=value),
        "not_a_card": _("This card cannot be read."),
        "needed": _("%(column)s is needed.", column=column),
        "not_a_number": _("“%(value)s” is no number (%(column)s).", value=value, column=column),
        "not_a_date": _("“%(value)s” is no date (%(column)s).", value=value, column=column),
        "not_a_choice": _("“%(value)s” is none of the choices (%(column)s).", value=value, column=column),
        "too_long": _("“%(value)s…” is too long.", value=value[:30]),
        "too_large": _("“%(value)s” is too large a number (%(column)s).", value=value, column=column),
        "too_precise": _("“%(value)s” has too many decimal places (%(column)s).", value=value, column=column),
    }  # fmt: skip
    return known.get(problem["code"], problem["code"])


@blueprint.get("/contacts/import/<id>/problems.csv")
@requires("contact.import")
def problems_file(id: str) -> Response:
    """Give the bad rows as CSV, with their lines and reasons, to be put right and imported again."""
    columns = _get(id)["columns"]
    rows = ([str(p["line"]), bad_words(p), *p["cells"]] for p in _problems(id))
    head = iter([[_("Line"), _("Reason"), *columns]])
    parts = (csv_vcard.csv_lines([row], first=not n) for n, row in enumerate(itertools.chain(head, rows)))
    response = Response(stream_with_context(parts), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="problems-{id[:8]}.csv"'
    return response


# The pages


@blueprint.get("/contacts/import")
@requires("contact.import")
def begin() -> str:
    """Show where a file is dropped, and the imports so far."""

    def load(view: View) -> Json:
        how = {"order": "created_at", "limit": 20, "after": request.args.get("after")}
        found, following = view.page("contact_import", **how)
        return {"imports": [_public(each) for each in found], "next": following, "seq": view.seq}

    return render("contacts/imports.html", active="contacts", states=state_words(), **read(load))


@blueprint.get("/contacts/import/<id>")
@requires("contact.import")
def one(id: str) -> str:
    """Show one import, as far as it is: columns, dry run, progress, summary."""
    return _show(id)


def _show(id: str, error: str | None = None) -> str:
    def load(view: View) -> Json:
        labels = [] if "labels" in view.hidden else view.db.table("label").all()
        return {
            "seq": view.seq,
            "custom": [field for field in load_fields(view) if not field["archived"]],
            "labels": [(label.doc_id, label["name"]) for label in labels if not label["archived"]],
            "region": (view.db.table("workspace").get(doc_id="main") or {}).get("region") or "ID",
        }

    words = {"bad_words": bad_words, "file_words": file_words, "states": state_words()}
    problems = list(itertools.islice(_problems(id), SHOWN_BAD))
    shown = {
        **read(load),
        **words,
        "found": _get(id),
        "problems": problems,
        "comma": language() == "id",
        "regions": countries(),
    }
    if shown["labels"]:
        shown["labels"].insert(0, ("", _("none")))
    return render("contacts/import.html", active="contacts", error=error, **shown)


def state_words() -> dict[str, str]:
    """Return what an import's states are called."""
    return {
        "new": _("Not checked yet"),
        "checking": _("Being checked"),
        "checked": _("Ready to go in"),
        "running": _("Going in"),
        "stopped": _("Stopped"),
        "failed": _("Failed"),
        "done": _("Done"),
        "undoing": _("Being undone"),
        "undone": _("Undone"),
    }


@blueprint.post("/contacts/import/<id>/check")
@requires("contact.import")
def check(id: str) -> Any:
    """Begin a dry run from the page."""
    form = request.form
    options = {
        "region": form.get("region") or None,
        "duplicates": form.get("duplicates", "fill"),
        "comma": form.get("comma") == "1",
        "month_first": form.get("month_first") == "1",
        "label": form.get("label") or None,
        "consent": form.get("consent", "").strip() or None,
    }
    count = len(_get(id)["columns"])
    mapping = [form.get(f"column-{place}") or None for place in range(count)]
    data = {"import": id, "mapping": mapping, "options": options}
    return _page_ask(id, {"type": "contacts.check_import", "data": data})


@blueprint.post("/contacts/import/<id>/<any(start, stop, undo):verb>")
@requires("contact.import")
def go(id: str, verb: str) -> Any:
    """Start, stop or undo an import from the page."""
    return _page_ask(id, {"type": f"contacts.{verb}_import", "data": {"import": id}})


def _page_ask(id: str, action: Json) -> Any:
    _done, error = attempt([action])
    return _show(id, in_words(error)) if error else back(f"/contacts/import/{id}")
