"""The pages of contacts: the list and one person."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, send_from_directory

from engine import where
from web import View, api_blueprint, lazy_gettext, public, read, render, requires

from . import routes_data

Json = dict[str, Any]
ASSETS = Path(__file__).parent / "static"
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
SLOTS: list[Any] = [*routes_data.SLOTS]
FEED: dict[str, tuple[str, ...] | None] = {**routes_data.FEED}

api = api_blueprint("contacts_more", "/contacts", "Contacts: made, joined, brought up to date")
blueprint = Blueprint("contacts_pages", __name__)
apis, blueprints = routes_data.APIS, routes_data.BLUEPRINTS


@blueprint.app_template_global("contacts_asset")
def asset(name: str) -> str:
    """Return the address of a file in this plugin's static folder, with its content's hash."""
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:10]
    return f"{request.script_root}/contacts/static/{name}?v={digest}"


@blueprint.get("/contacts/static/<name>")
@public
def asset_file(name: str) -> Response:
    """Give the scripts and looks of these pages."""
    response = send_from_directory(ASSETS, name, max_age=0)
    if request.args.get("v"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.get("/contacts")
@requires("contact.read")
def contacts() -> str:
    """Show the list of people."""

    def load(view: View) -> Json:
        items, following = view.page("contact", None, order="name", newest_first=False, limit=50)
        return {"seq": view.seq, "contacts": items, "next": following}

    return render("contacts/list.html", active="contacts", **read(load))


@blueprint.get("/contacts/<id>")
@requires("contact.read")
def contact(id: str) -> str:
    """Show one person."""

    def load(view: View) -> Json:
        theirs = view.db.table("conversation").search(where("contact") == id)
        return {"seq": view.seq, "contact": view.get("contact", id), "conversations": list(theirs)}

    return render("contacts/contact.html", active="contacts", **read(load))
