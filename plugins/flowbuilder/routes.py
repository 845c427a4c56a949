"""The REST of flows."""

from typing import Any

from marshmallow import Schema, fields, validate

from engine import where
from web import NotFound, Open, Page, act, api_blueprint, list_response, page_of, read, requires

from . import figures, reading, trying
from .checking import BadFlow

Json = dict[str, Any]
FEED = {
    "flow": ("id", "name", "enabled", "published", "number", "draft_rev", "draft_by", "removed_at"),
    "flow_session": ("id", "conversation", "flow", "number", "node", "state"),
}

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


class FlowMade(Schema):
    """A new flow."""

    definition = fields.Dict(required=True)


class FlowChanged(Schema):
    """What may be changed; what is left out stays."""

    definition = fields.Dict()
    rev = fields.Integer(
        metadata={"description": "the draft that this was made from; 409 if it is not the last"}
    )
    enabled = fields.Boolean()


class FlowPublished(Schema):
    """What is new in a version, for people."""

    note = fields.String(load_default="", validate=validate.Length(max=500))


class FlowTried(Schema):
    """A draft and the steps of a chat with it."""

    definition = fields.Dict(required=True)
    steps = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=trying.STEPS))


class FlowVersionOf(Schema):
    """Which version's figures; by default the one that runs."""

    number = fields.Integer()


class FlowNodeOf(FlowVersionOf):
    """Which node's."""

    node = fields.String(required=True)


@api.route("")
@requires("flow.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(FlowOut))
def list_flows(wanted: Json) -> Json:
    """List the flows by name."""
    return list_response("flow", wanted, query=where("removed_at") == None, order="name", newest_first=False)  # noqa: E711


@api.route("", methods=["POST"])
@requires("flow.write")
@api.arguments(FlowMade)
@api.response(201, FlowOut)
def make_flow(wanted: Json) -> Json:
    """Make a flow; its draft may be unfinished. 409 where there is one of this name."""
    (done,) = act([{"type": "flowbuilder.save", "data": wanted}])
    return _flow(done["result"]["flow"])


@api.route("/check", methods=["POST"])
@requires("flow.read")
@api.arguments(FlowMade)
def check_flow(wanted: Json) -> Json:
    """Say what is wrong with a definition: `{"problems": [{node, code, message, level, about}]}`."""
    return {"problems": trying.problems(wanted["definition"])}


@api.route("/try", methods=["POST"])
@requires("flow.read")
@api.arguments(FlowTried)
def try_flow(wanted: Json) -> Json:
    """Chat with a draft: the same function as in production, nothing is sent or stored."""
    try:
        return read(lambda view: trying.step(wanted["definition"], wanted["steps"], _library(view)))
    except BadFlow as error:
        return {"problems": [problem.plain() for problem in error.problems], "talk": [], "error": str(error)}


@api.route("/transcript", methods=["POST"])
@requires("flow.read")
@api.arguments(FlowTried)
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
@api.arguments(FlowChanged)
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
@api.arguments(FlowPublished)
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
@api.arguments(FlowVersionOf, location="query")
def get_figures(wanted: Json, id: str) -> Json:
    """Get how a version does: started, how it ended, and per node visits, answers, misses, time, drop-off."""
    version = _wanted(id, wanted)
    return {"number": version["number"], **read(lambda view: figures.of_version(view.db, version["id"]))}


@api.route("/<id>/misses")
@requires("flow.read")
@api.arguments(FlowNodeOf, location="query")
def get_misses(wanted: Json, id: str) -> Json:
    """Get what was not understood at a node, grouped, the most frequent first."""
    version = _wanted(id, wanted)
    return {"items": read(lambda view: figures.misses(view.db, version["id"], wanted["node"])), "next": None}


def _wanted(id: str, wanted: Json) -> Json:
    flow = _flow(id)
    number = wanted.get("number") or flow["number"]
    if not number:
        raise NotFound("this flow was never published")
    return _version(id, number)
