"""RQ as it comes, to compare with: ``python -m engine.bench.plain_rq simple|fork SOCKET QUEUE``."""

import logging
import sys

import redis
from rq import Queue, SimpleWorker, Worker
from rq.serializers import JSONSerializer

from engine.calls import call


def post(url: str, body: dict[str, str]) -> str:
    """Make the call that the sender makes, and nothing else."""
    return call("POST", url, headers={}, deadline=15.0, json=body).body.decode()


def main() -> None:
    """Work off the queue, then end."""
    kind, socket, name = sys.argv[1:]
    client = redis.Redis(unix_socket_path=socket)
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    made = SimpleWorker if kind == "simple" else Worker
    queue = Queue(name, connection=client, serializer=JSONSerializer)
    made([queue], connection=client, serializer=JSONSerializer).work(burst=True, logging_level="WARNING")


if __name__ == "__main__":
    main()
