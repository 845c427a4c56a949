"""Flows, sessions and what is around a conversation, out of documents."""

from collections.abc import Iterator
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from engine import times, where

from . import hours
from .compiled import Flow, compiled
from .running import Around
from .triggers import Index, Live, index

Json = dict[str, Any]
LIVE = "live"
NO_FLOW = "0"


def session_of(documents: Any, conversation: str) -> Json | None:
    """Return the session of a conversation, or None."""
    found: Json | None = documents.table("flow_session").get(doc_id=conversation)
    return found


def flow_of(documents: Any, session: Json) -> Flow:
    """Return the version of a flow in which a session began."""
    return _version(documents, session["hash"], session["version"], session["number"], session["flow"])


def published(documents: Any, flow: str) -> Flow | None:
    """Return the published version of a flow that is on, by its id or name."""
    table = documents.table("flow")
    found = table.get(doc_id=flow)
    named = [found] if found else table.search(where("name") == flow)
    on = [each for each in named if each["enabled"] and each["published"]]
    if not on:
        return None
    found = on[0]
    return _version(documents, found["hash"], found["published"], found["number"], found["id"])


def _version(documents: Any, hash: str, id: str, number: int, flow: str) -> Flow:
    return compiled(
        hash, id, number, flow, lambda: documents.table("flow_version").get(doc_id=id)["definition"]
    )


def live(documents: Any) -> Index:
    """Return the index of all triggers."""
    found = documents.table("flow_live").get(doc_id=LIVE)
    return index(found["hash"] if found else NO_FLOW, lambda: list(live_flows(documents)))


def live_flows(documents: Any) -> Iterator[Live]:
    """Yield the flows that are published and on, the oldest first."""
    flows = documents.table("flow").search(where("enabled") == True)  # noqa: E712  TinyDB's own way
    for flow in sorted(flows, key=lambda flow: (flow["created_at"], flow["id"])):
        if flow["published"]:
            version = documents.table("flow_version").get(doc_id=flow["published"])
            yield Live(flow["id"], flow["name"], tuple(version["definition"]["triggers"]))


def around(
    documents: Any, at: str, conversation: Json, contact: Json | None, settings: Json, rng: Random
) -> Around:
    """Return what a flow may know in a conversation at a time; read when it is needed."""

    def place() -> tuple[str, str, bool]:
        workspace = documents.table("workspace").get(doc_id="main") or {}
        zone = workspace.get("timezone") or "Asia/Jakarta"
        return zone, workspace.get("region") or "ID", is_open(settings, at, zone)

    return Around(
        at,
        lambda: fields(documents, conversation, contact or {}),
        place,
        rng,
        lambda name: published(documents, name),
    )


def fields(documents: Any, conversation: Json, contact: Json) -> Json:
    """Return the fields of contact and conversation by the names that texts use; labels by name."""
    own = {
        key.partition(".")[2] or key: value for key, value in contact.items() if key.startswith("contacts.")
    }
    return {
        **own,
        **{key: contact.get(key) for key in ("name", "phone", "opted_out")},
        "account": conversation["account"],
        "episode": conversation["episode"],
        "labels": label_names(documents, conversation.get("labels") or ()),
    }


def label_names(documents: Any, ids: Any) -> list[str]:
    """Return the labels' names."""
    if not ids:
        return []
    table = documents.table("label")
    return [label["name"] for id in ids if (label := table.get(doc_id=id))]


def team_id(documents: Any, named: str | None) -> str | None:
    """Return the id of a team by its id or name; what is no team stays, so that its refusal names it."""
    return _id(documents.table("team"), named, "name")


def agent_id(documents: Any, named: str | None) -> str | None:
    """Return the id of an agent by id, e-mail address or name; what is none stays."""
    return _id(documents.table("agent"), named, "email", "name")


def _id(table: Any, named: str | None, *fields: str) -> str | None:
    if not named or table.contains(doc_id=named):
        return named
    known = [document for document in table.all() for field in fields if document.get(field) == named]
    return str(known[0]["id"]) if known else named


def is_open(settings: Json, at: str, zone: str) -> bool:
    """Return whether the shop is open at a time."""
    text = settings.get("hours") or ""
    return not text or hours.is_open(text, times.parse(at).astimezone(ZoneInfo(zone)))


def is_free(conversation: Json) -> bool:
    """Whether a bot may speak: nobody has the conversation, nor was anybody called in this episode."""
    if conversation["handler"] == "agent" or conversation["status"] == "snoozed":
        return False
    return conversation.get("flowbuilder.handed") != conversation["episode"]
