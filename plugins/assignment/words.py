"""What assignment says to people, in their language."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from engine import times

OWN_BOOKS = (
    "assignment.adopt", "assignment.answered", "assignment.back", "assignment.customer_waits",
    "assignment.expect", "assignment.follow", "assignment.go_on", "assignment.go_on_with",
    "assignment.opened", "assignment.relabel", "assignment.settle", "assignment.told", "assignment.wake",
    "assignment.watch",
)  # fmt: skip
"""What the plugin notes for itself: it has a reason in the journal, and the history passes it over."""

WORDS = {
    **dict.fromkeys(OWN_BOOKS),
    "assignment.set_agent": lazy_gettext("changed what %(agent)s is given"),
    "assignment.set_team": lazy_gettext("changed how conversations are given out"),
    "assignment.enqueue": lazy_gettext("put it into the queue"),
    "assignment.give": lazy_gettext("gave it to %(agent)s"),
    "assignment.release": lazy_gettext("put it back into the queue"),
    "assignment.escalate": lazy_gettext("escalated it to a supervisor"),
    "assignment.set_priority": lazy_gettext("set the priority"),
    "assignment.warn_sla": lazy_gettext("warned: the response time is nearly over"),
    "assignment.breach_sla": lazy_gettext("noted: the response time is over"),
}
"""What an action did, for the history; ``%(agent)s`` is a name. None: it is of no use to a reader."""

REASONS = [
    (
        r"does not wait for a person|waits for nobody",
        lazy_gettext("The conversation does not wait for anybody."),
    ),
    (r"does not wait any more", lazy_gettext("Somebody has the conversation already.")),
    (r"^(?P<name>.+) is not there or has no room", lazy_gettext("%(name)s is not there or has no room.")),
    (
        r"has no settings of assignment",
        lazy_gettext("It is not said how this team's conversations are given out."),
    ),
    (r"is escalated already, or put away", lazy_gettext("It is with a supervisor already, or put away.")),
    (r"no answer is due", lazy_gettext("No answer is due.")),
]
"""(pattern of a refusal, its words)."""

WHYS = [
    (
        r"round robin: (?P<n>\d+) online(, (?P<full>\d+) of them full)?, the last turn was (?P<who>.+)'s",
        lazy_gettext("in turn: %(n)s online, the last turn was %(who)s's"),
    ),
    (r"round robin: (?P<n>\d+) online(, \d+ of them full)?, the first turn",
     lazy_gettext("in turn: %(n)s online, the first turn")),
    (r"fewest open: (?P<who>.+) has (?P<has>\d+) \((?P<n>\d+) online(, \d+ of them full)?\)",
     lazy_gettext("fewest open: %(who)s has %(has)s (%(n)s online)")),
    (
        r"fewest open: (?P<who>.+) has (?P<has>\d+), and waits longest for a new one \((?P<n>\d+) online.*\)",
        lazy_gettext("fewest open: %(who)s has %(has)s, and waits longest for a new one (%(n)s online)"),
    ),
    (r"has the skill (?P<skill>.+); (?P<rest>.+)", lazy_gettext("has the skill %(skill)s; %(rest)s")),
    (r"it opened again, and (?P<who>.+), who had it, is there",
     lazy_gettext("it opened again, and %(who)s, who had it, is there")),
    (r"(?P<who>.+) answered this contact last and is there",
     lazy_gettext("%(who)s answered this contact last and is there")),
    (r"handed over to (?P<who>.+)", lazy_gettext("handed over to %(who)s")),
    (r"handed over", lazy_gettext("handed over")),
    (r"escalated: (?P<who>.+) is a supervisor and is there",
     lazy_gettext("escalated: %(who)s is a supervisor and is there")),
    (r"(?P<who>.+) is there", lazy_gettext("%(who)s is there")),
    (r"of no team", lazy_gettext("of no team")),
    (r"for (?P<team>.+): (?P<account>\S+) is a number of theirs",
     lazy_gettext("for %(team)s: %(account)s is a number of theirs")),
    (r"for (?P<team>.+): the text has “(?P<word>.+)”", lazy_gettext("for %(team)s: the text has “%(word)s”")),
    (r"for (?P<team>.+): conversations that no team asks for go there",
     lazy_gettext("for %(team)s: conversations that no team asks for go there")),
    (r"it is open again, and (?P<team>.+)'s", lazy_gettext("it is open again, and of %(team)s")),
    (r"it is (?P<team>.+)'s", lazy_gettext("it is of %(team)s")),
    (r"it was given back", lazy_gettext("it was given back")),
    (r"the customer answered", lazy_gettext("the customer answered")),
    (r"the team has opened", lazy_gettext("the team has opened")),
    (r"the queue was long", lazy_gettext("the queue was long")),
    (r"(?P<who>.+) has been offline for (?P<n>\d+) minutes?",
     lazy_gettext("%(who)s has been offline for %(n)s min")),
    (r"(?P<who>.+) has been away for (?P<n>\d+) minutes?",
     lazy_gettext("%(who)s has been away for %(n)s min")),
    (r"(?P<who>.+) did not answer within (?P<n>\d+) minutes?",
     lazy_gettext("%(who)s did not answer within %(n)s min")),
    (r"(?P<why>.+); moved (?P<n>\d+) times: to a supervisor",
     lazy_gettext("%(why)s; moved %(n)s times: to a supervisor")),
    (r"no answer within (?P<n>\d+) minutes?", lazy_gettext("no answer within %(n)s min")),
    (r"the response time is over", lazy_gettext("the response time is over")),
    (r"the response time is nearly over", lazy_gettext("the response time is nearly over")),
    (r"waits for a person: number (?P<n>\d+) in the queue",
     lazy_gettext("waits for a person: number %(n)s in the queue")),
    (r"the team is closed(: .+)?", lazy_gettext("the team is closed")),
]  # fmt: skip
"""(pattern of a reason, its words): what a reason's groups say is put into them."""


def strategy_words():
    """Return each strategy's name and what it does."""
    return {
        "manual": (_("By hand"), _("Conversations wait until somebody takes them.")),
        "round_robin": (_("In turn"), _("One after the other, among those who are there.")),
        "load": (_("Fewest open"), _("Whoever has the fewest; of equals, who waits longest for a new one.")),
        "sticky": (
            _("Who knows the contact"),
            _("Who answered this contact last, if they are there; else in turn."),
        ),
        "skills": (
            _("By skill"),
            _("Who has the skill that a label or the language asks for; then fewest open."),
        ),
    }


def days():
    """Return the weekdays' names."""
    return {
        "mon": _("Monday"), "tue": _("Tuesday"), "wed": _("Wednesday"), "thu": _("Thursday"),
        "fri": _("Friday"), "sat": _("Saturday"), "sun": _("Sunday"),
    }  # fmt: skip


def wrong_words(field, text):
    """Return what is wrong with what was typed into a field of a team's page."""
    if field.startswith("hours_"):
        return _("“%(text)s” is no time of day. Write 08:00-12:00, 13:00-17:00.", text=text)
    if field == "closed_on":
        return _("“%(text)s” is no day. Write 2026-12-24 or 24.12.2026.", text=text)
    if field == "timezone":
        return _("“%(text)s” is no time zone. Write its name, such as Asia/Jakarta.", text=text)
    if field == "keywords":
        return _("A word has at most 100 characters.")
    return _("A number is wanted here, not “%(text)s”.", text=text)


def sla_title(sla):
    """Return what a response time is about, for a tooltip."""
    if sla["state"] == "breached":
        return _("The response time of %(n)s min is over", n=sla["minutes"])
    if sla["state"] == "paused":
        return _("The response time stands still")
    if sla["kind"] == "first":
        return _("First response within %(n)s min", n=sla["minutes"])
    return _("Response within %(n)s min", n=sla["minutes"])


def time_left(sla, now):
    """Return how long there is still time, as the script counts it down: ``4:05``, ``2 h``, ``–0:03``."""
    if not sla.get("due"):
        return "–"
    seconds = int((times.parse(sla["due"]) - now).total_seconds())
    return f"–{words_of(-seconds)}" if seconds < 0 else words_of(seconds)


def words_of(seconds):
    """Return a length of time: to the second where it is short, else in its largest unit."""
    if seconds < 600:
        return f"{seconds // 60}:{seconds % 60:02}"
    if seconds < 5400:
        return _("%(n)s min", n=seconds // 60)
    return (
        _("%(n)s h", n=round(seconds / 3600)) if seconds < 172800 else _("%(n)s d", n=round(seconds / 86400))
    )
