"""``replyai bench``."""

import sys
from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows here.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw cost against size here.")
@click.option("--quick", is_flag=True, help="Small sizes: to see that it runs, not to measure.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where to make the scratch data, on the disk to measure (4 GB; the temporary folder by default).",
)
def bench(name: str, file: Path | None, plot: Path | None, quick: bool, folder: Path | None) -> None:
    """Measure what things cost on this machine.

    It makes scratch data of its own and touches no workspace. The whole of it takes about
    ten minutes; the exit code is 1 where a figure falls short of its target.

    \b
    Example:  replyai bench storage --json figures.json
    """
    from engine.bench import benches, run
    from engine.bench.show import as_json, as_plot, as_table

    known = benches()
    if name not in known:
        raise click.BadParameter(f"there is no bench {name}; there are {', '.join(sorted(known))}")
    rows = list(run(known[name], folder, quick=quick, say=lambda text: click.echo(f"… {text}", err=True)))
    as_table(rows, f"replyai bench {name}")
    if file is not None:
        file.write_text(as_json(rows))
    if plot is not None:
        plot.write_text(as_plot(rows))
    sys.exit(1 if any(row.ok is False for row in rows) and not quick else 0)
