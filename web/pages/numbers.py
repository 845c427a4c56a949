"""Settings → numbers: a card per account, its state, its webhook address, adding and removing."""

import re
from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import where

from .. import View, read, requires
from ..api import accounts
from ..errors import Problem
from ..parts import parts
from ..slots import nav
from .fields import collect, describe
from .inbox_query import Data, plain
from .settings import back, page, problem_words

blueprint = Blueprint("numbers", __name__)


def state_words() -> dict[str, tuple[str, str, str]]:
    """Return each state's class, name and what to do."""
    wait, good, bad = "wait", "good", "bad"
    nothing = _("Nothing has come in yet. Check the address and the secret below.")
    scan = _("Open the number's service and scan the code with the phone.")
    again = _("The service could not sign in to WhatsApp. Pair it again.")
    return {
        "unknown": (wait, _("Waiting for the first webhook"), nothing),
        "receiving": (good, _("Receiving"), ""),
        "starting": (wait, _("Starting"), ""),
        "qr": (wait, _("Scan the QR code"), scan),
        "connected": (good, _("Connected"), ""),
        "disconnected": (bad, _("Disconnected"), _("The service lost the phone. Messages wait.")),
        "logged_out": (bad, _("Logged out"), _("The phone ended the connection. Pair it again.")),
        "banned": (bad, _("Banned"), _("WhatsApp has blocked this number.")),
        "auth_failed": (bad, _("Could not sign in"), again),
        "needs_action": (bad, _("Needs you"), _("Look at the number's service: it waits for something.")),
    }


def _show(error: str | None = None, wanted: Data | None = None, wrong: Data | None = None) -> str:
    """Return the page; *wanted*: what a form said that was refused, *wrong*: its fields' messages."""
    found, hidden = read(_load)
    gateways = parts().registry.gateways()
    wanted = wanted or {}
    cards = [_card(account, gateways.get(account["gateway"]), hidden, wanted, wrong) for account in found]
    new = None if any(card["opened"] for card in cards) else wanted.get("gateway")
    forms = {
        name: describe(each.settings, wanted if new == name else {}, wrong=wrong if new == name else None)
        for name, each in gateways.items()
        if name not in hidden
    }
    titles = {name: each.title for name, each in gateways.items()}
    context = {"forms_of": forms, "titles": titles, "states": state_words(), "wanted": wanted if new else {}}
    return page("settings/numbers.html", "numbers", accounts=cards, error=error, **context)


def _load(view: View) -> tuple[list[Data], frozenset[str]]:
    accounts = [plain(account) for account in view.db.table("account").all()]
    there = [account for account in accounts if not account.get("removed_at")]
    for account in there:
        account["heard_at"] = _heard(view, account["id"]) if account.get("state") == "unknown" else None
    return sorted(there, key=lambda account: account["id"]), frozenset(view.hidden)


def _heard(view: View, account: str) -> str | None:
    """Return when the account's newest webhook or message came in, or None where nothing has yet."""
    latest, _next = view.page("conversation", where("account") == account, limit=1)
    spoke = latest[0].get("last_message_at") if latest else None
    row = view.connection.execute(
        "SELECT at FROM raw WHERE account = ? ORDER BY id DESC LIMIT 1", (account,)
    ).fetchone()
    return max((at for at in (spoke, row and row[0]) if at), default=None)


def _card(account: Data, adapter: Any, hidden: frozenset[str], wanted: Data, wrong: Data | None) -> Data:
    """Return what one number's card shows."""
    here = wanted.get("name") == account["id"]
    values = {**(account.get("settings") or {}), **(wanted if here else {})}
    secrets = account.get("secrets") or []
    fixed = dict.fromkeys(adapter.settings().fields, "replyai.toml") if adapter else {}
    return {
        **account,
        "state": "receiving" if account.get("heard_at") else account.get("state"),
        "webhook": f"{parts().config.address}/webhooks/{account['gateway']}/{account['id']}",
        "fields": describe(
            adapter.settings, values, fixed if account.get("source") == "file" else None,
            kept=secrets, wrong=wrong if here else None,
        ) if adapter else [],
        "gateway_title": adapter.title if adapter else account["gateway"],
        "switched_off": not adapter or account["gateway"] in hidden,
        "pages": [item for item in nav() if item["plugin"] == account["gateway"]],
        "opened": here,
    }  # fmt: skip


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
        shown = set(adapter.settings().fields) if adapter else set()
        wanted = {**form.to_dict(), "name": name, "gateway": gateway}
        return _show(problem_words(problem, shown), wanted, problem.fields)
    return back("/settings/numbers", f"number-{name}", saved="1")


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
    try:
        accounts.remove(account)
    except Problem as problem:
        return _show(problem_words(problem))
    return back("/settings/numbers", saved="1")
