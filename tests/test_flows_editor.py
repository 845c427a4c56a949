"""The canvas in real browsers: a shop menu built by mouse and by keyboard, and WhatsApp's answers from it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browsers import Person, chromium
from tests.fakes.waha import FakeWaha
from tests.processes import ROOT, data_folder, until
from tests.test_e2e import BUDI, PASSWORD, SARI, Shop
from tests.web_stack import message

pytestmark = pytest.mark.browser
DEWI, ANDI = "6281300004521@c.us", "6281200001123@c.us"
STARTERS = ROOT / "plugins" / "flowbuilder" / "library" / "id"

NAME = """() => { const at = document.activeElement;
  return (at.getAttribute("aria-label") || at.labels?.[0]?.innerText || at.innerText || "").trim(); }"""


class Drawing:
    """Somebody at the canvas of a flow."""

    def __init__(self, person: Person) -> None:
        self.page = person.page

    def node(self, id: str) -> Locator:
        return self.page.locator(f'.react-flow__node[data-id="{id}"]')

    def handle(self, id: str, way: str) -> Locator:
        return self.node(id).locator(f'[data-handleid="{way}"]')

    def drags(self, kind: str, x: int, y: int) -> None:
        """Drag a kind of node from the palette to a place on the canvas."""
        self.page.drag_and_drop(f"[data-kind={kind}]", ".canvas", target_position={"x": x, "y": y})

    def draws(self, source: str, way: str, target: str) -> None:
        """Draw a line from a way out to a node."""
        start, end = self.handle(source, way).bounding_box(), self.handle(target, "in").bounding_box()
        assert start and end
        mouse = self.page.mouse
        mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
        mouse.down()
        mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=8)
        mouse.up()
        expect(self.page.locator(f'.react-flow__edge[data-id="{source}:{way}"]')).to_be_attached()

    def fills(self, label: str, text: str) -> None:
        field = self.page.locator(".inspector").get_by_label(label, exact=True)
        field.fill(text)
        field.blur()

    def tabs_to(self, name: str, back: bool = False) -> None:
        """Press Tab until what is called *name* has the focus."""
        for _ in range(150):
            if self.page.evaluate(NAME) == name:
                return
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"no Tab leads to {name}")

    def presses(self, name: str, back: bool = False) -> None:
        self.tabs_to(name, back)
        self.page.keyboard.press("Enter")

    def types(self, text: str, name: str | None = None) -> None:
        if name:
            self.tabs_to(name)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def saved(self, words: str) -> None:
        expect(self.page.locator(".state-line")).to_contain_text(words)


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
def sari(shop: Shop, browser: Browser) -> Iterator[Person]:
    person = Person(browser, shop.address).signs_in(SARI, PASSWORD)
    yield person
    assert person.troubles == []


@pytest.fixture(scope="module")
def budi(shop: Shop, browser: Browser) -> Iterator[Person]:
    """Budi reads English, and has no mouse."""
    shop.api("POST", "/api/agents", {"name": "Budi", "email": BUDI, "role": "admin", "language": "en"})
    (made,) = [each for each in shop.api("GET", "/api/agents")["items"] if each["email"] == BUDI]
    person = Person(browser, shop.address).goes(shop.api("POST", f"/api/agents/{made['id']}/link")["link"])
    person.page.fill("input[name=password]", PASSWORD)
    person.page.click("button[type=submit]")
    expect(person.page.locator("#list")).to_be_visible()
    yield person
    assert [each for each in person.troubles if "409" not in each and "DISCONNECTED" not in each] == []


def writes(shop: Shop, chat: str, text: str, id: str) -> None:
    shop.webhook(message(chat, text, id))


def answers(shop: Shop, chat: str, count: int) -> list[str]:
    """Return what WAHA was given to send to a chat, as soon as there is so much."""

    def found() -> list[str]:
        return [entry["text"] for entry in shop.waha.ledger if entry["chat"] == chat]

    return list(until(lambda: len(found()) >= count and found(), what=f"{count} answers"))


def test_a_shop_menu_by_mouse(shop: Shop, sari: Person, tmp_path: Path) -> None:
    page, drawing = sari.goes("/flows").page, Drawing(sari)
    page.click('[data-starter=""]')
    expect(page.locator(".empty.over")).to_be_visible()
    drawing.fills("Nama", "Menu Toko Melati")
    page.locator(".rows", has_text="Yang memulainya").get_by_role("button", name="Tambah").click()
    drawing.fills("Kata lain, dipisah koma", "halo, menu")

    drawing.drags("menu", 140, 160)
    drawing.fills("Teks", "Halo {{name|Kak}}, mau apa?")
    drawing.fills("Pilihan 1", "Harga")
    drawing.fills("Pilihan 2", "Bicara dengan orang")
    drawing.drags("message", 560, 120)
    drawing.fills("Teks", "Mulai Rp 50.000.")
    drawing.drags("hand_over", 560, 420)
    drawing.fills("Teks", "Sebentar ya, Kak.")
    expect(drawing.node("menu1")).to_contain_text("Ada pilihan yang tidak mengarah ke mana pun")
    drawing.draws("menu1", "option.1", "message1")
    drawing.draws("menu1", "option.2", "hand_over1")
    drawing.draws("message1", "next", "menu1")
    expect(drawing.node("menu1")).not_to_contain_text("Ada pilihan")

    page.get_by_role("button", name="Uji coba").click()
    for text in ("halo", "1"):
        page.get_by_label("Tulis sebagai pelanggan").fill(text)
        page.get_by_role("button", name="Kirim").click()
    talk = page.locator(".talk .b.bot")
    menu = "Halo Dewi, mau apa?\n\n1. Harga\n2. Bicara dengan orang"
    expect(talk).to_have_text([menu, "Mulai Rp 50.000.", menu])
    expect(drawing.node("menu1").locator(".flow-node")).to_have_class("flow-node of-menu lit visited")
    with page.expect_download() as download:
        page.get_by_role("button", name="Simpan percakapan ini sebagai tes").click()
    sari.takes_picture("flow-by-mouse")
    drawing.saved("Draf tersimpan")
    page.get_by_role("button", name="Terbitkan").click()
    page.get_by_label("Apa yang baru?").fill("Yang pertama")
    sari.takes_picture("flow-publish")
    page.get_by_role("button", name="Terbitkan versi ini").click()
    expect(page.locator(".toast")).to_contain_text("versi 1")

    writes(shop, DEWI, "Halo", "M1")
    assert answers(shop, DEWI, 1) == [menu]
    writes(shop, DEWI, "harga", "M2")
    assert answers(shop, DEWI, 3)[1] == "Mulai Rp 50.000."
    writes(shop, DEWI, "2", "M3")
    assert answers(shop, DEWI, 4)[3] == "Sebentar ya, Kak."
    until(lambda: shop.conversation()["handler"] == "queue", what="a person's turn")
    passes_as_a_test(shop, download.value, tmp_path)


def test_a_shop_menu_by_keyboard(shop: Shop, budi: Person) -> None:
    page, drawing = budi.goes("/flows").page, Drawing(budi)
    drawing.presses("Empty canvas\nBegin with nothing.")
    expect(page.locator(".empty.over")).to_be_visible()
    drawing.types("Small shop", "Name")
    drawing.presses("Add")
    drawing.types("hello", "Other words for it, with commas")
    drawing.presses("Menu", back=True)
    drawing.types("Hi {{name}}, what is it?")
    drawing.types("Prices", "Option 1")
    drawing.types("A person", "Option 2")
    drawing.presses("A new node after “1. Prices”")
    drawing.presses("Message")
    drawing.types("From Rp 50.000.")
    drawing.tabs_to("then")
    page.keyboard.type("menu1")
    drawing.presses("Menu: menu1", back=True)
    drawing.presses("A new node after “2. A person”")
    drawing.presses("Hand over")
    drawing.types("One moment, please.")
    drawing.presses("Hand over: hand_over1", back=True)
    page.keyboard.press("Delete")
    expect(drawing.node("hand_over1")).to_have_count(0)
    drawing.tabs_to("Arrange the nodes", back=True)
    page.keyboard.press("Control+z")
    expect(drawing.node("hand_over1")).to_have_count(1)
    page.keyboard.press("Enter")
    drawing.presses("Test chat")
    for text in ("hello", "1"):
        drawing.types(text, "Write as the customer")
        page.keyboard.press("Enter")
    menu = "Hi Dewi, what is it?\n\n1. Prices\n2. A person"
    expect(page.locator(".talk .b.bot")).to_have_text([menu, "From Rp 50.000.", menu])
    budi.takes_picture("flow-by-keyboard")
    drawing.saved("Draft saved")
    drawing.presses("Publish", back=True)
    page.keyboard.type("The first")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("version 1")

    writes(shop, ANDI, "hello", "K1")
    assert answers(shop, ANDI, 1)[0].endswith("1. Prices\n2. A person")
    writes(shop, ANDI, "1", "K2")
    assert answers(shop, ANDI, 3)[1] == "From Rp 50.000."
    writes(shop, ANDI, "2", "K3")
    assert answers(shop, ANDI, 4)[3] == "One moment, please."


def passes_as_a_test(shop: Shop, download: Any, folder: Path) -> None:
    """What the test chat saved is a test that `replyai flow test` runs."""
    saved = folder / download.suggested_filename
    download.save_as(saved)
    (flow,) = [each for each in shop.api("GET", "/api/flows")["items"] if each["name"] == "Menu Toko Melati"]
    saved.with_suffix(".json").write_text(json.dumps(flow["draft"]))
    command = [sys.executable, "-m", "engine.cli", "flow", "test", str(saved)]
    done = subprocess.run(command, cwd=ROOT, env=shop.serving.environ, capture_output=True, text=True)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_draft_is_tried_on_the_days_that_were(shop: Shop, sari: Person) -> None:
    """After the shop menu: what would it have done, had it been there when Dewi and Andi wrote?"""
    page = sari.goes("/flows").page
    page.get_by_role("link", name="Menu Toko Melati").click()
    page.get_by_role("button", name="Versi", exact=True).click()
    page.get_by_role("button", name="Jalankan").click()
    figures = page.locator(".backtest .figures")
    expect(figures).to_contain_text("Diserahkan ke orang1", timeout=60_000)
    menu = Drawing(sari).node("menu1")
    expect(menu.locator(".flow-figures")).to_have_text("1 sampai di sini")
    expect(Drawing(sari).node("hand_over1")).to_contain_text("1 diserahkan")
    sari.takes_picture("flow-backtest")
    page.get_by_role("button", name="versi 1").click()
    expect(page.locator(".versions")).to_contain_text("Yang pertama")
    expect(menu.locator(".flow-figures")).to_contain_text("2 kunjungan")
    with page.expect_popup() as inbox:
        page.locator(".caught a").first.click()
    expect(inbox.value.locator("#messages")).to_contain_text("Sebentar ya, Kak.")
    inbox.value.close()


def test_an_agent_begins_a_flow_with_a_click_and_stops_it(shop: Shop, budi: Person, browser: Browser) -> None:
    ask = {"id": "city", "kind": "ask", "text": "Kirim ke kota mana, Kak?", "field": "contact.city"}
    flow = {"name": "Tanya kota", "start": "city", "nodes": [ask], "triggers": [{"on": "click"}]}
    made = shop.api("POST", "/api/flows", {"definition": flow})
    shop.api("POST", f"/api/flows/{made['id']}/publish", {})
    (dewi,) = [c for c in shop.api("GET", "/api/conversations")["items"] if c["chat"] == DEWI]
    panel = budi.opens(dewi["id"]).page.locator("[data-flow-panel]")
    panel.get_by_role("button", name="Tanya kota").click()
    expect(budi.bubble("Kirim ke kota mana, Kak?")).to_be_visible()
    expect(panel).to_contain_text("version 1 · at “city”")
    panel.get_by_role("button", name="Stop the bot").click()
    expect(panel.get_by_role("button", name="Tanya kota")).to_be_visible()


def test_who_may_only_look_changes_nothing(shop: Shop, browser: Browser) -> None:
    about = {"name": "Tono", "email": "tono@toko.example", "role": "agent", "language": "en"}
    made = shop.api("POST", "/api/agents", about)
    tono = Person(browser, shop.address).goes(shop.api("POST", f"/api/agents/{made['id']}/link")["link"])
    tono.page.fill("input[name=password]", PASSWORD)
    tono.page.click("button[type=submit]")
    expect(tono.page.locator("#list")).to_be_visible()
    page = tono.goes("/flows").page
    page.get_by_role("link", name="Menu Toko Melati").click()
    expect(page.locator(".react-flow__node")).to_have_count(3)
    expect(page.get_by_role("button", name="Publish")).to_have_count(0)
    expect(page.locator(".inspector").get_by_label("Name")).to_be_disabled()
    page.locator('[data-id="menu1"] .flow-node-head').click()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Test chat").click()
    page.get_by_label("Write as the customer").fill("halo")
    page.keyboard.press("Enter")
    expect(page.locator(".talk .b.bot")).to_have_count(1)
    page.get_by_role("button", name="Versions").click()
    expect(page.locator(".versions button")).to_have_count(1)
    expect(page.locator(".backtest")).to_have_count(0)
    expect(page.locator(".react-flow__node")).to_have_count(3)
    assert tono.troubles == []


def test_a_flow_is_saved_as_a_file_and_made_of_one(shop: Shop, sari: Person, tmp_path: Path) -> None:
    page = sari.goes("/flows").page
    page.get_by_role("link", name="Menu Toko Melati").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Simpan alur sebagai berkas").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "menu-toko-melati.json"
    page = sari.goes("/flows").page
    page.get_by_label("Dari berkas").set_input_files(file)
    expect(page.locator("h1")).to_have_text("Menu Toko Melati 2")
    expect(page.locator(".react-flow__node")).to_have_count(3)
    odd = {"id": "menu", "kind": "menu", "text": 5, "options": "x", "to": [], "at": ["a"]}
    nodes = [odd, {"id": 1, "kind": "menu"}, {"id": "c", "kind": "condition", "cases": [1, {}]}]
    (tmp_path / "aneh.json").write_text(json.dumps({"name": "Aneh", "nodes": nodes, "triggers": {}}))
    page = sari.goes("/flows").page
    page.get_by_label("Dari berkas").set_input_files(tmp_path / "aneh.json")
    expect(page.locator(".react-flow__node")).to_have_count(2)
    (tmp_path / "nota.json").write_text("[1, 2]")
    page = sari.goes("/flows").page
    page.get_by_label("Dari berkas").set_input_files(tmp_path / "nota.json")
    expect(page.locator(".alert")).to_contain_text("Berkas ini bukan alur.")
    sari.takes_picture("flow-list")


def test_nodes_are_copied_arranged_and_all_of_it_undone(shop: Shop, sari: Person) -> None:
    definition = json.loads((STARTERS / "booking.json").read_text())["flow"]
    made = shop.api("POST", "/api/flows", {"definition": {**definition, "name": "Salinan"}})
    page, drawing = sari.goes(f"/flows/{made['id']}").page, Drawing(sari)
    nodes, count = page.locator(".react-flow__node"), len(definition["nodes"])
    expect(nodes).to_have_count(count)
    start = definition["start"]
    for key in ("a", "c", "v"):
        page.keyboard.press(f"Control+{key}")
    expect(nodes).to_have_count(2 * count)
    page.keyboard.press("Delete")  # the copies are what is selected
    expect(nodes).to_have_count(count)
    page.keyboard.press("Control+z")
    expect(nodes).to_have_count(2 * count)
    page.keyboard.press("Control+z")
    expect(nodes).to_have_count(count)
    page.keyboard.press("Control+Shift+z")
    expect(nodes).to_have_count(2 * count)
    page.keyboard.press("Control+z")
    before = drawing.node(start).bounding_box()
    assert before
    page.mouse.move(before["x"] + 60, before["y"] + 12)
    page.mouse.down()
    page.mouse.move(before["x"] + 60, before["y"] + 112, steps=5)
    page.mouse.up()
    drawing.saved("Draf tersimpan")
    until(lambda: placed(shop, made["id"], start), what="the place of the node")
    page.get_by_role("button", name="Rapikan simpul").click()
    page.get_by_role("button", name="Perbesar").click()
    expect(page.locator(".react-flow__minimap-node")).to_have_count(count)


def placed(shop: Shop, flow: str, node: str) -> Any:
    """Return where a node stands in the draft, or None."""
    nodes = shop.api("GET", f"/api/flows/{flow}")["draft"]["nodes"]
    return next(each for each in nodes if each["id"] == node).get("at")


def test_two_people_in_one_draft_and_the_way_back(shop: Shop, sari: Person, budi: Person) -> None:
    definition = json.loads((STARTERS / "faq.json").read_text())["flow"]
    flow = shop.api("POST", "/api/flows", {"definition": {**definition, "name": "Tanya"}})["id"]
    shop.api("POST", f"/api/flows/{flow}/publish", {"note": "first"})
    for person in (sari, budi):
        person.goes(f"/flows/{flow}")
    hers, his = Drawing(sari), Drawing(budi)
    hers.fills("Nama", "Tanya Jawab")
    expect(budi.page.locator("h1")).to_have_text("Tanya Jawab")
    budi.context.set_offline(True)
    his.fills("Name", "Questions")
    his.saved("Not saved yet; trying again")
    hers.fills("Nama", "Tanya Kami")
    hers.saved("Draf tersimpan")
    until(lambda: shop.api("GET", f"/api/flows/{flow}")["name"] == "Tanya Kami", what="Sari's change")
    budi.context.set_offline(False)
    banner = budi.page.locator(".flow-edit .banner")
    expect(banner).to_contain_text("Somebody else has changed this flow meanwhile.")
    budi.takes_picture("flow-conflict")
    assert shop.api("GET", f"/api/flows/{flow}")["name"] == "Tanya Kami"
    banner.get_by_role("button", name="Keep mine").click()
    his.saved("Draft saved")
    expect(banner).to_have_count(0)
    expect(sari.page.locator("h1")).to_have_text("Questions")
    his.fills("Name", "Menu Toko Melati")  # there is one of this name
    his.saved("Another flow has this name already")
    his.fills("Name", "Questions")
    his.saved("Draft saved")
    budi.page.get_by_role("button", name="Publish").click()
    budi.page.keyboard.press("Enter")
    expect(budi.page.locator(".toast")).to_contain_text("version 2")

    hers.saved("versi 2")
    sari.page.get_by_role("button", name="Versi", exact=True).click()
    sari.page.get_by_role("button", name="versi 1").click()
    expect(sari.page.locator(".difference")).to_be_attached()
    sari.page.once("dialog", lambda dialog: dialog.accept())
    sari.page.get_by_role("button", name="Terbitkan lagi versi 1").click()
    hers.saved("versi 3")
    expect(sari.page.locator(".versions button")).to_have_count(3)
    assert shop.api("GET", f"/api/flows/{flow}")["number"] == 3
