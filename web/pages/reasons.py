"""The engine's reasons for a refusal, in the reader's language; what is not known here stays as it is."""

import re

from flask_babel import gettext as _

from ..parts import parts

NESTED = ("why", "rest")


def in_words(reason: str) -> str:
    """Return *reason* (English, from an action's handler) in the language of this request."""
    for pattern, words in (*_known(), *parts().reasons, *_of_all()):
        found = re.search(pattern, reason)
        if found:
            return str(words) % found.groupdict() if found.groupdict() else str(words)
    return reason


def why_in_words(why: str | None) -> str | None:
    """Return why a plugin did something in the language of this request; its parts have “; ” between them.

    A plugin's ``WHYS`` are (pattern, text): the pattern's groups are put into the text; those named ``why``
    and ``rest`` are reasons themselves.
    """
    for pattern, words in parts().whys if why else ():
        found = re.fullmatch(pattern, why or "")
        if found:
            return str(words) % {key: _part(key, text) for key, text in found.groupdict().items()}
    return "; ".join(in_words(part) for part in why.split("; ")) if why else why


def _part(key: str, text: str | None) -> str | None:
    return why_in_words(text) if key in NESTED else text


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
    return [*_of_conversations(), *_of_messages(), *_of_people(), *_of_the_installation()]


def _of_conversations() -> list[tuple[str, str]]:
    return [
        (r"already taken by (?P<name>.+)", _("%(name)s already took it")),
        (r"is resolved; reopen it first", _("The conversation is resolved. Reopen it first.")),
        (r"; reopen it first", _("The conversation is not open. Reopen it first.")),
        (r"is resolved already", _("The conversation is resolved already.")),
        (r"is open already", _("The conversation is open already.")),
        (r"until is in the past", _("That time is in the past.")),
        (r"more than two years away", _("That is more than two years away.")),
        (r"^(until|due): ", _("That is no time.")),
        (r"not visible to you", _("This conversation is not visible to you any more.")),
    ]


def _of_messages() -> list[tuple[str, str]]:
    return [
        (r"only a failed message can be tried again", _("This message is not failed any more.")),
        (r"only a queued message can be taken back", _("It is too late to take this message back.")),
        (r"not unconfirmed", _("The outcome of this message is known by now.")),
        (r"what this message said was erased", _("What this message said was erased.")),
        (r"this contact's data was erased", _("This contact's data was erased.")),
        (r"number of this conversation was removed", _("The number of this conversation was removed.")),
        (r"message of another conversation", _("The message that is answered is of another conversation.")),
        (r"needs a text or a file", _("A message needs a text or a file.")),
        (r"a file or buttons, not both", _("A message has a file or buttons, not both.")),
        (r"^media lacks", _("The file is not complete. Attach it again.")),
        (r"no file here that could be fetched", _("There is no file here that could be fetched again.")),
        (r"was used before for something else", _("This was sent before with another text.")),
    ]


def _of_people() -> list[tuple[str, str]]:
    return [
        (r"last active admin", _("This is the last active admin. Make another one first.")),
        (r"^(?P<name>.+) is in the team already", _("%(name)s is in the team already.")),
        (r"has no number to write to", _("This contact has no number to write to.")),
        (r"has opted out already", _("This contact has opted out already.")),
        (r"has opted out", _("This contact wants no more messages.")),
        (r"has not opted out", _("This contact has not opted out.")),
        (r"is blocked already", _("This contact is blocked already.")),
        (r"is not blocked", _("This contact is not blocked.")),
        (r"contact is blocked", _("This contact is blocked.")),
        (r"not visible to you", _("This conversation is not visible to you any more.")),
    ]


def _of_the_installation() -> list[tuple[str, str]]:
    return [
        (r"set in replyai\.toml", _("This is set in replyai.toml and is changed there.")),
        (
            r"is set in (?P<place>.+) and is changed there",
            _("This is set elsewhere and is changed there: %(place)s"),
        ),
        (
            r"^(?P<name>.+) is on the gateway (?P<gateway>\S+); remove it first",
            _("%(name)s is with %(gateway)s. Remove it first."),
        ),
        (r"^(?P<name>\S+) is not on (?P<gateway>\S+)$", _("%(name)s is not with %(gateway)s.")),
        (r"no time zone (?P<name>.+); an", _("There is no time zone %(name)s. An example is Asia/Jakarta.")),
        (r"^(?P<name>\S+) has no job (?P<job>\S+)", _("%(name)s has no task %(job)s.")),
        (r"^no plugin here carries out (?P<type>\S+)", _("No plugin here does this: %(type)s")),
    ]


def _of_all() -> list[tuple[str, str]]:
    return [
        (r"^the plugin \S+ is off", _("The plugin that does this is switched off.")),
        (r"^(?P<name>.+) is switched off", _("%(name)s is switched off.")),
        (r"is off$", _("The plugin that does this is switched off.")),
        (r"^there is no \w+ '", _("That is not there any more.")),
        (r"^[a-z_]+\.[a-z_]+: (?P<why>.+)", _("What was asked for is not right: %(why)s")),
    ]
