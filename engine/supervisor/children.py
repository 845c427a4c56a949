"""One child process: how it is started, what it says, when it is started again."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.supervisor.parent import end_with_parent

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds
STEADY = 20.0  # seconds after which a child counts as well
_LINE_LIMIT = 64 * 1024


@dataclass
class Child:
    """A command that is to run as long as the supervisor does.

    failures: how often it has ended since it last ran for `STEADY` seconds.
    due: the monotonic time at which it is started again, or None.
    """

    name: str
    command: Sequence[str]
    environ: dict[str, str]
    pass_fds: tuple[int, ...] = ()
    once: bool = False
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    failures: int = 0
    due: float | None = None
    _rest: bytes = field(default=b"", repr=False)

    def start(self) -> int:
        """Start it; return the descriptor that its output is read from (non-blocking)."""
        parent = os.getpid()
        # No other thread of the supervisor holds a lock: code between fork and exec is safe.
        self.process = subprocess.Popen(
            self.command,
            env=self.environ,
            pass_fds=self.pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the supervisor's to answer
            preexec_fn=lambda: end_with_parent(parent),
        )
        self.started, self.due = time.monotonic(), None
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        return self.process.stdout.fileno()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self.process.pid if self.process is not None else None

    def lines(self) -> list[str]:
        """Return the whole lines that it has written since the last call."""
        if self.process is None or self.process.stdout is None:
            return []
        try:
            chunk = os.read(self.process.stdout.fileno(), _LINE_LIMIT)
        except BlockingIOError:
            return []
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > _LINE_LIMIT or not chunk:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode("utf-8", "replace").rstrip() for line in whole if line.strip()]

    def ended(self) -> int | None:
        """Return the exit code if it has ended (negative: the signal), else None."""
        return None if self.process is None else self.process.poll()

    def signal(self, number: int) -> None:
        """Send it a signal; one that has ended gets none."""
        if self.process is not None:
            self.process.send_signal(number)

    def bury(self) -> None:
        """Forget the ended process; say when the next one is due."""
        assert self.process is not None and self.process.stdout is not None
        self.process.stdout.close()
        steady = time.monotonic() - self.started >= STEADY
        self.failures = 1 if steady else self.failures + 1
        self.process = None
        if not self.once:
            pause = min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE)
            self.due = time.monotonic() + pause


def how_it_ended(code: int) -> str:
    """Return an exit code in words."""
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
