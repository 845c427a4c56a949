"""A whole ReplyAI without Redis for the tests of web: a real engine in this process, the real application."""

import hashlib
import hmac
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from engine import config as configuration
from engine import plugins, times
from engine.events import requested
from engine.process import Engine
from web.app import create_app
from web.sessions import digest, new_token

SECRET = "a secret of the shop"
PASSWORD = "seven quiet herons"
SETTINGS = f"""
[accounts.toko]
gateway = "waha"
url = "http://localhost:3000"
api_key = "key"
webhook_secret = "{SECRET}"

[workspaces.cabang.accounts.cabang]
gateway = "waha"
url = "http://localhost:3000"
webhook_secret = "{SECRET}"
"""
DEWI, ANDI = "6281300004521@c.us", "6281200001123@c.us"


class Stack:
    """The engine, the application, and people who use it."""

    def __init__(self, data: Path, plugins_dir: Path | None = None) -> None:
        self.data = data
        (data / "replyai.toml").write_text(SETTINGS)
        self.config = configuration.load({"REPLYAI_CONFIG": str(data / "replyai.toml")}, data=data)
        self.registry = plugins.load(plugins_dir)
        self.engine = Engine(self.config, self.registry)
        self.engine.start()
        self.app: Flask = create_app(self.config, self.registry)
        self.app.testing = True
        self.held = self.app.extensions["replyai"]
        self.held.redis = self.held.limits.client = None
        self._said = 0

    def close(self) -> None:
        self.held.client.close()
        self.engine.stop()

    def submit(self, events: list[dict[str, Any]], workspace: str = "main") -> list[dict[str, Any]]:
        return self.engine.workspaces[workspace].submit(events).result(10)

    def ask(self, type: str, /, by: str = "system", workspace: str = "main", **data: Any) -> Any:
        """Have *by* ask for one action; return its result."""
        done = self.submit([requested(by, [{"type": type, "data": data, "why": None}])], workspace)
        action = done[0]["actions"][0]
        assert action["status"] == "done", action
        return action["result"]

    def agent(
        self, name: str, role: str = "agent", teams: tuple[str, ...] = (), workspace: str = "main"
    ) -> str:
        """Add a person with a password; return the id."""
        from web import passwords

        who = {"name": name, "email": f"{name.lower()}@toko.example", "role": role, "teams": list(teams)}
        id = str(self.ask("agent.invite", workspace=workspace, **who)["agent"])
        hash = passwords._hasher.hash(PASSWORD)
        self.held.client.credential_put(workspace, "password", id, id, {"hash": hash})
        return id

    def team(self, name: str) -> str:
        return str(self.ask("team.create", name=name)["team"])

    def token(self, agent: str, workspace: str = "main") -> str:
        """Return an API token of an agent (or of ``system``)."""
        token = new_token("rai_")
        self.held.client.credential_put(workspace, "token", digest(token), agent, {"name": "test"})
        return token

    def link(self, purpose: str, agent: str | None = None) -> str:
        token = new_token()
        ends = times.add(times.now(), 3600)
        self.held.client.credential_put("main", "link", digest(token), agent, {"purpose": purpose}, ends)
        return f"/start/{token}"

    def browser(self) -> "Browser":
        return Browser(self.app)

    def signed_in(self, name: str) -> "Browser":
        """Return the browser of a person who has signed in."""
        browser = self.browser()
        answer = browser.sign_in(f"{name.lower()}@toko.example")
        assert answer.status_code == 303, answer.text
        return browser

    def api(self, agent: str) -> "Program":
        return Program(self.app, self.token(agent))

    def writes(self, chat: str, text: str, account: str = "toko") -> None:
        """Have a customer write, by a signed webhook."""
        self._said += 1
        answer = self.posts(message(chat, text, f"3EB0{self._said:08}"), account)
        assert answer.status_code == 200, answer.text

    def posts(self, body: Any, account: str = "toko", secret: str = SECRET, **headers: str) -> Any:
        """Post a webhook of WAHA, signed."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Webhook-Hmac": signature(raw, secret), "Content-Type": "application/json", **headers}
        return self.app.test_client().post(f"/webhooks/waha/{account}", data=raw, headers=headers)

    def conversation(self, chat: str) -> dict[str, Any]:
        found = [c for c in self.all("conversation") if c["chat"] == chat]
        assert len(found) == 1, found
        return found[0]

    def all(self, collection: str, workspace: str = "main") -> list[dict[str, Any]]:
        def find(view: Any) -> list[dict[str, Any]]:
            return [{**row, "id": row.doc_id} for row in view.db.table(collection).all()]

        return self.held.reads.run(workspace, None, find)  # type: ignore[no-any-return]

    def rows(self, sql: str) -> list[Any]:
        return self.held.reads.run("main", None, lambda view: view.connection.execute(sql).fetchall())  # type: ignore[no-any-return]


class Browser:
    """A browser: cookies, and the token of the form that it looks at."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.csrf = ""

    def look(self, path: str, **how: Any) -> Any:
        """Get a page and remember its form's token."""
        answer = self.client.get(path, **how)
        found = re.search(r'name="csrf[-_]token"[^>]*?(?:value|content)="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer

    def post(self, path: str, form: dict[str, Any] | None = None, **how: Any) -> Any:
        how.setdefault("headers", {"X-CSRF-Token": self.csrf})
        return self.client.post(path, data=form, **how)

    def sign_in(self, email: str, password: str = PASSWORD, **how: Any) -> Any:
        self.look("/login")
        answer = self.post("/login", {"email": email, "password": password}, **how)
        if answer.status_code == 303:
            self.csrf = self.session_csrf()
        return answer

    def session_csrf(self) -> str:
        """Return the token that pages of this session carry."""
        with self.client:
            self.client.get("/api/openapi.json")
            from web.security import csrf_token

            return csrf_token()

    def cookie(self, name: str = "replyai_session") -> str | None:
        found = self.client.get_cookie(name)
        return found.value if found else None


class Program:
    """A program with a bearer token; answers (status, JSON)."""

    def __init__(self, app: Flask, token: str) -> None:
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, **how: Any) -> tuple[int, Any]:
        answer = self.client.open(f"/api{path}", method=method, headers=self.headers, **how)
        return answer.status_code, answer.get_json(silent=True)


def signature(raw: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha512).hexdigest()


def message(chat: str, text: str, id: str) -> dict[str, Any]:
    """Return WAHA's webhook of a text message."""
    payload = {
        "id": f"false_{chat}_{id}",
        "timestamp": 1764000000,
        "from": chat,
        "fromMe": False,
        "to": "6285100000000@c.us",
        "body": text,
        "hasMedia": False,
        "_data": {"notifyName": "Dewi"},
    }
    return {"id": f"evt_{id}", "event": "message", "session": "toko", "payload": payload, "engine": "NOWEB"}


@contextmanager
def running(plugins_dir: Path | None = None) -> Iterator[Stack]:
    """Start a stack in a short temporary folder (a socket's path has 107 bytes at most)."""
    data = Path(tempfile.mkdtemp(prefix="replyai-"))
    stack = Stack(data, plugins_dir)
    try:
        yield stack
    finally:
        stack.close()
        shutil.rmtree(data, ignore_errors=True)
