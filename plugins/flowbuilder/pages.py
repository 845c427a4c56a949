"""What the pages of flows show, out of documents."""

import json
from pathlib import Path
from typing import Any

from engine import where

from . import reading
from .triggers import Live

Json = dict[str, Any]
_WORDS = Path(__file__).with_name("words.json")


def words(language: str) -> Json:
    """Return the editor's words in a language, ``id`` or ``en``."""
    place = 1 if language == "id" else 0
    return {key: both[place] for key, both in json.loads(_WORDS.read_text(encoding="utf-8")).items()}


def in_panel(view: Any, conversation: Json, **_more: Any) -> Json:
    """Return what the panel shows: the session of a conversation, or the flows that a click begins."""
    session = reading.session_of(view.db, conversation["id"])
    if session:
        flow = view.db.table("flow").get(doc_id=session["flow"]) or {}
        return {"flow_session": {**session, "name": flow.get("name", "")}, "flows_by_click": []}
    live = reading.live(view.db).flows
    on_click = [{"id": flow.flow, "name": flow.name} for flow in live if _by_click(flow, conversation)]
    return {"flow_session": None, "flows_by_click": on_click}


def _by_click(flow: Live, conversation: Json) -> bool:
    """Whether a click begins a published flow in a conversation."""
    begun = [trigger for trigger in flow.triggers if trigger["on"] == "click"]
    return any(not trigger["accounts"] or conversation["account"] in trigger["accounts"] for trigger in begun)


def listed(view: Any) -> list[Json]:
    """Return the flows by name, with how they do."""
    found = []
    for flow in view.db.table("flow").all():
        if not flow.get("removed_at"):
            total = view.db.table("flow_stat").get(doc_id=f"{flow['published']}.") or {}
            running = view.db.table("flow_session").count(where("flow") == flow.doc_id)
            shown = {"id": flow.doc_id, "started": total.get("started", 0), "running": running}
            found.append({**flow, **shown, "draft": None})
    return sorted(found, key=lambda flow: flow["name"].casefold())


def known(view: Any) -> Json:
    """Return the names that nodes can choose from."""

    def named(collection: str, *keep: str) -> list[Any]:
        rows = view.db.table(collection).all() if collection not in view.hidden else []
        return [row for row in rows if not any(row.get(key) for key in ("archived", "removed_at", *keep))]

    agents = [[agent.doc_id, agent["name"]] for agent in view.db.table("agent").all() if agent["active"]]
    accounts = [[account.doc_id, account.get("title") or account.doc_id] for account in named("account")]
    lists = {"teams": named("team"), "labels": named("label"), "flows": named("flow")}
    return {"agents": agents, "accounts": accounts} | {
        key: sorted(row.get("runs_as") or row["name"] for row in rows) for key, rows in lists.items()
    }
