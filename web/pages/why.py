"""Why?: what led to a message or to how a conversation is now, in the reader's words."""

from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _

from engine.explain import explain, names_in, shown

from .. import NotFound, View, read, render, requires
from ..actions import see_contact
from ..parts import parts
from . import deeds
from . import inbox_query as ask
from .inbox import place_of
from .look import local, moment
from .reasons import in_words, why_in_words
from .shape import Place

Data = dict[str, Any]
blueprint = Blueprint("why", __name__)
STEPS = 100
QUIET = ("conversation.read", "conversation.mark_unread")


@blueprint.get("/inbox/<conversation>/why")
@requires("conversation.read")
def why(conversation: str) -> str:
    """Tell what led to a conversation, or to its message ``message``, as HTML."""
    message = request.args.get("message")

    def load(view: View) -> Data:
        view.conversation(conversation)
        if message and view.get("message", message)["conversation"] != conversation:
            raise NotFound(f"no message {message}")
        return {"steps": _steps(view, message or conversation), "workspace": ask.workspace(view)}

    found = read(load, heavy=True)
    place = place_of(found["workspace"])
    return render("partials/why.html", steps=[_told(step, place) for step in found["steps"]])


@blueprint.get("/why/contact/<id>")
@requires("contact.read")
def why_contact(id: str) -> str:
    """Tell what led to a contact as it is, as HTML; what was said is not told here."""

    def load(view: View) -> Data:
        contact = see_contact(view, id)
        return {"steps": _steps(view, contact["id"]), "workspace": ask.workspace(view)}

    found = read(load, heavy=True)
    place = place_of(found["workspace"])
    steps = [{**_told(step, place), "said": None} for step in found["steps"]]
    return render("partials/why.html", steps=steps)


def _steps(view: View, id: str) -> list[Data]:
    """Return the newest steps of an explanation, with the names of what they speak of."""
    steps: list[Data] = explain(view.db, view.connection, id, STEPS)["steps"]
    for step in steps:
        step["agent"] = names_in(view.db, {"agent": step["event"]["agent"]})["agent"]
        step["actions"] = [done for done in step["actions"] if _tells(view, done)]
        for done in step["actions"]:
            done["names"] = names_in(view.db, done["data"])
        for change in step["changes"]:
            fields = shown(view.db, change)
            change["fields"] = {k: v for k, v in fields.items() if not (k in view.hidden or "." in k)}
    return [step for step in steps if step["actions"] or _changed(step) or _begins(step)]


def _tells(view: View, done: Data) -> bool:
    """Whether an action tells something to an agent: not one of a plugin that is off, none without effect."""
    owner = done["type"].partition(".")[0]
    if done["plugin"] in view.hidden or owner in view.hidden or done["type"] in QUIET:
        return False
    if parts().words.get(done["type"], "") is None:
        return False
    return bool(done["plugin"] == "agent" or done["why"] or owner in ("message", "conversation", "contact"))


def _begins(step: Data) -> bool:
    return any(change.get("new") for change in step["changes"])


def _told(step: Data, place: Place) -> Data:
    return {
        "moment": moment(local(step["at"], place.zone), place.language),
        "at": step["at"],
        "title": _title(step),
        "said": step["said"],
        "actions": [_action(done, step, place) for done in step["actions"]],
        "changes": _changed(step),
    }


def _title(step: Data) -> str:
    if step["event"]["type"] == "action.requested":
        return step["agent"] or _("A program")
    return deeds.title(step["event"]["type"])


def _action(done: Data, step: Data, place: Place) -> Data:
    by_plugin = done["plugin"] != "agent"
    return {
        "plugin": done["plugin"] if by_plugin else None,
        "what": _what(done, place),
        "why": why_in_words(done["why"]),
        "ended": _ended(done),
    }


def _what(done: Data, place: Place) -> str:
    """Return what an action did, its times as people read them."""
    names = {**done["names"]}
    if until := local(str(names.get("until") or ""), place.zone):
        names["until"] = moment(until, place.language)
    return deeds.in_words(done["type"], names)


def _ended(done: Data) -> str | None:
    """Return why an action did nothing, or None where it did."""
    reason = str(done.get("reason") or done["status"])
    if done["status"] == "failed":
        return _("it failed: %(reason)s", reason=reason)
    return None if done["status"] == "done" else in_words(reason)


def _changed(step: Data) -> list[str]:
    """Return in words what changed of what people look at."""
    found = []
    for change in step["changes"]:
        for field, value in change["fields"].items():
            words = _field(change["collection"], field, value)
            if words:
                found.append(words)
    return list(dict.fromkeys(found))


def _field(collection: str, field: str, value: Any) -> str | None:
    if field == "assignee" and collection == "conversation":
        return _("Handled by: %(name)s", name=value or _("Nobody yet"))
    if field == "labels" and collection == "conversation":
        return _("Labels: %(names)s", names=", ".join(value or ()) or _("None yet"))
    if collection == "contact" and field in ("name", "phone"):
        return _("Name: %(name)s", name=value) if field == "name" else _("Number: %(name)s", name=value)
    if collection == "contact" and field in ("name", "phone"):
        return _("Name: %(name)s", name=value) if field == "name" else _("Number: %(name)s", name=value)
    if field != "status":
        return None
    words = {
        "open": _("Open"),
        "snoozed": _("Snoozed"),
        "resolved": _("Resolved"),
        "queued": _("Queued"),
        "sending": _("Sending"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "failed": _("Failed"),
        "unconfirmed": _("Unconfirmed"),
        "cancelled": _("Taken back"),
    }
    return words.get(str(value))
