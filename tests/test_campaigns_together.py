"""Campaigns that share a number: the forecast of one counts the others, and what happened was as foretold."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import times
from plugins.campaigns import routes_look as look
from plugins.sender.forecast import forecast
from tests.broadcasts import Broadcast
from tests.schedules import SALT
from tests.test_campaigns_web import made, ready
from tests.web_stack import ANDI, DEWI, Stack, running
from tests.world import SHOP

Make = Callable[..., Broadcast]
FREE = {"quiet_from": "", "reply_share": 0, "warm_up": 0, "unanswered": 0, "per_contact_hour": 0}
NEAR = 1.0  # seconds that a message may leave before or after the time that was foretold


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Broadcast] = []

    def build(people: int, **settings: Any) -> Broadcast:
        shop = Broadcast(tmp_path / str(len(made)), **{"preset": "normal", **FREE, **settings})
        made.append(shop)
        is_drawn_from(shop, SALT)
        shop.people(people)
        shop.later(2 * 86400)
        return shop

    yield build
    for shop in made:
        shop.close()


def is_drawn_from(shop: Broadcast, salt: str) -> None:
    """Have the number's gaps and breaks be the same in each run."""
    put = "UPDATE meta SET value = ? WHERE key = 'salt'"
    shop.workspace.writer.do(lambda connection: connection.execute(put, (salt,))).result()
    shop.workspace.store.salt = salt


def foretold(shop: Broadcast, id: str, at: str | None = None) -> dict[str, Any]:
    """Return the forecast of a campaign, as its page asks for it."""
    view: Any = SimpleNamespace(db=shop.documents)
    campaign, now = shop.get("campaign", id), shop.time
    begins = max(at or campaign["start_at"] or "", now)
    comes = look._comes(view, campaign, now) if campaign["state"] == "running" else begins
    how = {"ahead": look._ahead(view), "others": look.sharing(view, campaign, now), "now": now}
    planned = look._planned(view, campaign)
    account = {**shop.account(), "id": SHOP}
    return forecast(shop.documents.connection, shop.documents, account, {}, planned, comes, **how)


def drafts(shop: Broadcast, *texts: str) -> list[str]:
    """Write campaigns for everybody."""
    segment = shop.segment()
    return [shop.campaign(text, segment=segment) for text in texts]


def left(shop: Broadcast, id: str) -> list[str]:
    """Return when messages of a campaign reached the gateway."""
    return [at for at, message in shop.calls if message.get("sender.campaign") == id]


def last(found: dict[str, Any]) -> str:
    return str(max(found["times"]))


def apart(found: dict[str, Any], happened: list[str]) -> float:
    """Return by how many seconds a forecast was wrong at most."""
    planned = sorted(found["times"])
    assert len(planned) == len(happened)
    return max(abs(times.seconds_between(*pair)) for pair in zip(planned, happened, strict=True))


def test_the_forecast_of_one_that_begins_beside_another_is_what_happens(make: Make) -> None:
    shop = make(60)
    first, second = drafts(shop, "Promo pertama!", "Promo kedua untuk Kakak semua!")
    alone = foretold(shop, second)
    assert alone["others"] == 0
    shop.does("start", first)
    shop.later(1000)
    gone = len(left(shop, first))
    assert 10 < gone < 60
    told, of_first = foretold(shop, second), foretold(shop, first)
    assert told["others"] == 1 and of_first["others"] == 0
    assert last(told) > times.add(last(alone), 1000), "it ends later"
    shop.does("start", second)
    shop.later(2 * 86400)
    happened = left(shop, second)
    assert apart(told, happened) < NEAR
    assert happened[-1] > max(of_first["times"]), "both took turns"
    assert len(left(shop, first)) == 60


def test_one_that_runs_is_foretold_with_another_that_is_to_begin(make: Make) -> None:
    shop = make(80)
    first, second, third = drafts(shop, "Satu!", "Dua!", "Tiga!")
    shop.does("start", first)
    shop.later(500)
    alone = foretold(shop, first)
    begins = times.add(shop.time, 300)
    shop.does("schedule", second, at=begins)
    shop.does("schedule", third, at=times.add(shop.time, 60 * 86400))
    told, planned = foretold(shop, first), foretold(shop, second)
    assert (told["others"], planned["others"], foretold(shop, third)["others"]) == (1, 1, 2)
    assert last(told) > last(alone) and min(planned["times"]) >= begins
    before = len(left(shop, first))
    shop.later(2 * 86400)
    assert apart(told, left(shop, first)[before:]) < NEAR
    assert apart(planned, left(shop, second)) < NEAR


def test_one_that_is_planned_waits_for_what_is_left_of_the_days_limit(make: Make) -> None:
    shop = make(40, per_day=30)
    first, second = drafts(shop, "Promo pertama!", "Promo kedua!")
    shop.does("start", first)
    told = foretold(shop, second, at=times.add(shop.time, 3600))
    shop.later(3600)
    shop.does("start", second)
    shop.later(5 * 86400)
    happened = left(shop, second)
    assert apart(told, happened) < NEAR
    assert len({at[:10] for at in happened}) >= 2


def test_three_to_the_same_people_by_all_rules_over_several_nights(make: Make) -> None:
    """A number that warms up, quiet hours, an hour's limit: who is put aside comes after the others."""
    rules = dict.fromkeys(("quiet_from", "warm_up", "per_contact_hour"))
    shop = make(50, **rules)
    shop.later(6 * 3600)
    first, second, third = drafts(shop, "Satu, ini yang pertama!", "Dua", "Tiga tiga tiga" * 4)
    shop.does("start", first)
    shop.later(400)
    shop.does("start", second)
    shop.later(900)
    told = foretold(shop, third)
    assert told["others"] == 2
    shop.does("start", third)
    shop.later(20 * 86400)
    happened = left(shop, third)
    assert len({at[:10] for at in happened}) > 2
    assert apart(told, happened) < NEAR


def test_what_programs_have_in_the_line_counts_too(make: Make) -> None:
    shop = make(20)
    id = shop.campaign("Promo!")
    alone = foretold(shop, id)
    chats = [c["chat"] for c in shop.all("conversation")]
    for n, chat in enumerate(chats):
        shop.says(chat, f"Tagihan {n}", lane="campaign")
    told = foretold(shop, id)
    assert told["others"] == 0 and min(told["times"]) > min(alone["times"]) and last(told) > last(alone)
    shop.does("start", id)
    shop.later(86400)
    assert apart(told, left(shop, id)) < NEAR


def test_one_that_is_paused_holds_nobody_up(make: Make) -> None:
    shop = make(30)
    first, second = drafts(shop, "Promo pertama!", "Promo kedua!")
    shop.does("start", first)
    shop.later(60)
    shop.does("pause", first)
    shop.later(60)
    told = foretold(shop, second)
    assert told["others"] == 0
    shop.does("start", second)
    shop.later(86400)
    assert apart(told, left(shop, second)) < NEAR
    whole = foretold(shop, first)
    before = len(left(shop, first))
    assert len(whole["times"]) + before == 30
    shop.does("resume", first)
    shop.later(86400)
    assert apart(whole, left(shop, first)[before:]) < NEAR


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        found.ask("agent.update", agent=found.agent("Sari", "admin"), language="en")
        found.ask("agent.update", agent=found.agent("Budi", "admin"), language="id")
        found.writes(DEWI, "Halo")
        found.writes(ANDI, "Pagi")
        yield found


def body(stack: Stack) -> dict[str, Any]:
    segment = stack.all("segment")[0]["id"]
    return {"name": "Promo lain", "account": "toko", "segment": segment, "texts": [{"text": "Halo!"}]}


def test_the_page_says_who_shares_the_number(stack: Stack) -> None:
    api = stack.api(stack.agent("Rina", "supervisor"))
    mine = made(stack, api)
    second, third = (ready(stack, api("POST", "/campaigns", json=body(stack))[1]["id"]) for _ in range(2))
    sari, budi = stack.signed_in("Sari"), stack.signed_in("Budi")
    path = f"/campaigns/{mine}/schedule"
    assert "data-others" not in sari.look(path).text
    stack.ask("campaigns.start", campaign=second)
    assert (
        "1 other broadcast uses this number: they take turns, and the times include it."
        in sari.look(path).text
    )
    stack.ask("campaigns.schedule", campaign=third, at=times.add(times.now(), 5))
    assert "2 other broadcasts use this number" in sari.look(path).text
    assert "2 siaran lain memakai nomor ini" in budi.look(path).text
    assert api("GET", f"/campaigns/{mine}/preview")[1]["others"] == 2
    state = {"event": "session.status", "session": "default", "engine": "NOWEB", "id": "evt_1"}
    assert stack.posts({**state, "payload": {"name": "default", "status": "STOPPED"}}).status_code == 200
    assert "The number is not connected now" in sari.look(path).text
    assert "The number is not connected: it goes on by itself" in sari.look(f"/campaigns/{second}").text
