"""What was done in the recording and what in its replay: the same, no more, or something else."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from engine.journal import canonical

Document = dict[str, Any]
KINDS = ("same", "gone", "new", "moved")
"""Done as recorded; recorded but not done here; done here but not recorded; done at another moment."""
Tally = dict[str, int]


class Comparison:
    """Takes event after event; `finish` tells what differs.

    conversation_of(action, event data) gives the id of the conversation that an action is about, or None.
    """

    def __init__(self, conversation_of: Callable[[Document, Document], str | None]) -> None:
        self._conversation_of = conversation_of
        self.plugins: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.actions: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.failures = {"recorded": 0, "here": 0}
        self._gone: list[Document] = []
        self._new: list[Document] = []

    def take(self, recorded: Document | None, done: Document | None) -> None:
        """Compare a recorded row with what came of its event here; either may be missing."""
        before, after = _actions(recorded), _actions(done)
        self.failures["recorded"] += len((recorded or {}).get("errors", ()))
        self.failures["here"] += len((done or {}).get("errors", ()))
        if before == after:
            for action in before:
                self._count(action, "same")
            return
        wanted = Counter(map(_key, after))
        for action in before:
            if wanted[_key(action)]:
                wanted[_key(action)] -= 1
                self._count(action, "same")
            else:
                self._gone.append(self._noted(action, recorded or {}))
        for action in after:
            if wanted[_key(action)]:
                wanted[_key(action)] -= 1
                self._new.append(self._noted(action, done or {}))

    def mark(self) -> Any:
        """Return what was taken so far."""
        counted = [{name: Counter(each) for name, each in of.items()} for of in (self.plugins, self.actions)]
        return counted, dict(self.failures), (len(self._gone), len(self._new))

    def back_to(self, mark: Any) -> None:
        """Have taken no more than that."""
        (plugins, actions), self.failures, (gone, new) = mark
        self.plugins, self.actions = defaultdict(Counter, plugins), defaultdict(Counter, actions)
        del self._gone[gone:], self._new[new:]

    def finish(self) -> list[Document]:
        """Count what differs; return it per conversation: ``{conversation, gone: […], new: […]}``."""
        gone, new = _without_moved(self._gone, self._new, self._count)
        found: dict[str, Document] = {}
        for kind, actions in (("gone", gone), ("new", new)):
            for action in actions:
                self._count(action, kind)
                id = action["conversation"]
                entry = found.setdefault(id or "", {"conversation": id, "gone": [], "new": []})
                entry[kind].append(action)
        return list(found.values())

    def _count(self, action: Document, kind: str) -> None:
        self.plugins[action["plugin"]][kind] += 1
        self.actions[action["type"]][kind] += 1

    def _noted(self, action: Document, row: Document) -> Document:
        keys = ("plugin", "hook", "type", "data", "why", "status", "reason")
        noted = {key: action.get(key) for key in keys}
        event = row["event"]
        about = self._conversation_of(action, event["data"])
        return {"at": event["at"], "event": event["id"], "conversation": about, **noted}


def tallies(counted: dict[str, Counter[str]]) -> dict[str, Tally]:
    """Return counts by name, each with all four kinds."""
    return {name: {kind: counted[name][kind] for kind in KINDS} for name in sorted(counted)}


def _actions(row: Document | None) -> list[Document]:
    return row["actions"] if row else []


def _key(action: Document) -> tuple[str, str, str, bytes]:
    return action["plugin"], action["type"], action["status"], canonical(action["data"])


def _without_moved(
    gone: list[Document], new: Iterable[Document], count: Callable[[Document, str], None]
) -> tuple[list[Document], list[Document]]:
    """Take out, and count, what was done here as well, only at another moment."""
    elsewhere = Counter(map(_key, gone))
    only_new, moved = [], Counter[tuple[str, str, str, bytes]]()
    for action in new:
        key = _key(action)
        if elsewhere[key]:
            elsewhere[key] -= 1
            moved[key] += 1
            count(action, "moved")
        else:
            only_new.append(action)
    only_gone = []
    for action in gone:
        if moved[_key(action)]:
            moved[_key(action)] -= 1
        else:
            only_gone.append(action)
    return only_gone, only_new
