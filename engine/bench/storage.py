"""The figures of ``replyai bench storage``, in the order in which they are measured."""

from engine.bench.disk import disk
from engine.bench.replaying import replaying
from engine.bench.rows import Figure
from engine.bench.searching import searching
from engine.bench.serving import serving
from engine.bench.tables import cost, over_stock
from engine.bench.transactions import durable, durable_at_many

FIGURES: tuple[Figure, ...] = (
    cost,
    over_stock,
    durable,
    replaying,
    disk,  # of the large workspace, before anything is added to it
    searching,
    serving,
    durable_at_many,
    # To add one: a function of a `Bench` that yields `row(what, value, unit, target)`s.
    # `bench.filled` is a data folder whose workspace has `bench.many` messages with their journal.
)
