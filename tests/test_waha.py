"""WAHA's signature, its calls to send and how each way of failing ends, its history, its files."""

import hashlib
import hmac
import time

import marshmallow
import pytest

from engine import times
from engine.gateways import CallFailed
from plugins.waha import api
from plugins.waha.gateway import Waha
from tests.fakes.waha import FakeWaha, sign

WAHA = Waha()
CHAT = "628131000@c.us"
DOCS_BODY = b'{"event":"message","session":"default","engine":"WEBJS"}'
DOCS_KEY = "my-secret-key"
DOCS_HMAC = (
    "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8"
    "097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89"
)


@pytest.fixture
def waha():
    with FakeWaha() as fake:
        yield fake


def account(waha, **settings):
    return {"id": "shop", "gateway": "waha", "settings": {"url": waha.url, "session": "default", **settings}}


def secrets(waha):
    return {"api_key": waha.api_key, "webhook_secret": waha.secret}


def message(text="Siap, kami kirim hari ini.", **fields):
    return {"id": "m1", "chat": CHAT, "kind": "text", "text": text, "media": None, "at": times.now()} | fields


def send(waha, deadline=5.0, **fields):
    return WAHA.send(message(**fields), account(waha), secrets(waha), deadline)


def find(waha, deadline=5.0, **fields):
    return WAHA.find(message(**fields), account(waha), secrets(waha), deadline)


def fetch(waha, url, **ref):
    return WAHA.fetch_media({"url": url, **ref}, account(waha), secrets(waha), 5.0)


def verify(headers, raw=DOCS_BODY, **kept):
    return WAHA.verify(headers, raw, kept or {"webhook_secret": DOCS_KEY})


def test_the_signature_of_wahas_documentation():
    assert verify({"X-Webhook-Hmac": DOCS_HMAC})
    assert verify({"x-webhook-hmac": DOCS_HMAC.upper()})


def test_one_bit_more_or_less_and_it_is_refused():
    for position in range(len(DOCS_BODY)):
        changed = bytearray(DOCS_BODY)
        changed[position] ^= 1
        assert not verify({"X-Webhook-Hmac": DOCS_HMAC}, bytes(changed))
    for position in range(len(DOCS_HMAC)):
        other = "0" if DOCS_HMAC[position] != "0" else "1"
        assert not verify({"X-Webhook-Hmac": DOCS_HMAC[:position] + other + DOCS_HMAC[position + 1 :]})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Webhook-Hmac": ""},
        {"X-Webhook-Hmac": "é" * 128},
        {"X-Webhook-Hmac": f"{DOCS_HMAC},{DOCS_HMAC}"},
        {"X-Webhook-Hmac": DOCS_HMAC, "x-webhook-hmac": DOCS_HMAC},
        {"X-Webhook-Hmac": f"sha512={DOCS_HMAC}"},
        {"X-Webhook-Hmac": hmac.new(DOCS_KEY.encode(), DOCS_BODY, hashlib.sha256).hexdigest()},
    ],
)
def test_a_header_that_is_missing_doubled_or_something_else(headers):
    assert not verify(headers)


def test_while_the_secret_is_changed_both_are_taken():
    assert verify(
        {"X-Webhook-Hmac": DOCS_HMAC}, webhook_secret="the-new-one", webhook_secret_previous=DOCS_KEY
    )
    assert not verify({"X-Webhook-Hmac": DOCS_HMAC}, webhook_secret="the-new-one")


@pytest.mark.parametrize("key", [None, "", "short"])
def test_without_a_secret_worth_its_name_all_is_refused(key):
    signed = hmac.new((key or "").encode(), DOCS_BODY, hashlib.sha512).hexdigest()
    assert not verify({"X-Webhook-Hmac": signed}, webhook_secret=key)
    assert not WAHA.verify({"X-Webhook-Hmac": signed}, DOCS_BODY, {})


def test_the_settings_of_an_account():
    given = {"url": "http://localhost:3000", "webhook_secret": "long enough"}
    assert WAHA.settings().load(given)["session"] == "default"
    for wrong in (
        {"url": "http://localhost:3000"},
        given | {"webhook_secret": "short"},
        given | {"url": "ftp://waha"},
        given | {"session": "../x"},
        given | {"sesion": "x"},
    ):
        with pytest.raises(marshmallow.ValidationError):
            WAHA.settings().load(wrong)
    assert {n for n, f in WAHA.settings().fields.items() if f.metadata.get("secret")} == {
        "api_key",
        "webhook_secret",
        "webhook_secret_previous",
    }


@pytest.mark.parametrize("engine", ["WEBJS", "NOWEB", "GOWS"])
def test_a_text_is_sent_and_its_bare_id_known(engine):
    with FakeWaha(engine=engine) as waha:
        result = send(waha)
        assert result["outcome"] == "sent"
        (entry,) = waha.ledger
        assert (entry["chat"], entry["text"], entry["id"]) == (
            CHAT,
            "Siap, kami kirim hari ini.",
            result["gateway_id"],
        )
        assert waha.calls[0]["body"]["session"] == "default"


@pytest.mark.parametrize(
    "reply_to, whole",
    [
        ("3EB0", f"false_{CHAT}_3EB0"),
        (f"true_{CHAT}_3EB0", f"true_{CHAT}_3EB0"),
        ({"id": "3EB0", "from_me": True}, f"true_{CHAT}_3EB0"),
        ({"id": "3EB0", "message": "document", "text": "Halo"}, f"false_{CHAT}_3EB0"),
        ({"id": None, "message": "document", "text": "Halo"}, None),
        ({"id": "3EB0", "from_me": False, "participant": "9@lid"}, f"false_{CHAT}_3EB0_9@lid"),
        (None, None),
    ],
)
def test_what_an_answer_quotes(waha, reply_to, whole):
    send(waha, reply_to=reply_to)
    assert waha.ledger[0]["reply_to"] == whole


@pytest.mark.parametrize(
    "kind, mime, path",
    [
        ("image", "image/jpeg", "sendImage"),
        ("document", "application/pdf", "sendFile"),
        ("video", "video/mp4", "sendVideo"),
        ("voice", "audio/ogg; codecs=opus", "sendVoice"),
        ("audio", "audio/mp4", "sendFile"),
    ],
)
def test_files(waha, tmp_path, kind, mime, path):
    (tmp_path / "hash").write_bytes(b"bytes")
    media = {"path": str(tmp_path / "hash"), "mime": mime, "filename": "nota.pdf", "kind": kind}
    assert send(waha, kind=kind, media=media, text="Notanya")["outcome"] == "sent"
    (made,) = waha.calls
    assert made["path"] == f"/api/{path}"
    assert made["body"]["file"] == {"mimetype": mime, "filename": "nota.pdf", "data": "Ynl0ZXM="}
    assert made["body"].get("caption") == (None if kind == "voice" else "Notanya")


def test_a_file_that_is_gone_is_told_and_nothing_is_sent(waha, tmp_path):
    media = {"path": str(tmp_path / "gone"), "mime": "image/png", "filename": "a.png", "kind": "image"}
    assert send(waha, kind="image", media=media)["outcome"] == "refused"
    assert not waha.calls


@pytest.mark.parametrize(
    "mode, details, outcome, taken",
    [
        ("slow", {"seconds": 0.05}, "sent", 1),
        ("hang", {}, "unknown", 0),
        ("accept_then_hang", {}, "unknown", 1),
        ("accept_then_drop", {}, "unknown", 1),
        ("drop", {}, "unknown", 0),
        ("drip", {}, "unknown", 1),
        ("error", {"status": 500}, "unknown", 0),
        ("error", {"status": 400}, "refused", 0),
        ("error", {"status": 429, "headers": {"Retry-After": "7"}}, "not_sent", 0),
        ("error", {"status": 503}, "not_sent", 0),
    ],
)
def test_how_each_way_of_failing_ends(waha, mode, details, outcome, taken):
    with waha.misbehaving(mode, **details):
        began = time.monotonic()
        result = send(waha, deadline=0.5)
        assert time.monotonic() - began < 2
    assert (result["outcome"], len(waha.ledger)) == (outcome, taken)
    if "headers" in details:
        assert result["retry_after"] == 7


def test_a_session_that_is_not_connected_is_tried_again(waha):
    told = {"statusCode": 422, "message": "Session status is not as expected", "expected": ["WORKING"]}
    with waha.misbehaving("error", status=422, body=told):
        assert send(waha)["outcome"] == "not_sent"


def test_a_port_that_is_closed_is_not_sent(waha):
    waha.stop()
    assert send(waha)["outcome"] == "not_sent"


def test_a_wrong_key_is_refused_and_said(waha):
    result = WAHA.send(message(), account(waha), {"api_key": "wrong"}, 5.0)
    assert (result["outcome"], result["reason"]) == ("refused", "WAHA refused the API key")


def test_an_answer_without_an_id_is_not_taken_for_sent(waha):
    with waha.misbehaving("error", status=201, body={"ok": True}):
        assert send(waha)["outcome"] == "unknown"


def test_what_was_taken_without_an_answer_is_found(waha):
    with waha.misbehaving("accept_then_drop"):
        assert send(waha)["outcome"] == "unknown"
    assert find(waha) == {
        "outcome": "sent",
        "gateway_id": waha.ledger[0]["id"],
        "retry_after": None,
        "reason": None,
    }


def test_what_was_not_taken_is_absent(waha):
    send(waha, text="Another")
    assert find(waha)["outcome"] == "absent"


def test_an_equal_message_that_is_known_or_too_old_is_not_it(waha):
    send(waha)
    known = [waha.ledger[0]["id"]]
    assert find(waha, known_ids=known)["outcome"] == "absent"
    assert find(waha, at=times.add(times.now(), 3600))["outcome"] == "absent"
    send(waha)
    assert find(waha, known_ids=known)["gateway_id"] == waha.ledger[1]["id"]


def test_a_file_is_found_by_its_caption(waha, tmp_path):
    (tmp_path / "hash").write_bytes(b"bytes")
    media = {"path": str(tmp_path / "hash"), "mime": "image/png", "filename": "a.png", "kind": "image"}
    with waha.misbehaving("accept_then_drop"):
        send(waha, kind="image", media=media, text="Fotonya")
    assert find(waha, kind="image", media=media, text="Fotonya")["outcome"] == "sent"
    assert find(waha, text="Fotonya")["outcome"] == "absent"


def test_a_history_that_does_not_reach_back_tells_nothing(waha):
    since = times.now()
    for n in range(api.HISTORY_COUNT):
        waha.accept("text", {"session": "default", "chatId": CHAT, "text": f"no. {n}"})
    assert find(waha, at=since)["outcome"] == "unknown"


def test_a_history_that_cannot_be_had_tells_nothing(waha):
    assert WAHA.find(message(), account(waha), {"api_key": "wrong"}, 5.0)["outcome"] == "unknown"
    waha.stop()
    assert find(waha)["outcome"] == "unknown"


def test_a_file_is_fetched_from_the_accounts_own_url(waha):
    url = waha.add_file("default/3EB0.jpg", "image/jpeg", b"jpeg")
    assert url.startswith("http://localhost:3000/")
    assert fetch(waha, url) == {"body": b"jpeg", "mime": "image/jpeg", "filename": "3EB0.jpg"}
    assert waha.calls[-1]["key"] == waha.api_key


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/secret",
        "https://evil.example/x.jpg",
        "http://localhost:3000/other/x.jpg",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//evil.example/x",
        "http://localhost:3000/api/files/../../admin",
        "http://localhost:3000/api/files/%2e%2e/%2e%2e/admin",
        "http://localhost:3000/api/files/%252e%252e/admin",
        "http://[::ffff:127.0.0.1]/x",
        "http://user@127.0.0.1:1/x",
        "nonsense",
        "http://[",
    ],
)
def test_no_other_host_is_ever_called(waha, url):
    with pytest.raises(CallFailed) as caught:
        fetch(waha, url)
    assert caught.value.outcome == "refused"
    assert not waha.calls


def test_the_configured_host_may_have_the_file_elsewhere(waha):
    with pytest.raises(CallFailed, match="404"):
        fetch(waha, f"{waha.url}/elsewhere/x.jpg")


def test_a_url_with_userinfo_or_a_sub_folder():
    session = api.Session({"settings": {"url": "https://crm.example/waha/"}}, {})
    url = "http://localhost:3000/api/files/default/a b.jpg?x=1"
    assert api.media_url(url, session) == "https://crm.example/waha/api/files/default/a%20b.jpg?x=1"
    with pytest.raises(CallFailed):
        api.media_url("https://crm.example@evil.example/x.jpg", session)


def test_a_file_that_was_not_loaded_is_asked_for(waha):
    waha.add_file("default/3EB0AAAA.jpg", "image/jpeg", b"jpeg")
    ref = {"message_id": f"false_{CHAT}_3EB0AAAA", "chat_id": CHAT}
    assert fetch(waha, None, **ref)["body"] == b"jpeg"
    assert "downloadMedia=true" in waha.calls[0]["path"]
    for lost in ({}, {"message_id": f"false_{CHAT}_GONE", "chat_id": CHAT}):
        with pytest.raises(CallFailed):
            fetch(waha, None, **lost)


def test_a_file_over_the_limit(waha, monkeypatch):
    monkeypatch.setattr(api, "MEDIA_LIMIT", 10)
    with pytest.raises(CallFailed, match="more than 10 bytes"):
        fetch(waha, waha.add_file("x.bin", "application/octet-stream", b"x" * 11))


def test_the_fakes_webhooks_are_signed_and_understood(waha):
    for body in (
        waha.message(CHAT, "Halo", "3EB01"),
        waha.media_message(CHAT, waha.add_file("a.jpg", "image/jpeg", b"x"), "image/jpeg", "3EB02"),
        waha.ack(CHAT, "3EB03", 3),
        waha.echo(waha.accept("text", {"chatId": CHAT, "text": "Siap", "session": "default"})),
    ):
        raw = (
            str(body)
            .replace("'", '"')
            .replace("None", "null")
            .replace("True", "true")
            .replace("False", "false")
        )
        assert WAHA.verify(sign(raw.encode(), waha.secret), raw.encode(), secrets(waha))
        (event,) = WAHA.parse(raw.encode(), "shop")
        assert event["type"] in ("message.received", "message.status", "message.sent")


def test_the_ledger_survives(tmp_path):
    file = tmp_path / "ledger.jsonl"
    with FakeWaha(ledger=file) as waha:
        send(waha)
        first = waha.ledger[0]["id"]
    with FakeWaha(ledger=file) as waha:
        send(waha)
        assert [entry["n"] for entry in waha.wait_for(2)] == [1, 2]
        assert waha.ledger[0]["id"] == first != waha.ledger[1]["id"]
        assert find(waha, known_ids=[waha.ledger[1]["id"]])["gateway_id"] == first


def test_the_fake_can_be_told_from_another_process(waha):
    mode = {"kind": "accept_then_drop", "times": 1}
    session = api.Session(account(waha), secrets(waha))
    session.call("POST", "/fake/mode", 5, json=mode)
    assert [send(waha)["outcome"] for _ in range(2)] == ["unknown", "sent"]
    assert len(session.call("GET", "/fake/ledger", 5).json()) == 2


def test_the_fake_posts_echo_and_ticks_until_they_are_taken(waha):
    with FakeWaha() as other:  # any HTTP server: it records what is posted to it
        waha.webhook = f"{other.url}/webhooks/waha/shop"
        send(waha)
        told = [call["body"]["event"] for call in other.wait_for_calls(4)]
    assert told == ["message.any", "message.ack", "message.ack", "message.ack"]


def test_a_chat_is_shown_that_it_is_read_and_that_somebody_types(waha):
    for state in ("seen", "typing", "paused"):
        WAHA.presence(message(), state, account(waha), secrets(waha), 5.0)
    assert [(each["chat"], each["state"]) for each in waha.shown] == [
        (CHAT, "seen"),
        (CHAT, "typing"),
        (CHAT, "paused"),
    ]
    assert [call["path"] for call in waha.calls] == ["/api/sendSeen", "/api/startTyping", "/api/stopTyping"]
    with pytest.raises(CallFailed):
        WAHA.presence(message(), "seen", account(waha), {"api_key": "wrong"}, 5.0)


@pytest.mark.parametrize(
    "body", [{"error": 463}, {"message": "ack error 463"}, {"reason": "reachoutTimeLock"}]
)
def test_a_lock_on_new_chats_is_told_by_its_code(waha, body):
    with waha.misbehaving("error", status=500, body=body):
        result = send(waha)
    assert (result["outcome"], result["code"]) == ("refused", "463")


def test_a_number_in_a_fault_of_wahas_own_is_no_such_lock(waha):
    with waha.misbehaving("error", status=500, body={"stack": "at send (session.js:463:12)"}):
        assert send(waha)["outcome"] == "unknown"
