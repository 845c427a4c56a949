"""What things cost, measured here and now: ``replyai bench``.

A *figure* is a function that takes a `Bench` and yields `Row`s. A bench is a list of figures, in
`BENCHES` or in the hook ``benches`` of a plugin; to add a figure, write the function and put it into
its list (`engine.bench.storage.FIGURES` says how).
"""

from engine.bench.filling import chat_of
from engine.bench.hearing import Hearing
from engine.bench.patterns import written
from engine.bench.rows import Bench, Figure, Row, row, run
from engine.bench.sender import FIGURES as SENDER
from engine.bench.storage import FIGURES as STORAGE
from engine.bench.timing import seconds

BENCHES: dict[str, tuple[Figure, ...]] = {"sender": SENDER, "storage": STORAGE}


def benches() -> dict[str, tuple[Figure, ...]]:
    """Return name → figures: the core's and, by the hook ``benches``, the plugins'."""
    from engine import plugins

    return {**plugins.load().benches(), **BENCHES}


__all__ = [
    "BENCHES",
    "Bench",
    "Figure",
    "Hearing",
    "Row",
    "benches",
    "chat_of",
    "row",
    "run",
    "seconds",
    "written",
]
