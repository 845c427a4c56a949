"""The REST of notes, their places in the thread and composer, and the page of what waits for an agent."""

from typing import Any

from flask import Blueprint, request
from marshmallow import fields, validate

from engine import where
from web import (
    Conflict,
    Entries,
    Feed,
    NotFound,
    Open,
    Page,
    Slot,
    View,
    act,
    api_blueprint,
    cursor_errors,
    lazy_gettext,
    page_of,
    read,
    render,
    requires,
)

from . import look, reasons, schemas, shown

Json = dict[str, Any]
TOLD = ("id", "conversation", "contact", "author", "mentions", "pinned", "version", "created_at",
        "edited_at", "deleted_at", "reminder", "remind_at", "remind_for", "due_for", "done_for",
        "client_id")  # fmt: skip
FEED = {
    "note": Feed(TOLD, "note.read"),
    "mention": Feed(("id", "note", "conversation", "agent", "by", "at", "unread"), "note.read"),
}

api = api_blueprint("notes", "/notes", "What the team writes for itself; customers never get it")
blueprint = Blueprint("notes_pages", __name__)


class Note(Open):
    """What a team member wrote for the team."""

    conversation = fields.String()
    contact = fields.String()
    author = fields.Dict()
    text = fields.String(allow_none=True, metadata={"description": "Markdown; `@[id]` mentions an agent"})
    plain = fields.String(allow_none=True, metadata={"description": "the text with names for ids"})
    html = fields.String(metadata={"description": "safe HTML"})
    excerpt = fields.String(metadata={"description": "its beginning in plain words"})
    mentions = fields.List(fields.String())
    pinned = fields.Boolean()
    version = fields.Integer()
    created_at = fields.String()
    edited_at = fields.String(allow_none=True)
    deleted_at = fields.String(allow_none=True)
    history = fields.List(fields.Dict(), metadata={"description": "earlier texts: at, by, text"})
    offer = fields.Dict(allow_none=True, metadata={"description": "a day that the text names: at, words"})
    reminder = fields.String(allow_none=True, validate=validate.OneOf(schemas.REMINDERS))
    remind_at = fields.String(allow_none=True)
    remind_for = fields.String(allow_none=True)


Notes = page_of(Note)


class Mention(Open):
    """An agent was named in a note."""

    note = fields.String()
    conversation = fields.String()
    agent = fields.String()
    by = fields.String(allow_none=True)
    at = fields.String()
    unread = fields.Boolean()
    excerpt = fields.String()


class Wanted(Page):
    """Which notes: of a conversation or of a contact; for a contact those that are pinned."""

    conversation = fields.String()
    contact = fields.String()


class WantedMentions(Page):
    """Which mentions of who asks."""

    unread = fields.Boolean(load_default=None, allow_none=True)


class WantedReminders(Page):
    """Which reminders of who asks."""

    state = fields.String(load_default="due", validate=validate.OneOf(schemas.REMINDERS))


def _note(view: View, id: str) -> Json:
    """Return a note that who asks may see; NotFound else."""
    found = view.get("note", id)
    view.conversation(found["conversation"])
    return look.note(found, shown.names(view))


def _ask(type: str, data: Json, client_id: str | None = None) -> Json:
    """Have an action done; a refusal is told in the agent's language."""
    try:
        (done,) = act([{"type": f"notes.{type}", "data": data}], client_id)
    except Conflict as refused:
        raise Conflict(reasons.in_words(str(refused)), code=refused.code) from refused
    return done


def _done(type: str, id: str, **data: Any) -> Json:
    read(lambda view: _note(view, id))
    _ask(type, {"note": id, **data})
    return read(lambda view: _note(view, id))


def _listed(find: Any) -> Json:
    with cursor_errors():
        found: Json = read(find)
        return found


def paged(view: View, name: str, wanted: Json, query: Any, order: str, newest_first: bool = True) -> Any:
    """Return (documents, next cursor) of one page."""
    how = {"order": order, "after": wanted["cursor"], "limit": wanted["limit"], "newest_first": newest_first}
    return view.page(name, query, **how)


@api.route("")
@requires("note.read")
@api.arguments(Wanted, location="query")
@api.response(200, Notes)
def list_notes(wanted: Json) -> Json:
    """List a conversation's notes, the latest first, or those pinned to a contact."""

    def find(view: View) -> Json:
        called = shown.names(view)
        if wanted.get("conversation"):
            view.conversation(wanted["conversation"])
            query = where("conversation") == wanted["conversation"]
        else:
            query = shown.pinned_to(view, wanted.get("contact", ""))
        items, following = paged(view, "note", wanted, query, "created_at")
        return {"items": [look.note(item, called) for item in items], "next": following}

    return _listed(find)


@api.route("", methods=["POST"])
@requires("note.write")
@api.arguments(schemas.Add)
@api.response(201, Note)
def add_note(wanted: Json) -> Json:
    """Write a note; the same `client_id` again is the same note. `@Name` in the text mentions an agent."""
    done = _ask("add", wanted, wanted["client_id"])
    return read(lambda view: _note(view, done["result"]["note"]))


@api.route("/mentions")
@requires("note.read")
@api.arguments(WantedMentions, location="query")
@api.response(200, page_of(Mention))
def list_mentions(wanted: Json) -> Json:
    """List where who asks was mentioned, the latest first."""
    return _listed(lambda view: _mentions(view, wanted, wanted["unread"]))


@api.route("/mentions/read", methods=["POST"])
@requires("note.write")
@api.arguments(schemas.Seen)
@api.response(204)
def read_mentions(wanted: Json) -> None:
    """Say that who asks has read what a conversation's notes say of them."""
    _ask("seen", wanted)


@api.route("/reminders")
@requires("note.read")
@api.arguments(WantedReminders, location="query")
@api.response(200, Notes)
def list_reminders(wanted: Json) -> Json:
    """List the reminders of who asks that came (`due`), are to come (`set`) or are dealt with (`done`)."""
    return _listed(lambda view: _reminders(view, wanted, wanted["state"]))


@api.route("/offer", methods=["POST"])
@requires("note.write")
@api.arguments(schemas.Typed)
@api.response(200, schemas.Offer)
def offer(wanted: Json) -> Json:
    """Find the first day that a text names, while it is typed; empty where it names none."""
    return read(lambda view: shown.offer(view, wanted["text"]))


@api.route("/<id>")
@requires("note.read")
@api.response(200, Note)
def get_note(id: str) -> Json:
    """Get one note, with what it said before."""
    return read(lambda view: _note(view, id))


@api.route("/<id>", methods=["PATCH"])
@requires("note.write")
@api.arguments(schemas.Change)
@api.response(200, Note)
def change_note(wanted: Json, id: str) -> Json:
    """Change a note's text; 409 where somebody changed it since `version`."""
    return _done("edit", id, **wanted)


@api.route("/<id>", methods=["DELETE"])
@requires("note.write")
@api.response(204)
def delete_note(id: str) -> None:
    """Take away what a note says; its place stays."""
    _done("delete", id)


@api.route("/<id>/pin", methods=["PUT"])
@requires("note.write")
@api.response(200, Note)
def pin_note(id: str) -> Json:
    """Pin a note to its contact."""
    return _done("pin", id)


@api.route("/<id>/pin", methods=["DELETE"])
@requires("note.write")
@api.response(200, Note)
def unpin_note(id: str) -> Json:
    """Unpin a note."""
    return _done("unpin", id)


@api.route("/<id>/reminder", methods=["PUT"])
@requires("note.write")
@api.arguments(schemas.When)
@api.response(200, Note)
def remind(wanted: Json, id: str) -> Json:
    """Have a note come back to who asks at a time (RFC 3339)."""
    return _done("remind", id, at=wanted["at"])


@api.route("/<id>/reminder", methods=["DELETE"])
@requires("note.write")
@api.response(200, Note)
def reminder_done(id: str) -> Json:
    """A reminder is dealt with, or an offer of one declined."""
    return _done("done", id)


def _mentions(view: View, wanted: Json, unread: bool | None) -> Json:
    query = where("agent") == view.agent["id"]
    if unread is not None:
        query = query & (where("unread") == unread)
    items, following = paged(view, "mention", wanted, query, "at")
    called = shown.names(view)
    both = [(each, _still_seen(view, each["note"])) for each in items]
    return {
        "items": [{**each, **_told(note, called)} for each, note in both if note],
        "next": following,
    }


def _told(note: Json, called: dict[str, str]) -> Json:
    """Return what a line tells of a note: whose conversation it is in, how it begins, who wrote it."""
    made = look.note(note, called)
    return {"who": note["who"], "excerpt": made["excerpt"], "writer": made["author"]["name"]}


def _still_seen(view: View, id: str) -> Json | None:
    """Return a note that who asks may see, else None: a conversation may have gone to another team."""
    try:
        found = view.get("note", id)
        conversation = view.conversation(found["conversation"])
    except NotFound:
        return None
    return {**found, "who": view.get("contact", conversation["contact"]).get("name")}


def _reminders(view: View, wanted: Json, state: str) -> Json:
    query = (where("remind_for") == view.agent["id"]) & (where("reminder") == state)
    items, following = paged(view, "note", wanted, query, "remind_at", newest_first=state != "set")
    called = shown.names(view)
    seen = [found for each in items if (found := _still_seen(view, each["id"]))]
    return {"items": [look.note(each, called) | _told(each, called) for each in seen], "next": following}


# The thread, the composer, the panel


def waiting() -> int:
    """Return how many mentions an agent has not read, and reminders that came: the number at the rail."""
    return read(shown.waiting)


WORDS = {
    "notes.add": lazy_gettext("wrote a note"),
    "notes.edit": lazy_gettext("changed a note"),
    "notes.delete": lazy_gettext("deleted a note"),
    "notes.pin": lazy_gettext("pinned a note to the contact"),
    "notes.unpin": lazy_gettext("unpinned a note"),
    "notes.remind": lazy_gettext("set a reminder"),
    "notes.done": lazy_gettext("settled a reminder"),
    "notes.seen": None,
    "notes.ring": lazy_gettext("a reminder came"),
}
REASONS = reasons.REASONS
NAV = [
    {
        "path": "/notes",
        "icon": "at-sign",
        "title": lazy_gettext("Mentions and reminders"),
        "permission": "note.read",
        "order": 30,
        "count": waiting,
    }
]
SLOTS = [
    Slot("page", "notes/page.html", permission="note.read"),
    Slot("composer.tab", "notes/tab.html", permission="note.write"),
    Slot("composer.mode", "notes/composer.html", shown.people, permission="note.write"),
    Slot("panel.section", "notes/panel.html", shown.beside_contact, order=50, permission="note.read"),
]
THREAD = [Entries("note", "notes/note.html", shape=shown.in_thread, icon="lock", found=shown.found)]


@blueprint.get("/notes/count")
@requires("note.read")
def count() -> Json:
    """Return the number at the rail."""
    return {"count": waiting()}


@blueprint.get("/notes/people/<conversation>")
@requires("note.write")
def people(conversation: str) -> Json:
    """Return who can be mentioned in a conversation: names, teams and roles change while it is open."""
    return read(lambda view: shown.people(view, view.conversation(conversation)))


@blueprint.get("/notes")
@blueprint.get("/notes/<section>")
@requires("note.read")
def page(section: str = "mentions") -> str:
    """Show what waits for an agent; with ``after``, or ``part``, the list's lines alone."""
    if section not in ("mentions", "due", "coming"):
        raise NotFound(f"no page {section}")
    wanted = {"cursor": request.args.get("after") or None, "limit": 30}

    def load(view: View) -> Json:
        if section == "mentions":
            found = _mentions(view, wanted, None)
        else:
            found = _reminders(view, wanted, "due" if section == "due" else "set")
        zone, language = shown.place(view)
        for each in found["items"]:
            each["when"] = look.when(each.get("at") or each.get("remind_at"), zone, language)
        return {**found, "seq": view.seq}

    found = _listed(load)
    part = wanted["cursor"] or request.args.get("part")
    template = "notes/lines.html" if part else "notes/waiting.html"
    return render(template, active="notes", section=section, **found)
