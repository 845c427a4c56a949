"""``replyai parse``: what a webhook's body means, without anything running."""

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from engine import config
from engine.config.sections import did_you_mean, nearest


class NotParsed(Exception):
    """There are no events to print; the text says why."""


@click.command()
@click.argument("gateway")
@click.argument("file", required=False, default="-")
@click.option("--account", help="The account's name; by default what the body says of itself.")
def parse(gateway: str, file: str, account: str | None) -> None:
    """Print the events in one webhook body of GATEWAY.

    They come a JSON object a line. FILE holds the body as it was posted; without it,
    standard input is read. Nothing is stored. What ReplyAI does not read yet is an event
    of type "unknown".

    \b
    Example:  replyai parse waha message.json
              curl … | replyai parse waha --account cs
    """
    adapter = _adapter(gateway)
    where = "standard input" if file == "-" else file
    for event in _events(adapter, _body(file), account, where):
        line = {key: value for key, value in event.items() if key != "at"}
        click.echo(orjson.dumps(line).decode())


def _adapter(name: str) -> Any:
    from engine import plugins

    gateways = plugins.load(config.load().plugins_dir).gateways()
    if name not in gateways:
        known = ", ".join(sorted(gateways)) or "none is installed"
        raise NotParsed(
            f"there is no gateway {name}; there are {known}{did_you_mean(nearest(name, gateways))}"
        )
    return gateways[name]


def _body(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _events(adapter: Any, body: bytes, account: str | None, where: str) -> list[dict[str, Any]]:
    from engine import NotUnderstood

    try:
        events: list[dict[str, Any]] = adapter.parse(
            body, account or adapter.default_account(body) or adapter.name
        )
    except NotUnderstood as error:
        raise NotParsed(f"{where}: {adapter.name} does not understand it: {error}") from None
    except (ValueError, UnicodeError) as error:
        raise NotParsed(f"{where}: no JSON: {error}") from None
    return events
