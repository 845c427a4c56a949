"""Files that pretend customers send, on their way from the page to the worker that fetches them.

They lie under the hash of their content in a folder of this user's in the machine's temporary
folder: long enough to be fetched, which happens within seconds.
"""

import base64
import binascii
import hashlib
import os
import re
import tempfile
import time
from pathlib import Path

LIMIT = 16 * 1024 * 1024
KEPT = 24 * 3600  # seconds
_NAME = re.compile(r"[0-9a-f]{64}")
_DATA_URL = re.compile(r"data:(?P<mime>[\w.+/-]*)(?:;[\w=.+-]+)*;base64,(?P<data>[A-Za-z0-9+/=]*)")


def put(body: bytes) -> str:
    """Keep *body*; return the name to `get` it by. Forgets what is over a day old."""
    folder = _folder()
    for old in folder.iterdir():
        if old.stat().st_mtime < time.time() - KEPT:
            old.unlink(missing_ok=True)
    name = hashlib.sha256(body).hexdigest()
    handle, part = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as out:
        out.write(body)
    Path(part).rename(folder / name)
    return name


def get(name: str) -> bytes:
    """Return the file *name*; OSError where it is none, or gone."""
    if not _NAME.fullmatch(name):
        raise FileNotFoundError("this is no file's name")
    return (_folder() / name).read_bytes()


def from_data_url(url: str) -> tuple[bytes, str]:
    """Return (bytes, type) of a base64 ``data:`` URL; ValueError where it is none."""
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise ValueError("this is no base64 data: URL")
    try:
        return base64.b64decode(match["data"], validate=True), match["mime"] or "application/octet-stream"
    except binascii.Error as error:
        raise ValueError("the data: URL is cut or wrong") from error


def _folder() -> Path:
    """Return the folder, made for this user alone; OSError where somebody else made it."""
    folder = Path(tempfile.gettempdir()) / f"replyai-simulator-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder
