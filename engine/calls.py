"""The one way in which adapters call a wa-service over HTTP: one deadline, a size limit, a clear outcome.

A call that does not end in a 2xx raises `CallFailed`, whose ``outcome`` says what it means for a
message: ``not_sent`` (no byte of the request left, or 429 and 503), ``refused`` (another 4xx) or
``unknown`` (a time-out, a reset, another 5xx: it may have been taken).
"""

import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import httpcore
import orjson

if TYPE_CHECKING:  # who makes no call is spared the import, which takes long
    import httpx

MEGABYTE = 1024 * 1024
RETRY_AFTER_LIMIT = 3600.0
_CHUNK = 64 * 1024
_SAME_HOST_REDIRECTS = 3
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Answer:
    """A 2xx answer: its headers by lower-case name and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON; ValueError where it is none."""
        return orjson.loads(self.body)


class CallFailed(Exception):
    """A call that did not end in a 2xx: its outcome, and why, in a sentence for people."""

    def __init__(
        self,
        outcome: str,
        reason: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        body: str = "",
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.status = status
        self.retry_after = retry_after
        self.body = body


def call(
    method: str,
    url: str,
    *,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    deadline: float = 15.0,
    max_bytes: int = MEGABYTE,
    redirects: bool = False,
    inside: Collection[str] | None = None,
) -> Answer:
    """Call *url* and return its 2xx answer; CallFailed with the outcome otherwise.

    deadline: seconds for all of it, from the look-up of the name to the last byte.
    max_bytes: what the answer's body may have, unpacked.
    redirects: follow a GET's redirects on the same scheme, host and port (three at most).
    inside: where given, only addresses of the open internet are called, on the ports 80 and 443, but for
    these ``host:port``; for addresses that somebody who does not run this installation has written.
    """
    clock = _Clock(deadline, inside)
    for _ in range(_SAME_HOST_REDIRECTS + 1):
        answer, target = _once(method, url, json, headers, clock, max_bytes)
        if target is None:
            return answer
        if not redirects or not same_host(url, target):
            reason = "the service answered with a redirect: is its URL right?"
            raise CallFailed("refused", reason, status=answer.status)
        url = target
    raise CallFailed("refused", "the service redirects in a circle", status=302)


def same_host(one: str, other: str) -> bool:
    """Return whether two URLs have the same scheme, host and port."""
    import httpx

    first, second = httpx.URL(one), httpx.URL(other)
    return (first.scheme, first.host, first.port) == (second.scheme, second.host, second.port)


def _once(
    method: str, url: str, json: Any, headers: Mapping[str, str] | None, clock: "_Clock", max_bytes: int
) -> tuple[Answer, str | None]:
    """Make one request; return its answer and, for a redirect, where it points to."""
    import httpx

    try:
        address = httpx.URL(url)
        with httpcore.ConnectionPool(ssl_context=_tls(), network_backend=_Backend(clock)) as pool:
            request = _request(method, address, json, headers)
            response = pool.handle_request(request)
            try:
                answer = _read(response, max_bytes)
            finally:
                response.close()
    except (httpx.InvalidURL, httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, TypeError) as error:
        raise CallFailed("refused", f"the call cannot be made: {error}", status=0) from error
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise _broken(error, clock) from error
    if answer.status in _REDIRECTS and "location" in answer.headers:
        return answer, str(address.join(answer.headers["location"]))
    if not 200 <= answer.status < 300:
        raise _bad_status(answer)
    return answer, None


def _request(method: str, url: "httpx.URL", json: Any, headers: Mapping[str, str] | None) -> httpcore.Request:
    """Return the request with its body as JSON; what is packed costs time, so none is asked for."""
    fields = {"Accept-Encoding": "identity", "Connection": "close", **(headers or {})}
    content = None if json is None else orjson.dumps(json)
    fields["Host"] = url.netloc.decode()
    if content is not None:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return httpcore.Request(method, target, headers=list(fields.items()), content=content)


def _read(response: httpcore.Response, max_bytes: int) -> Answer:
    """Read the body, never more than *max_bytes*; a failure's body is cut instead of refused."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    body = bytearray()
    good = 200 <= response.status < 300
    for part in response.iter_stream():
        body += part
        if len(body) > max_bytes:
            if not good:
                break
            raise CallFailed("unknown", f"the answer has more than {max_bytes} bytes", status=response.status)
    packed = headers.get("content-encoding", "identity")
    content = bytes(body)
    if packed in ("gzip", "deflate"):
        content = _unpack(content, max_bytes, response.status)
    return Answer(response.status, headers, content)


def _unpack(content: bytes, max_bytes: int, status: int) -> bytes:
    try:
        unpacked = zlib.decompressobj(47).decompress(content, max_bytes + 1)
    except zlib.error as error:
        raise CallFailed("unknown", "the answer is packed in no known way", status=status) from error
    if len(unpacked) > max_bytes:
        raise CallFailed("unknown", f"the answer has more than {max_bytes} bytes", status=status)
    return unpacked


def _bad_status(answer: Answer) -> CallFailed:
    text = answer.body[:300].decode("utf-8", "replace").strip()
    reason = f"the service answered {answer.status}" + (f": {text}" if text else "")
    details: dict[str, Any] = {"status": answer.status, "body": answer.body[:4096].decode("utf-8", "replace")}
    if answer.status in (429, 503):
        pause = retry_after(answer.headers.get("retry-after"))
        return CallFailed("not_sent", reason, retry_after=pause, **details)
    return CallFailed("refused" if answer.status < 500 else "unknown", reason, **details)


def retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3: seconds or a date), an hour at most."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), RETRY_AFTER_LIMIT) if seconds == seconds else None


def _broken(error: Exception, clock: "_Clock") -> CallFailed:
    """Say what a broken connection means: without a byte of the request sent, nothing reached the service."""
    late = clock.left() <= 0
    if not clock.wrote:
        reason = "no connection to the service in time" if late else f"no connection: {error}"
        return CallFailed("not_sent", reason)
    if late:
        return CallFailed("unknown", f"no answer within {clock.seconds:g} s")
    return CallFailed("unknown", f"the connection broke before the answer: {error or type(error).__name__}")


@cache
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


class _Clock:
    """One deadline for all of a call, and whether a byte of the request was handed out."""

    def __init__(self, seconds: float, inside: Collection[str] | None = None) -> None:
        self.seconds = seconds
        self.inside = inside
        self.ends = time.monotonic() + seconds
        self.wrote = False

    def left(self) -> float:
        return self.ends - time.monotonic()

    def within(self, error: type[Exception]) -> float:
        """Return the seconds left; raise *error* where there are none."""
        left = self.left()
        if left <= 0:
            raise error("the deadline has passed")
        return left


class _Backend(httpcore.NetworkBackend):
    """Connections whose every wait ends at the clock's deadline: a byte a second does not extend it."""

    def __init__(self, clock: _Clock) -> None:
        self.clock = clock
        self.sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        addresses = _addresses(host, port, self.clock)
        if self.clock.inside is not None and f"{host}:{port}" not in self.clock.inside:
            _refuse_inner(port, addresses)
        for address in addresses:
            left = self.clock.within(httpcore.ConnectTimeout)
            try:
                return _Stream(self.sockets.connect_tcp(address, port, left), self.clock)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _refuse_inner(port: int, addresses: Iterable[str]) -> None:
    """Raise where one address is not of the open internet; what was looked at is what is connected to."""
    if port not in (80, 443) or not all(is_public(address) for address in addresses):
        raise CallFailed("refused", "only addresses of the open internet can be called", status=0)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also where it hides one of IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self.stream = stream
        self.clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.clock.within(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _CHUNK):
            left = self.clock.within(httpcore.WriteTimeout)
            self.clock.wrote = True
            self.stream.write(buffer[start : start + _CHUNK], left)

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self.clock.within(httpcore.ConnectTimeout)
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, left), self.clock)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _addresses(host: str, port: int, clock: _Clock) -> list[str]:
    """Return the addresses of *host*; the system's look-up knows no time limit, so it gets a thread."""
    found: list[str] = []
    failures: list[OSError] = []

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except (OSError, UnicodeError) as error:
            failures.append(OSError(f"the name {host} cannot be looked up: {error}"))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(clock.within(httpcore.ConnectTimeout))
    if failures:
        raise failures[0]
    if not found:
        raise httpcore.ConnectTimeout(f"the name {host} was not found in time")
    return found
