"""Campaigns: one text to many, a few messages at a time, through the sender's slowest lane.

A campaign asks for messages by the core's ``conversation.start``; when each leaves is the sender's to say.
"""

from engine import action, hookimpl, times, where

DAY = 86400.0
LEFT = ("sent", "delivered", "read", "unconfirmed")
STARTS = {"make": "campaigns.make_on", "go": "campaigns.go", "start": "campaigns.start_planned"}


def _recipient(documents, message):
    """Return the recipient of a campaign's message, or None."""
    if not message or not message.get("sender.campaign"):
        return None
    return documents.table("campaign_recipient").get(doc_id=message.get("client_id"))


@hookimpl
def timer_fired(event):
    """An audience is made on, a campaign begins or goes on, an old audience goes."""
    what, data = event["data"]["name"].partition("/")[0], event["data"]["data"]
    if what == "clear":
        yield action("campaigns.clear", set=data["set"])
    elif what in STARTS:
        yield action(STARTS[what], campaign=data["campaign"])


@hookimpl
def campaigns_started(event):
    """The first messages are made."""
    yield action("campaigns.go", campaign=event["data"]["campaign"])


@hookimpl
def campaigns_due(event):
    """Those who are next are written to, and marked in the same transaction."""
    told = event["data"]
    for each in told["recipients"]:
        said = {key: each[key] for key in ("contact", "account", "chat", "text")}
        why = f"the campaign “{told['name']}”"
        yield action("conversation.start", client_id=each["recipient"], lane="campaign", why=why, **said)
    if told["recipients"]:
        ids = [each["recipient"] for each in told["recipients"]]
        yield action("campaigns.placed", campaign=told["campaign"], recipients=ids)


def _waiting(event, documents):
    """Return the messages of a campaign that wait to leave."""
    campaign = documents.table("campaign").get(doc_id=event["data"]["campaign"])
    query = (where("set") == campaign["set"]) & (where("state") == "queued")
    found = documents.table("campaign_recipient").search(query)
    return [each["message"] for each in found if each["message"]]


@hookimpl
def campaigns_paused(event, documents):
    """What waits is held."""
    for message in _waiting(event, documents):
        yield action("sender.hold", message=message, why="the campaign is paused")


@hookimpl
def campaigns_resumed(event, documents):
    """What was held may leave again, and the next are made."""
    for message in _waiting(event, documents):
        yield action("sender.release", message=message, why="the campaign goes on")
    yield action("campaigns.go", campaign=event["data"]["campaign"])


@hookimpl
def campaigns_stopped(event, documents):
    """What waits is taken back."""
    for message in _waiting(event, documents):
        yield action("message.cancel", message=message, why="the campaign was stopped")
    yield action("campaigns.go", campaign=event["data"]["campaign"])


@hookimpl
def job_finished(event, message):
    """A call ended: the campaign counts it and goes on."""
    if event["data"].get("name") == "sender.send" and message and message.get("sender.campaign"):
        yield action("campaigns.track", message=message["id"])


@hookimpl
def message_status(event, message, documents):
    """A gateway told how far messages got."""
    ids = event["data"].get("ids") or ()
    if len(ids) < 2:
        yield _news(documents, message)
        return
    for id in ids:
        query = (where("account") == event["account"]) & (where("gateway_id") == id)
        for found in documents.table("message").search(query):
            yield _news(documents, found)


@hookimpl
def message_confirmed(message, documents):
    """It is known what became of a message."""
    yield _news(documents, message)


@hookimpl
def message_queued(message, documents):
    """A person has a campaign's message tried again."""
    recipient = _recipient(documents, message)
    if recipient and recipient["state"] != "queued":
        yield action("campaigns.track", message=message["id"])


def _news(documents, message):
    recipient = _recipient(documents, message)
    if recipient and recipient["state"] != message["status"]:
        return action("campaigns.track", message=message["id"])
    return None


@hookimpl
def message_received(event, conversation, documents, settings):
    """What a customer writes within some days after a campaign's message is an answer to it."""
    if event["origin"] != "live" or not conversation:
        return
    written_to = documents.table("campaign_recipient").search(where("conversation") == conversation["id"])
    last = max(reversed(written_to), key=lambda each: each["queued_at"] or "", default=None)
    if last is None or last["state"] not in LEFT or last.get("replied_at"):
        return
    if times.seconds_between(last["queued_at"], event["at"]) <= settings["reply_days"] * DAY:
        yield action("campaigns.reply", recipient=last["id"])


@hookimpl
def contact_opted_out(event):
    """Who wants no messages is in no campaign any more."""
    yield action("campaigns.opted_out", contact=event["data"]["contact"])


@hookimpl
def plugins_switched(event, documents):
    """Campaigns, or the sender, are on again: what runs goes on, what is paused stays held."""
    if not event["data"]["enabled"] or event["data"]["plugin"] not in ("campaigns", "sender"):
        return
    for campaign in documents.table("campaign").search(where("state").one_of(["running", "paused"])):
        if campaign["state"] == "running":
            yield action("campaigns.go", campaign=campaign["id"])
        else:
            for message in _waiting({"data": {"campaign": campaign["id"]}}, documents):
                yield action("sender.hold", message=message, why="the campaign is paused")
