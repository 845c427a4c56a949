"""``replyai serve`` and the processes that it is made of."""

import os
import sys

import click

from engine import config
from engine.supervisor.address import web_command


@click.command()
@click.option("--demo", is_flag=True, help="Fill an empty workspace with a believable day.")
def serve(demo: bool) -> None:
    """Run everything: Redis, engine, web server and workers.

    It prints one address with a link that signs you in. Ctrl-C stops all of it.

    \b
    Example:  PORT=8080 replyai serve --demo
    """
    from engine import supervisor

    sys.exit(supervisor.serve(config.load(), demo=demo))


@click.command()
def engine() -> None:
    """Run the engine alone: the one process that writes.

    `replyai serve` starts it for you; use this under a process manager of your own.

    \b
    Example:  replyai engine
    """
    from engine import process

    sys.exit(process.main())


@click.command()
def web() -> None:
    """Run the web server alone: pages, API, webhooks, feed.

    `replyai serve` starts it for you. It listens on HOST and PORT.

    \b
    Example:  HOST=0.0.0.0 PORT=8080 replyai web
    """
    settings = config.load()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    os.environ["REPLYAI_DATA"] = str(settings.data)
    os.execv(sys.executable, web_command(f"{host}:{settings.port}"))


@click.command()
@click.argument("queue", type=click.Choice(["send", "work"]))
def worker(queue: str) -> None:
    """Run one worker on QUEUE: send or work.

    "send" sends messages, "work" fetches media and the like. `replyai serve` starts
    workers for you; start more of them when messages wait.

    \b
    Example:  replyai worker send
    """
    from engine import worker as process

    sys.exit(process.main(queue))
