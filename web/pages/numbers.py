"""Settings → numbers: a card per account, its state, its webhook address, adding and removing."""

import re

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from .. import View, read, requires
from ..api import accounts
from ..errors import Problem
from ..parts import parts
from ..sessions import current
from .fields import collect, describe
from .inbox_query import Data, plain
from .settings import attempt, back, page, problem_words

blueprint = Blueprint("numbers", __name__)


def state_words() -> dict[str, tuple[str, str, str]]:
    """Return each state's class, name and what to do."""
    return {
        "unknown": ("wait", _("Waiting for the first webhook"), _("Nothing has come in yet. Check the address and the secret below.")),
        "starting": ("wait", _("Starting"), ""),
        "qr": ("wait", _("Scan the QR code"), _("Open the number's service and scan the code with the phone.")),
        "connected": ("good", _("Connected"), ""),
        "disconnected": ("bad", _("Disconnected"), _("The service lost the phone. Messages wait.")),
        "logged_out": ("bad", _("Logged out"), _("The phone ended the connection. Pair it again.")),
        "banned": ("bad", _("Banned"), _("WhatsApp has blocked this number.")),
        "auth_failed": ("bad", _("Could not sign in"), _("The service could not sign in to WhatsApp. Pair it again.")),
        "needs_action": ("bad", _("Needs you"), _("Look at the number's service: it waits for something.")),
    }  # fmt: skip


def _show(error: str | None = None, wanted: Data | None = None) -> str:
    found = read(lambda view: [plain(account) for account in view.db.table("account").all()])
    gateways = parts().registry.gateways()
    shown = []
    for account in sorted(found, key=lambda each: each["id"]):
        if account.get("removed_at"):
            continue
        adapter = gateways.get(account["gateway"])
        shown.append({
            **account,
            "webhook": f"{parts().config.address}/webhooks/{account['gateway']}/{account['id']}",
            "fields": describe(adapter.settings, account.get("settings") or {}) if adapter else [],
            "gateway_title": adapter.title if adapter else account["gateway"],
            "switched_off": not adapter or account["gateway"] in _hidden(),
        })  # fmt: skip
    forms = {name: describe(each.settings, {}) for name, each in gateways.items() if name not in _hidden()}
    titles = {name: each.title for name, each in gateways.items()}
    return page(
        "settings/numbers.html", "numbers", accounts=shown, forms_of=forms, titles=titles, states=state_words(),
        error=error, wanted=wanted or {},
    )  # fmt: skip


def _hidden() -> frozenset[str]:
    return read(lambda view: frozenset(view.hidden))


@blueprint.get("/settings/numbers")
@requires("account.write")
def numbers() -> str:
    """Show the numbers."""
    return _show()


@blueprint.post("/settings/numbers")
@requires("account.write")
def save() -> Response | str:
    """Add a number or change how it is reached."""
    form = request.form
    gateway = form.get("gateway", "")
    adapter = parts().registry.gateways().get(gateway)
    title = form.get("title", "").strip()
    name = form.get("name", "").strip() or _name_of(title or gateway)
    settings = collect(adapter.settings, form) if adapter else {}
    try:
        accounts.put({"name": name, "gateway": gateway, "title": title or None, **settings})
    except Problem as problem:
        return _show(problem_words(problem), {**form.to_dict(), "gateway": gateway})
    return back("/settings/numbers", saved="1")


def _name_of(title: str) -> str:
    """Return an account's name for a title, free in this workspace."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50] or "number"

    def names(view: View) -> set[str]:
        return {account.doc_id for account in view.db.table("account").all()}

    taken, free, count = read(names), name, 2
    while free in taken:
        free, count = f"{name}-{count}", count + 1
    return free


@blueprint.post("/settings/numbers/<account>/remove")
@requires("account.write")
def remove(account: str) -> Response | str:
    """Take a number out; its conversations stay."""
    _done, error = attempt([{"type": "account.remove", "data": {"account": account}}])
    parts().known.drop(current().workspace, "accounts")
    return _show(error) if error else back("/settings/numbers", saved="1")


