"""One gateway that hangs does not hold up the other numbers; one that is away is tried again."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.waha import FakeWaha, sign
from tests.processes import Serving, data_folder, until

SECRET = "a-secret-of-the-shop"
TOKEN = "rai_" + "h" * 43
DEWI = "6281300004521@c.us"


class Two:
    """A ReplyAI with two numbers, each on a WAHA of its own."""

    def __init__(self, data: Path, slow: FakeWaha, good: FakeWaha) -> None:
        numbers = "".join(
            f'[accounts.{name}]\ngateway = "waha"\nurl = "{waha.url}"\napi_key = "{waha.api_key}"\n'
            f'webhook_secret = "{SECRET}"\n'
            for name, waha in (("slow", slow), ("good", good))
        )
        (data / "replyai.toml").write_text(
            '[plugins.sender]\nfirst_pause = 0.2\ndeadline = 4\npreset = "official"\n' + numbers
        )
        self.serving = Serving(data, REPLYAI_API_TOKEN=TOKEN)
        self.address, _ = self.serving.ready()

    def call(self, path: str, body: Any = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **headers}
        with urllib.request.urlopen(
            urllib.request.Request(self.address + path, raw, headers), timeout=20
        ) as answer:
            return json.loads(answer.read())

    def hears(self, account: str, waha: FakeWaha) -> str:
        """Have a customer write to a number; return the conversation."""
        raw = json.dumps(waha.message(DEWI, "Halo", f"IN{account}")).encode()
        self.call(f"/webhooks/waha/{account}", raw, **sign(raw, SECRET))
        return str(self.call(f"/api/conversations?account={account}")["items"][0]["id"])

    def answers(self, conversation: str, text: str) -> str:
        return str(
            self.call(f"/api/conversations/{conversation}/messages", {"text": text, "client_id": text})["id"]
        )

    def status(self, conversation: str, message: str) -> str:
        items = self.call(f"/api/conversations/{conversation}/messages")["items"]
        return next(str(m["status"]) for m in items if m["id"] == message)


@pytest.fixture
def wahas() -> Iterator[tuple[FakeWaha, FakeWaha]]:
    with FakeWaha() as slow, FakeWaha() as good:
        yield slow, good


@pytest.mark.slow
def test_a_number_that_hangs_and_one_that_works(wahas: tuple[FakeWaha, FakeWaha]) -> None:
    slow, good = wahas
    with data_folder() as data:
        two = Two(data, slow, good)
        try:
            stuck, free = two.hears("slow", slow), two.hears("good", good)
            with slow.misbehaving("hang"):
                hanging = two.answers(stuck, "ke nomor yang macet")
                slow.wait_for_calls(1)
                for number in range(10):
                    two.answers(free, f"ke nomor yang lancar {number}")
                good.wait_for(10, 3)
                assert two.status(stuck, hanging) == "sending", "the other ten left while this one hung"
                until(lambda: two.status(stuck, hanging) == "unconfirmed", 15, "the deadline")
            assert [entry["text"] for entry in slow.ledger] == [], "never sent again by itself"
        finally:
            two.serving.stop()
            two.serving.kill()


@pytest.mark.slow
def test_a_number_that_is_away_is_tried_again_and_sent_once(wahas: tuple[FakeWaha, FakeWaha]) -> None:
    slow, good = wahas
    with data_folder() as data:
        two = Two(data, slow, good)
        try:
            conversation = two.hears("slow", slow)
            with slow.misbehaving("error", status=503, times=2):
                message = two.answers(conversation, "setelah pulih")
                slow.wait_for(1, 15)
            until(lambda: two.status(conversation, message) == "sent", 10, "sent")
            assert [entry["text"] for entry in slow.ledger] == ["setelah pulih"]
        finally:
            two.serving.stop()
            two.serving.kill()
