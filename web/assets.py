"""Scripts and styles: the web server's own, and those in the folder ``static`` of each plugin."""

import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request, send_from_directory, url_for

from .parts import parts, plugin_enabled
from .permissions import public

KEPT = "public, max-age=31536000, immutable"
blueprint = Blueprint("assets", __name__)
_versions: dict[Path, tuple[int, str]] = {}


def static(file: str, plugin: str | None = None) -> str:
    """Return the address of a static file, with its content's hash: it may be kept for good.

    plugin: whose it is; by default, the web server's own.
    """
    if plugin is None:
        folder, address = Path(current_app.static_folder or ""), url_for("static", filename=file)
    else:
        folder = _folder(plugin) or Path()
        address = url_for("assets.of_plugin", plugin=plugin, name=file)
    version = _version(folder / file)
    return f"{address}?v={version}" if version else address


def _version(path: Path) -> str | None:
    """Return the beginning of the SHA-256 of a file's content; None where there is none."""
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return None
    known = _versions.get(path)
    if known is None or known[0] != stamp:
        known = _versions[path] = stamp, hashlib.sha256(path.read_bytes()).hexdigest()[:10]
    return known[1]


def _folder(plugin: str) -> Path | None:
    found = parts().registry.plugins.get(plugin)
    return found.path / "static" if found and found.path else None


@blueprint.get("/<plugin>/static/<name>")
@public
def of_plugin(plugin: str, name: str) -> Response:
    """Give a file of a plugin that is on."""
    folder = _folder(plugin)
    if folder is None or not plugin_enabled(plugin):
        abort(404)
    response = send_from_directory(folder, name, max_age=0)
    if request.args.get("v"):
        response.headers["Cache-Control"] = KEPT
    return response
