"""The live feed: a websocket per browser page, one sender each, a bounded queue between."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

import gevent
import gevent.monkey
import orjson
import structlog
from flask import Flask, current_app, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed

from engine.client import EngineAway, EngineError

from . import metrics
from .errors import Forbidden, NotFound, TooMany
from .frames import Frame
from .parts import Parts, parts
from .permissions import may, requires
from .security import same_origin
from .sessions import Session, current, load_key
from .visibility import sees

QUEUE = 500  # frames
SEND_SECONDS = 10
PING_SECONDS = 25
LARGEST = 64 * 1024  # bytes of a browser's frame
MOST_SOCKETS = 20  # of one agent
CHECK_SECONDS = 30
HELLO_SECONDS = 15
SIGNALS = ("viewing", "typing")
GONE, SLOW = 1008, 1013

log = structlog.get_logger("web.feed")
sock = Sock()
Json = dict[str, Any]


class Wire:
    """The socket below a websocket, with one writer at a time, whole frames and a time limit.

    simple-websocket writes from several threads without a lock and takes a part for the whole.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def send(self, data: bytes) -> int:
        """Send all of *data*; OSError where the other side does not read for ten seconds."""
        with self._lock, _limit(SEND_SECONDS):
            self._raw.sendall(data)
        return len(data)


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    if not gevent.monkey.is_module_patched("socket"):
        yield
        return
    try:
        with gevent.Timeout(seconds):
            yield
    except gevent.Timeout as error:
        raise OSError("the browser does not read") from error


class Socket:
    """One browser page that listens."""

    def __init__(self, ws: Any, held: Parts, session: Session) -> None:
        self.ws, self.held, self.workspace = ws, held, session.workspace
        self.agent, self.key, self.kind = session.agent["id"], session.key, session.via
        self._queue: queue.Queue[Any] = queue.Queue(QUEUE)
        self.signed_out = False
        self._ended: int | None = None
        self._checked = monotonic()

    def put(self, frame: Frame | Json) -> None:
        """Queue a frame; one who is too slow is closed and comes back with its last sequence."""
        try:
            self._queue.put_nowait(frame)
        except queue.Full:
            metrics.dropped.inc()
            self.end(SLOW)

    def end(self, code: int) -> None:
        """Have the sender close the socket."""
        self._ended = self._ended or code
        with suppress(queue.Full):  # then the sender looks at `_ended` before its next frame
            self._queue.put_nowait(None)

    def send_all(self, missed: list[Frame] | None) -> None:
        """Send what was missed, then what comes, until the end; the only sender of this socket."""
        try:
            if missed is None:
                self._send({"resync": True})
            for frame in missed or []:
                self._send(frame)
            while self._ended is None:
                self._next()
            self.ws.close(self._ended, self._why())
        except (ConnectionClosed, OSError):
            self._cut()
        except Exception:
            log.exception("the feed of a browser ended")
            self._cut()

    def _why(self) -> str:
        if self._ended != GONE:
            return "too slow"
        agent = self.held.hub.agent(self.workspace, self.agent) if self.agent != "system" else _SYSTEM
        return "switched off" if agent is not None and not agent.get("active") else "sign in again"

    def _next(self) -> None:
        try:
            frame = self._queue.get(timeout=CHECK_SECONDS)
        except queue.Empty:
            frame = None
        if monotonic() - self._checked > CHECK_SECONDS:
            self._checked = monotonic()
            self._check()
        if frame is not None and self._ended is None:
            self._send(frame)

    def _check(self) -> None:
        """Close where the session is over by now."""
        with self.app.app_context():
            if load_key(self.workspace, "session" if self.kind == "cookie" else "token", self.key) is None:
                self._ended = GONE

    app: Flask

    def _send(self, frame: Frame | Json) -> None:
        agent = self.held.hub.agent(self.workspace, self.agent) if self.agent != "system" else _SYSTEM
        if agent is None or not agent.get("active"):
            self._ended = GONE
            return
        text = frame.text(agent) if isinstance(frame, Frame) else _shown(agent, frame)
        if text is not None:
            self.ws.send(text)

    def _cut(self) -> None:
        self.ws.connected = False
        with suppress(OSError):
            self.ws.sock.shutdown(2)
        self.ws.event.set()


_SYSTEM = {"id": "system", "role": "admin", "teams": [], "active": True}


def _shown(agent: Json, frame: Json) -> str | None:
    """Return the JSON of a signal or a resync for *agent*, or None where it is not for them."""
    if "signal" not in frame:
        return orjson.dumps(frame).decode()
    scope, data = frame["scope"], frame["signal"].get("data") or {}
    if data.get("conversation"):
        allowed = scope is not None and sees(agent, scope)
    else:
        allowed = may("account.write", agent)
    own = (data.get("agent") or {}).get("id") == agent["id"] if isinstance(data.get("agent"), dict) else False
    return orjson.dumps({"signal": frame["signal"]}).decode() if allowed and not own else None


def before_accept() -> None:
    """Before the handshake: exact origin, a session, not too many sockets; flask-sock takes anyone."""
    if request.endpoint != "feed":
        return
    session = current()
    origin = request.headers.get("Origin")
    if session.via == "cookie" and (origin is None or not same_origin(origin)):
        raise Forbidden("The feed is for pages of this site.", code="origin")
    parts().hub.start()
    if session.workspace not in parts().hub.streams:
        raise NotFound("There is no such workspace.")
    if parts().hub.count(session.workspace, session.agent["id"]) >= MOST_SOCKETS:
        raise TooMany("Too many pages are open.", 60)
    for name in ("gunicorn.socket", "werkzeug.socket"):
        if name in request.environ:
            request.environ[name] = Wire(request.environ[name])


def feed(ws: Any) -> None:
    """One browser page, from its first frame (``{"after": seq}``) to its end."""
    session, held = current(), parts()
    listener = Socket(ws, held, session)
    listener.app = current_app._get_current_object()  # type: ignore[attr-defined]
    hello = _message(ws.receive(timeout=HELLO_SECONDS))
    after = hello.get("after")
    if not isinstance(after, int) or isinstance(after, bool):
        ws.close(GONE, 'send {"after": seq} first')
        return
    metrics.sockets.inc()
    counts = listener.kind == "cookie"  # a program that listens is nobody's presence
    missed = held.hub.join(session.workspace, listener, after)
    sender = threading.Thread(target=listener.send_all, args=(missed,), name="feed-sender", daemon=True)
    sender.start()
    if counts:
        held.hub.presence.joined(listener)
    try:
        while ws.connected:
            _take(ws.receive(), listener)
    finally:
        held.hub.leave(session.workspace, listener)
        if counts:
            held.hub.presence.left(listener, for_good=listener.signed_out)
        listener.end(1000)
        metrics.sockets.dec()


feed = requires()(feed)


def _message(text: Any) -> Json:
    try:
        found = orjson.loads(text or b"null")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _take(text: Any, listener: Socket) -> None:
    """Take one frame of the browser: a ping, whether it is idle, or a signal about a conversation."""
    message = _message(text)
    if "ping" in message:
        listener.put({"pong": message["ping"] if isinstance(message["ping"], int) else 1})
    if isinstance(message.get("idle"), bool):
        listener.held.hub.presence.idle(listener, message["idle"])
    signal = message.get("signal")
    if not isinstance(signal, dict) or signal.get("type") not in SIGNALS:
        return
    data = signal.get("data")
    conversation = data.get("conversation") if isinstance(data, dict) else None
    held, hub = listener.held, listener.held.hub
    agent = hub.agent(listener.workspace, listener.agent)
    if agent is None or not isinstance(conversation, str) or len(conversation) > 64:
        return
    scope = hub.scope(listener.workspace, hub.streams[listener.workspace], conversation)
    if scope is None or not sees(agent, scope):
        return
    told = {"conversation": conversation, "agent": {"id": agent["id"], "name": agent["name"]}}
    if isinstance(data, dict) and isinstance(data.get("on"), bool):
        told["on"] = data["on"]
    with suppress(EngineAway, EngineError):
        held.client.signal(listener.workspace, signal["type"], told)


def register(app: Flask) -> None:
    """Open ``/feed`` on *app*."""
    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": PING_SECONDS, "max_message_size": LARGEST}
    sock.init_app(app)
    app.before_request(before_accept)
    sock.route("/feed", endpoint="feed")(feed)


__all__ = ["Socket", "Wire", "feed", "register"]
