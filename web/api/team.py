"""Agents and teams."""

from typing import Any

from marshmallow import Schema, fields, validate

from engine.presence import CHOICES, STATES
from engine.presence import of as state_of
from engine.schemas import LANGUAGES, ROLES, THEMES

from .. import links
from ..actions import act
from ..engine_link import read
from ..errors import Conflict
from ..permissions import demand, requires
from ..sessions import current, end_all
from .common import Open, Page, api_blueprint, list_response, page_of

blueprint = api_blueprint("team", "", "Who works here")

NAME = validate.Length(min=1, max=100)


class Agent(Open):
    """A person of the team."""

    name = fields.String()
    email = fields.String(allow_none=True)
    role = fields.String()
    teams = fields.List(fields.String())
    active = fields.Boolean()
    presence = fields.String(
        validate=validate.OneOf(STATES), metadata={"description": "what the open pages tell"}
    )
    presence_at = fields.String(allow_none=True)
    available = fields.String(
        validate=validate.OneOf(CHOICES), metadata={"description": "the agent's own word"}
    )
    available_until = fields.String(allow_none=True)
    state = fields.String(
        dump_only=True, metadata={"description": "online, away or offline: what the two above come to"}
    )
    link = fields.String(metadata={"description": "the invitation, once; it is shown never again"})


class Invite(Schema):
    """A new person."""

    name = fields.String(required=True, validate=NAME)
    email = fields.Email(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    teams = fields.List(fields.String())


class AgentChange(Schema):
    """What may be changed of a person."""

    name = fields.String(validate=NAME)
    role = fields.String(validate=validate.OneOf(ROLES))
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    theme = fields.String(validate=validate.OneOf(THEMES))
    teams = fields.List(fields.String())
    active = fields.Boolean()
    available = fields.String(
        validate=validate.OneOf(CHOICES),
        metadata={"description": "`auto` as the pages tell, `available` with none open too, `away`"},
    )
    available_until = fields.String(
        allow_none=True, metadata={"description": "RFC 3339; then it is `auto` again"}
    )


class Team(Open):
    """Agents who share a queue."""

    name = fields.String(required=True, validate=NAME)


class TeamName(Schema):
    """A team's name."""

    name = fields.String(required=True, validate=NAME)


class Link(Schema):
    """A one-time link to set a password."""

    link = fields.String()


def _agent(id: str) -> dict[str, Any]:
    return _shown(read(lambda view: view.get("agent", id)))


def _shown(agent: dict[str, Any]) -> dict[str, Any]:
    return {**agent, "state": state_of(agent)}


@blueprint.route("/agents")
@requires("team.read")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, page_of(Agent))
def list_agents(page: dict[str, Any]) -> dict[str, Any]:
    """List the people of the team."""
    return list_response("agent", page, order=None, newest_first=False, shape=_shown)


@blueprint.route("/agents", methods=["POST"])
@requires("team.write")
@blueprint.arguments(Invite)
@blueprint.response(201, Agent)
def invite(wanted: dict[str, Any]) -> dict[str, Any]:
    """Invite a person; the answer has the one-time link to give them."""
    done = act([{"type": "agent.invite", "data": wanted}])[0]["result"]
    return {**_agent(done["agent"]), "link": done["link"]}


@blueprint.route("/agents/<id>")
@requires("team.read")
@blueprint.response(200, Agent)
def get_agent(id: str) -> dict[str, Any]:
    """Get one person."""
    return _agent(id)


@blueprint.route("/agents/<id>", methods=["PATCH"])
@requires()
@blueprint.arguments(AgentChange)
@blueprint.response(200, Agent)
def change_agent(wanted: dict[str, Any], id: str) -> dict[str, Any]:
    """Change a person; everyone may change their own name, language and theme, and be available or away."""
    active, available = wanted.pop("active", None), wanted.pop("available", None)
    until = wanted.pop("available_until", None)
    actions = [{"type": "agent.update", "data": {"agent": id, **wanted}}] if wanted else []
    if active is not None:
        verb = "activate" if active else "deactivate"
        actions.append({"type": f"agent.{verb}", "data": {"agent": id}})
    if available is not None:
        data = {"agent": id, "available": available, "until": until}
        actions.append({"type": "agent.availability", "data": data})
    if actions:
        act(actions)
    return _agent(id) if actions or current().agent["role"] != "agent" else current().agent


@blueprint.route("/agents/<id>/link", methods=["POST"])
@requires("team.write")
@blueprint.response(201, Link)
def make_link(id: str) -> dict[str, Any]:
    """Make a new one-time link for a person to set a password."""
    if not _agent(id).get("active"):
        raise Conflict("This person is switched off.")
    return {"link": links.make(current().workspace, "invite", id)}


@blueprint.route("/agents/<id>/sessions", methods=["DELETE"])
@requires()
@blueprint.response(204)
def end_sessions(id: str) -> None:
    """Sign a person out everywhere; everyone may do that for themselves."""
    if id != current().agent["id"]:
        demand("team.write")
        _agent(id)
    end_all(current().workspace, id)


@blueprint.route("/teams")
@requires("team.read")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, page_of(Team))
def list_teams(page: dict[str, Any]) -> dict[str, Any]:
    """List the teams."""
    return list_response("team", page, newest_first=False)


@blueprint.route("/teams", methods=["POST"])
@requires("team.write")
@blueprint.arguments(TeamName)
@blueprint.response(201, Team)
def create_team(wanted: dict[str, Any]) -> dict[str, Any]:
    """Make a team."""
    done = act([{"type": "team.create", "data": wanted}])[0]["result"]
    return read(lambda view: view.get("team", done["team"]))


@blueprint.route("/teams/<id>", methods=["PATCH"])
@requires("team.write")
@blueprint.arguments(TeamName)
@blueprint.response(200, Team)
def rename_team(wanted: dict[str, Any], id: str) -> dict[str, Any]:
    """Rename a team."""
    act([{"type": "team.update", "data": {"team": id, **wanted}}])
    return read(lambda view: view.get("team", id))
