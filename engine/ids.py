"""Identifiers: all derived from what happened, so that a replay makes the same ones."""

import hashlib
import hmac
import random
from functools import lru_cache
from typing import Any

_EVENT_PART_LIMIT = 400
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + two for one in _BASE32 for two in _BASE32]
_SHIFTS = range(120, -1, -10)
_DOMAINS = {"s.whatsapp.net": "c.us"}


def event_id(account: str | None, kind: str, key: str) -> str:
    """Return ``account/type/key``; ``-`` stands for no account.

    A key of over 400 characters is replaced by its SHA-256, so that the id stays indexable.
    """
    if len(key) > _EVENT_PART_LIMIT:
        key = "sha256-" + hashlib.sha256(key.encode()).hexdigest()
    return f"{account or '-'}/{kind}/{key}"


def document_id(event: str, plugin: str, ordinal: int | str) -> str:
    """Return the 26 characters of base32 that name what *plugin* made of *event*."""
    digest = hashlib.sha256(f"{event}\n{plugin}\n{ordinal}".encode()).digest()
    number = int.from_bytes(digest[:17], "big") >> 6  # 26 digits of five bits
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def seeded(salt: str, *parts: str | int) -> random.Random:
    """Return a generator whose numbers depend on the workspace's *salt* and *parts* alone."""
    message = "\n".join(str(part) for part in parts).encode()
    return random.Random(hmac.new(salt.encode(), message, hashlib.sha256).digest())


def draw(salt: str, *parts: str | int) -> float:
    """Return a number between 0 and 1, never either, that depends on *salt* and *parts* alone."""
    message = "\n".join(str(part) for part in parts).encode()
    digest = hmac.new(salt.encode(), message, hashlib.sha256).digest()
    return ((int.from_bytes(digest[:8]) >> 12) + 0.5) / 2**52


class Chance:
    """A generator as `seeded` gives it, made when it is first used: most hooks that take one never do."""

    __slots__ = ("_made", "_parts", "_salt")

    def __init__(self, salt: str, *parts: str | int) -> None:
        self._salt, self._parts = salt, parts
        self._made: random.Random | None = None

    def __getattr__(self, name: str) -> Any:
        """Return what the generator has under *name*."""
        if name.startswith("__"):
            raise AttributeError(name)
        if self._made is None:
            self._made = seeded(self._salt, *self._parts)
        return getattr(self._made, name)


@lru_cache(maxsize=4096)
def canonical_chat(jid: str) -> str:
    """Return a WhatsApp id in its one form: lower case, ``@c.us`` for people, no ``:device``.

    >>> canonical_chat("628130000:12@s.whatsapp.net")
    '628130000@c.us'
    """
    user, at, domain = jid.strip().partition("@")
    if not at:
        return jid.strip()
    user = user.partition(":")[0]
    domain = domain.lower()
    return f"{user}@{_DOMAINS.get(domain, domain)}"
