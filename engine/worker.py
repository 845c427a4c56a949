"""A worker: one process, one queue, one job at a time. All calls to gateways are made in workers.

RQ brings the jobs; what one may do is `engine.perform.run` and nothing else. RQ's retries,
schedules, callbacks and remote commands stay off: the engine decides what is tried again.
"""

import contextlib
import logging
import os
import signal
import sys
import time
from typing import Any

import redis
import structlog
from rq import Queue
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from engine import config
from engine.redis import Keys, connect, installation
from engine.supervisor.parent import end_with_parent

FUNCTION = "engine.perform.run"
QUEUES = ("send", "work")
_WORKER_TTL = 20  # seconds; RQ blocks this less 15 for a job, and is taken for dead 60 after it
_LONGEST_PAUSE = 5.0  # seconds between two tries to reach Redis

log = structlog.get_logger()


def main(queue: str) -> int:
    """Work on *queue* (``send`` or ``work``) until SIGTERM or SIGINT; return the exit code.

    A job that is being done is finished first. Redis may restart meanwhile.
    """
    end_with_parent()
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    settings = config.load()
    pause = 0.1
    while True:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop_now)  # until RQ sets its own
        started = time.monotonic()
        if _work(settings, queue):
            return 0
        pause = 0.1 if time.monotonic() - started > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
        time.sleep(pause)


def _work(settings: config.Config, queue: str) -> bool:
    """Work until asked to stop (True) or until Redis is away (False)."""
    try:
        worker = make(connect(settings), Keys(installation(settings)).queue(queue))
        worker.work(logging_level="WARNING")
    except (redis.RedisError, OSError) as error:
        log.warning("Redis is away; trying again", queue=queue, reason=str(error))
        return False
    return worker.stopping


def make(client: "redis.Redis[bytes]", queue: str) -> "QueueWorker":
    """Return a worker on RQ's *queue* that is ready to ``work()``."""
    return QueueWorker(
        [Queue(queue, connection=client, job_class=OurJob, serializer=JSONSerializer)],
        name=f"{queue}-{os.getpid()}-{time.monotonic_ns()}",
        connection=client,
        default_result_ttl=0,
        job_class=OurJob,
        serializer=JSONSerializer,
        worker_ttl=_WORKER_TTL,
        maintenance_interval=60,
        log_job_description=False,
    )


class OurJob(Job):
    """A job that can do nothing but `engine.perform.run`, whatever stands in Redis."""

    def restore(self, raw_data: Any) -> Any:
        """Read the job, without the callbacks and webhooks that RQ would import or call."""
        restored = super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []
        self.retries_left = self.repeats_left = None
        return restored

    @property
    def is_ours(self) -> bool:
        """Whether it names the one function and no object to call it on."""
        try:
            return bool(self.func_name == FUNCTION and self.instance is None)
        except Exception:  # RQ's DeserializationError and its causes: pickled, cut off, …
            return False


class QueueWorker(SimpleWorker):
    """A SimpleWorker that stops between jobs only, and asks nothing of Redis to do so."""

    max_connection_wait_time = 1.0
    stopping = False
    busy = False

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do *job*; one that is not ours is thrown away."""
        if not (isinstance(job, OurJob) and job.is_ours):
            log.warning("a job that is not ours was thrown away", job=job.id, queue=queue.name)
            queue.intermediate_queue.remove(job.id)
            job.delete()
            return
        self.busy = True
        try:
            super().execute_job(job, queue)
        finally:
            self.busy = False
        if self.stopping:
            raise StopRequested

    def request_stop(self, signum: Any, frame: Any) -> None:
        """Stop after the job, or at once where there is none; further signals change nothing."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.stopping = True
        if not self.busy:
            raise StopRequested

    def subscribe(self) -> None:
        """Listen to no commands through Redis."""

    def unsubscribe(self) -> None:
        """There is nothing to leave."""

    def teardown(self) -> None:
        """Say good-bye where Redis is there to hear it."""
        with contextlib.suppress(redis.RedisError):
            self.register_death()  # type: ignore[no-untyped-call]


def _stop_now(signum: int, frame: Any) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in QUEUES:
        sys.exit(f"usage: python -m engine.worker {'|'.join(QUEUES)}")
    sys.exit(main(sys.argv[1]))
