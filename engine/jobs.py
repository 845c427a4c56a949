"""Jobs on the engine's side: enqueue after the commit, read results, bring back what got lost."""

import logging
import queue
import secrets as randomness
import threading
from collections.abc import Callable
from typing import Any

import orjson
import redis as redis_client
from rq import Queue
from rq.serializers import JSONSerializer

from engine import times
from engine.crash import point
from engine.documents import Database, where
from engine.events import event
from engine.perform import MARK_SECONDS, RESULTS, epoch_key, mark_key

FUNCTION = "engine.perform.run"
GROUP = "engine"
READ_COUNT = 64
BLOCK_MS = 1000
SWEEP_SECONDS = 2.0
SWEEP_AFTER = 30.0
GRACE_SECONDS = 5.0
RQ_SLACK_SECONDS = 60
AWAY_PAUSE = 0.5
AWAY = (redis_client.ConnectionError, redis_client.TimeoutError, redis_client.BusyLoadingError)

Document = dict[str, Any]
Submit = Callable[[str, list[Document]], Any]
log = logging.getLogger("replyai.engine")


class Enqueuer(threading.Thread):
    """Hands committed jobs to RQ; what Redis does not take now, the sweeper brings later."""

    def __init__(self, client: "redis_client.Redis[bytes]") -> None:
        super().__init__(name="enqueuer", daemon=True)
        self._waiting: queue.SimpleQueue[tuple[str, Document] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._client = client
        self._queues = {
            name: Queue(name, connection=client, serializer=JSONSerializer) for name in ("send", "work")
        }

    def put(self, workspace: str, job: Document) -> None:
        """Enqueue *job* soon."""
        self._waiting.put((workspace, job))

    def stop(self) -> None:
        """End; what still waits is brought back after the next start."""
        self._stopped.set()
        self._waiting.put(None)

    def run(self) -> None:
        """Enqueue until told to stop; while Redis is away, wait for it."""
        while (item := self._waiting.get()) is not None:
            while not self._stopped.is_set() and not self._try(item):
                self._stopped.wait(AWAY_PAUSE)

    def _try(self, item: tuple[str, Document]) -> bool:
        try:
            self.enqueue(*item)
        except AWAY as error:
            log.warning("a job waits: Redis is away (%s)", error)
            return False
        except redis_client.RedisError as error:
            log.error("a job waits for the sweeper: Redis refuses it (%s)", error)
        return True

    def enqueue(self, workspace: str, job: Document) -> None:
        """Enqueue *job* now; redis-py's errors where Redis does not take it."""
        keys = ("id", "name", "args", "queue", "deadline", "epoch")
        payload = {"workspace": workspace, **{key: job[key] for key in keys}}
        self._queues[job["queue"]].enqueue_call(
            FUNCTION,
            args=(payload,),
            job_id=job["id"],
            timeout=int(job["deadline"]) + RQ_SLACK_SECONDS,
            result_ttl=0,
            failure_ttl=86400,
        )
        point("handed_out")

    def waits(self, job: Document) -> bool:
        """Whether RQ still has *job* in its list."""
        key = self._queues[job["queue"]].key
        return self._client.lpos(key, job["id"]) is not None


class Results(threading.Thread):
    """Reads what workers tell from a Redis stream; acknowledges after the commit that holds it."""

    def __init__(self, client: "redis_client.Redis[bytes]", submit: Submit) -> None:
        super().__init__(name="results", daemon=True)
        self._client = client
        self._submit = submit
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End within a second."""
        self._stopped.set()

    def run(self) -> None:
        """Read until told to stop; Redis may come and go."""
        start = "0"
        while not self._stopped.is_set():
            try:
                self._ensure_group()
                taken = self._read(start)
                start = ">" if start == ">" or not taken else "0"
            except AWAY:
                start = "0"
                self._stopped.wait(0.2)
            except Exception as error:
                log.warning("results wait: %s", error)
                start = "0"
                self._stopped.wait(0.5)

    def _ensure_group(self) -> None:
        try:
            self._client.xgroup_create(RESULTS, GROUP, id="0", mkstream=True)
        except redis_client.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _read(self, start: str) -> int:
        block = BLOCK_MS if start == ">" else None
        found: Any = self._client.xreadgroup(GROUP, GROUP, {RESULTS: start}, count=READ_COUNT, block=block)
        entries = found[0][1] if found else []
        waiting = [(id, self._take(fields)) for id, fields in entries]
        for id, future in waiting:
            if future is not None:
                future.result()
            self._client.xack(RESULTS, GROUP, id)  # type: ignore[no-untyped-call]
            self._client.xdel(RESULTS, id)
        return len(waiting)

    def _take(self, fields: dict[bytes, bytes]) -> Any:
        try:
            workspace, job = fields[b"workspace"].decode(), fields[b"job"].decode()
            result = orjson.loads(fields[b"result"])
        except (KeyError, ValueError) as error:
            log.error("a result that cannot be read was dropped: %s", error)
            return None
        return self._submit(
            workspace, [event("job.finished", job, {"job": job, "result": result}, origin="job")]
        )


class Sweeper:
    """Brings back jobs that told nothing, of one workspace; `sweep` is called every few seconds."""

    def __init__(
        self,
        workspace: str,
        client: "redis_client.Redis[bytes]",
        documents: Database,
        enqueuer: Enqueuer,
        submit: Submit,
    ) -> None:
        self.workspace = workspace
        self.client = client
        self.documents = documents
        self.enqueuer = enqueuer
        self.submit = submit

    def sweep(self) -> None:
        """Check the epoch, then every job that is older than half a minute."""
        self.check_epoch()
        before = times.add(times.now(), -SWEEP_AFTER)
        late = self.documents.table("job").search(
            (where("state") == "queued") & (where("created_at") < before)
        )
        for job in late:
            self._look_after(job)

    def check_epoch(self) -> None:
        """Begin a new epoch where Redis has none or another: it was emptied or replaced."""
        workspace: Any = self.documents.table("workspace").get(doc_id="main") or {}
        known: Any = self.client.get(epoch_key(self.workspace))
        if known and known.decode() == workspace.get("epoch"):
            return
        fresh = randomness.token_hex(16)
        self.submit(self.workspace, [event("redis.epoch", fresh, {"epoch": fresh}, origin="system")]).result()
        self.client.set(epoch_key(self.workspace), fresh)

    def _look_after(self, job: Document) -> None:
        if self.enqueuer.waits(job):
            return
        if job["queue"] != "send":
            self._expire(job, "won")
            return
        mark = orjson.dumps({"at": times.now(), "engine": True})
        if self.client.set(mark_key(job["id"]), mark, nx=True, ex=MARK_SECONDS):
            self._expire(job, "won")
        elif self._overdue(job):
            self._expire(job, "lost")

    def _overdue(self, job: Document) -> bool:
        value: Any = self.client.get(mark_key(job["id"]))
        mark = orjson.loads(value) if value else {}
        if mark.get("engine"):
            self._expire(job, "won")
            return False
        begun = mark.get("at") or job["created_at"]
        return bool(times.seconds_between(begun, times.now()) > job["deadline"] + GRACE_SECONDS)

    def _expire(self, job: Document, mark: str) -> None:
        data = {"job": job["id"], "mark": mark}
        self.submit(
            self.workspace, [event("job.expired", f"{job['id']}/{mark}", data, origin="system")]
        ).result()


class Sweeping(threading.Thread):
    """Runs the sweepers of all workspaces, and tells when Redis is away."""

    def __init__(self, sweepers: Callable[[], list[Sweeper]]) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._sweepers = sweepers
        self._stopped = threading.Event()
        self.away: str | None = None

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def run(self) -> None:
        """Sweep until told to stop."""
        while not self._stopped.is_set():
            try:
                for sweeper in self._sweepers():
                    sweeper.sweep()
                self.away = None
            except redis_client.RedisError as error:
                self.away = str(error)
            except Exception:
                log.exception("a sweep failed")
            self._stopped.wait(SWEEP_SECONDS)
