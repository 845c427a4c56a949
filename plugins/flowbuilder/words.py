"""What flows did, and why not, in the reader's language."""

from flask_babel import lazy_gettext

WORDS = {
    "flowbuilder.follow": lazy_gettext("went on where the conversation is now"),
    "flowbuilder.forget": lazy_gettext("left the bot's old matter"),
    "flowbuilder.gather": lazy_gettext("waits for the customer's pause"),
    "flowbuilder.move": lazy_gettext("led the customer on"),
    "flowbuilder.pause": lazy_gettext("made the bot silent"),
    "flowbuilder.publish": lazy_gettext("published the flow %(flow)s"),
    "flowbuilder.remove": lazy_gettext("removed the flow %(flow)s"),
    "flowbuilder.resume": lazy_gettext("gave it back to the bot"),
    "flowbuilder.roll_back": lazy_gettext("put version %(number)s of the flow %(flow)s back"),
    "flowbuilder.save": lazy_gettext("changed the draft of a flow"),
    "flowbuilder.start": lazy_gettext("began the flow %(flow)s"),
    "flowbuilder.stop": lazy_gettext("stopped the bot"),
    "flowbuilder.switch": lazy_gettext("switched the flow %(flow)s on or off"),
    "flowbuilder.wait": lazy_gettext("waits longer for an answer"),
}
"""What the actions did, as the history tells it."""

REASONS = [
    (r"^a flow needs a name", lazy_gettext("A flow needs a name.")),
    (r"there is a flow '(?P<name>.+)' already", lazy_gettext("There is a flow “%(name)s” already.")),
    (r"changed this flow meanwhile", lazy_gettext("Somebody else has changed this flow meanwhile.")),
    (r"^the flow has errors", lazy_gettext("The flow has errors. They stand at its nodes.")),
    (r"there is no version (?P<number>\d+)", lazy_gettext("This flow has no version %(number)s.")),
    (r"a flow runs in this conversation already", lazy_gettext("A flow runs in this conversation already.")),
    (r"this flow is not published or not on", lazy_gettext("This flow is not published, or is off.")),
    (r"no flow is silent in this conversation", lazy_gettext("No flow is silent in this conversation.")),
    (r"no flow runs in this conversation", lazy_gettext("No flow runs in this conversation.")),
    (r"the session has moved on", lazy_gettext("The conversation had moved on meanwhile.")),
    (r"the bot may not write to this contact", lazy_gettext("The bot may not write to this contact.")),
    (r"a person has this conversation", lazy_gettext("A person has this conversation.")),
]
"""Refusals in words."""
