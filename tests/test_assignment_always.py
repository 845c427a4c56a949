"""Whatever happens, in whatever order: one owner each, who is online and has room, turns that go round,
and nobody waits while somebody is free. After each row of the journal the documents are looked at.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine import presence, times
from engine.events import event
from engine.plugins import load
from plugins.assignment import choosing, handlers, handlers_settings, people
from tests.day import Day
from tests.world import SHOP, peer_of

NAMES = ("Sari", "Andi", "Budi")
REGISTRY = load()
EVERYONE = "everyone"
agents, some, teams = st.sampled_from(range(len(NAMES))), st.integers(0, 30), st.booleans()
Document = dict[str, Any]
DONE: Counter[str] = Counter()  # what the run has seen of each kind of action


class Looked(Day):
    """A day on which somebody looks after every row."""

    look: Callable[[Document], None] | None = None

    def submit(self, *events: Document, **more: Any) -> list[Document]:
        done = super().submit(*events, **more)
        self.see(len([each for each in done if each.get("seq")]))
        return done

    def see(self, rows: int = 1) -> None:
        assert rows < 2
        if self.look and rows:
            self.look(self.journal()[-1])


class Shop(RuleBasedStateMachine):
    """A shop's day at random: customers write, agents come, go, answer, resolve and are taken ill."""

    def __init__(self) -> None:
        super().__init__()
        memory = "/dev/shm" if Path("/dev/shm").exists() else None
        self.folder = Path(tempfile.mkdtemp(prefix="replyai-", dir=memory))
        self.day = Looked(self.folder / "w" / "main", REGISTRY)
        self.day.with_shop()
        self.agents = [self.day.agent(name) for name in NAMES]
        self.sales = str(self.day.ask("team.create", name="Sales")["result"]["team"])
        self.number = 0
        self.turns: list[str] = []
        self.waits: dict[str, Document] = {}  # who waited before the row that is looked at
        self.since: dict[str, int] = {}  # who can be given one → the turn from which on they can

    def teardown(self) -> None:
        self.day.close()
        shutil.rmtree(self.folder)

    @initialize(
        strategy=st.sampled_from(("round_robin", "round_robin", "load", "sticky")),
        minutes=st.sampled_from((0, 5)),
        room=st.sampled_from((0, 1, 3)),
    )
    def begins(self, strategy: str, minutes: int, room: int) -> None:
        """All are there; room: 0 is no limit."""
        self.strategy, self.limited = strategy, room
        for agent in self.agents:
            self.day.ask("assignment.set_agent", agent=agent, capacity=room)
            self.day.ask("agent.update", agent=agent, teams=[self.sales])
        for team in (EVERYONE, self.sales):
            rules = {"strategy": strategy, "answer_minutes": minutes, "first_minutes": 3}
            self.day.ask("assignment.set_team", team=team, **rules)
        for number in range(len(NAMES)):
            self.pages(number, "online")
        self.day.look = self.looks

    def ask(self, type: str, by: str | None = None, **data: Any) -> Document:
        return self.day.ask(type, by=by, **data)

    def conversations(self, **fields: Any) -> list[Document]:
        every = self.day.all("conversation")
        return [each for each in every if all(each[key] == value for key, value in fields.items())]

    def one(self, number: int, **fields: Any) -> Document | None:
        found = self.conversations(**fields)
        return found[number % len(found)] if found else None

    @rule(many=st.integers(1, 5))
    def customers_write(self, many: int) -> None:
        for _ in range(many):
            self.number += 1
            self.day.writes(f"62812{self.number:08}@c.us", "halo")

    @rule(many=st.integers(2, 6))
    def customers_write_while_all_have_lunch(self, many: int) -> None:
        for number in range(len(NAMES)):
            self.pages(number, "away")
        self.customers_write(many)
        for number in range(len(NAMES)):
            self.pages(number, "online")

    @rule(number=some)
    def a_customer_writes_again(self, number: int) -> None:
        if found := self.one(number):
            lid = {"lid": found["chat"]} if found["chat"].endswith("@lid") else {}
            self.day.writes(found["chat"], "masih ada?", **lid)

    @rule()
    def a_customer_hides_their_number(self) -> None:
        self.number += 1
        lid = f"{self.number:08}@lid"
        self.day.writes(lid, "halo", lid=lid)

    @rule(one=some, other=some)
    def two_numbers_are_one_person(self, one: int, other: int) -> None:
        hidden = [each for each in self.conversations() if each["chat"].endswith("@lid")]
        shown = [each for each in self.conversations() if each["chat"].endswith("@c.us")]
        if hidden and shown:
            lid, phone = hidden[one % len(hidden)]["chat"], shown[other % len(shown)]["chat"]
            told = {"peer": peer_of(phone, lid=lid)}
            self.day.submit(event("identity.linked", f"{phone}/{lid}", told, account=SHOP))
            DONE["joined"] += 1

    @rule(number=agents, state=st.sampled_from(("online", "online", "away", "offline")))
    def an_agents_pages(self, number: int, state: str) -> None:
        self.pages(number, state)

    def pages(self, number: int, state: str) -> None:
        self.number += 1
        told = {"agent": self.agents[number], "state": state}
        self.day.submit(event("agent.presence", f"{self.number}", told, origin="system"))

    @rule(number=some)
    def is_resolved(self, number: int) -> None:
        if found := self.one(number, status="open"):
            self.ask("conversation.resolve", conversation=found["id"])

    @rule(number=some)
    def is_answered(self, number: int) -> None:
        if found := self.one(number, status="open", handler="agent"):
            self.ask("message.send", by=found["assignee"], conversation=found["id"], text="Baik")

    @rule(number=some, agent=agents)
    def is_taken_by_hand(self, number: int, agent: int) -> None:
        if found := self.one(number, status="open", handler="queue"):
            self.ask("conversation.take", by=self.agents[agent], conversation=found["id"])

    @rule(number=some)
    def is_given_back(self, number: int) -> None:
        if found := self.one(number, status="open", handler="agent"):
            self.ask("conversation.assign", conversation=found["id"], agent=None)

    @rule(number=some, to=st.sampled_from((None, 0, 1, 2)), sales=teams)
    def is_handed_over(self, number: int, to: int | None, sales: bool) -> None:
        if found := self.one(number, status="open"):
            agent, team = None if to is None else self.agents[to], self.sales if sales else None
            wanted = {"agent": agent, "team": team}
            self.ask("conversation.hand_over", by=found["assignee"], conversation=found["id"], **wanted)

    @rule(number=some)
    def is_snoozed(self, number: int) -> None:
        if found := self.one(number, status="open", handler="agent"):
            until = times.add(self.day.time, 900)
            self.ask("conversation.snooze", conversation=found["id"], until=until)

    @rule(number=some)
    def is_urgent(self, number: int) -> None:
        if found := self.one(number, status="open"):
            self.ask("assignment.set_priority", conversation=found["id"], priority=3)

    @rule(number=some, erased=st.booleans())
    def a_contact_is_blocked_or_erased(self, number: int, erased: bool) -> None:
        if found := self.one(number, status="open"):
            contact = self.day.get("contact", found["contact"])
            if erased and contact["phone"]:
                self.day.workspace.erase(contact["id"]).result(30)
                self.day.see()
                DONE["erased"] += 1
            else:
                self.ask("contact.block", contact=contact["id"], reason="spam")

    @precondition(lambda self: self.limited)
    @rule(agent=agents, most=st.integers(1, 4))
    def has_more_or_less_room(self, agent: int, most: int) -> None:
        self.ask("assignment.set_agent", agent=self.agents[agent], capacity=most)

    @rule(agent=agents, sales=teams)
    def is_in_another_team(self, agent: int, sales: bool) -> None:
        self.ask("agent.update", agent=self.agents[agent], teams=[self.sales] if sales else [])

    @rule(agent=agents, on=st.booleans())
    def is_switched(self, agent: int, on: bool) -> None:
        self.ask(f"agent.{'activate' if on else 'deactivate'}", agent=self.agents[agent])

    @rule(is_open=st.sampled_from((True, True, True, False)), sales=teams)
    def has_other_hours(self, is_open: bool, sales: bool) -> None:
        team = self.sales if sales else EVERYONE
        self.ask("assignment.set_team", team=team, hours=None if is_open else {})

    @rule(minutes=st.sampled_from((1, 6, 30)))
    def time_passes(self, minutes: int) -> None:
        self.day.later(minutes * 60)

    # What holds after each row

    def looks(self, row: Document) -> None:
        """Look at the documents as they are after a row."""
        self.there = {agent["id"]: agent for agent in self.day.all("agent") if presence.of(agent) == "online"}
        self.has = Counter(each["assignee"] for each in self.conversations(status="open"))
        waits = {wait["id"]: wait for wait in self.day.all("assignment_wait")}
        given = [done for done in row["actions"] if done["type"] == "assignment.give"]
        DONE["given"] += len(given)
        assert not row.get("errors"), row["errors"]
        self.each_has_one_owner_or_waits(waits)
        self.nobody_waits_while_somebody_is_free(waits)
        self.who_is_given_one_is_there_and_has_room(given)
        self.the_first_is_given_first(given, waits)
        self.turns_go_round(row, given)
        self.waits = waits

    def each_has_one_owner_or_waits(self, waits: dict[str, Document]) -> None:
        for each in self.conversations():
            expected = {"open": each["handler"], "snoozed": "nobody", "resolved": "nobody"}[each["status"]]
            assert each["handler"] == expected
            if each["status"] == "open":
                assert (each["handler"] == "agent") == (each["assignee"] is not None)
            assert (each["handler"] == "queue") == (each["id"] in waits)
        assert set(waits) <= {each["id"] for each in self.conversations()}

    def is_free(self, agent: str) -> bool:
        found = self.there.get(agent)
        most = found["assignment.capacity"] if found else None
        return found is not None and (not most or self.has[agent] < most)

    def could_have(self, wait: Document) -> set[str]:
        """Return who is free for one that waits."""
        team = wait["team"]
        if self.day.get("assignment_team", team)["hours"] is not None:
            return set()
        of_it = {id for id, agent in self.there.items() if team == EVERYONE or team in agent["teams"]}
        named = {wait["agent"]} if wait.get("agent") else set()
        if (wait.get("held_until") or "") > self.day.time:
            of_it = named or of_it - {wait.get("by")}
        return {agent for agent in of_it | named if self.is_free(agent)}

    def nobody_waits_while_somebody_is_free(self, waits: dict[str, Document]) -> None:
        for wait in waits.values():
            assert not self.could_have(wait), (wait, self.has)

    def who_is_given_one_is_there_and_has_room(self, given: list[Document]) -> None:
        assert all(each["status"] == "done" and each["why"] for each in given)
        for agent in {each["data"]["agent"] for each in given}:
            most = self.there[agent]["assignment.capacity"]
            assert not most or self.has[agent] <= most, (agent, self.has)
        ids = [each["data"]["conversation"] for each in given]
        assert len(ids) == len(set(ids))

    def the_first_is_given_first(self, given: list[Document], waits: dict[str, Document]) -> None:
        """Of those that waited before, nobody is passed over by who is behind them, urgency aside."""
        places = [
            self.waits[id]["key"] for each in given if (id := each["data"]["conversation"]) in self.waits
        ]
        assert places == sorted(places)
        DONE["in order"] += len(places) > 1
        for wait in waits.values():
            behind = [
                each
                for each in given
                if (before := self.waits.get(each["data"]["conversation"]))
                and before["key"] > wait["key"]
                and before["team"] == wait["team"]
                and not (wait.get("held_until") or before.get("held_until"))
            ]
            assert wait["id"] not in self.waits or self.waits[wait["id"]] != wait or not behind

    def turns_go_round(self, row: Document, given: list[Document]) -> None:
        """The round goes on evenly among all who could be given one since they both could."""
        for each in given:
            id = each["data"]["conversation"]
            found = self.day.get("conversation", id)
            asked = [d["data"] for d in row["actions"] if d["type"] == "assignment.enqueue"]
            by = any(data["conversation"] == id and data.get("by") for data in asked)
            if found.get("assignment.tried") or by or self.waits.get(id, {}).get("by"):
                self.since = dict.fromkeys(self.since, len(self.turns) + 1)  # somebody was passed over
            if each["data"]["turn"] is not None and found["team"] is None:
                self.turns.append(each["data"]["agent"])
        there = {agent for agent in self.there if agent in self.agents and self.is_free(agent)}
        self.since = {agent: self.since.get(agent, len(self.turns)) for agent in there}
        for one, other in combinations(there, 2) if self.strategy == "round_robin" else ():
            both = Counter(self.turns[max(self.since[one], self.since[other]) :])
            assert abs(both[one] - both[other]) <= 1, (self.turns, self.since)


QUICK = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_shop() -> None:
    DONE.clear()
    run_state_machine_as_test(Shop, settings=QUICK)
    assert DONE["given"] > 300 and DONE["in order"] > 10, DONE
    assert min(DONE["joined"], DONE["erased"]) > 3, DONE


def whose_turn_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people.People, "turn", lambda self, agent, team: 0)


def room_does_not_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people.People, "is_free", lambda self, agent: agent in self.online)
    patch.setattr(handlers, "is_free", lambda documents, agent, settings: True)


def the_last_is_first(patch: pytest.MonkeyPatch) -> None:
    def backwards(documents: Any, query: Any, goes_on: Any) -> Any:
        table = documents.table("assignment_wait")
        if goes_on():
            yield from table.page(query, order="key", newest_first=True, limit=50)[0]

    patch.setattr(choosing, "_in_order", backwards)
    patch.setattr(choosing, "_key", lambda wait: [-ord(letter) for letter in wait["key"]])


def nobody_is_woken(patch: pytest.MonkeyPatch) -> None:
    for module in (handlers, handlers_settings):
        patch.setattr(module, "look", lambda tx, only=None: None)


@pytest.mark.parametrize(
    "broken", [whose_turn_is_forgotten, room_does_not_count, the_last_is_first, nobody_is_woken]
)
def test_a_shop_that_goes_wrong_is_noticed(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    found = settings(QUICK, phases=[Phase.generate], database=None, print_blob=False)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Shop, settings=found)
