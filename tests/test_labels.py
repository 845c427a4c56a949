"""Labels by the API, in the inbox, on their settings page; without a trace while they are off."""

import json
import re

import pytest

from tests.web_stack import ANDI, DEWI, running

UGLY = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        found.admin = found.agent("Ayu", role="admin")
        found.sari = found.agent("Sari")
        found.writes(DEWI, "Halo, masih ada?")
        found.writes(ANDI, "Selamat pagi")
        yield found


@pytest.fixture(scope="module")
def ayu(stack):
    return stack.signed_in("Ayu")


@pytest.fixture(scope="module")
def sari(stack):
    return stack.signed_in("Sari")


@pytest.fixture(scope="module")
def program(stack):
    return stack.api(stack.admin)


def make(program, name, color="#1570cd"):
    status, label = program("POST", "/labels", json={"name": name, "color": color})
    assert status == 201, label
    return label


def put_on(stack, program, chat, label):
    """Put a label on a chat's conversation; return the conversation's id."""
    id = stack.conversation(chat)["id"]
    action = {"type": "labels.add", "data": {"label": label["id"]}}
    status, answer = program("POST", f"/conversations/{id}/actions", json=action)
    assert status == 200, answer
    return id


def row_of(text, conversation):
    """Return a conversation's row of the list."""
    return re.search(rf'<a class="row[^>]*?id="row-{conversation}".*?</a>', text, re.S)[0]


def switch(program, enabled):
    assert program("PATCH", "/plugins/labels", json={"enabled": enabled})[0] == 200


# The API


def test_a_label_is_made_listed_changed_and_archived(program):
    label = make(program, "Grosir", "#0B8A52")
    assert (label["name"], label["color"], label["archived"]) == ("Grosir", "#0b8a52", False)
    status, found = program("GET", "/labels")
    assert status == 200 and label["id"] in [each["id"] for each in found["items"]]
    path = f"/labels/{label['id']}"
    status, changed = program("PATCH", path, json={"name": "Borongan", "order": 5})
    assert status == 200 and (changed["name"], changed["order"], changed["color"]) == (
        "Borongan",
        5,
        "#0b8a52",
    )
    assert program("GET", path) == (200, changed)
    assert program("PATCH", path, json={}) == (200, changed)
    assert program("DELETE", path)[0] == 204
    assert program("GET", path)[0] == 404


def test_lists_go_by_order_in_pages(program):
    made = [make(program, f"Halaman {n}")["id"] for n in range(5)]
    for n, id in enumerate(made):
        program("PATCH", f"/labels/{id}", json={"order": -100 - n})
    seen, cursor = [], None
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        status, page = program("GET", f"/labels{query}")
        assert status == 200 and len(page["items"]) <= 2
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen[:5] == list(reversed(made)) and len(seen) == len(set(seen))


def test_an_archived_label_stays_where_it_is_and_is_listed_on_demand(stack, program):
    label = make(program, "Lama")
    id = put_on(stack, program, DEWI, label)
    assert program("DELETE", f"/labels/{label['id']}")[0] == 204
    assert label["id"] not in [each["id"] for each in program("GET", "/labels?limit=200")[1]["items"]]
    every = program("GET", "/labels?limit=200&archived=true")[1]["items"]
    assert [each["archived"] for each in every if each["id"] == label["id"]] == [True]
    assert label["id"] in program("GET", f"/conversations/{id}")[1]["labels"]
    action = {"type": "labels.add", "data": {"label": label["id"]}}
    andi = stack.conversation(ANDI)["id"]
    assert program("POST", f"/conversations/{andi}/actions", json=action)[0] == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 41},
        {"name": "A", "color": "red"},
        {"name": "A", "b": 1},
    ],
    ids=str,
)
def test_what_is_no_label_is_422(program, wrong):
    status, answer = program("POST", "/labels", json=wrong)
    assert status == 422 and answer["error"]["fields"]


def test_a_name_is_given_once(program):
    make(program, "VIP")
    assert program("POST", "/labels", json={"name": " vip "})[0] == 409
    other = make(program, "Bukan VIP")
    assert program("PATCH", f"/labels/{other['id']}", json={"name": "VIP"})[0] == 409


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_label_that_is_not_there_is_404(program, method):
    body = {"json": {"name": "A"}} if method == "PATCH" else {}
    assert program(method, "/labels/nothing", **body)[0] == 404


def test_an_agent_reads_labels_and_puts_them_on_but_makes_none(stack, program):
    agent = stack.api(stack.sari)
    label = make(program, "Menunggu bayar")
    assert agent("GET", "/labels")[0] == 200
    assert agent("POST", "/labels", json={"name": "Punya Sari"})[0] == 403
    assert agent("PATCH", f"/labels/{label['id']}", json={"name": "B"})[0] == 403
    assert agent("DELETE", f"/labels/{label['id']}")[0] == 403
    id = put_on(stack, agent, ANDI, label)
    assert label["id"] in agent("GET", f"/conversations/{id}")[1]["labels"]


def test_the_routes_are_described(ayu):
    paths = ayu.client.get("/api/openapi.json").json["paths"]
    assert set(paths["/api/labels"]) >= {"get", "post"}
    assert set(paths["/api/labels/{id}"]) >= {"get", "patch", "delete"}
    assert {"/api/labels/{id}/merge", "/api/labels/rules", "/api/labels/rules/trials"} <= set(paths)
    assert "201" in paths["/api/labels"]["post"]["responses"]


# The inbox


def test_a_label_is_on_its_row_and_in_the_panel(stack, program, sari):
    label = make(program, "Prospek panas", "#d4380d")
    id = put_on(stack, program, DEWI, label)
    text = sari.look(f"/inbox/{id}?tab=all").text
    tag = f'data-label="{label["id"]}" data-color="#d4380d"'
    assert tag in row_of(text, id) and "tint-red" in row_of(text, id)
    assert tag not in row_of(text, stack.conversation(ANDI)["id"])
    panel = text[text.index('id="labels-section"') :]
    assert tag in panel and f'data-label-off="{label["id"]}"' in panel
    assert 'data-action="labels"' in panel
    known = {each["id"]: each for each in sari.client.get("/labels/known").json["labels"]}
    assert known[label["id"]]["name"] == "Prospek panas" and known[label["id"]]["tint"] == "tint-red"


def test_the_inbox_is_filtered_by_a_label_and_the_filter_is_cleared(stack, program, sari):
    label = make(program, "Baru")
    id, other = put_on(stack, program, DEWI, label), stack.conversation(ANDI)["id"]
    text = sari.look(f"/inbox?tab=all&label={label['id']}").text
    assert f'id="row-{id}"' in text and f'id="row-{other}"' not in text
    assert f'data-label-filter="{label["id"]}"' in text
    assert f'id="row-{other}"' not in sari.look(f"/inbox/rows?tab=all&label={label['id']}").text
    empty = sari.look(f"/inbox/rows?tab=mine&label={label['id']}").text
    cleared = re.search(r'class="btn" href="([^"]+)"', empty)[1].replace("&amp;", "&")
    assert "label" not in cleared and "/inbox" in cleared


def test_rows_of_a_page_cost_one_read_of_labels(stack, program, sari, monkeypatch):
    label = make(program, "Sering")
    for n in range(4):
        stack.writes(f"62813000{n:05}@c.us", "Halo")
        put_on(stack, program, f"62813000{n:05}@c.us", label)
    from plugins.labels import routes

    reads = []
    monkeypatch.setattr(routes, "read", lambda load: reads.append(load) or real(load))
    from web import read as real

    text = sari.look(f"/inbox?tab=all&label={label['id']}").text
    assert len(re.findall(rf'<span[^>]+data-label="{label["id"]}"', text)) >= 4
    assert len(reads) == 1


def test_labels_are_put_on_and_off_as_the_page_does_it(stack, program, sari):
    label = make(program, "Dari halaman")
    id = stack.conversation(ANDI)["id"]
    sari.look(f"/inbox/{id}")
    for type, there in (("labels.add", True), ("labels.remove", False)):
        body = {"type": type, "data": {"conversation": id, "label": label["id"]}}
        assert sari.post("/inbox/act", json=body).status_code == 200
        asked = f"/inbox/fragments?tab=all&rows={id}&conversation={id}&header=1"
        found = sari.client.get(asked).json
        assert (label["id"] in found["rows"][id]) is there
        assert (label["id"] in found["panel"]) is there


def test_making_a_label_is_offered_to_those_who_may(ayu, sari):
    assert "data-label-new" in ayu.look("/inbox").text
    text = sari.look("/inbox").text
    assert "data-label-new" not in text and "/settings/labels" not in text


def test_the_feed_tells_of_labels(stack):
    feed = stack.held.feeds["label"]
    owner, names = feed.plugin, feed.fields
    assert owner == "labels" and set(names) == {"id", "name", "color", "description", "order", "archived"}


# The settings page


def test_what_was_typed_stays_in_its_form_where_it_is_refused(stack, ayu):
    for name in ("Ada dua kali", "Nama lama"):
        stack.ask("labels.create", name=name, color="#6941c6", description="")
    (old,) = [each["id"] for each in stack.all("label") if each["name"] == "Nama lama"]
    form = {"name": "Ada dua kali", "color": "#c11574", "description": "ditulis baru saja"}
    ayu.look("/settings/labels")
    for path in (f"/settings/labels/{old}", "/settings/labels"):
        text = ayu.post(path, form).text
        assert "ditulis baru saja" in text
        assert 'class="alert"' in text
    assert text.count("ditulis baru saja") == 1
    for each in stack.all("label"):
        if each["name"] in ("Ada dua kali", "Nama lama"):
            stack.ask("labels.archive", label=each["id"])


def test_labels_are_managed_on_their_page(stack, ayu):
    assert "/settings/labels" in ayu.look("/settings").text
    ayu.look("/settings/labels")
    assert ayu.post("/settings/labels", {"name": " Reseller ", "color": "#6941c6"}).status_code == 303
    (label,) = [each for each in stack.all("label") if each["name"] == "Reseller"]
    text = ayu.look("/settings/labels?saved=1").text
    assert f'data-label-row="{label["id"]}"' in text and "Reseller" in text
    form = {"name": "Agen", "color": "#c11574"}
    assert ayu.post(f"/settings/labels/{label['id']}", form).status_code == 303
    (changed,) = [each for each in stack.all("label") if each["id"] == label["id"]]
    assert (changed["name"], changed["color"]) == ("Agen", "#c11574")
    assert ayu.post(f"/settings/labels/{label['id']}/archive").status_code == 303
    assert label["id"] not in [each["id"] for each in stack.all("label")]


def test_a_refusal_is_told_on_the_page(ayu, program):
    make(program, "Sudah ada")
    ayu.look("/settings/labels")
    assert "Sudah ada” " in ayu.post("/settings/labels", {"name": "sudah ada"}).text
    assert 'role="alert"' in ayu.post("/settings/labels", {"name": "  "}).text


def test_agents_do_not_manage_labels(sari):
    assert sari.look("/settings/labels").status_code == 403
    assert sari.post("/settings/labels", {"name": "Punya Sari"}).status_code == 403
    assert "/settings/labels" not in sari.look("/settings").text


def test_no_page_has_inline_script_or_style_and_names_are_escaped(stack, program, ayu):
    label = make(program, UGLY, "#123456")
    id = put_on(stack, program, ANDI, label)
    for path in (f"/inbox/{id}?tab=all&label={label['id']}", "/settings/labels"):
        answer = ayu.look(path)
        assert answer.status_code == 200 and "slot-error" not in answer.text
        assert "<script>" not in answer.text and UGLY not in answer.text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", answer.text)
        assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.text)
    program("DELETE", f"/labels/{label['id']}")


def test_the_files_of_the_page_may_be_kept(sari):
    text = sari.look("/inbox?tab=all").text
    files = re.findall(r'(?:src|href)="(/labels/static/[^"]+)"', text)
    assert len(files) == 2
    for file in files:
        found = sari.client.get(file)
        assert found.status_code == 200 and "immutable" in found.headers["Cache-Control"]
    assert sari.client.get("/labels/static/..%2froutes.py").status_code == 404


# Off


def test_switched_off_labels_leave_no_trace(stack, program, ayu):
    label = make(program, "Hilang dulu")
    id = put_on(stack, program, DEWI, label)
    switch(program, False)
    try:
        for path in ("/labels", f"/labels/{label['id']}"):
            assert program("GET", path)[0] == 404
        for path in ("/settings/labels", "/labels/known", "/labels/counts", "/labels/static/labels.js"):
            assert ayu.client.get(path).status_code == 404
        assert "/api/labels" not in ayu.client.get("/api/openapi.json").json["paths"]
        for path in (f"/inbox/{id}?tab=all&label={label['id']}", "/settings"):
            text = ayu.look(path).text
            for trace in (
                "Hilang dulu",
                "/settings/labels",
                "/labels/static",
                '"label-filter"',
                "list-side",
                "label-bulk",
            ):
                assert trace not in text
        assert program("GET", f"/conversations/{id}")[1]["labels"] == []
        asked = f"/inbox/fragments?tab=all&rows={id}&conversation={id}&header=1"
        assert "Hilang dulu" not in json.dumps(ayu.client.get(asked).json)
    finally:
        switch(program, True)
    assert label["id"] in program("GET", f"/conversations/{id}")[1]["labels"]
    assert "Hilang dulu" in ayu.look(f"/inbox/{id}?tab=all").text
