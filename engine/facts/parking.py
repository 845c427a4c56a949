"""What came before we knew whose it is: own-message echoes and statuses of calls still under way.

The gateway may tell of our message before its own answer to our call is read. Such a word waits
two minutes for the call's result or the reconciliation; then an echo is a message of its own.
"""

from typing import Any

from engine import times
from engine.documents import where
from engine.facts import identity
from engine.ids import canonical_chat, document_id
from engine.transaction import Transaction

SECONDS = 120
CLOCKS_APART = 60  # seconds that a gateway's clock may be behind ours
UNDER_WAY = ("sending", "unconfirmed")


def _id(account: str, gateway_id: str) -> str:
    return document_id(f"{account}/{gateway_id}", "core", "parked")


def under_way(tx: Transaction, conversation: str) -> list[dict[str, Any]]:
    """Return the messages of a conversation whose fate is not known yet, oldest first."""
    table = tx.documents.table("message")
    found: list[dict[str, Any]] = []
    for status in UNDER_WAY:
        found += table.search((where("conversation") == conversation) & (where("status") == status))
    return sorted(found, key=lambda message: str(message["at"]))


def _park(tx: Transaction, account: str, gateway_id: str, fields: dict[str, Any]) -> None:
    id = _id(account, gateway_id)
    if tx.get("parked", id):
        tx.update("parked", id, fields)
        return
    parked: dict[str, Any] = {
        "id": id,
        "account": account,
        "gateway_id": gateway_id,
        "chat": None,
        "levels": [],
        "echo": None,
    }
    tx.insert("parked", {**parked, **fields})
    tx.timer(f"parked/{id}", times.add(tx.at, SECONDS), {"parked": id}, plugin="core")


def park_echo(tx: Transaction, account: str, data: dict[str, Any]) -> None:
    """Keep an own-message echo for later."""
    chat = canonical_chat(data["peer"]["chat_id"])
    echo = {"data": data, "origin": tx.event["origin"], "occurred_at": tx.event["occurred_at"]}
    _park(tx, account, data["message"]["id"], {"chat": chat, "echo": echo})


def park_status(tx: Transaction, account: str, gateway_id: str, data: dict[str, Any]) -> None:
    """Keep a status for later, if a message to that chat is under way."""
    chat = canonical_chat(data["peer"]["chat_id"])
    conversation = identity.find_conversation(tx, account, chat)
    before = tx.get("parked", _id(account, gateway_id))
    if before is None and (conversation is None or not under_way(tx, conversation["id"])):
        return
    levels = [*(before["levels"] if before else ()), {"status": data["status"], "error": data.get("error")}]
    _park(tx, account, gateway_id, {"chat": chat, "levels": levels[-8:]})


def consume(tx: Transaction, account: str, gateway_id: str) -> list[dict[str, Any]]:
    """Take what was parked under an id that is now known; return its levels in order of arrival."""
    parked = tx.get("parked", _id(account, gateway_id))
    if parked is None:
        return []
    tx.remove("parked", parked["id"])
    tx.cancel(f"parked/{parked['id']}", plugin="core")
    levels: list[dict[str, Any]] = parked["levels"]
    return levels


def echo_like(tx: Transaction, message: dict[str, Any], chat: str) -> str | None:
    """Return the gateway's id of a parked echo that says what *message* says, or None."""
    echoes = tx.documents.table("parked").search(
        (where("account") == message["account"]) & (where("chat") == chat)
    )
    earliest = times.add(message.get("sending_at") or message["at"], -CLOCKS_APART)
    for parked in echoes:
        echo = parked["echo"] or {}
        if echo.get("origin") == "echo_api" and echo["occurred_at"] >= earliest:
            said = echo["data"]["message"]
            if (said.get("text") or "") == (message.get("text") or "") and said["kind"] == message["kind"]:
                return str(parked["gateway_id"])
    return None
