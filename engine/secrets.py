"""Secrets (API keys, webhook secrets): a file of their own, beside the workspace's database.

Nothing else holds one: no document, journal, job, export or log. With a key (the text of
``REPLYAI_SECRET_KEY``) the values are encrypted: Fernet, its key made by HKDF-SHA-256 with
the file's own salt. The key should be long and random; HKDF does not make a weak one strong.
"""

import base64
import json
import os
import secrets as random
import threading
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FILE = "secrets.json"


class SecretsError(Exception):
    """The secrets cannot be read or written; the text says why and what to do."""


class Secrets:
    """The secrets of one workspace, by account.

    folder: the workspace's. key: the text of ``REPLYAI_SECRET_KEY``, or None for no encryption.
    Reading is cheap: the file is read again only when it has changed.
    """

    def __init__(self, folder: Path | str, key: str | None = None) -> None:
        self.path = Path(folder) / FILE
        self._key = key or None
        self._lock = threading.RLock()
        self._stamp: tuple[int, int, int] | None = None
        self._accounts: dict[str, dict[str, str]] = {}
        self._salt = ""

    def get(self, account: str) -> dict[str, str]:
        """Return the account's secrets by name, {} where it has none; SecretsError if unreadable."""
        with self._lock:
            self._refresh()
            return dict(self._accounts.get(account, {}))

    def put(self, account: str, values: dict[str, str | None]) -> None:
        """Set the account's *values*; None takes one away, the others stay. On disk on return."""
        with self._lock:
            self._refresh()
            merged: dict[str, Any] = {**self._accounts.get(account, {}), **values}
            kept = {name: value for name, value in merged.items() if value is not None}
            self._write({**self._accounts, account: kept})

    def remove(self, account: str) -> None:
        """Forget all secrets of *account*."""
        with self._lock:
            self._refresh()
            if account in self._accounts:
                self._write({name: each for name, each in self._accounts.items() if name != account})

    def _refresh(self) -> None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._stamp, self._accounts = None, {}
            return
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._accounts = self._read()
            self._stamp = stamp

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            body = content["accounts"]
            self._salt = content.get("salt") or ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SecretsError(f"{self.path} cannot be read ({error}); restore it from a backup") from error
        if isinstance(body, dict):  # written without a key: the next write encrypts it
            return body
        return self._decrypt(str(body))

    def _decrypt(self, token: str) -> dict[str, dict[str, str]]:
        if self._key is None:
            raise SecretsError(
                f"{self.path} is encrypted; set REPLYAI_SECRET_KEY to the key it was written with"
            )
        try:
            accounts: dict[str, dict[str, str]] = json.loads(self._fernet().decrypt(token))
        except InvalidToken:
            raise SecretsError(
                f"{self.path} was written with another REPLYAI_SECRET_KEY; set the one that was used then"
            ) from None
        return accounts

    def _fernet(self) -> Fernet:
        kdf = HKDF(SHA256(), 32, salt=base64.b64decode(self._salt), info=b"replyai secrets")
        return Fernet(base64.urlsafe_b64encode(kdf.derive((self._key or "").encode())))

    def _write(self, accounts: dict[str, dict[str, str]]) -> None:
        content: dict[str, Any] = {"version": 1, "accounts": accounts}
        if self._key is not None:
            self._salt = self._salt or base64.b64encode(random.token_bytes(16)).decode()
            token = self._fernet().encrypt(json.dumps(accounts).encode()).decode()
            content = {"version": 1, "salt": self._salt, "accounts": token}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self.path, json.dumps(content, indent=1).encode())
        except OSError as error:
            raise SecretsError(f"{self.path} cannot be written: {error.strerror}") from error
        self._refresh()


def write_private(path: Path, body: bytes) -> None:
    """Put *body* at *path* for its owner alone (0600): the old or the new, never a part of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{random.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
