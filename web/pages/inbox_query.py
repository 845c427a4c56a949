"""What the inbox asks of the store: filters to queries, rows with their people, one thread's window.

Everything here runs inside `read` and returns plain data; a page costs the same number of queries
whatever it shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from engine import Query, conditions, where

from .. import View
from .. import thread as threads
from ..filters import condition_of
from ..parts import plugin_enabled
from ..search import contacts_like, search_all
from ..visibility import of_teams, visible_in

Data = dict[str, Any]
TABS = ("mine", "unassigned", "all")
STATUSES = ("open", "snoozed", "resolved")
ROWS = 50
WINDOW = 50
HITS = 20


def _shown_condition(text: str) -> str:
    """Return a condition's JSON as it stands in addresses; "" for what is none here."""
    try:
        condition = condition_of(text, plugin_enabled("labels"))
    except ValueError:
        return ""
    return orjson.dumps(condition).decode() if condition else ""


@dataclass(frozen=True)
class Filter:
    """What the list shows: a tab, a status, a text (name or number), a label, a condition as JSON."""

    tab: str = "mine"
    status: str = "open"
    text: str = ""
    label: str = ""
    where: str = ""

    @classmethod
    def of(cls, args: Any) -> "Filter":
        """Return the filter that a query string names; what it does not know is the default."""
        tab, status = args.get("tab", "mine"), args.get("status", "open")
        return cls(
            tab if tab in TABS else "mine",
            status if status in STATUSES else "open",
            args.get("q", "").strip()[:100],
            args.get("label", "")[:40] if plugin_enabled("labels") else "",
            _shown_condition(args.get("where", "")),
        )

    def args(self, **changes: str) -> dict[str, str]:
        """Return the query string's arguments, without the defaults."""
        values = {"tab": self.tab, "status": self.status, "q": self.text, "label": self.label}
        values |= {"where": self.where, **changes}
        defaults = {"tab": "mine", "status": "open", "q": "", "label": "", "where": ""}
        return {key: value for key, value in values.items() if value != defaults.get(key)}

    def bare(self, view: View, tab: str | None = None) -> Query:
        """Return the query over conversations, whoever may see them; see `query`."""
        is_search = bool(self.text) and tab is None
        tab = tab or self.tab
        query: Any = where("status") == self.status
        if is_search:
            query = where("contact").one_of(contacts_like(view, self.text))
        elif tab == "mine":
            query = (where("assignee") == view.agent["id"]) & query
        elif tab == "unassigned" and self.status == "open":
            query = where("handler") == "queue"
        elif tab == "unassigned":
            query = (where("assignee") == None) & query  # noqa: E711  TinyDB's own way
        if self.label and "labels" not in view.hidden:
            query = where("labels").any([self.label]) & query
        return query & conditions.query(condition_of(self.where)) if self.where else query

    def query(self, view: View, tab: str | None = None) -> Query:
        """Return the query over conversations, what the agent may see included.

        A text looks through all of them, whatever tab and status are shown, but for what *tab* counts.
        """
        seen, query = visible_in(view), self.bare(view, tab)
        shown = "all" if self.text and tab is None else tab or self.tab
        if seen is None or shown == "mine":  # whoever has a conversation may see it
            return query
        return query & (of_teams(view.agent) if shown == "unassigned" else seen)


def list_page(view: View, shown: Filter, after: str | None = None) -> Data:
    """Return one page of the list: ``conversations``, ``next`` cursor, and the people on them."""
    query = shown.query(view)
    items, following = view.page("conversation", query, order="last_message_at", after=after, limit=ROWS)
    return {"conversations": [dict(item) for item in items], "next": following, **people(view, items)}


def hits(view: View, text: str, after: str | None = None) -> Data:
    """Return messages, and plugins' entries, that have the words: ``hits``, ``next_hits``, and people."""
    found, following = search_all(view, text, after, HITS)
    conversations = by_id(view, "conversation", [each["conversation"] for each in found])
    for each in found:
        of = threads.source(view, each["collection"])
        each["icon"] = of.icon if of else None
        each["contact"] = conversations[each["conversation"]]["contact"]
    return {"hits": found, "next_hits": following, **people(view, conversations.values())}


def counts(view: View, shown: Filter) -> dict[str, int]:
    """Return how many conversations each tab has, and ``unread`` of the agent's own."""
    mine = Filter().query(view, "mine") & (where("unread") > 0)
    queries = [*(shown.query(view, tab) for tab in TABS), mine]
    return dict(zip((*TABS, "unread"), view.db.table("conversation").counts(queries), strict=True))


def plain(document: Any) -> Data:
    """Return a document as a plain dict with its id."""
    return {**document, "id": document.doc_id}


def by_id(view: View, collection: str, ids: Iterable[str | None]) -> dict[str, Data]:
    """Return the documents with *ids* by id, in one query."""
    wanted = sorted({id for id in ids if id})
    if not wanted:
        return {}
    found: Any = view.db.table(collection).get(doc_ids=wanted)  # TinyDB: a list for doc_ids
    return {document.doc_id: plain(document) for document in found or [] if document}


TROUBLED = ("failed", "unconfirmed")


def people(view: View, conversations: Iterable[Data]) -> Data:
    """Return ``contacts``, ``agents`` and ``accounts`` by id, for these conversations.

    ``troubled``: ids of those with a message of ours that failed or is unconfirmed.
    """
    conversations = list(conversations)
    ids = [each["id"] for each in conversations]
    theirs = where("conversation").one_of(ids) & where("status").one_of(list(TROUBLED))
    troubled = view.db.table("message").search(theirs) if ids else []
    contacts = by_id(view, "contact", [each.get("contact") for each in conversations])
    return {
        "contacts": contacts,
        "troubled": {each["conversation"] for each in troubled if each["direction"] == "out"},
        "teams": [plain(team) for team in view.db.table("team").all()],
        "agents": {agent.doc_id: plain(agent) for agent in view.db.table("agent").all()},
        "accounts": {account.doc_id: plain(account) for account in view.db.table("account").all()},
    }


def window(view: View, conversation: Data, before: str | None = None) -> Data:
    """Return the newest entries of a conversation, oldest first, and the cursor of older ones.

    ``messages``, and ``beside``: what plugins put between them. All that is unread is there, up to four
    windows.
    """
    limit = WINDOW if before else max(WINDOW, min(conversation.get("unread") or 0, 3 * WINDOW) + 10)
    messages, beside, older = threads.window(view, conversation["id"], before, limit)
    return {"messages": messages, "beside": beside, "older": older}


def window_around(view: View, conversation: Data, sought: str) -> Data | None:
    """Return a message, or a plugin's entry, with those before and after it, and the cursors of more.

    None where it is not one of this conversation.
    """
    collection = threads.collection_of(view, sought)
    cursors = threads.around(view, conversation["id"], collection, sought) if collection else None
    if collection is None or cursors is None:
        return None
    messages, beside, older = threads.window(view, conversation["id"], cursors[0], WINDOW // 2)
    found = threads.one(view, collection, sought)
    after = newer_than(view, conversation, cursors[1])
    return {
        "messages": [*messages, *([] if found else [view.get("message", sought)]), *after["messages"]],
        "beside": [*beside, *([found] if found else []), *after["beside"]],
        "older": older,
        "newer": after["newer"],
        "sought": sought,
    }


def newer_than(view: View, conversation: Data, after: str | None) -> Data:
    """Return what comes in a conversation after a cursor, oldest first, and the cursor of newer ones."""
    messages, beside, newer = threads.window(view, conversation["id"], after, WINDOW // 2, newest_first=False)
    return {"messages": messages, "beside": beside, "newer": newer}


def workspace(view: View) -> Data:
    """Return the workspace's document."""
    return dict(view.db.table("workspace").get(doc_id="main") or {})
