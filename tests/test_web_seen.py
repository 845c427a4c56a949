"""What each role is shown of conversations that are none of theirs, and times that no calendar has."""

from collections.abc import Iterator

import pytest

from engine import times
from engine.events import event
from web.pages.look import local

from .web_stack import ANDI, DEWI, Stack, message, running

YEAR_9999 = 253402300000_000  # milliseconds since 1970


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        mine, theirs = found.team("Sales"), found.team("Service")
        for name, role, teams in (
            ("Ayu", "admin", ()),
            ("Rina", "supervisor", ()),
            ("Sari", "agent", (mine,)),
            ("Budi", "agent", (theirs,)),
        ):
            found.agent(name, role, teams)
        found.writes(DEWI, "Halo")
        found.ask("account.put", name="second", gateway="simulator")
        said = {"message": {"id": "Z1", "kind": "text", "text": "secret"}, "peer": {"chat_id": DEWI}}
        found.submit([event("message.received", f"{DEWI}/Z1", said, account="second")])
        found.ask("conversation.assign", conversation=of_account(found, "second"), agent=None, team=theirs)
        yield found


def dewi(stack: Stack) -> str:
    (found,) = [
        each["id"] for each in stack.all("conversation") if (each["account"], each["chat"]) == ("toko", DEWI)
    ]
    return str(found)


def of_account(stack: Stack, account: str) -> str:
    (found,) = [each["id"] for each in stack.all("conversation") if each["account"] == account]
    return str(found)


@pytest.mark.parametrize(("name", "sees"), [("Ayu", True), ("Rina", True), ("Budi", True), ("Sari", False)])
def test_the_panel_names_only_conversations_that_may_be_seen(stack: Stack, name: str, sees: bool) -> None:
    opened, other = dewi(stack), of_account(stack, "second")
    browser = stack.signed_in(name)
    assert (browser.client.get(f"/inbox/{other}").status_code == 200) is sees
    for path in (f"/inbox/{opened}", f"/inbox/{opened}/thread"):
        assert (other in browser.client.get(path).text) is sees


def test_a_message_of_the_year_9999_breaks_no_page(stack: Stack) -> None:
    body = message(ANDI, "from the future", "Y1")
    body["payload"]["timestamp"] = YEAR_9999
    assert stack.posts(body).status_code == 200
    browser = stack.signed_in("Ayu")
    opened = stack.conversation(ANDI)["id"]
    for path in (f"/inbox/{opened}", "/inbox?tab=all"):
        assert browser.client.get(path).status_code == 200


@pytest.mark.parametrize(
    "until", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-05:00", "0300-01-01T00:00:00Z", "tomorrow", ""]
)
def test_a_conversation_sleeps_two_years_at_most(stack: Stack, until: str) -> None:
    browser = stack.signed_in("Ayu")
    data = {"conversation": dewi(stack), "until": until}
    asked = {"type": "conversation.snooze", "data": data}
    answer = browser.client.post("/inbox/act", json=asked, headers={"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 409
    assert browser.client.get("/inbox?tab=all&status=snoozed").status_code == 200


def test_a_conversation_may_sleep_for_a_year(stack: Stack) -> None:
    until = times.add(times.now(), 365 * 24 * 3600)
    stack.ask("conversation.snooze", conversation=dewi(stack), until=until)
    assert dewi(stack) in stack.signed_in("Ayu").client.get("/inbox?tab=all&status=snoozed").text


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "yesterday"])
def test_a_time_that_the_zone_does_not_have_is_none(at: str) -> None:
    zones = ("Asia/Jakarta", "America/New_York")
    assert None in [local(at, zone) for zone in zones]
