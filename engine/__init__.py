"""ReplyAI's engine: events go in, plugins decide, handlers edit documents, one commit ends it.

These names are what plugins are built on; everything else may change.
"""

from engine import conditions, presence, segments, templates, times
from engine.actions import Action, ActionSchema, LooseSchema, Refused, action, handles
from engine.documents import Collection, Query, where
from engine.facts.accounts import NOT_CONNECTED
from engine.facts.identity import by_alias as contact_by_alias
from engine.facts.joining import combined, join_contacts, move_conversations
from engine.facts.messages import confirm as confirm_sent
from engine.facts.names import name_of, phone_of
from engine.facts.statuses import put as set_status
from engine.gateways import Gateway, NotUnderstood
from engine.handlers.lookup import existing
from engine.hookspecs import hookimpl
from engine.ids import draw
from engine.phones import chat_of, country_of, e164
from engine.visibility import sees

__all__ = [
    "NOT_CONNECTED",
    "Action",
    "ActionSchema",
    "Collection",
    "Gateway",
    "LooseSchema",
    "NotUnderstood",
    "Query",
    "Refused",
    "action",
    "chat_of",
    "combined",
    "conditions",
    "confirm_sent",
    "contact_by_alias",
    "country_of",
    "draw",
    "e164",
    "existing",
    "handles",
    "hookimpl",
    "join_contacts",
    "move_conversations",
    "name_of",
    "phone_of",
    "presence",
    "sees",
    "segments",
    "set_status",
    "templates",
    "times",
    "where",
]

__version__ = "0.1.0"
