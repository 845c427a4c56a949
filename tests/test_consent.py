"""Opting out and blocking: what a contact does not want does not happen."""

from pathlib import Path

from engine import plugins
from engine.events import event
from tests.world import DEWI, World, peer_of


def _contact(shop: World) -> str:
    return str(shop.conversation(DEWI)["contact"])


def test_a_bot_is_refused_after_an_opt_out_and_an_agent_is_not(shop: World):
    shop.writes(DEWI, "Saya tidak mau iklan")
    sari, contact = shop.agent("Sari"), _contact(shop)
    done = shop.ask("contact.opt_out", by=sari, contact=contact, reason="asked for it")
    assert done["status"] == "done"
    told = shop.get("contact", contact)["opted_out"]
    assert (told["reason"], told["source"]) == ("asked for it", "agent")
    assert shop.ask("contact.opt_out", by=sari, contact=contact)["status"] == "refused"
    assert shop.answers(DEWI, "You are off the list.", by=sari)["lane"] == "agent"
    shop.ask("contact.opt_in", by=sari, contact=contact, reason="changed their mind")
    assert shop.get("contact", contact)["opted_out"] is None


NEWS = """
from engine import action, hookimpl

@hookimpl
def labels_added(conversation):
    for lane in ("automatic", "campaign"):
        yield action("message.send", conversation=conversation["id"], text="News!", lane=lane)
"""


def test_what_no_person_wrote_is_refused_after_an_opt_out(tmp_path: Path):
    folder = tmp_path / "plugins" / "news"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text('name = "news"\nversion = "1"\nsummary = "News"\ndefault = true\n')
    (folder / "__init__.py").write_text(NEWS)
    shop = World(tmp_path / "w" / "main", plugins.load(folder.parent)).with_shop()
    try:
        shop.writes(DEWI, "hello")
        conversation = shop.conversation(DEWI)["id"]
        sari = shop.agent("Sari")
        shop.ask("labels.add", by=sari, conversation=conversation, label=shop.label("VIP"))
        assert {m["author"]["kind"] for m in shop.messages(DEWI) if m["direction"] == "out"} == {"bot"}
        assert [m["lane"] for m in shop.messages(DEWI) if m["direction"] == "out"] == [
            "automatic",
            "campaign",
        ]
        shop.ask("contact.opt_out", contact=_contact(shop))
        shop.ask("labels.add", conversation=conversation, label=shop.label("Regular"))
        refused = [a for a in shop.journal()[-1]["actions"] if a["type"] == "message.send"]
        assert [a["reason"] for a in refused] == ["this contact has opted out"] * 2
        assert len([m for m in shop.messages(DEWI) if m["direction"] == "out"]) == 2
    finally:
        shop.close()


def test_a_blocked_contact_is_heard_by_nobody(shop: World):
    shop.writes(DEWI, "buy my coins")
    sari, contact = shop.agent("Sari"), _contact(shop)
    shop.ask("contact.block", by=sari, contact=contact, reason="spam")
    shop.writes(DEWI, "BUY MY COINS")
    conversation = shop.conversation(DEWI)
    assert (conversation["status"], conversation["handler"], conversation["unread"]) == (
        "resolved",
        "nobody",
        0,
    )
    assert [m["text"] for m in shop.messages(DEWI)] == ["buy my coins", "BUY MY COINS"]
    said = shop.ask("message.send", by=sari, conversation=conversation["id"], text="hello")
    assert (said["status"], said["reason"]) == ("refused", "this contact is blocked")
    shop.ask("contact.unblock", by=sari, contact=contact)
    shop.writes(DEWI, "sorry")
    assert shop.conversation(DEWI)["status"] == "open"


def test_a_blocked_contact_on_a_second_number_opens_nothing(shop: World):
    shop.ask("account.put", name="gudang", gateway="simulator")
    shop.writes(DEWI, "buy my coins")
    shop.ask("contact.block", contact=_contact(shop))
    data = {"message": {"id": "3EB0FF", "kind": "text", "text": "coins?"}, "peer": peer_of(DEWI)}
    shop.submit(event("message.received", f"{DEWI}/3EB0FF", data, account="gudang"))
    (second,) = [c for c in shop.all("conversation") if c["account"] == "gudang"]
    assert (second["status"], second["handler"], second["unread"]) == ("resolved", "nobody", 0)
