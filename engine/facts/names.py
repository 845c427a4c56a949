"""What a contact is called: names by where they come from, the better one first."""

from typing import Any

NAME_ORDER = ("agent", "book", "profile")
"""Agents' own, the phone's address book, the profile on WhatsApp; without any of them, the number."""
LONGEST = 200


def display_name(names: dict[str, Any], phone: str | None, chat: str) -> str:
    """Return the best name: agents' own, address book, profile, number."""
    for source in NAME_ORDER:
        if names.get(source):
            return str(names[source])
    return phone or chat.partition("@")[0]


def name_of(contact: dict[str, Any]) -> str:
    """Return what a contact is called by what its document says."""
    chat = contact["aliases"][0] if contact["aliases"] else ""
    return display_name(contact["names"], contact["phone"], chat)


def phone_of(chat: str) -> str | None:
    """Return the E.164 number of a chat of a phone; a LID's digits are none."""
    user, _, domain = chat.partition("@")
    return f"+{user}" if domain == "c.us" and user.isdigit() else None


def with_book(contact: dict[str, Any], account: str, name: str | None) -> dict[str, Any]:
    """Return ``{"names", "books"}`` of a contact whom the phone of *account* calls *name* (None: not at all).

    Where several phones know a person, the name of the first number, by the alphabet, counts.
    """
    books = {key: value for key, value in (contact.get("books") or {}).items() if key != account}
    if name:
        books[account] = name[:LONGEST]
    names = {key: value for key, value in contact["names"].items() if key != "book"}
    if books:
        names["book"] = books[min(books)]
    return {"names": names, "books": books}
