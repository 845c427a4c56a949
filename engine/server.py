"""The engine's Unix socket: everyone submits events here and hears what was committed."""

import base64
import contextlib
import logging
import os
import queue
import socket
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from engine import protocol
from engine.events import EventError
from engine.writer import StoreFull

OUTBOX = 10_000
Document = dict[str, Any]
log = logging.getLogger("replyai.engine")


class Connection:
    """One peer; frames leave through a bounded outbox, so that one who does not read hurts nobody."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.outbox: queue.Queue[bytes | None] = queue.Queue(OUTBOX)
        threading.Thread(target=self._write, name="connection-out", daemon=True).start()

    def send(self, message: Document) -> None:
        """Queue *message*; a peer whose outbox is full is cut off and comes back by sequence."""
        try:
            self.outbox.put_nowait(protocol.pack(message))
        except queue.Full:
            self.close()
        except protocol.FrameError as error:
            log.error("a frame was too large: %s", error)
            self._send_less(message)

    def _send_less(self, message: Document) -> None:
        """Tell of what is too large for a frame without its content."""
        if "seq" in message:
            less = {key: message[key] for key in ("workspace", "seq", "event")}
            self.send({**less, "changes": [], "resync": True})
        else:
            self.send(
                {"id": message.get("id"), "ok": False, "kind": "refused", "error": "the answer is too large"}
            )

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            while (frame := self.outbox.get()) is not None:
                self.socket.sendall(frame)
            self.socket.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Send what waits, then end."""
        with contextlib.suppress(queue.Full):
            self.outbox.put_nowait(None)

    def close(self) -> None:
        """Cut the connection."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.finish()


class Server:
    """Listens on the socket; `engine` carries the operations out (see `engine.process.Engine`)."""

    def __init__(self, path: Path, engine: Any) -> None:
        self.path = path
        self.engine = engine
        self.subscribers: set[Connection] = set()
        self._connections: set[Connection] = set()
        self._publishing = threading.Lock()
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        old = os.umask(0o177)
        try:
            self._socket.bind(str(path))
        finally:
            os.umask(old)
        self._socket.listen(256)

    def start(self) -> None:
        """Accept connections on a thread of its own."""
        threading.Thread(target=self._accept, name="server", daemon=True).start()

    def stop(self) -> None:
        """Accept no more."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def hang_up(self) -> None:
        """Cut all connections, once what they asked for is answered."""
        for connection in list(self._connections):
            connection.finish()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(Connection(sock),), name="connection-in", daemon=True
            ).start()

    def publish(self, frames: list[Document]) -> None:
        """Send frames to all subscribers, in order."""
        with self._publishing:
            for connection in list(self.subscribers):
                for frame in frames:
                    connection.send(frame)

    def _serve(self, connection: Connection) -> None:
        self._connections.add(connection)
        try:
            while (message := protocol.read(connection.socket)) is not None:
                self._take(connection, message)
        except (OSError, ValueError) as error:
            log.debug("a connection ended: %s", error)
        finally:
            self.subscribers.discard(connection)
            self._connections.discard(connection)
            connection.close()
            connection.socket.close()

    def _take(self, connection: Connection, message: Document) -> None:
        id, op = message.get("id"), message.get("op")
        if op == "subscribe":
            self._subscribe(connection, message.get("after") or {})
            return
        try:
            outcome = self.engine.operate(str(op), message)
        except Exception as error:
            connection.send({"id": id, **_refusal(error)})
            return
        if isinstance(outcome, Future):
            outcome.add_done_callback(_answering(connection, id))
        else:
            connection.send({"id": id, "ok": True, "result": outcome})

    def _subscribe(self, connection: Connection, after: dict[str, int]) -> None:
        """Send what was committed after *after*, then all that comes, without a gap between."""
        for frame in self.engine.frames_after(after):
            connection.send(frame)
            after[frame["workspace"]] = frame["seq"]
        with self._publishing:
            for frame in self.engine.frames_after(after):
                connection.send(frame)
            connection.send({"subscribed": True})
            self.subscribers.add(connection)


def _answering(connection: Connection, id: Any) -> Callable[["Future[Any]"], None]:
    def answer(future: "Future[Any]") -> None:
        error = future.exception()
        if error is not None:
            connection.send({"id": id, **_refusal(error)})
        else:
            connection.send({"id": id, "ok": True, "result": future.result()})

    return answer


def _refusal(error: BaseException) -> Document:
    if isinstance(error, StoreFull):
        return {"ok": False, "kind": "full", "error": str(error)}
    if isinstance(error, EventError | KeyError | ValueError | TypeError):
        return {"ok": False, "kind": "refused", "error": str(error)}
    log.error("an operation failed: %s: %s", type(error).__name__, error)
    kind = "away" if isinstance(error, sqlite3.Error | OSError) else "refused"
    return {"ok": False, "kind": kind, "error": f"{type(error).__name__}: {error}"}


def raw_of(message: Document) -> Document | None:
    """Return the raw webhook of a ``submit``, packed, with its bytes decoded, or None."""
    raw = message.get("raw")
    return {**raw, "packed": base64.b64decode(raw["packed"])} if raw else None
