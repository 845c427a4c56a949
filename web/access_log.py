"""One line per answer: method, route and time; no bodies, tokens, addresses of people or numbers."""

from time import perf_counter

import structlog
from flask import Flask, g, request
from werkzeug.wrappers import Response

from . import metrics

log = structlog.get_logger("web")
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
        log.info(
            "answered",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(taken * 1000, 1),
            workspace=g.get("workspace"),
            agent=session.agent["id"] if session else None,
        )
    return response


def register(app: Flask) -> None:
    """Log what *app* answers, a line each: values are escaped, so none can forge another line."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
            ]
        )
    app.before_request(begin)
    app.after_request(end)
