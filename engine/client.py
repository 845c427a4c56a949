"""The engine's socket from the other side: submit events, hear what was committed."""

import base64
import contextlib
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any

from engine import protocol
from engine.raw import packed

ANSWER_SECONDS = 20.0
RETRY_SECONDS = 0.25
Document = dict[str, Any]
log = logging.getLogger("replyai.client")


class EngineAway(ConnectionError):
    """The engine cannot be reached or did not answer in time; what was asked may be asked again."""


class EngineError(ValueError):
    """The engine refuses what was asked; the text says why."""


class EngineFull(EngineAway):
    """The engine has no room on its disk; nothing was kept."""


class Client:
    """One connection with many requests in flight; thread-safe, and gevent-safe when patched.

    It connects with its first request, and again after the engine was away.
    """

    def __init__(self, path: Path | str, *, timeout: float = ANSWER_SECONDS) -> None:
        self.path = str(path)
        self.timeout = timeout
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._write = threading.Lock()
        self._ids = itertools.count(1)
        self._answers: dict[int, Future[Document]] = {}
        self._subscribers: list[Subscription] = []

    def _connected(self) -> socket.socket:
        with self._lock:
            if self._socket is None:
                sock = socket.socket(socket.AF_UNIX)
                try:
                    sock.connect(self.path)
                except OSError as error:
                    sock.close()
                    raise EngineAway(f"the engine is not running ({error.strerror or error})") from error
                self._socket = sock
                threading.Thread(target=self._read, args=(sock,), name="engine-client", daemon=True).start()
            return self._socket

    def _read(self, sock: socket.socket) -> None:
        try:
            while (message := protocol.read(sock)) is not None:
                future = self._answers.pop(message.get("id", 0), None)
                if future is not None:
                    future.set_result(message)
        except (OSError, ValueError) as error:
            log.debug("the engine's connection ended: %s", error)
        self._lost(sock)

    def _lost(self, sock: socket.socket) -> None:
        with self._lock:
            if self._socket is sock:
                self._socket = None
            waiting, self._answers = self._answers, {}
        sock.close()
        for future in waiting.values():
            future.set_exception(EngineAway("the engine went away before it answered"))

    def request(self, op: str, **fields: Any) -> Any:
        """Send one operation and return its answer's ``result``; EngineAway, EngineError."""
        sock = self._connected()
        id = next(self._ids)
        future: Future[Document] = Future()
        self._answers[id] = future
        try:
            with self._write:
                sock.sendall(protocol.pack({"id": id, "op": op, **fields}))
        except protocol.FrameError as error:
            self._answers.pop(id, None)
            raise EngineError(str(error)) from error
        except OSError as error:
            self._answers.pop(id, None)
            self._lost(sock)
            raise EngineAway(f"the engine went away ({error})") from error
        return self._answer(id, future)

    def _answer(self, id: int, future: "Future[Document]") -> Any:
        try:
            answer = future.result(self.timeout)
        except FutureTimeout as error:
            self._answers.pop(id, None)
            raise EngineAway("the engine did not answer in time") from error
        if answer.get("ok"):
            return answer.get("result")
        kind = {"away": EngineAway, "full": EngineFull}.get(answer.get("kind", ""), EngineError)
        raise kind(answer.get("error") or "the engine refused")

    def ping(self) -> Document:
        """Return ``{version, pid, workspaces: {name: seq}, redis, …}``."""
        result: Document = self.request("ping")
        return result

    def submit(self, workspace: str, events: list[Document], raw: Document | None = None) -> list[Document]:
        """Commit *events*, all or nothing; return a result each (see `engine.pipeline.answer`).

        raw: ``{gateway, account, body: bytes, reason}`` of the webhook that they are from; it is packed here,
        so that the engine has less to do.
        """
        results: list[Document] = self.request(
            "submit", workspace=workspace, events=events, raw=raw and _sent(raw)
        )
        return results

    def signal(self, workspace: str, type: str, data: Document) -> None:
        """Tell all subscribers what matters only now."""
        self.request("signal", workspace=workspace, type=type, data=data)

    def secret_put(self, workspace: str, account: str, secrets: dict[str, str]) -> None:
        """Put an account's secrets on disk."""
        self.request("secret.put", workspace=workspace, account=account, secrets=secrets)

    def secret_remove(self, workspace: str, account: str) -> None:
        """Forget an account's secrets."""
        self.request("secret.remove", workspace=workspace, account=account)

    def credential_put(
        self,
        workspace: str,
        kind: str,
        key: str,
        agent: str | None,
        data: Document,
        expires_at: str | None = None,
    ) -> None:
        """Keep a hash of a password, session, token or link."""
        fields = {"kind": kind, "key": key, "agent": agent, "data": data, "expires_at": expires_at}
        self.request("credential.put", workspace=workspace, **fields)

    def credential_delete(
        self, workspace: str, kind: str, key: str | None = None, agent: str | None = None
    ) -> int:
        """Delete one credential, or all of a kind of an agent; return how many."""
        return int(self.request("credential.delete", workspace=workspace, kind=kind, key=key, agent=agent))

    def credential_take(self, workspace: str, kind: str, key: str) -> Document | None:
        """Return a one-time credential and delete it in one step; None where it is not good."""
        found: Document | None = self.request("credential.take", workspace=workspace, kind=kind, key=key)
        return found

    def credential_touch(
        self, workspace: str, kind: str, key: str, data: Document, expires_at: str | None
    ) -> bool:
        """Replace a credential's data and end, if it is still there; return whether it is."""
        fields = {"kind": kind, "key": key, "data": data, "expires_at": expires_at}
        return bool(self.request("credential.touch", workspace=workspace, **fields))

    def subscribe(self, after: dict[str, int] | None, on_frame: Callable[[Document], None]) -> "Subscription":
        """Have *on_frame* called, on a thread of its own, with all that is committed after *after*.

        It goes on from the last sequence it saw when the engine comes back.
        """
        subscription = Subscription(self.path, dict(after or {}), on_frame)
        self._subscribers.append(subscription)
        subscription.start()
        return subscription

    def close(self) -> None:
        """End the connection and the subscriptions."""
        for subscription in self._subscribers:
            subscription.stop()
        with self._lock:
            sock, self._socket = self._socket, None
        if sock is not None:
            _end(sock)


def _end(sock: socket.socket) -> None:
    """Close a socket and wake who reads it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


class Subscription(threading.Thread):
    """A connection of its own on which committed changes and signals come in."""

    def __init__(self, path: str, after: dict[str, int], on_frame: Callable[[Document], None]) -> None:
        super().__init__(name="engine-subscription", daemon=True)
        self.path = path
        self.after = after
        self.on_frame = on_frame
        self.connected = threading.Event()
        self._stopped = False
        self._socket: socket.socket | None = None

    def stop(self) -> None:
        """End."""
        self._stopped = True
        if self._socket is not None:
            _end(self._socket)

    def run(self) -> None:
        """Read frames; connect again where the engine went away."""
        while not self._stopped:
            try:
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(self.path)
                    self._socket = sock
                    sock.sendall(protocol.pack({"id": 0, "op": "subscribe", "after": self.after}))
                    self._frames(sock)
            except (OSError, ValueError) as error:
                log.debug("the engine's feed ended: %s", error)
            self.connected.clear()
            if not self._stopped:
                time.sleep(RETRY_SECONDS)

    def _frames(self, sock: socket.socket) -> None:
        while (frame := protocol.read(sock)) is not None:
            if frame.get("subscribed"):
                self.connected.set()
                continue
            self.on_frame(frame)
            if "seq" in frame:
                self.after[frame["workspace"]] = frame["seq"]


def _sent(raw: Document) -> Document:
    """Return a webhook as it goes over the socket: packed, without the body itself."""
    ready = {key: value for key, value in packed(raw).items() if key != "body"}
    return {**ready, "packed": base64.b64encode(ready["packed"]).decode()}
