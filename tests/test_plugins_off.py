"""A plugin that is off leaves no trace on the pages, in the API and in its description."""

import re
from collections.abc import Iterator

import pytest

from web.engine_link import _tried
from web.errors import NotFound

from .web_stack import ANDI, DEWI, Stack, running


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        found.ask("agent.update", agent=found.agent("Sari", "admin"), language="en")
        found.writes(DEWI, "Halo")
        found.writes(ANDI, "Pagi")
        yield found


def switch_off(stack: Stack, plugin: str) -> None:
    stack.ask("plugin.set", plugin=plugin, enabled=False)
    stack.held.known.drop("main", "hidden")


def test_labels_off_are_in_no_description_and_in_no_filter(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    before = sari.client.get("/api/openapi.json").json
    assert "Label" in before["components"]["schemas"]
    switch_off(stack, "labels")
    spec = sari.client.get("/api/openapi.json").json
    assert not [name for name in spec["components"]["schemas"] if "Label" in name]
    named = spec["paths"]["/api/conversations"]["get"]["parameters"]
    assert "label" not in [each["name"] for each in named] and "status" in [each["name"] for each in named]
    page = sari.client.get("/inbox?tab=all&label=unknown").text
    assert page.count('<a class="row') == 2
    assert 'data-label-filter=""' in page and "labels.js" not in page
    assert len(sari.client.get("/api/conversations?label=unknown").json["items"]) == 2


def test_schemas_that_are_still_mentioned_stay(stack: Stack) -> None:
    answer = stack.browser().client.get("/api/openapi.json")
    named = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
    assert named == set(answer.json["components"]["schemas"])


def test_a_gateway_that_is_off_is_said_at_the_composer(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    path = f"/inbox/{stack.conversation(DEWI)['id']}"
    assert "The service of this number is switched off" not in sari.client.get(path).text
    switch_off(stack, "waha")
    assert "The service of this number is switched off" in sari.client.get(path).text


def test_an_empty_list_leads_to_where_messages_come_from(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    empty = sari.client.get("/inbox/rows?tab=mine").text
    assert "tab=unassigned" in empty and 'href="/simulator"' in empty
    switch_off(stack, "simulator")
    assert "/simulator" not in sari.client.get("/inbox/rows?tab=mine").text


def test_the_open_conversation_stays_fresh_though_its_tab_does_not_show_it(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    id = stack.conversation(DEWI)["id"]
    path = f"/inbox/fragments?tab=mine&rows={id}"
    assert sari.client.get(path).json["rows"] == {id: None}
    row = sari.client.get(f"{path}&conversation={id}").json["rows"][id]
    assert "data-elsewhere" in row and "Halo" in row


def test_an_ordinary_404_does_not_leave_the_threads_as_an_error() -> None:
    def missing() -> None:
        raise NotFound("no conversation x")

    found, error = _tried(missing)
    assert found is None and isinstance(error, NotFound)
