"""Fixtures that most tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    """A workspace with one number, no Redis and no web: what the engine does, at once."""
    world = World(tmp_path / "w" / "main").with_shop()
    yield world
    world.close()
