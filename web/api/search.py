"""Search: messages by their words."""

from typing import Any

from marshmallow import fields, validate

from ..engine_link import View, read
from ..permissions import requires
from ..search import search_in
from .common import Page, api_blueprint, cursor_errors, page_of
from .messages import Message

blueprint = api_blueprint("search", "/search", "Messages by their words")


class Wanted(Page):
    """What is looked for."""

    q = fields.String(
        required=True,
        validate=validate.Length(max=200),
        metadata={"description": 'words that all have to be there, the last may be a beginning; "a phrase"'},
    )


class Hit(Message):
    """A message, and where the words are in it."""

    snippet = fields.String(metadata={"description": "safe HTML: the text around the words, in `<mark>`"})


@blueprint.route("")
@requires("conversation.read")
@blueprint.arguments(Wanted, location="query")
@blueprint.response(200, page_of(Hit))
def search(wanted: dict[str, Any]) -> dict[str, Any]:
    """Find messages, the newest first. There may be fewer than `limit` and a `next` all the same."""

    def find(view: View) -> dict[str, Any]:
        items, following = search_in(view, "message", wanted["q"], wanted["cursor"], wanted["limit"])
        return {"items": items, "next": following}

    with cursor_errors():
        return read(find, heavy=True)
