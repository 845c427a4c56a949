"""Campaigns over HTTP: REST, files, pages, and who may do what."""

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.web_stack import ANDI, DEWI, Stack, running

FILE = "Nama;Nomor HP;Kode\nBu Dewi;0813-0000-4521;A1\nPak Budi;081390000001;B2\nKosong;12;C3\n"


@pytest.fixture
def stack() -> Iterator[Stack]:
    with running() as found:
        found.ask("agent.update", agent=found.agent("Sari", "admin"), language="en")
        found.agent("Budi")
        found.ask("sender.set_pacing", account="toko", preset="official")
        found.writes(DEWI, "Halo")
        found.writes(ANDI, "Pagi")
        yield found


def made(stack: Stack, api: Any, **more: Any) -> str:
    """Make a campaign for everybody; return its id once the audience is made."""
    segment = stack.ask("contacts.create_segment", name="Semua", condition={"all": []})["segment"]
    texts = [{"text": "Halo {{name|Kak}}, ada promo!"}]
    body = {"name": "Promo Maret", "account": "toko", "segment": segment, "texts": texts, **more}
    code, found = api("POST", "/campaigns", json=body)
    assert code == 201, found
    return str(ready(stack, found["id"]))


def ready(stack: Stack, id: str) -> str:
    import threading

    for _turn in range(500):
        (found,) = [each for each in stack.all("campaign") if each["id"] == id]
        if not found["making"]:
            return id
        threading.Event().wait(0.01)
    raise AssertionError("the audience is never made")


def test_the_rest_of_a_campaign(stack: Stack) -> None:
    api = stack.api(stack.agent("Rina", "supervisor"))
    id = made(stack, api)
    code, found = api("GET", f"/campaigns/{id}")
    assert (code, found["total"], found["state"], found["figures"]["waiting"]) == (200, 2, "draft", 2)
    _code, people = api("GET", f"/campaigns/{id}/recipients?limit=1")
    assert people["items"][0]["text"] == "Halo Dewi, ada promo!" and people["next"]
    assert len(api("GET", f"/campaigns/{id}/recipients?cursor={people['next']}")[1]["items"]) == 1
    code, plan = api("GET", f"/campaigns/{id}/preview?every=true")
    assert code == 200 and len(plan["times"]) == 2 and plan["preset"] == "official" and plan["never"] == 0
    assert api("PATCH", f"/campaigns/{id}", json={"name": "Promo April"})[1]["name"] == "Promo April"
    assert api("POST", f"/campaigns/{id}/schedule", json={"at": "2020-01-01T00:00:00Z"})[0] == 409
    assert (
        api("POST", f"/campaigns/{id}/schedule", json={"at": "2099-01-01T00:00:00Z"})[1]["state"]
        == "scheduled"
    )
    assert api("DELETE", f"/campaigns/{id}/schedule")[1]["state"] == "draft"
    assert api("POST", f"/campaigns/{id}/start")[1]["state"] == "running"
    assert api("POST", f"/campaigns/{id}/start")[0] == 409
    assert api("POST", f"/campaigns/{id}/pause")[1]["state"] == "paused"
    assert api("POST", f"/campaigns/{id}/resume")[1]["state"] == "running"
    assert api("POST", f"/campaigns/{id}/stop")[1]["state"] == "stopped"
    assert api("DELETE", f"/campaigns/{id}")[0] == 409
    listed = api("GET", "/campaigns")[1]
    assert [each["id"] for each in listed["items"]] == [id] and listed["next"] is None


def test_a_file_is_read_with_its_fields_and_bad_rows(stack: Stack) -> None:
    api = stack.api(stack.agent("Rina", "supervisor"))
    body = {"name": "Berkas", "account": "toko", "texts": [{"text": "Kak {{name}}: {{kode}}"}]}
    id = api("POST", "/campaigns", json=body)[1]["id"]
    told = api("POST", f"/campaigns/{id}/file", data={"file": (io.BytesIO(FILE.encode()), "maret.csv")})[1]
    assert (told["rows"], told["bad_count"], told["fields"]) == (2, 1, ["name", "kode"])
    assert told["bad"] == [{"line": 4, "value": "12"}]
    found = api("GET", f"/campaigns/{id}")[1]
    assert (found["total"], found["figures"]["stranger"], found["file"]) == (1, 1, "maret.csv")
    texts = [each["text"] for each in api("GET", f"/campaigns/{id}/recipients")[1]["items"]]
    assert texts == ["Kak Bu Dewi: A1", "Kak Pak Budi: B2"]
    bad = {"file": (io.BytesIO(b"a,b\n1,2\n"), "x.csv")}
    assert api("POST", f"/campaigns/{id}/file", data=bad)[0] == 422


def test_agents_look_and_only_supervisors_send(stack: Stack) -> None:
    boss, agent = stack.api(stack.agent("Rina", "supervisor")), stack.api(stack.agent("Agus"))
    id = made(stack, boss)
    assert agent("GET", f"/campaigns/{id}")[0] == 200
    assert agent("GET", f"/campaigns/{id}/recipients")[0] == 403, "they may not see everybody's contacts"
    for verb in ("start", "pause", "resume", "stop", "make"):
        assert agent("POST", f"/campaigns/{id}/{verb}")[0] == 403
    budi = stack.signed_in("Budi")
    page = budi.look(f"/campaigns/{id}").text
    assert 'data-go="start"' not in page and "Promo Maret" in page and "Halo Dewi" not in page
    assert budi.client.get("/campaigns/new").status_code == 403


def test_the_pages_from_draft_to_end(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    assert "There are no broadcasts yet." in sari.look("/campaigns").text
    form = {"name": "Promo", "account": "toko", "text-a": "Halo {{kota}}", "segment": ""}
    assert "Choose who gets it" in sari.post("/campaigns", form).text
    form["segment"] = stack.ask("contacts.create_segment", name="Semua", condition={"all": []})["segment"]
    answer = sari.post("/campaigns", form)
    assert answer.status_code == 303, answer.text
    id = ready(stack, answer.location.rpartition("/")[2])
    page = sari.look(f"/campaigns/{id}").text
    assert "Left out, since the text needs a field" in page and 'data-go="start"' not in page
    assert "Nobody waits for it." in sari.look(f"/campaigns/{id}/schedule").text
    sari.post(
        f"/campaigns/{id}", {"name": "Promo", "account": "toko", "text-a": "Halo {{name}}", "text-b": "Hai"}
    )
    ready(stack, id)
    assert 'data-go="start"' in sari.look(f"/campaigns/{id}").text
    assert "<svg" in (plan := sari.look(f"/campaigns/{id}/schedule").text) and "As a table" in plan
    answer = sari.post(f"/campaigns/{id}/schedule", {"at": "2020-01-01T09:00"})
    assert "That time is in the past." in answer.text
    sari.post(f"/campaigns/{id}/schedule", {"at": "2099-01-01T09:00"})
    (found,) = stack.all("campaign")
    assert found["start_at"] == "2099-01-01T02:00:00.000000Z"
    assert "Planned" in sari.look("/campaigns").text
    sari.post(f"/campaigns/{id}/start")
    assert "Running" in sari.look(f"/campaigns/{id}").text
    sari.post(f"/campaigns/{id}/stop")
    assert "Stopped" in sari.look(f"/campaigns/{id}").text
    copied = ready(stack, sari.post(f"/campaigns/{id}/again").location.rpartition("/")[2])
    texts = {each["id"]: [text["text"] for text in each["texts"]] for each in stack.all("campaign")}
    assert copied != id and texts[copied] == texts[id]


def test_a_number_that_is_paused_is_said(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    id = made(stack, stack.api(stack.agent("Rina", "supervisor")))
    stack.ask("sender.pause", account="toko")
    stack.ask("campaigns.start", campaign=id)
    page = sari.look(f"/campaigns/{id}").text
    assert "nothing of a broadcast leaves" in page and "Number paused" in page


def test_why_it_waits_for_long_is_said(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    id = made(stack, stack.api(stack.agent("Rina", "supervisor")))
    here = datetime.now(ZoneInfo("Asia/Jakarta"))
    night = {"quiet_from": here - timedelta(hours=2), "quiet_to": here + timedelta(hours=6)}
    numbers = {key: at.strftime("%H:%M") for key, at in night.items()}
    stack.ask("sender.set_pacing", account="toko", preset="normal", numbers={**numbers, "fresh": 0})
    assert "It is night" not in sari.look(f"/campaigns/{id}").text
    stack.ask("campaigns.start", campaign=id)
    assert "It is night where the next ones are" in sari.look(f"/campaigns/{id}").text


def test_shares_of_two_texts_are_kept(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    id = made(stack, stack.api(stack.agent("Rina", "supervisor")), texts=[{"text": "A"}, {"text": "B"}])
    assert 'name="weight-b"' in sari.look(f"/campaigns/{id}").text
    form = {
        "name": "Promo",
        "account": "toko",
        "text-a": "A",
        "text-b": "B",
        "weight-a": "3",
        "weight-b": "x",
    }
    sari.post(f"/campaigns/{id}", form)
    assert [text["weight"] for text in stack.all("campaign")[0]["texts"]] == [3, 1]


def test_switched_off_it_is_nowhere(stack: Stack) -> None:
    sari = stack.signed_in("Sari")
    assert 'href="/campaigns"' in sari.look("/inbox").text
    stack.ask("plugin.set", plugin="campaigns", enabled=False)
    stack.held.known.drop("main", "hidden")
    assert 'href="/campaigns"' not in sari.look("/inbox").text
    assert sari.client.get("/campaigns").status_code == 404
    assert "/api/campaigns" not in sari.client.get("/api/openapi.json").text
