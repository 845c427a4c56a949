"""What custom fields, imports, exports and segments add to the pages and the API of contacts."""

from web import Slot, lazy_gettext

from . import routes_exports, routes_fields, routes_imports, routes_segments

_MODULES = (routes_fields, routes_imports, routes_segments, routes_exports)
APIS = tuple(module.api for module in _MODULES)
BLUEPRINTS = tuple(module.blueprint for module in _MODULES)
NAV = [routes_fields.SETTINGS]
SLOTS = [
    Slot("contacts.toolbar", "contacts/toolbar.html", permission="contact.read"),
    Slot("contact.tab", "contacts/person_tab.html", order=20, permission="contact.read"),
    Slot("panel.section", "contacts/person.html", order=30, permission="contact.read"),
    Slot("list.filter", "contacts/person_scripts.html", permission="contact.read"),
]
WORDS = {
    "contacts.archive_field": lazy_gettext("put a custom field out of use"),
    "contacts.change_field": lazy_gettext("changed a custom field"),
    "contacts.check_import": lazy_gettext("had an import checked"),
    "contacts.create_field": lazy_gettext("made the custom field %(label)s"),
    "contacts.create_segment": lazy_gettext("made the segment %(name)s"),
    "contacts.record_export": lazy_gettext("exported contacts"),
    "contacts.set_fields": lazy_gettext("changed what is known of the contact"),
    "contacts.start_import": lazy_gettext("started an import"),
    "contacts.take_result": lazy_gettext("took what a worker read of an import"),
    "contacts.undo_import": lazy_gettext("undid an import"),
}
FEED = {
    "contact_field": ("id", "key", "label", "order", "archived"),
    "contact_import": ("id", "state", "checked", "done", "counts"),
    "segment": ("id", "name"),
}
