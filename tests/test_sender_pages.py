"""A number's health in plain words, its pace by choice, and what agents see where it is paused."""

from collections.abc import Iterator

import pytest

from engine.events import event
from tests.test_pages_settings import assert_bare
from tests.web_stack import DEWI, Browser, Stack, running


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        for name, role in (("Ayu", "admin"), ("Sari", "agent")):
            found.ask("agent.update", agent=found.agent(name, role), language="en")
        found.writes(DEWI, "Halo")
        yield found


@pytest.fixture
def ayu(stack: Stack) -> Browser:
    return stack.signed_in("Ayu")


def card(ayu: Browser) -> str:
    page = ayu.look("/settings/numbers").text
    assert_bare(page)
    return str(page.partition('data-sender-card="toko"')[2].partition("</dl>")[0])


def test_the_card_tells_how_a_number_sends(stack: Stack, ayu: Browser) -> None:
    shown = card(ayu)
    for words in ("At the pace of a person who types", "0 of at most 20", "day 1", "nothing", "now"):
        assert words in shown, words
    assert "No pacing removes the risk" in shown
    stack.ask("message.send", conversation=stack.conversation(DEWI)["id"], text="Siap")
    assert "1 message" in card(ayu)


def test_a_number_can_be_given_another_pace(stack: Stack, ayu: Browser) -> None:
    ayu.look("/settings/numbers")
    assert ayu.post("/settings/sender/toko/set_pacing", {"preset": "official"}).status_code == 303
    shown = card(ayu)
    assert "Official API" in shown and "without a limit" in shown and "Warm-up" not in shown
    ayu.post("/settings/sender/toko/set_pacing", {"preset": ""})
    assert "Normal" in card(ayu)


def test_a_paused_number_is_told_to_every_agent_and_resumed_by_a_person(stack: Stack, ayu: Browser) -> None:
    sari, path = stack.signed_in("Sari"), f"/inbox/{stack.conversation(DEWI)['id']}"
    assert "This number is paused" not in sari.look(path).text
    ayu.look("/settings/numbers")
    ayu.post("/settings/sender/toko/pause")
    assert "This number is paused" in sari.look(path).text
    assert "A person paused it" in sari.client.get("/sender/toko/banner").text
    assert "A person paused it" in card(ayu)
    assert sari.post("/settings/sender/toko/resume").status_code == 403
    ayu.look("/settings/numbers")
    ayu.post("/settings/sender/toko/resume")
    assert "This number is paused" not in sari.look(path).text
    assert "Last warnings" in card(ayu)


def test_programs_can_ask_and_say_the_same(stack: Stack) -> None:
    api = stack.api("system")
    status, found = api("GET", "/sender/accounts/toko")
    assert (status, found["preset"], found["cap"], found["warm_day"]) == (200, "normal", 20, 1)
    status, found = api(
        "PUT", "/sender/accounts/toko/pacing", json={"preset": "careful", "numbers": {"warm_up": 7}}
    )
    assert (status, found["preset"], found["cap"]) == (200, "careful", 7)
    assert api("PUT", "/sender/accounts/toko/pacing", json={"numbers": {"floor": -1}})[0] == 422
    assert api("POST", "/sender/accounts/toko/pause")[1]["paused"]["kind"] == "person"
    assert api("POST", "/sender/accounts/toko/pause")[0] == 409
    assert api("POST", "/sender/accounts/toko/resume")[1]["paused"] is None
    assert api("GET", "/sender/accounts/nowhere")[0] == 404


def test_with_the_sender_off_nothing_of_it_is_shown(stack: Stack, ayu: Browser) -> None:
    stack.ask("plugin.set", plugin="sender", enabled=False)
    stack.held.known.drop("main", "hidden")
    assert "data-sender-card" not in ayu.look("/settings/numbers").text
    assert stack.api("system")("GET", "/sender/accounts/toko")[0] == 404


def test_a_message_says_why_it_waits_or_was_not_sent(stack: Stack) -> None:
    sari, conversation = stack.signed_in("Sari"), stack.conversation(DEWI)["id"]
    message = stack.ask("message.send", conversation=conversation, text="Siap")["message"]
    for fields, words in (
        ({"status": "queued", "sender.why": "quiet"}, "Waits: it is night at the customer"),
        (
            {"status": "cancelled", "error": {"code": "expired"}},
            "It was not sent: it could not leave in time",
        ),
    ):
        assert words not in sari.look(f"/inbox/{conversation}").text
        found = {"documents": {"message": [{"id": message, **fields}]}}
        stack.submit([event("settings.changed", words, found, origin="system")])
        assert words in sari.look(f"/inbox/{conversation}").text


def test_saving_the_plugins_form_changes_nothing_that_was_not_touched(stack: Stack, ayu: Browser) -> None:
    ayu.look("/settings/plugins")
    answer = ayu.post("/settings/plugins/sender", {"settings": "1", "preset": "auto", "attempts": "6"})
    assert answer.status_code == 303
    shown = card(ayu)
    assert "0 of at most 20" in shown
    (plugin,) = [each for each in stack.all("plugin") if each["id"] == "sender"]
    assert not plugin.get("page", {}).get("settings")
