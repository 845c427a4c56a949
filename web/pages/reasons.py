"""The engine's reasons for a refusal, in the reader's language; what is not known here stays as it is."""

import re

from flask_babel import gettext as _


def in_words(reason: str) -> str:
    """Return *reason* (English, from an action's handler) in the language of this request."""
    for pattern, words in _known():
        found = re.search(pattern, reason)
        if found:
            return words % found.groupdict() if found.groupdict() else words
    return reason


def _known() -> list[tuple[str, str]]:
    return [
        (r"already taken by (?P<name>.+)", _("%(name)s already took it")),
        (r"is resolved; reopen it first", _("The conversation is resolved. Reopen it first.")),
        (r"is resolved already", _("The conversation is resolved already.")),
        (r"is open already", _("The conversation is open already.")),
        (r"^(?P<name>.+) is switched off", _("%(name)s is switched off.")),
        (r"last active admin", _("This is the last active admin. Make another one first.")),
        (r"^(?P<name>\S+@\S+) is in the team already", _("%(name)s is in the team already.")),
        (r"only a failed message can be tried again", _("This message is not failed any more.")),
        (r"not unconfirmed", _("The outcome of this message is known by now.")),
        (r"until is in the past", _("That time is in the past.")),
        (r"was used before for something else", _("This was sent before with another text.")),
        (r"set in replyai\.toml", _("This is set in replyai.toml and is changed there.")),
        (r"is switched off|is off", _("The plugin that does this is switched off.")),
    ]
