"""What a gateway tells of a number's connection."""

from typing import Any

from engine import times
from engine.transaction import Transaction

NOT_CONNECTED = (
    "starting",
    "qr",
    "disconnected",
    "logged_out",
    "banned",
    "auth_failed",
    "needs_action",
)
"""States in which a number can send nothing; ``unknown``, of which nothing was told, is none of them."""
SKEW = 60.0  # seconds that WhatsApp's clock may be ahead of ours


def state(tx: Transaction, data: dict[str, Any]) -> None:
    """A number's connection changed; what is told late, after what came of it, changes nothing."""
    account = tx.get("account", tx.event["account"])
    told = tx.event["occurred_at"]
    if account is None or told < (account.get("state_told_at") or ""):
        return
    fields = {"state": data["state"], "state_at": tx.at, "state_reason": data.get("reason_code")}
    if data.get("me"):
        fields["me"] = data["me"]
    tx.update("account", account["id"], {**fields, "state_told_at": min(told, tx.at)})  # a clock may be ahead


def heard(tx: Transaction) -> None:
    """What was written well after a number was said to be gone shows that it is back."""
    account = tx.get("account", tx.event["account"])
    if account is None or account.get("state") not in NOT_CONNECTED:
        return
    if times.seconds_between(account["state_at"], tx.event["occurred_at"]) > SKEW:
        fields = {"state": "connected", "state_at": tx.at, "state_reason": None}
        tx.update("account", account["id"], fields)
        tx.consequence("session.state", {"state": "connected", "reason_code": None, "me": None})
