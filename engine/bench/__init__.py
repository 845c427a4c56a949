"""What things cost, measured here and now: ``replyai bench``.

A *figure* is a function that takes a `Bench` and yields `Row`s. A bench is a list of figures in
`BENCHES`; to add one, write the function in a module of this package and put it into its list
(`engine.bench.storage.FIGURES` says how).
"""

from engine.bench.rows import Bench, Figure, Row, row, run
from engine.bench.sender import FIGURES as SENDER
from engine.bench.storage import FIGURES as STORAGE

BENCHES: dict[str, tuple[Figure, ...]] = {"sender": SENDER, "storage": STORAGE}

__all__ = ["BENCHES", "Bench", "Figure", "Row", "row", "run"]
