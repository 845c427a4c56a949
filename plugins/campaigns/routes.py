"""The pages of campaigns: the list, and one from its draft to its last answer."""

from typing import Any

from flask import Blueprint, redirect, request

from engine import where
from web import (
    Feed,
    Slot,
    View,
    _,
    attempt,
    back,
    cursor_errors,
    lazy_gettext,
    may,
    read,
    render,
    requires,
)

from . import routes_api, routes_audience
from . import routes_look as look
from .routes_words import (
    REASONS,
    WORDS,
    cap_words,
    left_out_words,
    recipient_words,
    state_words,
    trouble_words,
)
from .texts import fields_in

__all__ = ["REASONS", "WORDS"]

Json = dict[str, Any]
PANEL = 4
TOLD = ("id", "name", "state", "counts", "making", "strangers", "start_at", "texts", "size")
FEED = {"campaign": Feed(TOLD, "campaign.read")}
NAV = [
    {
        "path": "/campaigns",
        "icon": "megaphone",
        "title": lazy_gettext("Broadcasts"),
        "key": "campaigns",
        "permission": "campaign.read",
        "order": 40,
    }
]
pages = Blueprint("campaigns_pages", __name__)
blueprints = (pages, routes_audience.pages)
api = routes_api.api


def _of_contact(view: View, contact: Json, **_more: Any) -> Json:
    """Return the last campaigns that a contact got: ``[{id, name, at, replied_at, state}]``."""
    query = where("contact") == contact["id"]
    found, _following = view.page("campaign_recipient", query, order="queued_at", limit=PANEL)
    got = []
    for each in found:
        campaign = view.db.table("campaign").get(doc_id=each["campaign"])
        if campaign and each["queued_at"]:
            told = {"at": each["queued_at"], "replied_at": each.get("replied_at"), "state": each["state"]}
            got.append({"id": campaign.doc_id, "name": campaign["name"], **told})
    return {"campaigns": got, "words": recipient_words()}


SLOTS = [Slot("panel.section", "campaigns/panel.html", _of_contact, order=60, permission="campaign.read")]


@pages.get("/campaigns")
@requires("campaign.read")
def campaigns() -> str:
    """Show the campaigns, the latest first."""

    def load(view: View) -> Json:
        found, following = view.page(
            "campaign", order="created_at", limit=30, after=request.args.get("after")
        )
        return {"campaigns": [_row(view, each) for each in found], "next": following, "seq": view.seq}

    return render("campaigns/list.html", active="campaigns", states=state_words(), **read(load))


def _row(view: View, campaign: Json) -> Json:
    return {
        **look.shaped(campaign),
        "number": look.number_of(view, campaign),
        "audience": look.segment_name(view, campaign),
    }


@pages.get("/campaigns/new")
@requires("campaign.write")
def new(error: str | None = None) -> str:
    """Show an empty draft."""

    def load(view: View) -> Json:
        return {"seq": view.seq, "numbers": look.numbers(view), "segments": look.segment_choices(view)}

    given = request.form if request.method == "POST" else {}
    return render("campaigns/new.html", active="campaigns", error=error, given=given, **read(load))


@pages.post("/campaigns")
@requires("campaign.write")
def make() -> Any:
    """Make a draft of what the form says; with a file, its people are added."""
    form = request.form
    if not _texts():
        return new(_("Write what they are to read."))
    data: Json = {"name": form.get("name", "").strip(), "account": form.get("account", ""), "texts": _texts()}
    data["segment"] = form.get("segment") or None
    file = request.files.get("file")
    if not data["segment"] and not (file and file.filename):
        return new(_("Choose who gets it: a segment, or a file with phone numbers."))
    done, error = attempt([{"type": "campaigns.create", "data": data}])
    if error:
        return new(error)
    id = done[0]["result"]["campaign"]
    if not data["segment"]:
        _told, error = routes_audience.take(id, file)
        if error:
            return show(id, error)
    return back(f"/campaigns/{id}")


def _texts() -> list[Json]:
    form = request.form
    found = []
    for key in "abcd":
        text = form.get(f"text-{key}", "").replace("\r\n", "\n").strip()
        if text:
            weight = form.get(f"weight-{key}", "1")
            found.append({"text": text, "weight": int(weight) if weight.isdecimal() else 1})
    return found


@pages.get("/campaigns/<id>")
@requires("campaign.read")
def campaign(id: str) -> str:
    """Show one campaign: its draft with preview and plan, or how far it is."""
    return show(id)


def show(id: str, error: str | None = None) -> str:
    """Return the page of one campaign."""
    state, after = request.args.get("state") or None, request.args.get("after") or None

    def load(view: View) -> Json:
        found = view.get("campaign", id)
        people, following = _people(view, found, state, after)
        return {
            "seq": view.seq,
            "campaign": _row(view, found),
            "variants": look.variants(found),
            "used": fields_in(found["texts"]),
            "people": people,
            "next": following,
            "place": look.workspace_of(view),
            "numbers": look.numbers(view),
            "segments": look.segment_choices(view),
            "fields": look.field_keys(view, found),
        }

    words = {
        "states": state_words(),
        "people_words": recipient_words(),
        "left_out": left_out_words(),
        "trouble": trouble_words,
        "caps": cap_words(),
        "local_of": look.local_of,
    }
    found = read(load)
    editable = may("campaign.write") and found["campaign"]["state"] == "draft"
    shown = {"error": error, "state": state, "editable": editable, **words, **found}
    return render("campaigns/campaign.html", active="campaigns", **shown)


def _people(view: View, found: Json, state: str | None, after: str | None) -> tuple[list[Json], str | None]:
    """Return a part of the people; agents may not see everybody's contacts, so they see none here."""
    if not may("campaign.write"):
        return [], None
    with cursor_errors():
        return look.recipients(view, found, state, after, look.PEOPLE)


@pages.get("/campaigns/<id>/schedule")
@requires("campaign.read")
def schedule(id: str) -> str:
    """Return the picture of when each message would leave, as HTML."""
    at = request.args.get("at")

    def load(view: View) -> Json:
        found = view.get("campaign", id)
        zone = look.workspace_of(view)["zone"]
        try:
            begins = look.utc_of(at, zone) if at else None
        except ValueError:
            begins = None
        return {"schedule": look.pictured(view, found, begins), "campaign": found}

    return render("campaigns/schedule.html", **read(load, heavy=True))


@pages.post("/campaigns/<id>")
@requires("campaign.write")
def change(id: str) -> Any:
    """Change a draft's name, number and texts."""
    form = request.form
    data = {"campaign": id, "name": form.get("name", "").strip(), "account": form.get("account", "")}
    if not _texts():
        return show(id, _("Write what they are to read."))
    return _ask(id, "change", **data, texts=_texts())


@pages.post("/campaigns/<id>/strangers")
@requires("campaign.write")
def strangers(id: str) -> Any:
    """Say whether those who never wrote get it too."""
    return _ask(id, "change", campaign=id, strangers=request.form.get("strangers") == "1")


@pages.post("/campaigns/<id>/schedule")
@requires("campaign.write")
def plan(id: str) -> Any:
    """Have it begin at a time, as the workspace's clocks show it."""
    zone = read(look.workspace_of)["zone"]
    try:
        at = look.utc_of(request.form.get("at", ""), zone)
    except ValueError:
        return show(id, _("Choose a day and a time."))
    return _ask(id, "schedule", campaign=id, at=at)


@pages.post("/campaigns/<id>/<any(start, unschedule, pause, resume, stop, make, remove):verb>")
@requires("campaign.write")
def go(id: str, verb: str) -> Any:
    """Start, pause, resume or stop; take a plan back; look at the audience again; throw a draft away."""
    return _ask(id, verb, campaign=id)


@pages.post("/campaigns/<id>/again")
@requires("campaign.write")
def again(id: str) -> Any:
    """Make a new draft of a campaign that has begun: its texts and its segment, as that is now."""
    old = read(lambda view: view.get("campaign", id))
    texts = [{"text": text["text"], "weight": text["weight"]} for text in old["texts"]]
    data = {key: old[key] for key in ("name", "account", "segment")}
    done, error = attempt([{"type": "campaigns.create", "data": {**data, "texts": texts}}])
    return show(id, error) if error else back(f"/campaigns/{done[0]['result']['campaign']}")


def _ask(id: str, verb: str, **data: Any) -> Any:
    _done, error = attempt([{"type": f"campaigns.{verb}", "data": data}])
    if error:
        return show(id, error)
    return redirect(f"{request.script_root}/campaigns", 303) if verb == "remove" else back(f"/campaigns/{id}")
