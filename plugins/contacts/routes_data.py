"""What custom fields, imports, exports and segments add to the pages and the API of contacts."""

from web import Feed, Slot

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
FEED = {
    "contact_field": Feed(("id", "key", "label", "order", "archived"), "contact.read"),
    "contact_import": Feed(("id", "state", "checked", "done", "counts"), "contact.import"),
    "segment": Feed(("id", "name"), "segment.read"),
    "contact_export": Feed(("id", "at"), "contact.export"),
}
