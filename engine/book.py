"""A paired phone's address book, read by workers page by page; only what is new is told to the engine."""

from typing import Any

from engine.calls import CallFailed
from engine.facts.identity import differs, known_as

PAGE = 500
PAGES_LIMIT = 400  # 200,000 contacts: no phone has more
Document = dict[str, Any]
UNSUPPORTED = {"outcome": "unsupported", "reason": "this service does not tell a phone's contacts"}


def list_page(args: Document, context: Any) -> Document:
    """Read one page of the address book of ``args["account"]`` after ``args["cursor"]``.

    Returns ``{outcome: listed, contacts, listed, next, total}``: contacts are those of the page that say
    something new, ``listed`` is how many there were, ``total`` None where the service does not say; else
    ``{outcome: unsupported | failed, reason}``.
    """
    adapter, account, secrets = context.gateway(args["account"])
    if not adapter.supports.get("contacts"):
        return dict(UNSUPPORTED)
    try:
        page = adapter.contacts(account, secrets, context.remaining(), args.get("cursor"))
    except CallFailed as error:
        return {"outcome": "failed", "reason": error.reason}
    fresh = [
        peer for peer in page["contacts"] if differs(known_as(context.documents, peer), args["account"], peer)
    ]
    told = {"contacts": fresh, "listed": sum("book_name" in peer for peer in page["contacts"])}
    return {"outcome": "listed", **told, "next": page.get("next"), "total": page.get("total")}


def gone(args: Document, context: Any) -> Document:
    """Find who is not in the address book of ``args["account"]`` any more.

    Returns ``{outcome: listed, removed: [contact ids]}``, else as `list_page`.
    """
    adapter, account, secrets = context.gateway(args["account"])
    there: set[str] = set()
    cursor = None
    for _ in range(PAGES_LIMIT):
        try:
            page = adapter.contacts(account, secrets, context.remaining(), cursor)
        except CallFailed as error:
            return {"outcome": "failed", "reason": error.reason}
        listed = [peer for peer in page["contacts"] if "book_name" in peer]
        there.update(peer[key] for peer in listed for key in ("chat_id", "lid") if peer.get(key))
        cursor = page.get("next")
        if cursor is None:
            break
    removed = [
        contact.doc_id
        for contact in context.documents.table("contact").all()
        if args["account"] in (contact.get("books") or {}) and there.isdisjoint(contact["aliases"])
    ]
    return {"outcome": "listed", "removed": removed if cursor is None else []}
