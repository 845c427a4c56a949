"""What the handlers share: a conversation's fields of ours, and its place in the queue."""

from engine import times, where

from . import schemas
from .choosing import asks_of, calendar_of, config_of, key_of
from .people import settings_of

LOOK = "assignment.look"
MOST = 1000  # conversations that are gone through in one transaction; the rest follows in the next
USUAL_HOLD = 5  # minutes that a hand-over is kept for who is wanted, where the settings name none


def put(tx, conversation, **fields):
    """Set this plugin's fields of a conversation where they change."""
    named = {f"assignment.{key}": value for key, value in fields.items()}
    changed = {key: value for key, value in named.items() if conversation.get(key) != value}
    if changed:
        tx.update("conversation", conversation["id"], changed)
        conversation.update(changed)


def keep(tx, agent, **fields):
    """Set fields of what is kept of an agent: their turns, when they were given one, went and came."""
    if tx.get("assignment_agent", agent):
        tx.update("assignment_agent", agent, fields)
    else:
        tx.insert("assignment_agent", {"id": agent, "last_at": None, "turns": {}, **fields})


def look(tx, only=None):
    """Have the queue handed out in the next round, once however often this is called in this one.

    only: a conversation that began to wait, or asks for something else, where nobody got room.
    """
    asked = [data for type, data in tx.consequences if type == LOOK]
    if not asked:
        tx.consequence(LOOK, {"only": [only]} if only else {})
    elif not only:
        asked[0].pop("only", None)
    elif "only" in asked[0]:
        asked[0]["only"].append(only)


def look_when_open(tx, config):
    """While anybody waits for a team, have the queue looked at when it opens."""
    if tx.documents.table("assignment_wait").contains(where("team") == config["id"]):
        at_opening(tx, config, calendar_of(tx.documents, config))


def at_opening(tx, config, calendar):
    """Set the timer for a team's next opening; return that time, or None where there is none."""
    opens = calendar.opens_at(tx.at)
    if opens:
        tx.timer(f"open/{config['id']}", opens, {"team": config["id"]}, plugin="assignment")
    return opens


def wait_for(tx, conversation, config, *, tell=True, **wanted):
    """Put a conversation into the queue, where it is by its priority and since when the customer waits.

    tell: whether the customer may be told the place, where the team wants that.
    wanted: ``agent, skill, before, supervisor``, and ``by``: who let go of it, who is passed over.
    """
    since = conversation.get("assignment.since") or tx.at
    told = conversation.get("assignment.told") == conversation["episode"]
    skill = wanted.get("skill")
    wait = {
        "id": conversation["id"],
        "conversation": conversation["id"],
        "team": conversation["team"] or schemas.EVERYONE,
        "since": since,
        "key": key_of(conversation.get("assignment.priority"), since),
        "tell": tell and bool(config["queue_text"]) and not told,
        "skill_key": (skill or "").casefold(),
        "asks": asks_of(tx.documents, conversation, skill),
        "held_until": _held(tx, conversation["id"], wanted),
        **wanted,
    }
    if tx.get("assignment_wait", wait["id"]):
        tx.replace("assignment_wait", wait["id"], wait)
    else:
        tx.insert("assignment_wait", wait)


def _held(tx, id, wanted):
    """Return until when a hand-over waits for who is wanted, and is not for who let go of it; set a timer."""
    if not (wanted.get("agent") or wanted.get("by")):
        return None
    minutes = settings_of(tx.documents)["offline_minutes"] or USUAL_HOLD
    until = times.add(tx.at, minutes * 60)
    tx.timer(f"held/{id}", until, {"conversation": id}, plugin="assignment")
    return until


def no_wait(tx, id):
    """Take a conversation out of the queue, if it is there."""
    if tx.remove_if("assignment_wait", id):
        tx.cancel(f"held/{id}", plugin="assignment")


def adopt_all(tx, after=None):
    """Put into the queue what waits without being in it, of teams that have settings; nobody is told.

    after: where an earlier transaction stopped.
    """
    for conversation in _in_pieces(tx, "adopt", where("handler") == "queue", after, {}):
        config = config_of(tx.documents, conversation["team"])
        if config and not tx.get("assignment_wait", conversation["id"]):
            put(tx, conversation, since=conversation.get("opened_at"), episode=conversation["episode"])
            wait_for(tx, conversation, config, tell=False)


def open_of_team(tx, team, after=None):
    """Yield a team's open conversations; the timer ``hours`` goes on where they are many."""
    id = None if team == schemas.EVERYONE else team
    query = (where("team") == id) & (where("status") == "open")
    yield from _in_pieces(tx, "hours", query, after, {"team": team})


def _in_pieces(tx, timer, query, after, about):
    """Yield conversations, so many as one transaction takes; set a timer for the rest."""
    table, seen = tx.documents.table("conversation"), 0
    while seen < MOST:
        how = {"order": "last_message_at", "newest_first": False, "after": after, "limit": 200}
        page, after = table.page(query, **how)
        yield from page
        seen += len(page)
        if after is None:
            return
    tx.timer(timer, tx.at, {**about, "after": after}, plugin="assignment")
