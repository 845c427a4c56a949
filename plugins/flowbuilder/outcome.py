"""What came of one event in a flow."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """What came of one event.

    session: what is kept, or None where the flow ended; do: what to do, in order, each ``{"do": …}``:
    ``say {text, media, node}``, of a menu with ``buttons`` as ``message.send`` takes them where they fit,
    ``label {add, remove}``, ``contact {field, value}``, ``http {…}``, ``hand_over {team, agent, skill,
    note}``, ``resolve``, ``queue``; visits: (version, node) passed; misses: (version, node, text) not
    understood; ended: why it ended (``end``, ``goal``, ``person``, ``cancelled``, ``expired``, ``stuck``,
    ``loop``) or None; why: for people; fields: what the session has kept.
    """

    session: Json | None
    do: list[Json] = field(default_factory=list)
    visits: list[tuple[str, str]] = field(default_factory=list)
    misses: list[tuple[str, str, str]] = field(default_factory=list)
    ended: str | None = None
    why: str = ""
    fields: Json = field(default_factory=dict)
