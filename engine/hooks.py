"""Calling plugins' hooks so that one that fails hurts nobody but itself."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from types import GeneratorType
from typing import Any

import orjson
from marshmallow import ValidationError

from engine import times
from engine.actions import Action, ActionType, Refused, action, loads_apart
from engine.documents import where
from engine.documents.storage import masked
from engine.ids import Chance
from engine.plugins import Hook, Registry
from engine.store import Store
from engine.transaction import ABOUT, Transaction
from engine.watch import Watch
from engine.working import Documents, is_fatal

FAILURES = 5
WITHIN_SECONDS = 600
ACTIONS_LIMIT = 1000
YIELDS_LIMIT = 10 * ACTIONS_LIMIT  # what a hook gives, None included
BYTES_LIMIT = 1 << 20
ROUTE = "conversation_route"
HANDED_OVER = "conversation.handed_over"
ROUTED = ("conversation.opened", HANDED_OVER)

Heard = tuple[str, dict[str, Any]]
Asked = tuple[str, str, Action]


class Checked(dict[str, Any]):
    """An action that a hook asks for. loaded: its data as its schema loads it; None where nobody knows it."""

    __slots__ = ("loaded",)

    loaded: dict[str, Any] | None


class BadAction(ValueError):
    """A hook returned what is no action of a known type."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A hook of a plugin that is on. arguments: what give each of its own; place: where it is counted."""

    hook: Hook
    plugin: str
    place: int
    arguments: tuple[Callable[["Given"], Any], ...]


@dataclass(frozen=True, slots=True)
class Loader:
    """How an action's data is checked. name: for the watch; is_apart: see `loads_apart`."""

    kind: ActionType
    name: str
    load: Callable[[dict[str, Any]], dict[str, Any]]
    is_apart: bool


class HookRunner:
    """Calls the hooks of one workspace's enabled plugins; used by its one writer.

    absent: plugins that were not installed yet when a recording was made; they do nothing.
    """

    def __init__(self, store: Store, registry: Registry, watch: Watch) -> None:
        self.store = store
        self.registry = registry
        self.watch = watch
        self.places: dict[str, int] = {}
        self.spent: list[float] = []
        self.absent: frozenset[str] = frozenset()
        self._loaders: dict[str, Loader] = {}
        self.reload()

    def reload(self) -> None:
        """Read again which plugins are enabled, their settings, and what got stuck before."""
        documents = {d["id"]: d for d in self.store.documents.table("plugin").all()}
        enabled: dict[str, dict[str, Any]] = {}
        for plugin in self.registry.loaded():
            document: dict[str, Any] = documents.get(plugin.name, {})
            if plugin.name not in self.absent and document.get("enabled", plugin.default):
                enabled[plugin.name] = document.get("settings") or plugin.defaults()
        self._settings = {name: orjson.dumps(settings) for name, settings in enabled.items()}
        self.enabled = enabled  # in one go: other threads look at it
        self._listeners: dict[str, list[Listener]] = {}
        stuck = self.store.documents.table("problem").search(where("kind") == "stuck")
        self.skipped = {(problem["event"], problem["plugin"]) for problem in stuck}
        self.hidden = hidden = frozenset(set(self.registry.plugins) - set(self.enabled))
        self.view = Documents(
            connection=self.store.connection,
            collections=self.store.collections,
            string_ids=True,
            read_only=True,
            hidden=hidden,
            versions=self.store.working.version,
        )
        self.view.look_through(self.store.working)
        self.view.finds_after(self.store.settle)

    def forget(self) -> None:
        """Let go of the answers that were kept for hooks: a transaction ended."""
        self.view.forget_answers()

    def mark(self) -> list[float]:
        """Return what was counted so far, for `back_to`."""
        return self.spent.copy()

    def back_to(self, mark: list[float]) -> None:
        """Count on from there."""
        self.spent[:] = [*mark, *([0] * (len(self.spent) - len(mark)))]

    def counts(self) -> dict[str, tuple[int, float]]:
        """Return how often each hook was called, and how many seconds that took."""
        return {key: (int(self.spent[at]), self.spent[at + 1]) for key, at in self.places.items()}

    def refresh(self, changes: Iterable[dict[str, Any]]) -> None:
        """Read again where *changes* concern plugins."""
        if any(change["collection"] in ("plugin", "problem") for change in changes):
            self.reload()

    def checked(self, kind: ActionType, data: dict[str, Any], event: str) -> dict[str, Any]:
        """Return an action's data as its schema loads it; Refused with the fields' errors."""
        return self._loaded(self._loader(kind), data, event)

    def _loader(self, kind: ActionType) -> "Loader":
        found = self._loaders.get(kind.type)
        if found is None:
            schema = kind.schema()
            found = Loader(kind, f"schema {kind.type}", schema.load, loads_apart(schema))
            self._loaders[kind.type] = found
        return found

    def _loaded(self, loader: "Loader", data: dict[str, Any], event: str) -> dict[str, Any]:
        self.watch.enter(event, loader.kind.plugin, loader.name)
        try:
            return loader.load(data)
        except ValidationError as error:
            raise Refused(f"{loader.kind.type}: {error}") from error
        finally:
            self.watch.leave()

    def call_all(
        self, tx: Transaction, heard: list[Heard], errors: list[dict[str, Any]], most: int
    ) -> list[Asked]:
        """Return what all hooks ask for on hearing of *heard*, in plugin order; *most* actions at most."""
        asked: list[Asked] = []
        for type, data in heard:
            if type == "plugins.switched":
                self.reload()
            if len(asked) >= most:
                break
            self._call_event(tx, type, data, errors, asked)
            if type in ROUTED:
                asked.extend(self._route(tx, type, data, errors))
        return asked if len(asked) <= most else asked[: max(0, most)]

    def _call_event(
        self, tx: Transaction, type: str, data: dict[str, Any], errors: list[Any], asked: list[Asked]
    ) -> None:
        name = type.replace(".", "_")
        listeners = self._listening(name, tx, type, data)
        if listeners:
            given = Given(tx, type, data, self.hidden)
            for listener in listeners:
                for wanted in self._call(listener, given, errors):
                    asked.append((listener.plugin, name, wanted))

    def _route(self, tx: Transaction, type: str, data: dict[str, Any], errors: list[Any]) -> list[Asked]:
        """Ask who takes a conversation that is new, open again or handed over: the first answer decides.

        Where nobody answers, the agent that a hand-over names gets it.
        """
        given = Given(tx, type, data, self.hidden)
        for each in self._listening(ROUTE, tx, type, data):
            if actions := self._call(each, given, errors):
                return [(each.plugin, ROUTE, wanted) for wanted in actions]
        if type == HANDED_OVER and data.get("agent"):
            to = {"conversation": data["conversation"], "agent": data["agent"]}
            return [("core", ROUTE, action("conversation.assign", why="handed over to them", **to))]
        return []

    def _listening(self, name: str, tx: Transaction, type: str, data: dict[str, Any]) -> list[Listener]:
        """Return who is to be called with the hook *name* about an event."""
        try:
            listeners = self._listeners[name]
        except KeyError:
            hooks = [hook for hook in self.registry.hooks(name) if hook.plugin.name in self.enabled]
            listeners = self._listeners[name] = [self._listener(hook) for hook in hooks]
        if self.skipped:
            listeners = [each for each in listeners if (tx.event["id"], each.plugin) not in self.skipped]
        if type == "timer.fired":
            listeners = [each for each in listeners if each.plugin == data.get("plugin")]
        return listeners

    def _listener(self, hook: Hook) -> Listener:
        plugin, view, settings = hook.plugin.name, self.view, self._settings[hook.plugin.name]
        own: dict[str, Callable[[Given], Any]] = {
            "documents": lambda given: view,
            "settings": lambda given: orjson.loads(settings),
            "rng": lambda given: self._chance(given.tx, plugin, hook.name),
        }
        arguments = tuple(own.get(name) or _GIVEN.get(name, lambda given: None) for name in hook.arguments)
        place = self.places.setdefault(f"{plugin}.{hook.name}", len(self.spent))
        if place == len(self.spent):
            self.spent += (0, 0.0)
        return Listener(hook, plugin, place, arguments)

    def _chance(self, tx: Transaction, plugin: str, hook: str) -> Chance:
        return Chance(self.store.salt, tx.event["id"], plugin, hook, tx.next_call(plugin, hook))

    def _call(self, listener: Listener, given: "Given", errors: list[dict[str, Any]]) -> list[Action]:
        plugin, hook, event = listener.plugin, listener.hook, given.tx.event["id"]
        if plugin not in self.enabled:
            return []  # it was switched off by what it did a moment ago
        asked, failure = [], ""
        started = time.perf_counter()
        self.watch.enter(event, plugin, hook.name)
        try:
            answer = hook.function(*[argument(given) for argument in listener.arguments])
            if answer is not None:
                asked = [self._action(each, event) for each in _bounded(answer)]
        except (Exception, SystemExit) as error:
            if is_fatal(error):
                raise
            failure = f"{type(error).__name__}: {error}"
        finally:
            self.watch.leave()
            self.spent[listener.place] += 1
            self.spent[listener.place + 1] += time.perf_counter() - started
        self.store.check()  # reading writes what waits, and hooks may swallow what comes of it
        if failure:
            errors.append(self.problem(given.tx, plugin, hook.name, failure))
        return asked

    def _action(self, candidate: Any, event: str) -> Action:
        if not isinstance(candidate, dict) or not isinstance(candidate.get("type"), str):
            raise BadAction(f"a hook returns actions made by engine.action, not {candidate!r:.80}")
        try:
            body = orjson.dumps(candidate)
        except TypeError as error:
            raise BadAction(f"{candidate['type']}: {error}") from error
        if len(body) > BYTES_LIMIT:
            raise BadAction(f"{candidate['type']}: {len(body)} bytes are over the {BYTES_LIMIT} allowed")
        wanted: Action = orjson.loads(body)
        asked = Checked(type=wanted["type"], data=wanted.get("data", {}), why=wanted.get("why"))
        asked.loaded = None
        kind = self.registry.actions.get(asked["type"])
        if kind is not None:
            loader = self._loader(kind)
            data = asked["data"] if loader.is_apart else orjson.loads(body).get("data", {})
            try:
                asked.loaded = self._loaded(loader, data, event)
            except Refused as refusal:
                raise BadAction(refusal.reason) from refusal
        return asked

    def problem(self, tx: Transaction, plugin: str, hook: str, error: str) -> dict[str, Any]:
        """Keep a failure of *plugin* for the integrator; switch it off when there were too many."""
        if plugin != "core":
            report(tx, plugin, hook, error, "raised")
            since = times.add(tx.at, -WITHIN_SECONDS)
            recent = tx.documents.table("problem").count((where("plugin") == plugin) & (where("at") >= since))
            if recent >= FAILURES and plugin in self.enabled:
                switch_off(tx, plugin, f"{recent} failures within ten minutes; the last: {error}")
                del self.enabled[plugin]
        return {"plugin": plugin, "hook": hook, "error": error[:500]}


class Given:
    """The event and the documents that it is about, as hooks are given them: a copy for each.

    They are looked up when the first one asks: nothing is written while hooks are called.
    """

    __slots__ = ("_event", "_ids", "data", "hidden", "tx", "type")

    def __init__(self, tx: Transaction, type: str, data: dict[str, Any], hidden: frozenset[str]) -> None:
        self.tx, self.type, self.data, self.hidden = tx, type, data, hidden
        self._ids: dict[str, str] | None = None
        self._event: bytes | None = None

    def event(self) -> dict[str, Any]:
        """Return the event."""
        if self._event is None:
            self._event = orjson.dumps({**self.tx.event, "type": self.type, "data": self.data})
        return orjson.loads(self._event)  # type: ignore[no-any-return]

    def document(self, name: str) -> dict[str, Any] | None:
        """Return the message, the conversation or the contact, or None."""
        if self._ids is None:
            self._ids = self._about()
        id = self._ids.get(name)
        held = self.tx.working.held(name, id) if id else None
        if held is None:
            return None
        content: dict[str, Any] = orjson.loads(held.text)
        return masked(content, self.hidden) if self.hidden else content

    def _about(self) -> dict[str, str]:
        """Return the ids of the message, its conversation and its contact, of those that belong together."""
        data, about = self.data, self.tx.about
        is_fact = data is self.tx.event["data"] and len(about) == len(ABOUT)
        if is_fact and not [key for key in ABOUT if type(data.get(key)) is str]:
            return about  # facts say all at once, and nobody has changed anything since
        ids: dict[str, str] = {}
        owner: dict[str, Any] = {}  # what is named by a document that was found
        for key, of in zip(ABOUT, (*ABOUT[1:], None), strict=True):
            id = owner.get(key) or self._named(key)
            found = self.tx.working.held(key, id) if id else None
            if id is None or found is None:
                continue
            if of is not None:
                owner = found.content
                if isinstance(self.data.get(of), str) and self.data[of] != owner[of]:
                    owner = {}
                    continue  # not of what the event tells of: what the transaction was about before
            ids[key] = id
        return ids

    def _named(self, key: str) -> str | None:
        value = self.data.get(key)
        return value if isinstance(value, str) else self.tx.about.get(key)


_GIVEN: dict[str, Callable[[Given], Any]] = {
    "event": Given.event,
    "message": lambda given: given.document("message"),
    "conversation": lambda given: given.document("conversation"),
    "contact": lambda given: given.document("contact"),
}


def report(tx: Transaction, plugin: str, hook: str, error: str, kind: str, event: str | None = None) -> None:
    """Add a problem document: ``{plugin, hook, error, kind: raised | stuck, event, at}``."""
    tx.insert(
        "problem",
        {
            "id": tx.new_id("problem"),
            "plugin": plugin,
            "hook": hook,
            "error": error[:2000],
            "kind": kind,
            "event": event or tx.event["id"],
            "at": tx.at,
        },
    )


def switch_off(tx: Transaction, plugin: str, reason: str) -> None:
    """Switch a plugin off by the engine itself, with a message for the integrator."""
    fields = {"enabled": False, "switched_off": {"at": tx.at, "reason": reason}}
    if tx.get("plugin", plugin):
        tx.update("plugin", plugin, fields)
    else:
        tx.insert("plugin", {"id": plugin, **fields})
    tx.consequence("plugins.switched", {"plugin": plugin, "enabled": False})


def _bounded(answer: Any) -> list[Any]:
    """Return a hook's answer as a list: one action, a list or what a generator yields."""
    if isinstance(answer, dict):
        return [answer]
    if not isinstance(answer, list | tuple | GeneratorType):
        raise BadAction(f"a hook returns actions, not {type(answer).__name__}")
    found = [wanted for wanted in islice(answer, YIELDS_LIMIT) if wanted is not None]
    if len(found) > ACTIONS_LIMIT:
        raise BadAction(f"over {ACTIONS_LIMIT} actions for one event")
    return found
