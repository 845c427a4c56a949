"""What an action names, and what the feed tells of: nothing of conversations and contacts out of sight."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from engine.events import event
from web.errors import NotFound
from web.permissions import PERMISSIONS
from web.seeing import named, see_named

from .processes import until
from .web_stack import ANDI, DEWI, Stack, running

CITRA = "6281300001111@c.us"
NAMED = {
    ("contacts.merge", "into"): "contact",
    ("contacts.undo_merge", "merge"): "contact_merge",
    ("contacts.dismiss", "pair"): "contact_pair",
    ("labels.merge", "into"): "label",
    ("notes.pin", "note"): "note",
    ("flowbuilder.resume", "version"): "flow_version",
    ("contacts.start_import", "import"): "contact_import",
    ("message.send", "reply_to"): "message",
}


class Ears:
    """A page that listens, without its socket."""

    key, signed_out = "k", False

    def __init__(self, stack: Stack, agent: str) -> None:
        self.stack, self.agent, self.told = stack, agent, []
        stack.held.hub.start()
        until(lambda: "main" in stack.held.hub.streams, what="the feed")
        self._level()
        stack.held.hub.join("main", self, stack.held.hub.streams["main"].seq)

    def _level(self) -> None:
        last = self.stack.engine.workspaces["main"].store
        until(lambda: self.stack.held.hub.streams["main"].seq == last.seq, what="the last commit")

    def put(self, frame: Any) -> None:
        if hasattr(frame, "text"):
            told = orjson.loads(frame.text(self.stack.held.hub.agent("main", self.agent)))
            self.told += [*told["changes"], *told["gone"]]

    def end(self, code: int) -> None:
        raise AssertionError(code)

    def heard(self) -> set[str]:
        """Return the names of the collections that were told of, once all is in."""
        self._level()
        return {each["collection"] for each in self.told}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as found:
        mine, theirs = found.team("Sales"), found.team("Accounts")
        found.rina = found.agent("Rina", "supervisor")
        found.sari = found.agent("Sari", "agent", (mine,))
        found.budi = found.agent("Budi", "agent", (theirs,))
        for chat in (DEWI, ANDI):
            found.writes(chat, "Halo")
            found.ask(
                "conversation.assign", conversation=found.conversation(chat)["id"], agent=None, team=theirs
            )
        yield found


def contact(stack: Stack, chat: str) -> str:
    (found,) = [each["id"] for each in stack.all("contact") if chat in each["aliases"]]
    return str(found)


def merge(stack: Stack) -> str:
    data = {"contact": contact(stack, ANDI), "into": contact(stack, DEWI), "choose": []}
    return str(stack.ask("contacts.merge", by=stack.rina, **data)["merge"])


def suggest(stack: Stack, id: str) -> None:
    """Have it suggested that Dewi and Andi are one person."""
    pair = {"id": id, "contact": contact(stack, ANDI), "other": contact(stack, DEWI)}
    found = {"outcome": "looked", "pairs": [{**pair, "score": 90, "reasons": ["name"]}]}
    stack.ask("contacts.look", by=stack.rina)
    job = [each for each in stack.all("job") if each["name"] == "contacts.pairs"][-1]["id"]
    done = {"job": job, "name": "contacts.pairs", "args": {}, "result": found}
    stack.submit([event("job.finished", job, done, origin="job")])


def act(stack: Stack, name: str, type: str, **data: Any) -> int:
    browser = stack.signed_in(name)
    asked = {"type": type, "data": data}
    headers = {"X-CSRF-Token": browser.csrf}
    return int(browser.client.post("/inbox/act", json=asked, headers=headers).status_code)


@pytest.mark.parametrize(("asked", "collection"), NAMED.items(), ids=lambda each: str(each))
def test_what_a_field_names_is_known(stack: Stack, asked: tuple[str, str], collection: str) -> None:
    with stack.app.app_context():
        found = named(asked[0], {"contact": "c"} if asked[0] == "contacts.merge" else {})
    assert found.get(asked[1]) == collection


def secrets(stack: Stack) -> dict[str, str]:
    """Return collection → a document out of Sari's sight, of each kind that an action can name."""
    theirs = stack.conversation(DEWI)["id"]
    said = {"conversation": theirs, "client_id": "n1", "mentions": [], "remind_at": None}
    note = stack.ask("notes.add", by=stack.budi, text="They pay late", **said)["note"]
    suggest(stack, "pair-1")
    return {
        "conversation": theirs,
        "contact": contact(stack, DEWI),
        "message": next(m["id"] for m in stack.all("message") if m["conversation"] == theirs),
        "note": note,
        "contact_pair": "pair-1",
    }


def test_no_action_of_an_agent_reaches_what_is_out_of_sight(stack: Stack) -> None:
    hidden, tried = secrets(stack), set()
    sari, budi = ({**a} for a in stack.all("agent") if a["id"] in (stack.sari, stack.budi))
    sari, budi = sorted((sari, budi), key=lambda agent: agent["name"], reverse=True)
    with stack.app.app_context():
        for type, kind in stack.registry.actions.items():
            if "agent" not in PERMISSIONS.get(kind.permission or "", ()):
                continue
            for field, collection in named(type, {"contact": "c"}).items():
                if collection not in hidden:
                    continue
                asked = {"type": type, "data": {"contact": None, field: hidden[collection]}}
                stack.held.reads.run("main", budi, lambda view, asked=asked: see_named(view, asked))
                with pytest.raises(NotFound):
                    stack.held.reads.run("main", sari, lambda view, asked=asked: see_named(view, asked))
                tried.add((type, field))
    assert {("contacts.dismiss", "pair"), ("notes.pin", "note"), ("contacts.merge", "into")} <= tried
    assert len(tried) > 30


def test_a_pair_of_people_out_of_sight_cannot_be_dismissed(stack: Stack) -> None:
    assert act(stack, "Sari", "contacts.dismiss", pair="pair-1") == 404
    assert act(stack, "Budi", "contacts.dismiss", pair="pair-1") == 200


def test_a_merge_of_people_out_of_sight_is_neither_told_nor_undone(stack: Stack) -> None:
    sari, budi = Ears(stack, stack.sari), Ears(stack, stack.budi)
    made = merge(stack)
    assert act(stack, "Sari", "contacts.undo_merge", merge=made) == 404
    assert [each["state"] for each in stack.all("contact_merge")] == ["done"]
    assert "contact_merge" not in sari.heard()
    assert "contact_merge" in budi.heard()
    assert act(stack, "Budi", "contacts.undo_merge", merge=made) == 200


def test_the_feed_tells_of_pairs_segments_imports_and_exports_only_whom_they_are_for(stack: Stack) -> None:
    ears = {name: Ears(stack, getattr(stack, name)) for name in ("sari", "budi", "rina")}
    suggest(stack, "pair-2")
    condition = {"field": "name", "op": "known", "value": None}
    stack.ask("contacts.create_segment", by=stack.rina, name="Owes us money", condition=condition)
    told = {name: each.heard() & {"contact_pair", "segment"} for name, each in ears.items()}
    assert told == {"sari": set(), "budi": {"contact_pair"}, "rina": {"contact_pair", "segment"}}
    assert "pairs of contacts" not in stack.signed_in("Sari").client.get("/contacts").text


def test_every_collection_that_is_told_of_says_for_whom(stack: Stack) -> None:
    assert stack.held.feeds
    assert all(each.permission in PERMISSIONS and each.plugin for each in stack.held.feeds.values())


def test_what_waits_is_counted_while_it_may_be_seen(stack: Stack) -> None:
    stack.writes(CITRA, "Halo")
    id = stack.conversation(CITRA)["id"]
    said = {"conversation": id, "client_id": "n2", "mentions": [stack.sari], "remind_at": None}
    stack.ask("notes.add", by=stack.rina, text=f"@[{stack.sari}] lihat", **said)
    browser = stack.signed_in("Sari")
    assert browser.client.get("/notes/count").json == {"count": 1}
    stack.ask("conversation.assign", conversation=id, agent=None, team=stack.conversation(DEWI)["team"])
    assert browser.client.get("/notes/count").json == {"count": 0}
