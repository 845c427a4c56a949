"""One thread: its messages and what plugins put between them, by time, in windows with one cursor.

Each collection is paged by itself; a window ends where the first of them has no more to tell of, so
that nothing is left out between two windows. A window's cursor holds one of each collection.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from engine import where

from .engine_link import View, plain
from .parts import parts

Data = dict[str, Any]
log = structlog.get_logger("web.thread")
MESSAGES = "message"
NOTHING = "-"  # the cursor after which nothing comes
END = False  # in the place of a collection's cursor: all of it was shown


@dataclass(frozen=True)
class Entries:
    """What a plugin puts into the thread between the messages: a `THREAD` of its routes.py.

    collection: one whose documents name their ``conversation``, indexed by (``conversation``, *order*);
    template: shows one, as ``entry``: the document with ``at, day, day_title, clock, moment``;
    shape: fn(view, documents) → the documents as the template takes them; icon: for search results;
    found: fn(view, documents with ``snippet``) → those as search results show them.
    """

    collection: str
    template: str
    order: str = "created_at"
    shape: Callable[[View, list[Data]], list[Data]] | None = None
    icon: str = "message-square"
    found: Callable[[View, list[Data]], list[Data]] | None = None


def sources(view: View) -> list[Entries]:
    """Return what the enabled plugins put into threads."""
    return [each for plugin, each in parts().thread if plugin not in view.hidden]


def source(view: View, collection: str) -> Entries | None:
    """Return the entries of a collection, None where no enabled plugin has such."""
    return next((each for each in sources(view) if each.collection == collection), None)


def window(
    view: View, conversation: str, cursor: str | None, limit: int, *, newest_first: bool = True
) -> tuple[list[Data], list[Data], str | None]:
    """Return (messages, plugins' entries, cursor or None), each oldest first.

    limit: of messages, and of each plugin's entries. Raises ValueError for a cursor that is not ours.
    """
    if cursor == NOTHING:
        return [], [], None
    before = cursors(cursor)
    pages = _pages(view, conversation, before if cursor else None, limit, newest_first)
    horizon = _horizon(pages, newest_first)
    shown, following_of = {}, {}
    for name, (each, found, following) in pages.items():
        kept = [one for one in found if _is_within(one, each.order, horizon, newest_first)]
        shown[name] = kept[::-1] if newest_first else kept
        following_of[name] = _following(view, each, found, kept, following, before.get(name), newest_first)
    messages = shown.pop(MESSAGES, [])
    beside = [_named(pages[name][0], one) for name, kept in shown.items() for one in kept]
    return messages, shaped(view, beside), together(following_of)


def _pages(view: View, conversation: str, before: Data | None, limit: int, newest_first: bool) -> Data:
    """Return collection → (its entries, a page of them, the next cursor), of those that have more to tell."""
    found = {}
    for each in [Entries(MESSAGES, "", "at"), *sources(view)]:
        name = each.collection
        if before is None or before.get(name, END) is not END:
            how = {"order": each.order, "limit": limit, "newest_first": newest_first}
            query, after = where("conversation") == conversation, (before or {}).get(name)
            found[name] = (each, *view.page(name, query, after=after, **how))
    return found


def around(view: View, conversation: str, collection: str, id: str) -> tuple[str, str] | None:
    """Return the cursors before and after a document's place; None where it is not of this thread."""
    every = [Entries(MESSAGES, "", "at"), *sources(view)]
    of = next((each for each in every if each.collection == collection), None)
    found: Any = view.db.table(collection).get(doc_id=id) if of else None
    if of is None or found is None or found["conversation"] != conversation:
        return None
    at = found[of.order]

    def cursors_of(newest_first: bool) -> str:
        made: Data = {
            collection: view.db.table(collection).cursor(id, order=of.order, newest_first=newest_first)
        }
        for each in every:
            if each is not of:
                table = view.db.table(each.collection)
                made[each.collection] = table.cursor_at(at, order=each.order, newest_first=newest_first)
        return together(made) or NOTHING

    return cursors_of(True), cursors_of(False)


def collection_of(view: View, id: str) -> str | None:
    """Return the collection of a thread that has the document *id*."""
    for name in (MESSAGES, *(each.collection for each in sources(view))):
        if view.db.table(name).get(doc_id=id) is not None:
            return name
    return None


def one(view: View, collection: str, id: str) -> Data | None:
    """Return one plugin's entry as its template takes it, None where there is none."""
    of = source(view, collection)
    found: Any = view.db.table(collection).get(doc_id=id) if of else None
    if of is None or found is None:
        return None
    return next(iter(shaped(view, [_named(of, plain(found))])), None)


def shaped(view: View, beside: list[Data]) -> list[Data]:
    """Return entries as their plugins shape them, by time; those that cannot be shaped are left out."""
    made = []
    for each in sources(view):
        own = [one for one in beside if one["collection"] == each.collection]
        try:
            made += each.shape(view, own) if each.shape and own else own
        except Exception:
            log.exception("a plugin's entries of a thread failed", collection=each.collection)
    return sorted(made, key=lambda one: one["at"])


def _named(each: Entries, document: Data) -> Data:
    return {
        **document,
        "collection": each.collection,
        "template": each.template,
        "at": document.get(each.order) or "",
    }


def _horizon(pages: Data, newest_first: bool) -> str | None:
    """Return the time up to which every collection is known; None: all is."""
    ends = [found[-1][each.order] for each, found, following in pages.values() if following and found]
    if not ends:
        return None
    return str(max(ends) if newest_first else min(ends))


def _is_within(one: Data, order: str, horizon: str | None, newest_first: bool) -> bool:
    if horizon is None:
        return True
    at = one[order] or ""
    return bool(at >= horizon if newest_first else at <= horizon)


def _following(
    view: View, each: Entries, found: list[Data], kept: list[Data], following: Any, before: Any, newest: bool
) -> Any:
    """Return the cursor of one collection after what was kept of its page."""
    if len(kept) == len(found):
        return following if following is not None else END
    if not kept:
        return before
    return view.db.table(each.collection).cursor(kept[-1]["id"], order=each.order, newest_first=newest)


def together(by_name: Data) -> str | None:
    """Return one cursor of several; None where all of them are at their end."""
    if all(cursor is END for cursor in by_name.values()):
        return None
    return base64.urlsafe_b64encode(orjson.dumps(by_name)).decode().rstrip("=")


def cursors(cursor: str | None) -> Data:
    """Return what `together` put into one; ValueError for what is not ours."""
    if cursor is None:
        return {}
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise ValueError("this cursor is not one of ours") from error
    if not isinstance(found, dict) or not all(
        c is None or c is END or isinstance(c, str) for c in found.values()
    ):
        raise ValueError("this cursor is not one of ours")
    return found
