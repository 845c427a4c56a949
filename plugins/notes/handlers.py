"""What the actions of notes do to documents."""

from datetime import timedelta

from engine import Refused, existing, handles, sees, times, where

from . import dates, mentions, schemas

WRITE = "note.write"
LONGEST = timedelta(days=731)  # two years, a leap year among them
WAITING = ("set", "due")  # of a reminder
HISTORY = 100  # earlier texts that are kept
TIMER = "remind/{}"
BLANK = {"pinned": False, "version": 1, "edited_at": None, "deleted_at": None, "history": []}
NO_REMINDER = {"reminder": None, "remind_at": None, "remind_for": None, "due_for": None, "done_for": None}
# due_for and done_for change with the state, so that whoever hears of the change knows whom it is for.


@handles("notes.add", schemas.Add, past="notes.added", permission=WRITE)
def add(data, tx):
    """Write a note in a conversation; who is named in it gets an unread mention."""
    conversation = existing(tx, "conversation", data["conversation"])
    if conversation.get("erased_at"):
        raise Refused("this contact's data was erased")
    tx.about.setdefault("conversation", conversation["id"])
    text, named = _text(tx, data, conversation)
    note = {
        "id": tx.new_id(),
        "conversation": conversation["id"],
        "contact": conversation["contact"],
        "author": _author(tx),
        "text": text,
        "mentions": named,
        "created_at": tx.at,
        "client_id": data["client_id"],
        "offer": None if data["remind_at"] else _offer(tx, text),
        **BLANK,
        **NO_REMINDER,
    }
    tx.insert("note", note)
    _mention(tx, note, named)
    if data["remind_at"]:
        _set(tx, note, data["remind_at"])
    return {"note": note["id"], "conversation": conversation["id"], "mentions": named}


@handles("notes.edit", schemas.Edit, past="notes.edited", permission=WRITE)
def edit(data, tx):
    """Change a note's text; what it was is kept."""
    note = _own(tx, data)
    if data["version"] is not None and data["version"] != note["version"]:
        raise Refused(f"this note was changed meanwhile by {_changed_by(tx, note)}")
    text, named = _text(tx, data, tx.get("conversation", note["conversation"]), note["mentions"])
    if text == note["text"]:
        return
    before = {
        "at": note["edited_at"] or note["created_at"],
        "by": note.get("edited_by") or note["author"]["id"],
        "text": note["text"],
    }
    fields = {
        "text": text,
        "mentions": named,
        "version": note["version"] + 1,
        "edited_at": tx.at,
        "edited_by": tx.agent,
        "history": [*note["history"], before][-HISTORY:],
        "offer": None if note["reminder"] else _offer(tx, text),
    }
    tx.update("note", note["id"], fields)
    _mention(tx, note, [id for id in named if id not in note["mentions"]])
    _forget(tx, note, lambda mention: mention["agent"] not in named)
    return {"note": note["id"], "conversation": note["conversation"]}


@handles("notes.delete", schemas.OfNote, past="notes.deleted", permission=WRITE)
def delete(data, tx):
    """Take away what a note says, and all that it said before; its place in the thread stays."""
    note = _own(tx, data)
    gone = {"text": None, "mentions": [], "history": [], "offer": None, "deleted_at": tx.at, "pinned": False}
    tx.update("note", note["id"], {**gone, **NO_REMINDER, "version": note["version"] + 1})
    tx.cancel(TIMER.format(note["id"]), plugin="notes")
    _forget(tx, note, lambda mention: True)
    return {"note": note["id"], "conversation": note["conversation"]}


@handles("notes.pin", schemas.OfNote, past="notes.pinned", permission=WRITE)
def pin(data, tx):
    """Show a note beside all conversations of its contact."""
    return _pinned(tx, data, True)


@handles("notes.unpin", schemas.OfNote, past="notes.unpinned", permission=WRITE)
def unpin(data, tx):
    """Take a note off the contact's panel."""
    return _pinned(tx, data, False)


@handles("notes.remind", schemas.Remind, past="notes.reminder_set", permission=WRITE)
def remind(data, tx):
    """Have a note come back to who asks at a time; one that was set is moved."""
    note = _living(tx, data)
    _not_anothers(tx, note)
    _set(tx, note, data["at"])
    return {"note": note["id"], "conversation": note["conversation"], "at": note["remind_at"]}


@handles("notes.done", schemas.OfNote, past="notes.reminder_done", permission=WRITE)
def done(data, tx):
    """A reminder is dealt with, or not wanted any more; an offer of one is declined."""
    note = _living(tx, data)
    if note["reminder"] not in WAITING and not note["offer"]:
        raise Refused("this note has no reminder")
    _not_anothers(tx, note)
    fields = {"reminder": "done", "due_for": None, "done_for": note["remind_for"]} if note["reminder"] else {}
    tx.update("note", note["id"], {**fields, "offer": None})
    tx.cancel(TIMER.format(note["id"]), plugin="notes")
    return {"note": note["id"], "conversation": note["conversation"]}


@handles("notes.ring", schemas.Ring, past="notes.reminder_due")
def ring(data, tx):
    """A reminder's time has come."""
    note = _living(tx, data)
    if note["reminder"] != "set" or note["remind_at"] != data["due"]:
        raise Refused("this reminder is not set any more")
    tx.update("note", note["id"], {"reminder": "due", "due_for": note["remind_for"]})
    return {"note": note["id"], "conversation": note["conversation"], "agent": note["remind_for"]}


@handles("notes.seen", schemas.Seen, permission=WRITE)
def seen(data, tx):
    """An agent has opened a conversation: its mentions of them are read."""
    mine = (where("agent") == tx.agent) & (where("unread") == True)  # noqa: E712  TinyDB's own way
    for mention in tx.documents.table("mention").search(
        mine & (where("conversation") == data["conversation"])
    ):
        tx.update("mention", mention["id"], {"unread": False, "read_at": tx.at})


def _living(tx, data):
    """Return the note that an action names; Refused where it is not there, or deleted."""
    note = tx.get("note", data["note"])
    if note is None:
        raise Refused(f"there is no note {data['note']!r}")
    if note["deleted_at"]:
        raise Refused("this note was deleted")
    tx.about.setdefault("conversation", note["conversation"])
    return note


def _own(tx, data):
    """Return the note; Refused for an agent who neither wrote it nor leads the team."""
    note = _living(tx, data)
    agent = tx.get("agent", tx.agent)
    if agent and agent["role"] == "agent" and note["author"]["id"] != agent["id"]:
        raise Refused("only who wrote a note, or a supervisor, can change it")
    return note


def _not_anothers(tx, note):
    """Refuse an agent, who does not lead, what another agent's reminder would be lost by."""
    agent, whose = tx.get("agent", tx.agent), note["remind_for"]
    if agent and agent["role"] == "agent" and note["reminder"] in WAITING and whose != agent["id"]:
        raise Refused(f"{(tx.get('agent', whose) or {}).get('name') or whose} has a reminder on this note")


def _author(tx):
    """Return who writes: an agent, a program with the API's token, or the plugin that asks."""
    agent = tx.get("agent", tx.agent)
    if agent:
        return {"kind": "agent", "id": agent["id"], "name": agent["name"]}
    if tx.agent:
        return {"kind": "system", "id": tx.agent, "name": "API"}
    return {"kind": "bot", "id": tx.asking[0], "name": tx.asking[0]}


def _changed_by(tx, note):
    return (tx.get("agent", note.get("edited_by")) or {}).get("name") or "the API"


def _text(tx, data, conversation, before=()):
    """Return (the text as it is stored, the ids of who is named); Refused for who may not see the note.

    before: ids that were named in it already; they stay, whatever became of them.
    """
    every = [dict(agent) for agent in tx.documents.table("agent").all()]
    agents = {agent["id"]: agent for agent in every if agent["active"] or agent["id"] in before}
    text = mentions.stored(data["text"].strip(), agents.values(), data["mentions"])
    named = mentions.named(text)
    for id in [id for id in named if id not in before]:
        if id not in agents:
            raise Refused(f"there is no agent {id!r} who could be mentioned")
        if not sees(agents[id], conversation):
            raise Refused(f"{agents[id]['name']} may not see this conversation and cannot be mentioned")
    return text, named


def _mention(tx, note, agents):
    for agent in agents:
        if agent != tx.agent:
            mention = {"id": tx.new_id(), "note": note["id"], "conversation": note["conversation"]}
            mention |= {"agent": agent, "by": tx.agent, "at": tx.at, "unread": True, "read_at": None}
            tx.insert("mention", mention)


def _forget(tx, note, which):
    for mention in tx.documents.table("mention").search(where("note") == note["id"]):
        if which(mention):
            tx.remove("mention", mention["id"])


def _pinned(tx, data, pinned):
    note = _living(tx, data)
    if note["pinned"] != pinned:
        tx.update("note", note["id"], {"pinned": pinned})
    return {"note": note["id"], "conversation": note["conversation"], "contact": note["contact"]}


def _set(tx, note, at):
    """Set a note's reminder for who asks; Refused for a time that is none, past or far away."""
    try:
        moment = times.parse(at)
    except (ValueError, OverflowError) as error:
        raise Refused(f"at: {error}") from error
    away = moment - times.parse(tx.at)
    if away <= timedelta(0):
        raise Refused("a reminder cannot be in the past")
    if away > LONGEST:
        raise Refused("a reminder is two years away at most")
    agent = _reminded(tx, note)
    if agent is None:
        raise Refused("a reminder comes back to an agent; nobody has this conversation")
    fields = {**NO_REMINDER, "reminder": "set", "remind_at": times.format(moment), "remind_for": agent}
    fields["offer"] = None
    tx.update("note", note["id"], fields)
    note.update(fields)
    about = {"note": note["id"], "conversation": note["conversation"]}
    tx.timer(TIMER.format(note["id"]), note["remind_at"], about, plugin="notes")


def _reminded(tx, note):
    """Return whom a reminder is for: who asks, else who wrote the note, has the conversation or is named."""
    conversation = tx.get("conversation", note["conversation"]) or {}
    could = [tx.agent, note["author"]["id"], conversation.get("assignee"), *note["mentions"]]
    return next((id for id in could if id and tx.get("agent", id)), None)


def _offer(tx, text):
    """Return ``{"at", "words"}`` of the first day that the text names, None where it names none."""
    plugin = tx.get("plugin", "notes") or {}
    settings = plugin.get("settings") or schemas.Settings().load({})
    if not settings.get("find_dates", True) or not tx.get("agent", tx.agent):
        return None
    workspace = tx.get("workspace", "main") or {}
    return dates.offer(text, tx.at, workspace.get("timezone") or "Asia/Jakarta")
