"""Buttons: said with them where the number's gateway has some, in words where it has none."""

from typing import Any

import pytest

from engine import redact
from engine.events import event
from plugins.flowbuilder import running, texts, transcripts
from plugins.flowbuilder.trying import step
from tests.test_flows import bot_said, published, session, shop
from tests.test_flows_running import SHOP as MENU
from tests.test_flows_running import flow
from tests.world import ANDI, DEWI, SHOP, World, peer_of

__all__ = ["shop"]
WORDS = "Mau apa?\n\n1. Harga\n2. Lokasi"
OPTIONS = [{"id": "m/1", "title": "Harga"}, {"id": "m/2", "title": "Lokasi"}]
BUTTONS = {"text": "Mau apa?", "options": OPTIONS}
ASK = {"id": "q", "kind": "ask", "text": "Nama?", "field": "nama", "to": {"next": "e"}}
END = {"id": "e", "kind": "end", "text": "Baik, {{nama}}."}


def menu(*titles: str, **more: Any) -> dict[str, Any]:
    """Return a menu whose every option leads to the end."""
    options = [{"id": str(number), "title": title} for number, title in enumerate(titles, 1)]
    to = {f"option.{option['id']}": "e" for option in options}
    return {"id": "m", "kind": "menu", "text": "Mau apa?", "options": options, "to": to, **more}


def presses(world: World, chat: str, button: str, title: str, account: str = SHOP) -> None:
    """Have a customer press a button, as a gateway tells of it."""
    id = world._next_id()
    answer = {"id": button, "title": title, "kind": "buttons"}
    said = {"id": id, "kind": "interactive", "text": title, "interactive": answer}
    data = {"message": said, "peer": peer_of(chat)}
    world.submit(event("message.received", f"{chat}/{id}", data, account=account))


def writes_to_waha(world: World, chat: str, text: str) -> None:
    """Have a customer write to a number whose gateway has no buttons."""
    if not world.get("account", "gudang"):
        world.ask("account.put", name="gudang", gateway="waha", title="Gudang")
    id = world._next_id()
    data = {"message": {"id": id, "kind": "text", "text": text}, "peer": peer_of(chat, push_name="Andi")}
    world.submit(event("message.received", f"{chat}/{id}", data, account="gudang"))


def sent(world: World, chat: str = DEWI, **data: Any) -> dict[str, Any]:
    """Send to a customer; return what came of it."""
    return world.ask("message.send", conversation=world.conversation(chat)["id"], **data)


def test_where_the_gateway_has_buttons_the_message_has_them(shop: World):
    shop.writes(DEWI, "apa kabar")
    done = sent(shop, text=WORDS, buttons=BUTTONS)
    message = shop.get("message", done["result"]["message"])
    assert (message["text"], message["kind"], message["buttons"]) == ("Mau apa?", "text", OPTIONS)
    assert shop.conversation(DEWI)["last_message"]["text"] == "Mau apa?"


def test_where_it_has_none_the_text_says_all(shop: World):
    writes_to_waha(shop, ANDI, "apa kabar")
    done = sent(shop, ANDI, text=WORDS, buttons=BUTTONS)
    message = shop.get("message", done["result"]["message"])
    assert message["text"] == WORDS and "buttons" not in message
    shop.writes(DEWI, "apa kabar")
    plain = shop.get("message", sent(shop, text="Halo", buttons=None)["result"]["message"])
    assert plain["text"] == "Halo" and "buttons" not in plain


@pytest.mark.parametrize(
    "buttons, says",
    [
        ({"text": "?", "options": []}, "Length must be between 1 and 3"),
        ({"text": "?", "options": [{"id": str(n), "title": str(n)} for n in range(4)]}, "between 1 and 3"),
        ({"text": "?", "options": [{"id": "1", "title": "x" * 21}]}, "between 1 and 20"),
        ({"text": "?", "options": [{"id": "1", "title": " "}]}, "it says nothing"),
        ({"text": "?", "options": [{"id": "", "title": "Ya"}]}, "between 1 and 256"),
        ({"text": "?", "options": [{"id": "1" * 257, "title": "Ya"}]}, "between 1 and 256"),
        ({"text": "?", "options": [{"id": "1", "title": t} for t in "ab"]}, "two buttons have the same id"),
        ({"text": "?", "options": [{"id": i, "title": "Ya"} for i in "12"]}, "have the same title"),
        ({"text": "x" * 1025, "options": OPTIONS}, "between 1 and 1024"),
        ({"text": " ", "options": OPTIONS}, "it says nothing"),
        ({"options": OPTIONS}, "Missing data"),
        ({"text": "?", "options": OPTIONS, "color": "red"}, "Unknown field"),
    ],
)
def test_what_no_phone_could_show_is_refused(shop: World, buttons: Any, says: str):
    shop.writes(DEWI, "apa kabar")
    done = sent(shop, text=WORDS, buttons=buttons)
    assert done["status"] == "refused" and says in done["reason"] and "buttons" in done["reason"]
    assert [m["direction"] for m in shop.messages(DEWI)] == ["in"]


def test_it_still_needs_a_text_and_goes_with_no_file(shop: World):
    shop.writes(DEWI, "apa kabar")
    assert sent(shop, buttons=BUTTONS)["reason"] == "a message needs a text or a file"
    file = {"id": "f", "hash": "ab" * 32, "mime": "image/png", "filename": "f.png"}
    done = sent(shop, text=WORDS, buttons=BUTTONS, media=file)
    assert done["reason"] == "a message has a file or buttons, not both"


def test_what_is_erased_has_no_buttons(shop: World):
    shop.writes(DEWI, "apa kabar")
    message = shop.get("message", sent(shop, text=WORDS, buttons=BUTTONS)["result"]["message"])
    assert not {"Harga", "Mau apa?"} & set(redact.texts(redact.document("message", "x", dict(message))))


def test_a_menu_is_answered_by_its_buttons(shop: Any):
    published(shop, MENU)
    shop.writes(DEWI, "halo", push_name="Dewi")
    assert bot_said(shop, DEWI) == ["Halo Dewi, mau apa?\n[Harga] [Lokasi]"]
    presses(shop, DEWI, "menu/2", "Lokasi")
    assert bot_said(shop, DEWI)[1:] == ["Jl. Melati 5, Bogor.", "Halo Dewi, mau apa?\n[Harga] [Lokasi]"]
    shop.writes(DEWI, "1")  # whoever types the number is understood as before
    assert bot_said(shop, DEWI)[3].startswith("Mulai Rp 50.000")


def test_on_a_gateway_without_buttons_a_menu_is_numbered_text(shop: Any):
    published(shop, MENU)
    writes_to_waha(shop, ANDI, "halo")
    assert bot_said(shop, ANDI) == ["Halo Andi, mau apa?\n\n1. Harga\n2. Lokasi"]
    writes_to_waha(shop, ANDI, "2")
    assert bot_said(shop, ANDI)[1:] == ["Jl. Melati 5, Bogor.", "Halo Andi, mau apa?\n\n1. Harga\n2. Lokasi"]


@pytest.mark.parametrize(
    "node",
    [
        menu("Satu", "Dua", "Tiga", "Empat"),
        menu("x" * 21),
        menu("Ya", "ya"),
        menu("Ya", " "),
        menu("Ya", "Tidak", text="x" * 1025),
        menu("Ya", "Tidak", text=""),
    ],
    ids=["four", "long title", "alike", "blank title", "long text", "no text"],
)
def test_what_does_not_fit_buttons_is_numbered_text(shop: Any, node: dict[str, Any]):
    published(shop, flow(node, END))
    shop.writes(DEWI, "halo")
    (message,) = [m for m in shop.messages(DEWI) if m["direction"] == "out"]
    assert "buttons" not in message and "1. " in message["text"]
    shop.writes(DEWI, "1")
    assert session(shop, DEWI) is None


def test_the_longest_that_fits_is_said_with_buttons(shop: Any):
    published(shop, flow(menu("x" * 20, "y" * 20, "z" * 20, text="t" * 1024), END))
    shop.writes(DEWI, "halo")
    (message,) = [m for m in shop.messages(DEWI) if m["direction"] == "out"]
    assert len(message["buttons"]) == 3 and len(message["text"]) == 1024


def test_a_menu_that_lists_itself_has_no_buttons(shop: Any):
    published(shop, flow(menu("Ya", "Tidak", text="Ketik 1 atau 2", list_options=False), END))
    shop.writes(DEWI, "halo")
    shop.writes(DEWI, "apa kabar")
    shop.later(4)
    assert bot_said(shop, DEWI)[0] == "Ketik 1 atau 2" and "1. Ya\n2. Tidak" in bot_said(shop, DEWI)[1]


def test_who_is_not_understood_gets_the_buttons_again(shop: Any):
    published(shop, flow(menu("Ya", "Tidak"), END))
    shop.writes(DEWI, "halo")
    shop.writes(DEWI, "apa kabar")
    shop.later(4)
    assert bot_said(shop, DEWI)[1] == "Maaf, saya belum mengerti. Silakan pilih salah satu:\n[Ya] [Tidak]"


def test_a_press_is_taken_at_once_and_means_its_own_menu(shop: Any):
    first = menu("1", "2") | {"to": {"option.1": "q", "option.2": "n"}}  # titles that are others' numbers
    first["options"] = [{"id": "2", "title": "1"}, {"id": "1", "title": "2"}]
    second = menu("Ya", "Tidak") | {"id": "n", "to": {"option.1": "q", "option.2": "e"}}
    published(shop, flow(first, second, ASK, END))
    shop.writes(DEWI, "halo")
    presses(shop, DEWI, "m/2", "1")
    assert session(shop, DEWI)["node"] == "n"  # type: ignore[index]
    presses(shop, DEWI, "m/1", "2")  # of the menu before: its title is what was said
    assert session(shop, DEWI) is None


def test_a_button_of_a_flow_that_is_over_is_words(shop: Any):
    published(shop, flow(menu("Ya", "Tidak"), END))
    shop.writes(DEWI, "halo")
    presses(shop, DEWI, "m/1", "Ya")
    presses(shop, DEWI, "m/1", "Ya")
    assert bot_said(shop, DEWI)[1:] == ["Baik, ."]
    assert shop.conversation(DEWI)["handler"] == "queue"


def test_transcripts_and_the_test_chat_read_numbered_text():
    definition = flow(menu("Ya", "Tidak"), END)
    talk = step(definition, [{"customer": "halo"}])["talk"]
    assert talk[-1] == {"by": "bot", "text": "Mau apa?\n\n1. Ya\n2. Tidak", "node": "m", "media": None}
    said = [
        {"customer": "halo"},
        {"bot": "Mau apa?\n\n1. Ya\n2. Tidak"},
        {"customer": "1"},
        {"bot": "Baik, ."},
    ]
    transcripts.run({"talk": said}, definition)


def test_buttons_take_their_room():
    chat = transcripts.chat_of(flow(menu("Ya", "Tidak"), END), {})
    full = len("Mau apa?\n\n1. Ya\n2. Tidak")
    both = full + len("Mau apa?") + len("m/1" + "Ya" + "m/2" + "Tidak")
    for room, has, left in ((both, True, 0), (both - 1, False, both - 1 - full), (full - 1, False, 0)):
        run = running._Run(chat.flow, {"fields": {}, "unasked": 0}, chat.around)
        run.room = room
        run.offer("Mau apa?", chat.flow.nodes["m"])
        (said,) = run.out.do
        assert ("buttons" in said, run.room) == (has, left)


def test_what_a_button_is_called_and_which_option_it_stands_for():
    node = menu("Ya", "Tidak")
    assert texts.buttons(node) == [{"id": "m/1", "title": "Ya"}, {"id": "m/2", "title": "Tidak"}]
    assert texts.pressed(node, "m/1", "Ya") == node["options"][0]
    assert texts.pressed(node, "m/1", "Tidak") is None
    assert texts.pressed(node, "x/1", "Ya") is None and texts.pressed(node, None, "Ya") is None
