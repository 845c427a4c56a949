"""Labels that come by themselves: rules as data, and what merging does; in a shop without a network."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import handles, schemas
from engine.plugins import Plugin, Registry, load
from plugins.labels import handlers, rules
from tests.day import Day
from tests.world import ANDI, DEWI, World

TEXT = {"field": "text", "op": "words", "value": "rusak, pecah"}


def stepper() -> Plugin:
    """A plugin that does what a flow does when it comes to a step."""
    module = types.ModuleType("test_stepper")

    def step(data: Any, tx: Any) -> dict[str, str]:
        return {"flow": "sambutan", "node": "minta-alamat"}

    step.__module__ = module.__name__
    module.step = handles("stepper.step", schemas.OfConversation, past="flow.node_entered")(step)  # type: ignore[attr-defined]
    return Plugin("stepper", module=module)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, Registry([*load().plugins.values(), stepper()])).with_shop()
    yield world
    world.close()


def rule(shop: World, label: str, when: Any, **more: Any) -> dict[str, Any]:
    return shop.ask("labels.put_rule", label=label, when=when, **more)


def reasons(shop: World) -> list[str]:
    """Return why the labels of the last event were put on."""
    return [done["why"] for done in shop.journal()[-1]["actions"] if done["type"] == "labels.add"]


@pytest.mark.parametrize(
    ("when", "text", "fits"),
    [
        (TEXT, "Barangnya RUSAK!", "the text has “RUSAK”"),
        (TEXT, "kaca pecah, tolong", "the text has “pecah”"),
        (TEXT, "rusakan", None),
        ({**TEXT, "value": "belum sampai"}, "kok BELUM  sampai ya", "the text has “BELUM  sampai”"),
        ({**TEXT, "value": "café"}, "di CAFÉ saja", "the text has “CAFÉ”"),
        ({**TEXT, "value": "a+b"}, "pakai a+b", "the text has “a+b”"),
        ({**TEXT, "op": "contains", "value": "Ongkir"}, "gratisongkirnya?", "the text has “Ongkir”"),
        ({**TEXT, "op": "matches", "value": r"inv-\d{3}"}, "ini INV-042", r"the text matches “inv-\d{3}”"),
        ({"all": [TEXT, {"field": "name", "op": "starts", "value": "bu"}]}, "rusak", None),
        (
            {"all": [TEXT, {"field": "name", "op": "starts", "value": "dew"}]},
            "rusak",
            "the text has “rusak”; name begins with “dew”",
        ),
        ({"all": [TEXT, {"not": {"field": "text", "op": "words", "value": "tidak"}}]}, "tidak rusak", None),
        ({"not": TEXT}, "halo", "no exception held"),
        ({"field": "contacts.city", "op": "is", "value": "Bandung"}, "halo", None),
    ],
    ids=str,
)
def test_a_rule_puts_a_label_on_and_says_why(shop: World, when: Any, text: str, fits: str | None) -> None:
    label = shop.label("Keluhan")
    assert rule(shop, label, when)["status"] == "done"
    shop.writes(DEWI, text, push_name="Dewi")
    assert shop.conversation(DEWI)["labels"] == ([label] if fits else [])
    assert reasons(shop) == ([fits] if fits else [])


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({**TEXT, "op": "matches", "value": "inv-[0-9"}, "the pattern is not understood"),
        ({**TEXT, "op": "matches", "value": "a" * 501}, "at most 500"),
        ({**TEXT, "value": " , "}, "takes words of the text"),
        ({"field": "name", "op": "words", "value": "dewi"}, "takes words of the text"),
        ({"field": "shoe_size", "op": "is", "value": 42}, "there is no field 'shoe_size'"),
        ({"all": []}, "needs something to look at"),
        ({"all": [TEXT, {"field": "node", "op": "is", "value": "x"}]}, "not at both"),
        ({"all": "x"}, "a list of conditions is needed"),
        ({**TEXT, "more": 1}, "needs all, any, not"),
    ],
    ids=str,
)
def test_what_cannot_be_a_rule_is_refused_with_the_reason(shop: World, when: Any, why: str) -> None:
    refused = rule(shop, shop.label("Keluhan"), when)
    assert refused["status"] == "refused" and why in refused["reason"]


def test_a_rule_may_wait_for_a_step_of_a_flow(shop: World) -> None:
    label = shop.label("Minta alamat")
    rule(shop, label, {"field": "node", "op": "is", "value": "minta-alamat"})
    shop.writes(DEWI, "minta-alamat")
    assert shop.conversation(DEWI)["labels"] == []
    shop.ask("stepper.step", conversation=shop.conversation(DEWI)["id"])
    assert shop.conversation(DEWI)["labels"] == [label]
    assert reasons(shop) == ["the flow reached “minta-alamat”"]


def test_history_and_rules_that_are_off_put_nothing_on(shop: World) -> None:
    label = shop.label("Keluhan")
    id = rule(shop, label, TEXT)["result"]["rule"]
    shop.writes(DEWI, "rusak", origin="history")
    rule(shop, label, TEXT, rule=id, enabled=False)
    shop.writes(DEWI, "rusak")
    assert shop.conversation(DEWI)["labels"] == []


def test_two_rules_of_one_label_put_it_on_once_by_the_first_in_order(shop: World) -> None:
    label = shop.label("Keluhan")
    rule(shop, label, TEXT, order=20)
    rule(shop, label, {**TEXT, "op": "contains", "value": "rus"}, order=10)
    shop.writes(DEWI, "rusak")
    assert reasons(shop) == ["the text has “rus”"]


def test_rules_of_before_had_one_word_and_go_on(shop: World) -> None:
    old = {"id": "r", "label": "l", "pattern": "rusak", "enabled": True}
    new = rules.with_when(dict(old))
    assert new["when"] == {"field": "text", "op": "words", "value": "rusak"} and "pattern" not in new
    assert rules.with_when(dict(new)) == new


# Order, archive, merging


def test_labels_are_put_into_an_order(shop: World) -> None:
    one, two, three = (shop.label(name) for name in ("Satu", "Dua", "Tiga"))
    assert shop.ask("labels.reorder", labels=[three, one, "nobody", one])["status"] == "done"
    ordered = sorted(shop.all("label"), key=lambda label: label["order"])
    assert [label["id"] for label in ordered] == [three, one, two]


def test_an_archived_label_comes_back_unless_its_name_is_taken(shop: World) -> None:
    label = shop.label("VIP")
    shop.writes(DEWI, "halo")
    conversation = shop.conversation(DEWI)["id"]
    shop.ask("labels.add", conversation=conversation, label=label)
    shop.ask("labels.archive", label=label)
    other = shop.label("vip")
    assert "already" in shop.ask("labels.restore", label=label)["reason"]
    shop.ask("labels.archive", label=other)
    assert shop.ask("labels.restore", label=label)["status"] == "done"
    assert not shop.get("label", label)["archived"]


def test_a_merged_label_gives_conversations_and_rules_and_stays_for_history(shop: World) -> None:
    complaint, other = shop.label("Keluhan"), shop.label("Komplain")
    rule(shop, complaint, TEXT)
    for chat in (DEWI, ANDI):
        shop.writes(chat, "rusak")
    shop.ask("labels.add", conversation=shop.conversation(ANDI)["id"], label=other)
    done = shop.ask("labels.merge", label=complaint, into=other)
    assert done["result"] == {"conversations": 2}
    assert [shop.conversation(chat)["labels"] for chat in (DEWI, ANDI)] == [[other], [other]]
    merged = shop.get("label", complaint)
    assert merged["archived"] and merged["merged_into"] == other and merged["merging"] is None
    assert merged["name"] == "Keluhan"
    assert [each["label"] for each in shop.all("label_rule")] == [other]
    shop.writes("6281400009999@c.us", "pecah")
    assert shop.conversation("6281400009999@c.us")["labels"] == [other]
    for verb in ("archive", "restore"):
        assert "was merged" in shop.ask(f"labels.{verb}", label=complaint)["reason"]
    assert "was merged before" in shop.ask("labels.merge", label=complaint, into=other)["reason"]
    assert "into itself" in shop.ask("labels.merge", label=other, into=complaint)["reason"]


def test_who_still_asks_for_a_merged_label_gets_the_one_that_took_it_over(shop: World) -> None:
    old, new, last = (shop.label(name) for name in ("Lama", "Baru", "Terbaru"))
    shop.ask("labels.merge", label=old, into=new)
    shop.ask("labels.merge", label=new, into=last)
    shop.writes(DEWI, "halo")
    done = shop.ask("labels.add", conversation=shop.conversation(DEWI)["id"], label=old)
    assert done["result"]["label"] == last and shop.conversation(DEWI)["labels"] == [last]


def test_a_merge_of_very_many_goes_bit_by_bit_and_on_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "BATCH", 2)
    day = Day(tmp_path / "w" / "main", load())
    day.with_shop()
    old, new = day.label("Lama"), day.label("Baru")
    chats = [f"62811000000{number}@c.us" for number in range(5)]
    for chat in chats:
        day.writes(chat, "halo")
        day.ask("labels.add", conversation=day.conversation(chat)["id"], label=old)
    day.ask("labels.merge", label=old, into=new)
    assert [day.conversation(chat)["labels"] for chat in chats] == [[new], [new], [old], [old], [old]]
    assert day.get("label", old)["merging"]["done"] == 2
    at = day.time
    day.close()
    day = Day(tmp_path / "w" / "main", load())
    day.time = at
    day.ask("labels.archive", label=new)
    day.later(60)
    assert [day.conversation(chat)["labels"] for chat in chats] == [[new]] * 5
    assert day.get("label", old)["merging"] is None
    assert "done already" in day.ask("labels.merge_more", label=old)["reason"]
    day.close()
