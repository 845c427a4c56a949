"""What the customer is shown while an answer waits for its slot: that their words are read, and typing."""

from engine import handles, times

from .handlers import note
from .schemas import OfAccount

TYPING_AGAIN = 9.0  # seconds; WAHA shows it for about ten
SHOW_DEADLINE = 5.0


@handles("sender.show", OfAccount)
def show(data, tx):
    """Have a worker show the customer that their words are read, then that an answer is being typed."""
    pace = tx.get("sender_pace", data["account"])
    following = (pace or {}).get("next") or {}
    message = tx.get("message", following.get("message"))
    account = tx.get("account", data["account"]) or {}
    if not message or message["status"] != "queued" or following["due"] <= tx.at or not account:
        return
    supports = tx.supports.get(account["gateway"], {})
    types = following.get("typing_at")
    states = [] if following.get("seen") or not supports.get("seen") else ["seen"]
    if types and types <= tx.at and supports.get("typing"):
        states.append("typing")
        again = times.add(tx.at, TYPING_AGAIN)
    else:
        again = types
    note(tx, pace, {"next": {**following, "seen": True}})
    if again and again < following["due"]:
        tx.timer(f"show/{data['account']}", again, {"account": data["account"]}, plugin="sender")
    if "typing" in states and not message.get("sender.typing"):
        tx.update("message", message["id"], {"sender.typing": True})
    if states:
        asked = {"message": message["id"], "states": states}
        tx.job("sender.show", asked, queue="work", deadline=SHOW_DEADLINE)
