"""Who is signed in: sessions and API tokens, both kept as hashes on the server."""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from engine import credentials, times
from engine.client import EngineAway

from .errors import Unauthorized
from .parts import parts

COOKIE = "replyai_session"
IDLE, ABSOLUTE, TOUCH = 12 * 3600, 7 * 24 * 3600, 60  # seconds
TOKEN_PREFIX = "rai_"
SYSTEM = {"id": "system", "name": "API", "email": None, "role": "admin", "teams": [], "active": True}


@dataclass(frozen=True)
class Session:
    """Who asks: the agent's document, the workspace, and the session's CSRF token.

    key: the hash of the cookie's or bearer's token; via: ``cookie`` or ``bearer``.
    """

    agent: dict[str, Any]
    workspace: str
    csrf: str
    key: str = ""
    via: str = "cookie"
    data: dict[str, Any] | None = None


def current() -> Session:
    """Return who is signed in; nobody: 401 for programs, the sign-in page for people."""
    session: Session | None = g.get("session")
    if session is None:
        raise Unauthorized("Sign in first.")
    return session


def digest(token: str) -> str:
    """Return the key under which a token's credential is kept: its SHA-256 in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_token(prefix: str = "") -> str:
    """Return a random token of 256 bits."""
    return prefix + secrets.token_urlsafe(32)


def identify() -> None:
    """Find who asks, from the bearer token or else the cookie, before every request."""
    g.session = None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        g.session = load(g.workspace, "token", token.strip())
    elif request.endpoint != "static" and (token := request.cookies.get(cookie_name(), "")):
        g.session = load(g.workspace, "session", token)
        if g.session is not None:
            _touch(g.session)


def load(workspace: str, kind: str, token: str) -> Session | None:
    """Return the session or API token's owner; None where it is unknown, over, or its agent is off."""
    if not token or len(token) > 200:
        return None
    return load_key(workspace, kind, digest(token))


def load_key(workspace: str, kind: str, key: str) -> Session | None:
    """As `load`, by the token's hash."""

    def find() -> tuple[Any, Any]:
        return parts().reads.run(workspace, None, lambda view: _rows(view, kind, key), hidden=frozenset())

    row, agent = parts().known.get((workspace, kind, key), find)
    if row is None or agent is None or not agent.get("active") or _over(row, kind):
        return None
    via = "cookie" if kind == "session" else "bearer"
    return Session(agent, workspace, row["data"].get("csrf", ""), key, via, row["data"])


def _rows(view: Any, kind: str, key: str) -> tuple[Any, Any]:
    row = credentials.get(view.connection, kind, key)
    if row is None:
        return None, None
    if row["agent"] == "system" and kind == "token":
        return row, SYSTEM
    agent = view.db.table("agent").get(doc_id=row["agent"])
    return row, {**agent, "id": agent.doc_id} if agent else None


def _over(row: dict[str, Any], kind: str) -> bool:
    now = times.now()
    if row["expires_at"] and row["expires_at"] <= now:
        return True
    return kind == "session" and times.add(row["data"].get("last_seen", row["created_at"]), IDLE) <= now


def _touch(session: Session) -> None:
    data = session.data or {}
    now = times.now()
    if times.add(data["last_seen"], TOUCH) > now:
        return
    data["last_seen"] = now  # in the row that is kept in memory too: it is told once a minute
    try:
        client = parts().client
        client.credential_touch(session.workspace, "session", session.key, data, data["ends"])
    except EngineAway:
        pass  # a page can still be read while the engine restarts


def sign_in(response: Response, agent: dict[str, Any]) -> Response:
    """Begin a new session of *agent* (its id is never one that the browser had before)."""
    end()
    token, now = new_token(), times.now()
    data = {
        "csrf": secrets.token_urlsafe(32),
        "last_seen": now,
        "ip": request.remote_addr,
        "ua": (request.user_agent.string or "")[:200],
        "role": agent["role"],
        "ends": times.add(now, ABSOLUTE),
    }
    parts().client.credential_put(g.workspace, "session", digest(token), agent["id"], data, data["ends"])
    set_cookie(response, cookie_name(), token, ABSOLUTE)
    return response


def rotate(response: Response) -> Response:
    """Give a session whose agent's role has changed a new id; the old one is dead.

    While the engine is away the answer stays as it is: the next request tries again.
    """
    session: Session | None = g.get("session")
    if request.endpoint in ("feed", "static"):
        return response
    if session and session.via == "cookie" and (session.data or {}).get("role") != session.agent["role"]:
        with suppress(EngineAway):
            sign_in(response, session.agent)
    return response


def end() -> None:
    """End the session of the cookie that came with this request, at once."""
    token = request.cookies.get(cookie_name(), "")
    if token:
        key = digest(token)
        parts().client.credential_delete(g.workspace, "session", key=key)
        parts().known.drop(g.workspace, "session", key)
        parts().hub.close_sockets(g.workspace, key=key)


def end_all(workspace: str, agent: str) -> None:
    """End all sessions of an agent, sockets included."""
    parts().client.credential_delete(workspace, "session", agent=agent)
    parts().known.drop(workspace, "session")
    parts().hub.close_sockets(workspace, agent=agent)


def forget(workspace: str, agent: str) -> None:
    """Take from an agent who is switched off all that lets them in: sessions, API tokens, one-time links."""
    end_all(workspace, agent)
    for kind in ("token", "link"):
        parts().client.credential_delete(workspace, kind, agent=agent)
    parts().known.drop(workspace, "token")


def cookie_name(base: str = COOKIE) -> str:
    """Return the cookie's name: one per workspace, ``__Host-`` where there is TLS."""
    name = base if g.workspace == "main" else f"{base}_{g.workspace}"
    return f"__Host-{name}" if request.is_secure else name


def set_cookie(response: Response, name: str, value: str, age: int | None = None) -> None:
    """Set a cookie that no script reads and no other site sends."""
    response.set_cookie(
        name, value, max_age=age, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )


def drop_cookie(response: Response) -> None:
    """Take the session's cookie away."""
    response.delete_cookie(cookie_name(), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
