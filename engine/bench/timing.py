"""Two things measured in turn, so that what else the machine does meets both alike."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Prepared = Callable[[int], Callable[[], object]]


@dataclass(frozen=True)
class Cost:
    """Medians in seconds per operation. ratio: how many times the reference ours takes."""

    ours: float
    reference: float

    @property
    def ratio(self) -> float:
        """Ours over the reference."""
        return self.ours / self.reference


def seconds(function: Callable[[], object]) -> float:
    """Return how long one call takes, without a pause for garbage."""
    gc.collect()
    gc.disable()
    started = time.perf_counter()
    try:
        function()
        return time.perf_counter() - started
    finally:
        gc.enable()


def alternate(ours: Prepared, reference: Prepared, rounds: int, operations: int) -> Cost:
    """Time both in turn, so many rounds, and return the medians per operation.

    Each is given the round's number and returns the function to be timed, which does *operations* of
    them. The first round warms up and does not count; who comes first changes from round to round.
    """
    found = []
    for number in range(rounds + 1):
        sides = [ours(number), reference(number)]
        taken = [seconds(side) for side in (sides[::-1] if number % 2 else sides)]
        found.append(taken[::-1] if number % 2 else taken)
    left, right = (median(column) for column in zip(*found[1:], strict=True))
    return Cost(left / operations, right / operations)
