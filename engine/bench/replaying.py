"""How fast a recording is replayed."""

from collections.abc import Iterator

from engine.bench.recording import record
from engine.bench.rows import Bench, Row, row
from engine.replay import replay


def replaying(bench: Bench) -> Iterator[Row]:
    """Events a second of a replay with all plugins, and its time over that of facts, hooks and handlers."""
    folder, events = bench.folder / "recorded", 2_000 if bench.quick else 200_000
    bench.say(f"recording {events:,} events")
    record(folder, bench.registry, events)
    bench.say("replaying them")
    report = replay(folder, bench.registry)
    if not report["identical"]:
        raise RuntimeError(f"the replay is not what was recorded: see row {report['differs_at']}")
    speed = report["speed"]
    what = f"replay of {speed['events']:,} recorded events"
    yield row(f"{what}, all plugins", speed["events_per_second"], "/s", "≥ 3000")
    yield row(f"{what}, over facts, hooks and handlers alone", speed["ratio"], "×", "≤ 2")
