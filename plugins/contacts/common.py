"""What the handlers of contacts share."""

from engine import Refused, existing, sees, where

WRITE = "contact.write"


def living(tx, id):
    """Return a contact; Refused where there is none or their data was erased."""
    contact = existing(tx, "contact", id)
    if contact.get("erased_at"):
        raise Refused("this contact's data was erased")
    return contact


def seen(tx, *contacts):
    """Refuse where who asks may not see all of *contacts* (ids)."""
    if not may_see(tx, *contacts):
        raise Refused("this contact is not visible to you")


def may_see(tx, *contacts):
    """Return whether who asks may see all of *contacts* (ids).

    They are seen by a conversation that is; where there is none, by everybody.
    """
    agent = tx.get("agent", tx.agent) if tx.agent else None
    return agent is None or all(_is_seen(tx, agent, contact) for contact in contacts)


def _is_seen(tx, agent, contact):
    found = tx.documents.table("conversation").search(where("contact") == contact)
    return not found or any(sees(agent, conversation) for conversation in found)
