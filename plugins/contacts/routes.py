"""The pages of contacts: the list and one person."""

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request

from engine import chat_of, contact_by_alias, e164, where
from web import (
    Feed,
    Slot,
    View,
    _,
    attempt,
    back,
    call_in_words,
    contact_name,
    lazy_gettext,
    read,
    render,
    requires,
    see_contact,
)

from . import routes_api, routes_data, routes_filter, routes_merge
from . import routes_people as people
from .routes_words import DEEDS as WORDS
from .routes_words import REASONS, in_words

__all__ = ["REASONS", "WORDS"]

Json = dict[str, Any]
NAV = [
    {
        "path": "/contacts",
        "icon": "contact",
        "title": lazy_gettext("Contacts"),
        "key": "contacts",
        "permission": "contact.read",
        "order": 20,
    },
    *routes_data.NAV,
]
SLOTS = [
    Slot("panel.section", "contacts/panel.html", order=20, permission="contact.read"),
    Slot("number.card", "contacts/number.html", lambda view, **shown: sync_of(view, **shown)),
    *routes_data.SLOTS,
]
FEED = {
    "contact_sync": Feed(("id", "state", "done", "total", "changed", "reason"), "account.read"),
    "contact_pair": Feed(("id", "state", "score"), "contact.read"),
    "contact_merge": Feed(("id", "state", "contact", "into"), "contact.read"),
    **routes_data.FEED,
}

pages = Blueprint("contacts_pages", __name__)
apis = (routes_api.api, *routes_data.APIS)
blueprints = (pages, routes_merge.pages, *routes_data.BLUEPRINTS)


def _text() -> str:
    return request.args.get("q", "").strip()[:100]


@pages.get("/contacts")
@requires("contact.read")
def contacts(error: str | None = None) -> str:
    """Show the list of people."""
    text, show = _text(), routes_filter.chosen()

    def load(view: View) -> Json:
        rows, following = routes_filter.page_of_rows(view, text, None, show)
        return {
            "shows": routes_filter.choices(view),
            "seq": view.seq,
            "rows": rows,
            "next": following,
            "syncs": syncs(view),
            "phones": phones(view),
            "pairs": pairs(view),
        }

    found = read(load, heavy=bool(text or show))
    context = {"q": text, "show": show, "sources": people.sources(), "error": error, "given": request.form}
    return render("contacts/list.html", active="contacts", **context, **found)


def syncs(view: View) -> list[Json]:
    """Return the address books that are being read, or could not be, with the titles of their numbers."""
    found = []
    for each in view.db.table("contact_sync").all():
        account = view.db.table("account").get(doc_id=each.doc_id) or {}
        if not account.get("removed_at"):
            found.append({**_spoken(each), "id": each.doc_id, "title": account.get("title") or each.doc_id})
    return [each for each in found if each["state"] in ("running", "failed")]


def phones(view: View) -> list[Json]:
    """Return the numbers whose address book can be read now: ``{"id", "title"}``."""
    found = []
    for account in view.db.table("account").search(where("state") == "connected"):
        sync = view.db.table("contact_sync").get(doc_id=account["name"]) or {}
        if not account.get("removed_at") and sync.get("state") != "unsupported":
            found.append({"id": account["name"], "title": account.get("title") or account["name"]})
    return found


def pairs(view: View) -> int:
    """Return how many duplicates are suggested, of people who may be seen: those of the first page."""
    return len(routes_merge.suggested(view, None)[0])


def sync_of(view: View, account: Json) -> Json:
    """Return how far the address book of a number was read, or None."""
    found = view.db.table("contact_sync").get(doc_id=account["id"])
    return {"sync": _spoken(found) if found else None}


def _spoken(sync: Json) -> Json:
    reason = sync.get("reason") or ""
    return {**sync, "reason": call_in_words(reason) or reason}


@pages.get("/contacts/rows")
@requires("contact.read")
def more_rows() -> str:
    """Return the next page of the list as HTML."""
    text, after, show = _text(), request.args.get("after") or None, routes_filter.chosen()

    def load(view: View) -> Json:
        rows, following = routes_filter.page_of_rows(view, text, after, show)
        return {"rows": rows, "next": following, "first": after is None}

    found = read(load, heavy=bool(text or show))
    return render("contacts/rows.html", q=text, show=show, sources=people.sources(), **found)


@pages.get("/contacts/some")
@requires("contact.read")
def some() -> Response:
    """Return rows of the list by their ``ids``: ``{"rows": {id: html | null}}``."""
    ids = [id for id in request.args.get("ids", "").split(",") if id][:100]
    made: Json = dict.fromkeys(ids)
    for row in read(lambda view: people.some_rows(view, ids)):
        made[row["id"]] = render("contacts/row.html", row=row, sources=people.sources())
    return jsonify({"rows": made})


@pages.get("/contacts/syncs")
@requires("contact.read")
def sync_bar() -> str:
    """Return what is told of address books that are being read, as HTML."""
    return render("contacts/syncs.html", **read(lambda view: {"syncs": syncs(view), "pairs": pairs(view)}))


@pages.get("/contacts/number")
@requires("contact.read")
def number() -> Response:
    """Say what a number is that is being typed: ``{"phone", "taken": {id, name} | null}``, ``{"error"}``.

    Who has it stays unnamed where they may not be seen.
    """

    def look(view: View) -> Json:
        region = (view.db.table("workspace").get(doc_id="main") or {}).get("region")
        phone = e164(request.args.get("text", "")[:40], region)
        taken = contact_by_alias(view.db, chat_of(phone))
        if not taken:
            return {"phone": phone, "taken": None}
        is_seen = bool(people.some_rows(view, [taken.doc_id]))
        told = (taken.doc_id, contact_name(taken)) if is_seen else (None, _("somebody has this number"))
        return {"phone": phone, "taken": dict(zip(("id", "name"), told, strict=True))}

    try:
        found = read(look)
    except ValueError as error:
        return jsonify({"error": in_words(str(error))})
    return jsonify({**found, "shown": render("contacts/shown.html", phone=found["phone"])})


@pages.post("/contacts")
@requires("contact.write")
def make() -> Any:
    """Make a contact by hand."""
    data = {"phone": request.form.get("phone", ""), "name": request.form.get("name", "").strip() or None}
    done, error = attempt([{"type": "contacts.create", "data": data}])
    return contacts(in_words(error)) if error else back(f"/contacts/{done[0]['result']['contact']}")


@pages.get("/contacts/<id>")
@requires("contact.read")
def contact(id: str) -> Any:
    """Show one person; one that was merged is at the other's address."""
    return _show(id)


def _show(id: str, error: str | None = None) -> Any:
    found = read(lambda view: {"seq": view.seq, **people.person(view, id)})
    if found["contact"]["id"] != id:
        return redirect(f"{request.script_root}/contacts/{found['contact']['id']}", 301)
    context = {"sources": people.sources(), "error": error}
    return render("contacts/contact.html", active="contacts", **context, **found)


@pages.get("/contacts/<id>/parts")
@requires("contact.read")
def parts(id: str) -> str:
    """Return what the page of one person shows, as HTML, for a page that is open while it changes."""
    found = read(lambda view: people.person(view, id))
    return render("contacts/whole.html", sources=people.sources(), error=None, **found)


@pages.post("/contacts/<id>/name")
@requires("contact.write")
def rename(id: str) -> Any:
    """Set the team's own name of a contact; an empty one takes it back."""
    name = request.form.get("name", "").strip() or None
    return _change(id, {"type": "contact.update", "data": {"contact": id, "name": name}})


@pages.post("/contacts/<id>/numbers")
@requires("contact.write")
def add_number(id: str) -> Any:
    """Note one more number of a contact."""
    data = {"contact": id, "phone": request.form.get("phone", "")}
    return _change(id, {"type": "contacts.add_number", "data": data})


def _change(id: str, action: Json) -> Any:
    _done, error = attempt([action])
    return _show(id, in_words(error)) if error else back(f"/contacts/{id}")


@pages.post("/contacts/<id>/write")
@requires("message.send")
def write(id: str) -> Any:
    """Write to a contact first; it has to be said that they know of it."""
    form = request.form
    if not form.get("cold"):
        return _show(id, _("Say first that this person expects your message."))
    read(lambda view: see_contact(view, id))
    data = {"contact": id, "account": form.get("account", ""), "text": form.get("text", "").strip()}
    done, error = attempt(
        [{"type": "conversation.start", "data": {**data, "chat": form.get("chat") or None}}]
    )
    return _show(id, in_words(error)) if error else back(f"/inbox/{done[0]['result']['conversation']}")


@pages.post("/contacts/sync/<account>")
@requires("contact.write")
def sync(account: str) -> Any:
    """Read the address book of a number again."""
    _done, error = attempt([{"type": "contacts.sync", "data": {"account": account}}])
    error = None if error and "being read already" in error else error  # then what is wished happens
    if "application/json" in request.headers.get("Accept", ""):
        return (jsonify({"message": in_words(error)}), 409) if error else jsonify({})
    return contacts(in_words(error)) if error else back("/contacts")
