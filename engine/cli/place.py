"""Where a command finds a workspace's file, and how people say a moment."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from engine import config, times

_AGO = re.compile(r"(\d+)\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

workspace_option = click.option("--workspace", default="main", show_default=True, help="Which workspace.")


class NotThere(Exception):
    """There is no such workspace or moment; the text says what was looked for."""


@dataclass(frozen=True)
class Place:
    """A workspace to read: its folder, the installed plugins, its documents on a connection of their own."""

    folder: Path
    registry: Any
    documents: Any

    @property
    def connection(self) -> Any:
        """The read-only connection."""
        return self.documents.connection

    def moment(self, text: str | None) -> str | None:
        """Return a time as the journal writes it: RFC 3339, a day (``2026-11-24``), or ``2h`` ago."""
        return moment(text, (self.documents.table("workspace").get(doc_id="main") or {}).get("timezone"))


@contextmanager
def opened(workspace: str) -> Iterator[Place]:
    """Give a workspace for reading; the engine may run or not."""
    from engine import plugins
    from engine.store import Reading

    settings = config.load()
    folder = settings.workspace_folder(workspace)
    path = folder / "replyai.db"
    if not path.exists():
        raise NotThere(f"there is no workspace {workspace} in {settings.data}; REPLYAI_DATA names the folder")
    registry = plugins.load(settings.plugins_dir)
    documents = Reading(path, registry.collections)
    try:
        yield Place(folder, registry, documents)
    finally:
        documents.connection.close()


def moment(text: str | None, zone: str | None = None) -> str | None:
    """Return the time that *text* says; a time without a zone is one of *zone* (UTC)."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return times.format(datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]]))
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise NotThere(
            f"{text!r} is no time; take 2026-11-24, 2026-11-24T09:30, 2026-11-24T09:30:00Z, or 2h, 3d"
        ) from None
    return times.format(found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone or "UTC")))
