"""What a gateway tells of a number's connection."""

from typing import Any

from engine.transaction import Transaction


def state(tx: Transaction, data: dict[str, Any]) -> None:
    """A number's connection changed."""
    account = tx.get("account", tx.event["account"])
    if account is None:
        return
    fields = {"state": data["state"], "state_at": tx.at, "state_reason": data.get("reason_code")}
    if data.get("me"):
        fields["me"] = data["me"]
    tx.update("account", account["id"], fields)
