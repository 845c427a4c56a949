"""What one agent is shown of one commit: plain functions on plain data."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from .permissions import may
from .visibility import sees

Json = dict[str, Any]
Scope = Json | None
"""The ``team`` and ``assignee`` of a conversation, which decide who sees it; None where it is not known."""

PRESENCE_FIELDS = ("presence", "presence_at", "available", "available_until")
AGENT_FIELDS = ("id", "name", "role", "teams", "active", *PRESENCE_FIELDS)
ACCOUNT_FIELDS = ("id", "name", "title", "gateway", "state", "state_at", "state_reason")
OPEN: dict[str, tuple[str, ...] | None] = {
    "agent": AGENT_FIELDS,
    "account": ACCOUNT_FIELDS,
    "plugin": ("id", "enabled"),
    "team": None,
    "workspace": ("id", "name", "language", "timezone", "region"),
}
OF_CONVERSATION = ("message",)
DECIDING = ("team", "assignee")


@dataclass
class Item:
    """One changed document: its scope before and after, where a conversation decides who sees it."""

    collection: str
    id: str
    fields: Json | None
    doc: Json | None
    scoped: bool = False
    before: Scope = None
    after: Scope = None
    contacts: list[list[Scope]] | None = None  # in place of the two: one of each contact's is needed
    permission: str | None = None  # of a plugin's documents: only roles with it


@dataclass
class Frame:
    """One commit of a workspace, ready to be shown to anyone; texts made once are kept."""

    seq: int
    items: list[Item]
    hidden: frozenset[str] = frozenset()
    _made: dict[Any, str] = field(default_factory=dict)

    def text(self, agent: Json) -> str:
        """Return the JSON that *agent* gets; the same object for all who see the same."""
        shown = [shown_as(agent, item) for item in self.items]
        key = (agent["role"], tuple(shown))
        if key not in self._made:
            self._made[key] = orjson.dumps(self._content(agent, shown)).decode()
        return self._made[key]

    def _content(self, agent: Json, shown: list[str]) -> Json:
        changes, gone = [], []
        for item, how in zip(self.items, shown, strict=True):
            name = {"collection": item.collection, "id": item.id}
            if how == "gone":
                gone.append(name)
            elif how != "nothing":
                fields = item.doc if how == "whole" else item.fields
                if kept := self.kept(agent, item.collection, fields or {}):
                    changes.append({**name, "fields": kept})
        return {"seq": self.seq, "changes": changes, "gone": gone}

    def kept(self, agent: Json, collection: str, fields: Json) -> Json:
        """Return those of *fields* that this role may see, without those of plugins that are off."""
        names = OPEN.get(collection)
        if collection == "account" and may("account.write", agent):
            names = None
        kept = {key: value for key, value in fields.items() if names is None or key in names}
        return {key: value for key, value in kept.items() if not self._is_hidden(key, value)}

    def _is_hidden(self, key: str, value: Any) -> bool:
        owner, dot, _rest = key.partition(".")
        return owner in self.hidden and (bool(dot) or isinstance(value, list))


def shown_as(agent: Json, item: Item) -> str:
    """Return how *agent* is shown *item*: ``fields``, ``whole``, ``gone`` or ``nothing``."""
    if item.permission is not None and not may(item.permission, agent):
        return "nothing"
    if item.collection == "plugin" or (agent["role"] == "integrator" and not item.permission):
        return _unscoped(item) if item.collection in OPEN else "nothing"
    if not item.scoped:
        return _unscoped(item)
    if item.contacts is not None:
        return _unscoped(item) if all(_sees_one(agent, each) for each in item.contacts) else "nothing"
    could = item.before is None or sees(agent, item.before)
    can = item.after is not None and sees(agent, item.after)
    if item.doc is None:
        return "gone" if could else "nothing"
    if can:
        moved = item.collection == "conversation" and set(DECIDING) & set(item.fields or {})
        return "whole" if moved and not (item.before and could) else "fields"
    return "gone" if could and item.collection == "conversation" else "nothing"


def _sees_one(agent: Json, scopes: list[Scope]) -> bool:
    """Whether *agent* sees a contact, by one of its conversations; or nobody has talked with it."""
    if not scopes:
        return may("contact.read", agent)
    return any(scope and sees(agent, scope) for scope in scopes)


def _unscoped(item: Item) -> str:
    return "gone" if item.doc is None else "fields"


def scope_of(conversation: Json | None) -> Scope:
    """Return what of a conversation decides who sees it."""
    return None if conversation is None else {key: conversation.get(key) for key in DECIDING}
