"""One-time links: the first run, an invitation, a sign-in from the terminal."""

from typing import Any

from flask import g, request

from engine import credentials, times

from .engine_link import View, engine, read
from .parts import parts
from .sessions import digest, new_token

DAYS = 7 * 24 * 3600
PURPOSES = ("first_run", "sign_in", "invite")


def make(workspace: str, purpose: str, agent: str | None, seconds: int = DAYS) -> str:
    """Make a link that works once, for *seconds*; return its path within this host."""
    token = new_token()
    engine().credential_put(
        workspace, "link", digest(token), agent, {"purpose": purpose}, times.add(times.now(), seconds)
    )
    return f"{request.script_root}/start/{token}"


def look(token: str) -> tuple[dict[str, Any], dict[str, Any] | None] | None:
    """Return (credential, agent or None) of a link that still works, without using it; else None."""
    key = digest(token)

    def find(view: View) -> Any:
        row = credentials.get(view.connection, "link", key)
        if row is None or row["data"].get("purpose") not in PURPOSES:
            return None
        agent = view.db.table("agent").get(doc_id=row["agent"]) if row["agent"] else None
        return row, {**agent, "id": agent.doc_id} if agent else None

    return read(find)


def take(token: str) -> dict[str, Any] | None:
    """Use the link up: return its credential once, None ever after."""
    row: dict[str, Any] | None = parts().client.credential_take(g.workspace, "link", digest(token))
    return row


def give_back(row: dict[str, Any]) -> None:
    """Let a link work again whose work failed."""
    parts().client.credential_put(
        g.workspace, "link", row["key"], row["agent"], row["data"], row["expires_at"]
    )
