"""Why? in the inbox: what led to a message and to how a conversation is, in both languages."""

import re
from collections.abc import Iterator

import pytest

from .processes import until
from .web_stack import DEWI, Browser, Stack, running


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        sari = found.agent("Sari", "admin")
        found.agent("Budi")
        label = found.ask("labels.create", name="Keluhan", color="#d4380d")["label"]
        found.ask("labels.put_rule", label=label, pattern="rusak")
        found.writes(DEWI, "Kak, barang saya rusak")
        conversation = found.conversation(DEWI)["id"]
        found.ask("conversation.take", by=sari, conversation=conversation)
        found.ask("message.send", by=sari, conversation=conversation, text="Mohon maaf")
        yield found


@pytest.fixture(scope="module")
def sari(stack: Stack) -> Browser:
    return stack.signed_in("Sari")


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_conversation_tells_who_did_what_and_why(stack: Stack, sari: Browser) -> None:
    conversation = stack.conversation(DEWI)["id"]
    told = words(sari.look(f"/inbox/{conversation}/why").text)
    assert re.search(r"labels : (put on the label|memasang label) Keluhan", told)
    assert "the text has “rusak”" in told or "teksnya memuat “rusak”" in told
    assert re.search(r"Sari .* (took the conversation|mengambil percakapan)", told)
    assert re.search(r"(Handled by|Ditangani oleh): Sari", told)


def test_a_message_tells_what_led_to_it(stack: Stack, sari: Browser) -> None:
    (message,) = [each for each in stack.all("message") if each["text"] == "Mohon maaf"]
    told = sari.look(f"/inbox/{message['conversation']}/why?message={message['id']}").text
    assert "Mohon maaf" in told
    assert "rusak" not in told


def test_it_says_it_in_the_agents_language(stack: Stack) -> None:
    conversation = stack.conversation(DEWI)["id"]
    (budi,) = [each["id"] for each in stack.all("agent") if each["name"] == "Budi"]
    for language, line in (("en", "took the conversation"), ("id", "mengambil percakapan")):
        stack.ask("agent.update", agent=budi, language=language)
        assert line in stack.signed_in("Budi").look(f"/inbox/{conversation}/why").text


def test_a_plugin_that_is_off_leaves_no_trace_there(stack: Stack, sari: Browser) -> None:
    conversation = stack.conversation(DEWI)["id"]
    stack.ask("plugin.set", plugin="labels", enabled=False)
    try:
        until(
            lambda: "Keluhan" not in sari.look(f"/inbox/{conversation}/why").text, what="the web hears of it"
        )
    finally:
        stack.ask("plugin.set", plugin="labels", enabled=True)


def test_what_one_may_not_see_is_not_explained(stack: Stack, sari: Browser) -> None:
    conversation = stack.conversation(DEWI)["id"]
    team = stack.team("Gudang")
    stack.ask("conversation.assign", conversation=conversation, agent=None, team=team)
    assert stack.signed_in("Budi").look(f"/inbox/{conversation}/why").status_code == 404
    assert sari.look(f"/inbox/{conversation}/why").status_code == 200
    assert sari.look(f"/inbox/{conversation}/why?message=nothing").status_code == 404
    assert stack.browser().look(f"/inbox/{conversation}/why").status_code in (302, 303, 401)


def test_the_pages_lead_there(stack: Stack, sari: Browser) -> None:
    conversation = stack.conversation(DEWI)["id"]
    assert f'data-why="/inbox/{conversation}/why"' in sari.look(f"/inbox/{conversation}").text
