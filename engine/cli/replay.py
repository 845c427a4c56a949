"""``replyai replay``: the recording through another configuration, on a copy."""

import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import click
import orjson

from engine.cli.place import opened, workspace_option

COUNTS = (
    ("from live", "messages and signs from gateways"),
    ("from history", "messages of before, and imports"),
    ("from echo_phone", "messages typed on a phone"),
    ("from echo_api", "echoes of sent messages"),
    ("from agent", "requests of people and programs"),
    ("from system", "events of the engine itself"),
    ("timers", "recorded timers that fired here too"),
    ("timers of its own", "timers that fire only here"),
    ("timers dropped", "recorded timers that are not set here: dropped"),
    ("results", "recorded results of jobs that were used"),
    ("results dropped", "recorded results whose action does not exist here: dropped"),
    ("echoes dropped", "echoes and ticks of messages that are not sent here: dropped"),
    ("assumed", "calls without a recorded result: they count as sent and delivered at once"),
    ("jobs without a result", "other jobs without a recorded result: they wait"),
    ("not taken", "events that could not be taken up"),
    ("erased", "are taken as recorded: what led to them was erased"),
)
STEPS = 200
MARKS = {"gone": click.style("-", fg="red"), "new": click.style("+", fg="green")}


class Drafts(click.Command):
    """A command with an option for each kind of draft that a plugin has tried out on the past."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return its own options and the plugins'."""
        return [*super().get_params(ctx), *(_option(name) for name in _drafts())]


def _option(name: str) -> click.Option:
    kind = click.File("r", encoding="utf-8")
    return click.Option(
        [f"--{name}"], type=kind, metavar="FILE", help=f"Have the {name} in FILE from the start."
    )


def _drafts() -> dict[str, Any]:
    from engine import config, plugins

    return plugins.load(config.load().plugins_dir).replay_drafts()


@click.command(cls=Drafts)
@click.option("--since", metavar="TIME", help="Begin here: 2026-11-24, 2026-11-24T09:30, 2h. All by default.")
@click.option("--until", metavar="TIME", help="End before this time.")
@click.option(
    "--plugins",
    metavar="A,B",
    help="Have these on and the others off (gateways stay); +A,-B changes only these.",
)
@click.option("--set", "sets", multiple=True, metavar="plugins.NAME.KEY=VALUE", help="Change a setting.")
@click.option(
    "--put",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help='Documents that are there from the start, such as a rule\'s draft: {"collection": [document, …]}.',
)
@click.option("--diff", is_flag=True, help="Tell what differs in each conversation.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--progress", is_flag=True, help='Tell {"done", "all"} on standard error, as JSON lines.')
@workspace_option
def replay(
    since: str | None,
    until: str | None,
    plugins: str | None,
    sets: tuple[str, ...],
    put: TextIO | None,
    diff: bool,
    as_json: bool,
    progress: bool,
    workspace: str,
    **drafts: TextIO | None,
) -> None:
    """Run what was recorded again, with other plugins or settings, and tell what would differ.

    It works on a temporary copy: nothing is sent, nothing is written to the workspace, and
    ReplyAI may run meanwhile. Without --plugins, --set and --put, everything should come out
    the same; where it does not, plugins' code has changed since.

    \b
    Example:  replyai replay --since 7d --plugins=-labels --diff
              replyai replay --since 30d --flow menu.json
    """
    from engine.replay import replay as run
    from engine.replay import setup_of

    with opened(workspace) as place:
        setup = setup_of(place.registry, plugins, sets, put.read() if put else None)
        tells = [_put(setup, place, name, file) for name, file in drafts.items() if file]
        span = {"since": place.moment(since), "until": place.moment(until)}
        with _Progress(progress) as told_on:
            report = run(place.folder, place.registry, setup=setup, progress=told_on, **span)
    if as_json:
        click.echo(orjson.dumps(report).decode())
        return
    for line in (*told(report, diff), *(line for tell in tells for line in tell(report))):
        click.echo(line)


def _put(setup: Any, place: Any, name: str, file: TextIO) -> Callable[[dict[str, Any]], Iterator[str]]:
    """Put what is in *file* there from the start; return what tells of it."""
    put, tell = place.registry.replay_drafts()[name]
    for collection, documents in put(place.documents, file.read()).items():
        setup.put.setdefault(collection, []).extend(documents)
    return tell  # type: ignore[no-any-return]


class _Progress:
    """A bar on standard error, where that is a terminal; or, in_lines, JSON for a program."""

    def __init__(self, in_lines: bool = False) -> None:
        self._bar: Any = None
        self._in_lines = in_lines
        self._shown = in_lines or sys.stderr.isatty()
        self._at = 0

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def __call__(self, done: int, all: int) -> None:
        if not self._shown or (done < all and done - self._at < all / STEPS):
            return
        if self._in_lines:
            self._at = done
            click.echo(orjson.dumps({"done": done, "all": all}).decode(), err=True)
            return
        if self._bar is None:
            self._bar = click.progressbar(length=all, label="Replaying", file=sys.stderr)
        self._bar.update(done - self._at)
        self._at = done


def told(report: dict[str, Any], diff: bool) -> Iterator[str]:
    """Yield a report as lines for people: what was replayed first, then what differs."""
    counts = report["counts"]
    speed = report["speed"]["events_per_second"]
    yield f"{counts.get('recorded', 0):,} recorded events" + (f", {speed:,.0f} a second" if speed else "")
    for key, words in COUNTS:
        if counts.get(key):
            yield f"  {counts[key]:>9,}  {words}"
    failed = report["failures"]
    if failed["recorded"] or failed["here"]:
        yield f"  {failed['here']:>9,}  failures of plugins ({failed['recorded']:,} in the recording)"
    yield ""
    yield _verdict(report)
    differs = any(tally["gone"] or tally["new"] or tally["moved"] for tally in report["actions"].values())
    if differs:
        yield from _table("plugin", report["plugins"])
        yield from _table("action", report["actions"])
    if diff:
        yield from _conversations(report["conversations"])


def _verdict(report: dict[str, Any]) -> str:
    if report["identical"]:
        return "The same: every action, change and document is as it was recorded, to the byte."
    if report["differs_at"]:
        return f"Not the same, from row {report['differs_at']} on: plugins or code have changed since."
    changed = [f"{name}: {_words(change)}" for name, change in report["setup"].items()]
    changed += [f"{name}: {', '.join(ids)} put" for name, ids in report["put"].items()]
    differs = any(tally[what] for tally in report["plugins"].values() for what in ("gone", "new", "moved"))
    end = ":" if differs else " nothing would have been done otherwise."
    return f"With {'; '.join(changed)}{end}" if changed else "It differs."


def _words(change: dict[str, Any]) -> str:
    said = [] if "enabled" not in change else ["on" if change["enabled"] else "off"]
    return ", ".join(said + [f"{key} = {value}" for key, value in change.items() if key != "enabled"])


def _table(what: str, tallies: dict[str, dict[str, int]]) -> Iterator[str]:
    yield ""
    yield f"{what:<28} {'as recorded':>12} {'no more':>9} {'new':>9} {'at another time':>16}"
    for name, tally in tallies.items():
        yield f"{name:<28} {tally['same']:>12,} {tally['gone']:>9,} {tally['new']:>9,} {tally['moved']:>16,}"


def _conversations(changed: list[dict[str, Any]]) -> Iterator[str]:
    for each in changed:
        yield ""
        yield (
            f"{each['name'] or 'Unknown'} ({each['conversation']})" if each["conversation"] else "In general"
        )
        both = [(action["at"], kind, action) for kind in MARKS for action in each[kind]]
        for at, kind, action in sorted(both, key=lambda one: one[0]):
            yield f"  {MARKS[kind]} {at[:19].replace('T', ' ')}  {_action(action)}"


def _action(action: dict[str, Any]) -> str:
    shown = {key: value for key, value in action["data"].items() if key != "conversation"}
    data = orjson.dumps(shown).decode() if shown else ""
    why = f"  ({action['why']})" if action["why"] else ""
    ended = "" if action["status"] == "done" else f"  [{action['status']}: {action['reason']}]"
    return f"{action['plugin']}: {action['type']} {data}{why}{ended}"
