"""Messages: list, send, try again."""

from typing import Any

from marshmallow import Schema, fields, validate

from engine import schemas, where

from ..actions import act, act_once
from ..engine_link import View, read
from ..permissions import requires
from .common import Open, Page, api_blueprint, cursor_errors, page_of

blueprint = api_blueprint("messages", "", "What was said")


class Message(Open):
    """What was said, in either direction."""

    conversation = fields.String()
    direction = fields.String(validate=validate.OneOf(("in", "out")))
    kind = fields.String()
    text = fields.String(allow_none=True)
    media = fields.Dict(allow_none=True)
    buttons = fields.List(
        fields.Nested(schemas.Button), metadata={"description": "what the customer may press, if it has any"}
    )
    status = fields.String()
    at = fields.String()
    author = fields.Dict()
    why = fields.String(allow_none=True)
    client_id = fields.String(allow_none=True)


class Send(schemas.Send):
    """A message to the customer; the same `client_id` again is the same message."""

    class Meta:
        exclude = ("conversation",)

    media = fields.Dict(load_default=None, allow_none=True, metadata={"description": "what POST /media gave"})


class Verdict(Schema):
    """A person's word on an unconfirmed message."""

    verdict = fields.String(required=True, validate=validate.OneOf(("sent", "send_again")))


@blueprint.route("/conversations/<id>/messages")
@requires("conversation.read")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, page_of(Message))
def list_messages(page: dict[str, Any], id: str) -> dict[str, Any]:
    """List a conversation's messages, the latest first."""

    def find(view: View) -> dict[str, Any]:
        view.conversation(id)
        how = {"order": "at", "after": page["cursor"], "limit": page["limit"]}
        items, following = view.page("message", where("conversation") == id, **how)
        return {"items": items, "next": following}

    with cursor_errors():
        return read(find)


@blueprint.route("/conversations/<id>/messages", methods=["POST"])
@requires("message.send")
@blueprint.arguments(Send)
@blueprint.response(201, Message)
def send_message(wanted: dict[str, Any], id: str) -> tuple[dict[str, Any], int]:
    """Send a message: queued and on disk when this answers (201; 200 for the same client_id again)."""
    results, again = act_once(
        [{"type": "message.send", "data": {**wanted, "conversation": id}}], wanted["client_id"]
    )
    message = results[0]["result"]["message"]
    return read(lambda view: view.get("message", message)), 200 if again else 201


def _after(type: str, id: str, **data: Any) -> dict[str, Any]:
    act([{"type": type, "data": {"message": id, **data}}])
    return read(lambda view: view.get("message", id))


@blueprint.route("/messages/<id>")
@requires("conversation.read")
@blueprint.response(200, Message)
def get_message(id: str) -> dict[str, Any]:
    """Get one message."""

    def find(view: View) -> dict[str, Any]:
        message = view.get("message", id)
        view.conversation(message["conversation"])
        return message

    return read(find)


@blueprint.route("/messages/<id>/retry", methods=["POST"])
@requires("message.send")
@blueprint.response(200, Message)
def retry(id: str) -> dict[str, Any]:
    """Try a failed message again."""
    return _after("message.retry", id)


@blueprint.route("/messages/<id>/cancel", methods=["POST"])
@requires("message.send")
@blueprint.response(200, Message)
def cancel(id: str) -> dict[str, Any]:
    """Take back a message that is still queued."""
    return _after("message.cancel", id)


@blueprint.route("/messages/<id>/resolve", methods=["POST"])
@requires("message.send")
@blueprint.arguments(Verdict)
@blueprint.response(200, Message)
def resolve(wanted: dict[str, Any], id: str) -> dict[str, Any]:
    """Say whether an unconfirmed message was sent, or is to be sent again."""
    return _after("message.resolve_unconfirmed", id, **wanted)
