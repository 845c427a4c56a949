"""Calling plugins' hooks so that one that fails hurts nobody but itself."""

import inspect
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from marshmallow import ValidationError

from engine import times
from engine.actions import Action, ActionType, Refused, action
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
BYTES_LIMIT = 1 << 20
ROUTE = "conversation_route"
HANDED_OVER = "conversation.handed_over"
ROUTED = ("conversation.opened", HANDED_OVER)

Heard = tuple[str, dict[str, Any]]
Asked = tuple[str, str, Action]
Counts = tuple[dict[str, int], dict[str, float]]


class Checked(dict[str, Any]):
    """An action that a hook asks for. loaded: its data as its schema loads it; None where nobody knows it."""

    loaded: dict[str, Any] | None = None


class BadAction(ValueError):
    """A hook returned what is no action of a known type."""


class HookRunner:
    """Calls the hooks of one workspace's enabled plugins; used by its one writer.

    absent: plugins that were not installed yet when a recording was made; they do nothing.
    """

    def __init__(self, store: Store, registry: Registry, watch: Watch) -> None:
        self.store = store
        self.registry = registry
        self.watch = watch
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self.absent: frozenset[str] = frozenset()
        self._schemas: dict[str, Any] = {}
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
        self.view.working = self.store.working
        self.view.finds_after(self.store.settle)

    def forget(self) -> None:
        """Let go of the answers that were kept for hooks: a transaction ended."""
        self.view.forget_answers()

    def counts(self) -> Counts:
        """Return how often each hook was called, and how many seconds it took."""
        return dict(self.calls), dict(self.seconds)

    def count_from(self, counts: Counts) -> None:
        """Count on from there."""
        self.calls, self.seconds = Counter(counts[0]), defaultdict(float, counts[1])

    def refresh(self, changes: Iterable[dict[str, Any]]) -> None:
        """Read again where *changes* concern plugins."""
        if any(change["collection"] in ("plugin", "problem") for change in changes):
            self.reload()

    def checked(self, kind: ActionType, data: dict[str, Any], event: str) -> dict[str, Any]:
        """Return an action's data as its schema loads it; Refused with the fields' errors."""
        if kind.type not in self._schemas:
            self._schemas[kind.type] = kind.schema()
        try:
            with self.watch.running(event, kind.plugin, f"schema {kind.type}"):
                loaded: dict[str, Any] = self._schemas[kind.type].load(data)
        except ValidationError as error:
            raise Refused(f"{kind.type}: {error}") from error
        return loaded

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
            asked.extend(self._call_event(tx, type, data, errors))
            if type in ROUTED:
                asked.extend(self._route(tx, type, data, errors))
        return asked[: max(0, most)]

    def _call_event(
        self, tx: Transaction, type: str, data: dict[str, Any], errors: list[Any]
    ) -> Iterator[Asked]:
        name = type.replace(".", "_")
        hooks = [hook for hook in self.registry.hooks(name) if self._hears(hook, tx, type, data)]
        given = Given(tx, type, data, self.hidden)
        for hook in hooks:
            for wanted in self._call(hook, tx, given, errors):
                yield hook.plugin.name, name, wanted

    def _route(self, tx: Transaction, type: str, data: dict[str, Any], errors: list[Any]) -> list[Asked]:
        """Ask who takes a conversation that is new, open again or handed over: the first answer decides.

        Where nobody answers, the agent that a hand-over names gets it.
        """
        given = Given(tx, type, data, self.hidden)
        for hook in self.registry.hooks(ROUTE):
            if self._hears(hook, tx, type, data):
                actions = self._call(hook, tx, given, errors)
                if actions:
                    return [(hook.plugin.name, ROUTE, wanted) for wanted in actions]
        if type == HANDED_OVER and data.get("agent"):
            to = {"conversation": data["conversation"], "agent": data["agent"]}
            return [("core", ROUTE, action("conversation.assign", why="handed over to them", **to))]
        return []

    def _hears(self, hook: Hook, tx: Transaction, type: str, data: dict[str, Any]) -> bool:
        name = hook.plugin.name
        if name not in self.enabled or (tx.event["id"], name) in self.skipped:
            return False
        return type != "timer.fired" or data.get("plugin") == name

    def _call(
        self, hook: Hook, tx: Transaction, given: "Given", errors: list[dict[str, Any]]
    ) -> list[Action]:
        plugin, key = hook.plugin, f"{hook.plugin.name}.{hook.name}"
        self.calls[key] += 1
        started, asked, failure = time.perf_counter(), [], ""
        try:
            with self.watch.running(tx.event["id"], plugin.name, hook.name):
                asked = self._collect(hook, tx, given)
        except (Exception, SystemExit) as error:
            if is_fatal(error):
                raise
            failure = f"{type(error).__name__}: {error}"
        finally:
            self.seconds[key] += time.perf_counter() - started
        self.store.check()  # reading writes what waits, and hooks may swallow what comes of it
        if failure:
            errors.append(self.problem(tx, plugin.name, hook.name, failure))
        return asked

    def _collect(self, hook: Hook, tx: Transaction, given: "Given") -> list[Action]:
        answer = hook.function(*[self._argument(hook, tx, given, name) for name in hook.arguments])
        return [self._action(a, tx.event["id"]) for a in _bounded(answer)]

    def _argument(self, hook: Hook, tx: Transaction, given: "Given", argument: str) -> Any:
        name = hook.plugin.name
        if argument == "documents":
            return self.view
        if argument == "settings":
            return orjson.loads(self._settings[name])
        if argument == "rng":
            return Chance(self.store.salt, tx.event["id"], name, hook.name, tx.next_call(name, hook.name))
        return given.argument(argument)

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
        data = orjson.loads(body).get("data", {})  # a copy: handlers change theirs
        asked = Checked(type=wanted["type"], data=wanted.get("data", {}), why=wanted.get("why"))
        kind = self.registry.actions.get(wanted["type"])
        if kind is not None:
            try:
                asked.loaded = self.checked(kind, data, event)
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
    """The event and the documents that it is about, as hooks are given them: as JSON, decoded for each.

    They are looked up when the first one asks: nothing is written while hooks are called.
    """

    def __init__(self, tx: Transaction, type: str, data: dict[str, Any], hidden: frozenset[str]) -> None:
        self.tx, self.type, self.data, self.hidden = tx, type, data, hidden
        self._documents: dict[str, bytes | str] | None = None
        self._event: bytes | None = None

    def argument(self, name: str) -> Any:
        """Return an argument of a hook; None for what there is not."""
        if name == "event":
            if self._event is None:
                self._event = orjson.dumps({**self.tx.event, "type": self.type, "data": self.data})
            return orjson.loads(self._event)
        if self._documents is None:
            self._documents = dict(self._seen())
        found = self._documents.get(name)
        return None if found is None else orjson.loads(found)

    def _seen(self) -> Iterator[tuple[str, bytes | str]]:
        """Yield the message, its conversation and its contact, where there are any."""
        named: dict[str, str | None] = {}
        for key in ABOUT:
            value = self.data.get(key)
            named[key] = value if isinstance(value, str) else self.tx.about.get(key)
        for key, of in zip(ABOUT, (*ABOUT[1:], None), strict=True):
            held = self.tx.working.held(key, named[key]) if named[key] else None  # type: ignore[arg-type]
            if held is None:
                continue
            if of is not None:
                if isinstance(self.data.get(of), str) and self.data[of] != held.content[of]:
                    continue  # not of what the event tells of: what the transaction was about before
                named[of] = held.content[of]
            yield key, orjson.dumps(masked(held.content, self.hidden)) if self.hidden else held.text


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
    """Return a hook's answer as a list: nothing, one action, a list or what a generator yields."""
    if answer is None:
        return []
    if isinstance(answer, dict):
        return [answer]
    if not isinstance(answer, list | tuple) and not inspect.isgenerator(answer):
        raise BadAction(f"a hook returns actions, not {type(answer).__name__}")
    found = []
    for wanted in answer:
        if wanted is None:
            continue
        found.append(wanted)
        if len(found) > ACTIONS_LIMIT:
            raise BadAction(f"over {ACTIONS_LIMIT} actions for one event")
    return found
