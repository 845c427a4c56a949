"""A number that is not connected: what is to leave waits, and leaves once and in order when it is back."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import times
from engine.clock import due_timers, fired
from engine.events import event
from tests.broadcasts import Broadcast
from tests.post import post_room
from tests.processes import until
from tests.test_sender_pages import card
from tests.web_stack import Browser, Stack, running
from tests.world import ANDI, DEWI, SHOP, peer_of

Make = Callable[..., Broadcast]
DEAD = {"outcome": "not_sent", "reason": "the WAHA session is not connected"}
DAY = 86400


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Broadcast] = []

    def shop(*lines: str, **given: Any) -> Broadcast:
        made.append(Broadcast(tmp_path / f"w{len(made)}" / "main", *lines, **given))
        made[-1].writes(DEWI, "Halo")
        made[-1].writes(ANDI, "Pagi")
        return made[-1]

    yield shop
    for each in made:
        each.close()


def becomes(shop: Broadcast, state: str, at: str | None = None) -> None:
    """Have the gateway tell how the number's connection is."""
    data = {"state": state, "reason_code": None}
    told = event("session.state", f"{state}/{shop.time}", data, account=SHOP, occurred_at=at or shop.time)
    shop.submit(told)


def ours(shop: Broadcast, chat: str) -> list[tuple[str, str]]:
    return [(m["text"], m["status"]) for m in shop.messages(chat) if m["direction"] == "out"]


def test_all_waits_until_the_number_is_back_and_leaves_once_in_order(make: Make) -> None:
    shop = make()
    sari = shop.agent("Sari")
    becomes(shop, "disconnected")
    shop.later(120)
    for text in ("satu", "dua", "tiga"):
        shop.answers(DEWI, text, by=sari)
        shop.later(100)
    shop.later(5 * DAY)
    assert shop.calls == [] and not [job for job in shop.all("job") if job["name"].startswith("sender.")]
    assert ours(shop, DEWI) == [("satu", "queued"), ("dua", "queued"), ("tiga", "queued")]
    assert shop.pace()["why"] == "disconnected"
    becomes(shop, "connected")
    shop.later(30)
    assert shop.texts == ["satu", "dua", "tiga"]
    assert min(shop.gaps) >= 1.499, "paced as ever"
    assert {message["attempts"] for message in shop.messages(DEWI) if message["direction"] == "out"} == {1}
    assert shop.pace()["why"] is None


@pytest.mark.parametrize("state", ["starting", "qr", "logged_out", "banned", "auth_failed", "needs_action"])
def test_it_waits_in_every_state_in_which_nothing_can_be_sent(make: Make, state: str) -> None:
    shop = make()
    becomes(shop, state)
    shop.answers(DEWI, "Siap", by=shop.agent("Sari"))
    shop.later(3600)
    assert shop.calls == []
    becomes(shop, "connected")
    shop.later(5)
    assert shop.texts == ["Siap"]


def test_of_a_number_of_which_nothing_was_told_all_is_as_before(make: Make) -> None:
    shop = make()
    assert shop.account()["state"] == "unknown"
    shop.outcome = DEAD
    shop.answers(DEWI, "Siap", by=shop.agent("Sari"))
    shop.later(3600)
    assert shop.texts == ["Siap"] * 6 and ours(shop, DEWI) == [("Siap", "failed")]


@pytest.mark.parametrize("told", ["before the call", "during the call", "after the call"])
def test_a_call_on_a_dead_line_is_no_try(make: Make, told: str) -> None:
    shop = make(first_pause=60)
    becomes(shop, "connected")
    sari = shop.agent("Sari")
    for _ in range(10):
        shop.outcome = DEAD
        if told == "before the call":
            becomes(shop, "disconnected")
        message = shop.answers(DEWI, f"{len(shop.all('message'))}", by=sari)["id"]
        if told == "during the call":
            becomes(shop, "disconnected")
        shop.later(1)
        if told == "after the call":
            becomes(shop, "disconnected")
        shop.later(2 * 3600)
        found = shop.get("message", message)
        assert found["status"] == "queued" and not found.get("retry_at") and not found.get("sender.due")
        shop.outcome = {"outcome": "sent"}
        becomes(shop, "connected")
        shop.later(60)
        assert shop.get("message", message)["status"] == "sent"
        assert shop.get("message", message)["attempts"] == (2 if told == "after the call" else 1)
        shop.later(3600)
    arrived = [text for text, status in ours(shop, DEWI) if status == "sent"]
    assert len(arrived) == len(set(arrived)) == 10


def test_calls_on_a_line_that_dies_under_them_fail_nothing_and_have_an_end(make: Make) -> None:
    """The line dies under one and the same message again and again."""
    shop = make(disconnects=0)
    becomes(shop, "connected")
    message = shop.answers(DEWI, "Siap", by=shop.agent("Sari"))["id"]
    shop.outcome = DEAD
    for _ in range(4):
        becomes(shop, "disconnected")
        shop.later(60)
        becomes(shop, "connected")
    assert len(shop.calls) == 4 and shop.get("message", message)["attempts"] <= 1
    for _ in range(40):
        becomes(shop, "disconnected")
        shop.later(60)
        becomes(shop, "connected")
        shop.later(7200)
    said = shop.get("message", message)
    assert said["status"] == "failed" and said["error"]["reason"]
    assert len(shop.calls) < 25


def test_a_clock_that_was_ahead_and_bad_news_told_late_change_nothing(make: Make) -> None:
    shop = make()
    becomes(shop, "disconnected", at=times.add(shop.time, 300))
    shop.later(60)
    becomes(shop, "connected")
    assert shop.get("account", SHOP)["state"] == "connected"
    for _ in range(4):
        becomes(shop, "disconnected", at=times.add(shop.time, -90))
        shop.later(1)
    account = shop.get("account", SHOP)
    assert account["state"] == "connected" and not account.get("sender.paused")


def test_what_was_typed_on_the_phone_later_shows_that_the_number_is_back(make: Make) -> None:
    shop = make()
    becomes(shop, "disconnected")
    message = shop.answers(DEWI, "Siap", by=shop.agent("Sari"))["id"]
    shop.later(3600)
    assert shop.get("message", message)["status"] == "queued"
    said = {"message": {"id": "3EBPHONE", "kind": "text", "text": "dari ponsel"}, "peer": peer_of(ANDI)}
    shop.submit(
        event("message.sent", "phone", said, account=SHOP, origin="echo_phone", occurred_at=shop.time)
    )
    shop.later(60)
    assert shop.get("message", message)["status"] == "sent"


def test_a_late_answer_still_goes_to_the_team(make: Make) -> None:
    shop = make("Halo juga")
    becomes(shop, "disconnected")
    shop.writes(DEWI, "Masih ada?")
    shop.later(590)
    assert ours(shop, DEWI)[-1] == ("Halo juga", "queued")
    shop.later(20)
    assert ours(shop, DEWI)[-1] == ("Halo juga", "cancelled") and shop.calls[2:] == []
    becomes(shop, "connected")
    shop.later(600)
    assert shop.calls[2:] == []


def test_waiting_costs_a_look_an_hour(make: Make) -> None:
    shop = make()
    becomes(shop, "disconnected")
    shop.answers(DEWI, "Siap", by=shop.agent("Sari"))
    end, count = times.add(shop.time, DAY), 0
    while due := due_timers(shop.documents, shop.workspace.enabled, end)[0]:
        shop.time = max(shop.time, due[0]["due"])
        shop.submit(fired(due[0]))
        count += 1
    assert count <= 25


def test_a_campaign_waits_and_goes_on_by_itself(make: Make) -> None:
    shop = make(quiet_from="", reply_share=0, warm_up=0, per_hour=0)
    chats = shop.people(45)
    shop.later(600)
    becomes(shop, "connected")
    segment = shop.segment("Pembeli", {"field": "phone", "op": "starts", "value": "+62812000000"})
    id = shop.campaign("Promo!", segment=segment)
    total = sum(shop.counts(id).values())
    shop.does("start", id)
    shop.later(1000)
    becomes(shop, "disconnected")
    gone = len(shop.calls)
    assert 0 < gone < total == len(chats)
    shop.later(6 * 3600)
    assert len(shop.calls) == gone and shop.get("campaign", id)["state"] == "running"
    becomes(shop, "connected")
    shop.later(6 * 3600)
    assert shop.told() == dict.fromkeys(chats, 1) and shop.get("campaign", id)["state"] == "done"


def test_what_is_not_known_is_asked_for_when_the_number_is_back(make: Make) -> None:
    shop = make()
    becomes(shop, "connected")
    shop.outcome = {"outcome": "unknown"}
    message = shop.answers(DEWI, "Siap", by=shop.agent("Sari"))["id"]
    shop.later(0.1)
    becomes(shop, "disconnected")
    shop.later(DAY)
    assert shop.get("message", message).get("sender.finds", 0) == 0, "nobody could tell meanwhile"
    becomes(shop, "connected")
    shop.later(1)
    assert shop.get("message", message)["sender.finds"] == 1


def test_a_word_that_comes_late_does_not_take_the_number_away(make: Make) -> None:
    shop = make()
    before = shop.time
    shop.later(10)
    becomes(shop, "connected")
    becomes(shop, "starting", at=before)
    assert shop.account()["state"] == "connected"
    shop.answers(DEWI, "Siap", by=shop.agent("Sari"))
    shop.later(5)
    assert shop.texts == ["Siap"]


def test_what_a_customer_writes_shows_that_the_number_is_back(make: Make) -> None:
    shop = make()
    becomes(shop, "disconnected")
    shop.answers(DEWI, "Siap", by=shop.agent("Sari"))
    said = {"message": {"id": "LATE", "kind": "text", "text": "Halo?"}, "peer": peer_of(ANDI)}
    shop.submit(
        event("message.received", "late", said, account=SHOP, occurred_at=times.add(shop.time, -3600))
    )
    assert shop.account()["state"] == "disconnected", "that was written before"
    shop.later(120)
    assert shop.calls == []
    said = {"message": {"id": "NEW", "kind": "text", "text": "Ada?"}, "peer": peer_of(ANDI)}
    shop.submit(event("message.received", "new", said, account=SHOP, occurred_at=shop.time))
    shop.later(5)
    assert shop.account()["state"] == "connected" and shop.texts == ["Siap"]


def test_a_number_that_is_set_up_otherwise_is_not_known_to_be_gone(make: Make) -> None:
    shop = make()
    becomes(shop, "disconnected")
    shop.answers(DEWI, "Siap", by=shop.agent("Sari"))
    shop.ask("account.put", name=SHOP, gateway="waha", title="Toko")
    shop.later(5)
    assert shop.calls == [] and shop.account()["state"] == "disconnected"
    shop.ask("account.put", name=SHOP, gateway="waha", title="Toko", settings={"url": "http://other:3000"})
    shop.later(5)
    assert shop.account()["state"] == "unknown" and shop.texts == ["Siap"]


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        found.ask("agent.update", agent=found.agent("Ayu", "admin"), language="en")
        found.ask("agent.update", agent=found.agent("Sari"), language="id")
        found.writes(DEWI, "Halo")
        yield found


def tells(stack: Stack, status: str) -> None:
    """Post what WAHA posts when its session's status changes."""
    payload = {"name": "default", "status": status, "statuses": []}
    body = {"event": "session.status", "session": "default", "engine": "NOWEB", "payload": payload}
    answer = stack.posts({**body, "id": f"evt_{status}_{times.now()}"})
    assert answer.status_code == 200, answer.text


def test_people_see_why_it_waits(stack: Stack) -> None:
    ayu: Browser = stack.signed_in("Ayu")
    sari = stack.signed_in("Sari")
    conversation = stack.conversation(DEWI)["id"]
    tells(stack, "STOPPED")
    assert "the number is not connected" in card(ayu)
    stack.ask("message.send", conversation=conversation, text="Siap")
    assert "Waits: the number is not connected." in ayu.look(f"/inbox/{conversation}").text
    assert "Menunggu: nomor tidak terhubung." in sari.look(f"/inbox/{conversation}").text
    assert "the number is not connected" in card(ayu)
    found = stack.api("system")("GET", "/sender/accounts/toko")[1]
    assert (found["down"], found["why"], found["waiting"]["agent"]) == (True, "disconnected", 1)
    tells(stack, "WORKING")
    assert "not connected" not in ayu.look(f"/inbox/{conversation}").text
    assert "not connected" not in card(ayu)


@pytest.mark.slow
def test_three_messages_of_a_session_that_stops_arrive_once_when_it_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A real worker, Redis and HTTP: WAHA answers 422 while its session is down."""
    told = {"statusCode": 422, "message": "Session status is not as expected", "expected": ["WORKING"]}
    with post_room(monkeypatch, preset="normal", first_pause=1) as post:

        def tells(state: str) -> None:
            data = {"state": state, "reason_code": None, "me": None}
            post.submit(event("session.state", f"{state}/{times.now()}", data, account="toko0"))

        tells("connected")
        post.work_off(2)
        with post.waha.misbehaving("error", status=422, body=told):
            post.says("toko0", "nol")
            post.waha.wait_for_calls(1)
            tells("disconnected")
            for text in ("satu", "dua", "tiga"):
                post.says("toko0", text)
            until(lambda: post.statuses() == {"queued": 4}, 20, "that all wait")
            calls = len(post.waha.calls)
        assert calls < 4
        post.waha.wait_for_calls(calls)
        tells("connected")
        until(lambda: post.statuses() == {"sent": 4}, 30, "that all have left")
        assert [entry["text"] for entry in post.waha.ledger] == ["nol", "satu", "dua", "tiga"]
