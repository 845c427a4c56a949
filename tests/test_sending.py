"""An agent's answer: queued, sending, sent; tried again when it surely did not leave; never doubled."""

import types
from pathlib import Path

import pytest

from engine import hookimpl, times
from engine.events import event
from engine.facts.statuses import may_follow
from engine.plugins import Plugin, Registry, load
from plugins.simulator.gateway import Simulator
from tests.world import ANDI, DEWI, World, written


@pytest.fixture
def sari(shop: World) -> str:
    shop.writes(DEWI, "Halo")
    shop.writes(ANDI, "Pagi")
    return shop.agent("Sari")


def status(shop: World, message: dict) -> str:
    return str(shop.get("message", message["id"])["status"])


def timer_fires(shop: World, name: str) -> None:
    (timer,) = [t for t in shop.all("timer") if t["name"].startswith(name)]
    data = {"timer": timer["id"], "due": timer["due"]}
    shop.submit(event("timer.fired", f"{timer['id']}/{timer['due']}", data, origin="timer"))


def make_due(shop: World, message: dict) -> None:
    """Let the pause of a message be over."""
    past = times.add(times.now(), -1)
    shop.workspace.writer.do(
        lambda c: shop.workspace.store.documents.table("message").update(
            {"sender.due": past}, doc_ids=[message["id"]]
        )
    ).result()


def test_an_answer_is_handed_out_at_once_and_takes_the_conversation(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih, Kak", by=sari)
    assert message["status"] == "sending"
    assert shop.job_of(message["id"])["name"] == "sender.send"
    conversation = shop.conversation(DEWI)
    assert (conversation["handler"], conversation["assignee"], conversation["unread"]) == ("agent", sari, 0)
    assert conversation["last_message"]["status"] == "sending"


def test_the_ticks_go_up_and_never_down(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih, Kak", by=sari)
    shop.job_ends(message["id"], outcome="sent", gateway_id="G1")
    assert status(shop, message) == "sent"
    shop.status_comes(DEWI, "G1", "read")
    shop.status_comes(DEWI, "G1", "delivered")
    assert status(shop, message) == "read"
    assert shop.conversation(DEWI)["last_message"]["status"] == "read"


def test_a_double_post_is_one_message(shop: World, sari: str) -> None:
    first = shop.answers(DEWI, "Masih", by=sari, client_id="c-1")
    again = shop.answers(DEWI, "Masih", by=sari, client_id="c-1")
    assert first["id"] == again["id"]
    assert len(shop.messages(DEWI)) == 2


def test_one_call_at_a_time_for_one_number(shop: World, sari: str) -> None:
    first = shop.answers(DEWI, "satu", by=sari)
    second = shop.answers(ANDI, "dua", by=sari)
    assert (status(shop, first), status(shop, second)) == ("sending", "queued")
    shop.job_ends(first["id"], outcome="sent", gateway_id="G1")
    assert status(shop, second) == "sending"


def test_not_sent_is_tried_again_with_growing_pauses_then_failed(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    pauses = []
    for _ in range(5):
        shop.job_ends(message["id"], outcome="not_sent", reason="connection refused")
        waiting = shop.get("message", message["id"])
        assert waiting["status"] == "queued"
        pauses.append(times.seconds_between(waiting["status_at"], waiting["sender.due"]))
        make_due(shop, message)
        timer_fires(shop, "due/")
    assert pauses == sorted(pauses) and pauses[0] < 3 and pauses[-1] > 100
    shop.job_ends(message["id"], outcome="not_sent", reason="connection refused")
    failed = shop.get("message", message["id"])
    assert (failed["status"], failed["error"]["reason"]) == ("failed", "connection refused")
    done = shop.ask("message.retry", by=sari, message=message["id"])
    assert done["status"] == "done" and status(shop, message) == "sending"


def test_a_message_that_waits_holds_back_those_after_it_in_its_conversation_only(
    shop: World, sari: str
) -> None:
    first = shop.answers(DEWI, "satu", by=sari)
    second = shop.answers(DEWI, "dua", by=sari)
    other = shop.answers(ANDI, "lain", by=sari)
    shop.job_ends(first["id"], outcome="not_sent", reason="connection refused")
    assert [status(shop, m) for m in (first, second, other)] == ["queued", "queued", "sending"]


def test_refused_is_failed_at_once(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.job_ends(message["id"], outcome="refused", code=422, reason="the number is not on WhatsApp")
    assert status(shop, message) == "failed"


def test_an_unknown_outcome_is_unconfirmed_and_never_sent_again_by_itself(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.job_ends(message["id"], outcome="unknown", reason="no answer within 15 s")
    assert status(shop, message) == "unconfirmed"
    timer_fires(shop, "find/")
    shop.job_ends(message["id"], outcome="absent")
    assert status(shop, message) == "unconfirmed"
    assert not [j for j in shop.all("job") if j["name"] == "sender.send" and j["state"] == "queued"]


def test_the_gateways_history_settles_an_unconfirmed_message(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    following = shop.answers(DEWI, "Mau dikirim?", by=sari)
    shop.job_ends(message["id"], outcome="unknown")
    assert status(shop, following) == "queued"
    timer_fires(shop, "find/")
    shop.job_ends(message["id"], outcome="sent", gateway_id="G9")
    assert status(shop, message) == "sent"
    assert status(shop, following) == "sending"


def test_an_echo_settles_an_unconfirmed_message_and_makes_no_second_one(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.job_ends(message["id"], outcome="unknown")
    shop.echo_comes(DEWI, "Masih", "G7", origin="echo_api")
    assert status(shop, message) == "sent"
    assert len(shop.messages(DEWI)) == 2
    assert shop.all("parked") == []


def test_an_echo_and_a_status_before_the_calls_own_answer_are_kept_for_it(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.echo_comes(DEWI, "Masih", "G5", origin="echo_api")
    shop.status_comes(DEWI, "G5", "delivered")
    assert status(shop, message) == "sending"
    shop.job_ends(message["id"], outcome="sent", gateway_id="G5")
    assert status(shop, message) == "delivered"
    assert len(shop.messages(DEWI)) == 2


def test_an_echo_that_nobody_claims_becomes_a_message_of_its_own(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.echo_comes(DEWI, "Ini dari ponsel", "P1")
    shop.job_ends(message["id"], outcome="sent", gateway_id="G1")
    timer_fires(shop, "parked/")
    assert [(m["author"]["kind"], m["text"]) for m in shop.messages(DEWI)][-1] == ("phone", "Ini dari ponsel")


def test_a_message_typed_on_the_phone_is_shown_and_counts_as_an_answer(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    shop.echo_comes(DEWI, "Siap", "P1")
    assert [m["direction"] for m in shop.messages(DEWI)] == ["in", "out"]
    assert shop.conversation(DEWI)["unread"] == 0


def test_a_person_who_was_told_may_send_again_or_say_it_was_sent(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.job_ends(message["id"], outcome="unknown")
    shop.ask("message.resolve_unconfirmed", by=sari, message=message["id"], verdict="send_again")
    assert status(shop, message) == "sending"
    shop.job_ends(message["id"], outcome="unknown")
    shop.ask("message.resolve_unconfirmed", by=sari, message=message["id"], verdict="sent")
    assert status(shop, message) == "sent"


def test_with_the_sender_off_a_message_waits_and_leaves_when_it_is_on_again(shop: World, sari: str) -> None:
    shop.submit(
        event("settings.changed", "1", {"documents": {"plugin": [{"id": "sender", "enabled": True}]}})
    )
    shop.ask("plugin.set", plugin="sender", enabled=False)
    message = shop.answers(DEWI, "Masih", by=sari)
    assert status(shop, message) == "queued"
    shop.ask("plugin.set", plugin="sender", enabled=True)
    assert status(shop, message) == "sending"


def test_a_number_that_hangs_never_holds_all_workers(shop: World, sari: str) -> None:
    for name in ("dua", "tiga"):
        shop.ask("account.put", name=name, gateway="simulator")
        for text in ("a", "b"):
            data = {"message": {"id": f"{name}{text}", "kind": "text", "text": text}}
            data["peer"] = {"chat_id": DEWI, "kind": "user"}
            shop.submit(event("message.received", f"{DEWI}/{name}{text}", data, account=name))
    waiting = []
    for conversation in shop.all("conversation"):
        if conversation["chat"] == DEWI:
            for text in ("satu", "dua"):
                done = shop.ask("message.send", by=sari, conversation=conversation["id"], text=text)
                waiting.append(done["result"]["message"])
    for id in waiting[::2]:
        assert shop.get("message", id)["status"] == "sending"
        shop.job_ends(id, outcome="unknown", reason="no answer")
    shop.ask("message.send", by=sari, conversation=shop.conversation(ANDI)["id"], text="lain")
    for conversation in {shop.get("message", id)["conversation"] for id in waiting}:
        shop.ask("message.send", by=sari, conversation=conversation, text="lagi")
    sending = [m for m in shop.all("message") if m["status"] == "sending"]
    assert len(sending) == 1, "numbers that timed out are called one at a time"


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("queued", "sending", True),
        ("sending", "sent", True),
        ("sent", "delivered", True),
        ("delivered", "sent", False),
        ("read", "delivered", False),
        ("sent", "failed", True),
        ("delivered", "failed", False),
        ("read", "failed", False),
        ("failed", "delivered", True),
        ("failed", "sent", False),
        ("sending", "unconfirmed", True),
        ("sent", "unconfirmed", False),
        ("unconfirmed", "read", True),
        ("unconfirmed", "failed", True),
        ("cancelled", "sent", False),
    ],
)
def test_what_may_follow_what(before: str, after: str, allowed: bool) -> None:
    assert may_follow(before, after) is allowed


def test_a_lost_job_whose_mark_the_engine_won_is_given_out_again(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    job = shop.job_of(message["id"])
    shop.submit(event("job.expired", f"{job['id']}/won", {"job": job["id"], "mark": "won"}, origin="system"))
    again = shop.job_of(message["id"])
    assert (again["attempt"], again["action"]) == (2, job["action"])
    assert status(shop, message) == "sending"


def test_a_lost_job_whose_mark_a_worker_has_is_unconfirmed_and_a_late_result_counts(
    shop: World, sari: str
) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    job = shop.job_of(message["id"])["id"]
    shop.submit(event("job.expired", f"{job}/lost", {"job": job, "mark": "lost"}, origin="system"))
    assert status(shop, message) == "unconfirmed"
    result = {"job": job, "result": {"outcome": "sent", "gateway_id": "G1"}}
    shop.submit(event("job.finished", job, result, origin="job"))
    assert status(shop, message) == "sent"


def test_an_emptied_redis_leaves_nothing_to_chance(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.submit(event("redis.epoch", "e1", {"epoch": "e1"}, origin="system"))
    assert status(shop, message) == "unconfirmed"
    assert shop.get("message", message["id"])["error"]["reason"].startswith("Redis was emptied")
    assert [t["name"] for t in shop.all("timer")] == [f"find/{message['id']}"]


def second_call_is_open(shop: World, sari: str) -> tuple[dict, str]:
    """A message whose first call was lost and whose second, a person's wish, is open."""
    message = shop.answers(DEWI, "Masih", by=sari)
    first = shop.job_of(message["id"])["id"]
    shop.submit(event("job.expired", f"{first}/lost", {"job": first, "mark": "lost"}, origin="system"))
    shop.ask("message.resolve_unconfirmed", by=sari, message=message["id"], verdict="send_again")
    assert status(shop, message) == "sending"
    return message, first


@pytest.mark.parametrize("outcome", ["not_sent", "refused", "unknown", "cancelled"])
def test_a_late_result_of_an_old_call_never_moves_a_message_whose_new_call_is_open(
    shop: World, sari: str, outcome: str
) -> None:
    message, first = second_call_is_open(shop, sari)
    result = {"job": first, "result": {"outcome": outcome, "reason": "late"}}
    shop.submit(event("job.finished", first, result, origin="job"))
    assert status(shop, message) == "sending"
    assert len([j for j in shop.all("job") if j["state"] == "queued"]) == 1


def test_a_late_word_that_an_old_call_sent_it_is_evidence(shop: World, sari: str) -> None:
    message, first = second_call_is_open(shop, sari)
    result = {"job": first, "result": {"outcome": "sent", "gateway_id": "GA"}}
    shop.submit(event("job.finished", first, result, origin="job"))
    assert status(shop, message) == "sent"
    assert shop.get("message", message["id"])["gateway_id"] == "GA"


def test_a_persons_same_words_on_the_phone_settle_nothing(shop: World, sari: str) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    shop.job_ends(message["id"], outcome="unknown")
    shop.echo_comes(DEWI, "Masih", "PHONE1", origin="echo_phone")
    assert status(shop, message) == "unconfirmed"


def test_an_echo_that_nobody_claims_keeps_when_and_by_whom_it_was_said(shop: World, sari: str) -> None:
    shop.answers(DEWI, "Masih", by=sari)
    shop.echo_comes(DEWI, "Dari program lain", "API1", origin="echo_api")
    (parked,) = shop.all("parked")
    timer_fires(shop, "parked/")
    own = shop.messages(DEWI)[-1]
    assert (own["origin"], own["author"]["name"]) == ("echo_api", "API")
    assert own["occurred_at"] == parked["echo"]["occurred_at"]


def test_a_file_whose_fetch_takes_long_counts_though_another_was_given_out(shop: World) -> None:
    media = {"kind": "image", "mime": "image/png", "ref": {"url": "http://localhost:3000/api/files/x"}}
    said = {"id": "PIC", "kind": "image", "text": None, "media": media}
    peer = {"chat_id": DEWI, "kind": "user"}
    data = {"message": said, "peer": peer}
    shop.submit(event("message.received", f"{DEWI}/PIC", data, account="toko"))
    (picture,) = shop.messages(DEWI)
    first = shop.job_of(picture["id"])["id"]
    shop.submit(event("job.expired", f"{first}/won", {"job": first, "mark": "won"}, origin="system"))
    fetched = {
        "outcome": "fetched",
        "id": "m1",
        "hash": "0" * 64,
        "mime": "image/png",
        "filename": "x.png",
        "size": 1,
    }
    shop.submit(event("job.finished", first, {"job": first, "result": fetched}, origin="job"))
    assert shop.get("message", picture["id"])["media"]["state"] == "ready"
    assert shop.all("job") == []


def test_a_file_that_no_worker_ever_brings_is_failed_in_the_end_and_can_be_tried_again(shop: World) -> None:
    media = {"kind": "image", "mime": "image/png", "ref": {"url": "http://localhost:3000/api/files/x"}}
    data = {
        "message": {"id": "PIC", "kind": "image", "media": media},
        "peer": {"chat_id": DEWI, "kind": "user"},
    }
    shop.submit(event("message.received", f"{DEWI}/PIC", data, account="toko"))
    (picture,) = shop.messages(DEWI)
    for _ in range(5):
        job = shop.job_of(picture["id"])["id"]
        shop.submit(event("job.expired", f"{job}/won", {"job": job, "mark": "won"}, origin="system"))
    assert shop.get("message", picture["id"])["media"]["state"] == "failed"
    assert shop.all("job") == []
    assert shop.ask("media.retry", message=picture["id"])["status"] == "done"
    assert shop.get("message", picture["id"])["media"]["state"] == "pending"


def test_a_status_asks_for_nothing(shop: World, sari: str) -> None:
    first = shop.answers(DEWI, "satu", by=sari)
    shop.job_ends(first["id"], outcome="sent", gateway_id="G1")
    shop.status_comes(DEWI, "G1", "delivered")
    assert shop.journal()[-1]["actions"] == [], "ticks are many: none of them looks through the queue"


def test_a_late_word_of_an_old_call_plans_nothing_for_a_message_that_waits_again(
    shop: World, sari: str
) -> None:
    message = shop.answers(DEWI, "Masih", by=sari)
    other = shop.answers(ANDI, "lain", by=sari)
    first = shop.job_of(message["id"])["id"]
    shop.submit(event("job.expired", f"{first}/lost", {"job": first, "mark": "lost"}, origin="system"))
    shop.ask("message.resolve_unconfirmed", by=sari, message=message["id"], verdict="send_again")
    assert (status(shop, message), status(shop, other)) == ("queued", "sending")
    result = {"job": first, "result": {"outcome": "not_sent", "reason": "late"}}
    shop.submit(event("job.finished", first, result, origin="job"))
    assert shop.get("message", message["id"]).get("retry_at") is None
    shop.job_ends(other["id"], outcome="sent", gateway_id="G1")
    assert status(shop, message) == "sending"


def test_a_webhooks_bytes_are_kept_with_its_first_new_event(shop: World) -> None:
    shop.writes(DEWI, "satu", id="A1")
    raw = {"gateway": "waha", "account": "toko", "body": b'{"two": "messages"}', "reason": None}
    shop.submit(written(DEWI, "satu", "A1"), written(DEWI, "dua", "A2"), raw=raw)
    (kept,) = shop.documents.connection.execute("SELECT seq FROM raw").fetchall()
    assert kept[0] == len(shop.journal())


class Careful(Simulator):
    """A service that takes our ids and shows two sends of one id as one."""

    name = "careful"
    supports = {**Simulator.supports, "client_ids": True, "same_id": True}


def test_what_the_history_lacks_is_sent_once_more_under_its_id_where_that_is_seen_once(
    tmp_path: Path,
) -> None:
    module = types.ModuleType("test_careful")
    module.gateways = hookimpl(lambda: [Careful()])  # type: ignore[attr-defined]
    registry = Registry([*load().plugins.values(), Plugin("careful", module=module)])
    shop = World(tmp_path / "w" / "main", registry)
    shop.ask("account.put", name="toko", gateway="careful")
    shop.writes(DEWI, "Halo")
    message = shop.answers(DEWI, "Masih", by=shop.agent("Sari"))
    wanted = message["wanted_id"]
    for expected in ("sending", "unconfirmed"):
        shop.job_ends(message["id"], outcome="unknown", reason="no answer within 15 s")
        timer_fires(shop, "find/")
        shop.job_ends(message["id"], outcome="absent")
        assert status(shop, message) == expected, "once, and then a person decides"
        assert shop.get("message", message["id"])["wanted_id"] == wanted
    shop.close()
