"""Events that are written together leave what they would leave one by one, whatever some of them do."""

import types
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import Refused, action, handles, hookimpl, journal, schemas, times, where
from engine.documents import fulltext
from engine.events import event, requested
from engine.plugins import Plugin, Registry, load
from tests.world import ANDI, DEWI, SHOP, World, peer_of, written

MORNING = "2031-03-03T01:00:00.000000Z"
BUDI, LID = "6281900007777@c.us", "88123@lid"
Event = dict[str, Any]


def difficult() -> Plugin:
    """A plugin that reads, writes and fails at all sorts of moments, by what a customer writes."""
    module = types.ModuleType("test_difficult")

    def received(message: Any, conversation: Any, documents: Any, rng: Any) -> Any:
        asked = (message["text"] or "").partition(" ")[0]
        if asked == "raises":
            raise ValueError("I do not like that word")
        if asked in ("fails", "refuses", "mixes"):
            yield action(f"difficult.{asked}", conversation=conversation["id"])
        if asked == "counts":
            said = documents.table("message").search(where("conversation") == conversation["id"])
            open_ones = documents.table("conversation").count(where("status") == "open")
            text = f"{len(said)} of {open_ones}, {rng.randint(1, 6)}"
            yield action("message.send", conversation=conversation["id"], text=text)

    def writes(data: Any, tx: Any) -> None:
        tx.insert("problem", {"id": tx.new_id(), "plugin": "core", "at": tx.at, "kind": "told"})
        tx.update("conversation", data["conversation"], {"difficult.was": tx.at})

    def fails(data: Any, tx: Any) -> None:
        writes(data, tx)
        raise RuntimeError("after it wrote")

    def refuses(data: Any, tx: Any) -> None:
        writes(data, tx)
        raise Refused("after it wrote")

    def mixes(data: Any, tx: Any) -> None:
        """Read and write in both ways, each seeing what the other did."""
        writes(data, tx)
        table = tx.documents.table("conversation")
        assert table.get(doc_id=data["conversation"])["difficult.was"] == tx.at
        table.update({"difficult.times": 1}, doc_ids=[data["conversation"]])
        assert tx.get("conversation", data["conversation"])["difficult.times"] == 1
        tx.update("conversation", data["conversation"], {"difficult.times": 2})
        assert table.count(where("id") == data["conversation"]) == 1
        assert table.get(doc_id=data["conversation"])["difficult.times"] == 2

    for name, function in (("fails", fails), ("refuses", refuses), ("mixes", mixes)):
        function.__module__ = module.__name__
        setattr(module, name, handles(f"difficult.{name}", schemas.OfConversation)(function))
    module.message_received = hookimpl(received)  # type: ignore[attr-defined]
    return Plugin("difficult", order=50, module=module)


REGISTRY = Registry([*load().plugins.values(), difficult()])
_numbers = count()


class Apart(World):
    """A shop whose time and chance depend on what is written alone; it writes nothing before `start`."""

    def __init__(self, folder: Path) -> None:
        from engine.workspace import Workspace

        self.frames, self.registry = [], REGISTRY
        self.workspace = Workspace("main", folder / str(next(_numbers)), REGISTRY, None, self.frames.extend)
        store = self.workspace.store
        store.salt = "a salt"
        store.now = lambda: times.add(MORNING, store.seq)  # type: ignore[method-assign]
        self.workspace.clock._now = lambda: MORNING  # no timer is due

    def together(self, batches: list[list[Event]]) -> list[Any]:
        futures = [self.workspace.submit(batch) for batch in batches]
        self.workspace.start()
        return [_outcome(future) for future in futures]

    def alone(self, batches: list[list[Event]]) -> list[Any]:
        self.workspace.start()
        return [_outcome(self.workspace.submit(batch)) for batch in batches]

    def left(self) -> dict[str, Any]:
        """Return all that is in the file, and what was told."""
        documents = self.workspace.reading()
        execute = documents.connection.execute
        found: dict[str, Any] = {name: documents.table(name).all() for name in sorted(documents.tables())}
        found["rows"] = execute("SELECT * FROM journal ORDER BY seq").fetchall()
        found["subjects"] = execute("SELECT * FROM journal_subject").fetchall()
        found["frames"] = self.frames
        found["wrong words"] = fulltext.check(self.workspace.store.connection, REGISTRY.collections)
        found["wrong rows"] = journal.verify(documents.connection)
        documents.connection.close()
        return found


def _outcome(future: Any) -> Any:
    error = future.exception(10)
    return repr(error) if error else future.result()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path


def is_the_same(folder: Path, batches: list[list[Event]]) -> dict[str, Any]:
    """Have both do the same; return what is left, which must be alike to the byte."""
    first = [
        [requested(None, [{"type": "account.put", "data": {"name": SHOP, "gateway": "simulator"}}], "1")]
    ]
    one, other = Apart(folder), Apart(folder)
    try:
        assert one.together(first + batches) == other.alone(first + batches)
        assert one.workspace.writer.groups < other.workspace.writer.groups or len(batches) < 2
        left = one.left()
        assert left == other.left()
        assert left["wrong words"] == left["wrong rows"] == []
        return left
    finally:
        one.workspace.stop()
        other.workspace.stop()


def asks(type: str, number: int, **data: Any) -> Event:
    return requested(None, [{"type": type, "data": data}], f"click-{number}")


def an_event(kind: str, chat: str, number: int, text: str) -> Event:
    """Return one of all sorts of events; of the same number twice, the second says nothing new."""
    if kind == "writes":
        return written(chat, f"{text} {number}", f"M{number}", push_name=f"Nama {number % 3}")
    if kind == "writes as another":
        return written(LID, text, f"M{number}", lid=LID)
    if kind == "is linked":
        return event("identity.linked", f"{chat}/{number}", {"peer": peer_of(chat, lid=LID)}, account=SHOP)
    if kind == "status":
        data = {"ids": [f"M{number}"], "status": "read", "peer": peer_of(chat)}
        return event("message.status", f"M{number}/read", data, account=SHOP)
    if kind == "edits":
        data = {"target_id": f"M{number}", "peer": peer_of(chat), "text": f"{text}, betul"}
        return event("message.edited", f"M{number}/{text}", data, account=SHOP)
    if kind == "is no message":
        return event("message.received", f"bad{number}", {"message": {"id": "x"}, "peer": {}}, account=SHOP)
    if kind == "is imported":
        documents = {"documents": {"contact": [{"id": f"c{number}", "aliases": [], "names": {}}]}}
        return event("documents.imported", str(number), documents, origin="system")
    return asks("labels.create", number, name=f"{text} {number % 4}", color="#d4380d")


KINDS = (
    *["writes"] * 6,
    "writes as another",
    "is linked",
    "status",
    "edits",
    "is no message",
    "is imported",
    "a label",
)
TEXTS = ("Halo", "Halo", "counts", "raises", "fails", "refuses", "mixes")
events = st.builds(
    an_event,
    st.sampled_from(KINDS),
    st.sampled_from((DEWI, ANDI, BUDI)),
    st.integers(0, 9),
    st.sampled_from(TEXTS),
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.lists(events, min_size=1, max_size=3), min_size=2, max_size=14))
def test_a_group_leaves_what_its_parts_would_leave_alone(folder: Path, batches: list[list[Event]]) -> None:
    is_the_same(folder, batches)


def test_one_that_fails_after_it_wrote_is_undone_alone_in_the_middle_of_a_group(folder: Path) -> None:
    texts = ["Halo", "fails", "Apa kabar", "refuses", "mixes", "counts", "counts"]
    left = is_the_same(folder, [[written(DEWI, text, f"T{n}")] for n, text in enumerate(texts)])
    (conversation,) = left["conversation"]
    assert conversation["unread"] == len(texts)
    assert conversation["difficult.times"] == 2
    assert len([problem for problem in left["problem"] if problem["kind"] == "told"]) == 1
    sent = [message["text"] for message in left["message"] if message["direction"] == "out"]
    assert [text.partition(",")[0] for text in sent] == ["6 of 1", "8 of 1"]


def test_a_batch_that_is_refused_takes_nothing_of_the_others_along(folder: Path) -> None:
    imported = event("documents.imported", "1", {"documents": {"contact": []}}, origin="system")
    batches = [
        [written(DEWI, "Halo", "A")],
        [written(ANDI, "Pagi", "B"), imported],
        [written(BUDI, "Siang", "C")],
    ]
    left = is_the_same(folder, batches)
    assert [message["text"] for message in left["message"]] == ["Halo", "Siang"]
    assert len(left["rows"]) == 3


def test_the_same_twice_in_one_group_is_a_duplicate(folder: Path) -> None:
    again = [[written(DEWI, "Halo", "A")], [written(DEWI, "Halo", "A")]]
    left = is_the_same(folder, again)
    assert len(left["message"]) == 1


def test_an_id_that_was_taken_by_an_import_is_that_events_own_trouble(folder: Path) -> None:
    """A document that should be new is there already: its event alone is told so."""
    taken = left_by_one_message(folder)
    documents = {"documents": {"contact": [{"id": taken, "aliases": [], "names": {}, "phone": None}]}}
    left = is_the_same(
        folder,
        [
            [event("documents.imported", "1", documents, origin="system")],
            [written(DEWI, "Halo", "A")],
            [written(ANDI, "Pagi", "B")],
        ],
    )
    assert [message["text"] for message in left["message"]] == ["Pagi"]
    errors = [body for _, _, _, body, _ in left["rows"] if "already exists" in body]
    assert len(errors) == 1


def left_by_one_message(folder: Path) -> str:
    """Return the id that the contact of a first message gets."""
    left = is_the_same(folder, [[written(DEWI, "Halo", "A")]])
    return str(left["contact"][0]["id"])
