"""Drafts tried out on history: `replyai replay --put` as a process of its own, which only reads.

What comes of it is kept for an hour in a folder of this installation, so that any web process can tell of it.
"""

import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson
from flask import g

from engine import times

from .engine_link import View
from .errors import Conflict, NotFound
from .parts import parts

Json = dict[str, Any]
SECONDS = 120
MOST = 2
KEPT = 3600
LOST = 2 * SECONDS  # after which one that never said how it ended has failed
_ENDS = {"0": "done", "124": "late", "137": "late"}  # exit codes, two of them timeout's own
_SCRIPT = """limit=$1 folder=$2; shift 2
timeout -k 5 "$limit" "$@" >"$folder/report" 2>"$folder/progress"
echo $? >"$folder/ended.tmp"; mv "$folder/ended.tmp" "$folder/ended"
"""
_FOLDER = "trials"  # in the data folder


def start_trial(put: dict[str, list[Json]], days: float) -> str:
    """Have the last *days* of this workspace replayed with the documents *put*; return the trial's id.

    put: collection → drafts. Nothing is written to the workspace. Raises Conflict while `MOST` trials run.
    """
    _tidy()
    if sum(_state(folder)["state"] == "running" for folder in _folders()) >= MOST:
        raise Conflict("Another trial is running. Wait until it is done.", code="busy")
    id = secrets.token_hex(12)
    folder = _folder(id)
    folder.mkdir(mode=0o700, parents=True)
    (folder / "put.json").write_bytes(orjson.dumps(put))
    (folder / "about.json").write_bytes(orjson.dumps(_whose()))
    since = times.add(times.now(), -days * 86400)
    (folder / "since").write_text(since)
    (folder / "progress").touch()  # there before the first look at it
    process = _process(folder, since)
    threading.Thread(target=process.wait, name="trial", daemon=True).start()
    return id


def trial(id: str) -> Json:
    """Return how a trial of this agent is: ``{"state", "done", "all", "report", "since"}``.

    NotFound if there is none.

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
    return {**_state(folder), "since": (folder / "since").read_text()}


def imported_since(view: View, since: str) -> int:
    """Return how many customers' messages of that time were imported: no replay tries anything on them."""
    found = view.connection.execute(
        "SELECT count(*) FROM doc_message"
        " WHERE json_extract(doc,'$.origin') = 'history' AND json_extract(doc,'$.direction') = 'in'"
        " AND json_extract(doc,'$.at') >= ?",
        (since,),
    )
    return int(found.fetchone()[0])


def _whose() -> Json:
    return {"workspace": g.workspace, "agent": g.session.agent["id"]}


def _process(folder: Path, since: str) -> subprocess.Popen[bytes]:
    """Begin a trial; its end, and its time limit, do not need this web process."""
    command = [sys.executable, "-m", "engine.cli", "replay", "--json", "--progress", "--since", since]
    command += ["--put", str(folder / "put.json"), "--workspace", g.workspace]
    environ = {**os.environ, "REPLYAI_DATA": str(parts().config.data), "TMPDIR": str(folder)}
    return subprocess.Popen(
        ["nice", "-n", "10", "sh", "-c", _SCRIPT, "trial", str(SECONDS), str(folder), *command],
        stdin=subprocess.DEVNULL,
        env=environ,
        cwd=Path(__file__).parent.parent,
        start_new_session=True,
    )


def _state(folder: Path) -> Json:
    try:
        lines = (folder / "progress").read_bytes().splitlines()
        told = [orjson.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]
        code = (folder / "ended").read_text().strip() if (folder / "ended").exists() else None
        ended = _ENDS.get(code, "failed") if code is not None else None
        lost = time.time() - folder.stat().st_mtime > LOST
    except OSError:
        lines, told, ended, lost = [], [], "failed", False
    state: Json = {"state": ended or ("failed" if lost else "running"), "report": None}
    state |= told[-1] if told else {"done": 0, "all": 0}
    if ended == "done":
        state["report"] = orjson.loads((folder / "report").read_bytes())
    if state["state"] == "failed":
        state["error"] = b"\n".join(lines[-3:]).decode(errors="replace")[-500:]
    return state


def _folders() -> list[Path]:
    return list(_home().glob("*"))


def _home() -> Path:
    return Path(parts().config.data) / _FOLDER


def _folder(id: str) -> Path:
    if not id.isalnum():
        raise NotFound(f"no trial {id}")
    return _home() / id


def _tidy() -> None:
    for folder in _folders():
        try:
            is_old = time.time() - folder.stat().st_mtime > KEPT
        except OSError:
            continue
        if is_old:
            shutil.rmtree(folder, ignore_errors=True)
