"""The live feed, over real sockets: gunicorn with gevent, as it runs."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
from simple_websocket import Client, ConnectionClosed, ConnectionError

from tests.processes import ROOT, until
from tests.web_stack import ANDI, DEWI, message, running, signature

APP = "web.app:create_app()"


@contextmanager
def web(stack):
    """Run the web server on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["-k", "gevent", "--graceful-timeout", "3", "-b", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", *settings, APP]
    environment = {**os.environ, "REPLYAI_DATA": str(stack.data)}
    environment["REPLYAI_CONFIG"] = str(stack.data / "replyai.toml")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        until(lambda: get(port, "/api/openapi.json") == 200, what="gunicorn")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def get(port, path, method="GET", body=None, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        found.sales = found.team("Sales")
        found.ayu = found.agent("Ayu", "admin")
        found.sari = found.agent("Sari", teams=(found.sales,))
        found.citra = found.agent("Citra")
        found.ira = found.agent("Ira", "integrator")
        found.writes(DEWI, "halo")
        with web(found) as port:
            found.port = port
            yield found


class Websocket(Client):
    """A websocket that names the port in its Host header, as browsers do."""

    def handshake(self):
        self.host = f"{self.host}:{self.sock.getpeername()[1]}"
        super().handshake()


class Page:
    """A browser's page that listens."""

    def __init__(self, stack, name, after=None, origin=None, cookie=None):
        self.seq = stack.engine.workspaces["main"].store.seq if after is None else after
        cookie = cookie or stack.signed_in(name).cookie()
        headers = {"Cookie": f"replyai_session={cookie}", "Origin": f"http://127.0.0.1:{stack.port}"}
        if origin == "none":
            del headers["Origin"]
        elif origin:
            headers["Origin"] = origin
        self.ws = Websocket(f"ws://127.0.0.1:{stack.port}/feed", headers=headers)
        self.ws.send(json.dumps({"after": self.seq}))
        self.ready = False

    def frame(self, timeout=5.0):
        """Return the next frame; it must come."""
        text = self.ws.receive(timeout=timeout)
        assert text is not None, "nothing came"
        return json.loads(text)

    def until(self, wanted):
        """Return the frames up to the first one that *wanted* is true of."""
        found = [self.frame()]
        while not wanted(found[-1]):
            found.append(self.frame())
        return found

    def listens(self):
        """Wait until the server has this page in its list: what comes after is heard."""
        self.ws.send(json.dumps({"ping": 7}))
        self.until(lambda frame: frame == {"pong": 7})
        return self

    def commit(self):
        """Return the next commit but for those that only tell who is there."""
        return self.until(lambda frame: "seq" in frame and not tells_who_is_there(frame))[-1]

    def nothing_but(self, seq):
        """Check that up to *seq* nothing was shown."""
        for frame in self.until(lambda frame: frame.get("seq", 0) >= seq):
            assert frame.get("changes", []) == [] and frame.get("gone", []) == [], frame

    def closed(self):
        """Return the code with which the server closed."""
        with pytest.raises(ConnectionClosed) as error:
            while True:
                assert self.ws.receive(timeout=5) is not None
        return error.value.reason


def tells_who_is_there(frame):
    """Whether a commit says only that somebody's page came or went."""
    return [set(change["fields"]) for change in frame["changes"]] == [{"presence", "presence_at"}]


def seq(stack):
    return stack.engine.workspaces["main"].store.seq


def test_a_message_is_on_every_open_page(stack):
    pages = [Page(stack, name).listens() for name in ("Ayu", "Sari", "Citra")]
    stack.writes(DEWI, "di mana-mana")
    for page in pages:
        frame = page.commit()
        shown = {change["collection"]: change["fields"] for change in frame["changes"]}
        assert shown["message"]["text"] == "di mana-mana"
        assert shown["conversation"]["unread"] >= 1


def test_a_lost_connection_is_made_up_for_from_the_last_sequence(stack):
    before = seq(stack)
    for n in range(5):
        stack.writes(ANDI, f"sementara {n}")
    page = Page(stack, "Ayu", after=before)
    frames = page.until(lambda frame: frame.get("seq") == seq(stack))
    texts = [c["fields"]["text"] for f in frames for c in f["changes"] if c["collection"] == "message"]
    assert texts == [f"sementara {n}" for n in range(5)]
    assert [frame["seq"] for frame in frames] == sorted({frame["seq"] for frame in frames})


@pytest.mark.parametrize("after", [-1, 10**9])
def test_who_is_too_far_behind_or_ahead_starts_over(stack, after):
    assert Page(stack, "Ayu", after=after).frame() == {"resync": True}


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "none",
        "http://127.0.0.1",
        "http://127.0.0.1:{port}.evil.example",
        "http://",
    ],
)
def test_no_other_sites_page_gets_in(stack, origin):
    with pytest.raises(ConnectionError) as error:
        Page(stack, "Ayu", origin=origin.replace("{port}", str(stack.port)))
    assert error.value.status_code == 403


def test_nobody_gets_in_without_a_session(stack):
    with pytest.raises(ConnectionError) as error:
        Page(stack, "Ayu", cookie="made-up")
    assert error.value.status_code == 401


def test_each_agent_gets_what_they_may_see(stack):
    chat = "6281444000333@c.us"
    stack.writes(chat, "rahasia")
    id = stack.conversation(chat)["id"]
    sari, citra, ira = (Page(stack, name).listens() for name in ("Sari", "Citra", "Ira"))
    stack.ask("conversation.assign", conversation=id, agent=None, team=stack.sales)
    assert {"collection": "conversation", "id": id} in citra.commit()["gone"]
    moved = [c for c in sari.commit()["changes"] if c["id"] == id]
    assert moved[0]["fields"]["team"] == stack.sales
    stack.writes(chat, "hanya untuk Sales")
    assert "hanya untuk Sales" in json.dumps(sari.commit())
    citra.nothing_but(seq(stack))
    ira.nothing_but(seq(stack))
    stack.ask("conversation.assign", conversation=id, agent=stack.citra)
    (whole,) = [c for c in citra.commit()["changes"] if c["collection"] == "conversation"]
    assert {"id", "contact", "status", "last_message"} <= set(whole["fields"])


def test_who_changes_teams_starts_over(stack):
    page = Page(stack, "Citra").listens()
    stack.ask("agent.update", agent=stack.citra, teams=[stack.sales])
    page.until(lambda frame: frame == {"resync": True})
    stack.ask("agent.update", agent=stack.citra, teams=[])
    page.until(lambda frame: frame == {"resync": True})


def test_private_facts_of_people_stay_private(stack):
    page = Page(stack, "Sari").listens()
    stack.ask("agent.update", agent=stack.ayu, language="en", name="Ayu L.")
    (change,) = page.commit()["changes"]
    assert change == {"collection": "agent", "id": stack.ayu, "fields": {"name": "Ayu L."}}


def test_signing_out_closes_the_page(stack):
    cookie = stack.signed_in("Sari").cookie()
    page = Page(stack, "Sari", cookie=cookie).listens()
    token = stack.rows(f"SELECT data FROM credential WHERE key = '{key_of(cookie)}'")[0][0]
    headers = {"Cookie": f"replyai_session={cookie}", "X-CSRF-Token": json.loads(token)["csrf"]}
    assert get(stack.port, "/logout", "POST", **headers) == 303
    assert page.closed() == 1008


def key_of(cookie):
    from web.sessions import digest

    return digest(cookie)


def test_being_switched_off_closes_the_page(stack):
    budi = stack.agent("Budi")
    page = Page(stack, "Budi").listens()
    stack.ask("agent.deactivate", agent=budi)
    assert page.closed() == 1008


def test_viewing_and_typing_are_told_to_who_may_see_the_conversation(stack):
    chat = "6281444000444@c.us"
    stack.writes(chat, "siapa?")
    id = stack.conversation(chat)["id"]
    stack.ask("conversation.assign", conversation=id, agent=None, team=stack.sales)
    ayu, sari, citra = (Page(stack, name).listens() for name in ("Ayu", "Sari", "Citra"))
    sari.ws.send(json.dumps({"signal": {"type": "typing", "data": {"conversation": id, "on": True}}}))
    (told,) = (ayu.until(lambda frame: "signal" in frame))[-1:]
    assert told["signal"]["data"] == {
        "conversation": id,
        "on": True,
        "agent": {"id": stack.sari, "name": "Sari"},
    }
    citra.ws.send(json.dumps({"signal": {"type": "typing", "data": {"conversation": id}}}))
    citra.ws.send(json.dumps({"signal": {"type": "session.end", "data": {"conversation": id}}}))
    stack.writes(DEWI, "penanda")
    assert not any("signal" in frame for frame in ayu.until(lambda frame: frame.get("seq") == seq(stack)))
    assert not any("signal" in frame for frame in citra.until(lambda frame: frame.get("seq") == seq(stack)))


@pytest.mark.parametrize("odd", ["no json", "[]", "7", '{"signal": 7}', '{"signal": {"type": "viewing"}}'])
def test_odd_frames_hurt_nobody(stack, odd):
    page = Page(stack, "Ayu").listens()
    page.ws.send(odd)
    page.listens()


def test_a_frame_that_is_too_large_ends_the_page(stack):
    page = Page(stack, "Ayu").listens()
    page.ws.send("x" * 70_000)
    assert page.closed() == 1009


def test_too_many_pages_of_one_person_are_refused(stack):
    stack.agent("Joko")
    cookie = stack.signed_in("Joko").cookie()
    pages = [Page(stack, "Joko", cookie=cookie).listens() for _ in range(20)]
    with pytest.raises(ConnectionError) as error:
        Page(stack, "Joko", cookie=cookie)
    assert error.value.status_code == 429
    for page in pages:
        page.ws.close()
    until(lambda: _fits(stack, cookie), what="room for one more page")


def _fits(stack, cookie):
    try:
        Page(stack, "Joko", cookie=cookie).listens().ws.close()
        return True
    except ConnectionError:
        return False


def test_a_page_that_does_not_read_holds_up_nobody(stack):
    cookie = stack.signed_in("Citra").cookie()
    deaf = socket.create_connection(("127.0.0.1", stack.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(
        f"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nOrigin: http://127.0.0.1:{stack.port}\r\n"
        f"Cookie: replyai_session={cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b"101" in deaf.recv(64)
    hello = json.dumps({"after": seq(stack)}).encode()
    mask = b"\0\0\0\0"
    deaf.sendall(bytes([0x81, 0x80 | len(hello)]) + mask + hello)
    page = Page(stack, "Ayu").listens()
    for n in range(300):
        stack.submit([written(n)])
    frames = page.until(lambda frame: frame.get("seq") == seq(stack))
    assert len(frames) >= 300
    deaf.close()


def written(n):
    from engine.gateways import fact

    said = {"id": f"LONG{n}", "kind": "text", "text": "panjang " * 4000}
    data = {"message": said, "peer": {"chat_id": DEWI, "kind": "user"}}
    return fact("message.received", f"{DEWI}/LONG{n}", data, account="toko")


@pytest.mark.parametrize("size", [6 * 1024 * 1024])
def test_a_chunked_body_has_the_same_limit(stack, size):
    raw = b"x" * size
    headers = {"X-Webhook-Hmac": signature(raw), "Transfer-Encoding": "chunked"}
    parts = (b"%x\r\n%s\r\n" % (65536, raw[:65536]) for _ in range(size // 65536))
    status = chunked(stack.port, "/webhooks/waha/toko", [*parts, b"0\r\n\r\n"], headers)
    assert status in (413, 0)  # 0: closed while we still wrote
    small = json.dumps(message(DEWI, "potongan", "CHUNK1")).encode()
    headers["X-Webhook-Hmac"] = signature(small)
    assert (
        chunked(stack.port, "/webhooks/waha/toko", [b"%x\r\n%s\r\n0\r\n\r\n" % (len(small), small)], headers)
        == 200
    )


def chunked(port, path, parts, headers):
    """Post a body in chunks; return the status, 0 where the server closed first."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        try:
            sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            for part in parts:
                sock.sendall(part)
        except OSError:
            pass
        try:
            answer = sock.recv(64)
        except OSError:
            return 0
        return int(answer.split()[1]) if answer else 0
