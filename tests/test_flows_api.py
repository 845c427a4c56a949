"""Flows by REST: made, checked, tried, published, and how they do."""

import pytest
import yaml

from plugins.flowbuilder import transcripts
from tests.test_flows_running import SHOP
from tests.web_stack import ANDI, DEWI, running

CITA = "6281500003333@c.us"


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        found.ayu, found.sari = found.agent("Ayu", "admin"), found.agent("Sari")
        yield found


@pytest.fixture
def ayu(stack):
    return stack.api(stack.ayu)


@pytest.fixture
def sari(stack):
    return stack.api(stack.sari)


def test_from_a_draft_to_an_answer(stack, ayu, sari):
    status, flow = ayu("POST", "/flows", json={"definition": SHOP})
    assert (status, flow["name"], flow["published"]) == (201, "Menu toko", None)
    assert ayu("POST", "/flows", json={"definition": SHOP})[0] == 409
    path = f"/flows/{flow['id']}"
    assert ayu("PATCH", path, json={"definition": SHOP, "rev": 1})[1]["draft_rev"] == 2
    assert ayu("PATCH", path, json={"definition": SHOP, "rev": 1})[0] == 409
    assert sari("POST", f"{path}/publish", json={})[0] == 403
    status, version = ayu("POST", f"{path}/publish", json={"note": "the first"})
    assert (status, version["number"], version["note"]) == (201, 1, "the first")
    stack.writes(ANDI, "menu")
    stack.writes(ANDI, "1")
    found = sari("GET", f"{path}/figures")[1]
    assert (found["started"], found["nodes"]["menu"]["visits"], found["nodes"]["menu"]["waiting"]) == (
        1,
        2,
        1,
    )
    assert [each["name"] for each in sari("GET", "/flows?limit=1")[1]["items"]] == ["Menu toko"]
    ayu("POST", f"{path}/publish", json={})
    assert ayu("POST", f"{path}/versions/1/publish", json={})[1]["number"] == 3
    numbers = [each["number"] for each in sari("GET", f"{path}/versions")[1]["items"]]
    assert numbers == [3, 2, 1] and sari("GET", f"{path}/versions/9")[0] == 404
    assert ayu("PATCH", path, json={"enabled": False})[1]["enabled"] is False
    assert ayu("DELETE", path)[0] == 204 and ayu("GET", path)[0] == 404


def test_errors_are_told_of_their_node(ayu):
    broken = {**SHOP, "nodes": [{**SHOP["nodes"][0], "to": {}}]}
    found = ayu("POST", "/flows/check", json={"definition": broken})[1]["problems"]
    assert {(p["node"], p["code"], p["about"]) for p in found} >= {("menu", "open", "option.1")}
    flow = ayu("POST", "/flows", json={"definition": {**broken, "name": "Rusak"}})[1]
    status, answer = ayu("POST", f"/flows/{flow['id']}/publish", json={})
    assert status == 409 and "option 1 leads nowhere" in answer["error"]["message"]


def test_a_back_test_needs_the_right_and_a_flow_without_errors(ayu, sari):
    flow = ayu("POST", "/flows", json={"definition": {**SHOP, "name": "Uji mundur"}})[1]
    path, broken = f"/flows/{flow['id']}/backtests", {**SHOP, "start": "nowhere"}
    assert sari("POST", path, json={"definition": SHOP})[0] == 403
    status, answer = ayu("POST", path, json={"definition": broken})
    assert status == 409 and "'nowhere', which is no node" in answer["error"]["message"]
    assert ayu("GET", f"{path}/{'0' * 24}")[0] == 404
    assert ayu("POST", path, json={"definition": SHOP, "days": 0})[0] == 422


def test_what_was_not_understood_is_grouped_with_the_time_that_answers_took(stack, ayu, sari):
    trigger = {"on": "keyword", "way": "exact", "words": ["bingung"]}
    named = {**SHOP, "name": "Bingung", "triggers": [trigger], "settings": {"gather": 0}}
    flow = ayu("POST", "/flows", json={"definition": named})[1]
    ayu("POST", f"/flows/{flow['id']}/publish", json={})
    for chat in (DEWI, CITA):
        stack.writes(chat, "bingung")
        for text in ("Halo?!", "apa ya", "1"):
            stack.writes(chat, text)
    found = sari("GET", f"/flows/{flow['id']}/figures")[1]
    menu = found["nodes"]["menu"]
    assert (found["started"], menu["answers"], menu["misses"]) == (2, 2, 4)
    assert found["seconds"] == menu["seconds"] >= 0
    misses = sari("GET", f"/flows/{flow['id']}/misses?node=menu")[1]["items"]
    assert {(each["text"], each["number"]) for each in misses} == {("Halo?!", 2), ("apa ya", 2)}


def test_a_draft_is_tried_and_the_chat_becomes_a_test(sari):
    steps = [{"customer": "halo"}, {"customer": "2"}, {"customer": "agen"}]
    status, chat = sari("POST", "/flows/try", json={"definition": SHOP, "steps": steps})
    assert status == 200 and chat["ended"] == "person" and chat["visited"] == ["menu", "lokasi", "menu"]
    assert [each["by"] for each in chat["talk"]].count("bot") == 4
    saved = sari("POST", "/flows/transcript", json={"definition": SHOP, "steps": steps})[1]
    assert saved["file"] == "menu-toko.yaml"
    transcripts.run(yaml.safe_load(saved["yaml"]), SHOP)


@pytest.mark.parametrize(
    "steps",
    [
        [{}],
        [{"x": 1}],
        [{"wait": "soon"}],
        [{"service": {}}],
        [{"customer": None}],
        [{"customer": "halo", "wait": 1}],
    ],
)
def test_steps_that_cannot_be_are_told_and_break_nothing(sari, steps):
    status, chat = sari("POST", "/flows/try", json={"definition": SHOP, "steps": steps})
    assert status == 200 and (chat["error"] or chat["talk"])
