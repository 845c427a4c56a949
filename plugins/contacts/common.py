"""What the handlers of contacts share."""

from engine import Refused

WRITE = "contact.write"


def existing(tx, collection, id):
    """Return a document; Refused where it is not there."""
    found = tx.get(collection, id)
    if found is None:
        raise Refused(f"there is no {collection.replace('_', ' ')} {id!r}")
    return found
