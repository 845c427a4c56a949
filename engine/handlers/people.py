"""Agents, teams and contacts."""

from typing import Any

from engine import schemas
from engine.actions import Refused, handles
from engine.documents import where
from engine.facts.identity import display_name
from engine.handlers.conversations import existing
from engine.transaction import Transaction

Data = dict[str, Any]
WRITE = "team.write"
LAST_ADMIN = "this is the last active admin; make another one first"


@handles("contact.update", schemas.ContactUpdate, past="contact.updated", permission="contact.write")
def update_contact(data: Data, tx: Transaction) -> None:
    """Set or take back the agents' own name of a contact."""
    contact = existing(tx, "contact", data["contact"])
    names = {**contact["names"], "agent": (data["name"] or "").strip() or None}
    name = display_name(names, contact["phone"], contact["aliases"][0] if contact["aliases"] else "")
    tx.update("contact", contact["id"], {"names": names, "name": name})


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


@handles("agent.activate", schemas.OfAgent, past="agent.activated", permission=WRITE)
def activate(data: Data, tx: Transaction) -> None:
    """Switch a person on again."""
    tx.update("agent", existing(tx, "agent", data["agent"])["id"], {"active": True})


@handles("team.create", schemas.TeamPut, permission=WRITE)
def create_team(data: Data, tx: Transaction) -> Data:
    """Make a team."""
    team = tx.insert("team", {"id": tx.new_id(), "name": data["name"].strip(), "created_at": tx.at})
    return {"team": team["id"]}


@handles("team.update", schemas.TeamPut, permission=WRITE)
def update_team(data: Data, tx: Transaction) -> None:
    """Rename a team."""
    tx.update("team", existing(tx, "team", data["team"])["id"], {"name": data["name"].strip()})
