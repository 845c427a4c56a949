"""The phone: a pretend customer's acts go in as webhooks, what agents do is shown."""

import io
import re

import pytest

from engine.events import event, requested
from plugins.simulator import files
from plugins.simulator.gateway import Simulator
from tests.web_stack import running

BUDI = {"account": "simulator", "phone": "6281200000001", "name": "Yusuf Hidayat"}


@pytest.fixture(scope="module")
def stack():
    with running() as stack:
        stack.agent("Sari", role="admin")
        stack.agent("Joko", role="agent")
        stack.agent("Ivan", role="integrator")
        yield stack


@pytest.fixture(scope="module")
def sari(stack):
    """Return the browser of an admin who has set the simulator up."""
    browser = stack.signed_in("Sari")
    assert browser.post("/simulator/account", json={}).status_code == 200
    return browser


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path))


def state(browser, phone=BUDI["phone"], account="simulator", status=200):
    answer = browser.client.get(f"/simulator/state?account={account}&phone={phone}")
    assert answer.status_code == status, answer.text
    return answer.json


def say(browser, id, text="", **more):
    answer = browser.post("/simulator/say", {**BUDI, "id": id, "text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_new_account_is_connected_and_its_secret_is_in_no_document(stack, sari):
    (made,) = [account for account in stack.all("account") if account["gateway"] == "simulator"]
    assert (made["id"], made["state"], made["secrets"]) == ("simulator", "connected", ["webhook_secret"])
    assert made["settings"] == {}


def test_the_page_has_no_inline_script_or_style(sari):
    answer = sari.client.get("/simulator")
    assert answer.status_code == 200, answer.text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", answer.text)
    assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.text)
    for file in re.findall(r"/simulator/static/[\w.?=]+", answer.text):
        found = sari.client.get(file)
        assert found.status_code == 200
        assert "immutable" in found.headers["Cache-Control"]


def test_what_a_customer_says_is_there_once(sari):
    assert say(sari, "SIM-TEXT-1", "Halo")["duplicate"] is False
    assert say(sari, "SIM-TEXT-1", "Halo")["duplicate"] is True
    shown = state(sari)
    (message,) = [m for m in shown["messages"] if m["gateway_id"] == "SIM-TEXT-1"]
    assert (message["mine"], message["text"], message["status"]) == (True, "Halo", "delivered")
    (customer,) = [c for c in shown["customers"] if c["phone"] == BUDI["phone"]]
    assert customer["name"] == "Yusuf Hidayat"


def test_a_picture(sari):
    say(sari, "SIM-PICTURE-1", "Ini fotonya", file=(io.BytesIO(b"jpeg"), "foto.jpg", "image/jpeg"))
    (message,) = [m for m in state(sari)["messages"] if m["gateway_id"] == "SIM-PICTURE-1"]
    assert (message["kind"], message["text"], message["media"]["filename"]) == (
        "image",
        "Ini fotonya",
        "foto.jpg",
    )
    say(sari, "SIM-VOICE-1", voice="true", file=(io.BytesIO(b"webm"), "voice.webm", "audio/webm"))
    assert [m["kind"] for m in state(sari)["messages"] if m["gateway_id"] == "SIM-VOICE-1"] == ["voice"]


def test_typing_leaves_no_trace(sari):
    say(sari, "SIM-TYPING-1", "Halo")
    before = state(sari)["seq"]
    assert sari.post("/simulator/typing", json={**BUDI, "state": "typing"}).status_code == 200
    assert state(sari)["seq"] == before


def test_an_answer_gets_its_ticks_and_a_reaction(stack, sari):
    say(sari, "SIM-ANSWER-1", "Halo")
    message = an_agent_answers(stack, state(sari)["conversation"], "Siap")
    assert message not in [shown["id"] for shown in state(sari)["messages"]]
    gateway_id = a_worker_sends(stack, message)
    assert state(sari)["undelivered"] == {BUDI["phone"]: [gateway_id]}
    for level in ("delivered", "read"):
        assert (
            sari.post("/simulator/ack", json={**BUDI, "ids": [gateway_id], "level": level}).status_code == 200
        )
        assert shown_of(sari, message)["status"] == level
    for emoji, kept in (("🙏", ["🙏"]), ("", [])):
        assert (
            sari.post("/simulator/react", json={**BUDI, "target": gateway_id, "emoji": emoji}).status_code
            == 200
        )
        assert shown_of(sari, message)["reactions"] == kept


def test_a_message_with_buttons_and_the_answer(stack, sari):
    say(sari, "SIM-BUTTONS-1", "Halo")
    options = [{"id": "menu/1", "title": "Harga"}, {"id": "menu/2", "title": "Lokasi"}]
    buttons = {"text": "Mau apa?", "options": options}
    message = an_agent_answers(stack, state(sari)["conversation"], "Mau apa?\n\n1. Harga", buttons=buttons)
    gateway_id = a_worker_sends(stack, message)
    shown = shown_of(sari, message)
    assert (shown["text"], shown["buttons"]) == ("Mau apa?", options)
    say(sari, "SIM-PRESS-1", "Lokasi", button="menu/2", reply_to=gateway_id, reply_text="Mau apa?")
    (pressed,) = [m for m in stack.all("message") if m["gateway_id"] == "SIM-PRESS-1"]
    assert pressed["interactive"] == {"id": "menu/2", "title": "Lokasi", "kind": "buttons"}
    (shown,) = [m for m in state(sari)["messages"] if m["gateway_id"] == "SIM-PRESS-1"]
    assert (shown["text"], shown["reply"], shown["buttons"]) == ("Lokasi", "Mau apa?", [])


def an_agent_answers(stack, conversation, text, **more):
    data = {"conversation": conversation, "text": text, **more}
    asked = {"type": "message.send", "data": data, "why": None}
    (done,) = stack.submit([requested("system", [asked])])
    return done["actions"][0]["result"]["message"]


def a_worker_sends(stack, message):
    """Do what a worker does with the message's job; return the simulator's id."""
    (job,) = [
        job for job in stack.all("job") if job["args"].get("message") == message and job["state"] != "done"
    ]
    result = Simulator().send({"id": message}, {}, {}, 1.0)
    stack.submit([event("job.finished", job["id"], {"job": job["id"], "result": result}, origin="job")])
    return result["gateway_id"]


def shown_of(browser, message):
    (shown,) = [shown for shown in state(browser)["messages"] if shown["id"] == message]
    return shown


@pytest.mark.parametrize(
    "path, body",
    [
        ("typing", {**BUDI, "state": "dancing"}),
        ("typing", {**BUDI, "phone": "12", "state": "typing"}),
        ("ack", {**BUDI, "ids": [], "level": "read"}),
        ("react", {**BUDI, "emoji": "🙏"}),
        ("react", []),
    ],
)
def test_what_is_wrong_is_422(sari, path, body):
    assert sari.post(f"/simulator/{path}", json=body).status_code == 422


def test_other_accounts_are_out_of_reach(sari):
    for account in ("toko", "cabang", "nobody"):
        state(sari, account=account, status=404)
        assert (
            sari.post("/simulator/typing", json={**BUDI, "account": account, "state": "typing"}).status_code
            == 404
        )


def test_who_may_use_it(stack, sari):
    assert stack.browser().client.get("/simulator").status_code == 303  # to the sign-in page
    state(stack.signed_in("Joko"), status=403)
    assert state(stack.signed_in("Ivan"))["customers"]


def test_switched_off_it_is_gone(stack, sari):
    stack.ask("plugin.set", plugin="simulator", enabled=False)
    stack.held.known.drop("main")
    assert sari.client.get("/simulator").status_code == 404
    stack.ask("plugin.set", plugin="simulator", enabled=True)
    stack.held.known.drop("main")
    state(sari)
