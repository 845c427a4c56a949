"""The command line writes through the running engine only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.config import Config

_PATIENCE = 10.0  # seconds


class NotRunning(Exception):
    """There is no engine to talk to; the text says where it was looked for."""


@contextmanager
def running(config: Config, patience: float = _PATIENCE) -> Iterator[Any]:
    """Give an `engine.client.Client` of the engine that runs on the data folder; else `NotRunning`."""
    from engine.client import Client, EngineAway

    client = Client(config.data / "engine.sock", timeout=patience)
    try:
        client.ping()
    except EngineAway:
        client.close()
        raise NotRunning(
            f"nothing is running on {config.data}; start it with `replyai serve`, or set REPLYAI_DATA"
        ) from None
    try:
        yield client
    finally:
        client.close()
