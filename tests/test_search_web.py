"""Search in the API, the pages and the command line: what this agent may see, marked, one jump away."""

import re
import sys

import pytest

from engine.cli import main
from tests.web_stack import ANDI, DEWI, running

EKO = "6281277770000@c.us"


@pytest.fixture(scope="module")
def stack():
    with running() as found:
        found.ayu = found.agent("Ayu", "admin")
        found.gudang = found.team("Gudang")
        found.sari, found.budi = found.agent("Sari", teams=(found.gudang,)), found.agent("Budi")
        found.ivan = found.agent("Ivan", "integrator")
        found.writes(DEWI, "Paket <b>saya</b> belum sampai & basah")
        for number in range(120):
            found.writes(ANDI, f"pesan nomor{number:03}")
        found.writes(EKO, "Stok rahasia di gudang: 40 paket")
        found.eko = found.conversation(EKO)
        found.ask("contact.update", contact=found.eko["contact"], name="Eko Prasetyo")
        found.ask("conversation.assign", conversation=found.eko["id"], agent=None, team=found.gudang)
        yield found


def hits(program, query: str) -> list[str]:
    status, found = program("GET", f"/search?q={query}")
    assert status == 200, found
    return [each["text"] for each in found["items"]]


def test_messages_are_found_by_their_words_and_marked_as_safe_html(stack):
    status, found = stack.api(stack.ayu)("GET", "/search?q=saya%20bas")
    (item,) = found["items"]
    assert (status, found["next"]) == (200, None)
    assert (
        item["snippet"] == "Paket &lt;b&gt;<mark>saya</mark>&lt;/b&gt; belum sampai &amp; <mark>basah</mark>"
    )
    assert item["conversation"] == stack.conversation(DEWI)["id"]
    assert {"id", "at", "direction", "kind", "author"} <= set(item)


def test_what_an_agent_may_not_see_it_does_not_find(stack):
    assert len(hits(stack.api(stack.ayu), "paket")) == 2
    assert hits(stack.api(stack.sari), "rahasia") == ["Stok rahasia di gudang: 40 paket"]
    assert hits(stack.api(stack.budi), "rahasia") == []
    assert hits(stack.api(stack.budi), "paket") == ["Paket <b>saya</b> belum sampai & basah"]
    assert stack.api(stack.ivan)("GET", "/search?q=paket")[0] == 403
    assert stack.app.test_client().get("/api/search?q=paket").status_code == 401


def test_what_an_agent_may_not_see_is_found_on_no_page(stack):
    budi, sari = stack.signed_in("Budi"), stack.signed_in("Sari")
    paths = ("/inbox?q=", "/inbox/rows?q=", "/inbox/hits?q=", "/inbox/find?q=")
    for path in paths:
        for words in ("rahasia", "eko", "77770"):
            answer = budi.client.get(path + words)
            assert answer.status_code == 200
            assert stack.eko["id"] not in answer.text, path + words
        assert stack.eko["id"] in sari.client.get(path + "rahasia").text, path
    assert budi.client.get(f"/inbox/{stack.eko['id']}/newer").status_code == 404


def test_with_all_plugins_off_the_rule_is_the_same(stack):
    for plugin in stack.registry.plugins:
        stack.ask("plugin.set", plugin=plugin, enabled=False)
    stack.held.known.drop("main", "hidden")
    try:
        assert hits(stack.api(stack.budi), "rahasia") == []
        assert len(hits(stack.api(stack.sari), "rahasia")) == 1
    finally:
        for plugin in stack.registry.plugins:
            stack.ask("plugin.set", plugin=plugin, enabled=True)
        stack.held.known.drop("main", "hidden")


def test_hits_come_in_pages(stack):
    program, found, cursor = stack.api(stack.ayu), [], ""
    while cursor is not None:
        _, page = program("GET", f"/search?q=pesan&limit=50{cursor and '&cursor=' + cursor}")
        found += [each["text"] for each in page["items"]]
        cursor = page["next"]
    assert found == [f"pesan nomor{number:03}" for number in reversed(range(120))]


@pytest.mark.parametrize(
    "query", ["", "limit=5", "q=a&cursor=zzz", "q=a&cursor=", f"q={'x' * 201}", "q=a&limit=0"]
)
def test_a_wrong_question_is_told(stack, query):
    status, answer = stack.api(stack.ayu)("GET", f"/search?{query}")
    assert status == 422 and answer["error"]["fields"]


@pytest.mark.parametrize(
    "query", ['"', "*", "NEAR(", "col:x", "%F0%9F%99%8F", "%E6%97%A5%E6%9C%AC", "%00", "%ED%A0%80"]
)
def test_what_people_type_is_never_an_error(stack, query):
    assert hits(stack.api(stack.ayu), query) == []
    assert stack.signed_in("Ayu").client.get(f"/inbox?q={query}").status_code == 200


@pytest.mark.parametrize("query", ["eko", "pras", "rase", "081277770", "%2B6281277", "77770000", "0812-7777"])
def test_conversations_are_found_by_name_and_number(stack, query):
    for path in ("/conversations?q=", "/contacts?q="):
        status, found = stack.api(stack.sari)("GET", path + query)
        assert (status, len(found["items"])) == (200, 1), path
        assert stack.api(stack.budi)("GET", path + query)[1]["items"] == []


def test_the_field_looks_through_all_tabs_names_first(stack):
    html = stack.signed_in("Sari").client.get("/inbox?tab=mine&q=eko").text
    assert f'id="row-{stack.eko["id"]}"' in html
    html = stack.signed_in("Sari").client.get("/inbox/rows?tab=mine&q=gudang").text
    assert re.search(r'class="hit".*<mark>gudang</mark>', html, re.S)
    assert "data-hits" in html


def test_a_hit_opens_its_conversation_around_the_message(stack):
    ayu, conversation = stack.signed_in("Ayu"), stack.conversation(ANDI)["id"]
    message = next(each for each in stack.all("message") if each["text"] == "pesan nomor060")
    for path in (f"/inbox/{conversation}", f"/inbox/{conversation}/thread"):
        html = ayu.client.get(f"{path}?at={message['id']}").text
        shown = re.findall(r"pesan (nomor\d+)</bdi></p>", html)
        assert shown == [f"nomor{number:03}" for number in range(35, 86)]
        assert f'data-sought="{message["id"]}"' in html
        assert "data-older=" in html and "data-newer=" in html
    seen, after = [], re.search(r'data-newer="([^"]+)"', html)
    while after:
        html = ayu.client.get(f"/inbox/{conversation}/newer?after={after[1]}").text
        seen += re.findall(r"pesan (nomor\d+)</bdi></p>", html)
        after = re.search(r'data-newer="([^"]+)"', html)
    assert seen == [f"nomor{number:03}" for number in range(86, 120)]


@pytest.mark.parametrize("at", ["nothing", "", "another conversation's"])
def test_a_message_that_is_not_there_leaves_the_thread_at_its_end(stack, at):
    if at.startswith("another"):
        at = next(each["id"] for each in stack.all("message") if each["conversation"] == stack.eko["id"])
    html = stack.signed_in("Ayu").client.get(f"/inbox/{stack.conversation(ANDI)['id']}?at={at}").text
    assert "nomor119" in html and "data-sought" not in html and "rahasia" not in html


def test_the_palette_has_names_first_then_messages(stack):
    found = stack.signed_in("Sari").client.get("/inbox/find?q=gudang").json
    assert found[0]["marked"] == "Stok rahasia di <mark>gudang</mark>: 40 paket"
    assert found[0]["id"] == stack.eko["id"] and found[0]["at"] and found[0]["name"] == "Eko Prasetyo"
    assert stack.signed_in("Sari").client.get("/inbox/find?q=eko").json[0]["id"] == stack.eko["id"]


def test_the_command_line_finds_and_makes_the_index_anew(stack, monkeypatch, capsys):
    monkeypatch.setenv("REPLYAI_DATA", str(stack.data))
    monkeypatch.delenv("REPLYAI_CONFIG", raising=False)

    def replyai(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["replyai", *arguments])
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr()
        return said.out, said.err

    before = replyai("search", "rahasia gud")
    assert '"text":"Stok rahasia di gudang: 40 paket"' in before[0]
    out, _ = replyai("search", "--rebuild")
    assert out.startswith("made anew: search_contact, infix_contact, search_message")
    assert replyai("search", "rahasia gud") == before
    assert "say what to look for" in replyai("search")[1]
