"""Who is there: from open pages with a grace, and by the agent's own word; and handing over to people."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine import presence
from engine.events import event
from engine.replay import replay
from tests.world import DEWI, World
from web.presence import Presence

from .web_stack import Stack, running


class Page:
    """An open page of an agent."""

    workspace = "main"

    def __init__(self, agent: str) -> None:
        self.agent = agent


class Watch:
    """A clock that goes when told."""

    time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        found.held.hub.start()
        yield found


@pytest.fixture
def there(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Presence:
    """Give a presence that tells only when asked to."""
    monkeypatch.setattr(Presence, "look", lambda self: None)
    return Presence(stack.held, Watch())


def state(stack: Stack, agent: str) -> str:
    (found,) = [each for each in stack.all("agent") if each["id"] == agent]
    return str(found.get("presence") or "offline")


def told(stack: Stack, agent: str) -> int:
    return len(stack.rows(f"SELECT 1 FROM journal WHERE event_id LIKE '-/agent.presence/{agent}/%'"))


def test_a_reload_loses_nothing_and_a_closed_page_counts_for_a_minute(stack: Stack, there: Presence) -> None:
    sari = stack.agent("Sari")
    first, second = Page(sari), Page(sari)
    there.joined(first)
    assert there.tell() is None and state(stack, sari) == "online"
    there.left(first)
    assert there.tell() == 60.0 and state(stack, sari) == "online"
    there.clock.time += 59
    there.joined(second)
    assert there.tell() is None
    there.clock.time += 500
    there.left(second)
    there.clock.time += 60
    assert there.tell() is None and state(stack, sari) == "offline"
    assert told(stack, sari) == 2


def test_the_grace_is_a_setting(stack: Stack, there: Presence) -> None:
    stack.ask("workspace.update", presence_grace=300)
    stack.held.known.drop("main", "presence_grace")
    page = Page(stack.agent("Rina"))
    there.joined(page)
    there.tell()
    there.left(page)
    assert there.tell() == 300.0
    stack.ask("workspace.update", presence_grace=60)
    stack.held.known.drop("main", "presence_grace")


def test_who_touches_no_page_is_away(stack: Stack, there: Presence) -> None:
    sari = stack.agent("Tono")
    shop, home = Page(sari), Page(sari)
    for page in (shop, home):
        there.joined(page)
    there.idle(shop, True)
    there.tell()
    assert state(stack, sari) == "online"
    there.idle(home, True)
    there.tell()
    assert state(stack, sari) == "away"
    there.idle(shop, False)
    there.tell()
    assert state(stack, sari) == "online"


def test_who_signs_out_is_offline_at_once(stack: Stack, there: Presence) -> None:
    sari = stack.agent("Wati")
    page = Page(sari)
    there.joined(page)
    there.tell()
    there.left(page, for_good=True)
    there.tell()
    assert state(stack, sari) == "offline"


def test_a_new_web_process_waits_for_the_grace_before_it_says_that_nobody_is_there(
    stack: Stack, there: Presence
) -> None:
    sari, budi = stack.agent("Dian"), stack.agent("Budi")
    for agent in (sari, budi):
        there.joined(Page(agent))
    there.tell()
    later = Presence(stack.held, there.clock)
    later.begin(["main"])
    assert later.tell() == 60.0
    later.joined(Page(sari))
    later.clock.time += 61
    later.tell()
    assert (state(stack, sari), state(stack, budi)) == ("online", "offline")
    assert (told(stack, sari), told(stack, budi)) == (1, 2)


def test_while_the_engine_is_away_it_is_told_later(stack: Stack, there: Presence) -> None:
    sari = stack.agent("Eka")
    there.joined(Page(sari))
    address, stack.held.client.path = stack.held.client.path, "/nowhere"
    stack.held.client._lost(stack.held.client._socket)
    assert there.tell() == 1.0
    stack.held.client.path = address
    assert there.tell() is None and state(stack, sari) == "online"


@pytest.mark.parametrize(
    ("connected", "chosen", "counts"),
    [
        ("online", "auto", "online"), ("away", "auto", "away"), (None, "auto", "offline"),
        ("offline", "available", "online"), ("away", "available", "online"),
        ("online", "away", "away"), ("offline", "away", "offline"),
    ],
)  # fmt: skip
def test_what_counts_is_the_pages_and_the_agents_word(connected: Any, chosen: str, counts: str) -> None:
    agent = {"active": True, "presence": connected, "available": chosen}
    assert presence.of(agent) == counts
    assert presence.of({**agent, "active": False}) == "offline"


def test_available_until_a_time(shop: World) -> None:
    sari = shop.agent("Sari")
    done = shop.ask(
        "agent.availability", by=sari, agent=sari, available="available", until="2020-01-01T00:00:00Z"
    )
    assert (done["status"], done["reason"]) == ("refused", "until is in the past")
    shop.ask("agent.availability", by=sari, agent=sari, available="available", until="2099-01-01T00:00:00Z")
    assert presence.of(shop.get("agent", sari)) == "online"
    (timer,) = shop.all("timer")
    shop.submit(event("timer.fired", "t", {"timer": timer["id"], "due": timer["due"]}, origin="timer"))
    assert shop.get("agent", sari)["available"] == "auto"
    assert presence.of(shop.get("agent", sari)) == "offline"
    assert replay(shop.workspace.folder, shop.registry)["identical"]


def test_people_say_for_themselves_whether_they_are_available(stack: Stack) -> None:
    sari, budi = stack.agent("Fajar"), stack.agent("Gita")
    program = stack.api(sari)
    status, _agent = program("PATCH", f"/agents/{sari}", json={"available": "available"})
    assert (
        status == 200
        and stack.api(stack.agent("Ayu", "admin"))("GET", f"/agents/{sari}")[1]["state"] == "online"
    )
    assert program("PATCH", f"/agents/{budi}", json={"available": "away"})[0] == 403


def test_the_bot_lets_go_and_without_a_router_the_agent_who_is_named_has_it(shop: World) -> None:
    sari, sales = shop.agent("Sari"), str(shop.ask("team.create", name="Sales")["result"]["team"])
    shop.writes(DEWI, "Halo")
    id = shop.conversation(DEWI)["id"]
    shop.ask("conversation.hand_over", conversation=id, team=sales)
    found = shop.conversation(DEWI)
    assert (found["handler"], found["team"], found["assignee"]) == ("queue", sales, None)
    shop.ask("conversation.hand_over", conversation=id, agent=sari)
    found = shop.conversation(DEWI)
    assert (found["handler"], found["assignee"]) == ("agent", sari)
    shop.ask("conversation.resolve", conversation=id)
    assert shop.ask("conversation.hand_over", conversation=id)["status"] == "refused"
