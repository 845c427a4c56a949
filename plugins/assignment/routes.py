"""The REST of assignment, its places in the inbox and on the team page, and the pages that set it."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from marshmallow import fields

from engine import presence, times, where
from web import (
    Feed,
    NotFound,
    Open,
    Page,
    Slot,
    View,
    _,
    act,
    api_blueprint,
    attempt,
    back,
    current,
    lazy_gettext,
    list_response,
    page_of,
    read,
    requires,
    settings_page,
)

from . import choosing, forms, schemas, words
from .people import People, settings_of
from .words import REASONS, WHYS, WORDS

__all__ = ["FEED", "NAV", "REASONS", "SLOTS", "WHYS", "WORDS", "api", "blueprint"]

Json = dict[str, Any]
MOST_PLACES = 1000
FEED = {"assignment_wait": Feed(("id", "conversation", "team", "key"), "conversation.read")}
NAV = [
    {
        "path": "/settings/assignment",
        "icon": "user-check",
        "title": lazy_gettext("Assignment"),
        "key": "assignment",
        "permission": "team.write",
        "order": 50,
    }
]
SLOTS = [
    Slot("list.filter", "assignment/assets.html", permission="conversation.read"),
    Slot("list.row", "assignment/row.html", order=10, permission="conversation.read"),
    Slot("thread.header", "assignment/header.html", permission="conversation.read"),
    Slot("panel.section", "assignment/panel.html", order=35, permission="conversation.read"),
    Slot("team.state", "assignment/team_state.html"),
    Slot("team.section", "assignment/team_section.html"),
    Slot("team.none", "assignment/team_none.html", permission="team.write"),
]

api = api_blueprint("assignment", "/assignment", "Who is given which conversation")
blueprint = Blueprint("assignment_pages", __name__)


class TeamRules(Open, schemas.TeamFields):
    """How a team's conversations find their agent; the id is the team's, or ``everyone``."""

    open = fields.Boolean(dump_only=True, metadata={"description": "whether it is open now"})
    waiting = fields.Integer(dump_only=True)


class AgentRoom(Open):
    """What an agent is given."""

    name = fields.String()
    state = fields.String(metadata={"description": "online, away or offline"})
    conversations = fields.Integer(metadata={"description": "open ones now"})
    capacity = fields.Integer(metadata={"description": "at a time; 0: no limit"})
    skills = fields.List(fields.String())
    takes = fields.Boolean(allow_none=True)


class Waiting(Open):
    """A conversation that waits for a person; ``id`` is the conversation's."""

    team = fields.String()
    since = fields.String()
    position = fields.Integer()


class Queue(Page):
    """Which part of a queue."""

    team = fields.String(load_default=None, metadata={"description": "a team's id, or `everyone`"})


@api.route("/teams")
@requires("team.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(TeamRules))
def list_teams(page: Json) -> Json:
    """List the teams that have settings of assignment."""
    found = list_response("assignment_team", page, order=None, newest_first=False)
    return {**found, "items": [_team(each["id"]) for each in found["items"]]}


@api.route("/teams/<id>")
@requires("team.read")
@api.response(200, TeamRules)
def get_team(id: str) -> Json:
    """Get one team's settings; those of a team that has none are the defaults."""
    return _team(id)


@api.route("/teams/<id>", methods=["PATCH"])
@requires("team.write")
@api.arguments(schemas.TeamFields)
@api.response(200, TeamRules)
def change_team(wanted: Json, id: str) -> Json:
    """Change how a team's conversations find their agent; what is left out stays."""
    act([{"type": "assignment.set_team", "data": {"team": id, **wanted}}])
    return _team(id)


@api.route("/agents")
@requires("team.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(AgentRoom))
def list_agents(page: Json) -> Json:
    """List what each agent has and may have."""
    found = list_response("agent", page, order=None, newest_first=False)
    return {**found, "items": read(lambda view: _agents(view, found["items"]))}


@api.route("/agents/<id>", methods=["PATCH"])
@requires("team.write")
@api.arguments(schemas.AgentFields)
@api.response(200, AgentRoom)
def change_agent(wanted: Json, id: str) -> Json:
    """Change how many conversations an agent is given, and of which kinds."""
    act([{"type": "assignment.set_agent", "data": {"agent": id, **wanted}}])
    return read(lambda view: _agents(view, [view.get("agent", id)])[0])


@api.route("/queue")
@requires("conversation.read")
@api.arguments(Queue, location="query")
@api.response(200, page_of(Waiting))
def list_queue(wanted: Json) -> Json:
    """List who waits for a person, in the order in which they are given out."""
    allowed = _teams_seen(current().agent)
    query = where("team") == wanted["team"] if wanted["team"] else None
    if allowed is not None:
        mine = where("team").one_of(allowed)
        query = mine if query is None else query & mine
    found = list_response("assignment_wait", wanted, query=query, order="key", newest_first=False)
    places = read(lambda view: {each["id"]: _position(view, each) for each in found["items"]})
    return {**found, "items": [{**each, "position": places[each["id"]]} for each in found["items"]]}


def _teams_seen(agent: Json) -> list[str] | None:
    """Return the teams whose queues an agent sees; None: all."""
    if agent["role"] in ("admin", "supervisor"):
        return None
    return [schemas.EVERYONE, *(agent.get("teams") or ())]


def _position(view: View, wait: Json) -> int:
    before = (where("team") == wait["team"]) & (where("key") < wait["key"])
    return int(view.db.table("assignment_wait").count(before)) + 1


def _team(id: str) -> Json:
    """Return a team's settings, and how it is now; 404 where there is no such team."""

    def load(view: View) -> Json:
        if id != schemas.EVERYONE:
            view.get("team", id)
        config = choosing.config_of(view.db, id) or {"id": id, **schemas.TEAM_DEFAULTS}
        is_open = choosing.calendar_of(view.db, config).is_open(times.now())
        waiting = view.db.table("assignment_wait").count(where("team") == id)
        return {**config, "id": id, "open": is_open, "waiting": waiting}

    return read(load)


def _agents(view: View, agents: list[Json]) -> list[Json]:
    people = People(view.db, settings_of(view.db))
    return [
        {
            "id": each["id"],
            "name": each["name"],
            "state": presence.of(each),
            "conversations": people.has(each["id"]),
            "capacity": people.capacity(each["id"]),
            "skills": each.get("assignment.skills") or [],
            "takes": each.get("assignment.takes"),
        }
        for each in agents
    ]


def places() -> dict[str, int]:
    """Return conversation → its place in its team's queue, of the first thousand; read once per request."""

    def load(view: View) -> dict[str, int]:
        how = {"order": "key", "newest_first": False, "limit": MOST_PLACES}
        counts: dict[str, int] = {}
        found = {}
        for wait in view.db.table("assignment_wait").page(**how)[0]:
            counts[wait["team"]] = counts.get(wait["team"], 0) + 1
            found[wait["id"]] = counts[wait["team"]]
        return found

    if "assignment_places" not in g:
        g.assignment_places = read(load)
    known: dict[str, int] = g.assignment_places
    return known


@blueprint.app_template_global("assignment_of")
def shown(conversation: Json) -> Json:
    """Return what the pages show of a conversation: ``{place, sla, priority, escalated}``."""
    sla = conversation.get("assignment.sla")
    waits = conversation.get("handler") == "queue" and conversation.get("status") == "open"
    return {
        "place": places().get(conversation["id"]) if waits else None,
        "sla": {**sla, "title": words.sla_title(sla), "left": words.time_left(sla, datetime.now(UTC))}
        if sla
        else None,
        "priority": conversation.get("assignment.priority", schemas.NORMAL),
        "escalated": conversation.get("assignment.escalated")
        if waits or conversation.get("assignee")
        else None,
    }


@blueprint.app_template_global("assignment_team")
def team_shown(id: str | None) -> Json:
    """Return a team's settings (null: of no team) with its strategy in words, for the team page."""
    try:
        found = _team(id or schemas.EVERYONE)
    except NotFound:
        found = {"id": id, **schemas.TEAM_DEFAULTS, "open": True, "waiting": 0}
    return {**found, "words": words.strategy_words()[found["strategy"]][0]}


@blueprint.get("/assignment/places")
@requires("conversation.read")
def places_of() -> Response:
    """Return the places of the conversations ``ids`` in the queue: id → place or null."""
    wanted = [each for each in request.args.get("ids", "").split(",") if each][:100]
    return jsonify({id: places().get(id) for id in wanted})


@blueprint.get("/settings/assignment")
@requires("team.write")
def overview() -> str:
    """Show the teams and what each person is given."""
    return _overview()


def _overview(error: str | None = None, typed: Json | None = None) -> str:
    """Show teams and people; typed: the form that was not right, and as ``agent`` whose it is."""

    def load(view: View) -> Json:
        agents = [{**each, "id": each.doc_id} for each in view.db.table("agent").all()]
        active = [each for each in agents if each.get("active") and each["role"] != "integrator"]
        teams = [{**each, "id": each.doc_id} for each in view.db.table("team").all()]
        return {"people": zip(active, _agents(view, active), strict=True), "teams": teams}

    shown = {"default": read(lambda view: settings_of(view.db)), "typed": typed or {}}
    return settings_page("assignment/overview.html", "assignment", error=error, **shown, **read(load))


@blueprint.post("/settings/assignment/people/<agent>")
@requires("team.write")
def save_agent(agent: str) -> Any:
    """Save what a person is given, from the page."""
    _done, error = attempt([{"type": "assignment.set_agent", "data": forms.agent(agent, request.form)}])
    typed = {**request.form.to_dict(), "agent": agent}
    return _overview(error, typed) if error else back("/settings/assignment", f"person-{agent}", saved="1")


@blueprint.get("/settings/assignment/<team>")
@requires("team.write")
def show_team(team: str) -> str:
    """Show how a team's conversations find their agent, to be changed."""
    return _show_team(team)


def _show_team(team: str, error: str | None = None, wrong: Json | None = None) -> str:
    """Show a team's page; where something was wrong, as it was typed."""

    def load(view: View) -> Json:
        named = view.get("team", team)["name"] if team != schemas.EVERYONE else ""
        accounts = [{**each, "id": each.doc_id} for each in view.db.table("account").all()]
        return {"name": named, "accounts": accounts, "workspace": choosing.workspace_of(view.db)}

    config = _team(team)
    spans = forms.spans(config["hours"])
    if wrong is not None:
        fields, spans = forms.typed(request.form)
        config = {**config, **forms.team(request.form)[0], **fields}
    marks = {field: words.wrong_words(field, text) for field, text in (wrong or {}).items()}
    shown = {"config": config, "spans": spans, "days": words.days(), "wrong": marks}
    kinds = {"strategies": words.strategy_words(), "everyone": team == schemas.EVERYONE}
    return settings_page(
        "assignment/team.html", "assignment", error=error, team=team, **shown, **kinds, **read(load)
    )


@blueprint.post("/settings/assignment/<team>")
@requires("team.write")
def save_team(team: str) -> Any:
    """Save how a team's conversations find their agent, from the page."""
    wanted, wrong = forms.team(request.form)
    if wrong:
        return _show_team(team, _("Nothing was saved: a field is not right yet."), wrong)
    _done, error = attempt([{"type": "assignment.set_team", "data": {"team": team, **wanted}}])
    return _show_team(team, error, {}) if error else back(f"/settings/assignment/{team}", saved="1")
