"""The texts that JavaScript shows, translated here and handed over as JSON (never run as a script)."""

from flask_babel import get_locale
from flask_babel import gettext as _

from .look import presence_words


def language() -> str:
    """Return the language of this request: ``en`` or ``id``."""
    return str(get_locale() or "en").split("_")[0]


def for_scripts() -> dict[str, str]:
    """Return the texts by the keys that static/js uses; ``%(name)s`` is filled there."""
    return {**_general(), **_inbox(), **_keys()}


def _general() -> dict[str, str]:
    return {
        "close": _("Close"),
        "copied": _("Copied"),
        "failed": _("That did not work. Try again."),
        "reconnecting": _("Connection lost. Reconnecting… What you send is kept."),
        "signed_out": _("You are signed out."),
        "unreachable": _("ReplyAI cannot be reached right now."),
        "undo": _("Undo"),
    }


def _inbox() -> dict[str, str]:
    return {
        "answering": _("%(name)s is answering"),
        "bulk_done": _("Done for %(n)s conversations"),
        "bulk_refused": _("%(n)s of %(all)s could not be done: %(reason)s"),
        "bulk_selected": _("%(n)s selected"),
        "customer_records": _("%(name)s is recording…"),
        "customer_types": _("%(name)s is typing…"),
        "inbox": _("Inbox"),
        "no_why": _("No message here says why."),
        "new_below": _("%(n)s new"),
        "new_rows": _("%(n)s new"),
        "not_there": _("This conversation is not visible to you any more."),
        "resolved": _("Resolved"),
        "said": _("%(name)s: %(text)s"),
        "send_again": _("It may have arrived already. Send it again?"),
        "snoozed": _("Snoozed"),
        "take_off": _("Remove the attachment"),
        "tick_cancelled": _("Taken back"),
        "tick_delivered": _("Delivered"),
        "tick_failed": _("Failed"),
        "tick_queued": _("Queued"),
        "tick_read": _("Read"),
        "tick_sending": _("Sending"),
        "tick_sent": _("Sent"),
        "tick_unconfirmed": _("Unconfirmed"),
        "to_end": _("To the newest message"),
        "unsent": _("Messages of yours have not been sent yet."),
        "uploading": _("Uploading…"),
        **{f"presence_{state}": words for state, words in presence_words().items()},
        "viewing": _("%(name)s is viewing"),
        "viewing_many": _("%(n)s people are viewing"),
    }


def _keys() -> dict[str, str]:
    return {
        "key_assign": _("Assign"),
        "key_back": _("Back"),
        "key_help": _("Keyboard shortcuts"),
        "key_inbox": _("Go to the inbox"),
        "key_line": _("New line"),
        "key_next": _("Next, previous conversation"),
        "key_open": _("Open the conversation"),
        "key_palette": _("Find and do"),
        "key_panels": _("Hide or show list, panel"),
        "key_reply": _("Reply"),
        "key_resolve": _("Resolve or reopen"),
        "key_search": _("Search"),
        "key_select": _("Select; with Shift, all up to here"),
        "key_send": _("Send"),
        "key_send_resolve": _("Send and resolve"),
        "key_settings": _("Go to the settings"),
        "key_snooze": _("Snooze"),
        "key_take": _("Assign to me"),
        "key_unread": _("Mark as unread"),
        "key_why": _("Why?"),
        "shortcuts": _("Keyboard shortcuts"),
    }
