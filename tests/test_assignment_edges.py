"""Where things meet: a backlog and a text, one person with two numbers, absences, hand-overs, new hours."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import times
from engine.events import event, requested
from engine.plugins import load
from engine.replay import replay
from tests.test_assignment import WEEK, Shop, chat
from tests.world import ANDI, DEWI, SHOP, peer_of, written

LID = "99@lid"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    day = Shop(tmp_path / "w" / "main", load())
    day.with_shop()
    yield day
    assert not any(row.get("errors") for row in day.journal())
    assert replay(day.workspace.folder, day.registry)["identical"]
    day.close()


def told(shop: Shop, *chats: str) -> list[str]:
    return [m["text"] for each in chats for m in shop.messages(each) if m["direction"] == "out"]


def turns_out_one(shop: Shop, phone: str, lid: str = LID) -> None:
    shop.submit(event("identity.linked", f"l/{phone}", {"peer": peer_of(phone, lid=lid)}, account=SHOP))


def gets_many(shop: Shop, count: int) -> None:
    for first in range(0, count, 100):
        shop.submit(*[written(chat(n), "permisi", f"M{n}") for n in range(first, min(first + 100, count))])


# A backlog


def test_a_new_text_is_told_to_nobody_of_the_backlog(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=3)
    shop.comes(sari)
    for number in range(8):
        shop.writes(chat(number), "halo")
    shop.later(86400)
    shop.rules(queue_text="Anda nomor {position}.")
    assert [shop.has(chat(n)) for n in range(4)] == ["Sari", "Sari", "Sari", None]
    assert len(shop.all("assignment_wait")) == 5
    shop.writes(ANDI, "saya baru")
    assert told(shop, *map(chat, range(8)), ANDI) == ["Anda nomor 6."]


def test_who_is_told_still_waits_and_nobody_is_left_behind_in_the_queue(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=2)
    shop.rules(queue_text="Anda nomor {position}.")
    shop.comes(sari)
    shop.submit(*[written(chat(n), "halo", f"M{n}") for n in range(3)])
    assert told(shop, chat(0), chat(1)) == []
    assert told(shop, chat(2)) == ["Anda nomor 1."]
    assert [w["id"] for w in shop.all("assignment_wait")] == [shop.conversation(chat(2))["id"]]


def test_many_who_are_to_be_told_are_told_in_several_transactions(shop: Shop) -> None:
    shop.rules()
    gets_many(shop, 130)
    shop.ask("assignment.set_team", team="everyone", queue_text="Nomor {position}")
    team = shop.team("Baru")
    shop.rules(team, queue_text="Nomor {position}")
    many = [
        {"type": "conversation.assign", "data": {"conversation": c["id"], "agent": None, "team": team}}
        for c in shop.all("conversation")
    ]
    shop.submit(requested(None, many, None))
    assert len(told(shop, *map(chat, range(130)))) == 50
    shop.later(1)
    assert told(shop, *map(chat, range(130))) == [f"Nomor {n + 1}" for n in range(130)]


def test_a_backlog_of_any_length_comes_into_the_queue_and_is_handed_out(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=0)
    gets_many(shop, 1150)
    shop.rules()
    assert len(shop.all("assignment_wait")) == 1000
    shop.comes(sari)
    shop.later(1)
    assert shop.all("assignment_wait") == []
    assert {c["assignee"] for c in shop.all("conversation")} == {sari}


def test_what_nobody_free_can_take_is_not_gone_through_again_and_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three hundred ask for Budi's skill, and Budi is not there: who else waits is found without them."""
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.ask("assignment.set_agent", agent=budi, skills=["Refund"])
    label = shop.label("Refund")
    shop.rules(strategy="skills")
    gets_many(shop, 300)
    many = [
        {"type": "labels.add", "data": {"conversation": c["id"], "label": label}}
        for c in shop.all("conversation")
    ]
    shop.submit(requested(None, many, None))
    shop.writes(DEWI, "halo")
    read: list[object] = []
    table = type(shop.documents.table("assignment_wait"))
    page = table.page

    def counted(*args: Any, **how: Any) -> Any:
        found = page(*args, **how)
        read.extend(found[0])
        return found

    monkeypatch.setattr(table, "page", counted)
    shop.comes(sari)
    monkeypatch.undo()
    assert shop.has(DEWI) == "Sari"
    assert len(read) < 20
    shop.comes(budi)
    assert [shop.has(chat(n)) for n in range(11)] == ["Budi"] * 10 + [None]


# One person with two numbers


def test_two_that_wait_become_one_that_waits_once_and_is_given(shop: Shop) -> None:
    shop.rules()
    shop.writes(ANDI, "halo")
    shop.writes(LID, "saya lagi", lid=LID)
    turns_out_one(shop, ANDI)
    assert [w["id"] for w in shop.all("assignment_wait")] == [shop.conversation(ANDI)["id"]]
    shop.comes(shop.agent("Sari"))
    assert (shop.has(ANDI), shop.all("assignment_wait")) == ("Sari", [])


def test_a_resolved_one_and_one_that_waits_become_one_that_is_given(shop: Shop) -> None:
    shop.rules(first_minutes=10)
    shop.writes(ANDI, "halo")
    shop.ask("conversation.resolve", conversation=shop.conversation(ANDI)["id"])
    shop.writes(LID, "saya lagi", lid=LID)
    turns_out_one(shop, ANDI)
    assert shop.conversation(ANDI)["assignment.sla"]["state"] == "running"
    shop.comes(shop.agent("Sari"))
    assert shop.has(ANDI) == "Sari"
    shop.later(601)
    assert len(shop.consequence("assignment.breach_sla")) == 1


def test_two_of_one_agent_become_one_and_the_room_is_noticed(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=2)
    shop.rules()
    shop.comes(sari)
    shop.writes(ANDI, "halo")
    shop.writes(LID, "saya lagi", lid=LID)
    shop.writes(DEWI, "permisi")
    assert shop.has(DEWI) is None
    turns_out_one(shop, ANDI)
    assert shop.has(DEWI) == "Sari"


def test_no_timer_of_the_one_that_is_gone_takes_the_conversation_away(shop: Shop) -> None:
    shop.rules(answer_minutes=5)
    sari = shop.agent("Sari")
    for agent in (sari, shop.agent("Budi")):
        shop.comes(agent)
    shop.writes(ANDI, "halo")
    shop.ask("conversation.resolve", conversation=shop.conversation(ANDI)["id"])
    shop.writes(LID, "saya lagi", lid=LID)
    who = shop.has(LID)
    turns_out_one(shop, ANDI)
    shop.answers(ANDI, "Baik", by=shop.conversation(ANDI)["assignee"])
    shop.later(200)
    shop.writes(ANDI, "satu lagi")
    shop.later(150)
    assert shop.has(ANDI) == who
    shop.later(151)
    assert shop.has(ANDI) != who


def test_what_is_asked_of_the_one_that_is_gone_is_done_to_the_one_that_stays(shop: Shop) -> None:
    shop.rules()
    shop.writes(ANDI, "halo")
    shop.writes(LID, "saya lagi", lid=LID)
    gone = shop.conversation(LID)["id"]
    turns_out_one(shop, ANDI)
    stays = shop.conversation(ANDI)["id"]
    assert shop.get("merged", gone)["into"] == stays
    (before,) = shop.all("assignment_wait")
    assert shop.ask("assignment.set_priority", conversation=gone, priority=3)["status"] == "done"
    (after,) = shop.all("assignment_wait")
    assert shop.conversation(ANDI)["assignment.priority"] == 3 and after["key"] < before["key"]
    assert shop.ask("assignment.relabel", conversation=gone)["status"] == "done"
    refused = shop.ask("assignment.set_priority", conversation="nobody", priority=3)
    assert (refused["status"], refused["reason"]) == ("refused", "there is no conversation 'nobody'")


# Room that comes by itself


def test_a_block_gives_room(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=1)
    shop.rules(first_minutes=5)
    shop.comes(sari)
    shop.writes(DEWI, "beli sekarang!!!")
    shop.writes(ANDI, "halo")
    shop.ask("contact.block", contact=shop.conversation(DEWI)["contact"], reason="spam")
    assert shop.has(ANDI) == "Sari"
    assert shop.conversation(DEWI)["assignment.sla"] is None


def test_an_erasure_gives_room(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=1)
    shop.rules()
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.writes(ANDI, "halo")
    shop.workspace.erase(f"+{DEWI.partition('@')[0]}").result(30)
    assert shop.has(ANDI) == "Sari"


# Absences


def test_the_only_agent_gets_their_customer_back_when_they_come_again(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.rules()
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.goes(sari)
    shop.later(400)
    assert shop.has(DEWI) is None
    shop.comes(sari)
    assert shop.has(DEWI) == "Sari"


def test_who_lost_it_comes_last_until_they_were_away(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    for agent in (sari, budi):
        shop.ask("assignment.set_agent", agent=agent, capacity=1)
    shop.rules(answer_minutes=5)
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.comes(budi)
    shop.later(301)
    assert shop.has(DEWI) == "Budi"
    shop.ask("conversation.assign", conversation=shop.conversation(DEWI)["id"], agent=None)
    assert shop.has(DEWI) == "Budi"
    shop.goes(sari)
    shop.later(60)
    shop.comes(sari)
    shop.ask("assignment.set_agent", agent=budi, capacity=0)
    shop.later(301)
    assert shop.has(DEWI) == "Sari"


def test_who_is_away_for_long_loses_those_whose_customers_wait_but_not_what_they_just_got(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules()
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.comes(sari, "away")
    shop.comes(budi)
    shop.writes(ANDI, "pagi")
    shop.later(250)
    shop.ask("conversation.assign", conversation=shop.conversation(ANDI)["id"], agent=sari)
    shop.later(60)
    assert (shop.has(DEWI), shop.has(ANDI)) == ("Budi", "Sari")
    assert shop.whys("assignment.release") == ["Sari has been away for 5 minutes"]
    shop.later(250)
    assert shop.has(ANDI) == "Budi"


def test_a_snoozed_one_goes_back_only_to_who_is_there_and_has_room(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.ask("assignment.set_agent", agent=sari, capacity=1)
    shop.rules()
    shop.comes(sari)
    for number in (1, 2):
        shop.writes(chat(number), "halo")
        id = shop.conversation(chat(number))["id"]
        shop.ask("conversation.snooze", by=sari, conversation=id, until=times.add(shop.time, 9000))
    shop.writes(chat(1), "saya kembali")
    assert shop.has(chat(1)) == "Sari"
    shop.writes(chat(2), "saya juga")
    assert shop.has(chat(2)) is None
    shop.comes(budi)
    assert shop.has(chat(2)) == "Budi"


# Hand-overs


def test_a_hand_over_waits_for_who_is_named_and_then_for_anybody(shop: Shop) -> None:
    sari, budi, rina = shop.agent("Sari"), shop.agent("Budi"), shop.agent("Rina")
    shop.rules()
    shop.comes(sari)
    for number in (1, 2):
        shop.writes(chat(number), "halo")
        id = shop.conversation(chat(number))["id"]
        shop.ask("conversation.hand_over", by=sari, conversation=id, agent=budi)
    assert [shop.has(chat(n)) for n in (1, 2)] == [None, None]
    shop.comes(rina)
    assert shop.has(chat(1)) is None
    shop.ask("assignment.set_agent", agent=budi, capacity=1)
    shop.comes(budi)
    assert [shop.has(chat(n)) for n in (1, 2)] == ["Budi", None]
    shop.later(301)
    assert shop.has(chat(2)) == "Rina"


def test_who_hands_over_does_not_get_it_at_once_again_but_later_where_nobody_else_comes(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules()
    shop.comes(sari)
    for chat_of in (DEWI, ANDI):
        shop.writes(chat_of, "halo")
        shop.ask("conversation.hand_over", by=sari, conversation=shop.conversation(chat_of)["id"])
    shop.later(299)
    shop.comes(budi)
    assert (shop.has(DEWI), shop.has(ANDI)) == ("Budi", "Budi")
    shop.goes(budi)
    shop.writes(chat(1), "halo")
    shop.ask("conversation.hand_over", by=sari, conversation=shop.conversation(chat(1))["id"])
    assert shop.has(chat(1)) is None
    shop.later(301)
    assert shop.has(chat(1)) == "Sari"


# Hours and words


def test_out_of_hours_there_is_one_text_and_it_says_when_in_the_customers_words(shop: Shop) -> None:
    shop.rules(hours=WEEK, closed_text="Buka {opens}.", queue_text="Anda nomor {position}.")
    shop.later(9 * 3600)
    shop.writes(DEWI, "masih buka?")
    assert told(shop, DEWI) == ["Buka 4 Mar pukul 08.00."]
    shop.rules(hours={}, out_of_hours="go_on")
    shop.writes(ANDI, "halo")
    assert told(shop, ANDI) == ["Anda nomor 2."]


def test_new_hours_move_what_is_due(shop: Shop) -> None:
    shop.rules(hours=WEEK, first_minutes=60)
    shop.writes(DEWI, "halo")
    due = shop.conversation(DEWI)["assignment.sla"]["due"]
    shop.rules(hours={**WEEK, "mon": [["10:00", "17:00"]]})
    assert times.seconds_between(due, shop.conversation(DEWI)["assignment.sla"]["due"]) == pytest.approx(
        7200, abs=1
    )
    shop.later(3700)
    assert not shop.consequence("assignment.breach_sla")
    shop.later(7200)
    assert len(shop.consequence("assignment.breach_sla")) == 1


def test_one_minute_is_one_minute(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules(answer_minutes=1)
    shop.comes(sari)
    shop.comes(budi)
    shop.writes(DEWI, "halo")
    shop.later(61)
    assert shop.whys("assignment.release") == ["Sari did not answer within 1 minute"]


def test_each_action_says_why(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules(answer_minutes=1, first_minutes=2, queue_text="Nomor {position}")
    shop.writes(DEWI, "halo")
    for agent in (sari, budi):
        shop.comes(agent)
    shop.later(400)
    shop.answers(DEWI, "Maaf", by=shop.conversation(DEWI)["assignee"])
    shop.writes(DEWI, "baik")
    for agent in (sari, budi):
        shop.goes(agent)
    shop.later(400)
    for row in shop.journal():
        for done in row["actions"]:
            if done["plugin"] == "assignment":
                assert done["why"], done["type"]
