"""What the settings are, once read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_WORKSPACE = "main"
Sources = dict[str, str]
"""Dotted key → where its value comes from: ``replyai.toml, line 12`` or ``environment, NAME``."""


class ConfigError(Exception):
    """A setting is wrong; the text is one line for the person who wrote it."""


@dataclass(frozen=True)
class WorkspaceConfig:
    """What environment and file say about one workspace; what they leave out is not in it.

    host: the host name that leads to this workspace, or None.
    accounts: name → ``{"gateway": "waha", "title": …, and that gateway's settings}``, secrets included.
    plugins: name → ``{"enabled": bool, and that plugin's settings}``, only the keys that were set.
    settings: any of name, language (BCP 47), timezone (IANA), region (ISO 3166).
    retention: any of raw_days, message_days, problem_days (see `engine.retention`).
    sources: the keys above, dotted (``plugins.labels.enabled``), → where each was set.
    """

    name: str
    host: str | None = None
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    plugins: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    retention: dict[str, int] = field(default_factory=dict)
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """One installation's settings.

    data: the data folder, absolute.   file: the ``replyai.toml`` that was read, or None.
    port: 0 takes a free one.          webhook_max_bytes: the largest body taken, in bytes.
    media_max_bytes: the largest file that an agent may send, in bytes.
    trusted_proxies: how many proxies of ours stand in front; only their headers are believed.
    workers_send, workers_work: how many worker processes serve each queue.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    redis_url: str | None = None
    store: str = "sqlite"
    plugins_dir: Path | None = None
    webhook_max_bytes: int = 5 * 1024 * 1024
    media_max_bytes: int = 64 * 1024 * 1024
    trusted_proxies: int = 0
    workers_send: int = 2
    workers_work: int = 1
    admin_email: str | None = None
    admin_password: str | None = field(default=None, repr=False)
    api_token: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    file: Path | None = None
    workspaces: dict[str, WorkspaceConfig] = field(default_factory=dict, repr=False)
    sources: Sources = field(default_factory=dict, repr=False)

    def workspace_folder(self, workspace: str) -> Path:
        """Return the folder that holds the workspace's database, media and secrets."""
        return self.data / "w" / workspace

    @property
    def address(self) -> str:
        """The address that people open, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "localhost" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
