"""The numbers by which a number's messages are paced, their presets, and whose word on them counts."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

Json = Mapping[str, Any]

PRESETS = ("careful", "normal", "official")
CLOCK = validate.Regexp(r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^$", error="a time of day is written 21:00")

# name: (normal, careful, official, least, most, description)
NUMBERS: dict[str, tuple[float, float, float, float, float, str]] = {
    "floor": (
        1.5,
        3,
        0,
        0,
        3600,
        "seconds between the end of one call and the next, at least, in every lane",
    ),
    "gap": (9, 14, 0, 0, 3600, "seconds of the middle gap before an empty automatic message"),
    "gap_per_letter": (0.06, 0.1, 0, 0, 10, "seconds that the middle gap grows with each letter"),
    "gap_middle_least": (10, 15, 0, 0, 3600, "seconds of the middle gap at least, however short the text"),
    "gap_middle_most": (25, 40, 0, 0, 3600, "seconds of the middle gap at most, however long the text"),
    "gap_spread": (0.7, 0.7, 0.7, 0.05, 3, "how far gaps scatter around the middle one (sigma, log-normal)"),
    "gap_least": (5, 8, 0, 0, 3600, "seconds of the shortest gap before an automatic message"),
    "gap_most": (60, 90, 0, 0, 86400, "seconds of the longest gap before an automatic message; 0: no gaps"),
    "campaign_factor": (2, 3, 1, 1, 100, "how many times as long the gaps of campaigns are"),
    "typing_most": (25, 25, 0, 0, 60, "seconds that “typing…” is shown at most; 0: never"),
    "typing_speed": (36, 32, 36, 5, 200, "words a minute at which typing is shown (Palin et al., 2019)"),
    "typing_spread": (13, 13, 13, 0, 60, "how far that speed scatters from session to session"),
    "seen_least": (1, 1, 0, 0, 60, "seconds after which a message is shown as read, at least"),
    "seen_most": (4, 6, 0, 0, 60, "seconds after which a message is shown as read, at most"),
    "burst": (12, 8, 0, 0, 1000, "automatic messages in a row before a break, in the middle; 0: no breaks"),
    "burst_spread": (0.6, 0.6, 0.6, 0.05, 3, "how far that count scatters"),
    "burst_least": (3, 3, 3, 1, 1000, "messages in a row at least"),
    "burst_most": (40, 25, 40, 1, 1000, "messages in a row at most"),
    "break_middle": (600, 900, 600, 1, 86400, "seconds of a break, in the middle"),
    "break_spread": (0.7, 0.7, 0.7, 0.05, 3, "how far breaks scatter"),
    "break_least": (180, 300, 180, 1, 86400, "seconds of a break at least"),
    "break_most": (2700, 3600, 2700, 1, 86400, "seconds of a break at most"),
    "per_hour": (60, 30, 0, 0, 100000, "automatic messages within an hour; 0: any number"),
    "per_day": (600, 200, 0, 0, 1000000, "automatic messages a day, once warmed up; 0: any number"),
    "warm_up": (20, 10, 0, 0, 100000, "automatic messages on a number's first day; 0: no warm-up"),
    "warm_growth": (1.6, 1.4, 1, 1, 10, "how many times as many each further day of warming up"),
    "idle_hours": (72, 48, 0, 0, 8760, "hours without a message after which warming up goes back; 0: never"),
    "idle_share": (0.25, 0.25, 1, 0.01, 1, "the share of its daily messages to which it goes back then"),
    "new_per_day": (5, 2, 0, 0, 100000, "messages a day to people who never wrote; 0: any number"),
    "per_contact_hour": (4, 2, 0, 0, 1000, "messages within an hour to who asked nothing; 0: any number"),
    "cooldown": (6, 10, 0, 0, 86400, "seconds between two automatic messages to one person"),
    "unanswered": (2, 1, 0, 0, 100, "unanswered messages after which a person is left alone; 0: any number"),
    "reply_share": (0.3, 0.4, 0, 0, 1, "share of unasked messages that has to be answered within 30 days"),
    "reply_share_from": (20, 10, 1, 1, 100000, "from how many unasked messages on that share counts"),
    "fresh": (
        300,
        300,
        300,
        0,
        86400,
        "seconds for which an answer to what a customer wrote counts as asked for",
    ),
    "window": (
        86400,
        86400,
        86400,
        0,
        604800,
        "seconds after a customer's words in which a paused number may answer",
    ),
    "ramp": (600, 900, 0, 0, 86400, "seconds over which the speed comes back after a downtime"),
    "failures": (
        0.05,
        0.05,
        0,
        0,
        1,
        "share of refused messages within an hour that pauses a number; 0: never",
    ),
    "failures_from": (20, 20, 20, 1, 100000, "from how many messages within an hour on that share counts"),
    "disconnects": (3, 3, 0, 0, 1000, "lost connections within an hour that pause a number; 0: never"),
}
WORDS: dict[str, tuple[str, str, str, str]] = {
    "quiet_from": ("21:00", "20:00", "", "when the quiet hours begin, at the customer's place; empty: none"),
    "quiet_to": ("07:00", "08:00", "", "when the quiet hours end, at the customer's place"),
}
SWITCHES: dict[str, tuple[bool, bool, bool, str]] = {
    "breaks_replies": (
        False,
        True,
        False,
        "whether breaks hold up answers to what a customer has just written",
    ),
    "ban_signals": (True, True, False, "whether WhatsApp's 401, 403 and 463 pause a number"),
}


def _preset(place: int) -> dict[str, Any]:
    every = [*NUMBERS.items(), *WORDS.items(), *SWITCHES.items()]
    return {name: values[place] for name, values in every}


RULES: dict[str, dict[str, Any]] = {
    name: _preset(place) for place, name in enumerate(("normal", "careful", "official"))
}


def setting(name: str) -> fields.Field[Any]:
    """Return the schema's field of one of the numbers, which is null where the preset's counts."""
    if name in NUMBERS:
        normal, careful, _none, least, most, text = NUMBERS[name]
        told = {"description": f"{text} (normal {normal:g}, careful {careful:g})"}
        return fields.Float(
            load_default=None, allow_none=True, validate=validate.Range(least, most), metadata=told
        )
    if name in WORDS:
        early, earlier, _empty, text = WORDS[name]
        told = {"description": f"{text} (normal {early}, careful {earlier})"}
        return fields.String(load_default=None, allow_none=True, validate=CLOCK, metadata=told)
    return fields.Boolean(load_default=None, allow_none=True, metadata={"description": SWITCHES[name][3]})


NAMES = (*NUMBERS, *WORDS, *SWITCHES)


def preset_of(settings: Json, account: Json, supports: Json) -> str:
    """Return by which preset a number is paced: its own, else the plugin's, else by its gateway."""
    name = (account.get("sender.pacing") or {}).get("preset") or settings.get("preset") or "auto"
    if name in PRESETS:
        return str(name)
    return "official" if supports.get("official") else "normal"


def rules_of(settings: Json, account: Json, supports: Json) -> dict[str, Any]:
    """Return all numbers for one account: the preset's, the plugin's settings, the account's own.

    The plugin's settings do not make slow what the official preset leaves alone.
    """
    name = preset_of(settings, account, supports)
    own = (account.get("sender.pacing") or {}).get("numbers") or {}
    given = {} if name == "official" else {key: settings.get(key) for key in NAMES}
    changed = {key: value for key, value in {**given, **own}.items() if value is not None}
    return {"preset": name, **RULES[name], **changed}
