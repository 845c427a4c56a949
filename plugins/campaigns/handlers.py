"""What people do with a campaign: write it, plan it, start, pause, resume and stop it."""

from typing import Any

from engine import Refused, handles

from . import tally
from .handlers_audience import WRITE, begin, clear_later, existing, later
from .schemas import Change, Create, OfCampaign, Schedule

Json = dict[str, Any]
LETTERS = "abcd"


def _texts(given: list[Json]) -> list[Json]:
    return [{"id": LETTERS[place], **text} for place, text in enumerate(given)]


def _number(tx: Any, id: str) -> str:
    account = tx.get("account", id)
    if account is None or account.get("removed_at"):
        raise Refused("there is no such number")
    return id


def _segment(tx: Any, id: str | None) -> str | None:
    if id is not None and tx.get("segment", id) is None:
        raise Refused("there is no such segment")
    return id


@handles("campaigns.create", Create, past="campaigns.created", permission=WRITE)
def create(data: Json, tx: Any) -> Json:
    """Begin a draft; its audience is made at once where it is a segment."""
    campaign = {
        "id": tx.new_id(),
        "name": data["name"].strip(),
        "account": _number(tx, data["account"]),
        "segment": _segment(tx, data["segment"]),
        "file": None,
        "texts": _texts(data["texts"]),
        "strangers": False,
        "state": "draft",
        "trouble": None,
        "set": None,
        "size": 0,
        "twice": 0,
        "making": None,
        "start_at": None,
        "started_at": None,
        "ended_at": None,
        "created_at": tx.at,
        "created_by": tx.agent,
        **tally.NEW,
    }
    tx.insert("campaign", campaign)
    if campaign["segment"]:
        begin(tx, campaign, "gather")
    return {"campaign": campaign["id"]}


@handles("campaigns.change", Change, past="campaigns.changed", permission=WRITE)
def change(data: Json, tx: Any) -> None:
    """Change a draft; where texts or audience are others, it is looked again who lacks what."""
    campaign = existing(tx, data["campaign"], "draft")
    fields: Json = {key: data[key] for key in ("name", "strangers") if key in data}
    if "account" in data:
        fields["account"] = _number(tx, data["account"])
    if "texts" in data:
        fields["texts"] = _texts(data["texts"])
    if data.get("segment"):
        fields |= {"segment": _segment(tx, data["segment"]), "file": None, "twice": 0}
    changed = {key: value for key, value in fields.items() if campaign[key] != value}
    tx.update("campaign", campaign["id"], changed)
    campaign.update(changed)
    other = "texts" in changed or "account" in changed
    if "segment" in changed or (other and campaign["segment"]):
        begin(tx, campaign, "gather")
    elif other and campaign["set"]:
        begin(tx, campaign, "check")


@handles("campaigns.remove", OfCampaign, permission=WRITE)
def remove(data: Json, tx: Any) -> None:
    """Throw a draft away."""
    campaign = existing(tx, data["campaign"], "draft")
    clear_later(tx, campaign["set"])
    tx.cancel(f"make/{campaign['id']}", "campaigns")
    tx.remove("campaign", campaign["id"])


@handles("campaigns.schedule", Schedule, past="campaigns.scheduled", permission=WRITE)
def schedule(data: Json, tx: Any) -> None:
    """Have a draft begin at a time."""
    campaign = existing(tx, data["campaign"], "draft", "scheduled")
    _check_ready(tx, campaign)
    at = later(data["at"], tx.at)
    tx.update("campaign", campaign["id"], {"state": "scheduled", "start_at": at, "trouble": None})
    tx.timer(f"start/{campaign['id']}", at, {"campaign": campaign["id"]}, "campaigns")


@handles("campaigns.unschedule", OfCampaign, permission=WRITE)
def unschedule(data: Json, tx: Any) -> None:
    """Make a draft again of a campaign that has not begun."""
    campaign = existing(tx, data["campaign"], "scheduled")
    tx.cancel(f"start/{campaign['id']}", "campaigns")
    tx.update("campaign", campaign["id"], {"state": "draft", "start_at": None})


def _check_ready(tx: Any, campaign: Json) -> None:
    """Raise Refused unless a campaign can begin."""
    _number(tx, campaign["account"])
    if campaign["making"]:
        raise Refused("the audience is being looked at; wait a moment")
    if not tally.total(campaign):
        only = "nobody of the audience ever wrote to us" if tally.count(campaign, "stranger") else None
        raise Refused(only or "nobody would get this campaign")


def _begin(tx: Any, campaign: Json) -> None:
    _check_ready(tx, campaign)
    tx.cancel(f"start/{campaign['id']}", "campaigns")
    tx.update("campaign", campaign["id"], {"state": "running", "started_at": tx.at, "trouble": None})


@handles("campaigns.start", OfCampaign, past="campaigns.started", permission=WRITE)
def start(data: Json, tx: Any) -> None:
    """Begin now."""
    _begin(tx, existing(tx, data["campaign"], "draft", "scheduled"))


@handles("campaigns.start_planned", OfCampaign, past="campaigns.started")
def start_planned(data: Json, tx: Any) -> None:
    """Begin at the time that was planned; where that cannot be, it is a draft again and says why."""
    campaign = existing(tx, data["campaign"], "scheduled")
    try:
        _begin(tx, campaign)
    except Refused as refusal:
        tx.update("campaign", campaign["id"], {"state": "draft", "trouble": refusal.reason})


@handles("campaigns.pause", OfCampaign, past="campaigns.paused", permission=WRITE)
def pause(data: Json, tx: Any) -> None:
    """Hold everything that has not left; what is being sent at this moment still leaves."""
    campaign = existing(tx, data["campaign"], "running")
    tx.cancel(f"go/{campaign['id']}", "campaigns")
    tx.update("campaign", campaign["id"], {"state": "paused", "trouble": None})


@handles("campaigns.resume", OfCampaign, past="campaigns.resumed", permission=WRITE)
def resume(data: Json, tx: Any) -> None:
    """Go on where it was paused."""
    campaign = existing(tx, data["campaign"], "paused")
    _number(tx, campaign["account"])
    tx.update("campaign", campaign["id"], {"state": "running", "trouble": None})


@handles("campaigns.stop", OfCampaign, past="campaigns.stopped", permission=WRITE)
def stop(data: Json, tx: Any) -> None:
    """End a campaign for good; what waits is taken back."""
    campaign = existing(tx, data["campaign"], "running", "paused")
    tx.cancel(f"go/{campaign['id']}", "campaigns")
    tx.update("campaign", campaign["id"], {"state": "stopped", "ended_at": tx.at, "trouble": None})
