"""From documents to what the inbox's templates show: rows, bubbles, days."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from .look import clock, day_title, local, moment, phone, preview, short_time
from .reasons import call_in_words, why_in_words

Data = dict[str, Any]
FLOW = re.compile(r"flow “(.+?)”")  # as the reasons of flows begin
SHOWN_MEDIA = ("image", "sticker", "video", "audio", "voice", "document")


@dataclass(frozen=True)
class Place:
    """When and for whom a page is made: ``now`` in the workspace's zone, the language, the agent's id."""

    now: datetime
    zone: str
    language: str
    me: str

    @classmethod
    def of(cls, workspace: Data, language: str, me: str) -> "Place":
        """Return the place of a workspace (its ``timezone``, else Jakarta's)."""
        zone = workspace.get("timezone") or "Asia/Jakarta"
        try:
            now = datetime.now(ZoneInfo(zone))
        except (KeyError, ValueError, OSError):
            zone, now = "UTC", datetime.now(ZoneInfo("UTC"))
        return cls(now, zone, language, me)


def contact_name(contact: Data | None) -> str:
    """Return what a contact is called: its name, its number in groups, else that it is unknown."""
    if not contact:
        return _("Unknown")
    name = contact.get("name") or ""
    if not name or name.lstrip("+").isdigit():
        return phone(contact.get("phone") or name) or name or _("Unknown")
    return str(name)


def _by(author: Data, place: Place) -> str:
    """Return in a word who wrote what is shown in a line."""
    if author.get("kind") == "bot":
        return str(_("Bot"))
    return str(_("You")) if author.get("id") == place.me else author.get("name") or ""


def row(conversation: Data, found: Data, place: Place) -> Data:
    """Return one line of the list."""
    last = conversation.get("last_message") or {}
    author = last.get("author") or {}
    assignee = found["agents"].get(conversation.get("assignee") or "")
    name = contact_name(found["contacts"].get(conversation.get("contact") or ""))
    at = local(conversation.get("last_message_at"), place.zone)
    mine = last.get("direction") == "out"
    return {
        **conversation,
        "name": name,
        "time": short_time(at, place.now, place.language),
        "moment": moment(at, place.language),
        "snippet": preview(last),
        "mine": mine,
        "by": _by(author, place) if mine else "",
        "last_status": last.get("status") if mine else None,
        "trouble": conversation["id"] in found.get("troubled", ()),
        "assignee_name": assignee.get("name") if assignee else None,
        "assigned_to_me": conversation.get("assignee") == place.me,
        "snoozed": moment(local(conversation.get("snoozed_until"), place.zone), place.language),
    }


def hit(message: Data, found: Data, place: Place) -> Data:
    """Return what was found, a message or a plugin's entry, as a line: whose, when, its marked words."""
    at = local(message.get("at"), place.zone)
    author = message.get("author") or {}
    mine = message.get("direction", "out") == "out"
    return {
        "id": message["id"],
        "conversation": message["conversation"],
        "name": contact_name(found["contacts"].get(message["contact"])),
        "by": _by(author, place) if mine else "",
        "snippet": message["snippet"],
        "time": short_time(at, place.now, place.language),
        "moment": moment(at, place.language),
        "at": message.get("at"),
        "deleted": bool(message.get("deleted_at")),
        "icon": message.get("icon"),
    }


def waiting(messages: Iterable[Data]) -> set[str]:
    """Return the ids of queued messages that an unsettled one before them holds back.

    messages: of one conversation, in order. Unsettled: unconfirmed, or to be tried again later.
    """
    held, found = set(), set()
    for message in messages:
        if message.get("direction") != "out":
            continue
        status, lane = message.get("status"), message.get("lane")
        if status == "queued" and lane in held:
            found.add(message["id"])
        if status == "unconfirmed" or (status == "queued" and message.get("retry_at")):
            held.add(lane)
    return found


def bubble(message: Data, place: Place, held: Iterable[str] = ()) -> Data:
    """Return one message as its template takes it: times, media, words for what failed.

    held: ids of messages that wait for one before them.
    """
    at = local(message.get("occurred_at") or message.get("at"), place.zone)
    kind, media = message.get("kind") or "text", message.get("media") or None
    return {
        **message,
        "kind": kind,
        "media": _sized(media) if media and kind in SHOWN_MEDIA else None,
        "clock": clock(at, place.language),
        "moment": moment(at, place.language),
        "day": at.date().isoformat() if at else "",
        "day_title": day_title(at.date(), place.now.date(), place.language) if at else "",
        "why": why_in_words(message.get("why")),
        "reason": reason_words(message.get("error")) if message.get("status") == "failed" else "",
        "technical": _technical(message.get("error")),
        "retry": _retry(message, place),
        "waits": message["id"] in held,
        "reactions": _grouped(message.get("reactions") or []),
        "by": _written_by(message) if message.get("direction") == "out" else None,
        "by_kind": (message.get("author") or {}).get("kind"),
    }


def _written_by(message: Data) -> str | None:
    """Return who wrote a message: a person, a bot by its flow, where the why names it, else “Automatic”."""
    author = message.get("author") or {}
    if author.get("kind") != "bot":
        return author.get("name")
    flow = FLOW.match(message.get("why") or "")
    return f"{_('Bot')} · {flow[1]}" if flow else _("Automatic")


def _retry(message: Data, place: Place) -> Data | None:
    """Return ``{"at", "reason"}`` of a message that is tried again by itself; None where it is not."""
    if message.get("status") != "queued" or not message.get("retry_at"):
        return None
    at = local(message["retry_at"], place.zone)
    return {"at": clock(at, place.language), "reason": reason_words(message.get("error"))}


def _technical(error: Data | str | None) -> str:
    if isinstance(error, dict):
        return str(error.get("reason") or error.get("title") or "")
    return error or ""


def _sized(media: Data) -> Data:
    """Give a picture the size at which it is shown (at most 280 × 320), so that nothing jumps."""
    width, height = media.get("width") or 0, media.get("height") or 0
    if not (width and height):
        return {**media, "shown_width": 260, "shown_height": 200}
    scale = min(280 / width, 320 / height, 1)
    return {
        **media,
        "shown_width": max(round(width * scale), 60),
        "shown_height": max(round(height * scale), 40),
    }


def _grouped(reactions: Iterable[Data]) -> list[Data]:
    counted: dict[str, int] = {}
    for each in reactions:
        if each.get("emoji"):
            counted[each["emoji"]] = counted.get(each["emoji"], 0) + 1
    return [{"emoji": emoji, "count": count} for emoji, count in counted.items()]


def reason_words(error: Data | str | None) -> str:
    """Return in words why a message failed; *error* is ``{"code", "reason"}`` or a text."""
    if not error:
        return _("It could not be sent.")
    reason = str(error.get("reason") or error.get("title") or "") if isinstance(error, dict) else error
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    known = {
        "timeout": _("The number's service did not answer."),
        "connection": _("The number's service cannot be reached."),
        "unreachable": _("The number's service cannot be reached."),
        "not_sent": _("The number's service cannot be reached."),
        "401": _("The number's service refused the key. Check Settings → Numbers."),
        "not_connected": _("The number is not connected to WhatsApp."),
    }
    return known.get(code) or call_in_words(reason) or reason or _("It could not be sent.")


def beside(entry: Data, place: Place) -> Data:
    """Return a plugin's entry with its time in words: ``day, day_title, clock, moment``."""
    at = local(entry["at"], place.zone)
    return {
        **entry,
        "clock": clock(at, place.language),
        "moment": moment(at, place.language),
        "day": at.date().isoformat() if at else "",
        "day_title": day_title(at.date(), place.now.date(), place.language) if at else "",
    }


def entries(messages: list[Data], unread: int, place: Place, others: Iterable[Data] = ()) -> list[Data]:
    """Return a thread's entries in order: ``{"day"}``, ``{"unread": n}``, ``{"message"}``, ``{"beside"}``.

    others: what plugins put between the messages.
    """
    received = [message["id"] for message in messages if message.get("direction") == "in"]
    line = received[-min(unread, len(received))] if unread and received else None
    shown: list[Data] = []
    day, held = "", waiting(messages)
    both = [(message["at"], "message", bubble(message, place, held)) for message in messages]
    both += [(entry["at"], "beside", beside(entry, place)) for entry in others]
    for _at, kind, made in sorted(both, key=lambda each: each[0]):
        if made["day"] != day:
            day = made["day"]
            shown.append({"day": made["day"], "title": made["day_title"]})
        if made["id"] == line:
            shown.append({"unread": unread})
        shown.append({kind: made})
    return shown
