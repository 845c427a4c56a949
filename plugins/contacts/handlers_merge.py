"""Making two contacts one by a person's word, and taking that back."""

from engine import Refused, combined, handles, join_contacts, name_of, times, where

from . import schemas
from .common import WRITE, existing

UNDO_DAYS = 30
KEPT_APART = ("id", "name", "names", "aliases", "lids", "books", "created_at")


def preview(gone, into, choose=()):
    """Return the contact that *into* becomes; of the fields in *choose* the value of *gone* is kept."""
    made = combined(gone, into)
    for field in choose:
        source = field.removeprefix("names.")
        if field.startswith("names.") and gone["names"].get(source):
            made["names"][source] = gone["names"][source]
        elif field not in KEPT_APART and gone.get(field) is not None:
            made[field] = gone[field]
    return {**made, "name": name_of(made)}


@handles("contacts.merge", schemas.MergeOf, past="contacts.joined", permission=WRITE)
def merge(data, tx):
    """Make two contacts one; their conversations stay apart, since their chats are not the same."""
    gone, into = existing(tx, "contact", data["contact"]), existing(tx, "contact", data["into"])
    if gone["id"] == into["id"]:
        raise Refused("this is one contact already")
    if gone.get("erased_at") or into.get("erased_at"):
        raise Refused("the data of one of them was erased")
    gone, into = dict(gone), dict(into)
    made = preview(gone, into, data["choose"])
    moved = join_contacts(tx, gone, into, made)
    kept = {
        "id": tx.new_id(),
        "contact": gone["id"],
        "into": into["id"],
        "at": tx.at,
        "by": tx.agent,
        "state": "done",
        "names": [gone["name"], into["name"]],
        "before": {"contact": gone, "into": into},
        "after": made,
        "moved": moved,
    }
    tx.insert("contact_merge", kept)
    return {"merge": kept["id"], "contact": gone["id"], "into": into["id"]}


@handles("contacts.undo_merge", schemas.OfMerge, past="contacts.parted", permission=WRITE)
def undo(data, tx):
    """Have two contacts be two again, each as it was; what was changed since stays with who was kept."""
    done = existing(tx, "contact_merge", data["merge"])
    now = _sound(tx, done)
    gone, into = _parted(done, dict(now))
    tx.remove("merged", gone["id"])
    tx.replace("contact", into["id"], into)
    tx.insert("contact", gone)
    _give_back(tx, done, gone, into)
    tx.update("contact_merge", done["id"], {"state": "undone", "undone_at": tx.at})
    return {"contact": gone["id"], "into": into["id"]}


def _sound(tx, done):
    """Return who was kept, as they are now; Refused, with the reason, where nothing can be undone."""
    if done["state"] != "done":
        raise Refused("this was undone already")
    if times.add(done["at"], UNDO_DAYS * 86400) < tx.at:
        raise Refused(f"this was more than {UNDO_DAYS} days ago")
    now, word = tx.get("contact", done["into"]), tx.get("merged", done["contact"])
    if now is None:
        raise Refused("who was kept was joined with somebody else since; undo that first")
    if now.get("erased_at") or word is None or word["into"] != now["id"]:
        raise Refused("the data of this contact was erased since")
    if not set(done["before"]["contact"]["aliases"]) <= set(now["aliases"]):
        raise Refused("a number of this contact belongs to somebody else now")
    return now


def _parted(done, now):
    """Return both contacts: as before, but for what was changed in the one since."""
    gone, before, after = dict(done["before"]["contact"]), done["before"]["into"], done["after"]
    into = {}
    for key in {**before, **now}:
        if key in now and now[key] != after.get(key):
            into[key] = now[key]
        elif key in before:
            into[key] = before[key]
    theirs = [alias for alias in gone["aliases"] if alias not in before["aliases"]]
    fresh = {
        lid: chat for lid, chat in (now.get("lids") or {}).items() if lid not in (after.get("lids") or {})
    }
    late = [lid for lid, chat in fresh.items() if chat in theirs]
    into["aliases"] = [alias for alias in into["aliases"] if alias not in (*theirs, *late)]
    if late:
        gone["aliases"] = [*gone["aliases"], *late]
        gone["lids"] = {**(gone.get("lids") or {}), **{lid: fresh[lid] for lid in late}}
    if "lids" in into:
        into["lids"] = {lid: chat for lid, chat in into["lids"].items() if lid in into["aliases"]}
    if into["names"] != before["names"]:
        into["names"] = {
            **{s: n for s, n in into["names"].items() if n != gone["names"].get(s)},
            **_own(before, now, after),
        }
    return gone, {**into, "name": name_of(into)}


def _own(before, now, after):
    """Return the names that who was kept had before and that nobody changed since."""
    same = {source for source in before["names"] if now["names"].get(source) == after["names"].get(source)}
    return {source: before["names"][source] for source in same}


def _give_back(tx, done, gone, into):
    """Return what had followed to who was kept, and talks that began since with numbers of the other."""
    for conversation in tx.documents.table("conversation").search(where("contact") == into["id"]):
        if conversation["chat"] in gone["aliases"]:
            tx.update("conversation", conversation["id"], {"contact": gone["id"]})
    for collection, ids in done["moved"].items():
        key = "into" if collection == "merged" else "contact"
        for id in ids if collection != "conversation" else ():
            if (tx.get(collection, id) or {}).get(key) == into["id"]:
                tx.update(collection, id, {key: gone["id"]})
