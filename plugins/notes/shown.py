"""What pages show of notes: functions of a snapshot (`web.View`) that return plain data."""

from typing import Any

from flask_babel import get_locale

from engine import sees, times, where

from . import dates, look

Json = dict[str, Any]
PINNED = 20


def names(view: Any) -> dict[str, str]:
    """Return the agents' names by id."""
    return look.by_id({**agent, "id": agent.doc_id} for agent in view.db.table("agent").all())


def pinned_to(view: Any, contact: str) -> Any:
    """Return the query of notes that are pinned to a contact, in conversations that the agent may see."""
    theirs = view.db.table("conversation").search(where("contact") == contact)
    seen = [each.doc_id for each in theirs if view.agent is None or sees(view.agent, each)]
    pinned = (where("contact") == contact) & (where("pinned") == True)  # noqa: E712  TinyDB's own way
    return pinned & where("conversation").one_of(seen)


def place(view: Any) -> tuple[str, str]:
    """Return (the workspace's time zone, the language of this request)."""
    workspace = view.db.table("workspace").get(doc_id="main") or {}
    return workspace.get("timezone") or "Asia/Jakarta", str(get_locale() or "en").split("_")[0]


def in_thread(view: Any, documents: list[Json]) -> list[Json]:
    """Return notes as their template takes them."""
    called, (zone, language) = names(view), place(view)
    return [_shown(view, each, called, zone, language) for each in documents]


def _shown(view: Any, each: Json, called: dict[str, str], zone: str, language: str) -> Json:
    offer = each.get("offer")
    return {
        **look.note(each, called),
        "can_change": look.may_change(each, view.agent) and not each["deleted_at"],
        "can_settle": look.may_settle(each, view.agent),
        "is_mine": each["author"]["id"] == view.agent["id"],
        "earlier": look.earlier(each, called, zone, language),
        "remind_words": look.when(each.get("remind_at"), zone, language),
        "remind_name": called.get(each.get("remind_for") or ""),
        "offer_words": look.when(offer["at"], zone, language) if offer else "",
    }


def found(view: Any, documents: list[Json]) -> list[Json]:
    """Return notes as search results show them: with names for ids."""
    called = names(view)
    return [
        {
            **each,
            "author": look.author(each["author"], called),
            "snippet": look.snippet(each["snippet"], called),
        }
        for each in documents
    ]


def beside_contact(view: Any, conversation: Json, contact: Json) -> Json:
    """Return what the contact's panel shows: ``pinned`` notes and the ``reminders`` of this conversation."""
    pinned, _more = view.page(
        "note", pinned_to(view, contact.get("id", "")), order="created_at", limit=PINNED
    )
    mine = (where("conversation") == conversation["id"]) & where("reminder").one_of(["set", "due"])
    waiting = [{**each, "id": each.doc_id} for each in view.db.table("note").search(mine)]
    waiting.sort(key=lambda each: each["remind_at"])
    return {"pinned": in_thread(view, pinned), "reminders": in_thread(view, waiting)}


def people(view: Any, conversation: Json) -> Json:
    """Return who can be mentioned in a conversation, who may not see it, and the agent's unread mentions."""
    agents = [{**agent, "id": agent.doc_id} for agent in view.db.table("agent").all() if agent["active"]]
    agents.sort(key=lambda agent: agent["name"].casefold())
    shown = [{"id": a["id"], "name": a["name"], "may": sees(a, conversation)} for a in agents]
    here = _unread(view) & (where("conversation") == conversation["id"])
    return {
        "people": [each for each in shown if each["id"] != view.agent["id"]],
        "unread": view.db.table("mention").count(here),
    }


def offer(view: Any, text: str) -> Json:
    """Return what a text that is being typed offers: ``{"at", "words", "when"}``, or ``{}``."""
    zone, language = place(view)
    plugin = view.db.table("plugin").get(doc_id="notes") or {}
    if not (plugin.get("settings") or {}).get("find_dates", True):
        return {}
    found = dates.offer(text, times.now(), zone)
    return {**found, "when": look.when(found["at"], zone, language)} if found else {}


def waiting(view: Any) -> int:
    """Return how many mentions the agent has not read, and reminders that came."""
    due = (where("remind_for") == view.agent["id"]) & (where("reminder") == "due")
    return _seen(view, view.db.table("mention").search(_unread(view))) + _seen(
        view, view.db.table("note").search(due)
    )


def _seen(view: Any, found: Any) -> int:
    """Return how many of some documents are of conversations that the agent may see today."""
    of = [each["conversation"] for each in found]
    there = {id: view.db.table("conversation").get(doc_id=id) for id in set(of)}
    return sum(there[id] is not None and sees(view.agent, there[id]) for id in of)


def _unread(view: Any) -> Any:
    return (where("agent") == view.agent["id"]) & (where("unread") == True)  # noqa: E712  TinyDB's own way
