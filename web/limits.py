"""Limits on wrong sign-ins, per account and per address: in Redis, in memory where it is away."""

import hashlib
import threading
from collections import defaultdict, deque
from time import time
from typing import Any

import redis

WINDOW = 15 * 60  # seconds
PER_ACCOUNT, PER_ADDRESS = 10, 50
_MEMORY = 10_000


class Limits:
    """Sliding windows of tries: a try counts before it is judged, a right one is taken back."""

    def __init__(self, client: "redis.Redis[bytes] | None", clock: Any = time) -> None:
        self.client, self.clock = client, clock
        self._tries: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait(self, account: str, address: str | None) -> int:
        """Count one try; return 0 where it may go on, else for how many seconds it may not."""
        waits = [self._count("account", account.strip().lower(), PER_ACCOUNT)]
        waits.append(self._count("address", address or "-", PER_ADDRESS))
        return max(waits)

    def forgive(self, account: str, address: str | None) -> None:
        """Forget an account's tries, and the last one of its address: its password was right."""
        key, place = _key("account", account.strip().lower()), _key("address", address or "-")
        with self._lock:
            self._tries.pop(key, None)
            if self._tries.get(place):
                self._tries[place].pop()
        try:
            if self.client is not None:
                self.client.pipeline().delete(key).zpopmax(place, 1).execute()
        except redis.RedisError:
            pass

    def _count(self, kind: str, name: str, most: int) -> int:
        key, now = _key(kind, name), self.clock()
        waits = [self._in_memory(key, now, most)]
        try:
            if self.client is not None:
                waits.append(self._in_redis(key, now, most))
        except redis.RedisError:
            pass  # the window in memory, which counts as well, is then the only one
        return max(waits)

    def _in_memory(self, key: str, now: float, most: int) -> int:
        with self._lock:
            if len(self._tries) > _MEMORY:
                self._tries.clear()
            tries = self._tries[key]
            while tries and tries[0] <= now - WINDOW:
                tries.popleft()
            if len(tries) >= most:
                return int(tries[0] + WINDOW - now) + 1
            tries.append(now)
            return 0

    def _in_redis(self, key: str, now: float, most: int) -> int:
        assert self.client is not None
        pipe = self.client.pipeline()
        pipe.zremrangebyscore(key, 0, now - WINDOW)
        pipe.zcard(key)
        pipe.zadd(key, {f"{now:.6f}": now})
        pipe.zremrangebyrank(key, most, -1)
        pipe.expire(key, WINDOW)
        pipe.zrange(key, 0, 0, withscores=True)
        answers = pipe.execute()
        if answers[1] < most:
            return 0
        return int(answers[5][0][1] + WINDOW - now) + 1


def _key(kind: str, name: str) -> str:
    return f"login:{kind}:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}"
