"""Search by words: the same for pages and API, and only what the agent may see."""

from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import Markup, escape

from engine import where

from .engine_link import View, plain
from .numbers import region_of, typed
from .parts import parts
from .thread import END, cursors, source, together
from .visibility import sees, visible_in

MOST_CONTACTS = 300


def contacts_like(view: View, text: str) -> list[str]:
    """Return the ids of contacts with *text*, as words or a part, in the name, or its digits in the number.

    At most 300 for each of these, the last made first, of those whom the agent may see. Digits are three or
    more; a leading 0 stands for the country's code.
    """
    table, accept = view.db.table("contact"), _seen_by(view)
    asked = [(text, False), (text, True)]
    if not any(letter.isalpha() for letter in text):
        asked += [(digits, True) for digits in typed(text, region_of(view))]
    found = [table.find(words, part=part, accept=accept, limit=MOST_CONTACTS)[0] for words, part in asked]
    return list(dict.fromkeys(hit.document.doc_id for hits in found for hit in hits))


def _seen_by(view: View) -> Callable[[dict[str, Any]], bool] | None:
    """Return what says of a contact whether the agent may see them; None where they see everybody."""
    rule = visible_in(view) if view.agent else None
    if rule is None:
        return None
    table, seen = view.db.table("conversation"), dict[str, bool]()

    def accept(contact: dict[str, Any]) -> bool:
        id = contact["id"]
        if id not in seen:
            theirs = where("contact") == id
            seen[id] = table.contains(theirs & rule) or not table.contains(theirs)
        return seen[id]

    return accept


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


def kinds(view: View) -> list[str]:
    """Return the collections that are searched: messages, and what enabled plugins have in conversations.

    Those are collections with `search` fields whose documents name their ``conversation``.
    """
    found = ["message"]
    for each in parts().registry.collections:
        if each.owner not in ("core", *view.hidden) and each.search and each.is_in_conversations:
            found.append(each.name)
    return found


def search_all(
    view: View, text: str, after: str | None = None, limit: int = 20, only: Iterable[str] = ()
) -> tuple[list[dict[str, Any]], str | None]:
    """As `search_in`, of all `kinds` or those of *only*; each document tells its ``collection``.

    A plugin's entries have their time as ``at``, and are as its `Entries.found` makes them.
    """
    wanted = [kind for kind in kinds(view) if not only or kind in only]
    before = cursors(after)
    asked = [kind for kind in wanted if before.get(kind) is not END][:limit]
    found, following = [], dict.fromkeys(wanted, END)
    for kind in wanted:
        if kind not in asked:
            following[kind] = before.get(kind)
            continue
        hits, cursor = search_in(view, kind, text, before.get(kind), max(1, limit // len(asked)))
        found += [{**each, "collection": kind} for each in _as_shown(view, kind, hits)]
        following[kind] = END if cursor is None else cursor
    found.sort(key=lambda each: each.get("at") or "", reverse=True)
    return found, together(following)


def _as_shown(view: View, kind: str, hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    of = source(view, kind)
    if of is None:
        return hits
    named = [{**hit, "at": hit.get(of.order) or ""} for hit in hits]
    return of.found(view, named) if of.found else named


def marked(snippet: Iterable[tuple[str, bool]]) -> Markup:
    """Return pieces of text as safe HTML, those that are words found in ``<mark>``."""
    return Markup("").join(
        Markup("<mark>{}</mark>").format(text) if is_word else escape(text) for text, is_word in snippet
    )
