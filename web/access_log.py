"""One line per answer: method, route and time; no bodies, tokens, addresses of people or numbers."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from time import perf_counter

import structlog
from flask import Flask, g, request
from werkzeug.wrappers import Response

from . import metrics

LARGEST = 10 * 1024 * 1024  # bytes of one log file
KEPT = 3  # older files
QUIET = ("static", "health.healthz", "metrics.metrics")


def begin() -> None:
    """Take the time."""
    g.begun = perf_counter()


def end(response: Response) -> Response:
    """Count and log the answer; the route's pattern stands for the path, which may hold secrets."""
    route = request.url_rule.rule if request.url_rule else "-"
    taken = perf_counter() - g.get("begun", perf_counter())
    metrics.requests.labels(route, request.method, str(response.status_code)).inc()
    if request.endpoint != "feed":
        metrics.seconds.labels(route).observe(taken)
    if request.endpoint not in QUIET:
        session = g.get("session")
        request_log().info(
            "answered",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(taken * 1000, 1),
            workspace=g.get("workspace"),
            agent=session.agent["id"] if session else None,
        )
    return response


def request_log() -> structlog.stdlib.BoundLogger:
    """Return the logger of requests; values are escaped, so none can forge another line."""
    return structlog.wrap_logger(logging.getLogger("replyai.access"), processors=_processors())


def _processors() -> list[structlog.typing.Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
    ]


def register(app: Flask, data: Path) -> None:
    """Log what *app* answers, a line each, in ``log/access.log`` of the data folder *data*."""
    if not structlog.is_configured():
        structlog.configure(processors=_processors())
    folder = data / "log"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = RotatingFileHandler(folder / "access.log", maxBytes=LARGEST, backupCount=KEPT, delay=True)
    log = logging.getLogger("replyai.access")
    log.handlers[:] = [file]
    log.propagate = False
    log.setLevel(logging.INFO)
    app.before_request(begin)
    app.after_request(end)
