"""Counters for operators, in Prometheus' text format: from this machine, or with a token."""

from ipaddress import ip_address

from flask import Blueprint, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from .errors import Forbidden, Unauthorized
from .permissions import may, public

registry = CollectorRegistry()
requests = Counter(
    "replyai_http_requests", "Answers by route", ["route", "method", "status"], registry=registry
)
seconds = Histogram("replyai_http_seconds", "Seconds to answer", ["route"], registry=registry)
webhooks = Counter(
    "replyai_webhooks", "Webhooks by what became of them", ["gateway", "result"], registry=registry
)
sockets = Gauge("replyai_feed_sockets", "Open browsers", registry=registry)
dropped = Counter("replyai_feed_dropped", "Sockets closed because they were too slow", registry=registry)

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """All counters of this process."""
    if g.session is None and not _is_local():
        raise Unauthorized("Metrics are for this machine, or for a token.")
    if g.session is not None and not may("journal.read"):
        raise Forbidden("Your role does not allow this.")
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_local() -> bool:
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
