"""The adapter to WAHA (https://waha.devlike.pro)."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from engine.gateways import Json, Result, header

from . import api, book, schemas, webhook

SECRET_NAMES = ("webhook_secret", "webhook_secret_previous")
SECRET_LENGTH = 8


class Waha:
    """One WAHA session per account, whatever its engine (WEBJS, WPP, NOWEB, GOWS)."""

    name = "waha"
    title = "WAHA"
    settings = schemas.Account
    supports: Mapping[str, Any] = {
        "client_ids": False,
        "history": False,
        "find": True,
        "typing": True,
        "seen": True,
        "reactions": True,
        "buttons": False,
        "qr": True,
        "contacts": True,
        "media": ["image", "video", "voice", "audio", "document"],
    }

    def verify(self, headers: Mapping[str, str], raw: bytes, secrets: Mapping[str, str]) -> bool:
        """Check ``X-Webhook-Hmac``: hex HMAC-SHA512 over the body's very bytes.

        https://waha.devlike.pro/docs/how-to/events/#hmac-authentication. Without a secret of at
        least 8 characters everything is refused.
        """
        given = (header(headers, "X-Webhook-Hmac") or "").strip().lower().encode()
        matches = False
        for name in SECRET_NAMES:
            key = secrets.get(name) or ""
            expected = hmac.new(key.encode(), raw, hashlib.sha512).hexdigest().encode()
            matches |= hmac.compare_digest(given, expected) and len(key) >= SECRET_LENGTH
        return matches

    def parse(self, raw: bytes, account: str) -> list[dict[str, Any]]:
        """Return the events of one webhook body."""
        return webhook.parse(raw, account)

    def default_account(self, raw: bytes) -> str | None:
        """Return the body's session."""
        return webhook.session_of(raw)

    def send(self, message: Json, account: Json, secrets: Mapping[str, str], deadline: float) -> Result:
        """Send a text, picture, video, voice note or file; see `engine.Gateway.send`."""
        return api.send(message, api.Session(account, secrets), deadline)

    def find(self, message: Json, account: Json, secrets: Mapping[str, str], deadline: float) -> Result:
        """Look for a message in the chat's history; see `engine.Gateway.find`."""
        return api.find(message, api.Session(account, secrets), deadline)

    def presence(
        self, message: Json, state: str, account: Json, secrets: Mapping[str, str], deadline: float
    ) -> None:
        """Show that the chat is read, or that somebody types; see `engine.Gateway`."""
        api.presence(message, state, api.Session(account, secrets), deadline)

    def fetch_media(
        self, ref: Json, account: Json, secrets: Mapping[str, str], deadline: float
    ) -> dict[str, Any]:
        """Fetch a file from WAHA itself, never from another host; see `engine.Gateway.fetch_media`."""
        return api.fetch_media(ref, api.Session(account, secrets), deadline)

    def contacts(
        self, account: Json, secrets: Mapping[str, str], deadline: float, cursor: str | None
    ) -> dict[str, Any]:
        """Read a page of the phone's contacts; see `engine.gateways.AddressBook`."""
        return book.page(api.Session(account, secrets), deadline, cursor)
