"""Fixtures that most tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World

CHROMIUM = Path("/usr/bin/chromium")
REQUIRED = "REPLYAI_TEST_REQUIRE"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing browser leaves its tests out on one's own machine, and fails them where it is required."""
    if item.get_closest_marker("browser") and not CHROMIUM.exists():
        if os.environ.get(REQUIRED):
            pytest.fail(f"{CHROMIUM} is not there; install Debian's chromium")
        pytest.skip(f"{CHROMIUM} is not there; install Debian's chromium")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    """A workspace with one number, no Redis and no web: what the engine does, at once."""
    world = World(tmp_path / "w" / "main").with_shop()
    yield world
    world.close()
