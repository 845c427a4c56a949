"""The web server: pages, REST, webhooks and the live feed.

These are the names that pages and plugins' ``routes.py`` may use; everything else in this package is
its own affair.
"""

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from .actions import act
from .api.common import Page, api_blueprint, list_response
from .engine_link import View, engine, read
from .errors import Conflict, NotFound
from .permissions import may, public, requires
from .search import search_in
from .sessions import Session, current
from .slots import Slot, render
from .visibility import visible
from .webhooks import ingest

__all__ = [
    "Conflict",
    "NotFound",
    "Page",
    "Session",
    "Slot",
    "View",
    "_",
    "act",
    "api_blueprint",
    "current",
    "engine",
    "ingest",
    "lazy_gettext",
    "list_response",
    "may",
    "ngettext",
    "public",
    "read",
    "render",
    "requires",
    "search_in",
    "visible",
]
