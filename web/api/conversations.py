"""Conversations: lists with filters, one, and what can be done with it."""

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from engine import Query, conditions, where
from engine.schemas import HANDLERS, STATUSES

from ..actions import act, act_each
from ..engine_link import View, both, read
from ..errors import Invalid, NotFound
from ..filters import condition_of
from ..permissions import requires
from ..search import contacts_like
from ..sessions import current
from ..visibility import visible_in
from .common import Open, Page, api_blueprint, cursor_errors, page_of

blueprint = api_blueprint("conversations", "/conversations", "One per account and chat")


MOST_AT_ONCE = 500


class Conversation(Open):
    """One per account and chat, for good."""

    account = fields.String()
    contact = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    handler = fields.String(validate=validate.OneOf(HANDLERS))
    assignee = fields.String(allow_none=True)
    team = fields.String(allow_none=True)
    labels = fields.List(fields.String())
    unread = fields.Integer()
    last_message_at = fields.String(allow_none=True)
    last_message = fields.Dict(allow_none=True)
    created_at = fields.String()


class Filters(Page):
    """Which conversations."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    handler = fields.String(validate=validate.OneOf(HANDLERS))
    assignee = fields.String(metadata={"description": "an agent's id, `me` or `none`"})
    team = fields.String(metadata={"description": "a team's id, or `none`"})
    label = fields.String(metadata={"x-plugin": "labels"})
    where = fields.String(
        metadata={
            "description": 'a condition as JSON: `{"field": …, "op": …, "value": …}`, '
            'joined by `{"all": […]}`, `{"any": […]}` and `{"not": …}`; '
            f"operators are {', '.join(conditions.OPERATORS)}"
        }
    )
    unread = fields.Boolean()
    account = fields.String()
    q = fields.String(
        validate=validate.Length(max=100),
        metadata={"description": "words or a part of a name, or of a number"},
    )


class Act(Schema):
    """An action on the conversation: its type (`take` stands for `conversation.take`) and data."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True)
    data = fields.Dict(load_default=dict)
    client_id = fields.String(load_default=None, validate=validate.Length(max=200))


class ActOnMany(Act):
    """One action on many conversations."""

    conversations = fields.List(fields.String(), required=True, validate=validate.Length(1, MOST_AT_ONCE))


class DoneWithOne(Schema):
    """What came of an action on one of many conversations."""

    conversation = fields.String()
    status = fields.String(metadata={"description": "done, refused or failed"})
    reason = fields.String(allow_none=True)
    result = fields.Dict(allow_none=True)


class DoneWithMany(Schema):
    """What came of each, in the order of the request."""

    items = fields.List(fields.Nested(DoneWithOne))


class Done(Schema):
    """What the action did."""

    result = fields.Dict()
    conversation = fields.Nested(Conversation, allow_none=True)


@blueprint.route("")
@requires("conversation.read")
@blueprint.arguments(Filters, location="query")
@blueprint.response(200, page_of(Conversation))
def list_conversations(wanted: dict[str, Any]) -> dict[str, Any]:
    """List conversations, the latest message first."""
    me = current().agent

    def find(view: View) -> dict[str, Any]:
        query = both(visible_in(view), filtered(wanted, me, view))
        items, following = view.page("conversation", query, after=wanted["cursor"], limit=wanted["limit"])
        return {"items": items, "next": following}

    with cursor_errors():
        return read(find, heavy="q" in wanted)


def filtered(wanted: dict[str, Any], agent: dict[str, Any], view: View) -> Query | None:
    """Return the query that *wanted* filters stand for, or None where there are none."""
    query: Query | None = None
    for field in ("status", "handler", "account"):
        if wanted.get(field):
            query = both(query, where(field) == wanted[field])
    for field in ("assignee", "team"):
        if wanted.get(field):
            value = {"none": None, "me": agent["id"]}.get(wanted[field], wanted[field])
            query = both(query, where(field) == value)
    if wanted.get("label") and "labels" not in view.hidden:
        query = both(query, where("labels").any([wanted["label"]]))
    query = both(query, _condition(wanted.get("where", ""), view))
    if wanted.get("unread") is not None:
        query = both(query, where("unread") > 0 if wanted["unread"] else where("unread") == 0)
    if wanted.get("q"):
        query = both(query, where("contact").one_of(contacts_like(view, wanted["q"])))
    return query


def _condition(text: str, view: View) -> Query | None:
    try:
        found = condition_of(text, "labels" not in view.hidden)
        return conditions.query(found) if found else None
    except ValueError as error:
        raise Invalid("Something is missing or wrong.", {"where": [str(error)]}) from error


@blueprint.route("/<id>")
@requires("conversation.read")
@blueprint.response(200, Conversation)
def get_conversation(id: str) -> dict[str, Any]:
    """Get one conversation."""
    return read(lambda view: view.conversation(id))


@blueprint.route("/<id>/actions", methods=["POST"])
@requires("conversation.write")
@blueprint.arguments(Act)
@blueprint.response(200, Done)
def act_on(wanted: dict[str, Any], id: str) -> dict[str, Any]:
    """Do something with a conversation: take, assign, resolve, reopen, snooze, mark_unread, read, …"""
    type = wanted.pop("type")
    client_id, data = wanted.pop("client_id"), wanted.pop("data")
    type = type if "." in type else f"conversation.{type}"
    done = act([{"type": type, "data": {**wanted, **data, "conversation": id}}], client_id)[0]
    return {"result": done, "conversation": read(lambda view: _still(view, id))}


@blueprint.route("/actions", methods=["POST"])
@requires("conversation.write")
@blueprint.arguments(ActOnMany)
@blueprint.response(200, DoneWithMany)
def act_on_many(wanted: dict[str, Any]) -> dict[str, Any]:
    """Do the same with many conversations in one request; each is done, or refused with its reason."""
    type, ids = wanted.pop("type"), list(dict.fromkeys(wanted.pop("conversations")))
    client_id, data = wanted.pop("client_id"), wanted.pop("data")
    type = type if "." in type else f"conversation.{type}"
    asked = [{"type": type, "data": {**wanted, **data, "conversation": id}} for id in ids]
    done = act_each(asked, client_id)
    return {"items": [{**each, "conversation": id} for id, each in zip(ids, done, strict=True)]}


def _still(view: View, id: str) -> dict[str, Any] | None:
    """Return the conversation; None where the action took it out of this agent's sight."""
    try:
        return view.conversation(id)
    except NotFound:
        return None
