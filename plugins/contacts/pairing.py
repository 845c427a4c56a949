"""Two contacts as a suggested pair."""

import hashlib

from engine import times

LOOK = "look/"  # how the names of timers begin
SOON = 15 * 60.0  # seconds; a look compares everybody with everybody


def key_of(one, other):
    """Return the ids of two contacts: of who has more to lose first, that is of who came first."""
    return tuple(one["id"] for one in sorted((one, other), key=lambda each: (each["created_at"], each["id"])))


def pair_of(both, why):
    """Return ``{id, contact, other, score, reasons}`` of two ids and *why*: reason → how sure, up to 100."""
    id = hashlib.sha256("/".join(both).encode()).hexdigest()[:26]
    score = round(max(why.values()))
    return {"id": id, "contact": both[1], "other": both[0], "score": score, "reasons": sorted(why)}


def look_soon(tx):
    """Have contacts compared in a while: once for all who come in ten minutes."""
    tx.timer(f"{LOOK}{tx.at[:15]}", times.add(tx.at, SOON), {}, "contacts")
