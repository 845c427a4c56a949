"""Which workspace a request is for: ``/w/NAME`` before its path, else its host, else ``main``."""

from collections.abc import Callable, Iterable
from typing import Any

from .parts import Parts

KEY = "replyai.workspace"


class Workspaces:
    """WSGI middleware that names the workspace and takes ``/w/NAME`` off the path."""

    def __init__(self, app: Callable[..., Iterable[bytes]], parts: Parts) -> None:
        self.app, self.parts = app, parts

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer the request in its workspace; 404 where there is none of that name."""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/w/"):
            name, _slash, rest = path[3:].partition("/")
            if name not in self.parts.workspaces():
                start_response("404 NOT FOUND", [("Content-Type", "text/plain; charset=utf-8")])
                return [b"There is no such workspace.\n"]
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/w/{name}"
            environ["PATH_INFO"] = f"/{rest}"
        else:
            name = self._of_host(environ.get("HTTP_HOST", ""))
        environ[KEY] = name
        return self.app(environ, start_response)

    def _of_host(self, host: str) -> str:
        host = host.rpartition(":")[0] or host if host.rpartition(":")[2].isdecimal() else host
        for name, workspace in self.parts.config.workspaces.items():
            if workspace.host and workspace.host.lower() == host.lower():
                return name
        return "main"
