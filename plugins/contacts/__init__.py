"""Contacts: the people, apart from the conversations with them."""

from engine import action, hookimpl


@hookimpl
def session_state(event, documents):
    """A phone was paired: read its address book, the first time."""
    account = event["account"]
    if event["data"]["state"] == "connected" and _unread(documents, account):
        yield action("contacts.sync", account=account, why="the phone was paired")


@hookimpl
def plugins_switched(event, documents):
    """Contacts are on again: read the address books that were never read."""
    if event["data"]["plugin"] == "contacts" and event["data"]["enabled"]:
        for account in documents.table("account").all():
            if account.get("state") == "connected" and _unread(documents, account["id"]):
                yield action("contacts.sync", account=account["id"])


def _unread(documents, account):
    return documents.table("contact_sync").get(doc_id=account) is None


@hookimpl
def timer_fired(event, documents):
    """It is time to read an address book again."""
    account = documents.table("account").get(doc_id=event["data"]["data"].get("account"))
    if account and account.get("state") == "connected" and not account.get("removed_at"):
        yield action("contacts.sync", account=account["id"], why="it is read from time to time")


@hookimpl
def job_finished(event, settings):
    """A page of an address book was read, or duplicates were looked for."""
    data = event["data"]
    result = data.get("result") or {}
    if data.get("name") in ("book.list", "book.gone"):
        told = {key: result.get(key) for key in ("reason", "next", "total")}
        told["changed"] = len(result.get("contacts") or result.get("removed") or ())
        verb = "listed" if data["name"] == "book.list" else "checked"
        yield action(
            f"contacts.{verb}",
            account=data["args"]["account"],
            run=data["args"]["run"],
            outcome=result.get("outcome") or "failed",
            listed=result.get("listed") or 0,
            hours=settings["sync_hours"],
            **told,
        )
    if data.get("name") == "contacts.pairs" and result.get("outcome") == "looked":
        yield action("contacts.suggest")


@hookimpl
def contact_merged(event):
    """Who is gone is suggested to nobody any more."""
    yield action("contacts.tidy", contact=event["data"]["contact"])


@hookimpl(specname="jobs")
def contacts_jobs():
    """What is too slow for a request."""
    from . import pairs

    return {"contacts.pairs": pairs.look}
