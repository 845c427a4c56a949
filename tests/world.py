"""A small business to test with: a shop with a number, agents, and customers who write."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import plugins
from engine.events import event, requested
from engine.workspace import Workspace

DEWI, ANDI = "6281300004521@c.us", "6281200001123@c.us"
SHOP = "toko"


class World:
    """A workspace without Redis: everything happens at once and in order."""

    def __init__(self, folder: Path, registry: plugins.Registry | None = None) -> None:
        self.frames: list[dict[str, Any]] = []
        self.registry = registry or plugins.load()
        self.workspace = Workspace("main", folder, self.registry, None, self.frames.extend)
        self.workspace.start()
        self.documents = self.workspace.reading()
        self._sent = 0

    def close(self) -> None:
        self.documents.connection.close()
        self.workspace.stop()

    def submit(self, *events: dict[str, Any], raw: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return self.workspace.submit(list(events), raw).result(10)

    def with_shop(self) -> "World":
        data = {"name": SHOP, "gateway": "simulator", "title": "Toko Utama"}
        self.ask("account.put", **data)
        return self

    def writes(
        self, chat: str, text: str, id: str | None = None, origin: str = "live", **peer: Any
    ) -> dict[str, Any]:
        """Have a customer write; return the result."""
        return self.submit(written(chat, text, id or self._next_id(), origin=origin, **peer))[0]

    def _next_id(self) -> str:
        self._sent += 1
        return f"3EB0{self._sent:06}"

    def ask(
        self, type: str, /, by: str | None = None, once: str | None = None, **data: Any
    ) -> dict[str, Any]:
        """Have *by* ask for one action; return what came of it."""
        return self.submit(requested(by, [{"type": type, "data": data}], once))[0]["actions"][0]

    def agent(self, name: str, role: str = "agent") -> str:
        """Add a person; return the id."""
        email = f"{name.lower()}@toko.example"
        return str(self.ask("agent.invite", name=name, email=email, role=role)["result"]["agent"])

    def label(self, name: str, color: str = "#d4380d") -> str:
        return str(self.ask("labels.create", name=name, color=color)["result"]["label"])

    def get(self, collection: str, id: str) -> dict[str, Any]:
        found: Any = self.documents.table(collection).get(doc_id=id)
        return found  # type: ignore[no-any-return]

    def all(self, collection: str) -> list[dict[str, Any]]:
        return list(self.documents.table(collection).all())

    def conversation(self, chat: str) -> dict[str, Any]:
        """Return the conversation with *chat*; there must be exactly one."""
        found = [c for c in self.all("conversation") if c["chat"] == chat]
        assert len(found) == 1, found
        return found[0]

    def messages(self, chat: str) -> list[dict[str, Any]]:
        id = self.conversation(chat)["id"]
        return [m for m in self.all("message") if m["conversation"] == id]

    def answers(self, chat: str, text: str, by: str, client_id: str | None = None) -> dict[str, Any]:
        """Have an agent answer; return the message."""
        data = {"conversation": self.conversation(chat)["id"], "text": text, "client_id": client_id}
        done = self.ask("message.send", by=by, once=client_id, **data)
        assert done["status"] == "done", done
        return self.get("message", done["result"]["message"])

    def job_of(self, message: str) -> dict[str, Any]:
        """Return the one job that waits for a message, besides what only shows that somebody is typing."""
        waits = [job for job in self.all("job") if job["state"] == "queued" and job["name"] != "sender.show"]
        found = [job for job in waits if job["args"].get("message") == message]
        assert len(found) == 1, found
        return found[0]

    def job_ends(self, message: str, **result: Any) -> dict[str, Any]:
        """Have the worker tell what came of a message's job."""
        job = self.job_of(message)["id"]
        return self.submit(event("job.finished", job, {"job": job, "result": result}, origin="job"))[0]

    def status_comes(self, chat: str, gateway_id: str, status: str, **more: Any) -> dict[str, Any]:
        data = {"ids": [gateway_id], "status": status, "peer": peer_of(chat), **more}
        return self.submit(event("message.status", f"{gateway_id}/{status}", data, account=SHOP))[0]

    def echo_comes(self, chat: str, text: str, gateway_id: str, origin: str = "echo_phone") -> dict[str, Any]:
        data = {"message": {"id": gateway_id, "kind": "text", "text": text}, "peer": peer_of(chat)}
        return self.submit(event("message.sent", f"{chat}/{gateway_id}", data, account=SHOP, origin=origin))[
            0
        ]

    def until(self, condition: Callable[[], Any], seconds: float = 10.0) -> None:
        """Wait for what the clock or a thread does."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)

    def journal(self) -> list[dict[str, Any]]:
        import orjson

        rows = self.documents.connection.execute("SELECT body FROM journal ORDER BY seq")
        return [orjson.loads(body) for (body,) in rows]


def peer_of(chat: str, **more: Any) -> dict[str, Any]:
    return {"chat_id": chat, "kind": "user", **more}


def written(chat: str, text: str, id: str, origin: str = "live", **peer: Any) -> dict[str, Any]:
    """Return the event of a customer's message."""
    data = {"message": {"id": id, "kind": "text", "text": text}, "peer": peer_of(chat, **peer)}
    return event("message.received", f"{chat}/{id}", data, account=SHOP, origin=origin)
