"""What the actions of contacts do to documents: making, suggesting, reading address books."""

from engine import Refused, chat_of, contact_by_alias, e164, existing, handles, name_of, times, where

from . import schemas
from .common import WRITE, living, may_see, seen
from .pairing import key_of, look_soon, pair_of

STALE = 15 * 60  # seconds after which a reading that told nothing any more is taken for dead


def number(tx, text):
    """Return (E.164, chat) of a number as it is written where the workspace is; Refused where it is none."""
    try:
        phone = e164(text, (tx.get("workspace", "main") or {}).get("region"))
    except ValueError as error:
        raise Refused(str(error)) from error
    return phone, chat_of(phone)


def _free(tx, text):
    phone, chat = number(tx, text)
    taken = contact_by_alias(tx.documents, chat)
    if taken and not may_see(tx, taken.doc_id):
        raise Refused(f"{phone} is the number of somebody already")
    if taken:
        raise Refused(f"{phone} is the number of {taken['name']} already")
    return phone, chat


@handles("contacts.create", schemas.Create, past="contacts.created", permission=WRITE)
def create(data, tx):
    """Make a contact by hand."""
    phone, chat = _free(tx, data["phone"])
    name = (data["name"] or "").strip()
    contact = {
        "id": tx.new_id(),
        "names": {"agent": name} if name else {},
        "phone": phone,
        "aliases": [chat],
        "lids": {},
        "created_at": tx.at,
    }
    tx.insert("contact", {**contact, "name": name_of(contact)})
    look_soon(tx)
    return {"contact": contact["id"]}


@handles("contacts.add_number", schemas.AddNumber, past="contacts.number_added", permission=WRITE)
def add_number(data, tx):
    """Note one more number of a contact."""
    contact = living(tx, data["contact"])
    phone, chat = _free(tx, data["phone"])
    fields = {"aliases": [*contact["aliases"], chat], "phone": contact["phone"] or phone}
    tx.update("contact", contact["id"], {**fields, "name": name_of({**contact, **fields})})
    look_soon(tx)
    return {"contact": contact["id"]}


@handles("contacts.look", schemas.Nothing, permission=WRITE)
def look(data, tx):
    """Have a worker look for contacts who may be one person."""
    return {"job": tx.job("contacts.pairs", {})}


@handles("contacts.suggest", schemas.Nothing)
def suggest(data, tx):
    """Keep the pairs that a worker found; those that a person dismissed stay so."""
    found = {pair["id"]: pair for pair in tx.event["data"]["result"]["pairs"]}
    table = tx.documents.table("contact_pair")
    for old in table.search(where("state") == "open"):
        if old["id"] not in found and "chat" not in old["reasons"]:
            tx.remove("contact_pair", old["id"])
    for id, pair in found.items():
        known = tx.get("contact_pair", id)
        there = tx.get("contact", pair["contact"]) and tx.get("contact", pair["other"])
        if known is None and there:
            tx.insert("contact_pair", {**pair, "state": "open", "at": tx.at})
        elif known and known["state"] == "open" and known["score"] != pair["score"]:
            tx.update("contact_pair", id, {key: pair[key] for key in ("score", "reasons")})


@handles("contacts.suggest_pair", schemas.TwoContacts)
def suggest_pair(data, tx):
    """Suggest two contacts of whom something else than names and numbers says that they may be one."""
    both = [tx.get("contact", data[key]) for key in ("contact", "other")]
    if not all(both):
        raise Refused("one of them is gone")
    pair = pair_of(key_of(*both), {"chat": 100})
    if tx.get("contact_pair", pair["id"]) is None:
        tx.insert("contact_pair", {**pair, "state": "open", "at": tx.at})


@handles("contacts.dismiss", schemas.OfPair, past="contacts.dismissed", permission=WRITE)
def dismiss(data, tx):
    """These two are not the same person; they are not suggested again."""
    pair = existing(tx, "contact_pair", data["pair"])
    seen(tx, pair["contact"], pair["other"])
    tx.update("contact_pair", data["pair"], {"state": "dismissed", "at": tx.at})


@handles("contacts.tidy", schemas.OfContact)
def tidy(data, tx):
    """Take back the suggestions with a contact who is gone."""
    gone = data["contact"]
    for pair in tx.documents.table("contact_pair").search(
        (where("contact") == gone) | (where("other") == gone)
    ):
        tx.remove("contact_pair", pair["id"])
    for pair in tx.documents.table("contact_pair").search(where("contact") == where("other")):
        tx.remove("contact_pair", pair["id"])


@handles("contacts.sync", schemas.OfAccount, past="contacts.sync_began", permission=WRITE)
def sync(data, tx):
    """Read the address book of a paired phone, page by page."""
    account = existing(tx, "account", data["account"])
    before = tx.get("contact_sync", account["id"])
    if before and before["state"] == "running" and times.add(before["told_at"], STALE) > tx.at:
        raise Refused("the address book is being read already")
    run = tx.new_id()
    fields = {
        "state": "running",
        "run": run,
        "done": 0,
        "total": before["total"] if before else None,  # as many as the last time, until it is told
        "changed": 0,
        "began_at": tx.at,
        "told_at": tx.at,
        "ended_at": None,
        "reason": None,
    }
    if before:
        tx.update("contact_sync", account["id"], fields)
    else:
        tx.insert("contact_sync", {"id": account["id"], **fields, "read_at": None})
    tx.job("book.list", {"account": account["id"], "cursor": None, "run": run})


@handles("contacts.listed", schemas.Listed)
def listed(data, tx):
    """A page was read: the next one, or the end."""
    found = _running(data, tx)
    if found is None:
        return
    fields = {
        "done": found["done"] + data["listed"],
        "changed": found["changed"] + data["changed"],
        "total": data["total"] or found["total"],
        "told_at": tx.at,
    }
    tx.update("contact_sync", found["id"], fields)
    args = {"account": found["id"], "run": found["run"]}
    if data["outcome"] != "listed":
        _ended(tx, found, data, data["outcome"])
    elif data["next"]:
        tx.job("book.list", {**args, "cursor": data["next"]})
    elif found["read_at"]:
        tx.job("book.gone", args)
    else:
        _ended(tx, {**found, **fields}, data, "listed")


@handles("contacts.checked", schemas.Listed)
def checked(data, tx):
    """It is known who is not in the book any more: that was all."""
    found = _running(data, tx)
    if found is not None:
        changed = found["changed"] + data["changed"]
        tx.update("contact_sync", found["id"], {"changed": changed})
        _ended(tx, {**found, "changed": changed}, data, data["outcome"])


def _running(data, tx):
    found = tx.get("contact_sync", data["account"])
    return found if found and found["run"] == data["run"] and found["state"] == "running" else None


def _ended(tx, found, data, outcome):
    state = {"listed": "done", "unsupported": "unsupported"}.get(outcome, "failed")
    fields = {"state": state, "ended_at": tx.at, "reason": data["reason"]}
    if state == "done":
        fields |= {"read_at": tx.at, "total": found["done"]}
        tx.job("contacts.pairs", {})  # whoever wrote meanwhile is new as well
    tx.update("contact_sync", found["id"], fields)
    if data["hours"] and state != "unsupported":
        due = times.add(tx.at, data["hours"] * 3600)
        tx.timer(f"sync/{found['id']}", due, {"account": found["id"]})
