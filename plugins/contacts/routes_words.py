"""What the pages of contacts share: a request's body, refusals in the reader's language."""

import re
from typing import Any

from flask import request

from web import Invalid, _


def body() -> dict[str, Any]:
    """Return the JSON object that a page sent; Invalid (422) where it is none."""
    found = request.get_json()
    if not isinstance(found, dict):
        raise Invalid(_("Something is missing or wrong."))
    return found


def in_words(reason: str) -> str:
    """Return a refusal of this plugin's handlers in the language of this request."""
    taken = re.search(r"^(\S+) is the number of (.+) already$", reason)
    if taken:
        return _("%(number)s is the number of %(name)s already.", number=taken[1], name=taken[2])
    if "is not a phone number" in reason:
        return _("This is not a phone number that exists. Begin with + and the country's code.")
    known = {
        "this was undone already": _("This was undone already."),
        "this was more than 30 days ago": _("This was more than 30 days ago."),
        "who was kept was joined with somebody else since; undo that first": _(
            "They were joined with somebody else since. Undo that first."
        ),
        "the data of this contact was erased since": _("The data of this contact was erased since."),
        "a number of this contact belongs to somebody else now": _(
            "A number of this contact belongs to somebody else now."
        ),
        "this is one contact already": _("This is one contact already."),
        "the address book is being read already": _("The address book is being read already."),
    }
    return known.get(reason, reason)
