"""The web server: pages, REST, webhooks and the live feed.

These are the names that pages and plugins' ``routes.py`` may use; everything else in this package is
its own affair.
"""

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from .actions import act, see_contact
from .api.common import Open, Page, api_blueprint, cursor_errors, list_response, page_of
from .engine_link import View, engine, read
from .errors import Conflict, Invalid, NotFound
from .filters import tally_seen
from .media import workspace_folder
from .parts import Feed, forecasts, gateways
from .permissions import may, public, requires
from .search import contacts_like, search_in
from .sessions import Session, current
from .slots import Slot, language, render
from .thread import Entries
from .trials import imported_since, start_trial, trial
from .visibility import visible, visible_in
from .webhooks import ingest

# isort: split
# Of the pages, which are made of the names above.
from .api.contacts import page_of_seen as seen_contacts_page
from .api.contacts import seen as seen_contacts
from .pages.inbox_query import Filter
from .pages.look import label_tint
from .pages.reasons import call_in_words
from .pages.settings import attempt, back
from .pages.settings import page as settings_page
from .pages.shape import contact_name

__all__ = [
    "Conflict",
    "Entries",
    "Feed",
    "Filter",
    "Invalid",
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
    "call_in_words",
    "contact_name",
    "contacts_like",
    "current",
    "cursor_errors",
    "engine",
    "forecasts",
    "gateways",
    "imported_since",
    "ingest",
    "label_tint",
    "language",
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
    "see_contact",
    "seen_contacts",
    "seen_contacts_page",
    "settings_page",
    "start_trial",
    "tally_seen",
    "trial",
    "visible",
    "visible_in",
    "workspace_folder",
]
