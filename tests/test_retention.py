"""How long things are kept, by the rules of [retention]."""

import os
from pathlib import Path
from typing import Any

import pytest

from engine import media, process, retention, times
from engine import plugins as installed
from engine.config import ConfigError, load
from engine.documents import Collection
from engine.events import event
from engine.verify import workspace as verified
from tests.processes import data_folder, until
from tests.test_erase import traces
from tests.world import ANDI, DEWI, SHOP, World, peer_of, written


def days_from_now(days: float) -> str:
    return times.add(times.now(), days * retention.DAY)


def raws(shop: World) -> int:
    found = shop.documents.connection.execute("SELECT count(*) FROM raw").fetchone()
    return int(found[0])


def well(shop: World) -> bool:
    return all(ok for ok, _, _ in verified(shop.workspace.folder, shop.registry.collections))


def picture(shop: World, body: bytes) -> dict[str, Any]:
    salt = shop.workspace.store.meta("media_salt") or ""
    return {
        "id": "m1",
        "state": "ready",
        **media.save(shop.workspace.folder, salt, body, "image/png", "a.png"),
    }


def test_raw_webhooks_are_kept_thirty_days_and_those_in_quarantine_longer(shop: World) -> None:
    raw = {"gateway": "waha", "account": SHOP, "body": b"{}"}
    shop.submit(written(DEWI, "Halo", "M1"), raw=raw)
    shop.submit(raw={**raw, "reason": "not understood"})
    retention.keep(shop.workspace, {}, days_from_now(29))
    assert raws(shop) == 2
    retention.keep(shop.workspace, {"raw_days": 0}, days_from_now(31))
    assert raws(shop) == 2
    retention.keep(shop.workspace, {}, days_from_now(31))
    assert raws(shop) == 1


def test_what_messages_say_is_erased_when_its_time_is_over(shop: World) -> None:
    rina = shop.agent("Rina")
    raw = {"gateway": "waha", "account": SHOP, "body": b'{"body": "rahasia lama"}'}
    shop.submit(written(DEWI, "rahasia lama", "M1", push_name="Dewi"), raw=raw)
    conversation = shop.conversation(DEWI)["id"]
    shop.ask("message.send", by=rina, conversation=conversation, text=None, media=picture(shop, b"foto"))
    sent = shop.messages(DEWI)[1]["id"]
    shop.job_ends(sent, outcome="sent", gateway_id="3EBA01")
    retention.keep(shop.workspace, {"message_days": 365}, days_from_now(364))
    assert shop.messages(DEWI)[0]["text"] == "rahasia lama"
    retention.keep(shop.workspace, {"message_days": 365, "raw_days": 0}, days_from_now(366))
    assert [(m["text"], m["media"]) for m in shop.messages(DEWI)] == [(None, None), (None, None)]
    assert shop.conversation(DEWI)["last_message"]["text"] == ""
    assert shop.all("contact")[0]["name"] == "Dewi", "who wrote is still known"
    assert traces(shop.workspace.folder, ("rahasia lama", "foto")) == {}
    assert well(shop)


def test_what_still_waits_to_be_sent_and_what_is_young_stays(shop: World) -> None:
    rina = shop.agent("Rina")
    shop.writes(DEWI, "lama")
    waiting = shop.answers(DEWI, "belum terkirim", by=rina)
    for number in range(retention.BATCH + 3):
        shop.submit(written(ANDI, f"pesan {number}", f"A{number}"))
    retention.keep(shop.workspace, {"message_days": 1}, days_from_now(2))
    assert {m["text"] for m in shop.messages(ANDI)} == {None}
    assert shop.get("message", waiting["id"])["text"] == "belum terkirim"
    shop.writes(DEWI, "baru")
    retention.keep(shop.workspace, {"message_days": 1}, days_from_now(0.5))
    assert shop.messages(DEWI)[-1]["text"] == "baru"
    assert well(shop)


def test_failures_of_plugins_are_listed_ninety_days(shop: World) -> None:
    problem = {"id": "p1", "plugin": "labels", "hook": "x", "error": "y", "kind": "raised", "event": "e"}
    data = {"documents": {"problem": [{**problem, "at": times.now()}]}}
    shop.submit(event("settings.changed", "1", data, origin="system"))
    retention.keep(shop.workspace, {}, days_from_now(89))
    assert len(shop.all("problem")) == 1
    retention.keep(shop.workspace, {}, days_from_now(91))
    assert shop.all("problem") == []
    assert well(shop)


SETTINGS = """
from marshmallow import Schema, fields
from engine import Collection

COLLECTIONS = [Collection("{name}_visit", None, indexes=(("at",),), ages=("at", "{ages}"), owner="{name}")]

class Settings(Schema):
    keep_days = fields.Integer(load_default={days})
"""


def with_plugin(folder: Path, name: str, days: int, ages: str = "keep_days") -> Path:
    """Write a plugin that keeps visits for so many days; return the folder of plugins."""
    plugin = folder / "plugins" / name
    plugin.mkdir(parents=True)
    (plugin / "plugin.toml").write_text(f'name = "{name}"\nversion = "1"\nsummary = "Notes visits."\n')
    (plugin / "__init__.py").write_text("")
    (plugin / "schemas.py").write_text(SETTINGS.format(name=name, days=days, ages=ages))
    return plugin.parent


def visits(count: int, days_ago: float) -> list[dict[str, Any]]:
    at = days_from_now(-days_ago)
    return [{"id": f"{days_ago}-{number}", "at": at, "page": "/harga"} for number in range(count)]


def test_documents_of_plugins_are_kept_as_many_days_as_the_plugins_setting_says(tmp_path: Path) -> None:
    for name, days in (("shelf", 30), ("attic", 0), ("cellar", 30)):
        folder = with_plugin(tmp_path, name, days)
    shop = World(tmp_path / "w", installed.load(folder))
    old = visits(retention.BATCH + 1, days_ago=31)
    data = {f"{name}_visit": [*old, *visits(2, days_ago=29)] for name in ("shelf", "attic", "cellar")}
    shop.submit(event("documents.imported", "1", {"documents": data}, origin="system"))
    settings = {"id": "cellar", "enabled": True, "settings": {"keep_days": 28}}
    shop.submit(event("settings.changed", "1", {"documents": {"plugin": [settings]}}, origin="system"))
    left = lambda: [len(shop.all(f"{name}_visit")) for name in ("shelf", "attic", "cellar")]  # noqa: E731
    retention.keep(shop.workspace, {}, times.now())
    assert left() == [2, len(old) + 2, 0]
    off = {**settings, "id": "shelf", "enabled": False}
    shop.submit(event("settings.changed", "2", {"documents": {"plugin": [off]}}, origin="system"))
    retention.keep(shop.workspace, {}, days_from_now(2))
    assert left() == [2, len(old) + 2, 0], "what is off waits"
    assert well(shop)
    shop.close()


def test_an_age_by_a_setting_that_is_none_is_the_plugins_error(tmp_path: Path) -> None:
    folder = with_plugin(tmp_path, "cupboard", days=1, ages="days")
    error = installed.load(folder).plugins["cupboard"].error
    assert error == "PluginError: cupboard_visit ages by 'days', which is no setting of it"


def test_an_age_without_an_index_is_refused() -> None:
    with pytest.raises(ValueError, match="no index begins with 'at'"):
        Collection("visit", indexes=(("page", "at"),), ages=("at", "keep_days"))


def test_an_upload_that_was_never_sent_is_deleted_after_two_days(shop: World) -> None:
    rina = shop.agent("Rina")
    shop.writes(DEWI, "Halo")
    sent, unsent = picture(shop, b"sent"), picture(shop, b"never sent")
    conversation = shop.conversation(DEWI)["id"]
    shop.ask("message.send", by=rina, conversation=conversation, text=None, media=sent)
    places = [media.path(shop.workspace.folder, m["hash"]) for m in (sent, unsent)]
    retention.keep(shop.workspace, {}, times.now())
    assert [place.exists() for place in places] == [True, True]
    for place in places:
        os.utime(place, (0, 0))
    retention.keep(shop.workspace, {}, times.now())
    assert [place.exists() for place in places] == [True, False]


def test_the_rules_come_from_the_settings_file_and_the_housekeeping_follows_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "HOUSEKEEPING_SECONDS", 0.01)
    with data_folder() as data:
        (data / "replyai.toml").write_text("[retention]\nmessage_days = 1\n")
        engine = process.Engine(load({}, data), installed.load())
        engine.start()
        workspace = engine.workspaces["main"]
        said = {"message": {"id": "M1", "kind": "text", "text": "lama"}, "peer": peer_of(DEWI)}
        old = event("message.received", f"{DEWI}/M1", said, account="x", origin="history")
        old["occurred_at"] = "2020-01-01T00:00:00.000000Z"
        workspace.submit([old]).result(10)
        reading = workspace.reading()
        until(lambda: reading.table("message").all()[0]["text"] is None)
        reading.connection.close()
        engine.stop()


def test_a_rule_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "replyai.toml").write_text("[retention]\nmesage_days = 3\n")
    with pytest.raises(ConfigError, match=r"line 2: retention.mesage_days = 3: .* did you mean message_days"):
        load({}, tmp_path)
