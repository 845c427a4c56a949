"""Whether this web process can do its work."""

from typing import Any

import redis
from flask import Blueprint

from engine.client import EngineAway, EngineError

from .parts import parts
from .permissions import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> tuple[dict[str, Any], int]:
    """200 where engine and Redis answer, else 503; ``{"status", "engine", "redis", "version"}``."""
    found: dict[str, Any] = {"engine": "ok", "redis": "ok"}
    try:
        found["version"] = parts().client.ping().get("version")
    except (EngineAway, EngineError):
        found["engine"] = "away"
    try:
        parts().redis.ping()
    except (redis.RedisError, OSError, AttributeError):
        found["redis"] = "away"
    good = found["engine"] == found["redis"] == "ok"
    return {"status": "ok" if good else "unavailable", **found}, 200 if good else 503
