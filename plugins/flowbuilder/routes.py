"""The REST of flows, their pages, and their place in the inbox."""

from contextlib import suppress
from functools import partial
from typing import Any

from flask import Blueprint, redirect, request
from marshmallow import fields

from engine import where
from web import (
    Conflict,
    Feed,
    NotFound,
    Open,
    Page,
    Slot,
    _,
    act,
    api_blueprint,
    attempt,
    back,
    lazy_gettext,
    list_response,
    may,
    page_of,
    read,
    render,
    requires,
    start_trial,
    trial,
)

from . import backtest, figures, pages, reading, shapes, starters, trying
from .checking import BadFlow
from .words import REASONS, WORDS  # noqa: F401  the pages look for them here

Json = dict[str, Any]
FEED = {
    "flow": Feed(
        ("id", "name", "enabled", "published", "number", "draft_rev", "draft_by", "removed_at"), "flow.read"
    ),
    "flow_session": Feed(("id", "conversation", "flow", "number", "node", "state"), "conversation.read"),
}
NAV = [
    {
        "path": "/flows",
        "icon": "bot",
        "title": lazy_gettext("Bot flows"),
        "key": "flows",
        "permission": "flow.read",
        "order": 30,
    }
]


SLOTS = [
    Slot("panel.section", "flowbuilder/panel.html", pages.in_panel, order=30, permission="flow.read"),
    Slot("list.filter", "flowbuilder/inbox.html", order=200, permission="flow.read"),
]
blueprint = Blueprint("flows_pages", __name__)
api = api_blueprint("flows", "/flows", "Bots made of nodes")


class FlowOut(Open):
    """A flow with its draft; `published` is the version that runs, `number` its number."""

    name = fields.String()
    enabled = fields.Boolean()
    draft = fields.Dict()
    draft_rev = fields.Integer(metadata={"description": "to be given back with a change of the draft"})
    published = fields.String(allow_none=True)
    number = fields.Integer()


class VersionOut(Open):
    """A published version."""

    flow = fields.String()
    number = fields.Integer()
    definition = fields.Dict()
    published_at = fields.String()
    published_by = fields.String(allow_none=True)
    note = fields.String()


@api.route("")
@requires("flow.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(FlowOut))
def list_flows(wanted: Json) -> Json:
    """List the flows by name."""
    return list_response("flow", wanted, query=where("removed_at") == None, order="name", newest_first=False)  # noqa: E711


@api.route("", methods=["POST"])
@requires("flow.write")
@api.arguments(shapes.FlowMade)
@api.response(201, FlowOut)
def make_flow(wanted: Json) -> Json:
    """Make a flow; its draft may be unfinished. 409 where there is one of this name."""
    (done,) = act([{"type": "flowbuilder.save", "data": wanted}])
    return _flow(done["result"]["flow"])


@api.route("/check", methods=["POST"])
@requires("flow.read")
@api.arguments(shapes.FlowMade)
def check_flow(wanted: Json) -> Json:
    """Say what is wrong with a definition: `{"problems": [{node, code, message, level, about}]}`."""
    return {"problems": read(lambda view: trying.problems(wanted["definition"], view.db))}


@api.route("/try", methods=["POST"])
@requires("flow.read")
@api.arguments(shapes.FlowTried)
def try_flow(wanted: Json) -> Json:
    """Chat with a draft: the same function as in production, nothing is sent or stored."""
    try:
        return read(lambda view: trying.step(wanted["definition"], wanted["steps"], _library(view)))
    except BadFlow as error:
        return {"problems": [problem.plain() for problem in error.problems], "talk": [], "error": str(error)}


@api.route("/transcript", methods=["POST"])
@requires("flow.read")
@api.arguments(shapes.FlowTried)
def save_transcript(wanted: Json) -> Json:
    """Return a chat as a test for `replyai flow test`: `{"transcript": {…}, "yaml": text}`."""
    import yaml

    name = str(wanted["definition"].get("name") or "flow")
    file = "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split()) or "flow"
    try:
        found = trying.transcript(wanted["definition"], wanted["steps"], f"{file}.json")
    except BadFlow as error:
        return {"problems": [problem.plain() for problem in error.problems], "error": str(error)}
    text = yaml.safe_dump(found, allow_unicode=True, sort_keys=False, width=100)
    return {"file": f"{file}.yaml", "transcript": found, "yaml": text}


def _library(view: Any) -> Any:
    return lambda name: reading.published(view.db, name)


@api.route("/<id>")
@requires("flow.read")
@api.response(200, FlowOut)
def get_flow(id: str) -> Json:
    """Get one flow."""
    return _flow(id)


def _flow(id: str) -> Json:
    found = read(lambda view: view.get("flow", id))
    if found.get("removed_at"):
        raise NotFound(f"no flow {id}")
    return found


@api.route("/<id>", methods=["PATCH"])
@requires("flow.write")
@api.arguments(shapes.FlowChanged)
@api.response(200, FlowOut)
def change_flow(wanted: Json, id: str) -> Json:
    """Save the draft, or switch the flow on or off. 409 where somebody else has saved since `rev`."""
    _flow(id)
    actions = []
    if "definition" in wanted:
        draft = {"flow": id, "definition": wanted["definition"], "rev": wanted.get("rev")}
        actions.append({"type": "flowbuilder.save", "data": draft})
    if "enabled" in wanted:
        actions.append({"type": "flowbuilder.switch", "data": {"flow": id, "enabled": wanted["enabled"]}})
    if actions:
        act(actions)
    return _flow(id)


@api.route("/<id>", methods=["DELETE"])
@requires("flow.write")
@api.response(204)
def remove_flow(id: str) -> None:
    """Take a flow away; sessions that run finish."""
    _flow(id)
    act([{"type": "flowbuilder.remove", "data": {"flow": id}}])


@api.route("/<id>/publish", methods=["POST"])
@requires("flow.write")
@api.arguments(shapes.FlowPublished)
@api.response(201, VersionOut)
def publish_flow(wanted: Json, id: str) -> Json:
    """Make the draft the version that runs; 409 with the errors where it has some."""
    _flow(id)
    (done,) = act([{"type": "flowbuilder.publish", "data": {"flow": id, **wanted}}])
    return _version(id, done["result"]["number"])


@api.route("/<id>/versions")
@requires("flow.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(VersionOut))
def list_versions(wanted: Json, id: str) -> Json:
    """List the versions of a flow, the newest first."""
    _flow(id)
    return list_response("flow_version", wanted, query=where("flow") == id, order="number")


@api.route("/<id>/versions/<int:number>")
@requires("flow.read")
@api.response(200, VersionOut)
def get_version(id: str, number: int) -> Json:
    """Get one version."""
    return _version(id, number)


def _version(id: str, number: int) -> Json:
    query = (where("flow") == id) & (where("number") == number)
    items, _ = read(lambda view: view.page("flow_version", query, order="number", limit=1))
    if not items:
        raise NotFound(f"no version {number} of this flow")
    return dict(items[0])


@api.route("/<id>/versions/<int:number>/publish", methods=["POST"])
@requires("flow.write")
@api.response(201, VersionOut)
def roll_back(id: str, number: int) -> Json:
    """Publish an earlier version again, as a new one."""
    _version(id, number)
    (done,) = act([{"type": "flowbuilder.roll_back", "data": {"flow": id, "number": number}}])
    return _version(id, done["result"]["number"])


@api.route("/<id>/figures")
@requires("flow.read")
@api.arguments(shapes.FlowVersionOf, location="query")
def get_figures(wanted: Json, id: str) -> Json:
    """Get how a version does: started, how it ended, and per node visits, answers, misses, time, drop-off."""
    version = _wanted(id, wanted)
    return {"number": version["number"], **read(lambda view: figures.of_version(view.db, version["id"]))}


@api.route("/<id>/misses")
@requires("flow.read")
@api.arguments(shapes.FlowNodeOf, location="query")
def get_misses(wanted: Json, id: str) -> Json:
    """Get what was not understood at a node, grouped, the most frequent first."""
    version = _wanted(id, wanted)
    found = read(lambda view: figures.misses(view.db, version["id"], wanted["node"], partial(_sees, view)))
    return {"items": found, "next": None}


def _sees(view: Any, conversation: str) -> bool:
    """Whether a conversation is there and this agent may see it."""
    with suppress(NotFound):
        view.conversation(conversation)
        return True
    return False


def _wanted(id: str, wanted: Json) -> Json:
    flow = _flow(id)
    number = wanted.get("number") or flow["number"]
    if not number:
        raise NotFound("this flow was never published")
    return _version(id, number)


@api.route("/<id>/backtests", methods=["POST"])
@requires("flow.write")
@api.arguments(shapes.FlowBackTest)
@api.response(202, shapes.BackTest)
def begin_backtest(wanted: Json, id: str) -> Json:
    """Try a draft on the days that were, by replay; nothing is sent or written. 409 where it has errors."""
    _flow(id)
    try:
        put = read(lambda view: backtest.documents_of(view.db, wanted["definition"], id))
    except BadFlow as error:
        raise Conflict(str(error), code="errors") from None
    return {"id": start_trial(put, wanted["days"]), "state": "running", "done": 0, "all": 0}


@api.route("/<id>/backtests/<test>")
@requires("flow.write")
@api.response(200, shapes.BackTest)
def get_backtest(id: str, test: str) -> Json:
    """Tell how a back-test is and, when it is done, what the draft would have done, per node and run."""
    _flow(id)
    state = trial(test)
    report = state.pop("report")
    found = backtest.found_in(report) if report else None
    return {**state, "id": test, "found": found and {**found, "conversations": _visible(found)}}


def _visible(found: Json) -> list[Json]:
    """Return the runs in conversations that are there and that this agent may see."""

    def look(view: Any) -> list[Json]:
        return [run for run in found["conversations"] if _sees(view, run["conversation"])]

    return read(look)


@blueprint.get("/flows")
@requires("flow.read")
def flows_page() -> str:
    """Show the flows, how they do, and the ready-made ones to begin with."""
    return _list()


def _list(error: str | None = None) -> str:
    flows = read(pages.listed)
    return render("flowbuilder/list.html", active="flows", flows=flows, starters=_starters(), error=error)


def _starters() -> list[Json]:
    blank = {"key": "", "icon": "plus", "name": _("Empty canvas"), "about": _("Begin with nothing.")}
    return [blank, *starters.described(_language())]


def _language() -> str:
    from flask_babel import get_locale

    return "id" if str(get_locale()).startswith("id") else "en"


@blueprint.post("/flows")
@requires("flow.write")
def new_flow() -> Any:
    """Make a flow of a file, of a ready-made one, or an empty one, and open it."""
    file = request.files.get("file")
    definition = (
        starters.of_file(file.read())
        if file
        else starters.definition(request.form.get("starter", ""), _language())
    )
    if definition is None:
        return _list(_("This file is no flow."))
    names = {flow["name"] for flow in read(pages.listed)}
    named = {**definition, "name": starters.free_name(definition["name"], names)}
    done, error = attempt([{"type": "flowbuilder.save", "data": {"definition": named}}])
    return _list(error) if error else redirect(f"{request.script_root}/flows/{done[0]['result']['flow']}")


@blueprint.post("/flows/<id>/switch")
@requires("flow.write")
def switch_flow(id: str) -> Any:
    """Switch a flow on or off from the page."""
    data = {"flow": id, "enabled": bool(request.form.get("enabled"))}
    _done, error = attempt([{"type": "flowbuilder.switch", "data": data}])
    return _list(error) if error else back("/flows")


@blueprint.post("/flows/<id>/remove")
@requires("flow.write")
def remove_from_page(id: str) -> Any:
    """Take a flow away from the page."""
    _done, error = attempt([{"type": "flowbuilder.remove", "data": {"flow": id}}])
    return _list(error) if error else back("/flows")


@blueprint.get("/flows/<id>")
@requires("flow.read")
def editor(id: str) -> str:
    """Show the canvas of a flow."""
    flow = _flow(id)
    data = {
        "flow": flow,
        "words": pages.words(_language()),
        "may": {"write": may("flow.write")},
        **read(pages.known),
    }
    return render("flowbuilder/editor.html", active="flows", flow=flow, data=data)
