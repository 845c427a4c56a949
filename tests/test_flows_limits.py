"""What flows do where something is too much, not there, or goes round: bounded, told, and to people."""

import itertools
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine import times
from plugins.flowbuilder import answers, texts, trying
from plugins.flowbuilder.matching import Keyword, Matcher, regex_error
from tests.day import Day
from tests.test_flows import ASK, PERSON, bot_said, published, session, shop
from tests.test_flows_giving_way import CALL
from tests.test_flows_running import SHOP, flow
from tests.web_stack import DEWI as DEWI_THERE
from tests.web_stack import running
from tests.world import DEWI

__all__ = ["shop"]
GO = {"id": "g", "kind": "goto"}


def test_many_large_regular_expressions_hurt_no_other_keyword():
    large = [rf"(pesan|order|beli).{{0,{200 + n % 50}}}(kode|nomor){n}\b\w{{0,150}}" for n in range(60)]
    assert not any(regex_error(pattern) for pattern in large)
    matcher = Matcher([*(Keyword(p, "regex", p) for p in large), Keyword("halo", "exact", "hi")])
    assert matcher.best("halo").target == "hi"  # type: ignore[union-attr]
    assert matcher.best("mau pesan yang kode7").target == large[7]  # type: ignore[union-attr]
    many = Matcher([Keyword(rf"kode{n}\b", "regex", n) for n in range(3000)])
    assert many.best("ada kode2999?").target == 2999  # type: ignore[union-attr]
    assert Matcher([Keyword("(", "regex", 1), Keyword("a", "exact", 2)]).best("a").target == 2  # type: ignore[union-attr]


def test_keywords_that_share_their_first_words_are_told_apart_by_the_rarest():
    words = [Keyword(f"harga untuk barang nomor{n}", "contains", n) for n in range(2000)]
    matcher = Matcher(
        [*words, Keyword("harga untuk", "starts", "s"), Keyword("untuk siapa", "contains", "c")]
    )
    assert matcher.best("berapa harga untuk barang nomor77 ya").target == 77  # type: ignore[union-attr]
    assert matcher.best("harga untuk siapa").target == "s"  # type: ignore[union-attr]
    assert matcher.best("ini untuk siapa").target == "c"  # type: ignore[union-attr]
    assert matcher.best("ini harga untuk") is None
    assert max(len(held) for held in matcher._rarest.values()) <= 2


def test_a_drafts_new_name_changes_nothing_that_runs(shop: Day):
    end = {"id": "e", "kind": "end", "text": "Ini harganya", "then": "queue"}
    prices = published(shop, {**flow(end, triggers=[]), "name": "Harga"})
    published(shop, flow({**GO, "flow": "Harga"}))
    renamed = {**flow(end, triggers=[]), "name": "Daftar harga"}
    shop.ask("flowbuilder.save", flow=prices, definition=renamed)
    shop.writes(DEWI, "halo")
    assert bot_said(shop, DEWI) == ["Ini harganya"]
    other = shop.ask("flowbuilder.save", definition={**renamed, "name": "Harga"})["result"]["flow"]
    assert shop.ask("flowbuilder.publish", flow=other)["reason"] == "there is a flow 'Harga' already"
    shop.ask("flowbuilder.publish", flow=prices)
    assert shop.ask("flowbuilder.publish", flow=other)["status"] == "done"


def test_circles_through_flows_are_refused_when_they_are_published(shop: Day):
    said = {"id": "a", "kind": "message", "text": "hai", "to": {"next": "g"}}
    own = shop.ask("flowbuilder.save", definition=flow(said, {**GO, "flow": "Uji"}))["result"]["flow"]
    done = shop.ask("flowbuilder.publish", flow=own)
    assert done["reason"] == "the flow has errors: a circle without a wait: Uji → Uji"
    published(shop, {**flow({**GO, "flow": "B"}), "name": "A"})
    back = shop.ask("flowbuilder.save", definition={**flow({**GO, "flow": "A"}), "name": "B"})
    done = shop.ask("flowbuilder.publish", flow=back["result"]["flow"])
    assert done["reason"] == "the flow has errors: a circle without a wait: B → A → B"


def test_what_a_flow_names_and_is_not_there_is_told_before_it_runs(shop: Day):
    wrong = flow({"id": "q", "kind": "menu", "text": "?", "options": [{"id": "1", "title": "A"},
                 {"id": "2", "title": "B"}], "to": {"option.1": "g", "option.2": "p"}},
                 {**GO, "flow": "Nix"}, {**PERSON, "team": "Nope", "agent": "Nobody"})  # fmt: skip
    found = trying.problems(wrong, shop.documents)
    assert [(p["node"], p["code"], p["level"]) for p in found] == [
        ("g", "goto", "warning"), ("p", "team", "warning"), ("p", "agent", "warning"),
    ]  # fmt: skip


def test_a_team_that_is_not_there_does_not_keep_a_customer_from_people(shop: Day):
    published(shop, flow({**PERSON, "team": "Nope", "agent": "Nobody", "note": "x" * 3000}))
    shop.writes(DEWI, "halo")
    done = [a for row in shop.journal() for a in row["actions"] if a["type"] == "conversation.hand_over"]
    assert [each["status"] for each in done] == ["done"] and shop.conversation(DEWI)["handler"] == "queue"


def test_long_answers_are_cut_in_what_people_are_told(shop: Day):
    asked = [
        {"id": f"q{n}", "kind": "ask", "text": "?", "field": f"x{n}", "to": {"next": f"q{n + 1}"}}
        for n in range(20)
    ]
    last = {"id": "q20", "kind": "message", "text": "{{x1}}" * 600, "to": {"next": "p"}}
    person = {"id": "p", "kind": "hand_over"}
    published(shop, flow(*asked, last, person, settings={"gather": 0}))
    shop.writes(DEWI, "halo")
    for _ in range(20):
        shop.writes(DEWI, "y" * 4000)
    (note,) = shop.all("note")
    assert 3000 < len(note["text"]) <= 4000 and shop.conversation(DEWI)["handler"] == "queue"
    assert len(bot_said(shop, DEWI)[-1]) == 60_000 and not shop.all("problem")


@pytest.mark.parametrize("letter", ["y", "😀", "\x01", "\u202e"])
def test_what_a_flow_says_keeps_and_calls_has_a_limit_that_no_customer_can_break(shop: Day, letter: str):
    asked = [
        {"id": f"q{n}", "kind": "ask", "text": "?", "field": f"x{n}", "to": {"next": f"q{n + 1}"}}
        for n in range(30)
    ]
    long = "{{x1}}" * 600
    after = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "k")]
    says = [{"id": "q30", "kind": "message", "text": long, "to": {"next": "a"}}]
    says += [{"id": id, "kind": "message", "text": long, "to": {"next": to}} for id, to in after]
    keeps = {"id": "k", "kind": "set", "field": "contact.note", "value": long, "to": {"next": "h"}}
    call = {
        "id": "h",
        "kind": "http",
        "url": "https://toko.example/",
        "method": "POST",
        "body": {"all": long},
    }
    told = {"id": "e", "kind": "end", "text": "{{error}}"}
    to = {"next": "e", "error": "e"}
    published(shop, flow(*asked, *says, keeps, {**call, "to": to}, told, settings={"gather": 0}))
    shop.writes(DEWI, "halo")
    for _ in range(30):
        shop.writes(DEWI, letter * 4000)
    assert not shop.all("problem") and not shop.all("flow_session")
    assert not [job for job in shop.all("job") if job["name"] == "flowbuilder.http"]
    ended = [row for row in shop.journal() if row["event"]["type"] == "message.received"][-1]
    (move,) = [each for each in ended["actions"] if each["type"] == "flowbuilder.move"]
    assert move["data"]["step"]["ended"] == "end"


def test_many_short_answers_that_a_flow_keeps_have_a_limit_together(shop: Day):
    nodes: list[dict[str, Any]] = []
    for part in range(5):
        names = [f"s{part}x{n}" for n in range(85)] + [f"q{part + 1}"]
        nodes.append({"id": f"q{part}", "kind": "ask", "text": "?", "field": "x", "to": {"next": names[0]}})
        for name, to in itertools.pairwise(names):
            nodes.append(
                {"id": name, "kind": "set", "field": f"f{name}", "value": "{{x}}", "to": {"next": to}}
            )
    nodes.append({"id": "q5", "kind": "ask", "text": "?", "field": "y", "to": {"next": "e"}})
    published(shop, flow(*nodes, {"id": "e", "kind": "end", "text": "ok"}, settings={"gather": 0}))
    shop.writes(DEWI, "halo")
    for _ in range(6):
        shop.writes(DEWI, "\x01" * 600)
    assert not shop.all("problem") and bot_said(shop, DEWI)[-1] == "ok"


@pytest.mark.parametrize("then", ["resolve", "queue"])
def test_a_flow_whose_label_begins_it_runs_once(shop: Day, then: str):
    vip = shop.label("VIP")
    nodes = [{"id": "a", "kind": "message", "text": "hai", "to": {"next": "r"}},
             {"id": "r", "kind": "label", "remove": ["VIP"], "to": {"next": "l"}},
             {"id": "l", "kind": "label", "add": ["VIP"], "to": {"next": "e"}},
             {"id": "e", "kind": "end", "then": then}]  # fmt: skip
    published(shop, flow(*nodes, triggers=[{"on": "label_added", "label": "VIP"}]))
    shop.writes(DEWI, "x")
    shop.ask("labels.add", conversation=shop.conversation(DEWI)["id"], label=vip)
    assert bot_said(shop, DEWI) == ["hai"]


def test_a_label_on_what_is_resolved_begins_nothing(shop: Day):
    vip = shop.label("VIP")
    published(shop, flow(ASK, PERSON, triggers=[{"on": "label_added", "label": "VIP"}]))
    shop.writes(DEWI, "x")
    id = shop.conversation(DEWI)["id"]
    shop.ask("conversation.resolve", conversation=id)
    shop.ask("labels.add", conversation=id, label=vip)
    assert session(shop, DEWI) is None and shop.conversation(DEWI)["status"] == "resolved"


@pytest.mark.parametrize(("to", "says"), [({"error": "e"}, "Gagal"), ({}, "Maaf, saya belum bisa membantu.")])
def test_a_flow_given_back_at_a_service_does_not_call_it_twice(shop: Day, to: dict[str, str], says: str):
    call = {**CALL["nodes"][0], "to": {"next": "ok", **to}}
    published(shop, flow(call, CALL["nodes"][1], {"id": "e", "kind": "end", "text": "Gagal"}))
    sari = shop.agent("Sari")
    shop.writes(DEWI, "halo")
    shop.answers(DEWI, "hai", by=sari)
    shop.ask("flowbuilder.resume", by=sari, conversation=shop.conversation(DEWI)["id"])
    assert len([job for job in shop.all("job") if job["name"] == "flowbuilder.http"]) == 1
    assert bot_said(shop, DEWI)[-1].startswith(says)


def test_what_was_not_understood_is_not_shown_to_other_teams():
    with running() as stack:
        ayu, sari = stack.api(stack.agent("Ayu", "admin")), stack.api(stack.agent("Sari"))
        made: dict[str, Any] = {**SHOP, "settings": {"gather": 0}}
        id = ayu("POST", "/flows", json={"definition": made})[1]["id"]
        ayu("POST", f"/flows/{id}/publish", json={})
        stack.writes(DEWI_THERE, "menu")
        stack.writes(DEWI_THERE, "nomor kartu saya 4111")
        conversation, team = stack.conversation(DEWI_THERE)["id"], stack.team("Rahasia")
        stack.ask("conversation.assign", conversation=conversation, agent=None, team=team)
        assert sari("GET", f"/flows/{id}/misses?node=menu")[1]["items"] == []
        assert len(ayu("GET", f"/flows/{id}/misses?node=menu")[1]["items"]) == 1


@pytest.mark.parametrize("wait", ["99999999999999 days", "-5 minutes", "nan", "1e308 days"])
def test_a_tried_wait_has_bounds(wait: str):
    assert trying.step(SHOP, [{"customer": "halo"}, {"wait": wait}])["error"]


@pytest.mark.parametrize("text", ["9" * 22, "1." + "9" * 40, "9" * 30 + " juta"])
def test_a_number_that_is_too_long_is_none(text: str):
    with pytest.raises(answers.NotThat):
        answers.read({"type": "number"}, text, date(2031, 1, 1), "ID")
    assert answers.read({"type": "number"}, "9" * 21 + "jt", date(2031, 1, 1), "ID") == "9" * 21 + "0" * 6


@pytest.mark.parametrize(("fold", "at"), [(0, "00:30"), (1, "01:30")])
def test_a_time_of_day_in_the_hour_that_comes_twice(fold: int, at: str):
    now = datetime(2027, 10, 31, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    assert times.format(texts.next_time(now, "02:30")).startswith(f"2027-10-31T{at}")
