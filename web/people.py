"""Finding people by what is known of them: one rule for the inbox, the palette and the API."""

import re

from engine import where

from .engine_link import View
from .numbers import region_of, typed

MOST = 500  # contacts that one search may match


def contacts_like(view: View, text: str) -> list[str]:
    """Return the ids of contacts that have *text* in their name, or its digits in their number."""
    text = text.strip()
    query = where("name").search(re.escape(text), re.IGNORECASE)
    for digits in typed(text, region_of(view)):
        query = query | where("phone").search(digits)
    return [contact["id"] for contact in view.page("contact", query, order=None, limit=MOST)[0]]
