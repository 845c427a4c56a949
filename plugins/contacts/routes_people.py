"""What the pages of contacts show of people: rows of the list, one person with names and talks."""

from typing import Any

from engine import where
from web import (
    View,
    _,
    contact_name,
    contacts_like,
    see_contact,
    seen_contacts,
    seen_contacts_page,
    visible_in,
)

Json = dict[str, Any]
ROWS = 50
SOURCES = ("agent", "book", "profile")


def sources() -> dict[str, str]:
    """Return where a name can be from, in words."""
    return {
        "agent": _("Your team"),
        "book": _("Address book"),
        "profile": _("WhatsApp profile"),
        "number": _("Only the number"),
    }


def source_of(contact: Json) -> str:
    """Return where the name that is shown is from: ``agent``, ``book``, ``profile`` or ``number``."""
    names = contact.get("names") or {}
    return next((source for source in SOURCES if names.get(source)), "number")


def page_of_rows(view: View, text: str, after: str | None) -> tuple[list[Json], str | None]:
    """Return a page of contacts by name, those that fit *text* if there is one, and the cursor."""
    query = where("id").one_of(contacts_like(view, text)) if text else None
    found, following = seen_contacts_page(view, query, after, ROWS)
    return rows(view, found), following


def some_rows(view: View, ids: list[str]) -> list[Json]:
    """Return the contacts with these ids that may be seen."""
    found: Any = view.db.table("contact").get(doc_ids=ids) if ids else []
    people = [{**contact, "id": contact.doc_id} for contact in found or [] if contact]
    return rows(view, seen_contacts(view, people, visible_in(view)))


def rows(view: View, contacts: list[Json]) -> list[Json]:
    """Return contacts as the list shows them: with ``shown``, ``source``, ``last``, ``talks``, ``labels``."""
    spoken: dict[str, list[Json]] = {}
    for talk in _talks(view, [contact["id"] for contact in contacts]):
        spoken.setdefault(talk["contact"], []).append(talk)
    return [_row(contact, spoken.get(contact["id"], [])) for contact in contacts]


def _row(contact: Json, talks: list[Json]) -> Json:
    last = max((talk.get("last_message_at") or "" for talk in talks), default="")
    labels = dict.fromkeys(label for talk in talks for label in talk.get("labels") or ())
    return {
        **contact,
        "shown": contact_name(contact),
        "source": source_of(contact),
        "last": last or None,
        "talks": len(talks),
        "talk_ids": [talk["id"] for talk in talks],
        "labels": list(labels),
    }


def _talks(view: View, contacts: list[str]) -> list[Json]:
    rule, theirs = visible_in(view), where("contact").one_of(contacts)
    found = view.db.table("conversation").search(theirs if rule is None else theirs & rule)
    return [{**talk, "id": talk.doc_id} for talk in found]


def person(view: View, id: str) -> Json:
    """Return all that the page of one contact shows; NotFound where they may not be seen."""
    contact = dict(see_contact(view, id))
    accounts = {each.doc_id: dict(each) for each in view.db.table("account").all()}
    talks = sorted(
        _talks(view, [contact["id"]]), key=lambda talk: talk["last_message_at"] or "", reverse=True
    )
    for talk in talks:
        talk["number"] = accounts.get(talk["account"], {}).get("title") or talk["account"]
    open_to = [
        {"id": id, "title": account.get("title") or id}
        for id, account in sorted(accounts.items())
        if not account.get("removed_at")
    ]
    merges = view.db.table("contact_merge").search(
        (where("into") == contact["id"]) & (where("state") == "done")
    )
    return {
        "contact": {**contact, "shown": contact_name(contact), "source": source_of(contact)},
        "names": names_of(contact, accounts),
        "numbers": numbers_of(contact),
        "talks": talks,
        "accounts": open_to,
        "merges": sorted(merges, key=lambda merge: str(merge["at"]), reverse=True),
    }


def names_of(contact: Json, accounts: dict[str, Json]) -> list[Json]:
    """Return the names by source, the better first: ``source``, ``name``, ``of`` (which phones), ``used``."""
    names, used = contact.get("names") or {}, source_of(contact)
    found = [
        {"source": source, "name": names[source], "of": [], "used": source == used}
        for source in SOURCES
        if names.get(source)
    ]
    for each in found:
        if each["source"] == "book":
            each["of"] = [
                accounts.get(id, {}).get("title") or id for id in sorted(contact.get("books") or {})
            ]
    return found


def numbers_of(contact: Json) -> list[Json]:
    """Return a contact's ids: ``{"phone", "main"}`` for a number, ``{"lid", "phone"}`` for a hidden one."""
    lids = contact.get("lids") or {}
    found: list[Json] = []
    for alias in contact["aliases"]:
        user, _at, domain = alias.partition("@")
        if domain == "lid":
            known = lids.get(alias)
            found.append(
                {"lid": user, "alias": alias, "phone": f"+{known.partition('@')[0]}" if known else None}
            )
        else:
            phone = f"+{user}" if user.isdigit() else user
            found.append({"phone": phone, "alias": alias, "main": phone == contact.get("phone")})
    return sorted(found, key=lambda each: (not each.get("main"), "lid" in each))
