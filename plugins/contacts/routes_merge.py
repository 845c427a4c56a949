"""The pages on which two contacts become one: suggestions, the choice of the other, the preview, undo."""

from typing import Any

from flask import Blueprint, request

from engine import where
from web import View, attempt, back, read, render, requires, see_contact

from . import routes_people as people
from .handlers_merge import KEPT_NAME, UNDO_DAYS, preview
from .routes_words import in_words

Json = dict[str, Any]
SHOWN = 50
pages = Blueprint("contacts_merge", __name__, url_prefix="/contacts")


@pages.get("/duplicates")
@requires("contact.read")
def duplicates(error: str | None = None) -> str:
    """Show contacts who may be one person, the surest first, and what was joined lately."""

    def load(view: View) -> Json:
        found, following = suggested(view, request.args.get("after"))
        return {"seq": view.seq, "pairs": found, "next": following, "merges": merges(view)}

    context = {"sources": people.sources(), "error": error, "days": UNDO_DAYS}
    return render("contacts/duplicates.html", active="contacts", **context, **read(load))


def suggested(view: View, after: str | None, limit: int = SHOWN) -> tuple[list[Json], str | None]:
    """Return open suggestions with both people as rows, and the cursor; only of people who may be seen."""
    query = where("state") == "open"
    found, following = view.page("contact_pair", query, order="score", after=after, limit=limit)
    ids = [id for pair in found for id in (pair["contact"], pair["other"])]
    rows = {row["id"]: row for row in people.some_rows(view, ids)}
    shown = [pair for pair in found if pair["contact"] in rows and pair["other"] in rows]
    return [{**pair, "people": [rows[pair["other"]], rows[pair["contact"]]]} for pair in shown], following


def merges(view: View, limit: int = 20) -> list[Json]:
    """Return the last merges that were not undone, newest first, with what the one is called now."""
    found, _next = view.page("contact_merge", where("state") == "done", order="at", limit=limit)
    rows = {row["id"]: row for row in people.some_rows(view, [merge["into"] for merge in found])}
    agents = {each.doc_id: each["name"] for each in view.db.table("agent").all()}
    return [
        {**merge, "now": rows[merge["into"]], "by_name": agents.get(merge["by"])}
        for merge in found
        if merge["into"] in rows
    ]


@pages.get("/<id>/merge")
@requires("contact.write")
def choose(id: str, error: str | None = None) -> str:
    """Show whom a contact may be joined with, or what comes of it with ``other``."""
    other, text = request.values.get("other"), request.args.get("q", "").strip()[:100]

    def load(view: View) -> Json:
        one = people.some_rows(view, [see_contact(view, id)["id"]])[0]
        if not other:
            rows = people.page_of_rows(view, text, None)[0][:20] if text else []
            return {"seq": view.seq, "one": one, "rows": [row for row in rows if row["id"] != one["id"]]}
        second = people.some_rows(view, [see_contact(view, other)["id"]])[0]
        return {"seq": view.seq, "one": one, "second": second, **compared(view, one, second)}

    found = read(load, heavy=bool(text))
    context = {"sources": people.sources(), "q": text, "error": error, "days": UNDO_DAYS}
    return render("contacts/merge.html", active="contacts", **context, **found)


def compared(view: View, into: Json, gone: Json) -> Json:
    """Return what two become: ``made``, and ``choices``, the fields of which both have a value."""
    first, second = (dict(view.get("contact", each["id"])) for each in (into, gone))
    choices = [
        {"field": f"names.{source}", "source": source, "kept": mine, "other": theirs}
        for source in ("agent", "profile")
        if (mine := first["names"].get(source)) and (theirs := second["names"].get(source)) and mine != theirs
    ]
    if not (first["names"].get("agent") and second["names"].get("agent")):
        choices = [*_shown_name(into, gone, preview(second, first)), *choices]
    fields = ["phone", *(key for key in first if "." in key and not key.rpartition(".")[2].startswith("_"))]
    choices += [
        {"field": key, "source": None, "kept": first[key], "other": second[key]}
        for key in fields
        if first.get(key) is not None and second.get(key) is not None and first[key] != second[key]
    ]
    made = preview(second, first)
    return {"made": {**made, "numbers": people.numbers_of(made)}, "choices": choices}


def _shown_name(into: Json, gone: Json, made: Json) -> list[Json]:
    """Return the choice between the names that both are shown by, where both have one of their own."""
    names = into["shown"], gone["shown"]
    if names[0] == names[1] or "number" in (into["source"], gone["source"]):
        return []
    is_other = made["name"] == gone["name"]
    choice = {"field": "name", "source": None, "kept": names[0], "other": names[1]}
    return [{**choice, "value": KEPT_NAME if is_other else "", "is_other": is_other}]


@pages.post("/<id>/merge")
@requires("contact.write")
def merge(id: str) -> Any:
    """Make one contact of two: the one of the address stays."""
    other = request.form.get("other", "")
    chosen = [field for field in request.form.getlist("choose") if field]
    read(lambda view: (see_contact(view, id), see_contact(view, other)))
    chosen += [value for name, value in request.form.items() if name.startswith("choose:") and value]
    data = {"contact": other, "into": id, "choose": chosen}
    _done, error = attempt([{"type": "contacts.merge", "data": data}])
    return choose(id, in_words(error)) if error else back(f"/contacts/{id}", merged="1")


@pages.post("/merges/<merge>/undo")
@requires("contact.write")
def undo(merge: str) -> Any:
    """Make two contacts of one again."""
    found = read(lambda view: view.get("contact_merge", merge))
    read(lambda view: see_contact(view, found["into"]))
    done, error = attempt([{"type": "contacts.undo_merge", "data": {"merge": merge}}])
    return duplicates(in_words(error)) if error else back(f"/contacts/{done[0]['result']['contact']}")


@pages.post("/duplicates/look")
@requires("contact.write")
def look() -> Any:
    """Have duplicates looked for."""
    _done, error = attempt([{"type": "contacts.look", "data": {}}])
    return duplicates(error) if error else back("/contacts/duplicates", looking="1")


@pages.post("/duplicates/<pair>/dismiss")
@requires("contact.write")
def dismiss(pair: str) -> Any:
    """These two are not the same."""

    def seen(view: View) -> None:
        found = view.get("contact_pair", pair)
        for id in (found["contact"], found["other"]):
            see_contact(view, id)

    read(seen)
    _done, error = attempt([{"type": "contacts.dismiss", "data": {"pair": pair}}])
    return duplicates(error) if error else back("/contacts/duplicates")
