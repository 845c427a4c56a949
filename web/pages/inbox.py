"""The inbox: list, thread and panel, whole or as fragments for the live page."""

from flask import Blueprint, abort, jsonify, redirect, request
from flask_babel import get_locale
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from engine import where

from .. import Conflict, NotFound, View, act, current, may, read, render, requires
from .. import thread as threads
from ..actions import act_each
from ..api.common import StrictParser
from ..engine_link import both
from ..errors import Forbidden
from ..parts import parts
from ..search import contacts_like
from ..slots import entry
from ..visibility import visible_in
from . import inbox_query as ask
from .inbox_query import Data, Filter
from .reasons import in_words
from .shape import Place, beside, bubble, contact_name, entries, hit, row, waiting

blueprint = Blueprint("inbox", __name__)
MAX_FRAGMENTS = 100
MOST_ACTIONS = 500
FROM_THE_INBOX = ("conversation.write", "message.send", "contact.write", "label.write")


class One(Schema):
    """One action."""

    type = fields.String(required=True)
    data = fields.Dict(load_default=dict)


class Asked(Schema):
    """What a page of the inbox asks for: one action, or many of which each is done or refused alone."""

    type = fields.String()
    data = fields.Dict(load_default=dict)
    actions = fields.List(fields.Nested(One), validate=validate.Length(1, MOST_ACTIONS))
    client_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))


def place_of(workspace: Data) -> Place:
    """Return where and when this request's page is."""
    return Place.of(workspace, str(get_locale() or "en").split("_")[0], current().agent["id"])


@blueprint.get("/")
@requires()
def home() -> Response:
    """Go to the first page that this role has."""
    return redirect(request.script_root + ("/inbox" if may("conversation.read") else "/settings"))


@blueprint.get("/inbox", defaults={"conversation": None})
@blueprint.get("/inbox/<conversation>")
@requires("conversation.read")
def inbox(conversation: str | None) -> str | Response:
    """Show the inbox, with a conversation opened or without; one that was merged is at its new address."""
    shown, at = Filter.of(request.args), request.args.get("at")

    def load(view: View) -> Data:
        opened = opened_of(view, conversation, at) if conversation else None
        return {
            "seq": view.seq,
            "list": found_page(view, shown),
            "counts": ask.counts(view, shown),
            "opened": opened,
            "workspace": ask.workspace(view),
        }

    found = read(load, heavy=bool(shown.text))
    now = found["opened"]["conversation"]["id"] if conversation else None
    if now != conversation:
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        return redirect(f"{request.script_root}/inbox/{now}{query}", 301)
    place = place_of(found["workspace"])
    return render(
        "inbox.html",
        active="inbox",
        seq=found["seq"],
        filter=shown,
        counts=found["counts"],
        rows=[row(each, found["list"], place) for each in found["list"]["conversations"]],
        next=found["list"]["next"],
        **hits_context(found["list"], place),
        agents=sorted(found["list"]["agents"].values(), key=lambda agent: agent["name"]),
        down=[
            a
            for a in found["list"]["accounts"].values()
            if a.get("state") in DOWN and not a.get("removed_at")
        ],
        **opened_context(found["opened"], place),
    )


DOWN = ("disconnected", "logged_out", "banned", "auth_failed", "needs_action")


def found_page(view: View, shown: Filter, after: str | None = None) -> Data:
    """Return one page of the list; after its last row come the messages that have the words looked for."""
    found = ask.list_page(view, shown, after)
    if shown.text and found["next"] is None:
        found["messages"] = ask.hits(view, shown.text)
    return found


def hits_context(found: Data, place: Place) -> Data:
    """Return the variables of the messages found, if any were looked for."""
    messages = found.get("messages") or {"hits": [], "next_hits": None}
    return {
        "hits": [hit(each, messages, place) for each in messages["hits"]],
        "next_hits": messages["next_hits"],
    }


def opened_of(view: View, id: str, at: str | None = None) -> Data:
    """Return a conversation with its newest messages and its people; NotFound where it may not be seen.

    at: a message of it around which to show it.
    """
    conversation = dict(view.conversation(id))
    before = both(where("contact") == conversation["contact"], visible_in(view))
    others = [ask.plain(each) for each in view.db.table("conversation").search(before)]
    return {
        "conversation": conversation,
        **((at and ask.window_around(view, conversation, at)) or ask.window(view, conversation)),
        **ask.people(view, [conversation]),
        "kinds": [each.collection for each in threads.sources(view)],
        "others": [each for each in others if each["id"] != conversation["id"]][:5],
    }


def opened_context(opened: Data | None, place: Place) -> Data:
    """Return the variables of thread and panel."""
    if opened is None:
        return {"conversation": None}
    conversation = opened["conversation"]
    contact = opened["contacts"].get(conversation["contact"]) or {}
    return {
        "conversation": row(conversation, opened, place),
        "contact": {**contact, "shown": contact_name(contact)},
        "account": opened["accounts"].get(conversation["account"]) or {"id": conversation["account"]},
        "assignee": opened["agents"].get(conversation.get("assignee") or ""),
        "entries": entries(opened["messages"], conversation.get("unread") or 0, place, opened["beside"])
        if "messages" in opened
        else [],
        "teams": opened.get("teams", []),
        "kinds": opened.get("kinds", []),
        "older": opened.get("older"),
        "newer": opened.get("newer"),
        "sought": opened.get("sought"),
        "others": [each for each in opened.get("others", []) if each["id"] != conversation["id"]],
    }


@blueprint.get("/inbox/rows")
@requires("conversation.read")
def rows() -> str:
    """Return the list as HTML: the next page after ``after``, or the first one."""
    shown, after = Filter.of(request.args), request.args.get("after") or None

    def load(view: View) -> Data:
        return {"list": found_page(view, shown, after), "workspace": ask.workspace(view)}

    found = read(load, heavy=bool(shown.text))
    place = place_of(found["workspace"])
    shaped = [row(each, found["list"], place) for each in found["list"]["conversations"]]
    return render(
        "partials/rows.html",
        rows=shaped,
        next=found["list"]["next"],
        filter=shown,
        conversation=None,
        first=not after,
        **hits_context(found["list"], place),
    )


@blueprint.get("/inbox/hits")
@requires("conversation.read")
def more_hits() -> str:
    """Return more messages that have the words ``q``, after the cursor ``after``, as HTML."""
    text, after = Filter.of(request.args).text, request.args.get("after") or None

    def load(view: View) -> Data:
        return {"messages": ask.hits(view, text, after), "workspace": ask.workspace(view)}

    try:
        found = read(load, heavy=True)
    except ValueError:
        abort(422)
    context = hits_context(found, place_of(found["workspace"]))
    return render("partials/hits.html", filter=Filter.of(request.args), **context)


@blueprint.get("/inbox/<conversation>/older")
@requires("conversation.read")
def older(conversation: str) -> str:
    """Return the messages before the cursor ``before``, as HTML."""

    def load(view: View) -> Data:
        opened = dict(view.conversation(conversation))
        return {**ask.window(view, opened, request.args.get("before")), "workspace": ask.workspace(view)}

    try:
        found = read(load)
    except ValueError:
        abort(422)
    shown = entries(found["messages"], 0, place_of(found["workspace"]), found["beside"])
    return render(
        "partials/entries.html", entries=shown, older=found["older"], conversation={"id": conversation}
    )


@blueprint.get("/inbox/<conversation>/newer")
@requires("conversation.read")
def newer(conversation: str) -> str:
    """Return the messages after the cursor ``after``, as HTML: the thread was opened further up."""

    def load(view: View) -> Data:
        opened = dict(view.conversation(conversation))
        found = ask.newer_than(view, opened, request.args.get("after"))
        return {**found, "workspace": ask.workspace(view)}

    try:
        found = read(load)
    except ValueError:
        abort(422)
    shown = entries(found["messages"], 0, place_of(found["workspace"]), found["beside"])
    return render(
        "partials/entries.html", entries=shown, newer=found["newer"], conversation={"id": conversation}
    )


@blueprint.get("/inbox/<conversation>/thread")
@requires("conversation.read")
def thread(conversation: str) -> str:
    """Return thread and panel of one conversation as HTML, around the message ``at`` if one is named."""
    at = request.args.get("at")

    def load(view: View) -> Data:
        opened = opened_of(view, conversation, at)
        return {"seq": view.seq, "opened": opened, "workspace": ask.workspace(view)}

    found = read(load)
    place = place_of(found["workspace"])
    agents = sorted(found["opened"]["agents"].values(), key=lambda agent: agent["name"])
    return render(
        "partials/opened.html", seq=found["seq"], agents=agents, **opened_context(found["opened"], place)
    )


@blueprint.get("/inbox/fragments")
@requires("conversation.read")
def fragments() -> Response:
    """Return what a live page asks for in one answer: rows, messages, counts, header and panel."""
    shown, args = Filter.of(request.args), request.args
    wanted_rows, wanted_messages = _ids(args.get("rows")), _ids(args.get("messages"))
    conversation = args.get("conversation") or None

    def load(view: View) -> Data:
        matching = _matching(view, shown, wanted_rows)
        still = [conversation] if conversation in wanted_rows else []
        opened = None
        if conversation and args.get("header"):
            one = dict(view.conversation(conversation))
            opened = {"conversation": one, **ask.people(view, [one])}
        return {
            "seq": view.seq,
            "workspace": ask.workspace(view),
            "list": {"conversations": matching, **ask.people(view, matching)},
            "still": _still_open(view, [id for id in still if id not in {each["id"] for each in matching}]),
            **_messages(view, wanted_messages, conversation),
            "beside": _beside(view, _ids(args.get("entries")), conversation),
            "counts": ask.counts(view, shown) if args.get("counts") else None,
            "opened": opened,
        }

    found = read(load)
    place = place_of(found["workspace"])
    made: Data = {"seq": found["seq"], "counts": found["counts"]}
    made["rows"] = dict.fromkeys(wanted_rows)
    for part in ("list", "still"):
        for each in found[part]["conversations"]:
            made["rows"][each["id"]] = render(
                "partials/row.html",
                row=row(each, found[part], place),
                filter=shown,
                conversation={"id": conversation},
                elsewhere=part == "still",
            )
    made["messages"] = {
        each["id"]: render("partials/message.html", message=bubble(each, place, found["held"]))
        for each in found["messages"]
    }
    if found["beside"]:
        shaped = {f"{each['collection']}/{each['id']}": beside(each, place) for each in found["beside"]}
        made["entries"] = {name: entry(each) for name, each in shaped.items()}
    if found["opened"]:
        agents = sorted(found["opened"]["agents"].values(), key=lambda agent: agent["name"])
        context = {**opened_context(found["opened"], place), "agents": agents}
        made["header"] = render("partials/header.html", **context)
        made["panel"] = render("partials/panel.html", **context)
    return jsonify(made)


def _ids(text: str | None) -> list[str]:
    return [each for each in (text or "").split(",") if each][:MAX_FRAGMENTS]


def _matching(view: View, shown: Filter, ids: list[str]) -> list[Data]:
    """Return those of *ids* that the list's filter shows."""
    if not ids:
        return []
    query = shown.query(view)
    found = list(ask.by_id(view, "conversation", ids).values())
    return [each for each in found if query(each)]


def _still_open(view: View, ids: list[str]) -> Data:
    """Return the open conversation, which stays in the list though the filter does not show it any more."""
    try:
        found = [dict(view.conversation(id)) for id in ids]
    except NotFound:
        found = []
    return {"conversations": found, **ask.people(view, found)}


def _messages(view: View, ids: list[str], conversation: str | None) -> Data:
    """Return ``{"messages", "held"}``: those of *ids* in order, and which of them wait for another."""
    if not ids or not conversation:
        return {"messages": [], "held": set()}
    opened = view.conversation(conversation)
    every = ask.by_id(view, "message", ids).values()
    found = [each for each in every if each["conversation"] == conversation]
    queued = any(each.get("status") == "queued" for each in found)
    held = waiting(ask.window(view, opened)["messages"]) if queued else set()
    return {"messages": sorted(found, key=lambda each: each["at"]), "held": held}


def _beside(view: View, names: list[str], conversation: str | None) -> list[Data]:
    """Return plugins' entries of the open conversation by their names, ``collection/id``."""
    if not names or not conversation:
        return []
    view.conversation(conversation)
    named = [name.partition("/") for name in names]
    found = [threads.one(view, collection, id) for collection, _slash, id in named]
    return [each for each in found if each and each["conversation"] == conversation]


@blueprint.post("/inbox/act")
@requires("conversation.write")
def do() -> tuple[Response, int] | Response:
    """Carry out one action ``{"type", "data", "client_id"}``; a refusal is told in the agent's language.

    ``{"actions": [{"type", "data"}, …], "client_id"}`` carries out many; refusals are among the results.
    """
    asked = StrictParser().parse(Asked(), location="json")
    wanted = asked.get("actions") or [{"type": asked.get("type", ""), "data": asked["data"]}]
    for each in wanted:
        kind = parts().registry.actions.get(each["type"])
        if kind is not None and kind.permission not in FROM_THE_INBOX:
            raise Forbidden("This is not done in the inbox.")
    if "actions" in asked:
        done = act_each(wanted, asked["client_id"])
        told = [{**each, "reason": each["reason"] and in_words(each["reason"])} for each in done]
        return jsonify({"results": told})
    try:
        results = act(wanted, asked["client_id"])
    except Conflict as refused:
        return jsonify({"message": in_words(str(refused))}), 409
    return jsonify({"results": results})


@blueprint.get("/inbox/find")
@requires("conversation.read")
def find() -> Response:
    """Return conversations by name or number and messages by their words ``q``, for the palette."""
    text = request.args.get("q", "").strip()[:100]

    def load(view: View) -> Data:
        query = both(where("contact").one_of(contacts_like(view, text)), visible_in(view))
        items, _next = view.page("conversation", query, order="last_message_at", limit=8)
        return {
            "conversations": [dict(each) for each in items],
            **ask.people(view, items),
            "messages": ask.hits(view, text),
            "ws": ask.workspace(view),
        }

    found = read(load, heavy=True)
    place = place_of(found["ws"])
    shaped = [row(each, found, place) for each in found["conversations"]]
    rows = [{"id": r["id"], "name": r["name"], "snippet": r["snippet"], "time": r["time"]} for r in shaped]
    hits = [
        {"id": h["conversation"], "at": h["id"], "name": h["name"], "marked": h["snippet"], "time": h["time"]}
        for h in hits_context(found, place)["hits"][:8]
    ]
    return jsonify(rows + hits)
