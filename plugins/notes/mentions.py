"""Who is named in a note: `@[id]` in what is stored, `@Name` in what people read and write."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

TOKEN = re.compile(r"@\[([A-Za-z0-9_.-]{1,64})\]")
_TYPED = re.compile(r"(?<![\w@.])@(?=\w)")
Agents = Iterable[Mapping[str, Any]]


def stored(text: str, agents: Agents, chosen: Iterable[str] = ()) -> str:
    """Return *text* with each ``@Name`` of an agent as ``@[id]``.

    A name that several have means the one among *chosen*, ids; where none is, it stays a text. A first
    name will do where only one agent has it.
    """
    names = _names(agents, set(chosen))
    made, at = [], 0
    for match in _TYPED.finditer(text):
        rest = text[match.end() :].casefold()
        name = next((name for name in names if _begins(rest, name)), None)
        if name is not None and match.start() >= at:
            made += [text[at : match.start()], f"@[{names[name]}]"]
            at = match.end() + len(name)
    return "".join([*made, text[at:]])


def named(text: str) -> list[str]:
    """Return the ids in a stored text, each once, in their order."""
    return list(dict.fromkeys(TOKEN.findall(text)))


def spoken(text: str, names: Mapping[str, str]) -> str:
    """Return a stored text with the names that *names* gives the ids; a stranger is ``@?``."""
    return TOKEN.sub(lambda match: "@" + names.get(match[1], "?"), text)


def _begins(text: str, name: str) -> bool:
    return text.startswith(name) and not re.match(r"\w", text[len(name) :])


def _names(agents: Agents, chosen: set[str]) -> dict[str, str]:
    """Return what each agent can be called by → id, the longest name first."""
    found: dict[str, set[str]] = {}
    for agent in agents:
        full = agent["name"].strip().casefold()
        for name in {full, full.split(" ")[0]} - {""}:
            found.setdefault(name, set()).add(agent["id"])
    sure = {}
    for name in sorted(found, key=len, reverse=True):
        ids = found[name] if len(found[name]) == 1 else found[name] & chosen
        if len(ids) == 1:
            sure[name] = next(iter(ids))
    return sure
