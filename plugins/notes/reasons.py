"""Why an action of notes was refused, in the reader's language."""

import re

from flask_babel import lazy_gettext

REASONS = [
    (r"^a reminder came$", lazy_gettext("a reminder came")),
    (
        r"changed meanwhile by (?P<name>.+)",
        lazy_gettext("%(name)s changed this note meanwhile. Look at it first."),
    ),
    (
        r"(?P<name>.+) may not see this conversation",
        lazy_gettext("%(name)s may not see this conversation and cannot be mentioned."),
    ),
    (r"only who wrote a note", lazy_gettext("Only who wrote a note, or a supervisor, can change it.")),
    (r"this note was deleted", lazy_gettext("This note was deleted.")),
    (r"(?P<name>.+) has a reminder on this note", lazy_gettext("%(name)s has a reminder on this note.")),
    (r"reminder cannot be in the past", lazy_gettext("That time is in the past.")),
    (r"two years away", lazy_gettext("A reminder is two years away at most.")),
    (r"contact's data was erased", lazy_gettext("This contact's data was erased.")),
]
"""Refusals in words: of this plugin's handlers, for the history and for what the API answers."""


def in_words(reason: str) -> str:
    """Return a handler's reason in the language of this request; what is not known here stays."""
    for pattern, words in REASONS:
        found = re.search(pattern, reason)
        if found:
            return str(words) % found.groupdict() if found.groupdict() else str(words)
    return reason
