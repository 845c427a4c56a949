"""Notes: what the team writes for itself in a thread. No way leads from here to a gateway.

Mentions, edits with their history, pins and reminders are documents; what is sent to customers are
messages, which nothing in this folder makes.
"""

from engine import action, hookimpl, sees


@hookimpl
def timer_fired(event, documents, settings):
    """A reminder is due: bring its conversation back to who wants to be reminded."""
    data = event["data"]["data"]
    note = documents.table("note").get(doc_id=data.get("note"))
    if note is None or note["reminder"] != "set":
        return
    conversation = documents.table("conversation").get(doc_id=note["conversation"])
    why = "a reminder came"
    yield action("notes.ring", note=note["id"], due=note["remind_at"], why=why)
    if not _comes_back(note, conversation, documents):
        return
    if settings.get("reopen", True) and conversation["status"] != "open":
        yield action("conversation.reopen", conversation=conversation["id"], why=why)
        yield action(
            "conversation.assign", conversation=conversation["id"], agent=note["remind_for"], why=why
        )
    yield action("conversation.mark_unread", conversation=conversation["id"], why=why)


def _comes_back(note, conversation, documents):
    """Whether a conversation may be brought back to who is reminded: active, and may see it still.

    An erased or blocked contact's conversation stays as it is; the reminder rings alone.
    """
    if conversation is None or conversation.get("erased_at"):
        return False
    contact = documents.table("contact").get(doc_id=conversation["contact"])
    agent = documents.table("agent").get(doc_id=note["remind_for"])
    blocked = contact is None or bool(contact.get("blocked"))
    return not blocked and agent is not None and agent["active"] and sees(agent, conversation)
