"""A shop on WAHA whose clock goes only when told, and a worker whose every call takes a moment."""

import types
from pathlib import Path
from typing import Any

from engine import action, hookimpl, times
from engine.clock import due_timers, fired
from engine.events import event
from engine.plugins import Plugin, Registry, load
from tests.world import DEWI, SHOP, World

NOON = "2031-03-03T05:00:00.000000Z"  # in Jakarta
CALL = 0.3


def answering(*lines: str) -> Plugin:
    """A bot that answers every message that comes in."""
    module = types.ModuleType("test_bot")

    def received(event: Any, message: Any, conversation: Any) -> Any:
        if event["origin"] == "live":
            for line in lines:
                yield action("message.send", conversation=conversation["id"], text=line, why="it always does")

    def wish(event: Any) -> Any:
        yield action("message.send", **event["data"], why="the shop wishes it")

    module.message_received = hookimpl(received)  # type: ignore[attr-defined]
    module.bot_wish = hookimpl(wish)  # type: ignore[attr-defined]
    return Plugin("bot", order=50, module=module)


class Paced(World):
    """The clock goes when told; `calls` are the messages that reached the gateway, and when."""

    def __init__(self, folder: Path, *lines: str, start: str = NOON, **settings: Any) -> None:
        super().__init__(folder, Registry([*load().plugins.values(), answering(*lines)]))
        self.time = start
        self.workspace.store.now = self.now  # type: ignore[method-assign]
        self.workspace.clock._now = lambda: "2000-01-01T00:00:00.000000Z"  # only `later` fires timers
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.shows: list[tuple[str, str]] = []
        self.outcome: dict[str, Any] = {"outcome": "sent"}
        self.plugin_is(**settings)
        self.ask("workspace.update", timezone="Asia/Jakarta")
        self.ask("account.put", name=SHOP, gateway="waha", title="Toko Utama")

    def plugin_is(self, **settings: Any) -> None:
        document = {"id": "sender", "enabled": True, "settings": settings}
        self.submit(event("settings.changed", str(settings), {"documents": {"plugin": [document]}}))
        self.submit(event("redis.epoch", "e1", {"epoch": "e1"}, origin="system"))

    def now(self) -> str:
        self.time = times.add(self.time, 0.000002)
        return self.time

    def later(self, seconds: float) -> None:
        """Let time go by: what is due fires, and workers do what is asked of them."""
        end = times.add(self.time, seconds)
        while True:
            self._work(end)
            due, _ = due_timers(self.documents, self.workspace.enabled, end)
            if not due:
                break
            self.time = max(self.time, due[0]["due"])
            self.submit(fired(due[0]))
        self.time = max(self.time, end)

    def _work(self, end: str) -> None:
        while jobs := [job for job in self.all("job") if is_waiting(job)]:
            job = jobs[0]
            message = self.get("message", job["args"]["message"])
            if job["name"] == "sender.show":
                self.shows += [(self.time, state) for state in job["args"]["states"]]
                result = {"outcome": "shown"}
            elif job["name"] == "sender.find":
                result = {"outcome": "unknown"}
            else:
                self.calls.append((self.time, message))
                self.time = times.add(self.time, CALL)
                result = {"gateway_id": f"OUT{len(self.calls)}", **self.outcome}
            told = {"job": job["id"], "result": result}
            self.submit(event("job.finished", job["id"], told, origin="job"))

    def says(self, chat: str, text: str, lane: str = "automatic") -> None:
        """Have a plugin send something of its own accord."""
        data = {"conversation": self.conversation(chat)["id"], "text": text, "lane": lane}
        self.submit(event("bot.wish", f"{chat}/{text}/{self.time}", data, origin="system"))

    @property
    def texts(self) -> list[str]:
        return [message["text"] for _, message in self.calls]

    @property
    def gaps(self) -> list[float]:
        """Seconds from the end of each call to the next."""
        pairs = zip(self.calls, self.calls[1:], strict=False)
        return [times.seconds_between(one[0], other[0]) - CALL for one, other in pairs]

    def account(self) -> dict[str, Any]:
        return self.get("account", SHOP)

    def pace(self) -> dict[str, Any]:
        return self.get("sender_pace", SHOP)


def is_waiting(job: dict[str, Any]) -> bool:
    return bool(job["state"] == "queued" and job["name"].startswith("sender."))


__all__ = ["DEWI", "NOON", "Paced"]
