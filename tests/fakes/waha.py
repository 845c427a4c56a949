"""A WAHA to test against: a real HTTP server that records what it is sent and plays WhatsApp's part.

By hand, or for a test that kills everything else::

    python -m tests.fakes.waha --port 3000 --ledger /tmp/ledger.jsonl --key secret

``POST /fake/mode {"kind": "accept_then_drop", "times": 1}`` has it misbehave, ``GET /fake/ledger``
tells what it took; both with the ``X-Api-Key``.

It answers the calls of `plugins.waha`, keeps an append-only ledger of what it *accepted*, and can be
told to misbehave (`FakeWaha.mode`) and to post webhooks as WAHA does (`FakeWaha.emit`).
"""

import argparse
import hashlib
import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.waha_webhooks import Webhooks, as_message, sign

__all__ = ["FakeWaha", "sign"]

SENDS = {
    "sendText": "text",
    "sendImage": "image",
    "sendFile": "document",
    "sendVoice": "voice",
    "sendVideo": "video",
}


SHOWS = {"sendSeen": "seen", "startTyping": "typing", "stopTyping": "paused"}


class Mode:
    """How a call to send is answered; ``times`` says for how many calls, None for all."""

    def __init__(
        self, kind: str = "ok", *, seconds: float = 0.0, status: int = 500, times: int | None = None
    ) -> None:
        self.kind = kind
        self.seconds = seconds
        self.status = status
        self.times = times
        self.headers: dict[str, str] = {}
        self.body: Any = {"error": "told to fail"}


class FakeWaha(Webhooks):
    """One WAHA server on a free port of this machine.

    engine: ``WEBJS``, ``NOWEB`` or ``GOWS``: the shape of the answer to a send.
    ledger: what was accepted, in order: ``{"n", "at", "id", "session", "chat", "kind", "text", "media"}``.
    shown: what chats were shown, in order: ``{"at", "chat", "state": seen | typing | paused}``; all times
    are of this server's own clock, and those of the ledger also in ``clock`` (seconds, never set back).
    calls: every request, accepted or not: ``{"method", "path", "key", "body"}``.
    webhook: where each accepted send's echo and ticks are posted to; None for nowhere.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        api_key: str = "waha-key",
        secret: str = "waha-hmac-key",
        ledger: Path | None = None,
        engine: str = "NOWEB",
    ) -> None:
        self.api_key = api_key
        self.secret = secret
        self.engine = engine
        self.mode = Mode()
        self.ledger_file = ledger
        self.ledger: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.shown: list[dict[str, Any]] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        self.messages: list[dict[str, Any]] = []
        self.contacts: list[dict[str, Any]] = []
        self.lids: dict[str, str] = {}
        self.webhook: str | None = None
        self._lock = threading.Lock()
        self._accepted = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._numbers = itertools.count(1)
        if ledger and ledger.exists():
            self.ledger = [json.loads(line) for line in ledger.read_text().splitlines()]
            self._numbers = itertools.count(len(self.ledger) + 1)
            self.messages = [as_message(entry) for entry in self.ledger]
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> "FakeWaha":
        """Serve in a thread, until `stop`."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Close the port: from now on connections are refused."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "FakeWaha":
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    @contextmanager
    def misbehaving(self, kind: str, **details: Any) -> Iterator[None]:
        """Answer sends in another way for a while.

        kind: ``ok``; ``slow`` (after *seconds*); ``hang`` (nothing is accepted, no answer);
        ``accept_then_hang``; ``accept_then_drop`` (recorded, then the connection is reset);
        ``drop`` (reset, not recorded); ``drip`` (a byte a second); ``error`` (*status*, *headers*).
        """
        self.set_mode(kind, **details)
        try:
            yield
        finally:
            self.mode = Mode()

    def set_mode(
        self, kind: str, *, headers: dict[str, str] | None = None, body: Any = None, **details: Any
    ) -> None:
        """Answer sends in another way from now on; see `misbehaving`."""
        mode = Mode(kind, **details)
        mode.headers = headers or {}
        mode.body = mode.body if body is None else body
        self.mode = mode

    def wait_for(self, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """Return the ledger as soon as it has *count* entries; AssertionError after *seconds*."""
        with self._accepted:
            if not self._accepted.wait_for(lambda: len(self.ledger) >= count, seconds):
                raise AssertionError(f"{len(self.ledger)} of {count} sends came in {seconds:g} s")
            return list(self.ledger)

    def wait_for_calls(self, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """Return the requests as soon as there are *count*; AssertionError after *seconds*."""
        with self._accepted:
            if not self._accepted.wait_for(lambda: len(self.calls) >= count, seconds):
                raise AssertionError(f"{len(self.calls)} of {count} requests came in {seconds:g} s")
            return list(self.calls)

    def accept(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """Record one send, on disk first, and put it into the chat's history."""
        with self._accepted:
            number = next(self._numbers)
            file = body.get("file") or {}
            entry = {
                "n": number,
                "at": time.time(),
                "clock": time.monotonic(),
                "id": f"3EB0{number:016X}",
                "session": body.get("session"),
                "chat": body.get("chatId"),
                "kind": kind,
                "text": body.get("text") if kind == "text" else body.get("caption"),
                "reply_to": body.get("reply_to"),
                "media": {"mime": file.get("mimetype"), "filename": file.get("filename")} if file else None,
                "sha256": hashlib.sha256(str(file.get("data")).encode()).hexdigest() if file else None,
            }
            if self.ledger_file:
                with self.ledger_file.open("a") as out:
                    out.write(json.dumps(entry) + "\n")
            self.ledger.append(entry)
            self.messages.append(as_message(entry))
            self._accepted.notify_all()
        if self.webhook:
            threading.Thread(target=self.tell, args=(entry, self.webhook), daemon=True).start()
        return entry

    def tell(self, entry: dict[str, Any], url: str) -> None:
        """Post what WAHA posts of an accepted send: its echo, then the ticks up to *read*."""
        acks = [
            self.ack(entry["chat"], entry["id"], level, entry["session"] or "default") for level in (1, 2, 3)
        ]
        for body in (self.echo(entry), *acks):
            for _ in range(15):  # as WAHA's own retries
                with suppress(OSError):
                    if self.post(url, body) < 500:
                        break
                if self._stopping.wait(1):
                    return

    def history(self, chat: str, limit: int) -> list[dict[str, Any]]:
        """Return a chat's newest messages, newest first."""
        with self._lock:
            return [one for one in reversed(self.messages) if one["from"] == chat][:limit]

    def knows(self, chat: str, name: str | None, pushname: str | None = None, **more: Any) -> None:
        """Put a person into the phone's contacts, or change them there; name: the address book's, or None."""
        number = chat.partition("@")[0]
        person = {"id": chat, "number": number, "name": name, "pushname": pushname, "shortName": None}
        person |= {"isMe": False, "isGroup": False, "isWAContact": True, "isMyContact": name is not None}
        self.forgets(chat)
        self.contacts.append({**person, "isBlocked": False, **more})

    def forgets(self, chat: str) -> None:
        """Take a person out of the phone's contacts."""
        self.contacts = [one for one in self.contacts if one["id"] != chat]

    def add_file(self, name: str, mime: str, body: bytes) -> str:
        """Offer a file; return its URL as WAHA writes it, by its own idea of where it is."""
        self.files[name] = (mime, body)
        return f"http://localhost:3000/api/files/{name}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that went away."""


def _handler(waha: FakeWaha) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        fake = waha

    return Handler


class _Handler(BaseHTTPRequestHandler):
    fake: FakeWaha
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Keep still."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw or b"{}")
        if not self._may_enter(body):
            return
        kind = SENDS.get(self.path.removeprefix("/api/"))
        if self.path == "/fake/mode":
            self.fake.set_mode(**body)
            return self._answer(200, {"mode": body})
        if shown := SHOWS.get(self.path.removeprefix("/api/")):
            self.fake.shown.append({"at": time.time(), "chat": body.get("chatId"), "state": shown})
            return self._answer(200, {"success": True})
        if kind is None:
            return self._answer(404, {"error": "Not Found"})
        self._send(kind, body)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if not self._may_enter(None):
            return
        path = unquote(parts.path)
        if path == "/fake/ledger":
            return self._answer(200, self.fake.ledger)
        if path.startswith("/api/files/"):
            return self._file(path.removeprefix("/api/files/"))
        if path == "/api/contacts/all":
            return self._some(self.fake.contacts, "id", parse_qs(parts.query))
        if path.endswith("/lids"):
            pairs = [{"lid": lid, "pn": chat} for lid, chat in self.fake.lids.items()]
            return self._some(pairs, "lid", parse_qs(parts.query))
        folders = path.strip("/").split("/")
        if len(folders) == 5 and folders[2] == "chats" and folders[4] == "messages":
            limit = int(parse_qs(parts.query).get("limit", ["10"])[0])
            return self._answer(200, self.fake.history(folders[3], limit))
        if len(folders) == 6 and folders[2] == "chats" and folders[4] == "messages":
            return self._one(folders[5])
        self._answer(404, {"error": "Not Found"})

    def _some(self, every: list[dict[str, Any]], key: str, asked: dict[str, list[str]]) -> None:
        """Answer with a part of a list, in the order of its ids."""
        start, limit = int(asked.get("offset", ["0"])[0]), int(asked.get("limit", ["100"])[0])
        self._answer(200, sorted(every, key=lambda one: str(one[key]))[start : start + limit])

    def _may_enter(self, body: Any) -> bool:
        key = self.headers.get("X-Api-Key")
        with self.fake._accepted:
            self.fake.calls.append({"method": self.command, "path": self.path, "key": key, "body": body})
            self.fake._accepted.notify_all()
        if key == self.fake.api_key:
            return True
        self._answer(401, {"message": "Unauthorized", "statusCode": 401})
        return False

    def _file(self, name: str) -> None:
        found = self.fake.files.get(name)
        if found is None:
            return self._answer(404, {"error": "Not Found"})
        self._answer(200, found[1], {"Content-Type": found[0]})

    def _one(self, id: str) -> None:
        """Answer for one message: the file of that name is its media."""
        bare = id.split("_")[2] if id.count("_") >= 2 else id
        found = next(((name, mime) for name, (mime, _) in self.fake.files.items() if bare in name), None)
        if found is None:
            return self._answer(404, {"error": "Not Found"})
        media = {"url": f"http://localhost:3000/api/files/{found[0]}", "mimetype": found[1], "filename": None}
        self._answer(200, {"id": id, "hasMedia": True, "media": media})

    def _send(self, kind: str, body: dict[str, Any]) -> None:
        mode = self.fake.mode
        if mode.times is not None:
            mode.times -= 1
            if mode.times < 0:
                mode = self.fake.mode = Mode()
        if mode.kind == "slow":
            self.fake._stopping.wait(mode.seconds)
        elif mode.kind == "error":
            return self._answer(mode.status, mode.body, mode.headers)
        elif mode.kind == "hang":
            return self._hang()
        elif mode.kind == "drop":
            return self._reset()
        entry = self.fake.accept(kind, body)
        if mode.kind == "accept_then_drop":
            return self._reset()
        if mode.kind == "accept_then_hang":
            return self._hang()
        self._answer(201, self._sent(entry), drip=mode.kind == "drip")

    def _sent(self, entry: dict[str, Any]) -> dict[str, Any]:
        whole = f"true_{entry['chat']}_{entry['id']}"
        if self.fake.engine == "WEBJS":
            return {"id": {"fromMe": True, "remote": entry["chat"], "id": entry["id"], "_serialized": whole}}
        if self.fake.engine == "NOWEB":
            return {
                "key": {"remoteJid": entry["chat"], "fromMe": True, "id": entry["id"]},
                "status": "PENDING",
            }
        return {"id": whole, "timestamp": int(entry["at"]), "fromMe": True}

    def _hang(self) -> None:
        self.fake._stopping.wait(60)
        self.close_connection = True

    def _reset(self) -> None:
        """End the connection with a RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _answer(
        self, status: int, body: Any, headers: dict[str, str] | None = None, drip: bool = False
    ) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        for start in range(0, len(raw), 1) if drip else ():
            self.wfile.write(raw[start : start + 1])
            if self.fake._stopping.wait(1):
                break
        if not drip:
            self.wfile.write(raw)


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument(
        "--ledger", type=Path, help="JSON Lines file of what was accepted; kept and continued"
    )
    parser.add_argument("--key", default="waha-key", help="the X-Api-Key that is expected")
    parser.add_argument("--engine", default="NOWEB", choices=("WEBJS", "NOWEB", "GOWS"))
    parser.add_argument("--slow", type=float, default=0.0, help="seconds that each send takes")
    parser.add_argument("--webhook", help="ReplyAI's URL for echoes and ticks: …/webhooks/waha/ACCOUNT")
    parser.add_argument("--secret", default="waha-hmac-key", help="the webhook's HMAC key")
    given = parser.parse_args()
    fake = FakeWaha(
        port=given.port, api_key=given.key, secret=given.secret, ledger=given.ledger, engine=given.engine
    )
    fake.webhook = given.webhook
    if given.slow:
        fake.set_mode("slow", seconds=given.slow)
    print(f"WAHA (a fake one) on {fake.url}", flush=True)
    with suppress(KeyboardInterrupt):
        fake._server.serve_forever(0.1)


if __name__ == "__main__":
    main()
