"""What the actions on imports do to documents: batch by batch, exact over a crash.

An import's document says how far it is (``position``, bytes of the file of rows). A worker reads from there
and tells rows and the next position; both are committed with what the rows did. So what is told again,
or late, is of another position and does nothing.
"""

import hashlib
import json
from typing import Any

from engine import Refused, chat_of, existing, handles, name_of, times, where

from . import importing
from . import schemas_data as schemas
from .files import BAD, HEAD, ROWS
from .handlers_data import custom_fields, now_used

Json = dict[str, Any]
IMPORT = "contact.import"
READ_SECONDS, FORGET_SECONDS = 30.0, 30.0
KEPT_DAYS = 30
MADE = "contacts._made"  # a digest of a contact as an import made it; what was changed since differs
DONE = {"create": "created", "update": "updated", "skip": "skipped"}
NOTHING = {"rows": 0, "created": 0, "updated": 0, "skipped": 0}


def _in_state(tx: Any, id: str, *states: str) -> Json:
    found = existing(tx, "contact_import", id)
    if found["state"] not in states:
        raise Refused(f"the import is {found['state']} by now")
    return found


@handles("contacts.add_import", schemas.ImportAdd, permission=IMPORT)
def add_import(data: Json, tx: Any) -> Json:
    """Begin with a file that was uploaded; its columns are guessed already."""
    blank: Json = {"options": {}, "counts": {}, "done": dict(NOTHING), "position": 0}
    made = {"state": "new", "reason": None, "created_by": tx.agent, "created_at": tx.at}
    added = {"id": tx.new_id(), **data, **blank, **made}
    tx.insert("contact_import", added)
    _forget_later(tx, added["id"])
    return {"import": added["id"]}


def _forget_later(tx: Any, id: str) -> None:
    tx.timer(f"forget/{id}", times.add(tx.at, KEPT_DAYS * 86400.0), {"import": id}, "contacts")


@handles("contacts.check_import", schemas.ImportCheck, permission=IMPORT)
def check_import(data: Json, tx: Any) -> None:
    """Have a worker read the whole file: which rows are good, and what is wrong with the others."""
    found = _in_state(tx, data["import"], "new", "checked", "failed")
    if found["position"]:
        raise Refused("the import has begun already")
    mapping, options = data["mapping"], _options(tx, data["options"])
    if len(mapping) != len(found["columns"]):
        raise Refused(f"there are {len(found['columns'])} columns, not {len(mapping)}")
    keys = {field["key"] for field in custom_fields(tx) if not field["archived"]}
    unknown = {target for target in mapping if target} - keys - set(importing.OWN)
    if unknown:
        raise Refused(f"there is no field {sorted(unknown)[0]!r}")
    if importing.PHONE not in mapping:
        raise Refused("one column has to be the phone number")
    _check_needed(tx, mapping)
    tx.update("contact_import", found["id"], {"mapping": mapping, "options": options, "counts": {}})
    _run_check(tx, {**found, "mapping": mapping, "options": options})


def _options(tx: Any, given: Json) -> Json:
    region = given["region"] or (tx.get("workspace", "main") or {}).get("region") or "ID"
    return {**given, "region": region}


def _check_needed(tx: Any, mapping: list[str | None]) -> None:
    for field in custom_fields(tx):
        if field["required"] and not field["archived"] and field["key"] not in mapping:
            raise Refused(f"{field['label']} is needed; choose its column")


def _run_check(tx: Any, found: Json, done: int = 0, of: int = 0) -> None:
    plan = {key: found[key] for key in ("columns", "mapping", "options")}
    custom = [field for field in custom_fields(tx) if field["key"] in found["mapping"]]
    args = {"import": found["id"], "file": found["file"], "plan": plan, "custom": custom, "done": done}
    job = tx.job("contacts.check", args, deadline=READ_SECONDS)
    going = {"state": "checking", "reason": None, "job": job, "checked": {"rows": done, "of": of}}
    tx.update("contact_import", found["id"], going)


@handles("contacts.start_import", schemas.OfImport, past="contacts.import_started", permission=IMPORT)
def start_import(data: Json, tx: Any) -> None:
    """Let the good rows in, from the first or from where it was stopped."""
    found = _in_state(tx, data["import"], "checked", "stopped", "failed")
    if found["state"] == "failed" and not found["counts"]:
        raise Refused("the file has to be checked first")
    _run_rows(tx, found)


def _run_rows(tx: Any, found: Json) -> None:
    args = {"import": found["id"], "file": found["file"], "position": found["position"]}
    job = tx.job("contacts.rows", args, deadline=READ_SECONDS)
    tx.update("contact_import", found["id"], {"state": "running", "reason": None, "job": job})


@handles("contacts.stop_import", schemas.OfImport, past="contacts.import_stopped", permission=IMPORT)
def stop_import(data: Json, tx: Any) -> None:
    """Stop an import or a dry run; what is in stays in, and it can go on from there."""
    found = _in_state(tx, data["import"], "running", "checking")
    state = "stopped" if found["state"] == "running" else "new"
    tx.update("contact_import", found["id"], {"state": state, "job": None})


@handles("contacts.go_on", schemas.OfImport)
def go_on(data: Json, tx: Any) -> None:
    """Ask again for what was under way when the plugin was switched off."""
    found = _in_state(tx, data["import"], "checking", "running", "undoing")
    if found["state"] == "undoing":
        tx.timer(f"undo/{found['id']}", tx.at, {"import": found["id"]}, "contacts")
    else:
        (_run_check if found["state"] == "checking" else _run_rows)(tx, found)


@handles("contacts.take_result", schemas.OfImport, past="contacts.result_taken")
def take_result(data: Json, tx: Any) -> Json:
    """Take what a worker told, which is in the event itself, if the import waits for just this job.

    The consequence has ``label`` and ``conversations``, those that are to get it.
    """
    found, told = existing(tx, "contact_import", data["import"]), tx.event["data"]
    result = told.get("result") or {}
    if tx.event["type"] not in ("job.finished", "job.expired") or not _waits_for(found, told):
        raise Refused("the import does not wait for this any more")
    if result.get("outcome") == "checking":
        _run_check(tx, found, result["done"], result["of"])
    elif result.get("outcome") == "checked":
        counts = {key: result[key] for key in ("rows", "create", "update", "skip", "bad")}
        checked = {"state": "checked", "counts": counts, "job": None}
        tx.update("contact_import", found["id"], checked)
    elif result.get("outcome") == "read":
        return {"label": found["options"]["label"], "conversations": _take_rows(tx, found, result)}
    else:
        reason = result.get("reason") or "lost"
        tx.update("contact_import", found["id"], {"state": "failed", "reason": reason, "job": None})
    return {"label": None, "conversations": []}


def _waits_for(found: Json, told: Json) -> bool:
    """Whether this is the job that an import waits for, in whichever attempt."""
    action = str(told["job"]).rpartition("-")[0]
    return bool(found.get("job")) and str(found["job"]).rpartition("-")[0] == action


def _take_rows(tx: Any, found: Json, result: Json) -> list[str]:
    """Put rows in and ask for the next; return the conversations of those who were there already."""
    custom = {field["key"]: field for field in custom_fields(tx) if not field["archived"]}
    done, created, there = dict(found["done"]), [], []
    for row in result["rows"]:
        what, id = _take_row(tx, found, row, custom)
        done["rows"] += 1
        done[what] += 1
        if id:
            (created if what == "created" else there).append(id)
    if created:
        batch = {"id": tx.new_id(), "import": found["id"], "created": created}
        tx.insert("contact_import_batch", batch)
    progress = {"done": done, "position": result["position"]}
    tx.update("contact_import", found["id"], progress)
    if result["last"]:
        tx.update("contact_import", found["id"], {"state": "done", "done_at": tx.at, "job": None})
        _forget(tx, found, "", HEAD, ROWS)
        if done["created"]:
            tx.job("contacts.pairs", {})
    else:
        _run_rows(tx, {**found, **progress})
    return _conversations_of(tx, there) if found["options"]["label"] else []


def _take_row(tx: Any, found: Json, row: Json, custom: dict[str, Json]) -> tuple[str, str]:
    """Put one row in; return (created, updated or skipped; the contact's id, or none)."""
    known = tx.documents.table("contact").search(where("aliases").any(list(map(chat_of, row["phones"]))))
    marks = importing.marks_of(found["options"], found["id"], tx.at)
    try:
        what, changed = importing.outcome(known, row, custom, found["options"], marks)
    except importing.Bad:  # it has become so since the dry run
        return "skipped", ""
    now_used(tx, custom, changed)
    if what == "create":
        return "created", _new_contact(tx, found, row, changed)
    if what == "update":
        tx.update("contact", known[0]["id"], changed)
    return DONE[what], known[0]["id"]


def _new_contact(tx: Any, found: Json, row: Json, values: Json) -> str:
    names = {"agent": row["name"]} if row["name"] else {}
    known = {"names": names, "phone": row["phones"][0], "aliases": list(map(chat_of, row["phones"]))}
    contact = {
        "id": tx.new_id(),
        "name": name_of(known),
        **known,
        "lids": {},
        "created_at": tx.at,
        "contacts._import": found["id"],
        **values,
    }
    return str(tx.insert("contact", {**contact, MADE: _digest(contact)})["id"])


def _conversations_of(tx: Any, contacts: list[str]) -> list[str]:
    found = tx.documents.table("conversation").search(where("contact").one_of(contacts)) if contacts else []
    return [conversation["id"] for conversation in found]


def _forget(tx: Any, found: Json, *endings: str) -> None:
    tx.job("contacts.forget", {"file": found["file"], "endings": list(endings)}, deadline=FORGET_SECONDS)


@handles("contacts.forget_import", schemas.OfImport)
def forget_import(data: Json, tx: Any) -> None:
    """Delete what is left of an import's file, and the import itself where it never began."""
    found = existing(tx, "contact_import", data["import"])
    _forget(tx, found, "", HEAD, ROWS, BAD)
    tx.update("contact_import", found["id"], {"forgotten_at": tx.at})


@handles("contacts.undo_import", schemas.OfImport, past="contacts.import_undone", permission=IMPORT)
def undo_import(data: Json, tx: Any) -> None:
    """Take out again those whom an import made and of whom nothing has come since; updates stay."""
    found = _in_state(tx, data["import"], "done", "stopped", "failed")
    if not found["done"]["created"]:
        raise Refused("this import made no contact")
    tx.update("contact_import", found["id"], {"state": "undoing", "undone": 0, "kept": 0})
    tx.timer(f"undo/{found['id']}", tx.at, {"import": found["id"]}, "contacts")


@handles("contacts.undo_batch", schemas.OfImport)
def undo_batch(data: Json, tx: Any) -> None:
    """Take out the contacts of one batch; a timer asks for the next."""
    found = _in_state(tx, data["import"], "undoing")
    batch = tx.documents.table("contact_import_batch").get(where("import") == found["id"])
    if batch is None:
        tx.update("contact_import", found["id"], {"state": "undone"})
        return
    gone = sum(_take_out(tx, id) for id in batch["created"])
    counts = {"undone": found["undone"] + gone, "kept": found["kept"] + len(batch["created"]) - gone}
    tx.update("contact_import", found["id"], counts)
    tx.remove("contact_import_batch", batch["id"])
    tx.timer(f"undo/{found['id']}", tx.at, {"import": found["id"]}, "contacts")


def _digest(contact: Json) -> str:
    told = {key: value for key, value in contact.items() if key != MADE}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


def _take_out(tx: Any, id: str) -> bool:
    """Delete a contact of whom nothing has come since the import; return whether that was so.

    What may have come: a conversation, any change of what is known (an opt-out, a number, a merge), and
    documents of plugins about them.
    """
    contact = tx.get("contact", id)
    if contact is None or contact.get(MADE) != _digest(contact) or _is_named(tx, id):
        return False
    tx.remove("contact", id)
    return True


def _is_named(tx: Any, id: str) -> bool:
    """Whether a conversation, or a document of a plugin that finds its documents by contacts, is theirs."""
    others = [c.name for c in tx.store.collections if ("contact",) in c.indexes and c.name != "contact_pair"]
    names = dict.fromkeys(["conversation", *others])
    if any(tx.documents.table(name).contains(where("contact") == id) for name in names):
        return True
    return bool(tx.documents.table("contact_merge").contains(where("into") == id))
