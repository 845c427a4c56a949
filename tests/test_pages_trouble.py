"""What the pages say of messages that wait, are tried again, failed or are unconfirmed."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from web.pages.reasons import call_in_words
from web.pages.shape import waiting

from .web_stack import DEWI, Browser, Stack, running


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        found.ask("agent.update", agent=found.agent("Sari", "admin"), language="en")
        found.ask("workspace.update", timezone="Asia/Makassar")
        found.writes(DEWI, "Halo")
        yield found


@pytest.fixture
def sari(stack: Stack) -> Browser:
    return stack.signed_in("Sari")


def says(stack: Stack, text: str, **fields: Any) -> str:
    """Have an answer be as *fields* say; return its id."""
    conversation = stack.conversation(DEWI)["id"]
    id = str(stack.ask("message.send", conversation=conversation, text=text)["message"])
    workspace = stack.engine.workspaces["main"]
    table = workspace.store.documents.table("message")
    workspace.writer.do(lambda c: table.update(fields, doc_ids=[id])).result()
    return id


def bubble(stack: Stack, sari: Browser, message: str) -> str:
    conversation = stack.conversation(DEWI)["id"]
    path = f"/inbox/fragments?tab=all&conversation={conversation}&messages={message}"
    return str(sari.client.get(path).json["messages"][message])


def test_what_waits_for_an_unconfirmed_message_says_so(stack: Stack, sari: Browser) -> None:
    says(stack, "one", status="unconfirmed", error={"code": None, "reason": "no answer within 15 s"})
    second = says(stack, "two", status="queued")
    assert "Waits for the message above." in bubble(stack, sari, second)
    page = sari.client.get(f"/inbox/{stack.conversation(DEWI)['id']}?tab=all").text
    assert page.count("Waits for the message above.") == 1
    assert "A message here failed or is unconfirmed" in page
    assert 'title="no answer within 15 s"' in page


def test_a_message_that_is_tried_again_says_when_and_why(stack: Stack, sari: Browser) -> None:
    error = {"code": None, "reason": "no connection: [Errno 111] Connection refused"}
    due = "2026-11-24T01:42:00.000000Z"
    shown = bubble(stack, sari, says(stack, "one", status="queued", retry_at=due, error=error))
    assert "Trying again at 09:42 · The number&#39;s service is not running." in shown
    assert "[Errno 111] Connection refused" in shown  # the technical text, as a title


def test_only_what_is_unsettled_holds_others_back() -> None:
    sent = {"direction": "out", "lane": "agent"}
    states = ("sent", "queued", "queued", "unconfirmed", "queued")
    messages = [{"id": str(at), "status": status, **sent} for at, status in enumerate(states)]
    assert waiting(messages) == {"4"}
    assert waiting([{**messages[3], "lane": "campaign"}, messages[4]]) == set()
    assert waiting([{**messages[1], "retry_at": "2026-11-24T01:42:00.000000Z"}, messages[2]]) == {"2"}


@pytest.mark.parametrize("reason,words", [
    ("no connection: [Errno 111] Connection refused", "The number's service is not running."),
    ("no connection: Name or service not known", "The address of the number's service was not found."),
    ("no answer within 15 s", "The number's service did not answer in time."),
    ("the service answered 503: busy", "The number's service has a fault of its own (503)."),
    ("the service answered 400: no chat", "The number's service refused it (400)."),
    ("the connection broke before the answer: ReadError", "The connection to the number's service broke."),
    ("the WAHA session is not connected", "The number is not connected to WhatsApp."),
    ("something new", ""),
])  # fmt: skip
def test_reasons_of_failed_calls_are_told_in_words(reason: str, words: str) -> None:
    app = Flask("test")
    Babel(app, locale_selector=lambda: "en")
    with app.test_request_context():
        assert call_in_words(reason) == words


def test_a_file_that_could_not_be_fetched_offers_another_try(stack: Stack, sari: Browser) -> None:
    media = {"kind": "image", "state": "failed", "reason": "the service answered 404", "ref": {"url": "x"}}
    shown = bubble(stack, sari, says(stack, "x", kind="image", media=media))
    assert 'data-action="fetch"' in shown and 'title="the service answered 404"' in shown
