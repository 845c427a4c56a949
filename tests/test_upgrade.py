"""Workspaces of older versions open, and their journals are read as if they were of today."""

import gzip
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import exports, imports, journal, plugins, upgrade
from engine.documents import Collection, Database
from engine.plugins import Registry
from engine.replay import replay
from engine.upgrade import UpgradeError
from engine.verify import workspace as verified
from engine.writer import Writer
from tests.kept import ANDI, BUDI, DATA
from tests.world import World

Document = dict[str, Any]
KEPT = sorted(DATA.glob("workspace-*.db.gz"))


def with_emoji(label: Document) -> Document:
    """Labels of version 2 have an emoji of their own."""
    return {**label, "emoji": "🏷"}


def without_hash(label: Document) -> Document:
    """Labels of version 3 write their colour without ``#``."""
    return {**label, "color": label["color"].lstrip("#")}


def upgraded(*steps: Callable[[Document], Document]) -> Registry:
    """Return what is installed, with labels that have another version."""
    registry = plugins.load()
    labels = registry.plugins["labels"]
    changed = [replace(c, upgrades=steps) if c.name == "label" else c for c in labels.collections]
    settings = labels.settings_schema
    labels.parts["schemas"] = SimpleNamespace(Settings=settings, COLLECTIONS=changed)  # type: ignore[assignment]
    return registry


@pytest.fixture(autouse=True)
def batches_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "BATCH", 5)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A workspace with twelve labels of version 1."""
    shop = World(tmp_path / "main").with_shop()
    for number in range(12):
        shop.label(f"Label {number}")
    shop.close()
    yield tmp_path / "main"


def well(world: World) -> bool:
    return all(ok for ok, _, _ in verified(world.workspace.folder, world.registry.collections))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.name)
def test_a_workspace_of_every_version_opens_and_goes_on(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "replyai.db").write_bytes(gzip.decompress(kept.read_bytes()))
    shop = World(tmp_path / "main")
    assert well(shop)
    assert [m["text"] for m in shop.messages(BUDI)] == ["apakah buka hari Minggu?"]
    assert shop.conversation(ANDI)["status"] == "resolved"
    assert [label["name"] for label in shop.all("label")] == ["Keluhan"]
    assert sum(1 for contact in shop.all("contact") if contact.get("erased_at")) == 1
    shop.writes(ANDI, "halo lagi")
    assert shop.conversation(ANDI)["status"] == "open"
    assert well(shop)
    shop.close()


def test_there_is_a_workspace_of_this_version() -> None:
    assert KEPT


def test_documents_are_upgraded_step_by_step_and_the_journal_tells(folder: Path) -> None:
    shop = World(folder, upgraded(with_emoji, without_hash))
    assert {(label["emoji"], label["color"]) for label in shop.all("label")} == {("🏷", "d4380d")}
    assert [row["event"]["type"] for row in shop.journal()[-3:]] == ["documents.upgraded"] * 3
    assert well(shop)
    seq = shop.workspace.store.seq
    shop.close()
    again = World(folder, upgraded(with_emoji, without_hash))
    assert again.workspace.store.seq == seq, "once is enough"
    again.close()


def test_an_upgrade_that_was_cut_short_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    counted: list[Document] = []

    def counting(label: Document) -> Document:
        assert "emoji" not in label, "no document is upgraded twice"
        counted.append(label)
        return with_emoji(label)

    submit = Writer.submit
    with monkeypatch.context() as dying:
        calls = iter([submit, dies])
        dying.setattr(Writer, "submit", lambda *given: next(calls)(*given))
        with pytest.raises(KeyboardInterrupt):
            World(folder, upgraded(counting))
    shop = World(folder, upgraded(counting))
    assert {label["emoji"] for label in shop.all("label")} == {"🏷"}
    assert well(shop)
    shop.close()


def test_an_upgrade_that_fails_for_one_document_changes_nothing(folder: Path) -> None:
    def fails(label: Document) -> Document:
        if label["name"] == "Label 9":
            raise KeyError("shade")
        return with_emoji(label)

    with pytest.raises(UpgradeError, match=r"label \w+ cannot be upgraded from version 1 to 2 of labels"):
        World(folder, upgraded(fails))
    shop = World(folder)
    assert not any("emoji" in label for label in shop.all("label"))
    shop.close()


def test_documents_of_a_newer_version_are_refused(folder: Path) -> None:
    World(folder, upgraded(with_emoji)).close()
    with pytest.raises(RuntimeError, match=r"label is of a newer labels \(version 2, here 1\)"):
        World(folder)


def test_documents_of_an_old_row_are_brought_up(folder: Path, tmp_path: Path) -> None:
    registry = upgraded(with_emoji)
    shop = World(folder, registry)
    connection, seq = shop.documents.connection, 8
    journal.rebuild(connection, tmp_path / "then.db", registry.collections, until=seq)
    then = Database(
        connection=sqlite3.connect(tmp_path / "then.db", isolation_level=None),
        collections=registry.collections,
        string_ids=True,
    )
    assert len(then.table("label")) > 3
    assert not any("emoji" in label for label in then.table("label").all())
    names = [collection.name for collection in registry.collections]
    assert upgrade.versions_at(connection, names, seq)["label"] == 1
    assert upgrade.versions_at(connection, names, shop.workspace.store.seq)["label"] == 2
    upgrade.bring_up(then, registry.collections, upgrade.versions_at(connection, names, seq))
    assert {label["emoji"] for label in then.table("label").all()} == {"🏷"}
    shop.close()


def test_an_old_journal_is_replayed_with_the_documents_of_today(folder: Path) -> None:
    registry = upgraded(with_emoji)
    shop = World(folder, registry)
    shop.label("Baru")
    row = list(journal.rows(shop.documents.connection))[8]
    report = replay(folder, registry, since=row.at)
    assert report["counts"]["upgrades"] == 3
    assert report["failures"] == {"recorded": 0, "here": 0}
    before = [label for label in shop.all("label") if label["created_at"] < row.at]
    assert before and report["rows"]["after"] == row.seq - 1
    shop.close()


@pytest.mark.parametrize("format", ["jsonl", "tinydb"])
def test_an_old_export_is_upgraded_as_it_comes_in(folder: Path, tmp_path: Path, format: str) -> None:
    old = World(folder)
    path = old.workspace.store.path
    exports.write(path, "main", old.registry.collections, format, tmp_path / "old")
    old.close()
    known: dict[str, Collection] = {c.name: c for c in upgraded(with_emoji).collections}
    found = [document for name, document in imports.read(tmp_path / "old", known) if name == "label"]
    assert len(found) == 12 and {label["emoji"] for label in found} == {"🏷"}
    with pytest.raises(imports.ImportRefused, match="is of a newer labels"):
        newer = {**known, "label": replace(known["label"], upgrades=())}
        (tmp_path / "new").write_text(
            '{"replyai": 1, "versions": {"label": 2}}\n{"collection": "label", "document": {"id": "a"}}\n'
        )
        list(imports.read(tmp_path / "new", newer))
