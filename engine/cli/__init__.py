"""The command ``replyai``."""

import os
import sys

import click

from engine import __version__
from engine.cli.bench import bench
from engine.cli.demo import demo
from engine.cli.doctor import doctor
from engine.cli.explain import explain
from engine.cli.journal import journal, tail
from engine.cli.keep import backup, erase, export, import_, restore
from engine.cli.parse import parse
from engine.cli.plugins import plugins
from engine.cli.processes import engine, serve, web, worker
from engine.cli.replay import replay
from engine.cli.search import search

__all__ = ["cli", "main"]


class Commands(click.Group):
    """The core's commands and, loaded only when they are looked for, the plugins'."""

    def _of_plugins(self) -> dict[str, click.Command]:
        from engine import config, plugins

        return plugins.load(config.load().plugins_dir).commands()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *self._of_plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command *cmd_name*, or None."""
        return super().get_command(ctx, cmd_name) or self._of_plugins().get(cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ReplyAI", message="%(prog)s %(version)s")
def cli() -> None:
    """ReplyAI: WhatsApp conversations for a team, with plugins that decide.

    `replyai serve` runs everything and prints the address to open. Settings come from the
    environment and from replyai.toml in the data folder (REPLYAI_DATA, ./data by default).
    `replyai COMMAND --help` explains a command.
    """


for command in (serve, demo, doctor, plugins, parse, journal, tail, explain, replay, engine, web, worker):
    cli.add_command(command)
for command in (backup, restore, export, import_, erase, search, bench):
    cli.add_command(command)


def main() -> None:
    """Run the command line; what goes wrong is one line on standard error and exit code 1."""
    try:
        cli(prog_name="replyai")
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("REPLYAI_DEBUG"):
            raise
        click.echo(f"replyai: {_one_line(error)}", err=True)
        sys.exit(1)


def _one_line(error: Exception) -> str:
    """Return our own errors as they are, a system's with its file, a surprise with its type."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    if type(error).__module__.startswith("engine."):
        return text
    return f"{type(error).__name__}: {text} (REPLYAI_DEBUG=1 shows where)"
