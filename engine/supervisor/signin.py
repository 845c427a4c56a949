"""The one-time link that lets the first person in, printed where only they can see it."""

import hashlib
import secrets
from typing import Any

from engine import times
from engine.config import Config

LIFETIME = 3600.0  # seconds


def make_link(config: Config, client: Any, registry: Any) -> str:
    """Return an address that signs one person in, once, within the hour.

    Where nobody can sign in yet it sets the first admin up; else it signs an admin in.
    client: an `engine.client.Client`.
    """
    admin = _an_admin(config, registry)
    data = {"purpose": "sign_in" if admin else "first_run"}
    token = secrets.token_urlsafe(32)
    key = hashlib.sha256(token.encode()).hexdigest()
    client.credential_put("main", "link", key, admin, data, times.add(times.now(), LIFETIME))
    return f"{config.address}/start/{token}"


def _an_admin(config: Config, registry: Any) -> str | None:
    from engine.documents import Database, where
    from engine.store import open_read

    connection = open_read(config.workspace_folder("main") / "replyai.db")
    try:
        documents = Database(
            connection=connection, collections=registry.collections, string_ids=True, read_only=True
        )
        wanted = (where("role") == "admin") & (where("active") == True)  # noqa: E712
        found = documents.table("agent").search(wanted)
    finally:
        connection.close()
    oldest = min(found, key=lambda agent: str(agent.get("created_at")), default=None)
    return str(oldest.doc_id) if oldest is not None else None
