"""Making two contacts one by a person's word, and taking that back."""

from engine import (
    Refused,
    combined,
    existing,
    handles,
    join_contacts,
    move_conversations,
    name_of,
    times,
    where,
)

from . import schemas
from .common import WRITE, seen

UNDO_DAYS = 30
KEPT_NAME = "name.kept"
LASTING = ("opted_out", "blocked")
TOLD = ("profile", "book")  # sources of names that a gateway tells, by whichever number
KEPT_APART = ("id", "name", "names", "aliases", "lids", "books", "created_at")


def preview(gone, into, choose=()):
    """Return the contact that *into* becomes; of the fields in *choose* the value of *gone* is kept.

    ``name``: it is to be shown by the name that *gone* was shown by; ``name.kept``: by that of *into*.
    """
    made = combined(gone, into)
    for field in choose:
        source = field.removeprefix("names.")
        if field.startswith("names.") and gone["names"].get(source):
            made["names"][source] = gone["names"][source]
        elif field not in KEPT_APART and gone.get(field) is not None:
            made[field] = gone[field]
    for field, one in (("name", gone), (KEPT_NAME, into)):
        if field in choose and name_of(made) != one["name"]:
            made["names"] = {**made["names"], "agent": one["name"]}
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
    return _record(tx, gone, into, made, by=tx.agent, moved=moved)


def _record(tx, gone, into, made, **more):
    kept = {
        "id": tx.new_id(),
        "contact": gone["id"],
        "into": into["id"],
        "at": tx.at,
        "state": "done",
        "names": [gone["name"], into["name"]],
        "before": {"contact": gone, "into": into},
        "after": made,
        **more,
    }
    tx.insert("contact_merge", kept)
    return {"merge": kept["id"], "contact": gone["id"], "into": into["id"]}


@handles("contacts.record_join", schemas.OfContact)
def record_join(data, tx):
    """Keep what there was before the engine joined two by itself, so that it can be undone."""
    word = tx.get("merged", data["contact"])
    if word is None or not word.get("was"):
        raise Refused("nothing was joined")
    was = word["was"]
    tx.update("merged", word["id"], {"was": None})
    more = {"moved": was["moved"], "chats": was["chats"], "why": tx.why}
    return _record(tx, was["contact"], was["into"], was["after"], by=None, **more)


@handles("contacts.undo_merge", schemas.OfMerge, past="contacts.parted", permission=WRITE)
def undo(data, tx):
    """Have two contacts be two again, each as it was; what was changed since stays with who was kept."""
    done = existing(tx, "contact_merge", data["merge"])
    seen(tx, done["into"])
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
    if not set(done["before"]["contact"]["aliases"]) & set(now["aliases"]):
        raise Refused("a number of this contact belongs to somebody else now")
    return now


def _parted(done, now):
    """Return both contacts: as before, but for what was changed in the one since.

    Who opted out or was blocked since is so in both: it is not known with which number they meant it.
    """
    gone, before, after = dict(done["before"]["contact"]), done["before"]["into"], done["after"]
    into = {}
    for key in {**before, **now}:
        if key in now and now[key] != after.get(key):
            into[key] = now[key]
        elif key in before:
            into[key] = before[key]
    gone |= {key: now[key] for key in LASTING if now.get(key) and now[key] != after.get(key)}
    return _numbers_apart(gone, into, before, now, after)


def _numbers_apart(gone, into, before, now, after):
    gone["aliases"] = [alias for alias in gone["aliases"] if alias in now["aliases"]]
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
    into["names"] = _names(gone, before, now, after)
    into = {**{key: into[key] for key in into if key != "books"}, **_books(before)}
    return {**gone, "name": name_of(gone)}, {**into, "name": name_of(into)}


def _names(gone, before, now, after):
    """Return the names of who was kept: as before, and what the team called them since.

    A name that a gateway told since may be of either's number: both have what they had before, and what
    the gateway tells next goes to whom it belongs.
    """
    kept = dict(before["names"])
    for source, name in now["names"].items():
        if source not in TOLD and name != after["names"].get(source):
            kept[source] = name
    return kept


def _books(before):
    return {"books": before["books"]} if "books" in before else {}


def _give_back(tx, done, gone, into):
    """Return what had followed to who was kept, and talks with numbers of the other, with all in them."""
    chats = done.get("chats") or {}
    found = tx.documents.table("conversation").search(where("contact") == into["id"])
    theirs = [one for one in found if one["chat"] in gone["aliases"] or one["id"] in chats]
    move_conversations(tx, theirs, gone["id"])
    for conversation in theirs:
        before = chats.get(conversation["id"], conversation["chat"])
        if before != conversation["chat"]:
            tx.update("conversation", conversation["id"], {"chat": before})
    for collection, ids in done["moved"].items():
        key = "into" if collection == "merged" else "contact"
        for id in ids if collection != "conversation" else ():
            if (tx.get(collection, id) or {}).get(key) == into["id"]:
                tx.update(collection, id, {key: gone["id"]})
