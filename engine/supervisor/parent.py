"""Processes that end with their parent, however it ends."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process when its parent ends, even by SIGKILL (Linux).

    parent: the parent's process id, where the caller knows it; if that one has ended
    already, this process ends too. The parent's thread that made this process must live
    as long as the parent: prctl(2) counts threads.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)
