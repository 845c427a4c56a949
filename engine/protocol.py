"""Frames on the engine's socket: a 4-byte big-endian length, then JSON of at most 16 MiB."""

import socket
import struct
from typing import Any

import orjson

LIMIT = 16 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class FrameError(ConnectionError):
    """The other side sent what is no frame, or closed in the middle of one."""


def pack(message: dict[str, Any]) -> bytes:
    """Return *message* as one frame; FrameError where it is over 16 MiB."""
    body = orjson.dumps(message)
    if len(body) > LIMIT:
        raise FrameError(f"a frame of {len(body)} bytes is over the {LIMIT} allowed")
    return _LENGTH.pack(len(body)) + body


def _exactly(sock: socket.socket, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read(sock: socket.socket) -> dict[str, Any] | None:
    """Return the next message of *sock*, or None where the other side closed between two."""
    head = _exactly(sock, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LIMIT:
        raise FrameError(f"a frame of {length} bytes is over the {LIMIT} allowed")
    body = _exactly(sock, length)
    if body is None:
        raise FrameError("the connection ended in the middle of a frame")
    message = orjson.loads(body)
    if not isinstance(message, dict):
        raise FrameError("a frame holds a JSON object")
    return message
