"""What a message says: its kind, text, media, place, contact cards, answer, quotation.

Fields of the payload are WAHA's own (WAMessage); what it has no field for (polls, answers to
lists and buttons, voice or audio) is looked up in ``_data`` by the names that its engines use.
"""

import re
from collections.abc import Mapping
from typing import Any

from .people import MessageId, chat_id, mapping, message_id

ANSWERS = {
    "buttonsResponseMessage": ("buttons", ("selectedButtonId",), ("selectedDisplayText",)),
    "templateButtonReplyMessage": ("buttons", ("selectedId",), ("selectedDisplayText",)),
    "listResponseMessage": ("list", ("singleSelectReply", "selectedRowId"), ("title",)),
    "interactiveResponseMessage": ("flow", ("nativeFlowResponseMessage", "name"), ("body", "text")),
}
POLLS = ("pollCreationMessage", "pollCreationMessageV2", "pollCreationMessageV3")
MEDIA_WORDS = {
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "documentWithCaptionMessage": "document",
    "stickerMessage": "sticker",
    "image": "image",
    "video": "video",
    "audio": "audio",
    "ptt": "voice",
    "document": "document",
    "sticker": "sticker",
}
NOISE = {"protocolMessage", "senderKeyDistributionMessage", "messageContextInfo", "keepInChatMessage"}
NOISE_TYPES = {"e2e_notification", "notification", "notification_template", "gp2", "protocol", "call_log"}
_PHONE = re.compile(r"^(?:item\d+\.)?TEL(?P<params>[^:]*):(?P<number>.*)$", re.IGNORECASE)
_NAME = re.compile(r"^(?:item\d+\.)?FN[^:]*:(?P<name>.*)$", re.IGNORECASE)
_WAID = re.compile(r"waid=(\d+)", re.IGNORECASE)


def message(payload: Mapping[str, Any], mid: MessageId) -> dict[str, Any]:
    """Return a message in ReplyAI's words; of every field that it cannot have the value is None."""
    said = {"id": mid.bare, "kind": "unsupported", "text": text(payload.get("body"))}
    said |= dict.fromkeys(("media", "location", "contacts", "interactive", "poll"))
    said |= {"reply_to": quoted(payload.get("replyTo")), "mentions": mentions(payload)}
    said["forwarded"] = mapping(payload.get("_data")).get("isForwarded") is True
    for read in (_location, _contacts, _poll, _answer, _media):
        found = read(payload, mid)
        if found:
            return said | found
    if said["text"]:
        said["kind"] = "text"
    return said


def text(value: Any) -> str | None:
    """Return a text that says something, else None."""
    return value if isinstance(value, str) and value else None


def is_noise(payload: Mapping[str, Any]) -> bool:
    """Return whether this is WhatsApp's own traffic (keys, notices), which no person said."""
    if payload.get("body") or payload.get("hasMedia"):
        return False
    data = mapping(payload.get("_data"))
    inside = set(_inside(payload))
    return (
        data.get("type") in NOISE_TYPES
        or bool(data.get("messageStubType"))
        or (bool(inside) and inside <= NOISE)
    )


def quoted(reply: Any) -> dict[str, Any] | None:
    """Return ``{"id": bare, "text", "sender"}`` of the message that is answered, or None."""
    found = message_id(mapping(reply).get("id"))
    if found is None:
        return None
    sender = chat_id(reply.get("participant")) or found.participant
    return {"id": found.bare, "text": text(reply.get("body")), "sender": sender}


def mentions(payload: Mapping[str, Any]) -> list[str]:
    """Return the chat ids of those who are mentioned."""
    listed = payload.get("mentionedIds") or mapping(payload.get("_data")).get("mentionedJidList")
    found = [chat_id(one) for one in listed] if isinstance(listed, list) else []
    return [one for one in found if one]


def cards(vcards: Any) -> list[dict[str, Any]]:
    """Return ``[{"name", "phones": ["+62…"], "vcard"}]`` of vCards (RFC 6350, with WhatsApp's ``waid``)."""
    return [_card(one) for one in vcards if isinstance(one, str) and one] if isinstance(vcards, list) else []


def _card(vcard: str) -> dict[str, Any]:
    name, phones = None, []
    for line in vcard.splitlines():
        if match := _PHONE.match(line.strip()):
            waid = _WAID.search(match["params"])
            phones.append(f"+{waid[1]}" if waid else match["number"].strip())
        elif match := _NAME.match(line.strip()):
            name = name or text(match["name"].strip())
    return {"name": name, "phones": list(dict.fromkeys(phones)), "vcard": vcard}


def _contacts(payload: Mapping[str, Any], mid: MessageId) -> dict[str, Any] | None:
    found = cards(payload.get("vCards"))
    return {"kind": "contact", "text": None, "contacts": found} if found else None


def _location(payload: Mapping[str, Any], mid: MessageId) -> dict[str, Any] | None:
    """Read a place; WEBJS then has a picture of the map as the body, which is no text."""
    place = mapping(payload.get("location"))
    latitude, longitude = _degrees(place.get("latitude"), 90), _degrees(place.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    name = text(place.get("name")) or text(place.get("description"))
    found = {
        "latitude": latitude,
        "longitude": longitude,
        "name": name,
        "address": text(place.get("address")),
    }
    return {"kind": "location", "text": None, "location": found}


def _degrees(value: Any, limit: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        degrees = float(value)
    except ValueError:
        return None
    return degrees if -limit <= degrees <= limit else None


def _inside(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the engine's own message: ``_data.message`` (NOWEB) or ``_data.Message`` (GOWS)."""
    data = mapping(payload.get("_data"))
    return mapping(data.get("message")) or mapping(data.get("Message"))


def _poll(payload: Mapping[str, Any], mid: MessageId) -> dict[str, Any] | None:
    data, inside = mapping(payload.get("_data")), _inside(payload)
    poll = next((mapping(inside[name]) for name in POLLS if name in inside), None)
    if poll is None and data.get("type") == "poll_creation":
        poll = {"name": data.get("pollName"), "options": data.get("pollOptions")}
    if poll is None:
        return None
    options = poll.get("options") if isinstance(poll.get("options"), list) else []
    names = [text(mapping(one).get("optionName")) or text(mapping(one).get("name")) for one in options]
    name = text(poll.get("name")) or text(payload.get("body"))
    return {"kind": "poll", "text": name, "poll": {"name": name, "options": [one for one in names if one]}}


def _answer(payload: Mapping[str, Any], mid: MessageId) -> dict[str, Any] | None:
    """Read the answer to buttons or a list."""
    inside = _inside(payload)
    for name, (kind, id_path, title_path) in ANSWERS.items():
        if name in inside:
            title = text(_at(inside[name], title_path)) or text(payload.get("body"))
            answer = {"id": text(_at(inside[name], id_path)), "title": title, "kind": kind}
            return {"kind": "interactive", "text": title, "interactive": answer}
    data = mapping(payload.get("_data"))
    if data.get("type") in ("buttons_response", "list_response"):
        title = text(payload.get("body"))
        chosen = data.get("selectedButtonId") or _at(
            data, ("listResponse", "singleSelectReply", "selectedRowId")
        )
        answer = {"id": text(chosen), "title": title, "kind": data["type"].partition("_")[0]}
        return {"kind": "interactive", "text": title, "interactive": answer}
    return None


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = mapping(value).get(name)
    return value


def _media(payload: Mapping[str, Any], mid: MessageId) -> dict[str, Any] | None:
    """Read a file. WAHA may have none at hand: then its message's id is what to fetch it by."""
    media = mapping(payload.get("media"))
    if not media and payload.get("hasMedia") is not True:
        return None
    mime, filename = text(media.get("mimetype")), text(media.get("filename"))
    caption = text(payload.get("body"))
    caption = None if caption == filename else caption
    kind = _media_kind(payload, mime)
    size = media.get("size") or media.get("filesize")
    ref = {"url": text(media.get("url")), "message_id": _full_id(payload, mid), "chat_id": mid.chat}
    details = {"kind": kind, "mime": mime, "filename": filename, "caption": caption, "ref": ref}
    details["size"] = size if isinstance(size, int) and not isinstance(size, bool) else None
    return {"kind": kind, "text": caption, "media": details}


def _full_id(payload: Mapping[str, Any], mid: MessageId) -> str:
    value = payload.get("id")
    return value if isinstance(value, str) else mid.bare


def _media_kind(payload: Mapping[str, Any], mime: str | None) -> str:
    """Tell the kind of a file: by the engine's word, else by its type (Opus in Ogg is a voice note,
    WebP a sticker: WhatsApp turns other recordings and pictures into MP4 and JPEG).
    """
    hint = _hint(payload)
    if hint:
        return hint
    family = (mime or "").partition("/")[0]
    if mime and mime.startswith("audio/ogg"):
        return "voice"
    if mime and mime.startswith("image/webp"):
        return "sticker"
    return family if family in ("image", "video", "audio") else "document"


def _hint(payload: Mapping[str, Any]) -> str | None:
    data, inside = mapping(payload.get("_data")), _inside(payload)
    if (
        mapping(inside.get("audioMessage")).get("ptt") is True
        or mapping(inside.get("audioMessage")).get("PTT") is True
    ):
        return "voice"
    words = [data.get("type"), mapping(data.get("Info")).get("MediaType"), *inside]
    return next((MEDIA_WORDS[word] for word in words if isinstance(word, str) and word in MEDIA_WORDS), None)
