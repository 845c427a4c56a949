"""The bot gives way: to people who answer, to contacts who want no messages, and where it fails."""

from engine import action, hookimpl, times, where

from . import reading

SLOW = 60.0  # seconds that a message may wait before its question's time begins anew


def stop(conversation, session, why):
    """Yield what ends a session from outside."""
    yield action("flowbuilder.stop", conversation=conversation, version=session["version"], why=why)


def to_people(conversation, session, why):
    """Yield what ends a session and gives its conversation to people."""
    yield from stop(conversation["id"], session, why)
    if conversation["status"] == "open":
        yield action("conversation.hand_over", conversation=conversation["id"], why=why)


@hookimpl
def message_queued(message, conversation, documents):
    """A person answers: the bot is silent in this conversation."""
    if message and message["author"]["kind"] == "agent":
        yield from _silenced(conversation, documents, f"{message['author']['name']} answers")


@hookimpl
def message_sent(message, conversation, documents):
    """Somebody answers on the phone: the bot is silent in this conversation."""
    if message and message["author"]["kind"] == "phone":
        yield from _silenced(conversation, documents, "somebody answers on the phone")


def _silenced(conversation, documents, why):
    """Silence what runs, what still waits to be sent, and what could begin in this episode."""
    session = reading.session_of(documents, conversation["id"])
    runs = session and session["state"] != "paused"
    could = (
        conversation.get("flowbuilder.handed") != conversation["episode"] and reading.live(documents).flows
    )
    if runs or could or reading.waiting(documents, conversation["id"]):
        yield from _pause(conversation["id"], session, why)


def _pause(conversation, session, why):
    version = session["version"] if session else None
    yield action("flowbuilder.pause", conversation=conversation, version=version, why=why)


@hookimpl
def conversation_assigned(event, documents):
    """A person has the conversation, or their queue has: the bot is silent."""
    id = event["data"]["conversation"]
    session = reading.session_of(documents, id)
    if session and session["state"] != "paused":
        who = "a person has" if event["data"].get("agent") else "people have"
        yield from _pause(id, session, f"{who} the conversation")


@hookimpl
def conversation_handed_over(event, documents):
    """Somebody else than the flow called people: the flow ends."""
    yield from _stop(event["data"]["conversation"], documents, "the conversation is handed over")


@hookimpl
def conversation_resolved(event, documents):
    """The matter is done, and with it the flow."""
    yield from _stop(event["data"]["conversation"], documents, "the conversation is resolved")


@hookimpl
def conversation_snoozed(event, documents):
    """The conversation is put away, and with it the flow."""
    yield from _stop(event["data"]["conversation"], documents, "the conversation is put away")


def _stop(conversation, documents, why):
    session = reading.session_of(documents, conversation)
    if session:
        yield from stop(conversation, session, why)


@hookimpl
def contact_opted_out(event, documents):
    """Who wants no automatic messages is the people's, who may still answer."""
    for conversation, session in _of_contact(event, documents):
        yield from to_people(conversation, session, "the contact opted out")


@hookimpl
def contact_blocked(event, documents):
    """With a blocked contact nothing goes on."""
    for conversation, session in _of_contact(event, documents):
        yield from stop(conversation["id"], session, "the contact is blocked")


def _of_contact(event, documents):
    found = documents.table("conversation").search(where("contact") == event["data"]["contact"])
    for conversation in found:
        session = reading.session_of(documents, conversation.doc_id)
        if session:
            yield {**conversation, "id": conversation.doc_id}, session


@hookimpl
def message_status(message, conversation, documents):
    """A gateway told that a message of the bot failed: people have to look."""
    if message and message["status"] == "failed":
        yield from settled(message, conversation, documents, message["status_at"])


def settled(message, conversation, documents, at):
    """Yield what comes of a message's end: a question's time begins when it was sent; one failed is people's."""
    if message is None or not reading.is_own(message):
        return
    session = reading.session_of(documents, conversation["id"])
    if session is None or session["state"] == "paused":
        return
    if message["status"] == "failed":
        yield from to_people(conversation, session, "a message of the bot could not be sent")
    elif session["state"] == "asking" and message["status"] == "sent" and _late(session, at):
        yield wait_on(conversation["id"], "the question was sent later")


def _late(session, at):
    return times.seconds_between(session["asked_at"], at) > SLOW


def wait_on(conversation, why):
    """Return what has a question's time begin anew."""
    return action("flowbuilder.wait", conversation=conversation, why=why)
