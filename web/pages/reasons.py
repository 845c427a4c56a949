"""The engine's reasons for a refusal, in the reader's language; what is not known here stays as it is."""

import re

from flask_babel import gettext as _

from ..parts import parts

REASONS = ("why", "rest")


def in_words(reason: str) -> str:
    """Return *reason* (English, from an action's handler) in the language of this request."""
    for pattern, words in _known():
        found = re.search(pattern, reason)
        if found:
            return words % found.groupdict() if found.groupdict() else words
    return reason


def why_in_words(why: str | None) -> str | None:
    """Return a plugin's reason in the language of this request, where the plugin brings words for it.

    A plugin's ``WHYS`` are (pattern, text): the pattern's groups are put into the text; those named ``why``
    and ``rest`` are reasons themselves.
    """
    for pattern, words in parts().whys if why else ():
        found = re.fullmatch(pattern, why or "")
        if found:
            return str(words) % {key: _part(key, text) for key, text in found.groupdict().items()}
    return why


def _part(key: str, text: str | None) -> str | None:
    return why_in_words(text) if key in REASONS else text


def call_in_words(reason: str) -> str:
    """Return why a call to a number's service failed, in the language of this request; "" if not known."""
    for pattern, words in _calls():
        found = re.search(pattern, reason, re.IGNORECASE)
        if found:
            return words % found.groupdict() if found.groupdict() else words
    return ""


def _calls() -> list[tuple[str, str]]:
    return [
        (r"refused the api key|answered 40[13]\b", _("The number's service refused the key.")),
        (r"session is not connected|not[_ ]connected", _("The number is not connected to WhatsApp.")),
        (r"answered 404\b", _("The number's service does not know this. Is its address right?")),
        (r"answered 429\b", _("The number's service asks for a pause.")),
        (r"answered (?P<status>4\d\d)", _("The number's service refused it (%(status)s).")),
        (r"answered (?P<status>5\d\d)", _("The number's service has a fault of its own (%(status)s).")),
        (r"connection refused|errno 111", _("The number's service is not running.")),
        (
            r"name or service not known|name resolution|nodename|getaddrinfo|errno -[2-5]\b|name does not",
            _("The address of the number's service was not found."),
        ),
        (r"certificate|ssl", _("The number's service has no certificate that can be trusted.")),
        (r"unreachable|no route", _("The number's service cannot be reached over the network.")),
        (r"timed out|timeout|in time\b|no answer within", _("The number's service did not answer in time.")),
        (r"connection broke|reset|closed", _("The connection to the number's service broke.")),
        (r"no connection|could not be reached", _("The number's service cannot be reached.")),
        (r"redirect", _("The address of the number's service leads elsewhere. Is it right?")),
    ]


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
        (r"has opted out already", _("This contact has opted out already.")),
        (r"has opted out", _("This contact wants no more messages.")),
        (r"has not opted out", _("This contact has not opted out.")),
        (r"is blocked already", _("This contact is blocked already.")),
        (r"is not blocked", _("This contact is not blocked.")),
        (r"contact is blocked", _("This contact is blocked.")),
        (r"is switched off|is off", _("The plugin that does this is switched off.")),
    ]
