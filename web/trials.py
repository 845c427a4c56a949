"""Drafts tried out on history: `replyai replay --put` as a process of its own, which only reads.

What comes of it is kept in a temporary folder for an hour, so that any web process can tell of it.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import orjson
from flask import g

from engine import times

from .errors import Conflict, NotFound
from .parts import parts

Json = dict[str, Any]
SECONDS = 120
MOST = 2
KEPT = 3600
_PREFIX = "replyai-trial-"


def start_trial(put: dict[str, list[Json]], days: float) -> str:
    """Have the last *days* of this workspace replayed with the documents *put*; return the trial's id.

    put: collection → drafts. Nothing is written to the workspace. Raises Conflict while `MOST` trials run.
    """
    _tidy()
    if sum(_state(folder)["state"] == "running" for folder in _folders()) >= MOST:
        raise Conflict("Another trial is running. Wait until it is done.", code="busy")
    id = secrets.token_hex(12)
    folder = _folder(id)
    folder.mkdir(mode=0o700)
    (folder / "put.json").write_bytes(orjson.dumps(put))
    (folder / "about.json").write_bytes(orjson.dumps(_whose()))
    process = _process(folder, times.add(times.now(), -days * 86400))
    threading.Thread(target=_wait, args=(process, folder), name="trial", daemon=True).start()
    return id


def trial(id: str) -> Json:
    """Return how a trial of this agent is: ``{"state", "done", "all", "report"}``; NotFound if none is.

    state: running, done, failed or late. done and all count rows of the journal; report is that of
    `engine.replay.replay`, when it is done.
    """
    folder = _folder(id)
    try:
        about = orjson.loads((folder / "about.json").read_bytes())
    except (OSError, ValueError):
        raise NotFound(f"no trial {id}") from None
    if about != _whose():
        raise NotFound(f"no trial {id}")
    return _state(folder)


def _whose() -> Json:
    return {"workspace": g.workspace, "agent": g.session.agent["id"]}


def _process(folder: Path, since: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "engine.cli", "replay", "--json", "--progress", "--since", since]
    command += ["--put", str(folder / "put.json"), "--workspace", g.workspace]
    environ = {**os.environ, "REPLYAI_DATA": str(parts().config.data), "TMPDIR": str(folder)}
    with (folder / "report").open("wb") as out, (folder / "progress").open("wb") as told:
        return subprocess.Popen(
            ["nice", "-n", "10", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=told,
            env=environ,
            cwd=Path(__file__).parent.parent,
            start_new_session=True,
        )


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for a trial's end; one that takes too long is ended."""
    try:
        ended = "done" if process.wait(SECONDS) == 0 else "failed"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        ended = "late"
    (folder / "ended.tmp").write_text(ended)
    (folder / "ended.tmp").rename(folder / "ended")


def _state(folder: Path) -> Json:
    try:
        lines = (folder / "progress").read_bytes().splitlines()
        told = [orjson.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]
        ended = (folder / "ended").read_text() if (folder / "ended").exists() else None
        late = time.time() - folder.stat().st_mtime > 2 * SECONDS
    except OSError:
        lines, told, ended, late = [], [], "failed", False
    state: Json = {"state": ended or ("failed" if late else "running"), "report": None}
    state |= told[-1] if told else {"done": 0, "all": 0}
    if ended == "done":
        state["report"] = orjson.loads((folder / "report").read_bytes())
    if state["state"] == "failed":
        state["error"] = b"\n".join(lines[-3:]).decode(errors="replace")[-500:]
    return state


def _folders() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"))


def _folder(id: str) -> Path:
    if not id.isalnum():
        raise NotFound(f"no trial {id}")
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{id}"


def _tidy() -> None:
    for folder in _folders():
        try:
            is_old = time.time() - folder.stat().st_mtime > KEPT
        except OSError:
            continue
        if is_old:
            shutil.rmtree(folder, ignore_errors=True)
