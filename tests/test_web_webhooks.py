"""Webhooks: who may post them, and what every odd body is answered."""

import json
import threading

import pytest

from engine.client import EngineAway
from tests.web_stack import ANDI, DEWI, Stack, message, running


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        yield found


def counts(stack: Stack) -> tuple[int, int]:
    """Return how many journal rows and raw bodies there are."""
    journal, raw = stack.rows("SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM raw)")[0]
    return journal, raw


def test_a_signed_message_is_on_disk_when_it_is_answered(stack):
    answer = stack.posts(message(DEWI, "Apakah buka hari ini?", "AAA1"))
    assert answer.status_code == 200
    assert stack.conversation(DEWI)["last_message"]["text"] == "Apakah buka hari ini?"


def test_the_same_webhook_twice_is_one_message(stack):
    body = message(ANDI, "dua kali", "AAA2")
    assert [stack.posts(body).status_code for _ in range(2)] == [200, 200]
    assert len([m for m in stack.all("message") if m["text"] == "dua kali"]) == 1


@pytest.mark.parametrize(
    ("body", "how", "status"),
    [
        (message(DEWI, "palsu", "BBB1"), {"secret": "another secret"}, 401),
        (message(DEWI, "palsu", "BBB2"), {"account": "nobody"}, 404),
        (message(DEWI, "palsu", "BBB3"), {"X-Webhook-Hmac": ""}, 401),
        (b"{no json", {}, 400),
        (b"\xff\xfe\x00", {}, 400),
        (b"", {}, 400),
        (b"x" * (6 * 1024 * 1024), {}, 413),
    ],
    ids=["wrong secret", "no account", "no signature", "no json", "no text", "empty", "too large"],
)
def test_what_is_refused_leaves_no_trace(stack, body, how, status):
    before = counts(stack)
    assert stack.posts(body, **how).status_code == status
    assert counts(stack) == before


def test_refusals_are_counted(stack):
    stack.posts(b"{no json")
    text = stack.app.test_client().get("/metrics").text
    assert 'replyai_webhooks_total{gateway="waha",result="no_json"}' in text


def test_what_cannot_be_understood_is_kept_for_the_integrator(stack):
    answer = stack.posts({"event": "message", "session": "toko", "payload": {"strange": True}})
    assert answer.status_code == 200
    assert answer.json["status"] == "quarantined"
    status, found = stack.api(stack.agent("Ira", "integrator"))("GET", "/quarantine")
    assert status == 200
    assert "strange" in found["items"][0]["body"]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"event": "message", "session": "toko", "payload": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"event": "message", "session": "toko", "payload": {"timestamp": NaN}}',
        b'{"event": "message", "session": "toko", "payload": {"timestamp": ' + b"9" * 5000 + b"}}",
        b'{"event": "message", "session": "\\ud800", "payload": {}}',
        b"null",
        b"[1, 2]",
        b'"text"',
        json.dumps({"event": ["a"], "session": {"b": 1}, "payload": 7}).encode(),
        json.dumps({"event": "message", "session": "toko", "payload": {"id": 7, "from": []}}).encode(),
    ],
)
def test_no_body_however_odd_is_a_500(stack, raw):
    assert stack.posts(raw).status_code in (200, 400)


@pytest.mark.parametrize("text", ["half a \\ud83d pair", "a \\u0000 in it", "👩‍👩‍👧 \u202e‮"])
def test_odd_texts_come_in(stack, text):
    raw = json.dumps(message("6281999000111@c.us", "TEXT", f"CC{abs(hash(text))}")).replace("TEXT", text)
    answer = stack.posts(raw.encode("utf-8", "surrogatepass"))
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"


def test_a_gateway_that_does_not_verify_by_get_is_told_so(stack):
    answer = stack.app.test_client().get("/webhooks/waha/toko")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_another_workspaces_account_is_found_by_its_name(stack):
    assert stack.posts(message(DEWI, "cabang", "DDD1"), account="cabang").status_code == 200
    assert [c["chat"] for c in stack.all("conversation", "cabang")] == [DEWI]


def test_an_engine_that_is_away_is_a_503(stack, monkeypatch):
    def away(*_a, **_k):
        raise EngineAway("away")

    monkeypatch.setattr(stack.held.client, "submit", away)
    answer = stack.posts(message(DEWI, "nanti", "EEE1"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_twenty_at_once_are_twenty_messages(stack):
    chat = "6281777000222@c.us"
    threads = [
        threading.Thread(target=stack.posts, args=(message(chat, f"ke-{n}", f"FFF{n}"),)) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    conversation = stack.conversation(chat)
    assert len([m for m in stack.all("message") if m["conversation"] == conversation["id"]]) == 20


def test_typing_is_a_signal_and_not_in_the_journal(stack):
    heard = []
    stack.held.hub.start()
    stack.writes(DEWI, "halo lagi")
    stream = stack.held.hub.streams["main"]

    class Ear:
        agent = key = "ear"

        def put(self, frame):
            if isinstance(frame, dict):  # a signal; commits are objects of their own
                heard.append(frame)
                came.set()

        def end(self, code):
            pass

    came = threading.Event()
    ear = Ear()
    stream.listeners.add(ear)
    before = counts(stack)
    presence = {"id": DEWI, "presences": [{"participant": DEWI, "lastKnownPresence": "typing"}]}
    body = {"id": "evt_p", "event": "presence.update", "session": "toko", "payload": presence}
    assert stack.posts(body).status_code == 200
    assert came.wait(5)
    stream.listeners.discard(ear)
    assert heard[0]["signal"]["type"] == "presence"
    assert heard[0]["signal"]["data"]["conversation"] == stack.conversation(DEWI)["id"]
    assert counts(stack) == before
