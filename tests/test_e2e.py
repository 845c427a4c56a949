"""The main job in real browsers: a WhatsApp message in, an agent's answer out, exactly once."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browsers import OUTPUT, Person, chromium
from tests.fakes.waha import FakeWaha, sign
from tests.processes import Serving, data_folder, until

pytestmark = pytest.mark.browser
SECRET = "a-secret-of-the-shop"
TOKEN = "rai_" + "e" * 43
PASSWORD = "seven quiet herons"
SARI, BUDI = "sari@toko.example", "budi@toko.example"
PAYLOAD = Path(__file__).parent / "payloads" / "waha" / "assembled" / "message-location.json"
ROUNDS = 100
BUBBLE_P95_MS, PIXELS_P95_MS = 100, 300


class Shop:
    """A whole ReplyAI with a fake WAHA behind it."""

    def __init__(self, data: Path, waha: FakeWaha) -> None:
        self.waha = waha
        (data / "replyai.toml").write_text(
            f'language = "en"\n[plugins.sender]\npreset = "official"\n'
            f'[accounts.toko]\ngateway = "waha"\ntitle = "Toko Utama"\nurl = "{waha.url}"\n'
            f'api_key = "{waha.api_key}"\nwebhook_secret = "{SECRET}"\n'
        )
        environ = {
            "REPLYAI_ADMIN_EMAIL": SARI,
            "REPLYAI_ADMIN_PASSWORD": PASSWORD,
            "REPLYAI_API_TOKEN": TOKEN,
        }
        self.serving = Serving(data, **environ)
        self.address, _ = self.serving.ready()

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(self.address + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def api(self, method: str, path: str, body: Any = None) -> Any:
        raw = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        status, answer = self.call(method, path, raw, **headers)
        assert status < 300, (status, answer)
        return answer

    def webhook(self, body: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = self.call("POST", "/webhooks/waha/toko", raw, **sign(raw, SECRET))
        assert status == 200, answer

    def conversation(self) -> dict[str, Any]:
        (found,) = self.api("GET", "/api/conversations?limit=10")["items"]
        return dict(found)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with data_folder() as data, FakeWaha() as waha:
        running = Shop(data, waha)
        try:
            yield running
        finally:
            running.serving.stop()
            running.serving.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def sari(shop: Shop, browser: Browser) -> Person:
    return Person(browser, shop.address).signs_in(SARI, PASSWORD)


@pytest.fixture(scope="module")
def budi(shop: Shop, browser: Browser) -> Person:
    """Budi comes by the link that the admin gave him."""
    made = shop.api("POST", "/api/agents", {"name": "Budi", "email": BUDI, "role": "agent", "language": "en"})
    link = made.get("link") or shop.api("POST", f"/api/agents/{made['id']}/link")["link"]
    person = Person(browser, shop.address)
    person.goes(link)
    person.page.fill("input[name=password]", PASSWORD)
    person.page.click("button[type=submit]")
    expect(person.page.locator("#list")).to_be_visible()
    return person


def spread(values: list[float], aim: float) -> dict[str, float]:
    """Return median and 95th percentile beside what is aimed at: a figure to read, not a check."""
    ordered = sorted(values)
    return {
        "p50": round(ordered[len(ordered) // 2]),
        "p95": round(ordered[int(len(ordered) * 0.95)]),
        "aim": aim,
    }


def test_a_message_in_and_an_answer_out(shop: Shop, sari: Person, budi: Person) -> None:
    for person in (sari, budi):
        person.goes("/inbox?tab=all")
    shop.webhook(PAYLOAD.read_bytes())
    id = until(lambda: shop.api("GET", "/api/conversations")["items"], what="the conversation")[0]["id"]
    for person in (sari, budi):
        expect(person.row(id)).to_contain_text("📍")
        expect(person.row(id).locator("[data-unread]")).to_have_text("1")
    chat = json.loads(PAYLOAD.read_bytes())["payload"]["from"]
    text = "Alamatnya di sini ya. Masih buka?"
    shop.webhook(shop.waha.message(chat, text, "TEXT1"))
    shop.webhook(shop.waha.message(chat, text, "TEXT1"))
    for person in (sari, budi):
        expect(person.row(id)).to_contain_text(text[:20])
        expect(person.row(id).locator("[data-unread]")).to_have_text("2")
    sari.takes_picture("1-both-see-it-arrive")

    sari.row(id).click()
    expect(sari.bubble(text)).to_be_visible()
    expect(budi.row(id).locator("[data-unread]")).to_be_hidden()
    label = shop.api("POST", "/api/labels", {"name": "Prospek panas", "color": "#d4380d"})
    sari.page.reload()
    sari.page.press("body", "l")
    sari.page.keyboard.type("Prospek")
    sari.page.keyboard.press("Enter")
    expect(budi.row(id)).to_contain_text("Prospek panas")
    assert shop.conversation()["labels"] == [label["id"]]

    budi.row(id).click()
    sari.page.keyboard.press("Escape")
    sari.writes("Masih ada, Kak. Mau dikirim ke mana?")
    expect(sari.bubble("Masih ada, Kak")).to_be_visible()
    expect(budi.bubble("Masih ada, Kak")).to_be_visible()
    (entry,) = shop.waha.wait_for(1)
    assert entry["text"] == "Masih ada, Kak. Mau dikirim ke mana?"
    expect(budi.bubble("Masih ada, Kak").locator(".tick")).to_have_attribute("data-tick", "sent")
    for level, tick in ((2, "delivered"), (3, "read")):
        shop.webhook(shop.waha.ack(entry["chat"], entry["id"], level))
        for person in (sari, budi):
            expect(person.bubble("Masih ada, Kak").locator(".tick")).to_have_attribute("data-tick", tick)
            expect(person.row(id).locator(".tick")).to_have_attribute("data-tick", tick)
    assert len(shop.waha.ledger) == 1
    assert shop.conversation()["assignee"]
    sari.takes_picture("2-answered-and-read")
    assert sari.troubles == [] and budi.troubles == []


def test_how_long_it_takes_to_be_seen(shop: Shop, sari: Person, budi: Person) -> None:
    """Press to bubble, and webhook to the other browser's pixels, over 200 messages."""
    id = shop.conversation()["id"]
    chat = shop.waha.ledger[0]["chat"]
    for person in (sari, budi):
        person.opens(id).watches()
    bubble, pixels = [], []
    for number in range(ROUNDS):
        text = f"ukur masuk {number:03}"
        posted = time.time() * 1000
        shop.webhook(shop.waha.message(chat, text, f"PIX{number:05}"))
        until(lambda text=text: text in budi.seen(), what=text)
        pixels.append(budi.seen()[text] - posted)
        text = f"ukur keluar {number:03}"
        sari.page.fill("#answer", text)
        pressed = sari.page.evaluate("Date.now()")
        sari.page.press("#answer", "Enter")
        until(lambda text=text: text in sari.seen(), what=text)
        bubble.append(sari.seen()[text] - pressed)
    figures = {
        "press to bubble, ms": spread(bubble, BUBBLE_P95_MS),
        "webhook to pixels, ms": spread(pixels, PIXELS_P95_MS),
        "messages": 2 * ROUNDS,
    }
    print("\n" + json.dumps(figures))
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "latency.json").write_text(json.dumps(figures, indent=1))
    sent = [f"ukur keluar {number:03}" for number in range(ROUNDS)]
    entries = shop.waha.wait_for(ROUNDS + 1, 60)
    assert [e["text"] for e in entries if e["text"].startswith("ukur")] == sent, "each once, in order"


def test_two_take_at_once_and_one_is_told_who_has_it(shop: Shop, sari: Person, budi: Person) -> None:
    shop.webhook(shop.waha.message("6281200001123@c.us", "Siapa cepat?", "TAKE1"))
    found = until(
        lambda: [
            c for c in shop.api("GET", "/api/conversations?handler=queue")["items"] if not c["assignee"]
        ],
        what="a conversation in the queue",
    )
    id = found[0]["id"]
    for person in (sari, budi):
        person.opens(id)
    sari.page.click("button[data-action=take]")
    expect(budi.page.locator("#thread-header")).to_contain_text("Handled by")
    expect(budi.page.locator("button[data-action=take]")).to_have_count(0)
    late = budi.page.evaluate(
        """async (id) => {
          const csrf = document.querySelector("meta[name=csrf-token]").content;
          const headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf};
          const body = JSON.stringify({type: "take"});
          const answer = await fetch(`/api/conversations/${id}/actions`, {method: "POST", headers, body});
          return [answer.status, (await answer.json()).error.message];
        }""",
        id,
    )
    assert late == [409, "already taken by Sari"]


def test_a_cut_connection_shows_and_heals(shop: Shop, budi: Person) -> None:
    chat = shop.waha.ledger[0]["chat"]
    budi.opens(_conversation_of(shop, chat))
    budi.context.set_offline(True)
    budi.page.evaluate("window.dispatchEvent(new Event('offline'))")
    for number in range(5):
        shop.webhook(shop.waha.message(chat, f"selama putus {number}", f"CUT{number}"))
    budi.context.set_offline(False)
    for number in range(5):
        expect(budi.page.locator("#messages .b", has_text=f"selama putus {number}")).to_have_count(1)
    texts = budi.page.locator("#messages .b.in .text").all_inner_texts()
    assert [t for t in texts if t.startswith("selama putus")] == [f"selama putus {n}" for n in range(5)]


def test_a_picture_comes_in_and_one_goes_out(shop: Shop, sari: Person, tmp_path: Path) -> None:
    from engine.demo import picture

    chat = shop.waha.ledger[0]["chat"]
    url = shop.waha.add_file("foto.png", "image/png", picture(1))
    shop.webhook(shop.waha.media_message(chat, url, "image/png", "PIC1", "Bukti transfer"))
    sari.opens(_conversation_of(shop, chat))
    shown = sari.bubble("Bukti transfer").locator("img")
    expect(shown).to_be_visible()
    until(lambda: shown.evaluate("image => image.complete && image.naturalWidth") == 720, what="the picture")
    before = len(shop.waha.ledger)
    file = tmp_path / "balasan.png"
    file.write_bytes(picture(2))
    sari.page.set_input_files("#file", str(file))
    expect(sari.page.locator("[data-attached] progress")).to_be_hidden()
    sari.page.fill("#answer", "Ini fotonya")
    sari.page.press("#answer", "Enter")
    entry = shop.waha.wait_for(before + 1)[-1]
    assert entry["kind"] == "image" and entry["text"] == "Ini fotonya"
    sari.takes_picture("3-pictures")


def _conversation_of(shop: Shop, chat: str) -> str:
    phone = "+" + chat.partition("@")[0]
    contact = next(c for c in shop.api("GET", "/api/contacts")["items"] if c["phone"] == phone)
    return next(
        c["id"] for c in shop.api("GET", "/api/conversations")["items"] if c["contact"] == contact["id"]
    )
