"""The simulator's webhooks become events; what we send it takes, without a network, once."""

import base64
import json
import os

import pytest

from engine.gateways import AddressBook, CallFailed, Gateway, NotUnderstood
from plugins.simulator import files
from plugins.simulator.gateway import Simulator, gateway_id, sign, sign_as_page

SIMULATOR = Simulator()
SECRET = "a-long-enough-secret"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path))


def webhook(event, id="SIM00000001", **data):
    body = {"event": event, "account": "sim", "id": id, "timestamp": 1768580591344}
    return body | {"data": {"from": "6281200000001", "name": "Budi Santoso"} | data}


def parse(body, account="shop"):
    return SIMULATOR.parse(json.dumps(body).encode(), account)


def fetch(ref):
    return SIMULATOR.fetch_media(ref, {}, {}, 1.0)


def test_it_is_a_gateway():
    assert isinstance(SIMULATOR, Gateway)


def test_only_the_accounts_secret_or_the_page_itself_signs():
    raw = json.dumps(webhook("message", text="Halo")).encode()
    kept = {"webhook_secret": SECRET}
    assert SIMULATOR.verify(sign(raw, SECRET), raw, kept)
    assert SIMULATOR.verify({"x-simulator-hmac": sign(raw, SECRET)["X-Simulator-Hmac"].upper()}, raw, kept)
    assert SIMULATOR.verify(sign_as_page(raw), raw, {})
    for headers, body, secrets in (
        ({}, raw, kept),
        (sign(raw, "another-secret"), raw, kept),
        (sign(raw, SECRET), raw + b" ", kept),
        (sign_as_page(raw), raw + b" ", kept),
        (sign(raw, ""), raw, {}),
        (sign(raw, "short"), raw, {"webhook_secret": "short"}),
        ({"X-Simulator-Hmac": "é"}, raw, kept),
    ):
        assert not SIMULATOR.verify(headers, body, secrets)


def test_a_text():
    (event,) = parse(webhook("message", text="Halo"))
    assert event["id"] == "shop/message.received/6281200000001@c.us/SIM00000001"
    assert event["occurred_at"] == "2026-01-16T16:23:11.344000Z"
    assert event["data"]["message"]["text"] == "Halo"
    assert event["data"]["peer"] == {
        "chat_id": "6281200000001@c.us",
        "kind": "user",
        "phone": "6281200000001",
        "lid": None,
        "book_name": None,
        "push_name": "Budi Santoso",
    }
    assert SIMULATOR.default_account(json.dumps(webhook("message")).encode()) == "sim"
    assert SIMULATOR.default_account(b"[]") is None


def test_a_button_that_was_pressed():
    button = {"id": "menu/1", "title": "Harga"}
    (event,) = parse(webhook("message", interactive=button, reply_to="SIMABC", reply_text="Mau apa?"))
    said = event["data"]["message"]
    assert (said["kind"], said["text"]) == ("interactive", "Harga")
    assert said["interactive"] == {**button, "kind": "buttons"}
    assert said["reply_to"] == {"id": "SIMABC", "text": "Mau apa?"}


def test_an_answer_quotes():
    (event,) = parse(webhook("message", text="Itu", reply_to="SIMABC", reply_text="Yang mana?"))
    assert event["data"]["message"]["reply_to"] == {"id": "SIMABC", "text": "Yang mana?"}


def test_a_file_goes_from_the_page_to_the_worker():
    name = files.put(b"jpeg")
    media = {"file": name, "mime": "image/jpeg", "filename": "foto.jpg"}
    (event,) = parse(webhook("message", kind="image", text="Ini fotonya", media=media))
    found = event["data"]["message"]["media"]
    assert (found["kind"], found["filename"], found["caption"]) == ("image", "foto.jpg", "Ini fotonya")
    assert fetch(found["ref"])["body"] == b"jpeg"
    assert b"jpeg".hex() not in json.dumps(event)


def test_a_script_may_send_a_small_file_within_the_body():
    url = "data:image/png;base64," + base64.b64encode(b"png").decode()
    (event,) = parse(webhook("message", kind="image", media={"url": url}))
    assert fetch(event["data"]["message"]["media"]["ref"]) == {
        "body": b"png",
        "mime": "image/png",
        "filename": None,
    }


@pytest.mark.parametrize(
    "ref",
    [
        {"file": "../../etc/passwd"},
        {"file": "0" * 64},
        {"url": "http://evil.example/x"},
        {"url": "data:,x"},
        {},
    ],
)
def test_no_other_file_and_no_network(ref):
    with pytest.raises(CallFailed):
        fetch(ref)


def test_files_are_this_users_alone_and_forgotten_after_a_day(tmp_path):
    name = files.put(b"old")
    folder = tmp_path / f"replyai-simulator-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    os.utime(folder / name, (0, 0))
    files.put(b"new")
    with pytest.raises(OSError):
        files.get(name)


def test_typing_ticks_reactions_and_the_connection():
    (event,) = parse(webhook("typing", state="typing"))
    assert (event["type"], event["data"]["state"]) == ("presence.changed", "typing")
    events = parse(webhook("ack", ids=["SIMA", "SIMB"], level="read"))
    assert [e["id"] for e in events] == [
        "shop/message.status/6281200000001@c.us/SIMA/read/-",
        "shop/message.status/6281200000001@c.us/SIMB/read/-",
    ]
    assert [e["data"]["ids"] for e in events] == [["SIMA"], ["SIMB"]]
    (failed,) = parse(webhook("ack", ids=["SIMA"], level="failed"))
    assert failed["data"]["error"]["code"] == "SIMULATED"
    for emoji, kept in (("👍", "👍"), ("", None)):
        (event,) = parse(webhook("reaction", target="SIMA", emoji=emoji))
        assert (event["data"]["target_id"], event["data"]["emoji"], event["data"]["by"]) == (
            "SIMA",
            kept,
            "contact",
        )
    (event,) = parse(webhook("session", state="connected"))
    assert (event["type"], event["data"]["state"]) == ("session.state", "connected")
    (event,) = parse(webhook("dance"))
    assert (event["type"], event["data"]) == ("unknown", {"event": "dance"})


@pytest.mark.parametrize(
    "body, says",
    [
        ({}, "'event' and 'data'"),
        ({"event": "message"}, "'event' and 'data'"),
        (webhook("message"), "'text' or 'media'"),
        (webhook("message", text=" "), "'text' or 'media'"),
        (webhook("message", text="x", **{"from": "12"}), "5 to 15 digits"),
        (webhook("message", text="x", **{"from": "6281x"}), "5 to 15 digits"),
        (webhook("message", kind="dance", text="x"), "'kind' is one of"),
        (webhook("message", kind="image", text="x"), "'file' or a 'url'"),
        (webhook("message", kind="image", media={"url": "http://x"}), "data: URL"),
        (webhook("message", kind="image", media={"url": "data:" + "x" * 400_000}), "data: URL"),
        (webhook("message", interactive={"id": "1"}), "'id' and 'title'"),
        (webhook("message", interactive={"id": 1, "title": "Ya"}), "'id' and 'title'"),
        (webhook("message", interactive="1", text="Ya"), "'id' and 'title'"),
        (
            webhook("message", kind="image", media={"file": "x"}, interactive={"id": "1", "title": "Ya"}),
            "no 'media'",
        ),
        (webhook("typing", state="x"), "'state' is one of"),
        (webhook("ack", ids=[], level="read"), "'ids'"),
        (webhook("ack", ids=[1], level="read"), "'ids'"),
        (webhook("ack", ids=["a"], level=None), "'level' is one of"),
        (webhook("reaction"), "'target'"),
    ],
)
def test_what_is_missing_is_said(body, says):
    with pytest.raises(NotUnderstood, match=says):
        parse(body)


def test_a_message_of_ours_is_taken_once():
    message = {"id": "m1", "chat": "6281200000001@c.us", "kind": "text", "text": "Siap"}
    first, second = (SIMULATOR.send(message, {}, {}, 1.0) for _ in range(2))
    assert first == second == SIMULATOR.find(message, {}, {}, 1.0)
    assert first["outcome"] == "sent"
    assert first["gateway_id"] == gateway_id(message) != gateway_id({**message, "id": "m2"})


def test_a_webhook_without_an_id_is_named_by_its_content():
    body = webhook("typing", state="typing")
    del body["id"]
    assert parse(body) == parse(body)
    assert parse(body) != parse(body | {"timestamp": 1})


def test_the_pretend_phone_has_an_address_book_that_is_read_and_that_tells_of_changes():
    assert isinstance(SIMULATOR, AddressBook) and SIMULATOR.supports["contacts"]
    account = {"settings": {"contacts": [f"Bu Ani {number} 62812{number:08}" for number in range(501)]}}
    first = SIMULATOR.contacts(account, {}, 1.0, None)
    assert (len(first["contacts"]), first["next"], first["total"]) == (500, "500", 501)
    (last,) = SIMULATOR.contacts(account, {}, 1.0, "500")["contacts"]
    assert (last["chat_id"], last["book_name"]) == ("6281200000500@c.us", "Bu Ani 500")
    (told,) = parse(webhook("contacts", contacts=[{"from": "6281200000500", "book": "Bu Ani Baru"}]))
    assert told["type"] == "contact.book" and told["data"]["contacts"][0]["book_name"] == "Bu Ani Baru"
    with pytest.raises(NotUnderstood, match="list of contacts"):
        parse(webhook("contacts", contacts=7))
