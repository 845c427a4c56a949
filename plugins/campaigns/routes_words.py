"""What campaigns say: states, refusals and deeds in the reader's language."""

from typing import Any

from web import _, lazy_gettext

REASONS = [
    (r"^there is no such campaign", lazy_gettext("This campaign is not there any more.")),
    (r"^the campaign is draft", lazy_gettext("The campaign has not begun.")),
    (r"^the campaign is scheduled", lazy_gettext("The campaign is planned. Take it back first.")),
    (r"^the campaign is running", lazy_gettext("The campaign is running.")),
    (r"^the campaign is paused", lazy_gettext("The campaign is paused.")),
    (r"^the campaign is (stopped|done)", lazy_gettext("The campaign has ended.")),
    (r"^there is no such segment", lazy_gettext("This segment is not there any more.")),
    (r"^there is no such number", lazy_gettext("This number is not there any more.")),
    (
        r"^the audience is being looked at",
        lazy_gettext("The audience is being looked at. Wait a moment."),
    ),
    (
        r"^nobody of the audience ever wrote",
        lazy_gettext("Nobody of this audience ever wrote to you. Read the note about that first."),
    ),
    (r"^nobody would get this campaign", lazy_gettext("Nobody would get this campaign.")),
    (r"^this time is past already", lazy_gettext("That time is in the past.")),
    (r"^the campaign “(?P<name>.+)”$", lazy_gettext("the campaign “%(name)s”")),
    (r"^the campaign is paused$", lazy_gettext("the campaign is paused")),
    (r"^the campaign goes on$", lazy_gettext("the campaign goes on")),
    (r"^the campaign was stopped$", lazy_gettext("the campaign was stopped")),
]
"""Refusals in words."""

WORDS = {
    "campaigns.create": lazy_gettext("wrote the campaign %(name)s"),
    "campaigns.change": lazy_gettext("changed a campaign"),
    "campaigns.remove": lazy_gettext("threw a campaign away"),
    "campaigns.add_rows": lazy_gettext("added people of a file to a campaign"),
    "campaigns.make": lazy_gettext("had an audience made again"),
    "campaigns.make_on": lazy_gettext("made a part of an audience"),
    "campaigns.clear": lazy_gettext("cleared an old audience away"),
    "campaigns.schedule": lazy_gettext("planned a campaign"),
    "campaigns.unschedule": lazy_gettext("took the plan of a campaign back"),
    "campaigns.start": lazy_gettext("started a campaign"),
    "campaigns.start_planned": lazy_gettext("started a campaign at its time"),
    "campaigns.pause": lazy_gettext("paused a campaign"),
    "campaigns.resume": lazy_gettext("let a campaign go on"),
    "campaigns.stop": lazy_gettext("stopped a campaign"),
    "campaigns.go": lazy_gettext("looked who is next in a campaign"),
    "campaigns.placed": lazy_gettext("noted whom a campaign wrote to"),
    "campaigns.track": lazy_gettext("counted how far a campaign's message got"),
    "campaigns.reply": lazy_gettext("counted an answer to a campaign"),
    "campaigns.opted_out": lazy_gettext("took the contact out of all campaigns"),
}
"""What this plugin's actions did, in words."""


def state_words() -> dict[str, str]:
    """Return what a campaign's states are called."""
    return {
        "draft": _("Draft"),
        "scheduled": _("Planned"),
        "running": _("Running"),
        "paused": _("Paused"),
        "stopped": _("Stopped"),
        "done": _("Done"),
    }


def recipient_words() -> dict[str, str]:
    """Return what a recipient's states are called."""
    return {
        "waiting": _("Waiting"),
        "queued": _("Queued"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "failed": _("Failed"),
        "unconfirmed": _("Not certain"),
        "cancelled": _("Taken back"),
        "stranger": _("Never wrote"),
        "missing": _("Field missing"),
        "left_out": _("Left out"),
    }


def left_out_words() -> dict[str, str]:
    """Return why somebody is left out."""
    return {
        "opted_out": _("want no messages"),
        "blocked": _("blocked"),
        "gone": _("not there any more"),
        "no_number": _("no number"),
        "twice": _("would get it twice"),
    }


def cap_words() -> dict[str, str]:
    """Return what holds a number's campaigns up for long, by the sender's codes."""
    tomorrow = _("Today's limit of the number is reached: it goes on tomorrow.")
    return {
        "hour": _("This hour's limit of the number is reached: it goes on within the hour."),
        "day": tomorrow,
        "warm_up": tomorrow,
        "new": _("Today's limit of people who never wrote is reached: it goes on tomorrow."),
        "share": _("Too few people answer messages that they did not ask for: it waits until more do."),
        "disconnected": _("The number is not connected: it goes on by itself once it is again."),
        "quiet": _("It is night where the next ones are: it goes on in the morning."),
    }


def trouble_words(campaign: dict[str, Any]) -> str:
    """Return why a campaign stands still, or ""."""
    if not campaign["trouble"]:
        return ""
    if campaign["trouble"] == "number_removed":
        return _("Its number was removed. What has not left stays here.")
    return _("It could not begin at its time: nobody would have got it.")


def file_words(code: str) -> str:
    """Return why a file cannot be read."""
    known = {
        "empty": _("This file has no rows."),
        "no_phone": _("No column is a phone number. Name one “phone” or “nomor”."),
        "long": _("This file has over 20,000 rows. Split it into several."),
        "binary": _("This is no CSV file. In a spreadsheet, save it as CSV."),
    }
    return known.get(code, code)
