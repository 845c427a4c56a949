"""``replyai bench``."""

import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("name")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows here.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw cost against size here.")
@click.option("--only", multiple=True, metavar="FIGURE", help="Measure this one alone; may be given again.")
@click.option("--quick", is_flag=True, help="Small sizes: to see that it runs, not to measure.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where to make the scratch data, on the disk to measure (6 GB; the temporary folder by default).",
)
def bench(
    name: str,
    file: Path | None,
    plot: Path | None,
    only: tuple[str, ...],
    quick: bool,
    folder: Path | None,
) -> None:
    """Measure what things cost on this machine.

    It makes scratch data of its own and touches no workspace. The whole of it takes about
    ten minutes; the exit code is 1 where a figure falls short of its target.

    \b
    Example:  replyai bench storage --json figures.json
    Example:  replyai bench storage --only cost --only searching
    """
    from engine.bench import benches, run
    from engine.bench.show import as_json, as_plot, as_table

    known = benches()
    if name not in known:
        raise click.BadParameter(f"there is no bench {name}; there are {', '.join(sorted(known))}")
    figures = _chosen({figure.__name__: figure for figure in known[name]}, only)
    rows = list(run(figures, folder, quick=quick, say=lambda text: click.echo(f"… {text}", err=True)))
    as_table(rows, f"replyai bench {name}")
    if file is not None:
        file.write_text(as_json(rows))
    if plot is not None and any(" microseconds" in row.what for row in rows):
        plot.write_text(as_plot(rows))
    sys.exit(1 if any(row.ok is False for row in rows) and not quick else 0)


def _chosen(figures: dict[str, Any], only: tuple[str, ...]) -> list[Any]:
    """Return the figures named *only*, or all."""
    if unknown := set(only) - figures.keys():
        raise click.BadParameter(f"{unknown.pop()} is none of {', '.join(figures)}", param_hint="--only")
    return [figure for name, figure in figures.items() if name in only or not only]
