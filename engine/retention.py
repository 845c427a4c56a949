"""How long things are kept: raw webhooks, what messages say, plugins' failures, files that nothing names.

The rules are ``[retention]`` in replyai.toml; the engine's housekeeping runs them every hour.
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
        _problems(workspace, before["problem_days"])
    if "message_days" in before:
        while workspace.expire(before["message_days"], BATCH).result():
            pass
    workspace.clean().result()
    forget_files(workspace, time.time() - 2 * DAY)


def _problems(workspace: Workspace, before: str) -> None:
    documents = workspace.reading()
    try:
        old = documents.table("problem").search(where("at") < before)
    finally:
        documents.connection.close()
    ids = [problem["id"] for problem in old[: 10 * BATCH]]
    if ids:
        data: dict[str, Any] = {"documents": {"problem": ids}}
        workspace.submit([event("documents.expired", f"problem/{before}", data, origin="system")]).result()


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
