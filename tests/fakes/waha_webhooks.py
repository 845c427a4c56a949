"""The webhooks that a WAHA posts, built from the stored payloads, and their signature."""

import hashlib
import hmac
import json
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

PAYLOADS = Path(__file__).parent.parent / "payloads" / "waha"


class Webhooks:
    """Webhooks signed with ``secret``."""

    secret: str

    def post(self, url: str, body: dict[str, Any], timeout: float = 10.0) -> int:
        """Post one signed webhook; return the status."""
        raw = json.dumps(body).encode()
        request = urllib.request.Request(url, raw, sign(raw, self.secret), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    def message(
        self, chat: str, text: str, id: str, name: str = "Budi", session: str = "default"
    ) -> dict[str, Any]:
        """Return the webhook of a text that a customer wrote."""
        body = _sample("assembled/message-location.json", session)
        body["payload"] |= {"id": f"false_{chat}_{id}", "from": chat, "body": text, "location": None}
        body["payload"]["_data"] = {"pushName": name}
        return _now(body, f"evt_{id.lower()}")

    def media_message(self, chat: str, url: str, mime: str, id: str, caption: str = "") -> dict[str, Any]:
        """Return the webhook of a file that a customer sent; *url* from `add_file`."""
        body = _sample("assembled/message-video.json", "default")
        media = {"url": url, "mimetype": mime, "filename": None, "error": None}
        body["payload"] |= {"id": f"false_{chat}_{id}", "from": chat, "body": caption, "media": media}
        return _now(body, f"evt_{id.lower()}")

    def ack(self, chat: str, id: str, level: int, session: str = "default") -> dict[str, Any]:
        """Return the webhook of an acknowledgement; level -1 (error) to 4 (played)."""
        names = {-1: "ERROR", 0: "PENDING", 1: "SERVER", 2: "DEVICE", 3: "READ", 4: "PLAYED"}
        body = _sample("assembled/message-ack-device.json", session)
        body["payload"] |= {"id": f"true_{chat}_{id}", "from": chat, "to": chat}
        body["payload"] |= {"ack": level, "ackName": names[level]}
        return _now(body, f"evt_{id.lower()}_{level}")

    def echo(self, entry: dict[str, Any], source: str = "api") -> dict[str, Any]:
        """Return the ``message.any`` webhook of an accepted send."""
        body = _sample("assembled/message-location.json", entry["session"] or "default")
        payload = as_message(entry) | {
            "source": source,
            "to": entry["chat"],
            "location": None,
            "_data": {},
        }
        body |= {"event": "message.any", "payload": payload}
        return _now(body, f"evt_{entry['id'].lower()}")


def as_message(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an accepted send as WAHA lists it."""
    return {
        "id": f"true_{entry['chat']}_{entry['id']}",
        "timestamp": int(entry["at"]),
        "from": entry["chat"],
        "fromMe": True,
        "source": "api",
        "body": entry["text"] or "",
        "hasMedia": entry["media"] is not None,
        "media": None,
        "ack": 1,
    }


def sign(raw: bytes, secret: str) -> dict[str, str]:
    """Return the headers of a webhook as WAHA sends it."""
    return {
        "Content-Type": "application/json",
        "X-Webhook-Request-Id": hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        "X-Webhook-Timestamp": str(int(time.time() * 1000)),
        "X-Webhook-Hmac": hmac.new(secret.encode(), raw, hashlib.sha512).hexdigest(),
        "X-Webhook-Hmac-Algorithm": "sha512",
    }


def _sample(name: str, session: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((PAYLOADS / name).read_text())
    return body | {"session": session}


def _now(body: dict[str, Any], event_id: str) -> dict[str, Any]:
    body["id"] = event_id
    body["timestamp"] = int(time.time() * 1000)
    if "timestamp" in body["payload"]:
        body["payload"]["timestamp"] = int(time.time())
    return body
