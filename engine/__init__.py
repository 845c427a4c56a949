"""ReplyAI's engine: events go in, plugins decide, handlers edit documents, one commit ends it.

These names are what plugins are built on; everything else may change.
"""

from engine import conditions, presence, templates, times
from engine.actions import Action, ActionSchema, LooseSchema, Refused, action, handles
from engine.documents import Collection, Query, where
from engine.facts.messages import confirm as confirm_sent
from engine.facts.statuses import put as set_status
from engine.gateways import Gateway, NotUnderstood
from engine.hookspecs import hookimpl

__all__ = [
    "Action",
    "ActionSchema",
    "Collection",
    "Gateway",
    "LooseSchema",
    "NotUnderstood",
    "Query",
    "Refused",
    "action",
    "conditions",
    "confirm_sent",
    "handles",
    "hookimpl",
    "presence",
    "set_status",
    "templates",
    "times",
    "where",
]

__version__ = "0.1.0"
