"""A wa-service for measuring: takes sends as WAHA does, at once, and tells when each came in.

``python -m engine.bench.gateway`` prints its port and serves until its input ends.
"""

import asyncio
import sys
import time
from typing import Any

import orjson

_OK = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)


class Gateway:
    """arrivals: text → when it came in, in seconds since 1970."""

    def __init__(self) -> None:
        self.arrivals: dict[str, float] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, then close, as the calls that are measured ask for it."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            raw = await reader.readexactly(_length(head))
            body = orjson.dumps(self.take(head, raw))
            writer.write(_OK % (len(body), body))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def take(self, head: bytes, raw: bytes) -> Any:
        """Return the answer to a send, or to ``GET /arrivals``."""
        if head.startswith(b"GET"):
            return self.arrivals
        text = str(orjson.loads(raw).get("text"))
        self.arrivals[text] = time.time()
        return {"id": f"true_628@c.us_B{len(self.arrivals):08}"}


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def _main() -> None:
    gateway = Gateway()
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
