"""What leaves a number, and when: answers at once, automatic ones at a person's pace, at good hours."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine import times
from engine.events import event
from plugins.sender import pacing
from plugins.sender.preview import Planned, drawing, preview
from plugins.sender.rules import RULES
from tests.paced import Paced
from tests.world import ANDI, DEWI, SHOP

NIGHT = "2031-03-03T16:00:00.000000Z"  # 23:00 in Jakarta
Make = Callable[..., Paced]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Paced] = []

    def shop(*lines: str, **given: Any) -> Paced:
        made.append(Paced(tmp_path / f"w{len(made)}" / "main", *lines, **given))
        return made[-1]

    yield shop
    for each in made:
        each.close()


def status(shop: Paced, chat: str) -> list[str]:
    return [message["status"] for message in shop.messages(chat) if message["direction"] == "out"]


def test_agents_answers_wait_for_the_floor_alone(make: Make) -> None:
    shop = make()
    shop.writes(DEWI, "Halo")
    sari = shop.agent("Sari")
    for number in range(4):
        shop.answers(DEWI, f"jawaban {number}", by=sari)
    started = shop.time
    shop.later(10)
    assert shop.texts == [f"jawaban {number}" for number in range(4)]
    assert times.seconds_between(started, shop.calls[0][0]) < 0.01, "the first leaves at once"
    assert shop.gaps == pytest.approx([1.5] * 3, abs=0.001)
    assert shop.shows == [], "a person has typed already"


def test_a_bots_reply_is_read_typed_and_sent(make: Make) -> None:
    shop = make("Selamat datang di toko kami, ada yang bisa kami bantu hari ini?")
    shop.writes(DEWI, "Halo")
    wrote = shop.time
    shop.later(60)
    assert len(shop.calls) == 1
    sent = shop.calls[0][0]
    states = [state for _, state in shop.shows]
    assert states[:2] == ["seen", "typing"] and set(states[2:]) <= {"typing"}
    seen_at, typing_at = shop.shows[0][0], shop.shows[1][0]
    assert 1 <= times.seconds_between(wrote, seen_at) <= 4.1
    assert seen_at <= typing_at < sent
    shown = [at for at, state in shop.shows if state == "typing"] + [sent]
    assert all(times.seconds_between(one, other) <= 10 for one, other in pairwise(shown))


def test_longer_texts_are_typed_longer(make: Make) -> None:
    lasted = []
    for text in ("Ya, Kak.", "Tentu, Kak. " * 20):
        shop = make(text)
        shop.writes(DEWI, "Halo")
        shop.later(90)
        typing = next(at for at, state in shop.shows if state == "typing")
        lasted.append(times.seconds_between(typing, shop.calls[0][0]))
    assert lasted[0] < lasted[1] / 2


def test_automatic_messages_of_one_number_keep_their_gaps_whoever_they_go_to(make: Make) -> None:
    shop = make("Terima kasih, Kak")
    for number in range(20):
        shop.writes(f"62813000{number:05}@c.us", "Halo")
    shop.later(590)
    assert len(shop.calls) >= 15
    assert all(5 <= gap <= 61 for gap in shop.gaps)
    assert len({round(gap, 3) for gap in shop.gaps}) == len(shop.gaps)


def test_an_agent_overtakes_a_bot_and_a_bot_a_campaign(make: Make) -> None:
    shop = make("Siap, Kak", campaign_factor=1, quiet_from="")
    shop.writes(DEWI, "Halo", origin="history")
    shop.writes(ANDI, "Pagi", origin="history")
    for number in range(3):
        shop.says(DEWI, f"promo {number}", lane="campaign")
    sari = shop.agent("Sari")
    shop.writes(ANDI, "Masih ada?")
    shop.answers(ANDI, "Masih, Kak", by=sari)
    shop.later(3600)
    assert shop.texts[:3] == ["Masih, Kak", "Siap, Kak", "promo 0"]
    assert all(gap >= 1.49 for gap in shop.gaps)


def test_messages_of_one_conversation_and_lane_keep_their_order(make: Make) -> None:
    shop = make("satu", "dua", "tiga", cooldown=0)
    shop.writes(DEWI, "Halo")
    shop.later(0.1)
    shop.outcome = {"outcome": "not_sent", "reason": "connection refused"}
    shop.later(40)
    shop.outcome = {"outcome": "sent"}
    shop.later(400)
    order = list(dict.fromkeys(shop.texts))
    assert order == ["satu", "dua", "tiga"] and len(shop.texts) > 3


def test_at_night_only_who_writes_gets_an_answer(make: Make) -> None:
    shop = make("Kami buka pukul 8", start=NIGHT)
    shop.writes(DEWI, "Halo", origin="history")
    shop.says(DEWI, "Jangan lupa besok ya")
    shop.later(120)
    assert shop.texts == []
    (waiting,) = [m for m in shop.messages(DEWI) if m["direction"] == "out"]
    assert waiting["sender.why"] == "quiet" and shop.pace()["why"] == "quiet"
    shop.writes(DEWI, "Masih buka?")
    shop.later(120)
    assert shop.texts == ["Kami buka pukul 8"], "what waits for the morning holds up no answer"
    shop.later(9 * 3600)
    assert shop.texts[1] == "Jangan lupa besok ya"
    assert shop.calls[1][0] >= "2031-03-04T00:00:00", "seven in the morning in Jakarta"


def test_a_reply_that_cannot_leave_in_time_goes_to_the_team(make: Make) -> None:
    shop = make("Terima kasih", per_hour=2)
    for number in range(4):
        shop.writes(f"62813000{number:05}@c.us", "Halo")
    late = shop.conversation("6281300000003@c.us")["id"]
    shop.workspace.writer.do(
        lambda c: shop.workspace.store.documents.table("conversation").update(
            {"handler": "bot"}, doc_ids=[late]
        )
    ).result()
    shop.later(700)
    assert len(shop.calls) == 2
    assert status(shop, "6281300000003@c.us") == ["cancelled"]
    (message,) = [m for m in shop.messages("6281300000003@c.us") if m["direction"] == "out"]
    assert message["error"]["code"] == "expired"
    assert shop.conversation("6281300000003@c.us")["handler"] == "queue"
    shop.later(7200)
    assert len(shop.calls) == 2, "and never leaves later"


def test_a_word_ends_all_messages_but_one_confirmation_and_what_agents_write(make: Make) -> None:
    shop = make(quiet_from="")
    shop.writes(DEWI, "Halo", origin="history")
    shop.says(DEWI, "Promo!", lane="campaign")
    shop.says(DEWI, "Ada lagi?")
    shop.writes(DEWI, "Berhenti!")
    contact = shop.get("contact", shop.conversation(DEWI)["contact"])
    assert contact["opted_out"]["source"] == "word"
    shop.writes(DEWI, "STOP")
    shop.later(3600)
    assert len(shop.texts) == 1 and "MULAI" in shop.texts[0]
    assert status(shop, DEWI)[:2] == ["cancelled", "cancelled"]
    shop.answers(DEWI, "Baik, Bu", by=shop.agent("Sari"))
    shop.later(5)
    assert shop.texts[1:] == ["Baik, Bu"]
    shop.writes(DEWI, "mulai")
    assert shop.get("contact", contact["id"])["opted_out"] is None
    shop.says(DEWI, "Selamat datang kembali")
    shop.later(600)
    assert len(shop.texts) == 4


def test_who_opted_out_after_it_was_queued_gets_nothing_at_send_time(make: Make) -> None:
    shop = make(quiet_from="")
    shop.writes(DEWI, "Halo", origin="history")
    shop.says(DEWI, "Promo!", lane="campaign")
    contact = shop.conversation(DEWI)["contact"]
    out = {"at": shop.time, "reason": None, "source": "import"}
    imported = {"documents": {"contact": [{"id": contact, "opted_out": out}]}}
    shop.submit(event("settings.changed", "import", imported))
    shop.later(3600)
    assert (shop.texts, status(shop, DEWI)) == ([], ["cancelled"])


@pytest.mark.parametrize("code", ["401", "403", "463"])
def test_a_ban_signal_pauses_the_number_until_a_person_looks(make: Make, code: str) -> None:
    shop = make("Siap", quiet_from="")
    shop.writes(DEWI, "Halo")
    shop.outcome = {"outcome": "refused", "code": code, "reason": "no"}
    shop.later(60)
    assert shop.account()["sender.paused"]["code"] == code
    told = [change for frame in shop.frames for change in frame.get("changes", ())]
    assert any(c["collection"] == "sender_pace" and c.get("fields", {}).get("paused") for c in told), (
        "browsers hear of it"
    )
    shop.outcome = {"outcome": "sent"}
    shop.writes(ANDI, "Pagi", origin="history")
    shop.says(ANDI, "Promo!", lane="campaign")
    shop.writes(DEWI, "Halo?")
    shop.later(3600)
    assert shop.texts == ["Siap", "Siap"], "who wrote gets an answer, the campaign waits"
    assert shop.ask("sender.resume", account=SHOP)["status"] == "done"
    assert shop.ask("sender.resume", account=SHOP)["status"] == "refused"
    shop.later(3600)
    assert shop.texts[-1] == "Promo!"


def test_a_service_that_asks_for_a_pause_gets_it_from_the_whole_number(make: Make) -> None:
    shop = make()
    sari = shop.agent("Sari")
    for chat in (DEWI, ANDI):
        shop.writes(chat, "Halo")
        shop.answers(chat, f"untuk {chat}", by=sari)
    shop.outcome = {"outcome": "not_sent", "retry_after": 30.0, "reason": "the service answered 429"}
    shop.later(1)
    shop.outcome = {"outcome": "sent"}
    shop.later(60)
    assert shop.gaps[0] >= 30 and len(shop.calls) == 3


def test_three_lost_connections_within_an_hour_pause_the_number(make: Make) -> None:
    shop = make()
    for number in range(3):
        assert not shop.account().get("sender.paused")
        for state in ("disconnected", "connected"):
            data = {"state": state, "reason_code": None}
            shop.submit(event("session.state", f"s{number}/{state}", data, account=SHOP))
        shop.later(600)
    assert shop.account()["sender.paused"]["code"] == "disconnects"
    assert shop.pace()["warnings"][0]["kind"] == "disconnects"


def test_after_a_downtime_there_is_no_burst(make: Make) -> None:
    shop = make(quiet_from="", reply_share=0, new_per_day=0, burst=0)
    shop.writes(DEWI, "Halo", origin="history")
    shop.writes(ANDI, "Halo", origin="history")
    shop.says(DEWI, "satu", lane="campaign")
    shop.later(30)
    shop.says(ANDI, "dua", lane="campaign")
    (timer,) = [t for t in shop.all("timer") if t["name"].startswith("due/")]
    shop.time = times.add(timer["due"], 7200)
    shop.later(1)
    assert shop.pace()["ramp_from"] is not None


def test_a_clock_that_is_put_forward_shortens_no_gap(make: Make) -> None:
    shop = make()
    shop.writes(DEWI, "Halo")
    sari = shop.agent("Sari")
    for text in ("satu", "dua"):
        shop.answers(DEWI, text, by=sari)
    shop.later(0.5)
    assert shop.texts == ["satu"]
    shop.submit(event("clock.jumped", "j1", {"seconds": 3600}, origin="system"))
    shop.time = times.add(shop.time, 3600)
    shop.later(10)
    assert shop.texts == ["satu", "dua"]
    assert shop.gaps == [pytest.approx(3601.5, abs=0.01)]


def test_a_number_may_have_a_pace_of_its_own(make: Make) -> None:
    shop = make("Siap")
    assert shop.ask("sender.set_pacing", account=SHOP, preset="official")["status"] == "done"
    for number in range(5):
        shop.writes(f"62813000{number:05}@c.us", "Halo")
    shop.later(3)
    assert len(shop.calls) == 5
    assert shop.ask("sender.set_pacing", account=SHOP, numbers={"floor": -1})["status"] == "refused"
    shop.ask("sender.set_pacing", account=SHOP, preset="normal", numbers={"floor": 3})
    sari = shop.agent("Sari")
    for number in range(3):
        shop.answers("6281300000001@c.us", f"{number}", by=sari)
    before = len(shop.calls)
    shop.later(20)
    assert shop.gaps[before:] == pytest.approx([3.0] * 2, abs=0.001)


def test_ten_thousand_of_a_campaign_are_one_timer_and_one_look(make: Make) -> None:
    shop = make(quiet_from="")
    shop.writes(DEWI, "Halo", origin="history")
    for number in range(5):
        shop.says(DEWI, f"promo {number}", lane="campaign")
    assert len([t for t in shop.all("timer") if t["name"].startswith("due/")]) == 1
    said = [row for row in shop.journal() if row["event"]["type"] == "bot.wish"]
    asked = [done["type"] for row in said for done in row["actions"]]
    assert asked.count("sender.dispatch") == 1, "those behind the first ask for nothing"


def test_a_preview_tells_the_very_times(make: Make) -> None:
    """Exact while nothing of a higher lane comes in and calls take as long as is assumed."""
    free = {"quiet_from": "", "reply_share": 0, "new_per_day": 0, "warm_up": 0, "per_contact_hour": 0}
    shop = make(**free, unanswered=0)
    for number in range(30):
        shop.writes(f"62813000{number:05}@c.us", "Halo", origin="history")
    texts = [f"Promo untuk Kakak {'!' * (number % 7)}" for number in range(30)]
    started = times.add(shop.time, 0.000002)
    plan = preview(
        RULES["normal"] | free,
        pacing.new_pace(SHOP),
        [Planned(len(text)) for text in texts],
        started,
        "Asia/Jakarta",
        drawing(shop.documents.connection, SHOP),
        call=0.3,
    )
    for number, text in enumerate(texts):
        shop.says(f"62813000{number:05}@c.us", text, lane="campaign")
    shop.later(8 * 3600)
    assert len(shop.calls) == 30
    apart = [abs(times.seconds_between(one, call[0])) for one, call in zip(plan, shop.calls, strict=True)]
    assert max(apart) < 0.01
