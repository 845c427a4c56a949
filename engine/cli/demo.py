"""``replyai demo``."""

import click

from engine import config
from engine.cli.link import running


@click.command()
@click.option("--workspace", default="main", show_default=True, help="Which workspace to fill.")
def demo(workspace: str) -> None:
    """Fill an empty, running workspace with a believable day.

    Four agents, labels and sixty conversations in Indonesian and English.

    \b
    Example:  replyai demo
    """
    with running(config.load(), patience=120.0) as client:
        from engine.demo import fill

        password = fill(client, workspace)
    click.echo(f"The demo is in {workspace}; its four agents (Settings, Team) have the password {password}")
