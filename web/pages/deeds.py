"""Events and actions in the reader's words; plugins bring those of their own (``WORDS`` in routes.py)."""

from typing import Any

from flask_babel import gettext as _

from ..parts import parts

Names = dict[str, Any]
_LONGEST = 80  # characters of a text


def in_words(type: str, names: Names) -> str:
    """Return what an action of *type* did; of one that no words are known for, its name and what it names.

    names: the action's data with names in the place of ids, and times as people read them.
    """
    words = _of(type, names) or parts().words.get(type)
    if words is not None:
        return str(words) % _Shown(names)
    owner, _dot, verb = type.partition(".")
    rest = [str(value) for key, value in names.items() if key not in ("conversation", "message")]
    return " ".join([f"{owner}: {verb.replace('_', ' ')}", *rest])


class _Shown(dict[str, str]):
    """Names as texts that are not too long; one that is not there is three dots."""

    def __init__(self, names: Names) -> None:
        super().__init__({key: str(value)[:_LONGEST] for key, value in names.items() if value})

    def __missing__(self, key: str) -> str:
        return "…"


def _of(type: str, names: Names) -> str | None:
    if type == "conversation.assign":
        return _("assigned it to %(agent)s") if names.get("agent") else _("gave it back to the queue")
    return {**_of_conversations(), **_of_people(), **_of_the_installation()}.get(type)


def _of_conversations() -> dict[str, str]:
    return {
        "conversation.hand_over": _("handed it over to people"),
        "conversation.mark_unread": _("marked it as unread"),
        "conversation.read": _("read it"),
        "conversation.reopen": _("reopened the conversation"),
        "conversation.resolve": _("resolved the conversation"),
        "conversation.snooze": _("snoozed it until %(until)s"),
        "conversation.start": _("wrote first: “%(text)s”"),
        "conversation.take": _("took the conversation"),
        "media.retry": _("had the file fetched again"),
        "message.cancel": _("took it back"),
        "message.resolve_unconfirmed": _("said whether it arrived"),
        "message.retry": _("had it sent again"),
        "message.send": _("wrote “%(text)s”"),
    }


def _of_people() -> dict[str, str]:
    return {
        "agent.activate": _("switched %(agent)s on"),
        "agent.availability": _("changed when %(agent)s takes conversations"),
        "agent.deactivate": _("switched %(agent)s off"),
        "agent.invite": _("invited %(name)s"),
        "agent.update": _("changed the details of %(agent)s"),
        "contact.block": _("blocked the contact"),
        "contact.opt_in": _("noted that the contact wants messages again"),
        "contact.opt_out": _("noted that the contact wants no more messages"),
        "contact.unblock": _("unblocked the contact"),
        "contact.update": _("renamed the contact"),
        "team.create": _("made the team %(name)s"),
        "team.update": _("changed the team %(team)s"),
    }


def _of_the_installation() -> dict[str, str]:
    return {
        "account.put": _("changed the number %(name)s"),
        "account.remove": _("removed the number %(account)s"),
        "account.state": _("noted the state of the number %(account)s"),
        "job.run": _("began a task"),
        "plugin.set": _("changed the settings of %(plugin)s"),
        "signal.send": _("told the open pages"),
        "timer.cancel": _("took a reminder of its own back"),
        "timer.set": _("set a reminder of its own"),
        "workspace.update": _("changed the workspace"),
    }


def title(type: str) -> str:
    """Return what an event of *type* tells of; one that no words are known for gives its name."""
    known = {**_titles_of_messages(), **_titles_of_the_rest()}
    return known.get(type) or type.replace(".", ": ").replace("_", " ")


def _titles_of_messages() -> dict[str, str]:
    return {
        "job.expired": _("Nothing was heard of a call"),
        "job.finished": _("The number's service answered"),
        "message.deleted": _("The message was deleted"),
        "message.edited": _("The message was edited"),
        "message.reaction": _("There was a reaction"),
        "message.received": _("The customer wrote"),
        "message.sent": _("Written on the phone or by another program"),
        "message.status": _("WhatsApp told how far it got"),
        "messages.expired": _("Old messages were erased"),
        "redis.epoch": _("The queue was emptied"),
        "timer.fired": _("A time was reached"),
    }


def _titles_of_the_rest() -> dict[str, str]:
    return {
        "agent.presence": _("Somebody came or went"),
        "contact.book": _("The phone's address book told of it"),
        "contact.erased": _("The contact's data was erased"),
        "contact.upserted": _("WhatsApp told of the contact"),
        "documents.expired": _("What is kept for some time only was removed"),
        "documents.imported": _("It was imported"),
        "documents.upgraded": _("A new version of ReplyAI took it over"),
        "identity.linked": _("WhatsApp told which number it is"),
        "plugin.stuck": _("A plugin did not come to an end"),
        "session.state": _("The number's connection changed"),
        "clock.jumped": _("The computer's clock was put forward"),
        "settings.changed": _("The settings changed"),
    }
