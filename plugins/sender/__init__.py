"""Sender: takes queued messages to their gateway, at a person's pace, one call at a time, never twice.

The engine's facts say what came of a call (sent, failed, back in the queue, unconfirmed); here
is only decided what to do next.
"""

from engine import NOT_CONNECTED, action, hookimpl, times, where

from .consent import answer, asks
from .handlers_holds import is_held
from .pacing import LANES

LOST = ("disconnected", "logged_out", "banned", "auth_failed")
QUEUED = where("status") == "queued"
DOWNTIME = 60.0  # seconds that a timer may be late before it counts as one


@hookimpl
def message_queued(event, message, documents):
    """A message waits: look whether its number is free, unless one before it is known to be next."""
    if message is None:
        return
    pace = documents.table("sender_pace").get(doc_id=message["account"]) or {}
    following, lane, place = pace.get("next"), message.get("lane"), LANES.index
    is_behind = following and place(lane) >= place(following["lane"]) and following["due"] > event["at"]
    if is_behind and lane == "automatic" and pace.get("why") == "break":
        is_behind = False  # it may be an answer, which a break holds up less than reminders
    if not is_behind:
        yield action("sender.dispatch", account=message["account"])


@hookimpl
def message_received(event, message, conversation, contact, documents, settings):
    """A customer wrote: perhaps a word that ends our messages, perhaps an answer to one of them."""
    if event["origin"] != "live" or not message or not contact:
        return
    verb = asks(message.get("text"), settings.get("opt_out_words") or ())
    opted_out = bool(contact.get("opted_out"))
    if verb and opted_out != (verb == "stop"):
        yield from _consent(verb, conversation, contact, documents, settings)
    account, id = conversation["account"], conversation["id"]
    if conversation.get("sender.unasked"):
        yield action("sender.heard", account=account, conversation=id)
    if any(
        is_held(each) for each in documents.table("message").search((where("conversation") == id) & QUEUED)
    ):
        yield action("sender.lift", account=account, conversation=id)
        yield action("sender.dispatch", account=account)


def _consent(verb, conversation, contact, documents, settings):
    """Say once that it was heard; a word that begins messages again takes an opt-out back."""
    language = (documents.table("workspace").get(doc_id="main") or {}).get("language")
    why = f"the customer wrote a word that means {verb}"
    said = answer(verb, language, settings.get("opt_out_text") or "")
    confirmation = action("message.send", conversation=conversation["id"], text=said, why=why)
    if verb == "stop":
        yield confirmation  # before: afterwards nothing automatic may be sent
        yield action("contact.opt_out", contact=contact["id"], reason=why, source="word", why=why)
    else:
        yield action("contact.opt_in", contact=contact["id"], reason=why, why=why)
        yield confirmation


@hookimpl
def contact_opted_out(event):
    """Nothing that waits for this contact may leave any more."""
    yield action("sender.forget", contact=event["data"]["contact"], why="the contact opted out")


@hookimpl
def session_state(event, documents):
    """A number's connection came or went: too much of that pauses it; what is written meanwhile waits."""
    account, data = event["account"], event["data"]
    now = documents.table("account").get(doc_id=account) or {}
    if now.get("state") != data["state"] or now.get("state_at") != event["at"]:
        return  # told late, after what came of it
    if data["state"] in LOST:
        code = str(data["reason_code"]) if data.get("reason_code") else None
        yield action("sender.signal", account=account, kind="disconnected", code=code)
    elif data["state"] == "connected":
        pace = documents.table("sender_pace").get(doc_id=account) or {}
        if pace.get("drops"):
            yield action("sender.signal", account=account, kind="connected")
        lost = (where("account") == account) & (where("status") == "unconfirmed")
        for message in documents.table("message").search(lost):
            yield action("sender.reconcile", message=message["id"])
    if data["state"] == "connected" or data["state"] in NOT_CONNECTED:
        yield action("sender.dispatch", account=account)


@hookimpl(trylast=True)
def account_saved(event, documents):
    """A number is set up otherwise, or connected by its own plugin: what waited for that may leave."""
    account = event["data"]["account"]
    if (documents.table("sender_pace").get(doc_id=account) or {}).get("why") == "disconnected":
        yield action("sender.dispatch", account=account)


@hookimpl
def sender_resumed(event):
    """A person let a number go on."""
    yield action("sender.lift", account=event["data"]["account"])
    yield action("sender.dispatch", account=event["data"]["account"])


@hookimpl
def sender_pacing_set(event):
    """A number is paced in another way: its next slot may be another."""
    yield action("sender.lift", account=event["data"]["account"])
    yield action("sender.dispatch", account=event["data"]["account"])


@hookimpl
def sender_released(event):
    """A message that was held may leave."""
    yield action("sender.dispatch", account=event["data"]["account"])


@hookimpl
def sender_expired(event, message, conversation):
    """A reply came too late to be sent: a person answers."""
    if conversation and conversation["handler"] == "bot":
        why = "the automatic reply could not leave in time"
        yield action("conversation.hand_over", conversation=conversation["id"], note=why, why=why)


@hookimpl
def job_finished(event, message, documents, settings):
    """A call ended: try again, reconcile or give up; then the number's next message."""
    data = event["data"]
    result = data.get("result") or {}
    if data.get("name") == "sender.find" and message:
        yield action("sender.found", message=message["id"], result=result, why=result.get("reason"))
    if data.get("name") == "sender.send" and message:
        if message.get("job") == data["job"]:  # else a late word of an old call, which plans nothing
            yield action("sender.settle", message=message["id"], result=result, why=result.get("reason"))
        yield action("sender.dispatch", account=message["account"])
        for account in documents.table("account").search(where("sender.slow") == True):  # noqa: E712
            if account["id"] != message["account"]:
                yield action("sender.dispatch", account=account["id"])


@hookimpl
def message_confirmed(message):
    """It is known what became of an unconfirmed message, which may have held back others."""
    if message:
        yield action("sender.dispatch", account=message["account"])


@hookimpl
def timer_fired(event):
    """A slot has come, a pause is over, or the gateway is to be asked what became of a message."""
    name, data = event["data"]["name"], event["data"]["data"]
    if name.startswith("find/"):
        yield action("sender.reconcile", message=data["message"])
        return
    if name.startswith("show/"):
        yield action("sender.show", account=data["account"])
        return
    late = times.seconds_between(event["data"]["due"], event["at"]) > DOWNTIME
    yield action("sender.dispatch", account=data["account"], late=late)


@hookimpl
def clock_jumped(event, documents):
    """The clock was put forward: no gap becomes shorter for that."""
    for pace in documents.table("sender_pace").all():
        if pace.get("ended_at"):
            yield action("sender.shift", account=pace["id"], seconds=event["data"]["seconds"])


@hookimpl
def plugins_switched(event, documents):
    """The sender or a gateway is on again, or set otherwise: what waited meanwhile goes out."""
    if event["data"]["enabled"]:
        for account in documents.table("account").all():
            if event["data"]["plugin"] == "sender":
                yield action("sender.lift", account=account["id"])
            yield action("sender.dispatch", account=account["id"])


@hookimpl
def forecasts():
    """When messages of a campaign would leave."""
    from .forecast import forecast

    return forecast


@hookimpl(specname="jobs")
def sender_jobs():
    """The calls to the gateway."""
    from . import calls

    return {"sender.send": calls.send, "sender.find": calls.find, "sender.show": calls.show}
