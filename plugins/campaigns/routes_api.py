"""The REST of campaigns."""

from typing import Any

from flask import request
from marshmallow import Schema, fields, validate

from engine import times
from web import (
    Invalid,
    Open,
    Page,
    View,
    act,
    api_blueprint,
    cursor_errors,
    list_response,
    page_of,
    read,
    requires,
)

from . import routes_audience as audience
from . import routes_look as look
from . import schemas

Json = dict[str, Any]
api = api_blueprint("campaigns", "/campaigns", "Broadcasts: planned, started, paused, counted")


class CampaignText(Schema):
    """One of a campaign's texts."""

    id = fields.String(metadata={"description": "a, b, c or d"})
    text = fields.String(metadata={"description": "with {{field|default}} and [[one|another]]"})
    weight = fields.Integer()


class Campaign(Open):
    """One text, or several, to many."""

    name = fields.String()
    account = fields.String()
    segment = fields.String(allow_none=True)
    file = fields.String(allow_none=True)
    texts = fields.List(fields.Nested(CampaignText))
    state = fields.String(metadata={"description": ", ".join(schemas.STATES)})
    strangers = fields.Boolean(metadata={"description": "whether those who never wrote get it too"})
    making = fields.Dict(allow_none=True, metadata={"description": "null: the audience is ready"})
    total = fields.Integer(metadata={"description": "how many are to get it"})
    figures = fields.Dict(
        metadata={
            "description": "waiting, queued, sent, delivered, read, replied, failed, unconfirmed, cancelled, "
            "opted_out, stranger, agreed, missing, left_out; sent has those delivered, delivered those read"
        }
    )
    missing = fields.Dict(metadata={"description": "field → how many lack it"})
    left_out = fields.Dict(metadata={"description": "reason → how many"})
    variants = fields.Dict(metadata={"description": "text → state → how many"})
    start_at = fields.String(allow_none=True)
    started_at = fields.String(allow_none=True)
    ended_at = fields.String(allow_none=True)
    created_at = fields.String()


class CampaignRecipient(Open):
    """Somebody whom a campaign is for."""

    n = fields.Integer()
    contact = fields.String()
    name = fields.String()
    phone = fields.String(allow_none=True)
    variant = fields.String()
    state = fields.String()
    reason = fields.String(allow_none=True)
    missing = fields.List(fields.String())
    text = fields.String(metadata={"description": "what they are, or were, told"})
    trouble = fields.String(metadata={"description": "why it failed, in words"})
    conversation = fields.String(allow_none=True)
    replied_at = fields.String(allow_none=True)


class CampaignRecipientPage(Page):
    """Which part of the recipients."""

    state = fields.String(load_default=None)


class CampaignMake(Schema):
    """A draft."""

    name = fields.String(required=True, validate=schemas.NAME)
    account = fields.String(required=True)
    segment = fields.String(load_default=None, allow_none=True)
    texts = fields.List(fields.Nested(schemas.TextPut), required=True, validate=schemas.TEXTS)


class CampaignPatch(Schema):
    """What may change of a draft."""

    name = fields.String(validate=schemas.NAME)
    account = fields.String()
    segment = fields.String()
    texts = fields.List(fields.Nested(schemas.TextPut), validate=schemas.TEXTS)
    strangers = fields.Boolean()


class CampaignTime(Schema):
    """When it is to begin."""

    at = fields.String(required=True, metadata={"description": "RFC 3339"})


class CampaignPlanAsked(Schema):
    """For which beginning."""

    at = fields.String(load_default=None, metadata={"description": "RFC 3339; default: as planned, or now"})
    every = fields.Boolean(load_default=False, metadata={"description": "whether to list every time"})


class CampaignPlan(Schema):
    """When messages would leave."""

    at = fields.String()
    planned = fields.Integer()
    first = fields.String(allow_none=True)
    last = fields.String(allow_none=True)
    never = fields.Integer(metadata={"description": "how many would not leave within a year"})
    times = fields.List(fields.String(allow_none=True))
    preset = fields.String()
    day_limit = fields.Integer()
    new_limit = fields.Integer()
    others = fields.Integer(
        metadata={"description": "other campaigns of the number that leave meanwhile; the times include them"}
    )


class CampaignRows(Schema):
    """People to add."""

    rows = fields.List(
        fields.Nested(schemas.CampaignRow), required=True, validate=validate.Length(1, schemas.MOST_ROWS)
    )
    first = fields.Boolean(load_default=False, metadata={"description": "whether they replace the audience"})


class CampaignRowsAdded(Schema):
    """What came of them."""

    again = fields.Integer()
    size = fields.Integer()


class CampaignFile(Schema):
    """What a file held."""

    rows = fields.Integer()
    again = fields.Integer(metadata={"description": "rows of people who stand there already"})
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields")
    bad_count = fields.Integer()
    bad = fields.List(fields.Dict(), metadata={"description": "the first 100: line, value"})


def _get(id: str) -> Json:
    return look.shaped(read(lambda view: view.get("campaign", id)))


def _ask(verb: str, id: str, **data: Any) -> Json:
    read(lambda view: view.get("campaign", id))
    act([{"type": f"campaigns.{verb}", "data": {"campaign": id, **data}}])
    return _get(id)


@api.route("")
@requires("campaign.read")
@api.arguments(Page, location="query")
@api.response(200, page_of(Campaign))
def list_campaigns(wanted: Json) -> Json:
    """List the campaigns, the latest first."""
    return list_response("campaign", wanted, order="created_at", shape=look.shaped)


@api.route("", methods=["POST"])
@requires("campaign.write")
@api.arguments(CampaignMake)
@api.response(201, Campaign)
def make_campaign(wanted: Json) -> Json:
    """Begin a draft; without a segment, add rows or upload a file next."""
    (done,) = act([{"type": "campaigns.create", "data": wanted}])
    return _get(done["result"]["campaign"])


@api.route("/<id>")
@requires("campaign.read")
@api.response(200, Campaign)
def get_campaign(id: str) -> Json:
    """Get one campaign with its counts."""
    return _get(id)


@api.route("/<id>", methods=["PATCH"])
@requires("campaign.write")
@api.arguments(CampaignPatch)
@api.response(200, Campaign)
def change_campaign(wanted: Json, id: str) -> Json:
    """Change a draft."""
    return _ask("change", id, **wanted) if wanted else _get(id)


@api.route("/<id>", methods=["DELETE"])
@requires("campaign.write")
@api.response(204)
def remove_campaign(id: str) -> None:
    """Throw a draft away."""
    read(lambda view: view.get("campaign", id))
    act([{"type": "campaigns.remove", "data": {"campaign": id}}])


@api.route("/<id>/rows", methods=["POST"])
@requires("campaign.write")
@api.arguments(CampaignRows)
@api.response(200, CampaignRowsAdded)
def add_rows(wanted: Json, id: str) -> Json:
    """Add up to 500 people to a draft; who is no contact becomes one."""
    read(lambda view: view.get("campaign", id))
    (done,) = act([{"type": "campaigns.add_rows", "data": {"campaign": id, **wanted}}])
    return dict(done["result"])


@api.route("/<id>/file", methods=["POST"])
@requires("campaign.write")
@api.doc(
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            }
        },
    }
)
@api.response(200, CampaignFile)
def upload(id: str) -> Json:
    """Make the people of a CSV file (multipart field ``file``, 10 MB, 20,000 rows) the audience."""
    file = request.files.get("file")
    if file is None:
        raise Invalid("Choose a file.", {"file": ["Missing data for required field."]})
    read(lambda view: view.get("campaign", id))
    return audience.add(id, file.stream.read(audience.MOST_BYTES + 1), file.filename or "")


@api.route("/<id>/make", methods=["POST"])
@requires("campaign.write")
@api.response(202, Campaign)
def make_audience(id: str) -> Json:
    """Look again at who belongs to the audience; it is ready when ``making`` is null."""
    return _ask("make", id)


@api.route("/<id>/recipients")
@requires("campaign.write")
@api.arguments(CampaignRecipientPage, location="query")
@api.response(200, page_of(CampaignRecipient))
def list_recipients(wanted: Json, id: str) -> Json:
    """List who gets it and what each is, or was, told."""

    def find(view: View) -> Json:
        found = view.get("campaign", id)
        items, following = look.recipients(view, found, wanted["state"], wanted["cursor"], wanted["limit"])
        return {"items": items, "next": following}

    with cursor_errors():
        return read(find)


@api.route("/<id>/preview")
@requires("campaign.read")
@api.arguments(CampaignPlanAsked, location="query")
@api.response(200, CampaignPlan)
def preview(wanted: Json, id: str) -> Json:
    """Tell when each message would leave, at the pace of the number."""
    try:
        at = times.format(times.parse(wanted["at"])) if wanted["at"] else None
    except (ValueError, OverflowError) as error:
        raise Invalid("Something is missing or wrong.", {"at": [str(error)]}) from None
    told = read(lambda view: look.schedule(view, view.get("campaign", id), at), heavy=True)
    leaving = sorted(each for each in told["times"] if each)
    ends = {"first": leaving[0] if leaving else None, "last": leaving[-1] if leaving else None}
    shown = {**told, **ends, "never": len(told["times"]) - len(leaving)}
    return shown if wanted["every"] else {key: value for key, value in shown.items() if key != "times"}


@api.route("/<id>/schedule", methods=["POST"])
@requires("campaign.write")
@api.arguments(CampaignTime)
@api.response(200, Campaign)
def schedule_campaign(wanted: Json, id: str) -> Json:
    """Have it begin at a time."""
    return _ask("schedule", id, at=wanted["at"])


@api.route("/<id>/schedule", methods=["DELETE"])
@requires("campaign.write")
@api.response(200, Campaign)
def unschedule_campaign(id: str) -> Json:
    """Make it a draft again."""
    return _ask("unschedule", id)


@api.route("/<id>/start", methods=["POST"])
@requires("campaign.write")
@api.response(200, Campaign)
def start_campaign(id: str) -> Json:
    """Begin now."""
    return _ask("start", id)


@api.route("/<id>/pause", methods=["POST"])
@requires("campaign.write")
@api.response(200, Campaign)
def pause_campaign(id: str) -> Json:
    """Hold all that has not left."""
    return _ask("pause", id)


@api.route("/<id>/resume", methods=["POST"])
@requires("campaign.write")
@api.response(200, Campaign)
def resume_campaign(id: str) -> Json:
    """Go on where it was paused."""
    return _ask("resume", id)


@api.route("/<id>/stop", methods=["POST"])
@requires("campaign.write")
@api.response(200, Campaign)
def stop_campaign(id: str) -> Json:
    """End it; what waits is taken back."""
    return _ask("stop", id)
