"""Erasing: a contact, or messages that are too old, out of documents, journal, raw webhooks and files.

It happens in one transaction of the writer: the rows of the journal that are about them are
redacted in place, and a last row says of which rows what was left. The hashes of the chain stay as
they were, so that chain, sequence and counts hold. Then the file's old pages are cleared.
"""

import hashlib
import secrets as randomness
import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from engine import media, redact, snapshots
from engine.documents import fulltext, where
from engine.documents.tables import table_name
from engine.events import event
from engine.pipeline import Outcome, Pipeline
from engine.redact import Erased, Subject
from engine.store import Store
from engine.working import BROKEN, code_of

PENDING = "erasing"
REFERENCE_KEYS = ("contact", "conversation", "message", "into", "other")
Document = dict[str, Any]


class NotErased(ValueError):
    """There is no such contact, or nothing of it is left; the text says so."""


@dataclass
class Plan:
    """What an erasure is about.

    documents: collection → ids. shared: media that others use → the conversation of one of them.
    hashes: the media's bytes that nothing names afterwards. beside: sequences of rows about somebody who was
    one with this contact for a while; words: this contact's names, which are taken out of them.
    """

    documents: dict[str, list[str]]
    needles: tuple[str, ...] = ()
    shared: dict[str, str] = field(default_factory=dict)
    hashes: list[str] = field(default_factory=list)
    beside: set[int] = field(default_factory=set)
    words: tuple[str, ...] = ()

    @property
    def subjects(self) -> frozenset[Subject]:
        """All documents as (collection, id), those that were merged into them as well."""
        gone = [(kind, id) for id in self.documents.get("merged", ()) for kind in ("contact", "conversation")]
        return frozenset([*gone, *((name, id) for name, ids in self.documents.items() for id in ids)])


def erase_contact(pipeline: Pipeline, named: str) -> tuple[Outcome, Document]:
    """Erase the contact *named* by id or phone number, inside the writer's transaction.

    Returns what is to be published and counts for people. Raises NotErased.
    """
    store = pipeline.store
    contact = _find(store, named)
    plan = _plan(store, contact)
    data = {"contact": contact["id"], "documents": plan.documents, "media": plan.shared}
    outcome, counts = _carry_out(pipeline, "contact.erased", data, plan)
    about = {name: len(plan.documents[name]) for name in ("message", "conversation")}
    return outcome, {**counts, "messages": about["message"], "conversations": about["conversation"]}


def expire_messages(pipeline: Pipeline, before: str, limit: int) -> tuple[Outcome, Document] | None:
    """Erase what the oldest messages from before a time say, *limit* at most; None where there are none."""
    store = pipeline.store
    select = (
        f"SELECT id, doc FROM {table_name('message')} WHERE json_extract(doc, '$.at') < ?"
        " AND json_extract(doc, '$.erased_at') IS NULL AND json_extract(doc, '$.status') NOT IN"
        " ('queued', 'sending', 'unconfirmed') ORDER BY pos LIMIT ?"
    )
    found = {id: orjson.loads(doc) for id, doc in store.connection.execute(select, (before, limit))}
    if not found:
        return None
    plan = Plan({"message": sorted(found)})
    ids = [m["media"]["id"] for m in found.values() if m.get("media") and m["media"].get("id")]
    _media(store, plan, sorted(set(ids)), lambda user: user["id"] not in found)
    _add_about(store, plan, redact.TRANSIENT)
    return _carry_out(pipeline, "messages.expired", {"documents": plan.documents, "media": {}}, plan)


def _find(store: Store, named: str) -> Document:
    table = store.documents.table("contact")
    digits = "+" + "".join(filter(str.isdigit, named))
    found: Any = table.get(doc_id=named) or table.get(where("phone") == digits)
    if found is None:
        raise NotErased(f"there is no contact {named}; name its id or its number, such as +6281300004521")
    if found.get("erased_at"):
        raise NotErased(f"{named} was erased at {found['erased_at']}")
    contact: Document = found
    return contact


def _plan(store: Store, contact: Document) -> Plan:
    conversations = store.documents.table("conversation").search(where("contact") == contact["id"])
    ids = [str(conversation["id"]) for conversation in conversations]
    messages = [m for id in ids for m in store.documents.table("message").search(where("conversation") == id)]
    documents = {"contact": [contact["id"]], "conversation": ids, "message": [m["id"] for m in messages]}
    plan = Plan(documents, redact.needles_of(contact))
    merged = store.documents.table("merged").search(where("into").one_of([contact["id"], *ids]))
    documents["merged"] = [str(gone["id"]) for gone in merged]
    _media(store, plan, _media_of(store, ids, messages), lambda user: user["conversation"] not in ids)
    others = (c.name for c in store.collections if c.owner != "core")
    _add_about(store, plan, (*redact.TRANSIENT, *others))
    _add_beside(store, plan, contact)
    return plan


def _add_beside(store: Store, plan: Plan, contact: Document) -> None:
    """Note the rows from when another contact had this one's names: while a plugin had them joined."""
    names = {str(name) for name in (contact["name"], *contact["names"].values()) if name}
    ids = {id for _, id in plan.subjects}
    for collection, about in plan.documents.items():
        for id in about if collection not in (*redact.KEPT, *redact.TRANSIENT, "merged", "media") else ():
            document: Any = store.documents.table(collection).get(doc_id=id)
            for other in {document.get(key) for key in REFERENCE_KEYS} - ids - {None}:
                found: Any = store.documents.table("contact").get(doc_id=other)
                seqs = _rows_about(store, [(collection, id)])
                plan.beside |= {
                    seq for seq in _rows_about(store, [("contact", other)]) if min(seqs) <= seq <= max(seqs)
                }
                own = " ".join(redact.texts(dict(found))) if found else ""
                names = {name for name in names if name not in own}
    plan.words = tuple(sorted(names, key=len, reverse=True))


def _media_of(store: Store, conversations: list[str], messages: Iterable[Document]) -> list[str]:
    marks = ",".join("?" * len(conversations))
    select = f"SELECT id FROM {table_name('media')} WHERE json_extract(doc, '$.conversation') IN ({marks})"
    stored = {id for (id,) in store.connection.execute(select, conversations)}
    return sorted(stored | {m["media"]["id"] for m in messages if m.get("media") and m["media"].get("id")})


def _media(store: Store, plan: Plan, ids: list[str], other: Any) -> None:
    """Tell media that go from those that messages of *others* use as well."""
    select = f"SELECT doc FROM {table_name('message')} WHERE json_extract(doc, '$.media.id') IS NOT NULL"
    wanted = set(ids)
    for (doc,) in store.connection.execute(select) if wanted else ():
        user = orjson.loads(doc)
        if user["media"]["id"] in wanted and other(user):
            plan.shared[user["media"]["id"]] = user["conversation"]
    plan.documents["media"] = [id for id in ids if id not in plan.shared]
    hashes: dict[str, set[str]] = {}
    for id in plan.documents["media"]:
        medium: Any = store.documents.table("media").get(doc_id=id)
        if medium is not None and medium.get("hash"):
            hashes.setdefault(medium["hash"], set()).add(id)
    plan.hashes = [hash for hash, gone_ids in sorted(hashes.items()) if _unused(store, hash, gone_ids)]


def _unused(store: Store, hash: str, gone: set[str]) -> bool:
    users = store.documents.table("media").search(where("hash") == hash)
    return {str(user["id"]) for user in users} <= gone


def _add_about(store: Store, plan: Plan, collections: Iterable[str]) -> None:
    """Add what is under way about the documents of a plan, and what plugins have that refers to them."""
    ids = frozenset(id for _, id in plan.subjects)
    for name in collections:
        found = []
        for id, doc in store.connection.execute(f"SELECT id, doc FROM {table_name(name)}"):
            document = orjson.loads(doc)
            if name in redact.TRANSIENT:
                about = redact.tells_of(document, ids, plan.needles)
            else:
                about = any(document.get(key) in ids for key in REFERENCE_KEYS)
            if about:
                found.append(id)
        if found:
            plan.documents[name] = found


def _carry_out(pipeline: Pipeline, type: str, data: Document, plan: Plan) -> tuple[Outcome, Document]:
    store = pipeline.store
    rows = _redact(store, plan, store.seq + 1)
    raw = _forget_raw(store, rows, plan.needles)
    pending = orjson.loads(store.meta(PENDING) or "[]")
    store.set_meta(PENDING, orjson.dumps(sorted({*pending, *plan.hashes})).decode())
    told = {**data, "rows": {str(seq): left for seq, left in rows.items()}}
    outcome = pipeline.run(event(type, randomness.token_hex(16), told, origin="system"))
    if outcome.result.get("error"):
        raise RuntimeError(f"nothing was erased: {outcome.result['error']}")
    return outcome, {"rows": len(rows), "raw": raw, "media": len(plan.hashes)}


def _redact(store: Store, plan: Plan, by: int) -> dict[int, str]:
    """Redact the journal's rows in place; return sequence → hash of what is left."""
    erased = Erased(plan.subjects, plan.needles)
    whole = _rows_about(store, plan.subjects)
    touched = whole | plan.beside
    for needle in plan.needles:
        touched |= {
            seq
            for (seq,) in store.connection.execute("SELECT seq FROM journal WHERE instr(body, ?)", (needle,))
        }
    left: dict[int, str] = {}
    for seq in sorted(touched):
        (text,) = store.connection.execute("SELECT body FROM journal WHERE seq = ?", (seq,)).fetchone()
        row = orjson.loads(text)
        row = redact.row(row, erased, by, seq in whole or _from(row, plan.needles))
        if seq in plan.beside:
            row = dict(redact.scrub(row, plan.words))
        body = orjson.dumps(row)
        store.connection.execute(
            "UPDATE journal SET event_id = ?, body = ? WHERE seq = ?",
            (row["event"]["id"], body.decode(), seq),
        )
        left[seq] = hashlib.sha256(body).hexdigest()
    return left


def _rows_about(store: Store, subjects: Iterable[Subject]) -> set[int]:
    select = "SELECT seq FROM journal_subject WHERE collection = ? AND id = ?"
    return {seq for subject in subjects for (seq,) in store.connection.execute(select, subject)}


def _from(row: Document, needles: tuple[str, ...]) -> bool:
    """Whether a row's event came from one of these numbers, though no document tells of it."""
    peer = row["event"]["data"].get("peer")
    chats = [str(peer.get(key)) for key in ("chat_id", "lid", "phone")] if isinstance(peer, dict) else []
    return any(needle in chat for needle in needles for chat in chats)


def _forget_raw(store: Store, rows: Iterable[int], needles: tuple[str, ...]) -> int:
    known = set(rows)
    gone = []
    for id, seq, body in store.connection.execute("SELECT id, seq, body FROM raw"):
        if seq in known or (needles and _holds(body, needles)):
            gone.append((id,))
    store.connection.executemany("DELETE FROM raw WHERE id = ?", gone)
    return len(gone)


def _holds(packed: bytes, needles: tuple[str, ...]) -> bool:
    """Whether a raw body has one of *needles*, or may have: it cannot be read."""
    try:
        body = zlib.decompress(packed)
    except zlib.error:
        return True
    return any(needle.encode() in body for needle in needles)


def clean(store: Store, folder: Path, rewrite: bool = True) -> bool:
    """Clear what an erasure left behind: media, copies, words, old pages; return whether all is clear.

    Outside any transaction, by the writer. Where it is not (a reader holds old pages, the disk is
    full) it is to be called again; after a restart too.
    """
    pending = store.meta(PENDING)
    if pending is None:
        return True
    for hash in orjson.loads(pending):
        media.path(folder, hash).unlink(missing_ok=True)
    snapshots.forget(folder)
    for part in (folder / snapshots.FOLDER).glob("*.part"):
        part.unlink(missing_ok=True)
    fulltext.purge(store.connection, store.collections)
    if not _clear_pages(store.connection, rewrite):
        return False
    store.connection.execute("DELETE FROM meta WHERE key = ?", (PENDING,))
    return True


def _clear_pages(connection: sqlite3.Connection, rewrite: bool) -> bool:
    """Write the file anew without its free space, and empty the write-ahead log.

    The pages cannot be cleared one by one: where SQLite once split a page, it left copies of what moved in
    the gaps of others. Without a sync of its own it takes a third less; lost in a power cut, it is done
    again.
    """
    try:
        if rewrite:
            connection.execute("PRAGMA temp_store=FILE")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if code_of(error) in BROKEN:
            raise
        return False
    finally:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA temp_store=MEMORY")
    return not busy
