"""One per process: hears all commits from the engine, keeps the last ones, hands them to the sockets."""

import threading
from collections import OrderedDict, deque
from time import sleep
from typing import Any, Protocol

import structlog

from engine import where
from engine.client import EngineAway, EngineError

from .engine_link import View
from .frames import OF_CONVERSATION, OPEN, Frame, Item, Scope, scope_of
from .parts import Feed, Parts
from .presence import Presence
from .seeing import OF_CONTACTS

RING = 2000
SCOPES = 50_000
RETRY_SECONDS = 0.25
REMEMBERED = ("session", "token", "hidden", "accounts")  # of documents, by `Known`
BEHIND = 500  # commits from before this process that a browser can still catch up with
log = structlog.get_logger("web.feed")
Json = dict[str, Any]


class Listener(Protocol):
    """A socket, as the hub sees it."""

    agent: str
    key: str
    signed_out: bool

    def put(self, frame: "Frame | Json") -> None:
        """Take a commit or a signal; never waits."""

    def end(self, code: int) -> None:
        """Close with a code."""


class Stream:
    """A workspace's last commits, and who listens."""

    def __init__(self, seq: int, begins: int) -> None:
        self.seq = seq
        self.heard = begins  # the last sequence that came in: the next commit's is one more
        self.begins = begins  # all commits after this sequence are, or come, in the ring
        self.ring: deque[Frame] = deque(maxlen=RING)
        self.listeners: set[Any] = set()
        self.scopes: OrderedDict[str, Scope] = OrderedDict()
        self.of_contacts: dict[str, list[Scope]] = {}  # of the commit that is being taken
        self.agents: dict[str, Json | None] = {}
        self.lock = threading.RLock()


class Hub:
    """Commits come in by `on_frame`, on one thread, in order."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.presence = Presence(parts)
        self.streams: dict[str, Stream] = {}
        self._starting = threading.Lock()
        self.subscription: Any = None

    def start(self) -> None:
        """Subscribe, once; EngineAway where the engine does not answer."""
        if self.subscription is not None:
            return
        with self._starting:
            if self.subscription is not None:
                return
            found = self.parts.client.ping()["workspaces"]
            after = {name: max(0, seq - BEHIND) for name, seq in found.items()}
            self.streams = {name: Stream(seq, after[name]) for name, seq in found.items()}
            self.subscription = self.parts.client.subscribe(after, self.on_frame)
            self.presence.begin(list(found))

    def begin(self) -> None:
        """Start on a thread of its own, as soon as the engine is there."""
        threading.Thread(target=self._begin, name="feed-start", daemon=True).start()

    def _begin(self) -> None:
        while self.subscription is None:
            try:
                self.start()
            except (EngineAway, EngineError):
                sleep(RETRY_SECONDS)

    def on_frame(self, frame: Json) -> None:
        """Take one frame of the engine's feed."""
        workspace = frame["workspace"]
        stream = self.streams.get(workspace)
        if stream is None:
            seq = frame.get("seq", 1) - 1
            stream = self.streams.setdefault(workspace, Stream(seq, seq))
        try:
            if "signal" in frame:
                self._signal(workspace, stream, frame["signal"])
                return
            if frame.get("resync") or frame["seq"] != stream.heard + 1:
                self._start_over(workspace, stream, frame)
            stream.heard = frame.get("seq", stream.heard)
            if not frame.get("resync"):
                self._commit(workspace, stream, frame)
        except Exception:
            log.exception("a frame of the feed was lost", workspace=workspace)
            with stream.lock:
                stream.begins = max(stream.begins, frame.get("seq", stream.seq))
                for listener in list(stream.listeners):
                    listener.end(1013)

    def _start_over(self, workspace: str, stream: Stream, frame: Json) -> None:
        """Commits are missing: forget what is known and have all pages load anew what they show."""
        last = frame.get("seq", stream.seq)
        for kind in REMEMBERED:
            self.parts.known.drop(workspace, kind)
        with stream.lock:
            stream.ring.clear()
            stream.scopes.clear()
            stream.agents.clear()
            stream.seq = stream.begins = last if frame.get("resync") else last - 1
            for listener in list(stream.listeners):
                listener.put({"resync": True})
        self.presence.look()

    def _commit(self, workspace: str, stream: Stream, frame: Json) -> None:
        for change in frame["changes"]:
            self._forget(workspace, stream, change)
        changes = sorted(frame["changes"], key=lambda change: change["collection"] != "conversation")
        contacts = [id for change in changes for id in self._contacts(change)]
        stream.of_contacts = self._scopes_of_contacts(workspace, contacts) if contacts else {}
        items = [item for change in changes if (item := self._item(workspace, stream, change))]
        hidden = self.parts.reads.hidden(workspace)
        made = Frame(frame["seq"], items, hidden)
        with stream.lock:
            if stream.ring and len(stream.ring) == RING:
                stream.begins = stream.ring[0].seq
            stream.ring.append(made)
            stream.seq = made.seq
            for listener in list(stream.listeners):
                listener.put(made)

    def _forget(self, workspace: str, stream: Stream, change: Json) -> None:
        """Drop what is remembered of a document that has changed."""
        known = self.parts.known
        if change["collection"] == "plugin":
            known.drop(workspace, "hidden")
        elif change["collection"] == "workspace":
            known.drop(workspace, "presence_grace")
        elif change["collection"] == "account":
            known.drop(workspace, "accounts")
        elif change["collection"] == "agent":
            known.drop(workspace, "session")
            known.drop(workspace, "token")
            self._agent_changed(stream, change)

    def _agent_changed(self, stream: Stream, change: Json) -> None:
        id, fields, doc = change["id"], change.get("fields"), change.get("doc")
        before = stream.agents.pop(id, None)
        for listener in [each for each in stream.listeners if each.agent == id]:
            if doc is None or not doc.get("active"):
                listener.end(1008)
            elif before and {"teams", "role"} & set(fields or {}):
                listener.put({"resync": True})
        if "presence" in (fields or {}):
            self.presence.look()

    def _item(self, workspace: str, stream: Stream, change: Json) -> Item | None:
        collection, id = change["collection"], change["id"]
        item = Item(collection, id, change.get("fields"), change.get("doc"))
        if collection == "conversation":
            item.scoped = True
            item.before = stream.scopes.get(id)
            item.after = scope_of(item.doc)
            self._remember(stream, id, item.after)
            return item
        feed = self.parts.feeds.get(collection)
        if feed is None and collection not in (*OF_CONVERSATION, "contact", *OPEN):
            return None
        if feed is not None and feed.plugin in self.parts.reads.hidden(workspace):
            return None
        self._scope(workspace, stream, change, item, feed)
        if feed is not None:
            item.permission = feed.permission
            if feed.fields is not None:
                item.fields = {k: v for k, v in (item.fields or {}).items() if k in feed.fields}
        return item

    def _scope(self, workspace: str, stream: Stream, change: Json, item: Item, feed: Feed | None) -> None:
        """Note on *item* which conversations decide who sees it, where any do."""
        about = (item.doc or {}).get("conversation")
        if item.collection in OF_CONVERSATION or (feed and about):
            item.scoped = True
            item.after = item.before = self.scope(workspace, stream, about) if about else None
        elif contacts := self._contacts(change):
            item.scoped = True
            item.contacts = [stream.of_contacts.get(id, []) for id in contacts]

    def _contacts(self, change: Json) -> list[str]:
        """Return the contacts that a changed document is of, where no conversation is named in it."""
        if change["collection"] == "contact":
            return [change["id"]]
        doc = change.get("doc") or {}
        if change["collection"] not in self.parts.feeds or doc.get("conversation") or not doc.get("contact"):
            return []
        return [doc[key] for key in OF_CONTACTS if isinstance(doc.get(key), str)]

    def scope(self, workspace: str, stream: Stream, conversation: str) -> Scope:
        """Return what decides who sees a conversation."""
        if conversation not in stream.scopes:
            found = self._read(workspace, lambda v: v.db.table("conversation").get(doc_id=conversation))
            self._remember(stream, conversation, scope_of(found))
        return stream.scopes.get(conversation)

    def _scopes_of_contacts(self, workspace: str, contacts: list[str]) -> dict[str, list[Scope]]:
        """Return contact → what decides who sees each of their conversations."""

        def find(view: View) -> dict[str, list[Scope]]:
            found: dict[str, list[Scope]] = {}
            for each in view.db.table("conversation").search(where("contact").one_of(contacts)):
                found.setdefault(each["contact"], []).append(scope_of(each))
            return found

        scopes: dict[str, list[Scope]] = self.parts.reads.run(workspace, None, find, hidden=frozenset())
        return scopes

    def _remember(self, stream: Stream, conversation: str, scope: Scope) -> None:
        with stream.lock:
            stream.scopes[conversation] = scope
            stream.scopes.move_to_end(conversation)
            if len(stream.scopes) > SCOPES:
                stream.scopes.popitem(last=False)

    def _read(self, workspace: str, find: Any) -> Any:
        def plainly(view: View) -> Any:
            found = find(view)
            return dict(found) if found is not None else None

        return self.parts.reads.run(workspace, None, plainly, hidden=frozenset())

    def _signal(self, workspace: str, stream: Stream, signal: Json) -> None:
        about = (signal.get("data") or {}).get("conversation")
        scope = self.scope(workspace, stream, about) if about else None
        for listener in list(stream.listeners):
            listener.put({"signal": signal, "scope": scope})

    def agent(self, workspace: str, id: str) -> Json | None:
        """Return an agent's document as it is now, or None."""
        stream = self.streams[workspace]
        if id not in stream.agents:
            found = self._read(workspace, lambda v: v.db.table("agent").get(doc_id=id))
            stream.agents[id] = {**found, "id": id} if found else None
        return stream.agents[id]

    def join(self, workspace: str, listener: Any, after: int) -> list[Frame] | None:
        """Have *listener* get all that comes, and return what it missed; None where that is too much."""
        stream = self.streams[workspace]
        with stream.lock:
            stream.listeners.add(listener)
            if after > stream.seq or after < stream.begins:
                return None if after != stream.seq else []
            return [frame for frame in stream.ring if frame.seq > after]

    def leave(self, workspace: str, listener: Any) -> None:
        """Take a listener away."""
        self.streams[workspace].listeners.discard(listener)

    def count(self, workspace: str, agent: str) -> int:
        """Return how many sockets an agent has open."""
        stream = self.streams.get(workspace)
        return sum(each.agent == agent for each in list(stream.listeners)) if stream else 0

    def close_sockets(self, workspace: str, key: str | None = None, agent: str | None = None) -> None:
        """Close the sockets of a session (*key*) or of an agent."""
        stream = self.streams.get(workspace)
        for listener in list(stream.listeners) if stream else []:
            if (key and listener.key == key) or (agent and listener.agent == agent):
                listener.signed_out = True
                listener.end(1008)
