"""Agents, teams and contacts."""

from typing import Any

from engine import presence, schemas, times
from engine.actions import Refused, handles
from engine.documents import where
from engine.facts.joining import put_away
from engine.facts.names import name_of
from engine.handlers.lookup import existing
from engine.transaction import Transaction

Data = dict[str, Any]
WRITE = "team.write"
LAST_ADMIN = "this is the last active admin; make another one first"


def _not_erased(tx: Transaction, data: Data) -> Data:
    contact = existing(tx, "contact", data["contact"])
    if contact.get("erased_at"):
        raise Refused("this contact's data was erased")
    return contact


@handles("contact.update", schemas.ContactUpdate, past="contact.updated", permission="contact.write")
def update_contact(data: Data, tx: Transaction) -> Data:
    """Set or take back the agents' own name of a contact."""
    contact = _not_erased(tx, data)
    names = {**contact["names"], "agent": (data["name"] or "").strip() or None}
    tx.update("contact", contact["id"], {"names": names, "name": name_of({**contact, "names": names})})
    return {"contact": contact["id"]}


@handles("contact.opt_out", schemas.OptOut, past="contact.opted_out", permission="contact.write")
def opt_out(data: Data, tx: Transaction) -> Data:
    """A contact wants no more messages that no person wrote; the first word of it stands."""
    contact = _not_erased(tx, data)
    if contact.get("opted_out"):
        raise Refused("this contact has opted out already")
    told = {"at": tx.at, "reason": data["reason"], "source": data["source"], "by": tx.agent}
    tx.update("contact", contact["id"], {"opted_out": told})
    return {"contact": contact["id"]}


@handles("contact.opt_in", schemas.WhyContact, past="contact.opted_in", permission="contact.write")
def opt_in(data: Data, tx: Transaction) -> Data:
    """A contact wants messages again."""
    contact = _not_erased(tx, data)
    if not contact.get("opted_out"):
        raise Refused("this contact has not opted out")
    tx.update("contact", contact["id"], {"opted_out": None})
    return {"contact": contact["id"]}


@handles("contact.block", schemas.WhyContact, past="contact.blocked", permission="contact.write")
def block(data: Data, tx: Transaction) -> Data:
    """Have nothing more to do with a contact: what they write is kept, yet asks for nobody."""
    contact = _not_erased(tx, data)
    if contact.get("blocked"):
        raise Refused("this contact is blocked already")
    tx.update("contact", contact["id"], {"blocked": {"at": tx.at, "reason": data["reason"], "by": tx.agent}})
    for conversation in tx.documents.table("conversation").search(where("contact") == contact["id"]):
        put_away(tx, conversation)
    return {"contact": contact["id"]}


@handles("contact.unblock", schemas.OfContact, past="contact.unblocked", permission="contact.write")
def unblock(data: Data, tx: Transaction) -> Data:
    """Hear a contact again from the next message on."""
    contact = existing(tx, "contact", data["contact"])
    if not contact.get("blocked"):
        raise Refused("this contact is not blocked")
    tx.update("contact", contact["id"], {"blocked": None})
    return {"contact": contact["id"]}


def _teams(tx: Transaction, ids: list[str]) -> list[str]:
    return [existing(tx, "team", id)["id"] for id in ids]


@handles("agent.invite", schemas.AgentInvite, past="agent.invited", permission=WRITE)
def invite(data: Data, tx: Transaction) -> Data:
    """Add a person; one with the same e-mail address is refused."""
    email = data["email"].strip().lower()
    if tx.documents.table("agent").contains(where("email") == email):
        raise Refused(f"{email} is in the team already")
    agent = {
        "id": tx.new_id(),
        "name": data["name"].strip(),
        "email": email,
        "role": data["role"],
        "teams": _teams(tx, data["teams"]),
        "active": data["active"],
        "language": data["language"],
        "theme": "auto",
        "created_at": tx.at,
    }
    tx.insert("agent", agent)
    return {"agent": agent["id"]}


def _keep_an_admin(tx: Transaction, agent: Data) -> None:
    admins = tx.documents.table("agent").search(where("role") == "admin")
    if not any(other["active"] and other["id"] != agent["id"] for other in admins):
        raise Refused(LAST_ADMIN)


@handles("agent.update", schemas.AgentUpdate, past="agent.updated", permission=WRITE)
def update_agent(data: Data, tx: Transaction) -> None:
    """Change what is known of a person; the last admin stays one."""
    agent = existing(tx, "agent", data["agent"])
    fields = {key: value for key, value in data.items() if key != "agent"}
    if agent["role"] == "admin" and fields.get("role", "admin") != "admin":
        _keep_an_admin(tx, agent)
    if "teams" in fields:
        fields["teams"] = _teams(tx, fields["teams"])
    tx.update("agent", agent["id"], fields)


@handles("agent.deactivate", schemas.OfAgent, past="agent.deactivated", permission=WRITE)
def deactivate(data: Data, tx: Transaction) -> None:
    """Switch a person off: their open conversations go back to the queue."""
    agent = existing(tx, "agent", data["agent"])
    if agent["role"] == "admin":
        _keep_an_admin(tx, agent)
    tx.update("agent", agent["id"], {"active": False})
    table = tx.documents.table("conversation")
    for status, handler in (("open", "queue"), ("snoozed", "nobody")):
        for conversation in table.search((where("assignee") == agent["id"]) & (where("status") == status)):
            tx.update("conversation", conversation["id"], {"assignee": None, "handler": handler})
            if status == "open":
                told = {"conversation": conversation["id"], "agent": None, "before": agent["id"]}
                tx.consequence("conversation.assigned", told)


@handles("agent.activate", schemas.OfAgent, past="agent.activated", permission=WRITE)
def activate(data: Data, tx: Transaction) -> None:
    """Switch a person on again."""
    tx.update("agent", existing(tx, "agent", data["agent"])["id"], {"active": True})


@handles("agent.availability", schemas.Availability, past="agent.presence", permission=WRITE)
def availability(data: Data, tx: Transaction) -> Data:
    """An agent is available though no page is open, away, or as their browsers tell; until a time or not."""
    agent = existing(tx, "agent", data["agent"])
    until = _later(tx, data["until"]) if data["available"] != presence.AUTO else None
    fields = {"available": data["available"], "available_until": until}
    tx.update("agent", agent["id"], fields)
    timer = f"available/{agent['id']}"
    if until:
        tx.timer(timer, until, {"agent": agent["id"]}, plugin="core")
    else:
        tx.cancel(timer, plugin="core")
    return {"agent": agent["id"], "state": presence.of({**agent, **fields})}


def _later(tx: Transaction, text: str | None) -> str | None:
    """Return a time that is still to come, or None where none is named."""
    if text is None:
        return None
    try:
        until = times.format(times.parse(text))
    except (ValueError, OverflowError) as error:
        raise Refused(f"until: {error}") from error
    if until <= tx.at:
        raise Refused("until is in the past")
    return until


@handles("team.create", schemas.TeamPut, permission=WRITE)
def create_team(data: Data, tx: Transaction) -> Data:
    """Make a team."""
    team = tx.insert("team", {"id": tx.new_id(), "name": data["name"].strip(), "created_at": tx.at})
    return {"team": team["id"]}


@handles("team.update", schemas.TeamPut, permission=WRITE)
def update_team(data: Data, tx: Transaction) -> None:
    """Rename a team."""
    tx.update("team", existing(tx, "team", data["team"])["id"], {"name": data["name"].strip()})
