"""Settings → team: who works here, in which role; invitations; teams."""

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import credentials

from .. import View, links, read, requires
from ..parts import parts
from ..sessions import current
from .inbox_query import Data, plain
from .settings import attempt, back, page

blueprint = Blueprint("team_pages", __name__)


def role_words() -> dict[str, tuple[str, str]]:
    """Return each role's name and what it may do."""
    return {
        "agent": (_("Agent"), _("answers the conversations of their teams")),
        "supervisor": (_("Supervisor"), _("sees every conversation, manages labels")),
        "admin": (_("Admin"), _("may do everything")),
        "integrator": (_("Integrator"), _("numbers, plugins and tokens; no conversations")),
    }


def _show(
    error: str | None = None, link: str | None = None, invited: str = "", wanted: Data | None = None
) -> str:
    """Return the page; *link*: one to show, for *invited*; *wanted*: an invitation that was refused."""

    def load(view: View) -> Data:
        agents = [plain(agent) for agent in view.db.table("agent").all()]
        joined = {row["agent"] for row in credentials.of_kind(view.connection, "password")}
        teams = [plain(team) for team in view.db.table("team").all()]
        return {"agents": agents, "joined": joined, "teams": teams}

    found = read(load)
    order = {True: 0, False: 1}
    found["agents"].sort(key=lambda agent: (order[bool(agent.get("active"))], agent["name"].casefold()))
    whole = f"{parts().config.address}{link}" if link and not link.startswith("http") else link
    return page(
        "settings/team.html", "team", roles=role_words(), error=error, link=whole, invited=invited,
        wanted=wanted or {}, **found,
    )  # fmt: skip


@blueprint.get("/settings/team")
@requires("team.read")
def team() -> str:
    """Show the people."""
    return _show()


@blueprint.post("/settings/team/invite")
@requires("team.write")
def invite() -> str:
    """Invite a person: the link is shown, to be handed over."""
    wanted = {key: request.form.get(key, "").strip() for key in ("name", "email", "role")}
    wanted["language"] = current().agent.get("language") or "id"
    results, error = attempt([{"type": "agent.invite", "data": wanted}])
    link = results[0]["result"].get("link") if results else None
    return _show(error, link, wanted["name"], wanted if error else None)


@blueprint.post("/settings/team/<agent>/link")
@requires("team.write")
def link(agent: str) -> str:
    """Make a new link for a person who has lost theirs."""
    found = read(lambda view: view.get("agent", agent))
    return _show(None, links.make(current().workspace, "invite", agent), found["name"])


@blueprint.post("/settings/team/<agent>")
@requires("team.write")
def save(agent: str) -> Response | str:
    """Change a person's role or teams, or switch them off and on."""
    form, change = request.form, request.form.get("do", "update")
    if change in ("deactivate", "activate"):
        action = {"type": f"agent.{change}", "data": {"agent": agent}}
    else:
        action = {"type": "agent.update", "data": {"agent": agent, "role": form.get("role", "")}}
    _done, error = attempt([action])
    return _show(error) if error else back("/settings/team", f"person-{agent}", saved="1")


@blueprint.post("/settings/teams")
@requires("team.write")
def make_team() -> Response | str:
    """Make a team."""
    _done, error = attempt([{"type": "team.create", "data": {"name": request.form.get("name", "").strip()}}])
    return _show(error) if error else back("/settings/team", saved="1")


@blueprint.post("/settings/teams/<team>")
@requires("team.write")
def rename_team(team: str) -> Response | str:
    """Rename a team."""
    data = {"team": team, "name": request.form.get("name", "").strip()}
    _done, error = attempt([{"type": "team.update", "data": data}])
    return _show(error) if error else back("/settings/team", f"team-{team}", saved="1")


@blueprint.post("/settings/team/<agent>/teams")
@requires("team.write")
def save_teams(agent: str) -> Response | str:
    """Put a person into teams."""
    action = {"type": "agent.update", "data": {"agent": agent, "teams": request.form.getlist("teams")}}
    _done, error = attempt([action])
    return _show(error) if error else back("/settings/team", f"teams-{agent}", saved="1")
