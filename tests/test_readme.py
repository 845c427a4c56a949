"""What the README says works as it stands there."""

import re
from pathlib import Path

import pytest

from engine import plugins
from engine.store import Reading
from tests.world import DEWI, World

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.S | re.M)


def test_the_plugin_of_the_readme_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my-plugins" / "closed"
    folder.mkdir(parents=True)
    (toml,) = [b for b in blocks("toml") if "plugin.toml" in b]
    (code,) = [b for b in blocks("python") if "__init__.py" in b]
    assert len([line for line in code.splitlines() if line.strip() and not line.startswith("#")]) <= 15
    (folder / "plugin.toml").write_text(toml)
    (folder / "__init__.py").write_text(code)
    registry = plugins.load(folder.parent)
    assert registry.plugins["closed"].error is None
    world = World(tmp_path / "w" / "main", registry).with_shop()
    monkeypatch.setattr("engine.times.now", lambda: "2099-11-24T16:00:00.000000Z")
    world.writes(DEWI, "Masih buka?")
    assert [m["text"] for m in world.messages(DEWI)][-1].startswith("Kami buka pukul 07.00")
    assert world.messages(DEWI)[-1]["why"] == "it is 23.00 and we are closed"
    world.close()


def test_the_query_of_the_readme_answers(shop: World) -> None:
    shop.writes(DEWI, "Halo")
    (code,) = [b for b in blocks("python") if "Reading" in b]
    names: dict[str, object] = {}
    path = str(shop.workspace.store.path)
    exec(code.replace("data/w/main/replyai.db", path), names)
    db = names["db"]
    assert isinstance(db, Reading)
    assert len(db.table("conversation")) == 1
    db.connection.close()


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (Path(__file__).parent.parent / target).exists(), target
