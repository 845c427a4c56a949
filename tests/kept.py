"""Make the workspace that `tests/data` keeps of a version: ``python -m tests.kept``.

It is made once for each version that changes how something is stored, and kept for good.
"""

import gzip
import tempfile
from pathlib import Path

from engine import __version__
from tests.test_erase import a_day, erase
from tests.world import ANDI, World

DATA = Path(__file__).parent / "data"
BUDI = "6281100009999@c.us"


def live_through(shop: World) -> None:
    """Have a shop live through what this version knows: people, labels, messages, an erasure."""
    rina = a_day(shop)
    shop.ask("team.create", name="Gudang")
    shop.ask("message.send", by=rina, conversation=shop.conversation(ANDI)["id"], text="Sama-sama, Andi")
    shop.ask("conversation.resolve", by=rina, conversation=shop.conversation(ANDI)["id"])
    shop.writes(BUDI, "apakah buka hari Minggu?", push_name="Budi")
    erase(shop)


def keep() -> Path:
    """Write ``workspace-<version>.db.gz``; return where."""
    with tempfile.TemporaryDirectory() as folder:
        shop = World(Path(folder) / "main").with_shop()
        live_through(shop)
        shop.close()
        body = (Path(folder) / "main" / "replyai.db").read_bytes()
    target = DATA / f"workspace-{__version__}.db.gz"
    target.write_bytes(gzip.compress(body, mtime=0))
    return target


if __name__ == "__main__":
    print(keep())
