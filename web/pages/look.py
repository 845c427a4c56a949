"""How things look: pure functions from data to text, HTML and class names; the templates' filters."""

import colorsys
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from flask_babel import gettext as _
from markupsafe import Markup, escape

from engine import times

TINTS = {
    "red": "#d4380d", "orange": "#c2570c", "amber": "#b7791f", "lime": "#5f7f14", "green": "#0b8a52",
    "teal": "#0b6e5c", "cyan": "#0e7c93", "blue": "#1570cd", "indigo": "#4654c8", "violet": "#6941c6",
    "pink": "#c11574", "grey": "#667085",
}  # fmt: skip
LOCALES = {"en": "en_GB", "id": "id_ID"}


def initials(name: str | None) -> str:
    """Return one or two letters for an avatar: of the first and last word, of a number its first digits."""
    if (name or "").startswith("+"):
        return re.sub(r"\D", "", name or "")[:2]
    words = [word for word in re.split(r"[\s._-]+", name or "") if word and (word[0].isalnum())]
    if not words:
        return (re.sub(r"\D", "", name or "") or "?")[:2]
    if words[0][0].isdigit():
        return re.sub(r"\D", "", words[0])[:2]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def tint(name: str | None) -> str:
    """Return the class of an avatar's ground, the same for the same name."""
    return f"av-{sum(ord(letter) * (index + 1) for index, letter in enumerate(name or '')) % 8}"


@lru_cache(maxsize=1000)
def label_tint(color: str | None) -> str:
    """Return the class of the palette colour nearest to *color* (``#rrggbb``): no inline style is allowed."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color or ""):
        return "tint-grey"
    wanted = _rgb(str(color))
    saturation = colorsys.rgb_to_hls(*wanted)[2]
    if saturation < 0.12:
        return "tint-grey"
    hue = colorsys.rgb_to_hls(*wanted)[0]
    named = {name: _rgb(value) for name, value in TINTS.items() if name != "grey"}
    return "tint-" + min(named, key=lambda name: _apart(hue, colorsys.rgb_to_hls(*named[name])[0]))


def _rgb(color: str) -> tuple[float, float, float]:
    return int(color[1:3], 16) / 255, int(color[3:5], 16) / 255, int(color[5:7], 16) / 255


def _apart(one: float, other: float) -> float:
    return min(abs(one - other), 1 - abs(one - other))


def local(at: str | None, zone: str) -> datetime | None:
    """Return a stored time in the workspace's time zone; None where it has none there (the year 9999)."""
    if not at:
        return None
    try:
        return times.parse(at).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError, KeyError, OSError):
        return None


def clock(at: datetime | None, language: str) -> str:
    """Return hours and minutes: ``09.42`` in Indonesian, ``09:42`` in English."""
    return at.strftime("%H.%M" if language == "id" else "%H:%M") if at else ""


def day_title(day: date, today: date, language: str) -> str:
    """Return Today, Yesterday, a weekday within the last week, or the date."""
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    locale = LOCALES.get(language, "en_GB")
    if today - timedelta(days=7) < day < today:
        return format_date(day, "EEEE", locale=locale)
    return format_date(day, "d MMMM" if day.year == today.year else "d MMMM y", locale=locale)


def short_time(at: datetime | None, now: datetime, language: str) -> str:
    """Return the time of a row in a list: the clock today, else the day, as short as it goes."""
    if at is None:
        return ""
    if at.date() == now.date():
        return clock(at, language)
    if at.date() == now.date() - timedelta(days=1):
        return _("Yesterday")
    skeleton = "MMMd" if at.year == now.year else "yMd"
    return str(format_skeleton(skeleton, at, locale=LOCALES.get(language, "en_GB")))


def moment(at: datetime | None, language: str) -> str:
    """Return date and time in words, for tooltips and settings."""
    if at is None:
        return ""
    return (
        f"{format_date(at.date(), 'd MMM y', locale=LOCALES.get(language, 'en_GB'))}, {clock(at, language)}"
    )


def file_size(size: int | None) -> str:
    """Return bytes as people read them: ``820 B``, ``12 kB``, ``3.4 MB``."""
    if not size:
        return ""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"


def phone(number: str | None) -> str:
    """Return an E.164 number in groups: ``+62 812-0000-4521``."""
    digits = re.sub(r"\D", "", number or "")
    if not digits:
        return ""
    if digits.startswith("62") and len(digits) >= 10:
        rest = digits[2:]
        return "+62 " + "-".join(part for part in (rest[:3], rest[3:7], rest[7:]) if part)
    return f"+{digits}"


LINK = re.compile(r"(https?://[^\s<>\"]+|mailto:[^\s<>\"]+|tel:\+?[\d-]+|\b[\w.+-]+@[\w-]+\.[\w.-]*\w)", re.I)
MARKS = (
    (re.compile(r"```(.+?)```", re.S), "code"),
    (re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(\S(?:[^~\n]*\S)?)~(?![\w~])"), "s"),
)


def rich(text: str | None) -> Markup:
    """Return a message's text as safe HTML: links (http, https, mailto, tel) and WhatsApp's own marks.

    WhatsApp's: ``*bold*``, ``_italic_``, ``~strike~`` and three back-ticks for monospace.
    """
    parts = LINK.split(text or "")
    return Markup("").join(_link(part) if index % 2 else _marked(part) for index, part in enumerate(parts))


def _link(found: str) -> Markup:
    tail = re.search(r"[.,;:!?)\]]+$", found)
    address, rest = (found[: tail.start()], found[tail.start() :]) if tail else (found, "")
    target = address if ":" in address.split("@")[0] else f"mailto:{address}"
    html = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>{}'
    return Markup(html).format(target, address, rest)


def _marked(part: str) -> Markup:
    html = str(escape(part))
    for pattern, tag in MARKS:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    return Markup(html)


def presence_words() -> dict[str, str]:
    """Return what the three states of a person are called."""
    return {"online": _("Available"), "away": _("Away"), "offline": _("Offline")}


def kind_words(kind: str | None) -> tuple[str, str]:
    """Return (emoji, words) of a message's kind, for previews and placeholders."""
    words = {
        "image": ("📷", _("Photo")),
        "video": ("🎬", _("Video")),
        "audio": ("🎵", _("Audio")),
        "voice": ("🎤", _("Voice message")),
        "document": ("📄", _("Document")),
        "sticker": ("💟", _("Sticker")),
        "location": ("📍", _("Location")),
        "contact": ("👤", _("Contact card")),
        "poll": ("📊", _("Poll")),
        "interactive": ("🔘", _("Buttons")),
        "call": ("📞", _("Call")),
        "order": ("🛒", _("Order")),
        "system": ("ℹ️", _("System message")),
    }
    return words.get(kind or "", ("✉️", _("A kind of message that is not supported yet")))


def preview(message: dict[str, Any] | None) -> str:
    """Return one line for a conversation's last message (``kind``, ``text``)."""
    if not message:
        return ""
    text = " ".join((message.get("text") or "").split())
    if message.get("kind", "text") == "text":
        return text
    emoji, words = kind_words(message.get("kind"))
    return f"{emoji} {text or words}"
