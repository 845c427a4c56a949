"""What the supervisor says, and what its children say, on its own output."""

import contextlib
import sys
from typing import Any

import structlog

_NAME_WIDTH = 8
_QUIET = ("INFO ", "DEBUG ")  # how the engine's lines begin


def set_up() -> None:
    """Lines for people: time, level, text; in colour on a terminal."""
    colours = sys.stdout.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if colours else "iso", utc=not colours),
            structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=0, pad_level=False),
        ],
        logger_factory=_Lasting,
    )


def say(text: str) -> None:
    """Print *text* as a line of its own, for who started this."""
    _Lasting().msg(text)


def pass_on(name: str, line: str) -> None:
    """Print a child's *line* behind its name; what it only informs of is left out."""
    if not line.startswith(_QUIET):
        _Lasting().msg(f"{name:{_NAME_WIDTH}} {line}")


class _Lasting:
    """Prints to standard output as long as anybody listens; the children outlive a closed pipe."""

    def __init__(self, *args: Any) -> None:
        pass

    def msg(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            print(text, flush=True)

    debug = info = warning = error = critical = msg
