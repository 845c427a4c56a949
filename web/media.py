"""Files: taken from agents, shown to those who may see the conversation."""

import hashlib
import hmac
import io
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, request, send_file
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import FileStorage

from engine import media as stored

from .engine_link import View, read
from .errors import Invalid, NotFound
from .parts import parts
from .permissions import requires

blueprint = Blueprint("media", __name__)

MEGABYTE = 1024 * 1024
MOST = 64 * MEGABYTE
HEAD = 1 * MEGABYTE
GOOD_FOR = 24 * 3600  # seconds from the upload to the message that sends it
INLINE = (*stored.IMAGES.values(), *stored.INLINE_AUDIO, "video/mp4")
_SAFE_TYPES = ("application/pdf", "application/zip", "text/plain", "text/csv", "video/", "audio/")
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'"


@blueprint.post("/media")
@blueprint.post("/api/media")
@requires("message.send")
def upload() -> tuple[dict[str, Any], int]:
    """Take a file (multipart field ``file``); return what ``message.send`` takes as its media."""
    request.max_content_length = int(parts().setting("media_max_bytes", MOST)) + MEGABYTE
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("A file is missing.", {"file": ["Missing data for required field."]})
    found = {"id": secrets.token_urlsafe(18), **_keep(file)}
    return {**found, "token": _serializer().dumps(found)}, 201


def opened(media: dict[str, Any]) -> dict[str, Any]:
    """Return the media that an upload's ``token`` stands for; Invalid (422) without a good one."""
    try:
        found: dict[str, Any] = _serializer().loads(str(media.get("token", "")), max_age=GOOD_FOR)
    except BadData:
        raise Invalid("Upload the file again.", {"media": ["the token is wrong or too old"]}) from None
    caption = media.get("caption")
    return {**found, "caption": caption} if isinstance(caption, str) else found


def workspace_folder(workspace: str) -> Path:
    """Return the folder of a workspace."""
    return Path(parts().config.data) / "w" / workspace


@blueprint.get("/media/<id>")
@requires("conversation.read")
def show(id: str) -> Response:
    """Give a file to who may see its conversation; only plain pictures, sound and mp4 open in the page."""
    media = read(lambda view: _seen(view, id))
    hash = str(media.get("hash") or "")
    try:
        path = stored.path(workspace_folder(g.workspace), hash)
    except ValueError:
        raise NotFound("This file is not there.") from None
    if not path.is_file():
        raise NotFound("This file is not there.")
    mime = str(media.get("mime") or "application/octet-stream").split(";")[0].strip().lower()
    inline = mime in INLINE and "download" not in request.args
    response = send_file(
        path,
        mimetype=mime if inline or mime.startswith(_SAFE_TYPES) else "application/octet-stream",
        as_attachment=not inline,
        download_name=str(media.get("filename") or id),
        conditional=True,
        etag=hash,
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _seen(view: View, id: str) -> dict[str, Any]:
    media = view.get("media", id)
    view.conversation(media.get("conversation") or "")
    return media


def _keep(file: FileStorage) -> dict[str, Any]:
    """Put the upload's bytes under their hash; return hash, size, mime, kind, width, height, filename."""
    target, salt = workspace_folder(g.workspace), _meta("media_salt")
    return parts().reads.threaded(lambda: _write(file, target, salt))


def _write(file: FileStorage, target: Path, salt: str) -> dict[str, Any]:
    incoming = target / "media"
    incoming.mkdir(parents=True, exist_ok=True)
    digest, size = stored.digest(salt), 0
    with tempfile.NamedTemporaryFile(dir=incoming, prefix=".new-", delete=False) as part:
        try:
            while chunk := file.stream.read(MEGABYTE):
                digest.update(chunk)
                size += part.write(chunk)
            part.flush()
            os.fsync(part.fileno())
            part.seek(0)
            facts = stored.describe(_reopened(part.name), file.mimetype, file.filename)
            stored.put(target, Path(part.name), digest.hexdigest())
        finally:
            Path(part.name).unlink(missing_ok=True)
    return {"hash": digest.hexdigest(), "size": size, **facts}


def _reopened(name: str) -> io.BytesIO:
    """Return the beginning of a file, which is all that telling its kind takes."""
    with Path(name).open("rb") as file:
        return io.BytesIO(file.read(HEAD))


def _meta(key: str) -> str:
    """Return a fact of the workspace's file."""

    def find(view: View) -> str:
        row = view.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    return str(parts().known.get((g.workspace, "meta", key), lambda: read(find)))


def _serializer() -> URLSafeTimedSerializer:
    key = hmac.new(_meta("salt").encode(), b"media token", hashlib.sha256).digest()
    return URLSafeTimedSerializer(key, salt=f"media/{g.workspace}")
