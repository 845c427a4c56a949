"""The product itself with very many messages: how long its start takes, and how much memory it holds."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from engine.bench.filling import LONGEST, chat_of
from engine.bench.rows import Bench, Row, row
from engine.ids import document_id

_ADMIN = {"email": "bench@replyai.example", "password": "seven quiet herons"}
_TOKEN = "bench-token-of-thirty-two-letters"
_PATIENCE = 120.0
_PAGE = 100
_PROCESSES = {"engine.process": "the engine", "gunicorn": "the web server"}


def serving(bench: Bench) -> Iterator[Row]:
    """Seconds from the command to the inbox's first answer, and MB after paging through 10,000 messages."""
    data = bench.filled
    bench.say("the product with them")
    with _serve(data) as (_, client):  # the first start makes the admin and the files of Redis
        _sign_in(client)
        cookies = client.cookies
    taken = []
    for _ in range(1 if bench.quick else 5):
        started = time.perf_counter()
        with _serve(data) as (process, client):
            client.cookies = cookies
            _until_inbox(client)
            taken.append(time.perf_counter() - started)
            pages = _page_through(client)
            memory = _memory(process.pid)
    messages = f"{bench.many:,} messages"
    yield row(f"start with {messages} until the inbox answers", median(taken), "s", "≤ 2")
    bench.say(f"{pages:,} messages were paged through")
    for name, size in memory.items():
        yield row(f"resident memory with {messages}: {name}", size, "MB")
    if memory:
        yield row(f"resident memory with {messages}: both", sum(memory.values()), "MB", "≤ 250")


@contextmanager
def _serve(data: Path) -> Iterator[tuple["subprocess.Popen[bytes]", httpx.Client]]:
    port = _free_port()
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REPLYAI_")}
    environ = {
        **{key: value for key, value in kept.items() if key != "REDIS_URL"},
        "REPLYAI_DATA": str(data),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "REPLYAI_API_TOKEN": _TOKEN,
        "REPLYAI_ADMIN_EMAIL": _ADMIN["email"],
        "REPLYAI_ADMIN_PASSWORD": _ADMIN["password"],
    }
    command = [sys.executable, "-m", "engine.cli", "serve"]
    with (data / "bench.log").open("ab") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE) as client:
            yield process, client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _patiently(client: httpx.Client, path: str) -> httpx.Response:
    """Ask until the server is there and answers 200."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            answer = client.get(path, follow_redirects=True)
            if answer.status_code == 200:
                return answer
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path} did not answer within {_PATIENCE:g} s")
        time.sleep(0.01)


def _sign_in(client: httpx.Client) -> None:
    page = _patiently(client, "/login").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = {**_ADMIN, "csrf_token": token[1] if token else ""}
    answer = client.post("/login", data=form)
    if answer.status_code != 303:
        raise RuntimeError(f"the sign-in answered {answer.status_code}")


def _until_inbox(client: httpx.Client) -> None:
    page = _patiently(client, "/")
    if "login" in page.url.path:
        raise RuntimeError("the session of the first start is not known any more")


def _page_through(client: httpx.Client) -> int:
    """Read the longest conversation page by page, 10,000 messages at most; return how many."""
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    id, count = document_id(chat_of(0), "conversation", 0), 0
    cursor: str | None = ""
    while cursor is not None and count < LONGEST:
        parameters: dict[str, Any] = {"limit": _PAGE, **({"cursor": cursor} if cursor else {})}
        answer = client.get(f"/api/conversations/{id}/messages", params=parameters, headers=headers)
        answer.raise_for_status()
        count, cursor = count + len(answer.json()["items"]), answer.json()["next"]
    return count


def _memory(supervisor: int) -> dict[str, float]:
    """Return the megabytes that engine and web hold, or nothing where the system does not tell."""
    found: dict[str, float] = {}
    for pid in _below(supervisor):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        for part, name in _PROCESSES.items():
            if part in command:
                found[name] = found.get(name, 0) + _resident(pid)
    return found


def _below(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(child) for path in children for child in path.read_text().split()]
    return found + [below for child in found for below in _below(child)]


def _resident(pid: int) -> float:
    kilobytes = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes[1]) / 1000 if kilobytes else 0.0
