"""Words of labels in the reader's language: the palette, and the reasons that rules and refusals give."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from . import rules

COLORS = {
    "#d4380d": lazy_gettext("red"), "#c2570c": lazy_gettext("orange"), "#b7791f": lazy_gettext("amber"),
    "#5f7f14": lazy_gettext("lime"), "#0b8a52": lazy_gettext("green"), "#0b6e5c": lazy_gettext("teal"),
    "#0e7c93": lazy_gettext("cyan"), "#1570cd": lazy_gettext("blue"), "#4654c8": lazy_gettext("indigo"),
    "#6941c6": lazy_gettext("violet"), "#c11574": lazy_gettext("pink"), "#667085": lazy_gettext("grey"),
}  # fmt: skip
REASONS = [
    (r"^the text has “(?P<value>.+)”$", lazy_gettext("the text has “%(value)s”")),
    (r"^the text matches “(?P<value>.+)”$", lazy_gettext("the text matches “%(value)s”")),
    (r"^the flow reached “(?P<value>.+)”$", lazy_gettext("the flow reached “%(value)s”")),
    (r"^(?P<name>\S+) is “(?P<value>.+)”$", lazy_gettext("%(name)s is “%(value)s”")),
    (r"^(?P<name>\S+) is not “(?P<value>.+)”$", lazy_gettext("%(name)s is not “%(value)s”")),
    (r"^(?P<name>\S+) has “(?P<value>.+)”$", lazy_gettext("%(name)s has “%(value)s”")),
    (r"^(?P<name>\S+) begins with “(?P<value>.+)”$", lazy_gettext("%(name)s begins with “%(value)s”")),
    (r"^(?P<name>\S+) is known$", lazy_gettext("%(name)s is known")),
    (r"^(?P<name>\S+) is not known$", lazy_gettext("%(name)s is not known")),
    (r"^a merge of labels goes on$", lazy_gettext("a merge of labels goes on")),
    (r"^no exception held$", lazy_gettext("no exception held")),
    (r"there is a label '(?P<name>.+)' already", lazy_gettext("There is a label “%(name)s” already.")),
    (r"the label '(?P<name>.+)' is archived", lazy_gettext("The label “%(name)s” is archived.")),
    (r"the label '(?P<name>.+)' was merged", lazy_gettext("The label “%(name)s” was merged into another.")),
    (r"there is no label ", lazy_gettext("This label is not there any more.")),
    (r"merged into itself", lazy_gettext("Choose another label to merge it into.")),
    (
        r"the pattern is not understood: (?P<why>.+?)['\]]",
        lazy_gettext("The pattern is not understood: %(why)s"),
    ),
]

WORDS = {
    "labels.add": lazy_gettext("put on the label %(label)s"),
    "labels.archive": lazy_gettext("archived the label %(label)s"),
    "labels.create": lazy_gettext("made the label %(name)s"),
    "labels.put_rule": lazy_gettext("set a rule for the label %(label)s"),
    "labels.merge": lazy_gettext("merged the label %(label)s into %(into)s"),
    "labels.merge_more": lazy_gettext("went on with merging the label %(label)s"),
    "labels.remove": lazy_gettext("took off the label %(label)s"),
    "labels.remove_rule": lazy_gettext("removed a rule for labels"),
    "labels.reorder": lazy_gettext("put the labels into another order"),
    "labels.restore": lazy_gettext("brought back the label %(label)s"),
    "labels.update": lazy_gettext("changed the label %(label)s"),
}
"""What the actions did, as the history tells it."""


def told(when: dict[str, Any]) -> str:
    """Return a rule's condition in the reader's language."""
    if "not" in when:
        return _("not: %(what)s", what=told(when["not"]))
    if "any" in when:
        return f" {_('or')} ".join(told(part) for part in when["any"])
    if "all" in when:
        return f" {_('and')} ".join(told(part) for part in when["all"])
    return rules.told(when, _)
