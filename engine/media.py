"""Files of messages: bytes under a hash of the workspace's salt and the content."""

import hashlib
import io
import mimetypes
import os
import tempfile
from pathlib import Path
from typing import Any

import puremagic
from PIL import Image

PIXELS = 50_000_000
IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
INLINE_AUDIO = ("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/wav", "audio/x-wav", "audio/webm")
FALLBACK = "application/octet-stream"
HEAD = 8192


def path(folder: Path, hash: str) -> Path:
    """Return where the bytes of *hash* lie in a workspace's *folder*; ValueError for no hash."""
    if len(hash) != 64 or not all(c in "0123456789abcdef" for c in hash):
        raise ValueError("no hash of a medium")
    return folder / "media" / hash[:2] / hash


def digest(salt: str) -> Any:
    """Return a SHA-256 that is begun with the workspace's media salt."""
    return hashlib.sha256(bytes.fromhex(salt))


def _image(head: io.IOBase) -> tuple[str, int, int] | None:
    try:
        with Image.open(head) as image:  # type: ignore[arg-type]
            width, height = image.size
            mime = IMAGES.get(image.format or "")
    except Exception:
        return None
    return (mime, width, height) if mime and width * height <= PIXELS else None


def _sniffed(head: bytes) -> str | None:
    if head.startswith(b"OggS"):
        return "audio/ogg"
    try:
        return puremagic.from_string(head, mime=True) or None
    except (puremagic.PureError, ValueError):
        return None


def describe(file: Any, mime: str | None, filename: str | None) -> dict[str, Any]:
    """Return ``{mime, kind, width, height, filename}`` of an open file, from its bytes first.

    What it claims to be counts only where the bytes say nothing, and never makes it a picture.
    """
    claimed = (mime or "").partition(";")[0].strip().lower()
    image = _image(file)
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    width = height = None
    if image:
        found, width, height = image
    else:
        found = _sniffed(head) or claimed or FALLBACK
        if found.startswith("image/"):
            found = FALLBACK
        if found.startswith("video/") and claimed.startswith("audio/"):
            found = claimed
    name = _name(filename, found)
    return {"mime": found, "kind": _kind(found), "width": width, "height": height, "filename": name}


def _kind(mime: str) -> str:
    if mime in IMAGES.values():
        return "image"
    if mime in INLINE_AUDIO:
        return "audio"
    return "video" if mime == "video/mp4" else "document"


def _name(filename: str | None, mime: str) -> str:
    name = (filename or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if c.isprintable() and c not in '<>:"|?*\u202e\u202d')[:120].strip(" .")
    return name or "file" + (mimetypes.guess_extension(mime) or "")


def put(folder: Path, temporary: Path, hash: str) -> None:
    """Move a synced temporary file to its place; one of the same hash stays."""
    target = path(folder, hash)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(temporary, target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def save(folder: Path, salt: str, body: bytes, mime: str | None, filename: str | None) -> dict[str, Any]:
    """Keep *body* on disk before anybody is told of it; return its description and hash."""
    sha = digest(salt)
    sha.update(body)
    hash = sha.hexdigest()
    incoming = folder / "media"
    incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=incoming, prefix=".new-", delete=False) as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    put(folder, Path(file.name), hash)
    return {"hash": hash, "size": len(body), **describe(io.BytesIO(body), mime, filename)}
