"""A storm with SIGKILLs: what was answered is kept once, and nothing is sent twice.

By hand: ``python -m tests.kill --seed 7 --webhooks 2000 --sends 200 --kills 30``.
"""

import argparse
import http.client
import json
import os
import queue
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.demo import picture
from engine.store import GENESIS, chain
from tests.fakes.waha import FakeWaha, sign
from tests.processes import command_of, descendants

TOKEN = "rai_" + "k" * 43
SECRET = "a-secret-of-the-shop"
AIMED = (
    "received",
    "pre_append",
    "in_transaction",
    "flushed",
    "pre_reply",
    "handed_out",
    "dequeued",
    "pre_http",
    "post_http",
)
NAMED = ("tree", "engine", "web", "send-1", "redis")
CUT_OFF = (OSError, ValueError, http.client.HTTPException)  # what a caller meets when the server dies
COMMANDS = {
    "engine": "engine.process",
    "web": "web.app",
    "send-1": "engine.worker send",
    "redis": "redis.sock",
}
TOLD = ("counts", "kills", "decided by a person")
CHATS = 50
PICTURES = 20  # one in so many messages that come in has a picture
WAIT_UP = 60.0
SETTLE = 150.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Storm:
    """A whole installation, a gateway that posts and one that takes, and what kills it."""

    def __init__(self, data: Path, waha: FakeWaha, seed: int) -> None:
        self.data = data
        self.waha = waha
        self.chance = random.Random(seed)
        self.port = free_port()
        self.crash = data / "crash"
        self.acked: set[str] = set()
        self.asked: set[str] = set()
        self.kills: Counter[str] = Counter()
        self.picture = waha.add_file("foto.png", "image/png", picture(1))
        self.work: queue.Queue[tuple[str, int]] = queue.Queue()
        self.busy = True
        self.tree: subprocess.Popen[bytes] | None = None
        (data / "replyai.toml").write_text(
            f'[plugins.sender]\npreset = "official"\n[accounts.toko]\ngateway = "waha"\n'
            f'url = "{waha.url}"\napi_key = "{waha.api_key}"\n'
            f'webhook_secret = "{SECRET}"\n'
        )

    # the installation

    def start(self) -> None:
        environ = {
            **os.environ,
            "REPLYAI_DATA": str(self.data),
            "REPLYAI_API_TOKEN": TOKEN,
            "PORT": str(self.port),
            "CRASH_FILE": str(self.crash),
        }
        log = (self.data / "out.log").open("ab")
        command = [sys.executable, "-m", "engine.cli", "serve"]
        self.tree = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        if self.tree and self.tree.poll() is None:
            self.tree.send_signal(signal.SIGTERM)
            self.tree.wait(15)

    def until_up(self) -> None:
        deadline = time.monotonic() + WAIT_UP
        while time.monotonic() < deadline:
            with suppress(*CUT_OFF):
                if self.call("GET", "/healthz")[0] == 200:
                    return
            threading.Event().wait(0.05)
        raise TimeoutError((self.data / "out.log").read_text()[-3000:])

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, None

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        raw = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        return self.call(method, path, raw, **headers)

    # the load

    def post(self, number: int) -> bool:
        """Post one webhook as WAHA does; whether it was answered 2xx."""
        chat, id = f"6281300{number % CHATS:06}@c.us", f"IN{number:06}"
        body = self.waha.message(chat, f"pesan {number}", id)
        if number % PICTURES == 0:
            body = self.waha.media_message(chat, self.picture, "image/png", id, f"pesan {number}")
        raw = json.dumps(body).encode()
        status, _ = self.call("POST", "/webhooks/waha/toko", raw, **sign(raw, SECRET))
        if status == 200:
            self.acked.add(f"IN{number:06}")
        return status == 200

    def answer(self, number: int) -> bool:
        """Send one answer by the API; whether it was taken."""
        chat = self.conversations[number % len(self.conversations)]
        body = {"text": f"jawaban {number:04}", "client_id": f"kill-{number}"}
        status, _ = self.api("POST", f"/api/conversations/{chat}/messages", body)
        if status in (200, 201):
            self.asked.add(body["text"])
        return status in (200, 201)

    def begin(self) -> None:
        """Have every chat exist before the storm."""
        for number in range(CHATS):
            while not self.post(number):
                threading.Event().wait(0.1)
        self.conversations = [c["id"] for c in self.api("GET", "/api/conversations?limit=100")[1]["items"]]
        assert len(self.conversations) == CHATS

    def client(self) -> None:
        """Work off what is to be posted, trying each until it is answered; WAHA posts some twice."""
        while True:
            try:
                kind, number = self.work.get_nowait()
            except queue.Empty:
                return
            do = self.post if kind == "in" else self.answer
            while True:
                with suppress(*CUT_OFF):
                    if do(number):
                        break
                threading.Event().wait(0.05)
            if number % 7 == 0:
                with suppress(*CUT_OFF):
                    do(number)

    def run(self, webhooks: int, sends: int, kills: int) -> None:
        """Post, send and kill until both are done."""
        jobs = [("in", n) for n in range(CHATS, webhooks)] + [("out", n) for n in range(sends)]
        self.chance.shuffle(jobs)
        pace = len(jobs) / max(1, kills)
        for job in jobs:
            self.work.put(job)
        clients = [threading.Thread(target=self.client) for _ in range(6)]
        for thread in clients:
            thread.start()
        plan = [*AIMED, *NAMED]
        number = 0
        while self.kills.total() < kills:
            left = len(jobs) - pace * (self.kills.total() + 0.5)
            while self.work.qsize() > left and any(t.is_alive() for t in clients):
                threading.Event().wait(0.01)
            self.kill(plan[number % len(plan)])
            self.until_up()
            number += 1
        for thread in clients:
            thread.join()

    # the kills

    def kill(self, what: str) -> None:
        if what in AIMED:
            self._aim(what)
        elif what == "tree":
            assert self.tree is not None
            self.tree.kill()
            self.tree.wait(10)
            self.kills[what] += 1
            self.start()
        else:
            for pid in self._pids(what):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.kills[what] += 1

    def _aim(self, what: str) -> None:
        """Have the process that next passes a point there end itself; without traffic, none does."""
        self.crash.write_text(f"{what}:{self.chance.randint(1, 3)}")
        deadline = time.monotonic() + 20
        while self.crash.exists() and time.monotonic() < deadline:
            if self.work.empty():
                self._poke()
            threading.Event().wait(0.01)
        if self.crash.exists():
            self.crash.unlink(missing_ok=True)
        else:
            self.kills[what] += 1

    def _poke(self) -> None:
        """Make some traffic once the storm's own is over."""
        number = 900000 + self.kills.total() * 100 + self.chance.randrange(100)
        with suppress(*CUT_OFF):
            self.post(number)
        with suppress(*CUT_OFF):
            self.answer(number)

    def _pids(self, name: str) -> list[int]:
        """Return one process of a kind below the supervisor."""
        assert self.tree is not None
        below = descendants(self.tree.pid)
        return sorted(pid for pid in below if COMMANDS[name] in command_of(pid))[:1]

    # the check

    def settle(self) -> bool:
        """Wait until nothing is on its way any more; whether that came true in time."""
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline:
            with suppress(OSError, sqlite3.Error):
                if not self._under_way():
                    return True
            threading.Event().wait(0.25)
        return False

    def decide(self) -> int:
        """Do as a person who looks at the phone: say of each unconfirmed message what became of it."""
        sent = {entry["text"] for entry in self.waha.ledger}
        unsure = [json.loads(doc) for (doc,) in self.rows("SELECT doc FROM doc_message")]
        unsure = [message for message in unsure if message["status"] == "unconfirmed"]
        for message in unsure:
            verdict = "sent" if message["text"] in sent else "send_again"
            status, answer = self.api("POST", f"/api/messages/{message['id']}/resolve", {"verdict": verdict})
            assert status == 200, answer
        return len(unsure)

    def _under_way(self) -> int:
        """Return how many messages move by themselves: not what waits for a person, nor what is behind it."""
        status, chat = "json_extract(doc, '$.status')", "json_extract(doc, '$.conversation')"
        finds = "coalesce(json_extract(doc, '$.\"sender.finds\"'), 0)"
        held = f"SELECT {chat} FROM doc_message WHERE {status} = 'unconfirmed'"
        moving = [
            f"{status} = 'sending'",
            f"({status} = 'queued' AND {chat} NOT IN ({held}))",
            f"({status} = 'unconfirmed' AND {finds} < 2)",
            "json_extract(doc, '$.media.state') = 'pending'",
        ]
        return int(self.rows(f"SELECT count(*) FROM doc_message WHERE {' OR '.join(moving)}")[0][0])

    def rows(self, sql: str) -> list[Any]:
        connection = sqlite3.connect(f"file:{self.data}/w/main/replyai.db?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def verdict(self, settled: bool) -> dict[str, Any]:
        """Return what is wrong (all must be empty), and the counts."""
        messages = [json.loads(doc) for (doc,) in self.rows("SELECT doc FROM doc_message")]
        incoming = Counter(m["gateway_id"] for m in messages if m["direction"] == "in")
        outgoing = Counter(m["text"] for m in messages if m["direction"] == "out")
        ledger = Counter(entry["text"] for entry in self.waha.ledger)
        status = {m["text"]: m["status"] for m in messages if m["direction"] == "out"}
        return {
            "acked but lost": sorted(self.acked - set(incoming)),
            "stored twice": sorted(id for id, n in (incoming + outgoing).items() if n > 1),
            "asked but lost": sorted(self.asked - set(outgoing)),
            "sent twice": sorted(text for text, n in ledger.items() if n > 1),
            "never settled": []
            if settled
            else sorted(t for t, s in status.items() if s in ("queued", "sending")),
            "asked but never sent": sorted(self.asked - set(ledger)),
            "pictures not fetched": sorted(
                m["gateway_id"] for m in messages if m.get("media") and m["media"].get("state") != "ready"
            ),
            "sent but not known": sorted(
                t for t in ledger if status.get(t) not in ("sent", "delivered", "read")
            ),
            "said sent but was not": sorted(t for t, s in status.items() if s == "sent" and t not in ledger),
            "broken chain": self.broken_chain(),
            "counts": dict(Counter(status.values())),
            "kills": dict(self.kills),
        }

    def broken_chain(self) -> list[int]:
        previous = GENESIS
        for seq, body, digest in self.rows("SELECT seq, body, hash FROM journal ORDER BY seq"):
            if chain(previous, body.encode()) != digest:
                return [seq]
            previous = digest
        return []


def storm(seed: int, webhooks: int = 2000, sends: int = 200, kills: int = 30) -> dict[str, Any]:
    """Run one storm; return its verdict."""
    with tempfile.TemporaryDirectory(prefix="rk") as folder, FakeWaha() as waha:
        wind = Storm(Path(folder), waha, seed)
        wind.start()
        try:
            wind.until_up()
            wind.begin()
            wind.run(webhooks, sends, kills)
            wind.until_up()
            settled = wind.settle()
            decided = 0
            while settled and (unsure := wind.decide()):
                decided += unsure
                settled = wind.settle()
            return {**wind.verdict(settled), "decided by a person": decided}
        finally:
            wind.stop()


def wrong(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return what of a verdict must not be."""
    return {name: found for name, found in verdict.items() if name not in TOLD and found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    for name, default in (("webhooks", 2000), ("sends", 200), ("kills", 30)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    print("seed", asked.seed, flush=True)
    verdict = storm(asked.seed, asked.webhooks, asked.sends, asked.kills)
    print(json.dumps(verdict, indent=1))
    return 1 if wrong(verdict) else 0


if __name__ == "__main__":
    sys.exit(main())
