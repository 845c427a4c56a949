"""What a figure works with and what it gives."""

import operator
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from engine import plugins
from engine.bench.filling import fill

_COMPARE: dict[str, Callable[[float, float], bool]] = {"≤": operator.le, "≥": operator.ge}


@dataclass(frozen=True)
class Row:
    """One figure. target: ``"≤ 2.5"``, or "" where it is only stated; ok: None then."""

    what: str
    value: float
    unit: str
    target: str = ""
    ok: bool | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as data: ``{what, value, unit, target, ok}``."""
        return asdict(self)


def row(what: str, value: float, unit: str, target: str = "") -> Row:
    """Return a row; *target* is ``≤`` or ``≥`` and a number in the same unit."""
    if not target:
        return Row(what, value, unit)
    sign, number = target.split()
    return Row(what, value, unit, target, _COMPARE[sign](value, float(number)))


class Bench:
    """A scratch folder, the sizes to measure at, and a word to who waits.

    sizes: documents of the tables; the figures to reach are those of the first and the last.
    many: messages of the large workspace.
    stock: documents at which stock TinyDB is compared.
    rounds: how often each side is measured, in turn; operations: how many each time.
    """

    def __init__(self, folder: Path, *, quick: bool = False, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.quick = quick
        self.say = say
        self.registry = plugins.load()
        self.sizes = (100, 1_000) if quick else (1_000, 10_000, 100_000, 1_000_000)
        self.many, self.stock = self.sizes[-1], 1_000 if quick else 100_000
        self.rounds, self.operations = (3, 64) if quick else (11, 640)

    @cached_property
    def filled(self) -> Path:
        """A data folder whose workspace ``main`` has `many` messages; made when it is first asked for."""
        self.say(f"filling a workspace with {self.many:,} messages")
        data = self.folder / "filled"
        fill(data / "w" / "main", self.registry, self.many)
        return data


Figure = Callable[[Bench], Iterable[Row]]


def run(
    figures: Iterable[Figure],
    folder: Path | None = None,
    *,
    quick: bool = False,
    say: Callable[[str], None] = print,
) -> Iterator[Row]:
    """Yield the rows of *figures*, as they are measured, in a scratch folder made in *folder*."""
    scratch = Path(tempfile.mkdtemp(prefix="replyai-bench-", dir=folder))
    try:
        bench = Bench(scratch, quick=quick, say=say)
        for figure in figures:
            yield from figure(bench)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
