"""Raw bodies of webhooks, as they are kept."""

import hashlib
import zlib
from typing import Any


def packed(raw: dict[str, Any]) -> dict[str, Any]:
    """Return *raw* with ``hash``, the SHA-256 of its ``body`` in hex, and ``packed``, what is stored.

    Whoever submits it does this, for webhooks the web process, so that the engine has less to do.
    """
    if "packed" in raw:
        return raw
    body = raw["body"]
    return {**raw, "hash": hashlib.sha256(body).hexdigest(), "packed": zlib.compress(body)}
