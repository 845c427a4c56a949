"""What people want to know of a number: what it sent, what it may, what it waits for, what went wrong."""

from collections.abc import Mapping
from typing import Any

from engine import NOT_CONNECTED, times, where

from . import counts, pacing
from .picking import home
from .rules import rules_of

Json = Mapping[str, Any]
QUEUE_SHOWN = 1000


def health(documents: Any, account: Json, settings: Json, supports: Json, at: str) -> dict[str, Any]:
    """Return what `routes.Health` describes.

    cap: automatic messages of today, 0 for any number; warm_day: null once the number is warm; share:
    of unasked messages within 30 days that were answered, null without any; next: when the next
    automatic message may leave, null where nothing waits; waiting: lane → how many.
    """
    rules, zone = rules_of(settings, account, supports), home(documents)
    pace = documents.table("sender_pace").get(doc_id=account["id"]) or pacing.new_pace(account["id"])
    today = counts.today(pace, at, zone)
    unasked, share = counts.reply_share(pace, at, zone)
    limit = pacing.day_limit(rules, pace, at, zone)
    warming = bool(rules["warm_up"]) and (not rules["per_day"] or limit < rules["per_day"])
    waiting = {lane: _waiting(documents, account["id"], lane) for lane in pacing.LANES}
    return {
        "account": account["id"],
        "preset": rules["preset"],
        "own": (account.get("sender.pacing") or {}).get("preset"),
        "sent": today["sent"],
        "automatic": today["automatic"],
        "cap": limit,
        "warm_day": pacing.warm_day(rules, pace, at, zone) if warming else None,
        "unasked": unasked,
        "share": share,
        "next": _next(pace, at) if any(waiting.values()) else None,
        "free": free_from(rules, pace, at),
        "why": pace.get("why") if any(waiting.values()) else None,
        "waiting": waiting,
        "down": account.get("state") in NOT_CONNECTED,
        "paused": account.get("sender.paused"),
        "warnings": list(pace.get("warnings") or ()),
    }


def _waiting(documents: Any, account: str, lane: str) -> int:
    query = (where("account") == account) & (where("status") == "queued") & (where("lane") == lane)
    return int(documents.table("message").count(query))


def _next(pace: Json, at: str) -> str | None:
    following = pace.get("next") or {}
    return max(following["due"], at) if following.get("due") else None


def free_from(rules: Json, pace: Json, at: str) -> str:
    """Return from when on a person's own message may leave."""
    if not pace.get("ended_at"):
        return at
    return max(at, times.add(pace["ended_at"], rules["floor"] * (2 if pace.get("paused") else 1)))
