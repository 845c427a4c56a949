"""The page that looks like a phone, and what it asks for."""

import json
import secrets
import time
from typing import Any

from flask import Blueprint, abort, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from web import NotFound, _, act, current, engine, ingest, lazy_gettext, read, render, requires

from . import files, view
from .gateway import sign_as_page

blueprint = Blueprint("simulator", __name__, url_prefix="/simulator", template_folder="templates")
NAV = [
    {
        "path": "/simulator",
        "icon": "smartphone",
        "title": lazy_gettext("Simulator"),
        "key": "simulator",
        "permission": "simulator.use",
        "order": 80,
    }
]
ACCOUNT = "simulator"
Json = dict[str, Any]


class Who(Schema):
    """Which customer of which account acts."""

    class Meta:
        unknown = EXCLUDE

    account = fields.String(required=True)
    phone = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{5,15}$"))
    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class Say(Who):
    """What a customer says; a file comes beside it as ``file``.

    button: the id of the button that was pressed; *text* is what it says.
    """

    id = fields.String(required=True, validate=validate.Regexp(r"^[A-Za-z0-9-]{8,64}$"))
    text = fields.String(load_default="", validate=validate.Length(max=65536))
    reply_to = fields.String(load_default=None, allow_none=True)
    reply_text = fields.String(load_default=None, allow_none=True)
    voice = fields.Boolean(load_default=False)
    button = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=256))


class Typing(Who):
    """Whether a customer types or records."""

    state = fields.String(required=True, validate=validate.OneOf(("typing", "recording", "paused")))


class Ack(Who):
    """How far messages got on the customer's phone."""

    ids = fields.List(fields.String(), required=True, validate=validate.Length(min=1, max=200))
    level = fields.String(required=True, validate=validate.OneOf(("delivered", "read")))


class React(Who):
    """A customer's emoji on a message; an empty one takes it back."""

    target = fields.String(required=True)
    emoji = fields.String(required=True, validate=validate.Length(max=32))


@blueprint.get("")
@requires("simulator.use")
def page() -> str:
    """Show the phone, or the button that makes an account for it."""

    def ask(opened: Any) -> Json:
        return {"accounts": view.accounts(opened.db), "seq": opened.seq}

    found = read(ask)
    wanted = request.args.get("account")
    known = [each["id"] for each in found["accounts"]]
    account = wanted if wanted in known else next(iter(known), None)
    return render("simulator.html", active="simulator", account=account, words=_words(), **found)


@blueprint.get("/state")
@requires("simulator.use")
def state() -> Json:
    """Return ``{seq, customers, undelivered, conversation, messages}`` of a phone."""
    account, phone = request.args.get("account", ""), request.args.get("phone", "")

    def ask(opened: Any) -> Json:
        _check(opened, account)
        shown = view.chat(opened.db, account, phone) if phone else {"conversation": None, "messages": []}
        found = {"customers": view.customers(opened.db, account), "seq": opened.seq}
        return {**found, "undelivered": view.undelivered(opened.db, account), **shown}

    return read(ask)


@blueprint.post("/say")
@requires("simulator.use")
def say() -> tuple[Json, int]:
    """A customer writes, presses a button, or sends a file."""
    request.max_content_length = files.LIMIT + 100_000
    asked = _loaded(Say, request.form.to_dict())
    data = _from(asked) | {"kind": "text", "text": asked["text"] or None}
    data |= {"reply_to": asked["reply_to"], "reply_text": asked["reply_text"]}
    if asked["button"]:
        data["interactive"] = {"id": asked["button"], "title": asked["text"]}
    if file := request.files.get("file"):
        mime = (file.mimetype or "application/octet-stream").lower()
        body = file.stream.read(files.LIMIT + 1)
        if len(body) > files.LIMIT:
            abort(413)
        media = {"file": files.put(body), "mime": mime, "filename": file.filename or None}
        data |= {"kind": "voice" if asked["voice"] else _kind(mime), "media": media}
    return _post(asked["account"], "message", data, asked["id"])


@blueprint.post("/typing")
@requires("simulator.use")
def typing() -> tuple[Json, int]:
    """A customer types."""
    asked = _loaded(Typing, request.get_json())
    return _post(asked["account"], "typing", _from(asked) | {"state": asked["state"]})


@blueprint.post("/ack")
@requires("simulator.use")
def ack() -> tuple[Json, int]:
    """A customer's phone received or showed messages."""
    asked = _loaded(Ack, request.get_json())
    return _post(asked["account"], "ack", _from(asked) | {"ids": asked["ids"], "level": asked["level"]})


@blueprint.post("/react")
@requires("simulator.use")
def react() -> tuple[Json, int]:
    """A customer reacts to a message."""
    asked = _loaded(React, request.get_json())
    return _post(
        asked["account"], "reaction", _from(asked) | {"target": asked["target"], "emoji": asked["emoji"]}
    )


@blueprint.post("/account")
@requires("account.write")
def account() -> tuple[Json, int]:
    """Make an account on the simulator, with a webhook secret that nobody needs to see."""
    workspace = current().workspace
    name = ACCOUNT if workspace == "main" else f"{ACCOUNT}-{workspace}"
    engine().secret_put(workspace, name, {"webhook_secret": secrets.token_urlsafe(32)})
    said = {"name": name, "gateway": "simulator", "title": _("Simulator")}
    act([{"type": "account.put", "data": {**said, "settings": {}, "secrets": ["webhook_secret"]}}])
    return _post(name, "session", {"state": "connected"})


def _loaded(schema: type[Schema], given: Any) -> Json:
    try:
        found: Json = schema().load(given)
        return found
    except ValidationError as error:
        abort(
            422,
            description="; ".join(f"{key}: {value}" for key, value in error.normalized_messages().items()),
        )


def _check(opened: Any, name: str) -> None:
    """Raise NotFound unless *name* is an account of this workspace on the simulator."""
    if name not in [each["id"] for each in view.accounts(opened.db)]:
        raise NotFound(f"no simulator account {name}")


def _from(asked: Json) -> Json:
    return {"from": asked["phone"], "name": asked["name"]}


def _kind(mime: str) -> str:
    family = mime.partition("/")[0]
    return family if family in ("image", "video", "audio") else "document"


def _post(account: str, event: str, data: Json, id: str | None = None) -> tuple[Json, int]:
    """Hand a webhook in as the page; it goes the way of every other webhook."""
    read(lambda opened: _check(opened, account))
    id = id or secrets.token_hex(12).upper()
    body = {"event": event, "account": account, "id": id, "timestamp": int(time.time() * 1000), "data": data}
    raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    status, answer = ingest("simulator", account, sign_as_page(raw), raw)
    return answer, status


def _words() -> dict[str, str]:
    """Return the words that the page's script shows."""
    return {
        "typing": _("typing…"),
        "online": _("online"),
        "deleted": _("This message was deleted"),
        "reply": _("Reply"),
        "buttons": _("Buttons to answer with"),
        "react": _("React"),
        "record": _("Record a voice note"),
        "stop": _("Stop and send"),
        "no_microphone": _("There is no microphone here."),
        "failed": _("Not sent. Try again."),
        "waiting": _("No connection. Trying again…"),
        "empty": _("No messages yet. Write as the customer."),
        "loading": _("Loading the file…"),
        "lost": _("The file could not be loaded."),
        "number": _("A number has 5 to 15 digits."),
        "image": _("Picture"),
        "video": _("Video"),
        "voice": _("Voice note"),
        "audio": _("Audio"),
        "document": _("Document"),
        "sticker": _("Sticker"),
        "location": _("Location"),
        "contact": _("Contact"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
    }
