"""How long things are kept: raw webhooks, what messages say, plugins' failures and documents, unused files.

The rules are ``[retention]`` in replyai.toml, and of plugins' own documents the setting that the
collection names (`Collection.ages`); the engine's housekeeping runs them every hour.
"""

import time
from typing import Any

from engine import credentials, times
from engine.documents import where
from engine.events import event
from engine.workspace import Workspace

DEFAULTS = {"raw_days": 30, "message_days": 0, "problem_days": 90}
DAY = 86400
BATCH = 500


def keep(workspace: Workspace, rules: dict[str, int], now: str) -> None:
    """Let go of what is older than *rules* say at the time *now* (a rule of 0 days: never)."""
    before = {
        rule: times.add(now, -days * DAY) for rule, days in {**DEFAULTS, **rules}.items() if days and days > 0
    }
    workspace.writer.do(credentials.forget_expired).result()
    if "raw_days" in before:
        workspace.writer.do(lambda _: workspace.forget(before["raw_days"])).result()
    if "problem_days" in before:
        _expire(workspace, "problem", "at", before["problem_days"])
    _of_plugins(workspace, now)
    if "message_days" in before:
        while workspace.expire(before["message_days"], BATCH).result():
            pass
    workspace.clean().result()
    forget_files(workspace, time.time() - 2 * DAY)


def _of_plugins(workspace: Workspace, now: str) -> None:
    """Remove what plugins keep for so many days only; what one that is off has made waits."""
    for collection in workspace.registry.collections:
        if collection.ages and workspace.enabled(collection.owner):
            field, setting = collection.ages
            days = _setting(workspace, collection.owner, setting)
            if days > 0:
                _expire(workspace, collection.name, field, times.add(now, -days * DAY))


def _setting(workspace: Workspace, plugin: str, name: str) -> float:
    documents = workspace.reading()
    try:
        found: Any = documents.table("plugin").get(doc_id=plugin)
    finally:
        documents.connection.close()
    settings = (found or {}).get("settings") or workspace.registry.plugins[plugin].defaults()
    return float(settings[name])


def _expire(workspace: Workspace, collection: str, field: str, before: str) -> None:
    """Remove the documents whose *field* is a time from before another, some hundred in a transaction."""
    documents = workspace.reading()
    try:
        number = 0
        while ids := _older(documents, collection, field, before):
            data: dict[str, Any] = {"documents": {collection: ids}}
            told = event("documents.expired", f"{collection}/{before}/{number}", data, origin="system")
            (result,) = workspace.submit([told]).result()
            if result.get("error") or result.get("duplicate"):
                raise RuntimeError(f"old documents of {collection} stay: {result.get('error', 'told twice')}")
            number += 1
    finally:
        documents.connection.close()


def _older(documents: Any, collection: str, field: str, before: str) -> list[str]:
    table = documents.table(collection)
    found, _ = table.page(where(field) < before, order=field, newest_first=False, limit=BATCH)
    return [document["id"] for document in found]


def forget_files(workspace: Workspace, before: float) -> int:
    """Delete media that no document names and that are older than *before* (seconds since 1970).

    They are uploads that were never sent. Returns how many.
    """
    documents = workspace.reading()
    gone = 0
    try:
        for path in (workspace.folder / "media").glob("??/*"):
            if path.stat().st_mtime < before and not documents.table("media").contains(
                where("hash") == path.name
            ):
                path.unlink()
                gone += 1
    finally:
        documents.connection.close()
    return gone
