"""A busy shop's recording, made through a real engine: customers write, people answer, ticks come in."""

import threading
from collections import deque
from pathlib import Path
from typing import Any

from engine import config, settings
from engine.bench.filling import chat_of
from engine.bench.patterns import ACCOUNT, add_account, written
from engine.bench.texts import text_of
from engine.bench.transactions import in_flight
from engine.events import event, requested
from engine.plugins import Registry
from engine.workspace import Workspace

_PEOPLE, _AGENTS = 2_000, 5
_ANSWER_EVERY, _COMPLAIN_EVERY, _RESOLVE_EVERY = 4, 10, 40  # messages of customers
Document = dict[str, Any]


def record(folder: Path, registry: Registry, events: int) -> None:
    """Make a workspace in *folder* whose journal has some *events* rows, with all plugins on."""
    shop = _Shop(events)
    workspace = Workspace("main", folder, registry, None, shop.hear)
    workspace.start()
    try:
        _prepare(workspace, registry)
        in_flight(workspace, shop)
    finally:
        workspace.stop()


def _prepare(workspace: Workspace, registry: Registry) -> None:
    """Switch all plugins on, add the number, people and a rule for a label."""
    settings.apply(workspace, config.load({}, workspace.folder))
    add_account(workspace)
    plugins = [{"plugin": plugin.name, "enabled": True} for plugin in registry.loaded()]
    _ask(workspace, *({"type": "plugin.set", "data": data} for data in plugins))
    people = [
        {"name": f"Agen {n}", "email": f"agen{n}@toko.example", "role": "agent"} for n in range(_AGENTS)
    ]
    _ask(workspace, *({"type": "agent.invite", "data": data} for data in people))
    if "labels" in registry.plugins:
        label = _ask(workspace, {"type": "labels.create", "data": {"name": "Keluhan", "color": "#d4380d"}})
        rule = {"label": label[0]["result"]["label"], "pattern": "rusak"}
        _ask(workspace, {"type": "labels.put_rule", "data": rule})


def _ask(workspace: Workspace, *actions: Document) -> list[Document]:
    (result,) = workspace.submit([requested(None, list(actions))]).result()
    if refused := [done for done in result["actions"] if done["status"] != "done"]:
        raise RuntimeError(f"the recording could not be prepared: {refused[0]}")
    done: list[Document] = result["actions"]
    return done


class _Shop:
    """Gives the events, one by one: first what has to follow on what it heard, else a new message."""

    def __init__(self, events: int) -> None:
        self.left = events
        self.said = self.sent = 0
        self.following: deque[Document] = deque()
        self.chats: dict[str, str] = {}
        self.lock = threading.Lock()

    def __iter__(self) -> "_Shop":
        return self

    def __next__(self) -> Document:
        with self.lock:
            if not self.left:
                raise StopIteration
            self.left -= 1
            if self.following:
                return self.following.popleft()
            self.said += 1
            text = (
                f"barang rusak {text_of(self.said)}"
                if not self.said % _COMPLAIN_EVERY
                else text_of(self.said)
            )
            return written(chat_of(self.said % _PEOPLE), f"3EB0{self.said:016}", text[:200])

    def hear(self, frames: list[Document]) -> None:
        """Take in what was committed, as gateway and agents do."""
        for frame in frames:
            for change in frame.get("changes", ()):
                if change["doc"] is not None:
                    self._follow(change["collection"], change["fields"], change["doc"])

    def _follow(self, collection: str, fields: Document, doc: Document) -> None:
        if collection == "conversation":
            self.chats[doc["id"]] = doc["chat"]
        elif collection == "job" and fields.get("state") == "queued" and "message" in doc["args"]:
            self.sent += 1
            result = {"outcome": "sent", "gateway_id": f"3EB1{self.sent:016}"}
            data = {"job": doc["id"], "result": result}
            self.following.append(event("job.finished", doc["id"], data, origin="job"))
        elif collection == "message" and doc["direction"] == "out" and fields.get("gateway_id"):
            self.following += [self._tick(doc, status) for status in ("delivered", "read")]
        elif collection == "message" and doc["direction"] == "in" and "text" in fields:
            self._answer(doc)

    def _tick(self, message: Document, status: str) -> Document:
        peer = {"chat_id": self.chats[message["conversation"]], "kind": "user"}
        data = {"ids": [message["gateway_id"]], "status": status, "peer": peer}
        return event("message.status", f"{message['gateway_id']}/{status}", data, account=ACCOUNT)

    def _answer(self, message: Document) -> None:
        number = int(message["gateway_id"][4:])
        conversation = message["conversation"]
        if not number % _RESOLVE_EVERY:
            self._request("conversation.resolve", conversation=conversation)
        elif not number % _ANSWER_EVERY:
            self._request("message.send", conversation=conversation, text=f"Baik kak, {text_of(number)[:80]}")

    def _request(self, type: str, **data: Any) -> None:
        self.following.append(requested(None, [{"type": type, "data": data}]))
