"""A shop's post room: an engine in this process, real workers, a real Redis, and a WAHA with a ledger."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine import jobs, plugins, process
from engine.events import event, requested
from tests.fakes.waha import FakeWaha
from tests.processes import ROOT, Valkey, data_folder, until
from tests.world import peer_of

SECRET = "a-secret-of-the-shop"
BOT = """
from engine import action, hookimpl

@hookimpl
def message_received(conversation):
    yield action("message.send", conversation=conversation["id"], text="{text}")
"""


class Post:
    """numbers: how many accounts there are, toko0 …; each has one customer who has written."""

    def __init__(self, data: Path, waha: FakeWaha, numbers: int, bot: str, **settings: Any) -> None:
        self.data, self.waha = data, waha
        if bot:
            (data / "plugins" / "bot").mkdir(parents=True)
            (data / "plugins" / "bot" / "__init__.py").write_text(BOT.format(text=bot))
            (data / "plugins" / "bot" / "plugin.toml").write_text('name = "bot"\nversion = "1"\n')
        head = f'plugins_dir = "{data / "plugins"}"\n' if bot else ""
        (data / "replyai.toml").write_text(head + _file(waha, numbers, settings))
        self.valkey = Valkey(data).start()
        self.engine = process.Engine(
            self.valkey.config,
            plugins.load(self.valkey.config.plugins_dir),
            self.valkey.client(socket_timeout=5),
        )
        self.engine.start()
        self.workspace = self.engine.workspaces["main"]
        self.documents = self.workspace.reading()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.acknowledged: dict[str, str] = {}
        for number in range(numbers):
            self.hears(f"toko{number}", f"628130000{number:04}@c.us", f"IN{number}")

    def submit(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.workspace.submit(list(events)).result(20)
        return found

    def hears(self, account: str, chat: str, id: str) -> None:
        data = {"message": {"id": id, "kind": "text", "text": "Halo"}, "peer": peer_of(chat)}
        self.submit(event("message.received", f"{chat}/{id}", data, account=account))

    def worker(self, queue: str = "send", **environ: str) -> "subprocess.Popen[bytes]":
        """Start a worker; it is at work once Redis knows it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("REPLYAI_", "CRASH_", "REDIS_"))}
        command = [sys.executable, "-m", "engine.worker", queue]
        made = subprocess.Popen(command, cwd=ROOT, env={**kept, "REPLYAI_DATA": str(self.data), **environ})
        self.workers.append(made)
        return made

    def work_off(self, count: int) -> None:
        """Start *count* workers on `send` and one on `work`, and wait until they are there."""
        for _ in range(count):
            self.worker()
        self.worker("work")
        client = self.valkey.client()
        until(lambda: len(client.smembers("rq:workers")) >= count + 1, 60, "the workers")

    def says(self, account: str, text: str) -> str:
        """Have an agent send a text from a number; it is acknowledged when this returns."""
        conversation = next(c for c in self.documents.table("conversation").all() if c["account"] == account)[
            "id"
        ]
        data = {"conversation": conversation, "text": text}
        done = self.submit(requested("api", [{"type": "message.send", "data": data}]))[0]["actions"][0]
        assert done["status"] == "done", done
        self.acknowledged[text] = done["result"]["message"]
        return self.acknowledged[text]

    def status(self, text: str) -> str:
        return str(self.documents.table("message").get(doc_id=self.acknowledged[text])["status"])

    def statuses(self) -> Counter[str]:
        return Counter(self.status(text) for text in self.acknowledged)

    @property
    def ledger(self) -> Counter[str]:
        return Counter(entry["text"] for entry in self.waha.ledger)

    def decide(self) -> None:
        """Do as a person who looks at the phone: say of what is not known whether it was sent."""
        for text, message in self.acknowledged.items():
            if self.status(text) == "unconfirmed":
                verdict = "sent" if text in self.ledger else "send_again"
                data = {"message": message, "verdict": verdict}
                asked = [{"type": "message.resolve_unconfirmed", "data": data}]
                self.submit(requested("api", asked))

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()
        self.documents.connection.close()
        self.engine.stop()
        self.valkey.kill()


def _file(waha: FakeWaha, numbers: int, settings: dict[str, Any]) -> str:
    lines = ["[plugins.sender]"]
    lines += [
        f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
        for key, value in settings.items()
    ]
    for number in range(numbers):
        lines += [
            f"[accounts.toko{number}]",
            'gateway = "waha"',
            f'url = "{waha.url}"',
            f'session = "s{number}"',
            f'api_key = "{waha.api_key}"',
            f'webhook_secret = "{SECRET}"',
        ]
    return "\n".join(lines) + "\n"


@contextmanager
def post_room(
    monkeypatch: pytest.MonkeyPatch, numbers: int = 1, bot: str = "", **settings: Any
) -> Iterator[Post]:
    """Give a post room whose sweeper is in a hurry: what takes half a minute takes two seconds here."""
    for name, seconds in (("SWEEP_AFTER", 1.0), ("SWEEP_SECONDS", 0.1), ("GRACE_SECONDS", 0.3)):
        monkeypatch.setattr(jobs, name, seconds)
    with data_folder() as data, FakeWaha() as waha:
        made = Post(data, waha, numbers, bot, **settings)
        try:
            yield made
        finally:
            made.close()
