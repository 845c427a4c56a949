"""WAHA's webhooks become events: every stored body against a reviewed table, and what the table lacks."""

import copy
import json
import random
from pathlib import Path

import pytest

from engine.gateways import NotJson, NotUnderstood
from plugins.waha.gateway import Waha

WAHA = Waha()
PAYLOADS = Path(__file__).parent / "payloads"
GOLDEN = [json.loads(line) for line in (PAYLOADS / "waha.golden.jsonl").read_text().splitlines()]
FILES = sorted((PAYLOADS / "waha").rglob("*.json"))


def body(name: str = "assembled/message-location.json", **payload):
    """Return a stored body with another payload's fields."""
    found = json.loads((PAYLOADS / "waha" / name).read_text())
    found["payload"] |= payload
    return found


def parse(found, account="shop"):
    return WAHA.parse(json.dumps(found).encode(), account)


def parse_one(found):
    (event,) = parse(found)
    return event


def text(**payload):
    return body(location=None, body="Halo", **payload)


@pytest.mark.parametrize("expected", GOLDEN, ids=lambda row: row["file"])
def test_every_stored_body(expected):
    raw = (PAYLOADS / "waha" / expected["file"]).read_bytes()
    if "not_understood" in expected:
        with pytest.raises(NotUnderstood) as caught:
            WAHA.parse(raw, "default")
        assert caught.value.reason == expected["not_understood"]
    else:
        assert WAHA.parse(raw, WAHA.default_account(raw)) == expected["events"]


def test_the_table_has_every_file():
    assert [row["file"] for row in GOLDEN] == [str(file.relative_to(PAYLOADS / "waha")) for file in FILES]


def test_message_and_message_any_are_one_event():
    one, other = text(), text()
    other |= {"event": "message.any", "id": "evt_another"}
    assert parse(one) == parse(other)


def test_the_answer_to_a_lid_is_the_phone_number():
    for data in (
        {"key": {"remoteJid": "99@lid", "remoteJidAlt": "628131000@s.whatsapp.net"}, "pushName": "Budi"},
        {"Info": {"SenderAlt": "628131000:7@s.whatsapp.net", "PushName": "Budi"}},
    ):
        event = parse_one(text(id="false_99@lid_3EB0", **{"from": "99@lid"}, _data=data))
        assert event["id"] == "shop/message.received/628131000@c.us/3EB0"
        assert event["data"]["peer"] == {
            "chat_id": "628131000@c.us",
            "kind": "user",
            "phone": "628131000",
            "lid": "99@lid",
            "push_name": "Budi",
            "book_name": None,
        }


def test_a_lid_alone_is_no_phone_number():
    peer = parse_one(text(id="false_99@lid_3EB0", **{"from": "99@lid"}))["data"]["peer"]
    assert (peer["chat_id"], peer["phone"], peer["lid"]) == ("99@lid", None, "99@lid")


def test_own_messages_tell_where_they_were_typed():
    for source, origin in (("api", "echo_api"), ("app", "echo_phone"), (None, "echo_phone")):
        event = parse_one(text(id="true_628131000@c.us_3EB0", fromMe=True, source=source))
        assert (event["type"], event["origin"]) == ("message.sent", origin)
        assert event["data"]["peer"]["push_name"] is None


def test_webjs_names_the_chat_of_an_own_message_in_to():
    found = text(id="3EB0", fromMe=True, **{"from": "15550100001@c.us", "to": "628131000@c.us"})
    assert parse_one(found)["data"]["peer"]["chat_id"] == "628131000@c.us"


def test_an_own_message_to_the_own_number_is_not_read():
    for chat in ("15550100001@c.us", "100000000000001@lid"):
        assert parse_one(text(id=f"true_{chat}_3EB0", fromMe=True))["type"] == "unknown"


@pytest.mark.parametrize(
    "chat, kind", [("1@g.us", "group"), ("1@newsletter", "newsletter"), ("status@broadcast", "broadcast")]
)
def test_what_the_engine_drops_is_named(chat, kind):
    assert parse_one(text(id=f"false_{chat}_3EB0", **{"from": chat}))["data"]["peer"]["kind"] == kind


@pytest.mark.parametrize(
    "data, kind",
    [
        ({"type": "ptt"}, "voice"),
        ({"message": {"audioMessage": {"ptt": True}}}, "voice"),
        ({"message": {"audioMessage": {"ptt": False}}}, "audio"),
        ({"Info": {"MediaType": "image"}}, "image"),
        ({}, "document"),
    ],
)
def test_a_file_that_is_not_loaded_keeps_its_kind_and_can_be_asked_for(data, kind):
    event = parse_one(text(hasMedia=True, media=None, _data=data))
    media = event["data"]["message"]["media"]
    assert (media["kind"], media["ref"]["url"]) == (kind, None)
    assert media["ref"]["message_id"] == "false_15550100011@c.us_3EB0AAAA"


@pytest.mark.parametrize(
    "data, kind, said",
    [
        (
            {
                "message": {
                    "listResponseMessage": {"title": "Besok", "singleSelectReply": {"selectedRowId": "b"}}
                }
            },
            "interactive",
            {"id": "b", "title": "Besok", "kind": "list"},
        ),
        (
            {"message": {"buttonsResponseMessage": {"selectedButtonId": "y", "selectedDisplayText": "Ya"}}},
            "interactive",
            {"id": "y", "title": "Ya", "kind": "buttons"},
        ),
        (
            {"message": {"pollCreationMessageV3": {"name": "Kapan?", "options": [{"optionName": "Senin"}]}}},
            "poll",
            {"name": "Kapan?", "options": ["Senin"]},
        ),
    ],
)
def test_answers_and_polls(data, kind, said):
    message = parse_one(body(location=None, body=None, _data=data))["data"]["message"]
    assert (message["kind"], message["interactive"] or message["poll"]) == (kind, said)


def test_what_has_no_content_is_unsupported_and_whatsapps_own_traffic_is_no_message():
    assert parse_one(body(location=None, body=None))["data"]["message"]["kind"] == "unsupported"
    for data in ({"type": "e2e_notification"}, {"message": {"protocolMessage": {}}}, {"messageStubType": 27}):
        assert parse_one(body(location=None, body=None, _data=data))["type"] == "unknown"


def test_a_vcard_with_items_and_without_waid():
    vcard = "BEGIN:VCARD\nFN:Siti\nitem1.TEL;waid=628131:+62 813-1\nTEL;type=HOME:021 55\nEND:VCARD"
    message = parse_one(body(location=None, vCards=[vcard]))["data"]["message"]
    assert message["contacts"] == [{"name": "Siti", "phones": ["+628131", "021 55"], "vcard": vcard}]


@pytest.mark.parametrize("stamp", [1768580591, 1768580591000, 1768580591.0, "1768580591", "1768580591000"])
def test_times_in_every_shape(stamp):
    assert parse_one(text(timestamp=stamp))["occurred_at"] == "2026-01-16T16:23:11.000000Z"


@pytest.mark.parametrize("stamp", [None, "soon", True, -1, 1e300, {}])
def test_a_time_that_is_none_falls_back_to_the_envelopes(stamp):
    assert parse_one(text(timestamp=stamp))["occurred_at"] == "2026-01-16T16:23:11.344000Z"


def test_acknowledgements_by_number_and_by_name():
    levels = {-1: "failed", 0: "pending", 1: "server", 2: "delivered", 3: "read", 4: "played"}
    for ack, status in levels.items():
        data = parse_one(body("assembled/message-ack-device.json", ack=ack))["data"]
        assert (data["status"], bool(data["error"])) == (status, ack == -1)
    assert (
        parse_one(body("assembled/message-ack-device.json", ack=None, ackName="READ"))["data"]["status"]
        == "read"
    )
    with pytest.raises(NotUnderstood, match="expected -1 to 4"):
        parse(body("assembled/message-ack-device.json", ack=9, ackName="?"))


def test_our_own_reading_is_no_acknowledgement():
    found = body("assembled/message-ack-device.json", id="false_628131@c.us_3EB0", fromMe=False)
    assert parse_one(found)["type"] == "unknown"


def test_a_reaction_that_is_taken_back_and_given_again_is_three_events():
    ids = set()
    for n, emoji in enumerate(("🙏", "", "🙏")):
        found = body("message-reaction.json", timestamp=1710481111 + n)
        found["payload"]["reaction"]["text"] = emoji
        event = parse_one(found)
        assert event["data"]["emoji"] == (emoji or None)
        ids.add(event["id"])
    assert len(ids) == 3


def test_presence():
    found = {"event": "presence.update", "session": "default", "payload": {"id": "628131@c.us"}}
    found["payload"]["presences"] = [
        {"participant": "628131@c.us", "lastKnownPresence": "typing", "lastSeen": None}
    ]
    event = parse_one(found)
    assert (event["type"], event["data"]["state"]) == ("presence.changed", "typing")
    assert event["data"]["peer"]["phone"] == "628131"


def test_what_postgresql_and_json_cannot_hold_is_replaced():
    raw = json.dumps(text()).replace("Halo", "a\\u0000b\\ud800c\\ud83d\\ude4f").encode()
    (event,) = WAHA.parse(raw, "shop")
    assert event["data"]["message"]["text"] == "a\ufffdb\ufffdc🙏"
    json.dumps(event, ensure_ascii=False).encode()


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b"hello"])
def test_what_is_no_json(raw):
    with pytest.raises(NotUnderstood) as caught:
        WAHA.parse(raw, "shop")
    assert isinstance(caught.value, NotJson) or "deep" in caught.value.reason


@pytest.mark.parametrize(
    "raw, says",
    [
        (b"[]", "JSON object"),
        (b"null", "JSON object"),
        (b"{}", "'event'"),
        (b'{"event": "message"}', "'session'"),
        (b'{"event": "message", "session": "s"}', "'payload'"),
        (b'{"event": "message", "session": "s", "payload": {"id": "3EB0"}}', "names no chat"),
    ],
)
def test_what_is_no_webhook_says_what_is_missing(raw, says):
    with pytest.raises(NotUnderstood, match=says) as caught:
        WAHA.parse(raw, "shop")
    assert "\n" not in caught.value.reason


def test_the_same_body_gives_the_same_events():
    for file in FILES:
        raw = file.read_bytes()
        for _ in range(2):
            try:
                assert WAHA.parse(raw, "shop") == WAHA.parse(raw, "shop")
            except NotUnderstood:
                break


def test_bodies_with_fields_of_other_types_never_break_it():
    """Each place of each stored body in turn gets something else: events or NotUnderstood, no other error."""
    odd = [None, 0, -1, 1.5, True, "", "x", "a@b", [], [1], {}, {"id": 1}, "true_1@c.us_A", 10**30]
    chance = random.Random(3)
    for file in FILES:
        whole = json.loads(file.read_text())
        for path in list(_paths(whole)):
            changed = copy.deepcopy(whole)
            _put(changed, path, chance.choice(odd))
            try:
                events = parse(changed)
            except NotUnderstood:
                continue
            json.dumps(events)
            assert all(event["id"].startswith("shop/") for event in events)


def _paths(value, before=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*before, key)
        yield from _paths(item, (*before, key))


def _put(value, path, new):
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new
