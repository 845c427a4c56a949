"""The inbox by conditions, acts on many conversations, counts, merging, rules and their trial on history."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.web_stack import ANDI, DEWI, Browser, Program, Stack, running

BUDI = "6281900007777@c.us"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A shop with two teams; Sari sells, Tono is in no team; Dewi's matter is the repairers'."""
    with running() as found:
        sales, repair = found.team("Penjualan"), found.team("Servis")
        found.agent("Ayu", role="supervisor")
        found.agent("Sari", teams=(sales,))
        found.agent("Tono")
        for chat in (DEWI, ANDI, BUDI):
            found.writes(chat, "Halo, masih ada?")
        for name in ("VIP", "Keluhan", "Lunas"):
            found.ask("labels.create", name=name)
        for chat, team in ((DEWI, repair), (ANDI, sales)):
            found.ask(
                "conversation.assign", conversation=found.conversation(chat)["id"], agent=None, team=team
            )
        for chat, name in ((DEWI, "VIP"), (DEWI, "Keluhan"), (ANDI, "VIP"), (BUDI, "Lunas")):
            found.ask("labels.add", conversation=found.conversation(chat)["id"], label=label_of(found, name))
        yield found


def label_of(stack: Stack, name: str) -> str:
    return next(str(each["id"]) for each in stack.all("label") if each["name"] == name)


def id_of(stack: Stack, name: str) -> str:
    return next(str(each["id"]) for each in stack.all("agent") if each["name"] == name)


@pytest.fixture(scope="module")
def ayu(stack: Stack) -> Browser:
    return stack.signed_in("Ayu")


@pytest.fixture(scope="module")
def program(stack: Stack) -> Program:
    return stack.api(id_of(stack, "Ayu"))


def has(stack: Stack, name: str) -> dict[str, Any]:
    return {"field": "labels", "op": "has", "value": label_of(stack, name)}


def names(stack: Stack, found: list[str]) -> set[str]:
    known = {stack.conversation(chat)["id"]: chat for chat in (DEWI, ANDI, BUDI)}
    return {known[id] for id in found}


def asked(program: Program, condition: Any) -> Any:
    status, page = program("GET", f"/conversations?where={quote(json.dumps(condition))}")
    assert status == 200, page
    return [each["id"] for each in page["items"]]


def test_labels_are_joined_by_and_or_and_not(stack: Stack, program: Program) -> None:
    vip, complaint, paid = (has(stack, name) for name in ("VIP", "Keluhan", "Lunas"))
    for condition, chats in (
        ({"all": [vip, complaint]}, {DEWI}),
        ({"any": [complaint, paid]}, {DEWI, BUDI}),
        ({"all": [vip, {"not": complaint}]}, {ANDI}),
        ({"all": [{"field": "labels", "op": "has_not", "value": vip["value"]}]}, {BUDI}),
        ({"any": [paid, {"all": [vip, {"not": complaint}]}]}, {ANDI, BUDI}),
        ({"all": [vip, {"field": "team", "op": "known"}, {"field": "unread", "op": "at_least", "value": 1}]},
         {DEWI, ANDI}),
        ({}, {DEWI, ANDI, BUDI}),
    ):  # fmt: skip
        assert names(stack, asked(program, condition)) == chats, condition


def test_the_inbox_takes_the_same_conditions_and_keeps_them_in_its_links(stack: Stack, ayu: Browser) -> None:
    condition = {"all": [has(stack, "VIP"), {"not": has(stack, "Keluhan")}]}
    path = f"tab=all&where={quote(json.dumps(condition))}"
    text = ayu.look(f"/inbox?{path}").text
    assert f'id="row-{stack.conversation(ANDI)["id"]}"' in text
    assert f'id="row-{stack.conversation(DEWI)["id"]}"' not in text
    assert 'data-count="all">1<' in text and "where=%7B%22all%22" in text
    dewi = stack.conversation(DEWI)["id"]
    assert ayu.client.get(f"/inbox/fragments?{path}&rows={dewi}").json["rows"] == {dewi: None}


@pytest.mark.parametrize(
    "wrong", ["{", "[]", '{"all": 1}', '{"field": "chat", "op": "is", "value": "x"}', f'"{"x" * 5000}"']
)
def test_what_is_no_condition_is_422_and_left_out_by_the_page(
    program: Program, ayu: Browser, wrong: str
) -> None:
    status, answer = program("GET", f"/conversations?where={quote(wrong)}")
    assert status == 422 and answer["error"]["fields"]["where"]
    assert 'data-where-filter=""' in ayu.look(f"/inbox?tab=all&where={quote(wrong)}").text


def test_while_labels_are_off_no_condition_is_about_them(
    stack: Stack, program: Program, ayu: Browser
) -> None:
    condition = quote(json.dumps(has(stack, "VIP")))
    stack.ask("plugin.set", plugin="labels", enabled=False)
    stack.held.known.drop("main", "hidden")
    try:
        assert program("GET", f"/conversations?where={condition}")[0] == 422
        text = ayu.look(f"/inbox?tab=all&where={condition}").text
        assert text.count('<a class="row') == 3 and 'data-where-filter=""' in text
        assert 'id="bulk"' in text and "label-bulk" not in text
    finally:
        stack.ask("plugin.set", plugin="labels", enabled=True)
        stack.held.known.drop("main", "hidden")


# Many at once


def many(browser: Browser, type: str, ids: list[str], **data: Any) -> Any:
    browser.look("/inbox")
    actions = [{"type": type, "data": {"conversation": id, **data}} for id in ids]
    answer = browser.post("/inbox/act", json={"actions": actions})
    assert answer.status_code == 200, answer.text
    return answer.json["results"]


def test_many_are_acted_on_in_one_request_and_who_refused_is_told(stack: Stack, ayu: Browser) -> None:
    ids = [stack.conversation(chat)["id"] for chat in (DEWI, ANDI, BUDI)]
    before = stack.rows("SELECT count(*) FROM journal")[0][0]
    stack.ask("conversation.resolve", conversation=ids[1])
    results = many(ayu, "conversation.resolve", ids)
    assert [each["status"] for each in results] == ["done", "refused", "done"]
    assert "selesai" in results[1]["reason"] or "resolved" in results[1]["reason"]
    assert stack.rows("SELECT count(*) FROM journal")[0][0] == before + 2
    assert {each["status"] for each in many(ayu, "conversation.reopen", ids)} == {"done"}
    many(ayu, "conversation.assign", ids, agent=None)


def test_one_that_may_not_be_seen_is_refused_and_the_others_are_done(stack: Stack) -> None:
    sari, ids = stack.signed_in("Sari"), [stack.conversation(chat)["id"] for chat in (DEWI, ANDI)]
    label = label_of(stack, "Lunas")
    results = many(sari, "labels.add", ids, label=label)
    assert [each["status"] for each in results] == ["refused", "done"]
    assert label not in stack.conversation(DEWI)["labels"] and label in stack.conversation(ANDI)["labels"]
    assert [each["status"] for each in many(sari, "labels.remove", ids[1:], label=label)] == ["done"]


def test_many_need_the_same_right_as_one(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    sari.look("/inbox")
    for actions in (
        [{"type": "labels.create", "data": {"name": "X"}}],
        [{"type": "account.put", "data": {}}],
    ):
        assert sari.post("/inbox/act", json={"actions": actions}).status_code == 403
    for wrong in ([], [{"data": {}}], [{"type": "conversation.read", "data": {}}] * 501):
        assert sari.post("/inbox/act", json={"actions": wrong}).status_code == 422


def test_programs_act_on_many_as_well(stack: Stack, program: Program) -> None:
    ids = [stack.conversation(chat)["id"] for chat in (DEWI, ANDI)]
    body = {"conversations": [*ids, "nobody"], "type": "labels.add", "label": label_of(stack, "Keluhan")}
    status, done = program("POST", "/conversations/actions", json=body)
    assert status == 200
    assert [(each["conversation"], each["status"]) for each in done["items"]] == [
        (ids[0], "done"),
        (ids[1], "done"),
        ("nobody", "refused"),
    ]
    body = {"conversations": ids[1:], "type": "labels.remove", "label": label_of(stack, "Keluhan")}
    assert program("POST", "/conversations/actions", json=body)[1]["items"][0]["status"] == "done"
    assert program("POST", "/conversations/actions", json={**body, "conversations": []})[0] == 422


# Counts


def test_counts_are_of_open_conversations_that_the_agent_may_see(stack: Stack, program: Program) -> None:
    vip, complaint, paid = (label_of(stack, name) for name in ("VIP", "Keluhan", "Lunas"))
    assert program("GET", "/labels/counts")[1] == {"counts": {vip: 2, complaint: 1, paid: 1}}
    sari, tono = (stack.api(id_of(stack, name)) for name in ("Sari", "Tono"))
    assert sari("GET", "/labels/counts")[1] == {"counts": {vip: 1, paid: 1}}
    assert tono("GET", "/labels/counts")[1] == {"counts": {paid: 1}}


@pytest.mark.parametrize("status", ["open", "resolved"])
@pytest.mark.parametrize("name", ["Ayu", "Sari", "Tono"])
def test_the_tabs_count_what_they_list(stack: Stack, name: str, status: str) -> None:
    ids = [stack.conversation(chat)["id"] for chat in (DEWI, BUDI)]
    stack.ask("conversation.assign", conversation=ids[0], agent=id_of(stack, "Tono"))
    stack.ask("conversation.resolve", conversation=ids[1])
    try:
        browser = stack.signed_in(name)
        counts = browser.client.get(f"/inbox/fragments?counts=1&status={status}").json["counts"]
        for tab in ("mine", "unassigned", "all"):
            rows = browser.client.get(f"/inbox/rows?tab={tab}&status={status}").text.count('<a class="row')
            assert counts[tab] == rows, tab
    finally:
        stack.ask("conversation.assign", conversation=ids[0], agent=None)
        stack.ask("conversation.reopen", conversation=ids[1])


# Merging, order and rules, as programs do them


def made(program: Program, name: str, **more: Any) -> str:
    status, label = program("POST", "/labels", json={"name": name, **more})
    assert status == 201, label
    return str(label["id"])


def test_a_merge_is_previewed_and_done(stack: Stack, program: Program) -> None:
    old, new = made(program, "Pelanggan lama"), made(program, "Pelanggan", description="beli dua kali")
    assert program("GET", f"/labels/{new}")[1]["description"] == "beli dua kali"
    program(
        "POST",
        "/labels/rules",
        json={"label": old, "when": {"field": "text", "op": "words", "value": "lagi"}},
    )
    for chat, label in ((DEWI, old), (ANDI, old), (ANDI, new)):
        stack.ask("labels.add", conversation=stack.conversation(chat)["id"], label=label)
    preview = program("GET", f"/labels/{old}/merge?into={new}")
    assert preview == (200, {"conversations": 2, "both": 1, "rules": 1})
    status, merged = program("POST", f"/labels/{old}/merge", json={"into": new})
    assert status == 200 and merged["merged_into"] == new and merged["archived"]
    assert old not in stack.conversation(DEWI)["labels"] and new in stack.conversation(DEWI)["labels"]
    assert program("POST", f"/labels/{old}/merge", json={"into": new})[0] == 409
    assert program("GET", f"/labels/{old}/merge?into=nothing")[0] == 404
    history = stack.signed_in("Ayu").client.get(f"/inbox/{stack.conversation(DEWI)['id']}/why").text
    assert "Pelanggan lama" in history


def test_labels_are_ordered_and_archived_ones_brought_back(stack: Stack, program: Program) -> None:
    first = made(program, "Pertama")
    assert program("POST", "/labels/order", json={"labels": [first]})[0] == 204
    assert program("GET", "/labels?limit=1")[1]["items"][0]["id"] == first
    stack.ask("labels.add", conversation=stack.conversation(DEWI)["id"], label=first)
    assert program("PATCH", f"/labels/{first}", json={"archived": True})[1]["archived"] is True
    assert program("PATCH", f"/labels/{first}", json={"archived": False})[1]["archived"] is False
    stack.ask("labels.remove", conversation=stack.conversation(DEWI)["id"], label=first)


def test_rules_are_made_listed_in_pages_changed_and_deleted(stack: Stack, program: Program) -> None:
    label = made(program, "Ongkir")
    ids = []
    for word in ("ongkir", "kirim", "resi"):
        body = {"label": label, "when": {"field": "text", "op": "words", "value": word}}
        status, rule = program("POST", "/labels/rules", json=body)
        assert status == 201 and rule["enabled"]
        ids.append(rule["id"])
    first = program("GET", "/labels/rules?limit=2")[1]
    rest = program("GET", f"/labels/rules?limit=200&cursor={first['next']}")[1]
    assert set(ids) <= {each["id"] for each in first["items"] + rest["items"]}
    status, changed = program("PATCH", f"/labels/rules/{ids[0]}", json={"enabled": False})
    assert status == 200 and not changed["enabled"] and changed["when"]["value"] == "ongkir"
    wrong = {"when": {"field": "text", "op": "matches", "value": "("}}
    status, answer = program("PATCH", f"/labels/rules/{ids[0]}", json=wrong)
    assert status == 422 and "pattern is not understood" in str(answer["error"]["fields"])
    for id in ids:
        assert program("DELETE", f"/labels/rules/{id}")[0] == 204
    assert program("DELETE", f"/labels/rules/{ids[0]}")[0] == 404


def test_agents_neither_merge_nor_order_nor_make_rules(stack: Stack) -> None:
    sari, label = stack.api(id_of(stack, "Sari")), label_of(stack, "VIP")
    when = {"field": "text", "op": "words", "value": "x"}
    for path, body in (
        (f"/labels/{label}/merge", {"into": label}),
        ("/labels/order", {"labels": [label]}),
        ("/labels/rules", {"label": label, "when": when}),
        ("/labels/rules/trials", {"label": label, "when": when}),
    ):
        assert sari("POST", path, json=body)[0] == 403
    assert sari("GET", "/labels/rules")[0] == 200


def test_why_speaks_the_readers_language(stack: Stack, program: Program) -> None:
    body = {"label": label_of(stack, "Lunas"), "when": {"field": "text", "op": "words", "value": "transfer"}}
    rule = program("POST", "/labels/rules", json=body)[1]["id"]
    stack.writes(DEWI, "sudah transfer ya")
    path = f"/inbox/{stack.conversation(DEWI)['id']}/why"
    stack.ask("agent.update", agent=id_of(stack, "Ayu"), language="id")
    assert "teksnya memuat “transfer”" in stack.signed_in("Ayu").client.get(path).text
    stack.ask("agent.update", agent=id_of(stack, "Ayu"), language="en")
    assert "the text has “transfer”" in stack.signed_in("Ayu").client.get(path).text
    program("DELETE", f"/labels/rules/{rule}")


# Tried on history


def ended(program: Program, trial: str, label: str) -> Any:
    """Wait for a trial's end."""
    for _ in range(600):
        state = program("GET", f"/labels/rules/trials/{trial}?into={label}")[1]
        if state["state"] != "running":
            return state
        threading.Event().wait(0.1)
    raise AssertionError("the trial goes on")


def test_a_rule_is_tried_on_history_and_nothing_is_written(stack: Stack, program: Program) -> None:
    label, vip = label_of(stack, "Keluhan"), label_of(stack, "VIP")
    stack.writes(DEWI, "pesanan datang rusak")
    stack.writes(BUDI, "yang ini rusak juga")
    before = stack.rows("SELECT max(seq) FROM journal"), stack.all("label_rule"), stack.all("label")
    draft = {"label": label, "when": {"field": "text", "op": "words", "value": "rusak"}, "days": 3650}
    assert program("POST", "/labels/rules/trials", json=draft)[0] == 422  # a year at most
    status, trial = program("POST", "/labels/rules/trials", json={**draft, "days": 365})
    assert status == 202
    state = ended(program, trial["id"], label)
    assert state["state"] == "done" and state["done"] == state["all"] > 10, state
    found = {each["conversation"]: each for each in state["found"]}
    assert names(stack, list(found)) == {DEWI, BUDI}
    assert {each["why"] for each in found.values()} == {"the text has “rusak”"}
    assert found[stack.conversation(DEWI)["id"]]["has"] and not found[stack.conversation(BUDI)["id"]]["has"]
    after = stack.rows("SELECT max(seq) FROM journal"), stack.all("label_rule"), stack.all("label")
    assert after == before
    assert stack.conversation(BUDI)["labels"] == [label_of(stack, "Lunas")]
    tono = stack.api(stack.agent("Rina", role="supervisor"))
    assert tono("GET", f"/labels/rules/trials/{trial['id']}?into={vip}")[0] == 404
    assert program("GET", f"/labels/rules/trials/nothing?into={vip}")[0] == 404
