"""How many recipients of a campaign are where: kept in the campaign, and moved with each of them.

``counts`` is state → how many, ``variants`` the same for each text; ``replied``, ``opted_out`` and ``agreed``
(strangers of whom an import says how they agreed) count beside the states. ``left_out`` is
reason → how many, ``missing`` field → how many lack it.
"""

from typing import Any

Json = dict[str, Any]
NEW: Json = {"counts": {}, "variants": {}, "left_out": {}, "missing": {}}
STATES = {
    "queued": "queued",
    "sending": "queued",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "cancelled": "cancelled",
    "unconfirmed": "unconfirmed",
}
LEFT = ("sent", "delivered", "read")
"""States of those whom the message has left for."""


def add(campaign: Json, recipient: Json, by: int = 1) -> None:
    """Count a recipient's state in (or, with -1, out)."""
    _bump(campaign, recipient, recipient["state"], by)
    if recipient["state"] == "stranger" and recipient.get("agreed"):
        _bump(campaign, recipient, "agreed", by)
    if recipient["state"] == "left_out":
        campaign["left_out"] = _with(campaign["left_out"], recipient["reason"], by)
    for name in recipient.get("missing") or () if recipient["state"] == "missing" else ():
        campaign["missing"] = _with(campaign["missing"], name, by)


def note(campaign: Json, recipient: Json, what: str) -> None:
    """Count what a recipient did: ``replied`` or ``opted_out``."""
    _bump(campaign, recipient, what, 1)


def count(campaign: Json, *states: str) -> int:
    """Return how many recipients are in any of *states*."""
    return sum(campaign["counts"].get(state, 0) for state in states)


def total(campaign: Json) -> int:
    """Return how many are to get the campaign, those to whom it went already among them."""
    gone = ("waiting", "queued", *LEFT, "failed", "cancelled", "unconfirmed")
    return count(campaign, *gone, *(("stranger",) if campaign["strangers"] else ()))


def save(tx: Any, campaign: Json, **more: Any) -> None:
    """Write a campaign's counts down, with *more* of its fields."""
    tx.update("campaign", campaign["id"], {**{key: campaign[key] for key in NEW}, **more})
    campaign.update(more)


def move(tx: Any, campaign: Json, recipient: Json, **fields: Any) -> None:
    """Change a recipient, and count it where it is now; the campaign is not saved yet."""
    add(campaign, recipient, -1)
    recipient.update(fields)
    add(campaign, recipient)
    tx.update("campaign_recipient", recipient["id"], fields)


def _bump(campaign: Json, recipient: Json, what: str, by: int) -> None:
    campaign["counts"] = _with(campaign["counts"], what, by)
    variants, variant = campaign["variants"], recipient["variant"]
    campaign["variants"] = {**variants, variant: _with(variants.get(variant) or {}, what, by)}


def _with(counts: Json, key: str, by: int) -> Json:
    return {**counts, key: counts.get(key, 0) + by}
