"""Flows, sessions and what is around a conversation, out of documents."""

from collections.abc import Iterator
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from engine import NOT_CONNECTED, times, where

from . import hours
from .compiled import Flow, compiled, kept
from .running import Around
from .triggers import Index, Live, index

Json = dict[str, Any]
LIVE = "live"
NO_FLOW = "0"
OWN = "flowbuilder"


def session_of(documents: Any, conversation: str) -> Json | None:
    """Return the session of a conversation, or None."""
    found: Json | None = documents.table("flow_session").get(doc_id=conversation)
    return found


def conversation_now(documents: Any, id: str) -> Json | None:
    """Return a conversation, or what it was merged into, or None."""
    table = documents.table("conversation")
    gone = None if table.contains(doc_id=id) else documents.table("merged").get(doc_id=id)
    found: Json | None = table.get(doc_id=gone["into"] if gone else id)
    return found


def flow_of(documents: Any, session: Json) -> Flow:
    """Return the version of a flow in which a session began."""
    key = session["hash"], session["version"], session["number"], session["flow"]
    return kept(*key) or _version(documents, *key)


def published(documents: Any, flow: str) -> Flow | None:
    """Return the published version of a flow that is on, by its id or the name that it was published by."""
    table = documents.table("flow")
    found = table.get(doc_id=flow)
    named = [found] if found else [*table.search(where("runs_as") == flow), *_before(table, flow)]
    on = [each for each in named if each["enabled"] and each["published"]]
    if not on:
        return None
    found = on[0]
    return _version(documents, found["hash"], found["published"], found["number"], found["id"])


def _before(table: Any, name: str) -> list[Json]:
    """Return flows of this name that were published before versions had names of their own."""
    return [each for each in table.search(where("name") == name) if "runs_as" not in each]


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
            definition = version["definition"]
            yield Live(flow["id"], definition["name"], tuple(definition["triggers"]))


class _Here(Around):
    """What a flow may know in one conversation."""

    def __init__(self, documents: Any, at: str, of: tuple[Json, Json | None], settings: Json, rng: Random):
        self.documents, self.at, self.of, self.settings, self.rng = documents, at, of, settings, rng

    def load(self) -> Json:
        conversation, contact = self.of
        return fields(self.documents, conversation, contact or {})

    def place(self) -> tuple[str, str, bool]:
        workspace = self.documents.table("workspace").get(doc_id="main") or {}
        zone = workspace.get("timezone") or "Asia/Jakarta"
        return zone, workspace.get("region") or "ID", is_open(self.settings, self.at, zone)

    def library(self, name: str) -> Flow | None:
        return published(self.documents, name)


def around(
    documents: Any, at: str, conversation: Json, contact: Json | None, settings: Json, rng: Random
) -> Around:
    """Return what a flow may know in a conversation at a time; read when it is needed."""
    return _Here(documents, at, (conversation, contact), settings, rng)


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
    """Return the id of a team by its id or name; None where there is none, who waits for people anyway."""
    return _id(documents.table("team"), named, "name")


def agent_id(documents: Any, named: str | None) -> str | None:
    """Return the id of an agent by id, e-mail address or name; None where none is there and active."""
    found = _id(documents.table("agent"), named, "email", "name")
    return found if found and documents.table("agent").get(doc_id=found)["active"] else None


def _id(table: Any, named: str | None, *fields: str) -> str | None:
    if not named or table.contains(doc_id=named):
        return named
    known = [document for document in table.all() for field in fields if document.get(field) == named]
    return str(known[0]["id"]) if known else None


def is_open(settings: Json, at: str, zone: str) -> bool:
    """Return whether the shop is open at a time."""
    text = settings.get("hours") or ""
    return not text or hours.is_open(text, times.parse(at).astimezone(ZoneInfo(zone)))


def is_free(conversation: Json) -> bool:
    """Whether a bot may speak: nobody has the conversation, nor was anybody called in this episode."""
    if conversation["handler"] == "agent" or conversation["status"] == "snoozed":
        return False
    return conversation.get("flowbuilder.handed") != conversation["episode"]


def may_begin(conversation: Json, contact: Json | None) -> bool:
    """Whether a flow may begin: a bot may speak here, and the contact has not said that it may not."""
    silent = (contact or {}).get("opted_out") or (contact or {}).get("blocked")
    return not silent and is_free(conversation)


def may_be_told(documents: Any, conversation: Json, contact: Json | None) -> bool:
    """Whether an automatic message to this contact is not refused."""
    if (contact or {}).get("opted_out") or (contact or {}).get("blocked") or conversation.get("erased_at"):
        return False
    return not (documents.table("account").get(doc_id=conversation["account"]) or {}).get("removed_at")


def stands(session: Json, conversation: Json) -> bool:
    """Whether a session is of this episode, and its conversation still the bot's if it speaks."""
    if session.get("episode", conversation["episode"]) != conversation["episode"]:
        return False
    return bool(session["state"] == "paused" or conversation["handler"] == "bot")


def goes_on(documents: Any, session: Json, conversation: Json) -> bool:
    """Whether a session stands, and nobody answered on the phone while flows were switched off."""
    if not stands(session, conversation):
        return False
    on_at = (documents.table("flow_live").get(doc_id=LIVE) or {}).get("on_at") or ""
    if session["state"] == "paused" or on_at <= session.get("heard", ""):
        return True
    query = (where("conversation") == session["conversation"]) & (where("at") > session.get("heard", ""))
    since = documents.table("message").search(query)
    return not any((message["author"] or {}).get("kind") in ("phone", "agent") for message in since)


def has_unheard(session: Json, conversation: Json) -> bool:
    """Whether the customer wrote something after what the session has heard."""
    last = conversation.get("last_message") or {}
    heard = session.get("heard")
    return bool(heard and last.get("direction") == "in" and conversation["last_message_at"] > heard)


def is_own(message: Json) -> bool:
    """Whether a flow said it."""
    return (
        bool(message["author"]) and message["author"].get("id") == OWN and message["author"]["kind"] == "bot"
    )


def waiting(documents: Any, conversation: str) -> list[Json]:
    """Return what flows said in a conversation and has not left yet."""
    return _own(documents, conversation, "queued")


def is_held(documents: Any, conversation: Json, at: str) -> bool:
    """Whether something that flows said is kept back: until later, or since its number cannot send now."""
    held = waiting(documents, conversation["id"])
    account = (documents.table("account").get(doc_id=conversation["account"]) if held else None) or {}
    is_silent = bool(account.get("sender.paused")) or account.get("state") in NOT_CONNECTED
    return any(is_silent or (message.get("sender.due") or "") > at for message in held)


def has_failed(documents: Any, session: Json) -> bool:
    """Whether something that the flow said since its question failed for good."""
    failed = _own(documents, session["conversation"], "failed")
    return any(message["at"] >= session["asked_at"] for message in failed)


def _own(documents: Any, conversation: str, status: str) -> list[Json]:
    query = (where("conversation") == conversation) & (where("status") == status)
    return [message for message in documents.table("message").search(query) if is_own(message)]
