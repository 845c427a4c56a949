"""Events that are written together leave what they would leave one by one, whatever some of them do."""

import types
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import fields

from engine import Refused, action, handles, hookimpl, journal, schemas, times, where
from engine.actions import ActionSchema
from engine.documents import fulltext
from engine.events import event, requested
from engine.plugins import Plugin, Registry, load
from engine.replay import replay
from tests.world import ANDI, DEWI, SHOP, World, peer_of, written

MORNING = "2031-03-03T01:00:00.000000Z"
BUDI, LID = "6281900007777@c.us", "88123@lid"
Event = dict[str, Any]


class Steps(ActionSchema):
    """What `works` does, one after the other."""

    steps = fields.List(fields.List(fields.String()))


def works(data: Any, tx: Any) -> dict[str, Any]:
    """Work on contacts in both ways, open tables too; return all that was read."""
    table, read = None, []
    for step, name in data["steps"]:
        id, document = f"contact {name}", {"id": f"contact {name}", **somebody(name)}
        if step == "opens":
            table = tx.documents.table("contact")
        elif step == "inserts":
            tx.insert("contact", document)
        elif step == "updates":
            tx.update("contact", id, {"aliases": [f"{name}@lid"], "name": "Z"})
        elif step == "removes":
            tx.remove("contact", id)
        elif step == "looks up":
            read += [tx.first("contact", aliases=f"{name}@c.us"), tx.first("contact", aliases=f"{name}@lid")]
        elif step == "reads":
            read.append(tx.get("contact", id))
        elif table is not None:
            writes_rows(table, step, document)
            read.append(table.get(doc_id=id))
    return {"read": read}


def somebody(name: str) -> dict[str, Any]:
    return {"aliases": [f"{name}@c.us"], "names": {}, "phone": None, "name": name.upper()}


def writes_rows(table: Any, step: str, document: dict[str, Any]) -> None:
    """Write by the table itself, what the transaction does not see coming."""
    if step == "adds a row":
        table.insert(document)
    elif step == "sets a row":
        table.update({"phone": "+62"}, doc_ids=[document["id"]])
    elif step == "drops a row":
        table.remove(doc_ids=[document["id"]])


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

    functions = {"fails": fails, "refuses": refuses, "mixes": mixes, "works": works}
    for name, function in functions.items():
        schema = Steps if name == "works" else schemas.OfConversation
        function.__module__ = module.__name__
        setattr(module, name, handles(f"difficult.{name}", schema)(function))
    module.message_received = hookimpl(received)  # type: ignore[attr-defined]
    return Plugin("difficult", order=50, module=module)


REGISTRY = Registry([*load().plugins.values(), difficult()])
_numbers = count()


class Apart(World):
    """A shop whose time and chance depend on what is written alone; it writes nothing before `start`."""

    def __init__(self, folder: Path, registry: Registry | None = None) -> None:
        from engine.workspace import Workspace

        self.frames, self.registry = [], registry or REGISTRY
        self.workspace = Workspace(
            "main", folder / str(next(_numbers)), self.registry, None, self.frames.extend
        )
        store = self.workspace.store
        store.salt = "a salt"
        store.set_meta("salt", store.salt)
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


def is_the_same(folder: Path, batches: list[list[Event]], registry: Registry | None = None) -> dict[str, Any]:
    """Have both do the same; return what is left, which must be alike to the byte."""
    first = [
        [requested(None, [{"type": "account.put", "data": {"name": SHOP, "gateway": "simulator"}}], "1")]
    ]
    one, other = Apart(folder, registry), Apart(folder, registry)
    try:
        assert one.together(first + batches) == other.alone(first + batches)
        assert one.workspace.writer.groups < other.workspace.writer.groups or len(batches) < 2
        left = one.left()
        assert left == other.left()
        assert left["wrong words"] == left["wrong rows"] == []
        assert replay(one.workspace.folder, one.registry)["identical"]
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


STEPS = ("inserts", "inserts", "updates", "removes", "removes", "reads")
ROWS = ("adds a row", "sets a row", "drops a row", "looks at a row")
steps = st.lists(st.tuples(st.sampled_from(STEPS + ROWS), st.sampled_from("aab")), max_size=4)
handlers = st.builds(lambda opens, steps: [*opens, *steps], st.sampled_from(([], [("opens", "")])), steps)


def a_handler(steps: list[tuple[str, str]], number: int) -> Event:
    """Return what has a handler do such steps, and look up everybody before and after them."""
    looks = [["looks up", "a"], ["looks up", "b"]]
    return asks("difficult.works", number, steps=[*looks, *map(list, steps), *looks])


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


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(handlers, min_size=2, max_size=6))
def test_handlers_read_the_same_however_they_are_grouped(
    folder: Path, handlers: list[list[tuple[str, str]]]
) -> None:
    is_the_same(folder, [[a_handler(steps, n)] for n, steps in enumerate(handlers)])


def test_who_was_added_to_an_open_collection_and_removed_is_not_found_again(folder: Path) -> None:
    add = [("opens", ""), ("inserts", "a")]
    parts = [[*add, ("removes", "a")], add, [("removes", "a")], [("reads", "b")]]
    left = is_the_same(folder, [[a_handler(steps, n)] for n, steps in enumerate(parts)])
    results = [orjson.loads(body)["actions"][0]["result"]["read"] for _, _, _, body, _ in left["rows"][1:]]
    assert [len([each for each in read if each]) for read in results] == [0, 1, 1, 0]


@pytest.mark.parametrize("id", [7.5, True, 1 << 62, [1], "a\0b"])
def test_what_sql_compares_otherwise_is_a_duplicate_or_none_however_it_is_grouped(
    folder: Path, id: Any
) -> None:
    batches = []
    for number in range(2):
        came = written(DEWI, "halo", "x")
        came["id"], came["data"]["message"]["id"] = f"toko/message.received/{number}", id
        batches.append([came])
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


@pytest.mark.parametrize("is_deaf", [False, True])
def test_an_id_that_was_taken_by_an_import_is_that_events_own_trouble(folder: Path, is_deaf: bool) -> None:
    """A document that should be new is there already: its event alone is told so, whoever swallows it."""
    taken = left_by_one_message(folder)
    documents = {"documents": {"contact": [{"id": taken, "aliases": [], "names": {}, "phone": None}]}}
    batches = [
        [event("documents.imported", "1", documents, origin="system")],
        [written(DEWI, "Halo", "A")],
        [written(ANDI, "Pagi", "B")],
    ]
    plugins = [*REGISTRY.plugins.values(), *([deaf()] if is_deaf else [])]
    left = is_the_same(folder, batches, Registry(plugins))
    assert [message["text"] for message in left["message"]] == ["Pagi"]
    errors = [body for _, _, _, body, _ in left["rows"] if "already exists" in body]
    assert len(errors) == 1


def deaf() -> Plugin:
    """A plugin that reads, and takes no notice of what goes wrong."""
    module = types.ModuleType("test_deaf")

    def received(documents: Any) -> None:
        try:
            documents.table("contact").search(where("phone") == "+62811")
        except:  # noqa: E722
            return

    module.message_received = hookimpl(received)  # type: ignore[attr-defined]
    return Plugin("deaf", order=40, module=module)


def left_by_one_message(folder: Path) -> str:
    """Return the id that the contact of a first message gets."""
    left = is_the_same(folder, [[written(DEWI, "Halo", "A")]])
    return str(left["contact"][0]["id"])
