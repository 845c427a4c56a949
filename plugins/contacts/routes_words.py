"""What the pages of contacts share: a request's body, refusals in the reader's language."""

import re
from typing import Any

from babel import Locale
from flask import request
from phonenumbers import SUPPORTED_REGIONS

from web import Invalid, _, language, lazy_gettext


def body() -> dict[str, Any]:
    """Return the JSON object that a page sent; Invalid (422) where it is none."""
    found = request.get_json()
    if not isinstance(found, dict):
        raise Invalid(_("Something is missing or wrong."))
    return found


def countries() -> list[tuple[str, str]]:
    """Return the countries whose numbers can be read, as (code, name), by name."""
    names = Locale(language()).territories
    return sorted(((code, names.get(code, code)) for code in SUPPORTED_REGIONS), key=lambda pair: pair[1])


REASONS = [
    (
        r"^(?P<number>\S+) is the number of somebody already$",
        lazy_gettext("%(number)s is somebody's number already."),
    ),
    (
        r"^(?P<number>\S+) is the number of (?P<name>.+) already$",
        lazy_gettext("%(number)s is the number of %(name)s already."),
    ),
    (r"^this contact is not visible to you", lazy_gettext("You may not see this contact.")),
    (r"^this contact's data was erased", lazy_gettext("The data of this contact was erased.")),
    (
        r"is not a phone number",
        lazy_gettext("This is not a phone number that exists. Begin with + and the country's code."),
    ),
    (r"^this was undone already", lazy_gettext("This was undone already.")),
    (r"^this was more than 30 days ago", lazy_gettext("This was more than 30 days ago.")),
    (
        r"^who was kept was joined with somebody else",
        lazy_gettext("They were joined with somebody else since. Undo that first."),
    ),
    (r"^the data of this contact was erased", lazy_gettext("The data of this contact was erased since.")),
    (
        r"^a number of this contact belongs to somebody else",
        lazy_gettext("A number of this contact belongs to somebody else now."),
    ),
    (r"^this is one contact already", lazy_gettext("This is one contact already.")),
    (r"^the address book is being read already", lazy_gettext("The address book is being read already.")),
    (r"there is a field '(?P<name>.+)' already", lazy_gettext("There is a field “%(name)s” already.")),
    (r"there is a segment '(?P<name>.+)' already", lazy_gettext("There is a segment “%(name)s” already.")),
    (r"needs something to choose from", lazy_gettext("A choice needs something to choose from.")),
    (r"one column has to be the phone", lazy_gettext("Choose which column is the phone number.")),
    (
        r"^(?P<name>.+) is needed; choose its column",
        lazy_gettext("%(name)s is needed. Choose its column."),
    ),
    (r"^the import is \w+ by now", lazy_gettext("The import has gone on meanwhile.")),
    (r"this import made no contact", lazy_gettext("This import made no contact.")),
    (r"the import has begun already", lazy_gettext("The import has begun already.")),
]
"""Refusals in words."""


def in_words(reason: str) -> str:
    """Return a refusal of this plugin's handlers in the language of this request."""
    for pattern, words in REASONS:
        found = re.search(pattern, reason)
        if found:
            return str(words) % found.groupdict()
    return reason


DEEDS = {
    "contacts.add_import": lazy_gettext("brought a file of contacts"),
    "contacts.add_number": lazy_gettext("added the number %(phone)s"),
    "contacts.archive_field": lazy_gettext("put a field of contacts away"),
    "contacts.change_field": lazy_gettext("changed a field of contacts"),
    "contacts.change_segment": lazy_gettext("changed a segment"),
    "contacts.check_import": lazy_gettext("had a file of contacts checked"),
    "contacts.checked": lazy_gettext("looked who is not in the address book any more"),
    "contacts.create": lazy_gettext("made the contact"),
    "contacts.create_field": lazy_gettext("made the field %(label)s of contacts"),
    "contacts.create_segment": lazy_gettext("made the segment %(name)s"),
    "contacts.dismiss": lazy_gettext("said that two contacts are not one"),
    "contacts.forget_import": lazy_gettext("removed the file of an import"),
    "contacts.go_on": lazy_gettext("went on with an import"),
    "contacts.listed": lazy_gettext("read a page of the address book"),
    "contacts.look": lazy_gettext("had duplicates looked for"),
    "contacts.merge": lazy_gettext("joined two contacts"),
    "contacts.order_fields": lazy_gettext("put the fields of contacts in order"),
    "contacts.record_export": lazy_gettext("took contacts out"),
    "contacts.record_join": lazy_gettext("found that two contacts are one person"),
    "contacts.remove_segment": lazy_gettext("removed a segment"),
    "contacts.restore_field": lazy_gettext("took a field of contacts back into use"),
    "contacts.set_fields": lazy_gettext("changed what is known of the contact"),
    "contacts.start_import": lazy_gettext("started an import of contacts"),
    "contacts.stop_import": lazy_gettext("stopped an import of contacts"),
    "contacts.suggest": lazy_gettext("noted who may be one person"),
    "contacts.suggest_pair": lazy_gettext("noted who may be one person"),
    "contacts.sync": lazy_gettext("had the address book of %(account)s read"),
    "contacts.take_result": lazy_gettext("took in a part of an import"),
    "contacts.tidy": lazy_gettext("took suggestions back"),
    "contacts.undo_batch": lazy_gettext("undid a part of an import"),
    "contacts.undo_import": lazy_gettext("undid an import of contacts"),
    "contacts.undo_merge": lazy_gettext("made two contacts of one again"),
}
"""What this plugin's actions did, in words."""
