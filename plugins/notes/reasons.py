"""Why an action of notes was refused, in the reader's language."""

import re

from flask_babel import gettext as _


def in_words(reason: str) -> str:
    """Return a handler's reason in the language of this request; what is not known here stays."""
    for pattern, words in (
        (r"changed meanwhile by (?P<name>.+)", _("%(name)s changed this note meanwhile. Look at it first.")),
        (
            r"(?P<name>.+) may not see this conversation",
            _("%(name)s may not see this conversation and cannot be mentioned."),
        ),
        (r"only who wrote a note", _("Only who wrote a note, or a supervisor, can change it.")),
        (r"was deleted", _("This note was deleted.")),
        (r"(?P<name>.+) has a reminder on this note", _("%(name)s has a reminder on this note.")),
        (r"cannot be in the past", _("That time is in the past.")),
        (r"two years away", _("A reminder is two years away at most.")),
        (r"data was erased", _("This contact's data was erased.")),
    ):
        found = re.search(pattern, reason)
        if found:
            return words % found.groupdict() if found.groupdict() else words
    return reason
