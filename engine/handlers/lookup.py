"""Finding what an action names."""

from typing import Any

from engine.actions import Refused
from engine.transaction import Transaction


def existing(tx: Transaction, collection: str, id: str | None) -> dict[str, Any]:
    """Return a document; Refused where it is not there. One that was merged into another is that one."""
    found = tx.get(collection, id)
    if found is None and collection in ("contact", "conversation"):
        gone = tx.get("merged", id)
        found = tx.get(collection, gone["into"]) if gone else None
    if found is None:
        raise Refused(f"there is no {collection.replace('_', ' ')} {id!r}")
    return found
