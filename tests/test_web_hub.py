"""The hub: commits in order to every page; where some are missing, pages load anew what they show."""

from collections.abc import Iterator
from typing import Any

import pytest

from web.frames import Frame
from web.hub import Hub, Stream

from .web_stack import Stack, running


class Listener:
    """A page that keeps what it hears."""

    agent, key = "sari", "k"

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def put(self, frame: Any) -> None:
        self.heard.append(frame.seq if isinstance(frame, Frame) else frame)

    def end(self, code: int) -> None:
        self.heard.append(code)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        yield found


@pytest.fixture
def hub(stack: Stack) -> Hub:
    hub = Hub(stack.held)
    hub.streams["main"] = Stream(10, 10)
    return hub


def commit(seq: int, **more: Any) -> dict[str, Any]:
    doc = {"id": "c", "team": None, "assignee": f"agent {seq}"}
    change = {"collection": "conversation", "id": "c", "fields": {"assignee": doc["assignee"]}, "doc": doc}
    return {"workspace": "main", "seq": seq, "changes": [change], "event": {}, **more}


def joins(hub: Hub, after: int) -> tuple[Listener, list[int] | None]:
    listener = Listener()
    missed = hub.join("main", listener, after)
    return listener, None if missed is None else [frame.seq for frame in missed]


def test_commits_in_order_are_handed_on(hub: Hub) -> None:
    page, missed = joins(hub, 10)
    for seq in (11, 12, 13):
        hub.on_frame(commit(seq))
    assert (page.heard, missed) == ([11, 12, 13], [])
    assert joins(hub, 11)[1] == [12, 13]


def test_a_gap_has_every_page_start_over(hub: Hub) -> None:
    page, _ = joins(hub, 10)
    hub.on_frame(commit(11))
    hub.on_frame(commit(40))
    hub.on_frame(commit(41))
    assert page.heard == [11, {"resync": True}, 40, 41]
    assert joins(hub, 11)[1] is None
    assert joins(hub, 39)[1] == [40, 41]


def test_the_engines_word_that_commits_were_left_out_does_too(hub: Hub) -> None:
    page, _ = joins(hub, 10)
    hub.on_frame(commit(11))
    hub.on_frame({"workspace": "main", "seq": 60, "changes": [], "event": {}, "resync": True})
    hub.on_frame(commit(61))
    assert page.heard == [11, {"resync": True}, 61]
    assert joins(hub, 11)[1] is None
    assert joins(hub, 60)[1] == [61]


def test_after_a_gap_nothing_is_decided_by_what_was_known_before_it(hub: Hub) -> None:
    stream = hub.streams["main"]
    hub.on_frame(commit(11))
    stream.scopes["other"], stream.agents["sari"] = {"team": None}, {"role": "admin"}
    hub.on_frame(commit(20))
    assert list(stream.scopes) == ["c"] and not stream.agents


def test_what_was_committed_before_the_start_is_no_gap(hub: Hub) -> None:
    hub.streams["main"] = Stream(500, 10)  # the engine is at 500; the last 490 are asked for
    page, _ = joins(hub, 10)
    for seq in (11, 12):
        hub.on_frame(commit(seq))
    assert page.heard == [11, 12]
