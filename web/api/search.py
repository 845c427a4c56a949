"""Search: messages, and what plugins keep in conversations, by their words."""

from typing import Any

from marshmallow import fields, validate

from ..engine_link import View, read
from ..permissions import requires
from ..search import search_all
from .common import Page, api_blueprint, cursor_errors, page_of
from .messages import Message

blueprint = api_blueprint(
    "search", "/search", "Messages, and what plugins keep in conversations, by their words"
)


class Wanted(Page):
    """What is looked for."""

    q = fields.String(
        required=True,
        validate=validate.Length(max=200),
        metadata={"description": 'words that all have to be there, the last may be a beginning; "a phrase"'},
    )
    collection = fields.String(
        load_default=None, metadata={"description": "only this: `message`, or one of a plugin"}
    )


class Hit(Message):
    """A message, or what a plugin keeps in the conversation, and where the words are in it."""

    collection = fields.String(metadata={"description": "`message`, or one of a plugin"})
    snippet = fields.String(metadata={"description": "safe HTML: the text around the words, in `<mark>`"})


@blueprint.route("")
@requires("conversation.read")
@blueprint.arguments(Wanted, location="query")
@blueprint.response(200, page_of(Hit))
def search(wanted: dict[str, Any]) -> dict[str, Any]:
    """Find messages, and what plugins keep in conversations, the newest first.

    There may be fewer than `limit`, and a `next` all the same.
    """

    def find(view: View) -> dict[str, Any]:
        only = [wanted["collection"]] if wanted["collection"] else []
        items, following = search_all(view, wanted["q"], wanted["cursor"], wanted["limit"], only)
        return {"items": items, "next": following}

    with cursor_errors():
        return read(find, heavy=True)
