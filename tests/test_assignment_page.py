"""Two agents in two browsers: who is there, what comes to whom, and the place in the queue, live in both."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import PHONE, Person, chromium
from tests.test_web_feed import web
from tests.web_stack import ANDI, DEWI, PASSWORD, Stack, running

pytestmark = pytest.mark.browser
BUDI_S_CUSTOMER, LAST = "6281100000021@c.us", "6281100000022@c.us"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found, web(found) as port:
        found.address = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
        found.sari, found.budi = found.agent("Sari"), found.agent("Budi")  # type: ignore[attr-defined]
        for agent in (found.sari, found.budi):  # type: ignore[attr-defined]
            found.ask("agent.update", agent=agent, language="en")
            found.ask("assignment.set_agent", agent=agent, capacity=1)
        rules = {"strategy": "round_robin", "first_minutes": 2, "sla_in_hours": False}
        found.ask("assignment.set_team", team="everyone", **rules)
        yield found


@pytest.fixture(scope="module")
def people(stack: Stack) -> Iterator[Any]:
    """Give a function that gives people, each with a browser of their own."""
    with chromium() as browser:
        yield lambda: Person(browser, stack.address, locale="en-GB")  # type: ignore[attr-defined]


def dot(page: Page, agent: str) -> Any:
    return page.locator(f'#assign-menu [data-presence-of="{agent}"]')


def test_two_agents_share_the_work(stack: Stack, people: Any) -> None:
    sari, budi = people(), people()
    sari.page.clock.install()
    sari.signs_in("sari@toko.example", PASSWORD)
    stack.writes(DEWI, "halo")
    hers = stack.conversation(DEWI)["id"]
    expect(sari.row(hers)).to_be_visible()
    expect(sari.row(hers).locator(".sla-tag")).to_contain_text(":")

    stack.writes(ANDI, "pagi")
    stack.writes(LAST, "siang")
    waits = stack.conversation(LAST)["id"]
    sari.goes("/inbox?tab=all")
    expect(sari.row(waits).locator("[data-place]")).to_have_text("2")
    sari.opens(hers)
    expect(dot(sari.page, stack.budi)).to_have_attribute("data-presence", "offline")  # type: ignore[attr-defined]

    budi.signs_in("budi@toko.example", PASSWORD)
    expect(budi.row(stack.conversation(ANDI)["id"])).to_be_visible()
    expect(dot(sari.page, stack.budi)).to_have_attribute("data-presence", "online")  # type: ignore[attr-defined]
    expect(sari.row(waits).locator("[data-place]")).to_have_text("1")

    sari.page.locator('[data-action="resolve"]').click()
    expect(sari.row(waits).locator("[data-place]")).to_have_count(0)
    sari.opens(waits)
    expect(sari.page.locator(".bar-title")).to_contain_text("Yours")
    sari.page.locator(".history summary").click()
    expect(sari.page.locator(".history")).to_contain_text("in turn: 2 online")

    left = sari.page.locator("#thread-header .sla-tag")
    sari.page.clock.fast_forward(125_000)
    expect(left).to_have_attribute("data-sla", "breached")
    sari.writes("Siap")
    expect(left).to_have_count(0)

    sari.page.select_option("[data-priority]", "3")
    expect(sari.row(waits).locator(".up-tag")).to_be_visible()
    assert sari.troubles == budi.troubles == []
    for person in (sari, budi):
        person.context.close()


def test_idle_is_away_and_by_hand_is_available_though_the_page_is_closed(stack: Stack, people: Any) -> None:
    rina, tono = people(), people()
    stack.ask("agent.update", agent=stack.agent("Rina", "supervisor"), language="en")
    tono_s = stack.agent("Tono", "supervisor")
    stack.ask("agent.update", agent=tono_s, language="en")
    tono.page.clock.install()
    stack.writes(BUDI_S_CUSTOMER, "permisi")
    rina.signs_in("rina@toko.example", PASSWORD).opens(stack.conversation(BUDI_S_CUSTOMER)["id"])
    tono.signs_in("tono@toko.example", PASSWORD)
    his = dot(rina.page, tono_s)
    expect(his).to_have_attribute("data-presence", "online")
    tono.page.bring_to_front()
    tono.page.clock.fast_forward(6 * 60_000)
    expect(his).to_have_attribute("data-presence", "away")
    tono.page.keyboard.press("Shift")
    expect(his).to_have_attribute("data-presence", "online")
    tono.page.locator('[data-menu="me-menu"]').click()
    tono.page.get_by_role("menuitemradio", name="Available").click()
    expect(his).to_have_attribute("data-available", "available")
    tono.goes("/settings")
    tono.page.locator('[data-menu="me-menu"]').click()
    chosen = tono.page.get_by_role("menuitemradio", name="Available")
    expect(chosen).to_have_attribute("aria-checked", "true")
    tono.page.get_by_role("menuitemradio", name="Away").click()
    expect(his).to_have_attribute("data-presence", "away")
    rina.page.set_viewport_size(PHONE)
    assert rina.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert rina.troubles == tono.troubles == []
