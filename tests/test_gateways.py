"""The call that adapters share: one deadline for everything, and what each way of failing means."""

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
from email.utils import formatdate

import pytest

from engine import gateways
from engine.calls import retry_after
from engine.gateways import CallFailed, call
from plugins.waha.gateway import Waha


class Server:
    """A raw TCP server: each connection's request is read, then *answer* has the socket."""

    def __init__(self, answer, read_first=True):
        self.answer = answer
        self.read_first = read_first
        self.requests = []
        self.closing = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            if self.read_first:
                self.requests.append(_read_request(connection))
            self.answer(self, connection)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closing.set()
        self.listener.close()


def _read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.decode().split("\r\n"):
        if line.lower().startswith("content-length:"):
            while len(body) < int(line.partition(":")[2]):
                body += connection.recv(65536)
    return head.decode(), body


def says(status, body=b"{}", *headers):
    """Return an answer with *status*, *headers* and *body*."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda server, connection: connection.sendall("\r\n".join(lines).encode() + body)


def hang(server, connection):
    server.closing.wait(20)


def drip(server, connection):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100:
        connection.sendall(bytes([byte]))
        if server.closing.wait(0.05):
            return


def drip_body(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not server.closing.wait(0.05):
        connection.sendall(b"x")


def reset(server, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")


def failure(url, **more):
    with pytest.raises(CallFailed) as caught:
        call("POST", url, json={"text": "Halo"}, **{"deadline": 5.0, **more})
    return caught.value


def test_an_answer_and_what_was_asked():
    with Server(says(201, b'{"id": "3EB0"}')) as server:
        answer = call(
            "POST", f"{server.url}/api/sendText?x=1", json={"text": "é"}, headers={"X-Api-Key": "k"}
        )
        assert (answer.status, answer.json()) == (201, {"id": "3EB0"})
        head, body = server.requests[0]
        assert head.startswith("POST /api/sendText?x=1 HTTP/1.1")
        assert "X-Api-Key: k" in head
        assert "Content-Type: application/json" in head
        assert json.loads(body) == {"text": "é"}


@pytest.mark.parametrize("answer", [hang, drip, drip_body], ids=["hang", "drip", "drip_body"])
def test_the_deadline_is_for_all_of_the_call_and_leaves_the_outcome_unknown(answer):
    with Server(answer) as server:
        began = time.monotonic()
        error = failure(server.url, deadline=0.4)
        assert error.outcome == "unknown"
        assert "0.4 s" in error.reason
        assert 0.3 < time.monotonic() - began < 1.5


@pytest.mark.parametrize("answer", [reset, cut, says("999999")], ids=["reset", "cut", "garbage"])
def test_a_connection_that_breaks_after_the_request_is_unknown(answer):
    with Server(answer) as server:
        assert failure(server.url).outcome == "unknown"


def test_a_reset_before_anything_was_read_is_never_taken_for_sent():
    with Server(reset, read_first=False) as server:
        assert failure(server.url).outcome in ("unknown", "not_sent")


def test_a_port_that_refuses_and_a_name_that_is_not_there_are_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert failure(f"http://127.0.0.1:{port}").outcome == "not_sent"
    error = failure("http://waha.invalid")
    assert (error.outcome, "waha.invalid" in error.reason) == ("not_sent", True)


def test_a_half_open_port_that_never_takes_the_connection_is_not_sent():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            fill.append(one)
        error = failure(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=0.4)
        assert (error.outcome, error.reason) == ("not_sent", "no connection to the service in time")
        for one in fill:
            one.close()


def test_tls_that_fails_is_not_sent():
    with Server(says(200), read_first=False) as server:
        assert failure(server.url.replace("http:", "https:"), deadline=2).outcome == "not_sent"
    with Server(hang, read_first=False) as server:
        assert failure(server.url.replace("http:", "https:"), deadline=0.4).outcome == "not_sent"


@pytest.mark.parametrize(
    "status, outcome",
    [
        (302, "refused"),
        (400, "refused"),
        (401, "refused"),
        (404, "refused"),
        (422, "refused"),
        (429, "not_sent"),
        (500, "unknown"),
        (502, "unknown"),
        (503, "not_sent"),
        (504, "unknown"),
    ],
)
def test_what_a_status_means(status, outcome):
    with Server(says(status, b'{"message": "why"}', "Location: http://evil.example/")) as server:
        error = failure(server.url)
        assert (error.outcome, error.status) == (outcome, status)
        assert gateways.failed(error)["outcome"] == outcome
        assert "why" in error.reason or status == 302


def test_retry_after():
    with Server(says(429, b"", "Retry-After: 30")) as server:
        assert gateways.failed(failure(server.url))["retry_after"] == 30.0
    assert retry_after("90") == 90
    assert retry_after("99999") == 3600
    assert retry_after("-5") == 0
    assert 100 < retry_after(formatdate(time.time() + 120, usegmt=True)) <= 120
    assert [retry_after(odd) for odd in (None, "", "soon", "nan")] == [None] * 4


def test_an_answer_that_is_too_large():
    with Server(says(200, b"x" * 2000)) as server:
        assert failure(server.url, max_bytes=1000).outcome == "unknown"
        assert call("GET", server.url, max_bytes=2000).body == b"x" * 2000
    with Server(says(400, b"x" * 2000)) as server:
        assert failure(server.url, max_bytes=1000).outcome == "refused"
    bomb = gzip.compress(b"\0" * 50_000_000)
    with Server(says(200, bomb, "Content-Encoding: gzip")) as server:
        assert "more than" in failure(server.url).reason


def test_an_answer_that_is_packed_though_not_asked_for():
    with Server(says(200, gzip.compress(b'{"id": 1}'), "Content-Encoding: gzip")) as server:
        assert call("GET", server.url).json() == {"id": 1}
        assert "Accept-Encoding: identity" in server.requests[0][0]


def test_redirects_stay_on_the_host():
    def answer(server, connection):
        path = server.requests[-1][0].split()[1]
        target = {"/a": "/b", "/out": "http://localhost:1/b", "/round": "/round"}.get(path)
        says(302 if target else 200, b"found", *([f"Location: {target}"] if target else []))(
            server, connection
        )

    with Server(answer) as server:
        assert call("GET", f"{server.url}/a", redirects=True).body == b"found"
        for path in ("/out", "/round"):
            with pytest.raises(CallFailed, match="redirect"):
                call("GET", f"{server.url}{path}", redirects=True)


@pytest.mark.parametrize("url", ["", "waha:3000", "ftp://waha/", "http://", "http://[::1", "http://a\nb/"])
def test_a_url_that_is_none_never_leaves_the_outcome_open(url):
    assert failure(url).outcome in ("refused", "not_sent")


def test_a_header_counts_once_and_in_any_case():
    assert gateways.header({"x-webhook-HMAC": "a"}, "X-Webhook-Hmac") == "a"
    assert gateways.header({"X-A": "a", "x-a": "b"}, "X-A") is None
    assert gateways.header({}, "X-A") is None


def test_an_adapter_has_all_that_the_protocol_names():
    assert isinstance(Waha(), gateways.Gateway)
