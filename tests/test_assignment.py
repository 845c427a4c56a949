"""Who gets which conversation, by example: strategies, the queue, hours, response times, moving on."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from engine import times
from engine.events import event
from engine.plugins import load
from engine.replay import replay
from plugins.assignment.hours import Calendar
from plugins.assignment.schemas import Settings
from tests.day import Day
from tests.web_stack import Stack, running
from tests.world import ANDI, DEWI

JAKARTA = {"timezone": "Asia/Jakarta", "region": "ID"}
WEEK = {day: [["08:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


class Shop(Day):
    """A shop where people come and go; its morning is Monday, 3 March 2031, 08:00 in Jakarta."""

    def comes(self, agent: str, state: str = "online") -> None:
        key = f"{agent}/{self.time}"
        self.submit(event("agent.presence", key, {"agent": agent, "state": state}, origin="system"))

    def goes(self, agent: str) -> None:
        self.comes(agent, "offline")

    def rules(self, team: str = "everyone", strategy: str = "round_robin", **more: Any) -> None:
        assert self.ask("assignment.set_team", team=team, strategy=strategy, **more)["status"] == "done"

    def has(self, chat: str) -> str | None:
        """Return the name of who has a chat's conversation."""
        agent = self.conversation(chat)["assignee"]
        return str(self.get("agent", agent)["name"]) if agent else None

    def whys(self, type: str = "assignment.give") -> list[str]:
        return [a["why"] for row in self.journal() for a in row["actions"] if a["type"] == type]

    def consequence(self, type: str) -> list[dict[str, Any]]:
        """Return the results of actions of *type*."""
        return [a["result"] for row in self.journal() for a in row["actions"] if a["type"] == type]

    def team(self, name: str, *agents: str) -> str:
        team = str(self.ask("team.create", name=name)["result"]["team"])
        for agent in agents:
            self.ask("agent.update", agent=agent, teams=[*self.get("agent", agent)["teams"], team])
        return team


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    day = Shop(tmp_path / "w" / "main", load())
    day.with_shop()
    yield day
    assert not any(row.get("errors") for row in day.journal())
    assert replay(day.workspace.folder, day.registry)["identical"]
    day.close()


def chat(number: int) -> str:
    return f"62812{number:08}@c.us"


def test_without_rules_everything_is_by_hand(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.comes(sari)
    shop.writes(DEWI, "Halo")
    found = shop.conversation(DEWI)
    assert (found["handler"], found["assignee"]) == ("queue", None)
    assert not [key for key in found if key.startswith("assignment.")]
    assert shop.all("assignment_wait") == []


def test_in_turn_over_those_who_are_there_also_when_people_come_and_go(shop: Shop) -> None:
    sari, budi, rina = shop.agent("Sari"), shop.agent("Budi"), shop.agent("Rina")
    shop.rules()
    shop.comes(sari)
    shop.comes(budi)
    for number in range(3):
        shop.writes(chat(number), "halo")
    assert [shop.has(chat(n)) for n in range(3)] == ["Sari", "Budi", "Sari"]
    shop.comes(rina)
    shop.comes(sari, "away")
    for number in range(3, 6):
        shop.writes(chat(number), "halo")
    assert [shop.has(chat(n)) for n in range(3, 6)] == ["Rina", "Budi", "Rina"]
    assert shop.whys()[-1] == "round robin: 2 online, the last turn was Budi's"


def test_fewest_open_and_of_equals_who_waits_longest(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules(strategy="load")
    shop.comes(sari)
    shop.writes(chat(1), "halo")
    shop.writes(chat(2), "halo")
    shop.comes(budi)
    shop.writes(chat(3), "halo")
    shop.writes(chat(4), "halo")
    assert [shop.has(chat(n)) for n in (3, 4)] == ["Budi", "Budi"]
    shop.writes(chat(5), "halo")
    assert shop.has(chat(5)) == "Sari"
    assert shop.whys()[-1] == "fewest open: Sari has 2, and waits longest for a new one (2 online)"


def test_who_knows_the_contact_gets_it_first_if_they_are_there(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules(strategy="sticky")
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.answers(DEWI, "Baik", by=sari)
    shop.comes(budi)
    shop.ask("account.put", name="cabang", gateway="simulator")
    told = event("message.received", "x1", {"message": {"id": "X1", "kind": "text", "text": "hai"},
                 "peer": {"chat_id": DEWI, "kind": "user"}}, account="cabang")  # fmt: skip
    shop.submit(told)
    (other,) = [c for c in shop.all("conversation") if c["account"] == "cabang"]
    assert other["assignee"] == sari
    assert shop.whys()[-1] == "Sari answered this contact last and is there"


def test_what_opens_again_goes_to_its_agent_only_if_they_are_there(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules()
    shop.comes(sari)
    shop.comes(budi)
    shop.writes(DEWI, "halo")
    assert shop.has(DEWI) == "Sari"
    id = shop.conversation(DEWI)["id"]
    shop.ask("conversation.resolve", conversation=id)
    shop.writes(ANDI, "pagi")
    shop.writes(DEWI, "satu lagi")
    assert shop.has(DEWI) == "Sari"
    assert shop.whys()[-1] == "it opened again, and Sari, who had it, is there"
    shop.ask("conversation.resolve", conversation=id)
    shop.goes(sari)
    shop.writes(DEWI, "dan lagi")
    assert shop.has(DEWI) == "Budi"


def test_a_snoozed_one_does_not_come_back_to_who_has_gone(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules()
    shop.comes(sari)
    for number in (1, 2):
        shop.writes(chat(number), "halo")
        id = shop.conversation(chat(number))["id"]
        shop.ask("conversation.snooze", by=sari, conversation=id, until=times.add(shop.time, 3600))
    shop.comes(budi)
    shop.writes(chat(1), "saya kembali")
    assert shop.has(chat(1)) == "Sari"
    shop.goes(sari)
    shop.later(4000)
    assert shop.has(chat(2)) == "Budi"


def test_skills_by_label_and_by_hand_over(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    refund = shop.label("Refund")
    shop.ask("labels.put_rule", label=refund, pattern="refund")
    shop.ask("assignment.set_agent", agent=budi, skills=["refund", "EN"])
    shop.rules(strategy="skills")
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.writes(ANDI, "minta refund dong")
    assert (shop.has(DEWI), shop.has(ANDI)) == ("Sari", None)
    shop.comes(budi)
    assert shop.has(ANDI) == "Budi"
    assert shop.whys()[-1] == "has the skill refund; fewest open: Budi has 0 (1 online)"
    shop.ask("conversation.hand_over", conversation=shop.conversation(DEWI)["id"], skill="en")
    assert shop.has(DEWI) == "Budi"


def test_a_queue_goes_by_age_and_priority_the_moment_somebody_is_free(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=1)
    shop.rules()
    for number in range(4):
        shop.writes(chat(number), "halo")
    id = [shop.conversation(chat(n))["id"] for n in range(4)]
    shop.ask("assignment.set_priority", conversation=id[2], priority=3)
    order = []
    shop.comes(sari)
    for _ in range(4):
        (mine,) = [c for c in shop.all("conversation") if c["assignee"] == sari and c["status"] == "open"]
        order.append(id.index(mine["id"]))
        shop.ask("conversation.resolve", by=sari, conversation=mine["id"])
    assert order == [2, 0, 1, 3]
    assert shop.all("assignment_wait") == []


def test_a_long_queue_is_handed_out_in_several_transactions(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.ask("assignment.set_agent", agent=sari, capacity=0)
    shop.rules()
    for number in range(220):
        shop.writes(chat(number), "permisi")
    shop.comes(sari)
    assert len(shop.all("assignment_wait")) == 120
    shop.later(1)
    assert shop.all("assignment_wait") == []
    given = [
        a["data"]["conversation"] for r in shop.journal() for a in r["actions"] if a["type"].endswith("give")
    ]
    assert given == [each["id"] for each in shop.all("conversation")]


def test_the_customer_is_told_the_place_once_if_the_team_wants_that(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.rules(queue_text="Anda nomor {position} dalam antrean.")
    shop.writes(DEWI, "halo")
    shop.writes(ANDI, "pagi")
    shop.writes(ANDI, "ada orang?")
    said = [m["text"] for m in shop.messages(ANDI) if m["direction"] == "out"]
    assert said == ["Anda nomor 2 dalam antrean."]
    shop.comes(sari)
    shop.writes(chat(1), "saya baru")
    assert not [m for m in shop.messages(chat(1)) if m["direction"] == "out"]


def test_numbers_words_and_the_rest_lead_to_teams(shop: Shop) -> None:
    sari, budi, rina = shop.agent("Sari"), shop.agent("Budi"), shop.agent("Rina")
    sales, service, rest = shop.team("Sales", sari), shop.team("Service", budi), shop.team("Rest", rina)
    for agent in (sari, budi, rina):
        shop.comes(agent)
    shop.rules(rest, rest=True)
    shop.writes(chat(1), "halo")
    shop.rules(service, keywords=["rusak"])
    shop.writes(chat(2), "barang RUSAK")
    shop.rules(sales, accounts=["toko"])
    shop.writes(chat(3), "halo")
    assert [shop.conversation(chat(n))["team"] for n in (1, 2, 3)] == [rest, service, sales]
    assert [shop.has(chat(n)) for n in (1, 2, 3)] == ["Rina", "Budi", "Sari"]
    assert shop.whys("assignment.enqueue") == [
        "for Rest: conversations that no team asks for go there",
        "for Service: the text has “rusak”",
        "for Sales: toko is a number of theirs",
    ]


def test_a_bot_hands_over_to_a_team_and_the_customer_waits_since_then(shop: Shop) -> None:
    sari = shop.agent("Sari")
    sales = shop.team("Sales", sari)
    shop.rules(sales, first_minutes=10)
    shop.writes(DEWI, "halo")
    id = shop.conversation(DEWI)["id"]
    shop.answers(DEWI, "Sebentar", by="system")
    shop.ask("conversation.hand_over", conversation=id, team=sales, note="mau grosir")
    assert shop.conversation(DEWI)["assignment.sla"]["kind"] == "first"
    shop.comes(sari)
    assert shop.has(DEWI) == "Sari"


def test_who_goes_loses_those_whose_customers_wait_and_only_those(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules()
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.writes(ANDI, "pagi")
    shop.answers(ANDI, "Pagi juga", by=sari)
    shop.comes(budi)
    shop.goes(sari)
    shop.later(4 * 60)
    shop.comes(sari)
    shop.goes(sari)
    shop.later(4 * 60)
    assert shop.has(DEWI) == "Sari"
    shop.later(2 * 60)
    assert (shop.has(DEWI), shop.has(ANDI)) == ("Budi", "Sari")
    assert shop.whys("assignment.release") == ["Sari has been offline for 5 minutes"]
    shop.writes(ANDI, "halo?")
    shop.later(1)
    assert shop.has(ANDI) == "Budi"


def test_who_does_not_answer_loses_it_never_gets_it_back_and_then_a_supervisor_has_it(shop: Shop) -> None:
    sari, budi, rina = shop.agent("Sari"), shop.agent("Budi"), shop.agent("Rina", "supervisor")
    shop.rules(answer_minutes=10, escalate_after=2)
    for agent in (sari, budi, rina):
        shop.comes(agent)
    shop.writes(DEWI, "halo")
    assert shop.has(DEWI) == "Sari"
    shop.later(601)
    assert shop.has(DEWI) == "Budi"
    shop.later(601)
    assert shop.has(DEWI) == "Rina"
    assert shop.whys("assignment.release")[-1] == (
        "Budi did not answer within 10 minutes; moved 2 times: to a supervisor"
    )
    assert shop.whys()[-1] == "escalated: Rina is a supervisor and is there"
    assert shop.conversation(DEWI)["assignment.escalated"]["why"]
    shop.later(3600)
    assert shop.has(DEWI) == "Rina"  # nobody is left who has not had it


def test_who_answers_in_time_keeps_it(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    shop.rules(answer_minutes=10)
    shop.comes(sari)
    shop.comes(budi)
    shop.writes(DEWI, "halo")
    shop.answers(DEWI, "Halo juga", by=sari)
    shop.later(3600)
    assert shop.has(DEWI) == "Sari"


def test_another_team_has_its_own_queue(shop: Shop) -> None:
    sari, budi = shop.agent("Sari"), shop.agent("Budi")
    sales, service = shop.team("Sales", sari), shop.team("Service", budi)
    shop.rules(sales, accounts=["toko"])
    shop.rules(service)
    shop.comes(budi)
    shop.writes(DEWI, "halo")
    assert shop.has(DEWI) is None
    shop.ask("conversation.assign", conversation=shop.conversation(DEWI)["id"], agent=None, team=service)
    assert shop.has(DEWI) == "Budi"


def test_out_of_hours_it_waits_and_is_given_when_the_team_opens(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.rules(hours=WEEK, closed_text="Kami buka {opens}.", first_minutes=30)
    shop.later(9 * 3600)  # 17:00
    shop.comes(sari)
    shop.writes(DEWI, "masih buka?")
    assert shop.has(DEWI) is None
    assert [m["text"] for m in shop.messages(DEWI)][1:] == ["Kami buka 4 Mar pukul 08.00."]
    assert shop.conversation(DEWI)["assignment.sla"]["due"] == "2031-03-04T01:30:00.000000Z"
    shop.later(14 * 3600)
    assert shop.has(DEWI) is None
    shop.later(3600)
    assert shop.has(DEWI) == "Sari"
    assert shop.whys("assignment.opened") == ["the team has opened"]


def test_new_hours_hold_for_who_waits_already(shop: Shop) -> None:
    shop.comes(shop.agent("Sari"))
    shop.rules(hours={})
    shop.writes(DEWI, "halo")
    shop.rules(hours={"mon": [["10:00", "11:00"]]})
    shop.later(7100)
    assert shop.has(DEWI) is None
    shop.later(200)
    assert shop.has(DEWI) == "Sari"


def test_every_word_is_there_in_indonesian() -> None:
    """In this plugin's own catalogue, or in that of the pages."""
    root, keywords = Path(__file__).parent.parent, {"_": None, "lazy_gettext": None, "ngettext": (1, 2)}
    done = set()
    for folder in (root / "web", root / "plugins" / "assignment"):
        with (folder / "translations" / "id" / "LC_MESSAGES" / "messages.po").open("rb") as file:
            known = [message for message in read_po(file, locale="id") if message.string]
        done |= {m.id[0] if isinstance(m.id, tuple) else m.id for m in known}
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    found = extract_from_dir(root / "plugins" / "assignment", methods, keywords=keywords)
    texts = {each[2][0] if isinstance(each[2], tuple) else each[2] for each in found}
    for field in Settings().fields.values():
        texts |= {field.metadata["title"], field.metadata["description"]}
    assert sorted(texts - done) == []


def test_where_the_team_wants_it_closed_hours_change_nothing(shop: Shop) -> None:
    shop.comes(shop.agent("Sari"))
    shop.rules(hours={}, out_of_hours="go_on")
    shop.writes(DEWI, "halo")
    assert shop.has(DEWI) == "Sari"


def test_response_times_are_warned_of_breached_and_stand_still(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.rules(first_minutes=10, next_minutes=5, sla_in_hours=False)
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    sla = shop.conversation(DEWI)["assignment.sla"]
    assert (sla["kind"], sla["state"], times.seconds_between(shop.time, sla["due"])) == (
        "first", "running", pytest.approx(600, abs=1),
    )  # fmt: skip
    shop.later(8.1 * 60)
    assert shop.conversation(DEWI)["assignment.sla"]["state"] == "warned"
    id = shop.conversation(DEWI)["id"]
    shop.ask("conversation.snooze", by=sari, conversation=id, until=times.add(shop.time, 7200))
    assert shop.conversation(DEWI)["assignment.sla"]["state"] == "paused"
    shop.later(3600)
    assert not shop.consequence("assignment.breach_sla")
    shop.writes(DEWI, "halo?")
    left = times.seconds_between(shop.time, shop.conversation(DEWI)["assignment.sla"]["due"])
    assert left == pytest.approx(1.9 * 60, abs=1)
    shop.later(120)
    (told,) = shop.consequence("assignment.breach_sla")
    assert (told["kind"], told["minutes"], told["assignee"]) == ("first", 10, sari)
    shop.answers(DEWI, "Maaf", by=sari)
    assert shop.conversation(DEWI)["assignment.sla"] is None
    shop.writes(DEWI, "ok, lalu?")
    assert shop.conversation(DEWI)["assignment.sla"]["kind"] == "next"
    shop.ask("conversation.resolve", conversation=id)
    shop.later(3600)
    assert len(shop.consequence("assignment.breach_sla")) == 1


def test_a_breach_is_a_supervisors_affair_where_the_team_wants_that(shop: Shop) -> None:
    sari, rina = shop.agent("Sari"), shop.agent("Rina", "supervisor")
    shop.rules(first_minutes=10, escalate_breach=True)
    shop.comes(sari)
    shop.writes(DEWI, "halo")
    shop.writes(ANDI, "pagi")
    shop.answers(ANDI, "Pagi", by=sari)
    shop.later(601)
    found = shop.conversation(DEWI)
    assert (shop.has(DEWI), found["assignment.priority"]) == ("Sari", 3)
    assert found["assignment.escalated"]["why"] == "no answer within 10 minutes"
    shop.writes(chat(1), "halo")
    shop.comes(rina)
    shop.later(601)
    assert shop.has(chat(1)) == "Rina"


def test_switched_off_everything_is_by_hand_and_on_again_the_queue_is_what_waits(shop: Shop) -> None:
    sari = shop.agent("Sari")
    shop.rules()
    shop.writes(DEWI, "halo")
    shop.ask("plugin.set", plugin="assignment", enabled=False)
    shop.comes(sari)
    shop.writes(ANDI, "pagi")
    assert (shop.has(DEWI), shop.has(ANDI)) == (None, None)
    shop.ask("conversation.take", by=sari, conversation=shop.conversation(DEWI)["id"])
    shop.ask("plugin.set", plugin="assignment", enabled=True)
    assert shop.has(ANDI) == "Sari"
    assert shop.all("assignment_wait") == []


def test_who_is_blocked_waits_for_nobody(shop: Shop) -> None:
    shop.rules()
    shop.writes(DEWI, "halo")
    shop.ask("contact.block", contact=shop.conversation(DEWI)["contact"])
    assert shop.all("assignment_wait") == []


def test_old_messages_and_own_ones_are_given_to_nobody(shop: Shop) -> None:
    shop.rules()
    shop.comes(shop.agent("Sari"))
    shop.writes(DEWI, "dari dulu", origin="history")
    shop.echo_comes(ANDI, "dari ponsel", "PH1")
    assert (shop.has(DEWI), shop.has(ANDI)) == (None, None)
    shop.writes(ANDI, "terima kasih")
    assert shop.has(ANDI) == "Sari"


# Hours


def utc(text: str) -> str:
    return times.format(times.parse(text))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2031-03-03T08:00:00+07:00", True), ("2031-03-03T07:59:00+07:00", False),
        ("2031-03-03T12:30:00+07:00", False), ("2031-03-03T17:00:00+07:00", False),
        ("2031-03-08T10:00:00+07:00", False), ("2026-08-17T10:00:00+07:00", False),
        ("2026-08-18T10:00:00+07:00", True), ("2031-03-05T10:00:00+07:00", False),
    ],
)  # fmt: skip
def test_open_by_the_week_the_holidays_and_own_days_off(at: str, is_open: bool) -> None:
    calendar = Calendar({"hours": WEEK, "closed_on": ["2031-03-05"]}, JAKARTA)
    assert calendar.is_open(utc(at)) is is_open


def test_a_holiday_has_a_name() -> None:
    calendar = Calendar({"hours": WEEK}, JAKARTA)
    assert calendar.closed_for(utc("2026-08-17T10:00:00+07:00")) == "Hari Kemerdekaan Republik Indonesia"
    assert (
        Calendar({"hours": WEEK, "country": ""}, JAKARTA).closed_for(utc("2026-08-17T10:00:00+07:00")) is None
    )


@pytest.mark.parametrize(
    ("at", "minutes", "due"),
    [
        ("2031-03-03T11:50:00+07:00", 30, "2031-03-03T13:20:00+07:00"),
        ("2031-03-07T16:50:00+07:00", 30, "2031-03-10T08:20:00+07:00"),
        ("2031-03-08T10:00:00+07:00", 60, "2031-03-10T09:00:00+07:00"),
        ("2031-03-03T08:00:00+07:00", 480, "2031-03-03T17:00:00+07:00"),
    ],
)
def test_only_open_minutes_count(at: str, minutes: int, due: str) -> None:
    calendar = Calendar({"hours": WEEK}, JAKARTA)
    assert calendar.add(utc(at), minutes) == utc(due)
    assert calendar.minutes(utc(at), utc(due)) == minutes


def test_a_day_on_which_the_clocks_change_has_the_minutes_that_it_has() -> None:
    """Berlin: 02:00 → 03:00 on 30 March 2031, 03:00 → 02:00 on 26 October 2031."""
    night = {day: [["00:00", "06:00"]] for day in ("sun",)}
    berlin = Calendar({"hours": night, "timezone": "Europe/Berlin", "country": ""}, JAKARTA)
    assert berlin.minutes(utc("2031-03-30T00:00:00+01:00"), utc("2031-03-31T00:00:00+02:00")) == 300
    assert berlin.minutes(utc("2031-10-26T00:00:00+02:00"), utc("2031-10-27T00:00:00+01:00")) == 420
    assert berlin.add(utc("2031-03-30T01:30:00+01:00"), 60) == utc("2031-03-30T03:30:00+02:00")
    assert berlin.opens_at(utc("2031-03-29T12:00:00+01:00")) == utc("2031-03-30T00:00:00+01:00")


def test_a_night_goes_on_into_the_next_day() -> None:
    late = Calendar({"hours": {"mon": [["22:00", "02:00"]]}, "country": ""}, JAKARTA)
    assert late.is_open(utc("2031-03-04T01:00:00+07:00"))
    assert not late.is_open(utc("2031-03-04T03:00:00+07:00"))
    never = Calendar({"hours": {}, "country": ""}, JAKARTA)
    assert never.opens_at(utc("2031-03-04T03:00:00+07:00")) is None


# The real socket, the REST, the pages


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        yield found


def test_of_ten_who_take_at_once_one_has_it_and_the_others_are_told_who(stack: Stack) -> None:
    people = [stack.agent(f"Agent{number}") for number in range(10)]
    stack.writes(DEWI, "halo")
    path = f"/conversations/{stack.conversation(DEWI)['id']}/actions"
    programs = [stack.api(person) for person in people]
    begin, answers = threading.Barrier(10), [(0, None)] * 10

    def take(number: int) -> None:
        begin.wait()
        answers[number] = programs[number]("POST", path, json={"type": "take"})

    threads = [threading.Thread(target=take, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200, *[409] * 9]
    owner = [status for status, _ in answers].index(200)
    assert stack.conversation(DEWI)["assignee"] == people[owner]
    told = {answer["error"]["message"] for status, answer in answers if status == 409}
    assert told == {f"already taken by Agent{owner}"}


def test_whoever_comes_goes_and_writes_at_once_each_is_given_to_one_who_was_there(stack: Stack) -> None:
    """Twenty threads; the journal says in which order it was, and by that each step was right."""
    team = stack.team("Ramai")
    people = [stack.agent(f"Ramai{number}", teams=(team,)) for number in range(3)]
    for agent in people:
        stack.ask("assignment.set_agent", agent=agent, capacity=4)
    rules = {"strategy": "round_robin", "accounts": ["toko"]}
    stack.ask("assignment.set_team", team=team, **rules)
    first = stack.engine.workspaces["main"].store.seq
    begin = threading.Barrier(20)

    def writes(number: int) -> None:
        begin.wait()
        stack.writes(f"62815{number:08}@c.us", "halo")

    def comes_and_goes(number: int) -> None:
        begin.wait()
        for turn, state in enumerate(("online", "offline", "online")):
            data = {"agent": people[number % 3], "state": state}
            stack.submit([event("agent.presence", f"{number}/{turn}/ramai", data, origin="system")])

    threads = [threading.Thread(target=writes, args=(n,)) for n in range(17)]
    threads += [threading.Thread(target=comes_and_goes, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state, owners = dict.fromkeys(people, "offline"), {}
    rows = [
        orjson.loads(b) for (b,) in stack.rows(f"SELECT body FROM journal WHERE seq > {first} ORDER BY seq")
    ]
    for row in rows:
        if row["event"]["type"] == "agent.presence":
            state[row["event"]["data"]["agent"]] = row["event"]["data"]["state"]
        for done in row["actions"]:
            if done["type"] == "assignment.give":
                assert done["status"] == "done" and state[done["data"]["agent"]] == "online"
                assert done["data"]["conversation"] not in owners
                owners[done["data"]["conversation"]] = done["data"]["agent"]
                assert list(owners.values()).count(done["data"]["agent"]) <= 4
    assert len(owners) == 12
    assert len([c for c in stack.all("conversation") if c["team"] == team and c["handler"] == "queue"]) == 5
    stack.ask("assignment.set_team", team=team, strategy="manual", accounts=[])


def test_the_api_tells_and_sets(stack: Stack) -> None:
    ayu = stack.api(stack.agent("Ayu", "admin"))
    dian = stack.agent("Dian")
    team = stack.team("Sales")
    path = f"/assignment/teams/{team}"
    assert ayu("GET", path)[1]["strategy"] == "manual"
    status, found = ayu("PATCH", path, json={"strategy": "load", "hours": WEEK, "accounts": ["toko"]})
    assert status == 200 and found["hours"] == WEEK and found["next_minutes"] == 0
    for wrong in ({"strategy": "best"}, {"hours": {"mon": [["8", "17:00"]]}}, {"timezone": "Mars"}, {"x": 1}):
        assert ayu("PATCH", path, json=wrong)[0] == 422
    assert ayu("PATCH", "/assignment/teams/nowhere", json={"strategy": "load"})[0] in (404, 409)
    assert team in [each["id"] for each in ayu("GET", "/assignment/teams")[1]["items"]]
    assert len(ayu("GET", "/assignment/teams?limit=1")[1]["items"]) == 1
    status, found = ayu("PATCH", f"/assignment/agents/{dian}", json={"capacity": 2, "skills": ["en"]})
    assert (found["capacity"], found["skills"], found["state"]) == (2, ["en"], "offline")
    stack.writes(ANDI, "halo")
    stack.writes("6281100000001@c.us", "halo")
    path_of_queue = f"/assignment/queue?team={team}&limit=1"
    first = ayu("GET", path_of_queue)[1]
    assert first["items"][0]["id"] == stack.conversation(ANDI)["id"] and first["items"][0]["position"] == 1
    assert ayu("GET", f"{path_of_queue}&cursor={first['next']}")[1]["items"][0]["position"] == 2
    assert stack.api(dian)("GET", "/assignment/queue")[1]["items"] == []
    assert stack.api(dian)("PATCH", path, json={"strategy": "load"})[0] == 403
    assert ayu("PATCH", path, json={"accounts": []})[1]["accounts"] == []


def test_the_pages_set_the_same(stack: Stack) -> None:
    stack.ask("agent.update", agent=stack.agent("Putri", "admin"), language="en")
    putri = stack.signed_in("Putri")
    putri.look("/settings/assignment/everyone")
    form = {"strategy": "round_robin", "hours_mon": "8.00 – 12.00, 13:00-17:00", "answer_minutes": "15",
            "first_minutes": "30", "next_minutes": "10", "escalate_after": "3", "country": "*"}  # fmt: skip
    assert putri.post("/settings/assignment/everyone", form).status_code == 303
    page = putri.look("/settings/assignment/everyone").text
    assert 'value="08:00-12:00, 13:00-17:00"' in page and 'value="15"' in page
    team = stack.team("Lama")
    putri.post(f"/settings/teams/{team}", {"name": "Baru"})
    assert {each["id"]: each["name"] for each in stack.all("team")}[team] == "Baru"
    wrong = putri.post("/settings/assignment/everyone", {**form, "hours_tue": "pagi"})
    assert "“pagi” is no time of day" in wrong.text and wrong.text.count('aria-invalid="true"') == 1
    assert 'value="pagi"' in wrong.text
    typed = {**form, "closed_on": "24.12.2031, besok", "timezone": "Mars", "queue_text": "Nomor {position}"}
    wrong = putri.post("/settings/assignment/everyone", typed)
    assert "“besok” is no day" in wrong.text and "“Mars” is no time zone" in wrong.text
    assert 'value="24.12.2031, besok"' in wrong.text and 'value="Nomor {position}"' in wrong.text
    assert wrong.text.count('aria-invalid="true"') == 2
    assert putri.post("/settings/assignment/everyone", {**typed, "closed_on": "24.12.2031", "timezone": ""})
    assert 'value="2031-12-24"' in putri.look("/settings/assignment/everyone").text
    putri.look("/settings/assignment")
    agent = next(each["id"] for each in stack.all("agent") if each["name"] == "Putri")
    putri.post(
        f"/settings/assignment/people/{agent}", {"capacity": "3", "skills": "en, Refund", "takes": "yes"}
    )
    (found,) = [each for each in stack.all("agent") if each["id"] == agent]
    assert (found["assignment.capacity"], found["assignment.takes"]) == (3, True)
    assert found["assignment.skills"] == ["en", "Refund"]
    path = f"/settings/assignment/people/{agent}"
    wrong = putri.post(path, {"capacity": "3000", "skills": "en, id", "takes": "no"}).text
    assert 'value="3000"' in wrong and 'value="en, id"' in wrong
    fresh = {"strategy": "manual", "closed_on": [], "queue_text": ""}
    stack.ask("assignment.set_team", team="everyone", **fresh)


def test_off_it_leaves_no_trace(stack: Stack) -> None:
    stack.ask("assignment.set_team", team="everyone", strategy="manual", first_minutes=5, hours=None)
    admin = stack.agent("Wati", "admin")
    stack.ask("agent.update", agent=admin, language="en")
    wati = stack.signed_in("Wati")
    stack.writes("6281100000009@c.us", "halo")
    paths = ("/inbox?tab=unassigned", "/settings/team", "/settings", "/api/openapi.json")
    before = "".join(wati.client.get(path).text for path in paths)
    assert "sla-tag" in before and "/settings/assignment" in before and "/api/assignment" in before
    stack.ask("plugin.set", plugin="assignment", enabled=False)
    stack.held.known.drop("main", "hidden")
    after = "".join(wati.client.get(path).text for path in paths)
    assert "assignment" not in after and "sla-tag" not in after
    assert wati.client.get("/settings/assignment").status_code == 404
    listed = (
        wati.client.get("/api/conversations").json["items"] + wati.client.get("/api/agents").json["items"]
    )
    assert not [key for each in listed for key in each if key.startswith("assignment.")]
    stack.ask("plugin.set", plugin="assignment", enabled=True)
    stack.held.known.drop("main", "hidden")


def test_the_history_says_why_in_both_languages(stack: Stack) -> None:
    stack.ask("assignment.set_team", team="everyone", strategy="round_robin")
    eka = stack.agent("Eka")
    come = event("agent.presence", f"{eka}/1", {"agent": eka, "state": "online"}, origin="system")
    stack.submit([come])
    stack.ask("agent.availability", agent=eka, available="available")
    stack.writes("6281100000011@c.us", "halo")
    stack.ask("agent.update", agent=stack.agent("Gita", "supervisor"), language="id")
    gita = stack.signed_in("Gita")
    stack.writes("6281100000010@c.us", "halo")
    id = stack.conversation("6281100000010@c.us")["id"]
    page = gita.client.get(f"/inbox/{id}/why").text
    assert "memberikannya kepada Eka" in page and "giliran terakhir Eka" in page
    stack.ask("agent.update", agent=eka, language="en")
    page = stack.signed_in("Eka").client.get(f"/inbox/{id}/why").text
    assert "gave it to Eka" in page and "the last turn was Eka" in page
