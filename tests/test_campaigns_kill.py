"""A large campaign that is paused, killed and resumed reaches each exactly once.

``REPLYAI_CAMPAIGN_COUNT=10000 ./test tests/test_campaigns_kill.py`` does it with ten thousand.
"""

import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine import where
from engine.events import event
from tests.broadcasts import Broadcast
from tests.fakes.waha import FakeWaha
from tests.processes import data_folder, until
from tests.test_e2e import TOKEN, Shop
from tests.world import SHOP

COUNT = int(os.environ.get("REPLYAI_CAMPAIGN_COUNT", "1000"))
FEW = int(os.environ.get("REPLYAI_CAMPAIGN_COUNT", "160"))
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
TEXTS = [{"text": "[[Halo|Hai]] {{name}}, ada promo!"}]


def rows(count: int) -> list[list[dict[str, Any]]]:
    """Return so many people in parts of 500."""
    every = [{"phone": f"+62813{n:08}", "fields": {"name": f"Pembeli {n}"}} for n in range(count)]
    return [every[place : place + 500] for place in range(0, count, 500)]


def work(shop: Broadcast, most: int) -> int:
    """Have a worker make up to *most* calls, one after the other; return how many."""
    done = 0
    while done < most and (jobs := shop.documents.table("job").search(where("state") == "queued")):
        for job in jobs:
            shop.calls.append((shop.time, shop.get("message", job["args"]["message"])))
            told = {"job": job["id"], "result": {"outcome": "sent", "gateway_id": f"OUT{len(shop.calls)}"}}
            shop.submit(event("job.finished", job["id"], told, origin="job"))
            done += 1
    return done


def test_a_thousand_with_pauses_and_restarts(tmp_path: Path) -> None:
    shop = Broadcast(tmp_path, preset="official")
    made = shop.ask("campaigns.create", name="Promo", account=SHOP, texts=TEXTS)
    id = str(made["result"]["campaign"])
    for place, part in enumerate(rows(COUNT)):
        shop.does("add_rows", id, rows=part, first=place == 0)
    shop.does("change", id, strangers=True)
    shop.does("start", id)
    for turn in range(4):
        work(shop, COUNT // 6)
        if turn % 2:
            shop.does("pause", id)
        shop.close()
        again = Broadcast(tmp_path, preset="official", start=shop.time)
        again.calls, shop = shop.calls, again
        if turn % 2:
            assert work(shop, 3) <= 1, "only what was being sent when it was paused"
            shop.does("resume", id)
    work(shop, COUNT)
    try:
        told = Counter(message["conversation"] for _at, message in shop.calls)
        assert len(told) == COUNT and set(told.values()) == {1}
        assert shop.counts(id) == {"sent": COUNT} and shop.get("campaign", id)["state"] == "done"
        assert len(shop.all("campaign_recipient")) == COUNT
    finally:
        shop.close()


@pytest.mark.slow
def test_the_engine_is_killed_again_and_again() -> None:
    """The real one, with workers and a gateway: its ledger has everybody once."""
    with data_folder() as data, FakeWaha() as waha:
        shop = Shop(data, waha)
        try:
            id = started(shop)
            begun = time.monotonic()
            for turn in range(3):
                goal = len(waha.ledger) + FEW // 8
                until(lambda goal=goal: len(waha.ledger) >= goal, 60, "a part of it")  # type: ignore[misc]
                if turn == 1:
                    shop.api("POST", f"/api/campaigns/{id}/pause")
                (engine,) = shop.serving.pids("engine.process")[:1]
                os.kill(engine, signal.SIGKILL)
                until(lambda engine=engine: engine not in shop.serving.pids(), 30)  # type: ignore[misc]
                until(lambda: answers(shop, id), 30, "the engine, back again")
                if turn == 1:
                    assert shop.api("GET", f"/api/campaigns/{id}")["state"] == "paused"
                    shop.api("POST", f"/api/campaigns/{id}/resume")
            until(lambda: shop.api("GET", f"/api/campaigns/{id}")["state"] == "done", 600, "its end")
            print(f"{FEW} in {time.monotonic() - begun:.1f} s", file=sys.stderr)
            told = Counter(entry["chat"] for entry in waha.ledger)
            assert len(told) == FEW and set(told.values()) == {1}
            assert shop.api("GET", f"/api/campaigns/{id}")["figures"]["sent"] == FEW
        finally:
            shop.serving.stop()
            shop.serving.kill()


def started(shop: Shop) -> str:
    """Start a campaign to people who never wrote; return its id."""
    body = {"name": "Promo", "account": "toko", "texts": TEXTS}
    id = str(shop.api("POST", "/api/campaigns", body)["id"])
    for place, part in enumerate(rows(FEW)):
        shop.api("POST", f"/api/campaigns/{id}/rows", {"rows": part, "first": place == 0})
    shop.api("PATCH", f"/api/campaigns/{id}", {"strangers": True})
    shop.api("POST", f"/api/campaigns/{id}/start")
    return id


def answers(shop: Shop, id: str) -> bool:
    """Whether the engine takes actions: a name may not be changed now, and it says so."""
    status, _answer = shop.call("PATCH", f"/api/campaigns/{id}", b'{"name": "x"}', **HEADERS)
    return status == 409
