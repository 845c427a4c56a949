"""Whatever happens, in whatever order: one owner each, who is online and has room, turns that go round,
and nobody waits while somebody is free.
"""

import shutil
import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.events import event
from engine.plugins import load
from tests.day import Day

NAMES = ("Sari", "Andi", "Budi")
REGISTRY = load()
agents, some = st.sampled_from(range(len(NAMES))), st.integers(0, 30)


class Shop(RuleBasedStateMachine):
    """A shop's day at random: customers write, agents come, go, answer, resolve and are taken ill."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(
            tempfile.mkdtemp(prefix="replyai-", dir="/dev/shm" if Path("/dev/shm").exists() else None)
        )
        self.day = Day(self.folder / "w" / "main", REGISTRY).with_shop()
        self.agents = [self.day.agent(name) for name in NAMES]
        self.online: set[str] = set()
        self.capacity = dict.fromkeys(self.agents, 3)
        self.active = set(self.agents)
        self.number = 0
        self.turns: list[str] = []
        self.waited: dict[str, str] = {}  # conversation → since when, before this step
        self.since: dict[str, int] = {}  # who can be given one → the turn from which on they can
        self.seen = len(self.day.journal())

    def teardown(self) -> None:
        self.day.close()
        shutil.rmtree(self.folder)

    @initialize(
        strategy=st.sampled_from(("round_robin", "round_robin", "load", "sticky")),
        minutes=st.sampled_from((0, 5)),
    )
    def begins(self, strategy: str, minutes: int) -> None:
        self.strategy = strategy
        for agent in self.agents:
            self.ask("assignment.set_agent", agent=agent, capacity=3)
        self.ask(
            "assignment.set_team", team="everyone", strategy=strategy, answer_minutes=minutes, first_minutes=3
        )

    def ask(self, type: str, by: str | None = None, **data: Any) -> dict[str, Any]:
        return self.day.ask(type, by=by, **data)

    def conversations(self, **fields: Any) -> list[dict[str, Any]]:
        every = self.day.all("conversation")
        return [each for each in every if all(each[key] == value for key, value in fields.items())]

    def one(self, number: int, **fields: Any) -> dict[str, Any] | None:
        found = self.conversations(**fields)
        return found[number % len(found)] if found else None

    @rule(many=st.integers(1, 4))
    def customers_write(self, many: int) -> None:
        for _ in range(many):
            self.number += 1
            self.day.writes(f"62812{self.number:08}@c.us", "halo")
            self.only_who_is_there_and_has_room_is_given_any_and_in_order()

    @rule(number=some)
    def a_customer_writes_again(self, number: int) -> None:
        if found := self.one(number):
            self.day.writes(found["chat"], "masih ada?")

    @rule(number=agents, state=st.sampled_from(("online", "online", "away", "offline")))
    def an_agents_pages(self, number: int, state: str) -> None:
        agent = self.agents[number]
        self.number += 1
        came = event("agent.presence", f"{self.number}", {"agent": agent, "state": state}, origin="system")
        self.day.submit(came)
        (self.online.add if state == "online" else self.online.discard)(agent)

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

    @rule(number=some)
    def is_snoozed(self, number: int) -> None:
        if found := self.one(number, status="open", handler="agent"):
            until = self.day.time.replace("2031", "2032", 1)
            self.ask("conversation.snooze", conversation=found["id"], until=until)

    @rule(number=some)
    def is_urgent(self, number: int) -> None:
        if found := self.one(number, status="open"):
            self.ask("assignment.set_priority", conversation=found["id"], priority=3)

    @rule(agent=agents, most=st.integers(1, 6))
    def has_more_or_less_room(self, agent: int, most: int) -> None:
        self.capacity[self.agents[agent]] = most
        self.ask("assignment.set_agent", agent=self.agents[agent], capacity=most)

    @rule(agent=agents, on=st.booleans())
    def is_switched(self, agent: int, on: bool) -> None:
        self.ask(f"agent.{'activate' if on else 'deactivate'}", agent=self.agents[agent])
        (self.active.add if on else self.active.discard)(self.agents[agent])

    @rule(minutes=st.sampled_from((1, 6, 30)))
    def time_passes(self, minutes: int) -> None:
        self.day.later(minutes * 60)

    def has(self, agent: str) -> int:
        return len(self.conversations(assignee=agent, status="open"))

    def could_be_given(self) -> set[str]:
        there = self.online & self.active
        return {agent for agent in there if self.has(agent) < self.capacity[agent]}

    @invariant()
    def each_has_one_owner_or_waits(self) -> None:
        waits = {wait["id"] for wait in self.day.all("assignment_wait")}
        for each in self.conversations():
            expected = {"open": each["handler"], "snoozed": "nobody", "resolved": "nobody"}[each["status"]]
            assert each["handler"] == expected
            if each["status"] == "open":
                assert (each["handler"] == "agent") == (each["assignee"] is not None)
            assert (each["handler"] == "queue") == (each["id"] in waits)
        assert not any(row.get("errors") for row in self.day.journal()[self.seen :])

    @invariant()
    def nobody_waits_while_somebody_is_free(self) -> None:
        free = self.could_be_given()
        for each in self.conversations(handler="queue"):
            assert free <= set(each.get("assignment.tried") or ()), each

    @invariant()
    def only_who_is_there_and_has_room_is_given_any_and_in_order(self) -> None:
        rows = self.day.journal()[self.seen :]
        self.seen += len(rows)
        for row in rows:
            given = [a for a in row["actions"] if a["type"] == "assignment.give"]
            assert all(each["status"] == "done" and each["why"] for each in given)
            if len(rows) == 1:
                self.check(given)
            for each in given:
                self.count_turn(each)
        self.waited = {wait["id"]: wait["since"] for wait in self.day.all("assignment_wait")}
        self.check_turns()

    def check(self, given: list[dict[str, Any]]) -> None:
        """Online agents with room only; the most urgent and oldest first."""
        waiting = self.conversations(handler="queue")
        places = [self.place_of(self.day.get("conversation", each["data"]["conversation"])) for each in given]
        assert places == sorted(places)
        for each, place in zip(given, places, strict=True):
            agent = each["data"]["agent"]
            assert agent in self.online & self.active
            assert self.has(agent) <= self.capacity[agent]
            could = [w for w in waiting if agent not in (w.get("assignment.tried") or ())]
            assert all(self.place_of(w) > place for w in could)

    def place_of(self, conversation: dict[str, Any]) -> tuple[int, str]:
        """Return where in the queue a conversation is, or was before this step."""
        priority = conversation.get("assignment.priority")
        waits = self.day.get("assignment_wait", conversation["id"])
        since = waits["since"] if waits else self.waited.get(conversation["id"])
        since = since or conversation["assignment.since"] or self.day.time
        return -(1 if priority is None else priority), since

    def count_turn(self, given: dict[str, Any]) -> None:
        tried = self.day.get("conversation", given["data"]["conversation"]).get("assignment.tried")
        if tried:  # somebody was passed over, as they had lost this one before
            self.since = dict.fromkeys(self.since, len(self.turns) + 1)
        if given["data"]["turn"] is not None:
            self.turns.append(given["data"]["agent"])

    def check_turns(self) -> None:
        """The round goes on evenly among all who could be given one since they both could."""
        there = self.could_be_given()
        self.since = {agent: self.since.get(agent, len(self.turns)) for agent in there}
        if self.strategy != "round_robin":
            return
        for one, other in combinations(there, 2):
            both = Counter(self.turns[max(self.since[one], self.since[other]) :])
            assert abs(both[one] - both[other]) <= 1, (self.turns, self.since)


Shop.TestCase.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
test_a_shop = Shop.TestCase
