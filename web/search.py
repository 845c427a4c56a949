"""Search by words: the same for pages and API, and only what the agent may see."""

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

from .engine_link import View, plain
from .numbers import region_of, typed
from .visibility import sees

MOST_CONTACTS = 300


def contacts_like(view: View, text: str) -> list[str]:
    """Return the ids of contacts with *text*, as words or a part, in the name, or its digits in the number.

    At most 300 for each of these, the last made first. Digits are three or more; a leading 0 stands for the
    country's code.
    """
    table = view.db.table("contact")
    asked = [table.find(text, limit=MOST_CONTACTS), table.find(text, part=True, limit=MOST_CONTACTS)]
    if not any(letter.isalpha() for letter in text):
        for digits in typed(text, region_of(view)):
            asked.append(table.find(digits, part=True, limit=MOST_CONTACTS))
    return list(dict.fromkeys(found.document.doc_id for hits, _ in asked for found in hits))


def search_in(
    view: View, collection: str, text: str, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return documents of conversations that the agent may see by their words, and the cursor.

    The last stored come first, and within a page the latest ``at``: an imported history, which is stored
    late, comes before what was said later.

    collection: one that declares `search` fields, and whose documents name their ``conversation``. Each
    document has a ``snippet`` besides: safe HTML with the words in ``<mark>``. There may be fewer than
    *limit* and a cursor. Raises ValueError for a cursor that is not ours.
    """
    seen: dict[str, bool] = {}

    def accept(document: dict[str, Any]) -> bool:
        id = document.get("conversation") or ""
        if id not in seen:
            conversation = view.db.table("conversation").get(doc_id=id)
            seen[id] = conversation is not None and (view.agent is None or sees(view.agent, conversation))
        return seen[id]

    hits, following = view.db.table(collection).find(text, accept=accept, after=after, limit=limit)
    found = [{**plain(hit.document), "snippet": marked(hit.snippet)} for hit in hits]
    return sorted(found, key=lambda each: each.get("at") or "", reverse=True), following


def marked(snippet: Iterable[tuple[str, bool]]) -> Markup:
    """Return pieces of text as safe HTML, those that are words found in ``<mark>``."""
    return Markup("").join(
        Markup("<mark>{}</mark>").format(text) if is_word else escape(text) for text, is_word in snippet
    )
