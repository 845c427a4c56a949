"""What the handlers share: a conversation's fields of ours, and its place in the queue."""

from engine import Refused, where

from . import schemas
from .choosing import calendar_of, config_of, key_of

LOOK = "assignment.look"
MOST_ADOPTED = 5000


def existing(tx, collection, id):
    """Return a document; Refused where it is not there."""
    found = tx.get(collection, id)
    if found is None:
        raise Refused(f"there is no {collection.replace('_', ' ')} {id!r}")
    return found


def put(tx, conversation, **fields):
    """Set this plugin's fields of a conversation where they change."""
    named = {f"assignment.{key}": value for key, value in fields.items()}
    changed = {key: value for key, value in named.items() if conversation.get(key) != value}
    if changed:
        tx.update("conversation", conversation["id"], changed)
        conversation.update(changed)


def look(tx, only=None):
    """Have the queue handed out in the next round, once however often this is called in this one.

    only: a conversation that began to wait, where nobody got room.
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


def wait_for(tx, conversation, config, **wanted):
    """Put a conversation into the queue, where it is by its priority and since when the customer waits."""
    since = conversation.get("assignment.since") or tx.at
    wait = {
        "id": conversation["id"],
        "conversation": conversation["id"],
        "team": conversation["team"] or schemas.EVERYONE,
        "since": since,
        "key": key_of(conversation.get("assignment.priority"), since),
        "tell": bool(config["queue_text"]) and conversation.get("assignment.told") != conversation["episode"],
        "special": bool(wanted.get("agent") or wanted.get("supervisor")),
        **wanted,
    }
    if tx.get("assignment_wait", wait["id"]):
        tx.replace("assignment_wait", wait["id"], wait)
    else:
        tx.insert("assignment_wait", wait)


def adopt_all(tx):
    """Put into the queue what waits without being in it, of teams that have settings."""
    table, after, seen = tx.documents.table("conversation"), None, 0
    while seen < MOST_ADOPTED:
        how = {"order": "last_message_at", "newest_first": False, "after": after, "limit": 200}
        page, after = table.page(where("handler") == "queue", **how)
        for conversation in page:
            config = config_of(tx.documents, conversation["team"])
            if config and not tx.get("assignment_wait", conversation["id"]):
                put(tx, conversation, since=conversation.get("opened_at"), episode=conversation["episode"])
                wait_for(tx, conversation, config)
        seen += len(page)
        if after is None:
            return
