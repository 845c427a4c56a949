"""What sending costs: against plain RQ, with very many messages that wait, and how late due ones are."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

import orjson
from rq import Queue
from rq.serializers import JSONSerializer

from engine import config, plugins, process
from engine.bench.rows import Bench, Figure, Row, row
from engine.events import Event, event, requested
from engine.redis import connect, server_command

BATCH = 64
PATIENCE = 600.0
EVEN = 20  # messages a second
OFF = (
    "gap_most", "typing_most", "seen_least", "seen_most", "burst", "per_hour", "per_day", "warm_up",
    "cooldown", "ramp", "failures",
)  # fmt: skip


class Room:
    """An engine here, Redis and a gateway beside it, and as many numbers as are asked for."""

    def __init__(self, data: Path, numbers: int, sending: str) -> None:
        self.data, self.numbers = data, numbers
        data.mkdir(parents=True)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.gateway = self.run("engine.bench.gateway")
        assert self.gateway.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.gateway.stdout.readline())}"
        (data / "replyai.toml").write_text(f"[plugins.sender]\n{sending}\n" + self._accounts())
        self.config = config.load({}, data=data)
        for name in ("redis", "log"):
            (data / name).mkdir(exist_ok=True)
        self.redis_process = subprocess.Popen(server_command(self.config))
        self.processes.append(self.redis_process)
        self.redis = connect(self.config, socket_timeout=5)
        _until(self._redis_answers)
        self.engine = process.Engine(self.config, plugins.load(), self.redis)
        self.engine.start()
        self.workspace = self.engine.workspaces["main"]
        self.submit(self._customers())
        self.conversations = [c["id"] for c in self.workspace.reading().table("conversation").all()]

    def _accounts(self) -> str:
        keys = f'gateway = "waha"\nurl = "{self.url}"\nwebhook_secret = "only-for-measuring"\n'
        return "".join(f'[accounts.n{n}]\nsession = "n{n}"\n{keys}' for n in range(self.numbers))

    def _customers(self) -> Iterator[Event]:
        for n in range(self.numbers):
            chat = f"62813{n:08}@c.us"
            data = {"message": {"id": f"I{n}", "kind": "text", "text": "Halo"}}
            data["peer"] = {"chat_id": chat, "kind": "user"}
            yield event("message.received", f"{chat}/I{n}", data, account=f"n{n}")

    def _redis_answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except Exception:
            return False

    def run(self, module: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a Python process beside this one."""
        environ = {**os.environ, "REPLYAI_DATA": str(self.data)}
        command = [sys.executable, "-m", module, *arguments]
        made = subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.processes.append(made)
        return made

    def submit(self, events: Iterator[Event]) -> None:
        """Commit events in groups."""
        futures = [self.workspace.submit(group) for group in _groups(events)]
        for future in futures:
            future.result(PATIENCE)

    def messages(self, count: int, start: int = 0) -> Iterator[Event]:
        """Yield *count* requests to send a text, in turn from every number."""
        for n in range(start, start + count):
            data = {"conversation": self.conversations[n % self.numbers], "text": f"pesan {n}"}
            yield requested("api", [{"type": "message.send", "data": data, "why": None}])

    def arrivals(self) -> dict[str, float]:
        """Return text → when it reached the gateway."""
        with urlopen(f"{self.url}/arrivals", timeout=60) as answer:
            found: dict[str, float] = orjson.loads(answer.read())
        return found

    def close(self) -> None:
        """End all of it."""
        self.engine.stop()
        for each in reversed(self.processes):
            each.terminate()
        for each in self.processes:
            each.wait(20)


@contextmanager
def _room(bench: Bench, name: str, numbers: int, sending: str) -> Iterator[Room]:
    made = Room(bench.folder / name, numbers, sending)
    try:
        yield made
    finally:
        made.close()


def _groups(events: Iterator[Event]) -> Iterator[list[Event]]:
    group: list[Event] = []
    for each in events:
        group.append(each)
        if len(group) == BATCH:
            yield group
            group = []
    if group:
        yield group


def _until(holds: Any, pause: float = 0.5) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("the measurement took too long")
        time.sleep(pause)


def rate(bench: Bench) -> Iterator[Row]:
    """Messages a second from the first at the gateway to the last, beside RQ's workers doing the same call.

    The three are measured in turn, so that what else the machine does weighs on all of them.
    """
    count, rounds = (40, 1) if bench.quick else (600, 5)
    queued, ours, simple, fork = ([] for _ in range(4))
    with _room(bench, "rate", 50, 'preset = "official"') as room:
        bench.say(f"sending {rounds} times {count:,} messages from 50 numbers")
        for turn in range(rounds):
            simple.append(_plain(room, "simple", turn, count))
            fork.append(_plain(room, "fork", turn, count // 5))
            put, sent = _ours(room, turn, count)
            queued.append(put)
            ours.append(sent)
    yield row("messages queued, durably", median(queued), "per second")
    yield row("messages sent by one worker, at most once each", median(ours), "per second")
    yield row("plain RQ, SimpleWorker, the same call", median(simple), "per second")
    yield row("plain RQ, forking Worker, the same call", median(fork), "per second")
    yield row("ReplyAI / plain SimpleWorker", _ratio(ours, simple), "times", "≥ 0.7")
    yield row("ReplyAI / plain forking Worker", _ratio(ours, fork), "times", "≥ 2")


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def _ours(room: Room, turn: int, count: int) -> tuple[float, float]:
    """Return how many messages a second are queued, and how many one worker sends."""
    started = time.perf_counter()
    room.submit(room.messages(count, turn * count))
    queued = count / (time.perf_counter() - started)
    worker = room.run("engine.worker", "send")
    wanted = {f"pesan {n}" for n in range(turn * count, (turn + 1) * count)}
    _until(lambda: wanted <= room.arrivals().keys())
    worker.terminate()
    worker.wait(20)
    return queued, _per_second([at for text, at in room.arrivals().items() if text in wanted])


def _per_second(arrivals: list[float]) -> float:
    return (len(arrivals) - 1) / (max(arrivals) - min(arrivals))


def _plain(room: Room, kind: str, turn: int, count: int) -> float:
    """Return how many calls a second RQ's own worker makes."""
    queue = Queue(f"plain-{kind}-{turn}", connection=room.redis, serializer=JSONSerializer)
    for n in range(count):
        body = {"session": "n0", "chatId": "628@c.us", "text": f"{queue.name} {n}"}
        queue.enqueue_call(
            "engine.bench.plain_rq.post", args=(f"{room.url}/api/sendText", body), result_ttl=0
        )
    socket = room.redis.connection_pool.connection_kwargs["path"]
    worker = room.run("engine.bench.plain_rq", kind, str(socket), queue.name)
    worker.wait(PATIENCE)
    return _per_second([at for text, at in room.arrivals().items() if text.startswith(f"{queue.name} ")])


def pending(bench: Bench) -> Iterator[Row]:
    """What messages that wait cost in memory, and how late those that are due reach the gateway.

    Each number's first leaves at once, `EVEN` of them a second, so its second is due `floor` seconds
    later, as many a second: what two workers can do easily.
    """
    numbers, each, floor = (40, 25, 8) if bench.quick else (1000, 100, 300)
    free = "\n".join(f"{name} = 0" for name in OFF)
    sending = f'preset = "normal"\nfloor = {floor}\nquiet_from = ""\n{free}'
    with _room(bench, "pending", numbers, sending) as room:
        for _ in range(2):
            room.run("engine.worker", "send")
        for first in range(0, numbers, EVEN):
            room.submit(room.messages(min(EVEN, numbers - first), first))
            time.sleep(1.0)
        _until(lambda: len(room.arrivals()) == numbers)
        before = _resident(), _redis_bytes(room)
        bench.say(f"queueing {numbers * (each - 1):,} more messages on {numbers:,} numbers")
        room.submit(room.messages(numbers * (each - 1), numbers))
        after = _resident(), _redis_bytes(room)
        yield from _memory(before, after, numbers * (each - 1))
        bench.say("waiting until they are due")
        _until(lambda: len(room.arrivals()) >= numbers * 2, 2.0)
        late = sorted(_lateness(room))
    waiting = f"with {numbers * each:,} messages waiting"
    yield row(f"due until it reaches the gateway, {waiting}: median", 1000 * late[len(late) // 2], "ms")
    worst = 1000 * late[int(len(late) * 0.99)]
    yield row(f"due until it reaches the gateway, {waiting}: p99", worst, "ms", "≤ 250")


def _memory(before: tuple[int, int], after: tuple[int, int], count: int) -> Iterator[Row]:
    engine, redis = (max(0.0, (then - now) / count) for then, now in zip(after, before, strict=True))
    yield row("engine memory per message that waits", engine, "bytes", "≤ 1000")
    yield row("Redis memory, one message of each number queued", before[1] / 1e6, "MB")
    yield row(f"Redis memory, {count:,} more waiting", after[1] / 1e6, "MB")
    yield row("Redis memory per message that waits", redis, "bytes", "≤ 5")


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def _redis_bytes(room: Room) -> int:
    time.sleep(1.0)
    info: Any = room.redis.info("memory")
    return int(info["used_memory_dataset"])


def _lateness(room: Room) -> Iterator[float]:
    """Yield, of each message that left when its timer was due, the seconds until it reached the gateway."""
    from engine import times

    reading, arrived = room.workspace.reading(), room.arrivals()
    texts = {m["id"]: m["text"] for m in reading.table("message").all() if m["text"] in arrived}
    for (body,) in reading.connection.execute("SELECT body FROM journal"):
        told = orjson.loads(body)
        if told["event"]["type"] != "timer.fired":
            continue
        for done in told["actions"]:
            message = (done.get("result") or {}).get("message")
            if done["type"] == "sender.dispatch" and message in texts:
                due = times.parse(told["event"]["data"]["due"]).timestamp()
                yield arrived[texts[message]] - due


FIGURES: tuple[Figure, ...] = (rate, pending)
