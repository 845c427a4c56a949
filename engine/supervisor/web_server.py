"""gunicorn's settings for the web server; gunicorn runs this file and reads its names.

See https://docs.gunicorn.org/en/stable/settings.html for each. It is given as a file and
imports nothing of ours at its top: gevent must patch the standard library first.
"""

from pathlib import Path
from typing import Any

worker_class = "gevent"
workers = 1
worker_connections = 2000
graceful_timeout = 2  # seconds; open feeds would hold the end up for longer
timeout = 60
keepalive = 20
loglevel = "warning"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a disk may stall its heartbeat
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """Have the worker end with gunicorn's main process, which ends with the supervisor."""
    from gevent import monkey

    monkey.patch_all()
    from engine.supervisor.parent import end_with_parent

    end_with_parent(server.pid)


def post_worker_init(worker: Any) -> None:
    """Leave what is there for good out of later searches for garbage, each of which holds all requests up."""
    import gc

    gc.collect()
    gc.freeze()
