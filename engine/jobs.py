"""Jobs on the engine's side: enqueue after the commit, read results, bring back what got lost."""

import logging
import queue
import secrets as randomness
import threading
from collections import Counter
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
from engine.perform import MARK_SECONDS, durable
from engine.redis import Keys
from engine.writer import StoreFull

FUNCTION = "engine.perform.run"
GROUP = "engine"
READ_COUNT = 64
BLOCK_MS = 1000
SWEEP_SECONDS = 2.0
SWEEP_AFTER = 30.0
GRACE_SECONDS = 5.0
RQ_SLACK_SECONDS = 60
AWAY_PAUSE = 0.5
GIVE_UP = 5
AWAY = (redis_client.ConnectionError, redis_client.TimeoutError, redis_client.BusyLoadingError)

Document = dict[str, Any]
Submit = Callable[[str, list[Document]], Any]
log = logging.getLogger("replyai.engine")


class Enqueuer(threading.Thread):
    """Hands committed jobs to RQ; what Redis does not take now, the sweeper brings later."""

    def __init__(self, client: "redis_client.Redis[bytes]", keys: Keys) -> None:
        super().__init__(name="enqueuer", daemon=True)
        self._waiting: queue.SimpleQueue[tuple[str, Document] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._client = client
        self._queues = {
            name: Queue(keys.queue(name), connection=client, serializer=JSONSerializer)
            for name in ("send", "work")
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
        except Exception as error:
            log.error("a job waits for the sweeper: %s", error)
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

    def waiting(self) -> set[str]:
        """Return the ids of all jobs that RQ still has in its lists."""
        found: set[str] = set()
        for queue_ in self._queues.values():
            found.update(id.decode() for id in self._client.lrange(queue_.key, 0, -1))
        return found


class Results(threading.Thread):
    """Reads what workers tell from a Redis stream; acknowledges after the commit that holds it."""

    def __init__(self, client: "redis_client.Redis[bytes]", keys: Keys, submit: Submit) -> None:
        super().__init__(name="results", daemon=True)
        self._client = client
        self._stream = keys.results
        self._submit = submit
        self._stopped = threading.Event()
        self._failures: Counter[bytes] = Counter()

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
            self._client.xgroup_create(self._stream, GROUP, id="0", mkstream=True)
        except redis_client.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _read(self, start: str) -> int:
        block = BLOCK_MS if start == ">" else None
        found: Any = self._client.xreadgroup(
            GROUP, GROUP, {self._stream: start}, count=READ_COUNT, block=block
        )
        entries = found[0][1] if found else []
        waiting = [(id, self._take(fields)) for id, fields in entries]
        settled = [id for id, future in waiting if future is None or self._is_settled(id, future)]
        for id in settled:
            self._client.xack(self._stream, GROUP, id)  # type: ignore[no-untyped-call]
            self._client.xdel(self._stream, id)
        if len(settled) < len(waiting):
            raise RuntimeError(f"{len(waiting) - len(settled)} of them will be read again")
        return len(waiting)

    def _is_settled(self, id: bytes, future: Any) -> bool:
        """Whether an entry is committed, or has failed so often that its job's deadline has to decide."""
        try:
            future.result()
        except StoreFull:
            raise
        except Exception as error:
            self._failures[id] += 1
            log.error("the result %s failed: %s", id.decode(), error)
            return self._failures[id] >= GIVE_UP
        return True

    def _take(self, fields: dict[bytes, bytes]) -> Any:
        try:
            workspace, job = fields[b"workspace"].decode(), fields[b"job"].decode()
            result = orjson.loads(fields[b"result"])
            heard = event("job.finished", job, {"job": job, "result": result}, origin="job")
            return self._submit(workspace, [heard])
        except (KeyError, ValueError) as error:
            log.error("a result that cannot be read was dropped: %s", error)
            return None


class Sweeper:
    """Brings back jobs that told nothing, of one workspace; `sweep` is called every few seconds.

    now() is the workspace's time.
    """

    def __init__(
        self,
        workspace: str,
        client: "redis_client.Redis[bytes]",
        keys: Keys,
        documents: Database,
        enqueuer: Enqueuer,
        submit: Submit,
        now: Callable[[], str] = times.now,
    ) -> None:
        self.workspace = workspace
        self.client = client
        self.keys = keys
        self.documents = documents
        self.enqueuer = enqueuer
        self.submit = submit
        self.now = now

    def begin(self) -> None:
        """At start: check the epoch, and enqueue what was committed but not handed out before the end."""
        self.check_epoch()
        waiting = self.enqueuer.waiting()
        for job in self.documents.table("job").search(where("state") == "queued"):
            if job["id"] not in waiting and not self.client.exists(self.keys.mark(job["id"])):
                self.enqueuer.put(self.workspace, job)

    def sweep(self) -> None:
        """Check the epoch, then every job that is older than half a minute and in no list of RQ's."""
        self.check_epoch()
        before = times.add(self.now(), -SWEEP_AFTER)
        late = self.documents.table("job").search(
            (where("state") == "queued") & (where("created_at") < before)
        )
        waiting = self.enqueuer.waiting() if late else set()
        for job in late:
            if job["id"] not in waiting:
                self._look_after(job)

    def check_epoch(self) -> None:
        """Begin a new epoch where Redis has none or another: it was emptied or replaced."""
        workspace: Any = self.documents.table("workspace").get(doc_id="main") or {}
        known: Any = self.client.get(self.keys.epoch(self.workspace))
        if known and known.decode() == workspace.get("epoch"):
            return
        fresh = randomness.token_hex(16)
        self.submit(self.workspace, [event("redis.epoch", fresh, {"epoch": fresh}, origin="system")]).result()
        self.client.set(self.keys.epoch(self.workspace), fresh)

    def _look_after(self, job: Document) -> None:
        """Take the attempt's mark: won, no worker can ever call it; lost, wait for its deadline."""
        mark = orjson.dumps({"at": times.now(), "engine": True})
        if self.client.set(self.keys.mark(job["id"]), mark, nx=True, ex=MARK_SECONDS):
            self._give_again(job)
            return
        value: Any = self.client.get(self.keys.mark(job["id"]))
        begun = orjson.loads(value) if value else {}
        if begun.get("engine"):
            self._give_again(job)
        elif begun and times.seconds_between(begun["at"], times.now()) > job["deadline"] + GRACE_SECONDS:
            self._expire(job, "lost" if job["queue"] == "send" else "won")

    def _give_again(self, job: Document) -> None:
        """Give the next attempt out, once the mark of this one cannot be lost any more."""
        if job["queue"] != "send" or durable(self.client):
            self._expire(job, "won")

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
