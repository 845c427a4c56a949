"""A paired phone's contacts as WAHA lists them, and whose hidden numbers are."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.gateways import CallFailed
from plugins.waha.gateway import Waha
from tests.fakes.waha import FakeWaha

WAHA = Waha()


@pytest.fixture
def waha() -> Iterator[FakeWaha]:
    with FakeWaha() as fake:
        yield fake


def listed(waha: FakeWaha, cursor: str | None = None, key: str = "waha-key") -> dict[str, Any]:
    account = {"id": "shop", "gateway": "waha", "settings": {"url": waha.url, "session": "default"}}
    return WAHA.contacts(account, {"api_key": key}, 5.0, cursor)


def test_who_is_in_the_phones_address_book_and_who_only_wrote(waha: FakeWaha) -> None:
    waha.knows("628131000@c.us", "Bu Dewi", "dewi")
    waha.knows("628132000@c.us", None, "andi")
    waha.knows("77123456789@lid", "Budi", number="628133000")
    waha.knows("77999999999@lid", "Tono")
    waha.knows("123@g.us", "Grup", isGroup=True)
    waha.knows("628130000@c.us", "Saya", isMe=True)
    page = listed(waha)
    names = {one["chat_id"]: (one["book_name"], one["lid"], one["push_name"]) for one in page["contacts"]}
    assert names == {
        "628131000@c.us": ("Bu Dewi", None, "dewi"),
        "628132000@c.us": (None, None, "andi"),
        "628133000@c.us": ("Budi", "77123456789@lid", None),
        "77999999999@lid": ("Tono", "77999999999@lid", None),
    }


def test_whose_hidden_numbers_are_is_read_after_the_contacts(waha: FakeWaha) -> None:
    waha.lids = {f"77{number:09}@lid": f"62813{number:05}@c.us" for number in range(600)}
    assert listed(waha)["next"] == "lids/0"
    first = listed(waha, "lids/0")
    assert first["next"] == "lids/500" and "book_name" not in first["contacts"][0]
    last = listed(waha, "lids/500")
    assert (len(last["contacts"]), last["next"]) == (100, None)


def test_contacts_that_cannot_be_had_are_a_failed_call(waha: FakeWaha) -> None:
    with pytest.raises(CallFailed):
        listed(waha, key="wrong")
