"""The web server: pages, REST, webhooks and the live feed.

These are the names that pages and plugins' ``routes.py`` may use; everything else in this package is
its own affair.
"""

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from .actions import act
from .api.common import Open, Page, api_blueprint, list_response, page_of
from .engine_link import View, engine, read
from .errors import Conflict, NotFound
from .parts import gateways
from .permissions import may, public, requires
from .search import search_in
from .sessions import Session, current
from .slots import Slot, render
from .visibility import visible
from .webhooks import ingest

# isort: split
# Of the pages, which are made of the names above.
from .pages.inbox_query import Filter
from .pages.settings import attempt, back
from .pages.settings import page as settings_page

__all__ = [
    "Conflict",
    "Filter",
    "NotFound",
    "Open",
    "Page",
    "Session",
    "Slot",
    "View",
    "_",
    "act",
    "api_blueprint",
    "attempt",
    "back",
    "current",
    "engine",
    "gateways",
    "ingest",
    "lazy_gettext",
    "list_response",
    "may",
    "ngettext",
    "page_of",
    "public",
    "read",
    "render",
    "requires",
    "search_in",
    "settings_page",
    "visible",
]
