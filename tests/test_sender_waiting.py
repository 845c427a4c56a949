"""What waits: nothing holds up what could leave, nothing waits for ever, and nothing is asked in vain."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import times
from engine.clock import due_timers, fired
from tests.paced import Paced
from tests.world import ANDI, DEWI, SHOP

Make = Callable[..., Paced]
DAY = 86400
NIGHT = "2031-03-03T16:00:00.000000Z"  # 23:00 in Jakarta


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Paced] = []

    def shop(*lines: str, **given: Any) -> Paced:
        made.append(Paced(tmp_path / f"w{len(made)}" / "main", *lines, **given))
        return made[-1]

    yield shop
    for each in made:
        each.close()


def number(n: int) -> str:
    return f"62813{n:08}@c.us"


def ours(shop: Paced, chat: str) -> list[tuple[str, str]]:
    said = [message for message in shop.messages(chat) if message["direction"] == "out"]
    return [(message["text"], message["status"]) for message in said]


def looks(shop: Paced, seconds: float) -> int:
    """Let time go by; return how many timers fired."""
    end, count = times.add(shop.time, seconds), 0
    while due := due_timers(shop.documents, shop.workspace.enabled, end)[0]:
        shop.time = max(shop.time, due[0]["due"])
        shop.submit(fired(due[0]))
        count += 1
        assert count < 500, "the same is asked again and again"
    shop.time = max(shop.time, end)
    return count


def test_what_is_too_old_by_the_numbers_own_rule_is_taken_back_at_once(make: Make) -> None:
    shop = make(per_hour=1, reply_share=0)
    shop.ask("sender.set_pacing", account=SHOP, numbers={"fresh": 3600})
    shop.writes(DEWI, "Halo")
    shop.later(720)
    shop.says(DEWI, "satu")
    shop.says(DEWI, "dua")
    shop.later(30)
    assert looks(shop, 1200) < 5
    assert ours(shop, DEWI) == [("satu", "sent"), ("dua", "cancelled")]


def test_a_late_answer_is_found_behind_any_number_of_reminders(make: Make) -> None:
    shop = make(per_hour=1, reply_share=0)
    for n in range(60):
        shop.writes(number(n), "Halo")
    shop.writes(ANDI, "Halo")
    shop.later(400)
    shop.says(ANDI, "yang pertama")
    shop.later(60)
    shop.writes(DEWI, "Masih ada?")
    shop.says(DEWI, "Masih, Kak")
    for n in range(60):
        shop.says(number(n), f"pengingat {n}")
    shop.time = times.add(shop.time, 700)  # nothing ran meanwhile
    assert looks(shop, 1200) < 10
    assert ours(shop, DEWI) == [("Masih, Kak", "cancelled")]


def test_an_answer_that_a_service_puts_off_goes_to_the_team_in_time(make: Make) -> None:
    shop = make()
    shop.writes(DEWI, "Halo")
    shop.outcome = {"outcome": "not_sent", "retry_after": 3000, "reason": "the service answered 429"}
    shop.says(DEWI, "Halo juga")
    shop.later(590)
    assert ours(shop, DEWI) == [("Halo juga", "queued")]
    shop.later(20)
    assert ours(shop, DEWI) == [("Halo juga", "cancelled")]


def test_an_answer_becomes_too_old_behind_what_an_agent_wrote_too(make: Make) -> None:
    shop = make()
    sari = shop.agent("Sari")
    shop.writes(ANDI, "Halo")
    shop.writes(DEWI, "Halo")
    shop.outcome = {"outcome": "not_sent", "retry_after": 3000, "reason": "the service answered 429"}
    shop.answers(ANDI, "Sebentar", by=sari)
    shop.says(DEWI, "Halo juga")
    shop.later(610)
    assert ours(shop, ANDI) == [("Sebentar", "queued")] and ours(shop, DEWI) == [("Halo juga", "cancelled")]


def test_a_paused_number_answers_behind_more_than_a_hundred_reminders(make: Make) -> None:
    shop = make()
    for n in range(105):
        shop.writes(number(n), "Halo")
    shop.later(DAY + 5)
    shop.ask("sender.pause", account=SHOP, reason="sebentar")
    for n in range(105):
        shop.says(number(n), f"pengingat {n}")
    shop.writes(DEWI, "Halo")
    shop.says(DEWI, "Halo juga")
    shop.later(590)
    assert shop.texts == ["Halo juga"]


def test_what_may_leave_is_found_behind_more_than_a_hundred_that_may_not(make: Make) -> None:
    shop = make(warm_up=0, reply_share=0, per_hour=0, burst=0, new_per_day=1)
    for n in range(105):
        shop.echo_comes(number(n), "Kami toko baru", f"E{n}")
    shop.writes(DEWI, "Halo")
    shop.later(3600)
    for n in range(105):
        shop.says(number(n), f"kabar {n}")
    shop.says(DEWI, "Pesanan siap")
    shop.later(600)
    assert shop.texts == ["kabar 0", "Pesanan siap"]


def test_one_whose_fate_is_not_known_holds_up_its_own_conversation_alone(make: Make) -> None:
    shop = make()
    sari = shop.agent("Sari")
    shop.writes(DEWI, "Halo")
    shop.writes(ANDI, "Halo")
    shop.outcome = {"outcome": "unknown"}
    shop.answers(DEWI, "satu", by=sari)
    shop.later(1000)
    shop.outcome = {"outcome": "sent"}
    for n in range(105):
        shop.answers(DEWI, f"lagi {n}", by=sari)
    shop.answers(ANDI, "Untuk Kakak", by=sari)
    shop.later(60)
    assert shop.texts == ["satu", "Untuk Kakak"]


def test_a_reminder_that_waits_for_a_break_holds_up_no_answer(make: Make) -> None:
    shop = make(warm_up=0, reply_share=0, burst=1, burst_least=1, burst_most=1)
    for n in range(2):
        shop.writes(number(n), "Halo")
    shop.later(400)
    shop.says(number(0), "pengingat 0")
    shop.later(60)
    shop.says(number(1), "pengingat 1")
    shop.later(1)
    assert shop.pace()["why"] == "break"
    shop.writes(DEWI, "Halo")
    shop.says(DEWI, "Halo juga")
    shop.later(90)
    assert shop.texts == ["pengingat 0", "Halo juga"]
    shop.later(3600)
    assert shop.texts[2:] == ["pengingat 1"]


@pytest.mark.parametrize("preset", ["careful", "normal"])
def test_a_try_that_did_not_reach_the_customer_is_nothing_they_left_unanswered(
    make: Make, preset: str
) -> None:
    shop = make(warm_up=0, reply_share=0)
    shop.ask("sender.set_pacing", account=SHOP, preset=preset)
    shop.writes(DEWI, "Halo")
    shop.later(2 * DAY)
    if preset == "normal":
        shop.says(DEWI, "Ada kabar")
        shop.later(7200)
    shop.outcome = {"outcome": "not_sent", "reason": "connection refused"}
    shop.says(DEWI, "Pesanan siap")
    while "Pesanan siap" not in shop.texts:
        shop.later(5)
    shop.outcome = {"outcome": "sent"}
    shop.later(1800)
    assert ours(shop, DEWI)[-1] == ("Pesanan siap", "sent")


def test_what_an_outage_kept_from_leaving_uses_up_no_day(make: Make) -> None:
    shop = make(quiet_from="", first_pause=1)
    for n in range(4):
        shop.writes(number(n), "Halo")
    shop.outcome = {"outcome": "not_sent", "reason": "connection refused"}
    for n in range(4):
        shop.says(number(n), f"kabar {n}")
    shop.later(3600)
    assert len(shop.calls) > 20
    counted = shop.pace()
    assert (counted["today"]["sent"], counted["today"]["automatic"], counted["warm"]) == (0, 0, None)
    assert all(part[1:3] == [0, 0] for part in counted["hour"])
    shop.outcome = {"outcome": "sent"}
    shop.writes(DEWI, "Halo")
    shop.says(DEWI, "Halo juga")
    shop.later(120)
    assert shop.texts[-1] == "Halo juga" and shop.pace()["today"]["automatic"] == 1


def whys(shop: Paced, chat: str) -> list[str | None]:
    return [m.get("sender.why") for m in shop.messages(chat) if m["status"] == "queued"]


def test_what_waits_for_the_morning_leaves_when_there_is_no_night_any_more(make: Make) -> None:
    shop = make(start=NIGHT)
    for chat in (DEWI, ANDI):
        shop.writes(chat, "Halo", origin="history")
        shop.says(chat, f"kabar untuk {chat}")
    shop.later(60)
    assert whys(shop, DEWI) == whys(shop, ANDI) == ["quiet"]
    shop.ask("sender.set_pacing", account=SHOP, numbers={"quiet_from": ""})
    shop.later(120)
    assert len(shop.texts) == 2


def test_what_waits_leaves_when_the_settings_let_it(make: Make) -> None:
    shop = make(start=NIGHT)
    shop.writes(DEWI, "Halo", origin="history")
    shop.says(DEWI, "kabar")
    shop.later(60)
    assert whys(shop, DEWI) == ["quiet"]
    shop.plugin_is(quiet_from="")
    shop.later(60)
    assert shop.texts == ["kabar"]


def test_who_was_to_be_left_alone_and_writes_gets_what_waited(make: Make) -> None:
    shop = make(warm_up=0, reply_share=0, unanswered=1)
    shop.writes(DEWI, "Halo")
    shop.later(DAY + 10)
    shop.says(DEWI, "satu")
    shop.later(120)
    shop.says(DEWI, "dua")
    shop.later(30)
    assert whys(shop, DEWI) == ["unanswered"]
    shop.writes(DEWI, "Ya?")
    shop.later(120)
    assert shop.texts == ["satu", "dua"]


def test_what_a_pause_held_leaves_when_the_number_goes_on(make: Make) -> None:
    shop = make(ramp=0)
    shop.writes(DEWI, "Halo")
    shop.later(DAY + 10)
    shop.ask("sender.pause", account=SHOP, reason=None)
    shop.says(DEWI, "kabar")
    shop.later(60)
    assert whys(shop, DEWI) == ["paused"]
    shop.ask("sender.resume", account=SHOP)
    shop.later(120)
    assert shop.texts == ["kabar"]


def test_who_begins_no_more_talks_does_as_soon_as_enough_have_answered(make: Make) -> None:
    shop = make(warm_up=0, unanswered=0, per_contact_hour=0, reply_share=0.5, reply_share_from=2)
    for n in range(4):
        shop.writes(number(n), "Halo")
    shop.later(DAY + 10)
    for n in range(3):
        shop.says(number(n), f"kabar {n}")
        shop.later(100)
    assert shop.texts == ["kabar 0", "kabar 1"] and whys(shop, number(2)) == ["share"]
    shop.writes(number(0), "Baik")
    shop.later(120)
    assert shop.texts[2:] == ["kabar 2"]


def test_the_floor_holds_from_the_last_call_of_a_number_that_had_none(make: Make) -> None:
    shop = make()
    shop.ask("sender.set_pacing", account=SHOP, preset="official")
    sari = shop.agent("Sari")
    shop.writes(DEWI, "Halo")
    shop.answers(DEWI, "satu", by=sari)
    shop.later(0.35)
    shop.ask("sender.set_pacing", account=SHOP, preset="normal")
    shop.answers(DEWI, "dua", by=sari)
    shop.later(5)
    assert shop.texts == ["satu", "dua"] and shop.gaps[0] >= 1.5


def test_what_a_program_sends_as_a_campaign_is_paced_as_one(make: Make) -> None:
    shop = make(quiet_from="", warm_up=0)
    shop.writes(DEWI, "Halo")
    shop.writes(ANDI, "Halo")
    wish = {"by": "erp", "lane": "campaign"}
    for n in range(3):
        asked = shop.ask(
            "message.send", conversation=shop.conversation(DEWI)["id"], text=f"promo {n}", **wish
        )
        assert asked["status"] == "done"
    assert shop.conversation(DEWI)["unread"] == 1, "nobody has answered her"
    shop.ask("message.send", by="erp", conversation=shop.conversation(ANDI)["id"], text="Nomor resi 12")
    shop.later(600)
    assert shop.texts[0] == "Nomor resi 12" and min(shop.gaps[1:]) > 5
    shop.writes(DEWI, "STOP")
    told = shop.ask("message.send", conversation=shop.conversation(DEWI)["id"], text="promo", **wish)
    assert (told["status"], told["reason"]) == ("refused", "this contact has opted out")
