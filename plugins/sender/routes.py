"""What people see of sending: a number's health on its card, the banner where it is paused, the REST."""

from typing import Any

from flask import Blueprint, g, request
from marshmallow import Schema, fields, validate

from engine import NOT_CONNECTED, times
from web import (
    Feed,
    Slot,
    View,
    _,
    act,
    api_blueprint,
    attempt,
    back,
    gateways,
    lazy_gettext,
    read,
    render,
    requires,
)

from .health import health
from .rules import PRESETS
from .schemas import Numbers, Settings

Json = dict[str, Any]
DEFAULTS = Settings().load({})
FEED = {"sender_pace": Feed(("id", "paused", "n"), "account.read")}

api = api_blueprint("sender", "/sender", "How messages leave each number")
blueprint = Blueprint("sender_pages", __name__)


class Health(Schema):
    """How a number sends."""

    account = fields.String()
    preset = fields.String(metadata={"description": "careful, normal or official"})
    sent = fields.Integer(metadata={"description": "messages today, agents' own among them"})
    automatic = fields.Integer(metadata={"description": "those of them that no person wrote"})
    cap = fields.Integer(metadata={"description": "automatic messages today at most; 0: any number"})
    warm_day = fields.Integer(
        allow_none=True, metadata={"description": "day of warming up; null: it is warm"}
    )
    unasked = fields.Integer(metadata={"description": "messages within 30 days that nobody had asked for"})
    share = fields.Float(allow_none=True, metadata={"description": "of those, the share that was answered"})
    next = fields.String(allow_none=True, metadata={"description": "when the next one that waits leaves"})
    free = fields.String(metadata={"description": "from when on an agent's answer leaves at once"})
    why = fields.String(allow_none=True, metadata={"description": "what the next one waits for"})
    waiting = fields.Dict(metadata={"description": "lane → messages that wait"})
    down = fields.Boolean(metadata={"description": "whether it is not connected, so that all waits"})
    paused = fields.Dict(allow_none=True, metadata={"description": "{at, kind, code, reason}"})
    warnings = fields.List(fields.Dict())


class PacingPut(Schema):
    """How one number is paced."""

    preset = fields.String(allow_none=True, load_default=None, validate=validate.OneOf(PRESETS))
    numbers = fields.Nested(Numbers(partial=True), load_default=dict)


def _health(view: View, id: str) -> Json:
    account = view.get("account", id)
    plugin = view.db.table("plugin").get(doc_id="sender") or {}
    settings = {**DEFAULTS, **(plugin.get("settings") or {})}
    adapter = gateways().get(account["gateway"])
    return health(view.db, account, settings, adapter.supports if adapter else {}, times.now())


@api.route("/accounts/<id>")
@requires("account.read")
@api.response(200, Health)
def get_health(id: str) -> Json:
    """Tell how a number sends: today's messages, its limit, what it waits for."""
    return read(lambda view: _health(view, id))


@api.route("/accounts/<id>/pacing", methods=["PUT"])
@requires("account.write")
@api.arguments(PacingPut)
@api.response(200, Health)
def put_pacing(wanted: Json, id: str) -> Json:
    """Choose a number's preset, and numbers of its own."""
    return _after(id, "set_pacing", **wanted)


@api.route("/accounts/<id>/pause", methods=["POST"])
@requires("account.write")
@api.response(200, Health)
def pause(id: str) -> Json:
    """Stop a number's automatic messages, but for answers to who wrote."""
    return _after(id, "pause")


@api.route("/accounts/<id>/resume", methods=["POST"])
@requires("account.write")
@api.response(200, Health)
def resume(id: str) -> Json:
    """Let a paused number send again."""
    return _after(id, "resume")


def _after(id: str, verb: str, **data: Any) -> Json:
    read(lambda view: view.get("account", id))
    act([{"type": f"sender.{verb}", "data": {"account": id, **data}}])
    return read(lambda view: _health(view, id))


def preset_words() -> dict[str, tuple[str, str]]:
    """Return each preset's name and what it means."""
    return {
        "careful": (_("Careful"), _("Slow and few: for a number that is new or was warned.")),
        "normal": (_("Normal"), _("At the pace of a person who types.")),
        "official": (_("Official API"), _("Nothing is held back: the service has its own limits.")),
    }


def why_words() -> dict[str, str]:
    """Return in words what a message waits for."""
    return {
        "floor": _("the shortest pause between two messages"),
        "gap": _("the pause before the next automatic message"),
        "break": _("a break, as a person takes one"),
        "hour": _("this hour's limit is reached"),
        "day": _("today's limit is reached"),
        "warm_up": _("today's limit of a number that is warming up is reached"),
        "new": _("today's limit of people who never wrote is reached"),
        "share": _("too few people answer messages that they did not ask for"),
        "quiet": _("it is night at the customer's place"),
        "cooldown": _("this customer has just been written to"),
        "contact": _("this customer has been written to often enough this hour"),
        "unanswered": _("this customer did not answer the last messages"),
        "paused": _("the number is paused"),
        "retry": _("the next try"),
        "held": _("what it belongs to is paused"),
        "disconnected": _("the number is not connected"),
    }


def trouble_words(trouble: Json) -> str:
    """Return in words why a number was paused."""
    kind, code = trouble.get("kind"), trouble.get("code")
    words = {
        "signal": _(
            "WhatsApp refused a message (%(code)s): the number may be about to be blocked.", code=code
        ),
        "disconnects": _("The connection was lost three times within an hour."),
        "failures": _("More than one in twenty messages of an hour was refused."),
        "person": _("A person paused it."),
    }
    return words.get(str(kind), str(code or ""))


def _card(view: View, account: Json) -> Json:
    return {
        "health": _health(view, account["id"]),
        "presets": preset_words(),
        "why": why_words(),
        "trouble": trouble_words,
    }


def _banner(view: View, account: Json, **_more: Any) -> Json:
    found = view.db.table("account").get(doc_id=account["id"]) or {}
    return {"paused": found.get("sender.paused"), "account": account, "trouble": trouble_words}


WORDS = {
    "sender.pause": lazy_gettext("paused the number"),
    "sender.resume": lazy_gettext("let the number send again"),
    "sender.set_pacing": lazy_gettext("chose how the number is paced"),
    "sender.hold": lazy_gettext("held the message back"),
    "sender.release": lazy_gettext("let the message leave again"),
    "sender.expire": lazy_gettext("took the message back: it came too late"),
    "sender.forget": lazy_gettext("took back what waited for the contact"),
}
"""What these actions did, in words."""

SLOTS = [
    Slot("account.card", "sender/card.html", _card),
    Slot("list.filter", "sender/script.html"),
    Slot("thread.banner", "sender/banner.html", _banner),
    Slot("message.waiting", "sender/waiting.html"),
]


@blueprint.app_template_global("sender_waits")
def waits(message: Json) -> str:
    """Return in words why a message waits, or was not sent; "" where there is nothing to say."""
    if message.get("status") == "cancelled":
        code = (message.get("error") or {}).get("code")
        words = {
            "expired": _("It was not sent: it could not leave in time. Answer by hand if it still matters."),
            "opted_out": _("It was not sent: this contact wants no more messages."),
        }
        return words.get(code, "")
    why = message.get("sender.why")
    if message.get("status") == "queued" and why != "held" and _is_down(message["account"]):
        why = "disconnected"
    why = why_words().get(why or "")
    return _("Waits: %(why)s.", why=why) if why else ""


def _is_down(account: str) -> bool:
    known: dict[str, bool] = g.setdefault("sender_down", {})
    if account not in known:
        found = read(lambda view: view.db.table("account").get(doc_id=account)) or {}
        known[account] = found.get("state") in NOT_CONNECTED
    return known[account]


@blueprint.get("/sender/<account>/card")
@requires("account.write")
def card(account: str) -> str:
    """Return a number's card as HTML, for a page that is open while it sends."""
    found = read(lambda view: _card(view, view.get("account", account)))
    return render("sender/health.html", **found)


@blueprint.get("/sender/<account>/banner")
@requires("conversation.read")
def banner(account: str) -> str:
    """Return the banner of a number that is paused, or nothing."""
    found = read(lambda view: _banner(view, view.get("account", account)))
    return render("sender/banner_text.html", **found)


@blueprint.post("/settings/sender/<account>/<verb>")
@requires("account.write")
def change(account: str, verb: str) -> Any:
    """Choose a preset, pause or resume, from the number's card."""
    data: Json = {"account": account}
    if verb == "set_pacing":
        data["preset"] = request.form.get("preset") or None
    if verb in ("set_pacing", "pause", "resume"):
        attempt([{"type": f"sender.{verb}", "data": data}])
    return back("/settings/numbers", f"number-{account}", saved="1")
