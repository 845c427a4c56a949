"""Which messages of a number may be next, from its documents: the candidates that `pacing` decides on."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from engine import times, where

from .hours import zones_of
from .pacing import LANES, held_by_contact

Document = dict[str, Any]

BATCH = 50
LOOKS = 100  # conversations of a lane that are looked at for one decision
ANSWERS = 200  # automatic messages among which answers are looked for
AGAIN = 5.0  # seconds to the next look, where there are more
SOON = 10.0  # seconds; what waits no longer is not noted on the message
BACK = 30  # messages of a conversation that are looked at
REACHED = ("sending", "unconfirmed", "sent", "delivered", "read")
HOME = "Asia/Jakarta"
HELD = "9999-12-31T00:00:00.000000Z"
"""The due time of a message that somebody holds."""


class Picking:
    """Looks through one number's queue. at: the time of the decision; home: the workspace's time zone."""

    def __init__(
        self, documents: Any, account: str, rules: Document, settings: Document, at: str, paused: bool = False
    ) -> None:
        self.documents = documents
        self.account = account
        self.rules = rules
        self.expiry = settings["expiry"]
        self.at = at
        self.paused = paused
        self.home = home(documents)
        self.held: list[tuple[str, str, str]] = []
        self.unwanted: list[tuple[Document, str]] = []
        self.expired: list[Document] = []
        self.expires: list[str] = []
        self.found: dict[str, Document] = {}
        self._stuck: set[tuple[str, Any]] | None = None
        self._saw_answers = False

    def lanes(self) -> Iterator[Iterator[Document]]:
        """Yield the candidates of each lane, found as they are asked for."""
        yield from (self._lane(lane) for lane in LANES)

    def _lane(self, lane: str) -> Iterator[Document]:
        looked_at: set[str] = set()
        for message in self._in_order(lane):
            due = message.get("sender.due")
            if due and due > self.at:  # all that follow are due later still
                if due != HELD:
                    yield self._later(message, due)
                return
            if message["conversation"] in looked_at or self._is_stuck(message, lane):
                continue
            if len(looked_at) == LOOKS:  # those looked at have it noted by then until when they wait
                self.expires.append(times.add(self.at, AGAIN))
                return
            first = self._first(message, lane)
            looked_at.add(message["conversation"])
            if first is not None and not self._is_unwanted(first, lane):
                yield self._candidate(first, lane)

    def _in_order(self, lane: str) -> Iterator[Document]:
        """Yield a lane's messages: answers to what was just written before all that nobody waits for."""
        is_paced = self.rules["gap_most"] or self.rules["cooldown"]
        answers = self._answers() if lane == "automatic" and is_paced else ()
        return chain(answers, self._waiting(lane))

    def _answers(self) -> Iterator[Document]:
        """Yield automatic replies that wait for no hour, the oldest first, among not too many messages."""
        self._saw_answers = True
        query = (where("account") == self.account) & (where("status") == "queued")
        after, seen = None, 0
        while seen < ANSWERS:
            page, after = self.documents.table("message").page(
                query & (where("lane") == "automatic"),
                order="at",
                after=after,
                limit=BATCH if seen else 2,
                newest_first=False,
            )
            seen += len(page)
            free = (each for each in page if (each.get("sender.due") or "") <= self.at)
            yield from (each for each in free if is_reply(self.documents, each, self.rules["fresh"]))
            if after is None:
                return

    def watch(self) -> None:
        """Note when the first automatic reply that waits, for whatever reason, becomes too old to be sent.

        No reply waits beyond that time for an hour or a retry: see `until`.
        """
        query = (where("account") == self.account) & (where("status") == "queued")
        waiting, _more = self.documents.table("message").page(
            query & (where("lane") == "automatic") & (where("sender.due") > self.at),
            order="sender.due",
            limit=1,
            newest_first=False,
        )
        self.expires += [each["sender.due"] for each in waiting if each["sender.due"] != HELD]
        if self._saw_answers or not self.expiry:
            return
        for message in self._answers():
            if not self._expired(message, "automatic"):
                self.expires.append(times.add(message["at"], self.expiry))
                return
            self.expired.append(message)

    def until(self, message: Document, due: str, is_answer: bool) -> str:
        """Return *due*, or the sooner time at which a message becomes too old, if it is an answer."""
        if not is_answer or not self.expiry or message.get("lane") != "automatic":
            return due
        return min(due, times.add(message["at"], self.expiry))

    def _waiting(self, lane: str) -> Iterator[Document]:
        """Yield a lane's queued messages, those without a due time first, in the order of their coming."""
        query = (where("account") == self.account) & (where("status") == "queued") & (where("lane") == lane)
        after, limit = None, 2
        while True:
            page, after = self.documents.table("message").page(
                query, order="sender.due", after=after, limit=limit, newest_first=False
            )
            yield from page
            limit = BATCH
            if after is None:
                return

    def waits(self) -> bool:
        """Whether anything waits that nobody holds."""
        first = (next(self._waiting(lane), None) for lane in LANES)
        return any(message and message.get("sender.due") != HELD for message in first)

    def _later(self, message: Document, due: str) -> Document:
        return {"message": message["id"], "held": (due, message.get("sender.why") or "retry")}

    def _is_stuck(self, message: Document, lane: str) -> bool:
        """Whether one before it, whose fate is not known, holds it back."""
        if self._stuck is None:
            query = (where("account") == self.account) & (where("status") == "unconfirmed")
            found = self.documents.table("message").search(query)
            self._stuck = {(other["conversation"], other.get("lane")) for other in found}
        return (message["conversation"], lane) in self._stuck

    def _first(self, message: Document, lane: str) -> Document | None:
        """Return the first of a message's conversation and lane; None while that waits for its retry.

        What waits only for a better hour does not hold back those after it.
        """
        query = (where("conversation") == message["conversation"]) & (where("status") == "queued")
        queued, _more = self.documents.table("message").page(
            query & (where("lane") == lane), order=None, limit=BATCH, newest_first=False
        )
        for other in queued:
            if (other.get("sender.due") or "") <= self.at:
                return other
            if not other.get("sender.why"):
                return None
        return message

    def _is_unwanted(self, message: Document, lane: str) -> bool:
        if lane == "agent":
            return False
        if self._expired(message, lane):
            self.expired.append(message)
            return True
        contact = self._contact(message)
        if contact.get("opted_out") and (message.get("author") or {}).get("id") != "sender":
            self.unwanted.append((message, "this contact has opted out"))
            return True
        return False

    def _expired(self, message: Document, lane: str) -> bool:
        late = lane == "automatic" and self.expiry and times.add(message["at"], self.expiry) <= self.at
        return bool(late and is_reply(self.documents, message, self.rules["fresh"]))

    def _contact(self, message: Document) -> Document:
        conversation = self.documents.table("conversation").get(doc_id=message["conversation"]) or {}
        return self.documents.table("contact").get(doc_id=conversation.get("contact")) or {}

    def _candidate(self, message: Document, lane: str) -> Document:
        self.found[message["id"]] = message
        plain = {
            "message": message["id"],
            "lane": lane,
            "at": message["status_at"],
            "length": len(message.get("text") or ""),
            "reply": False,
        }
        if lane == "agent" and not self.paused:
            return plain
        if lane != "agent" and not self.rules["gap_most"] and not self.rules["cooldown"]:
            return {**plain, **self._expiring(message, lane, reply=True)}
        return {**plain, **self._facts(message, lane)}

    def _facts(self, message: Document, lane: str) -> Document:
        """Return what of the conversation a decision depends on; see `pacing.held_by_contact`."""
        facts = conversation_facts(self.documents, message, self.rules, self.at)
        facts["zones"] = zones_of(self._contact(message).get("phone"), self.home)
        if lane == "agent":
            return {"in_window": facts["in_window"]}
        held = held_by_contact(self.rules, facts, self.at)
        if held and times.seconds_between(self.at, held[0]) > SOON:
            held = (self.until(message, held[0], facts["reply"]), held[1])
            self.held.append((message["id"], *held))
        return {**facts, "held": held, **self._expiring(message, lane, facts["reply"])}

    def _expiring(self, message: Document, lane: str, reply: bool) -> Document:
        if lane == "automatic" and reply and self.expiry:
            self.expires.append(times.add(message["at"], self.expiry))
        return {}


def home(documents: Any) -> str:
    """Return the workspace's time zone."""
    return (documents.table("workspace").get(doc_id="main") or {}).get("timezone") or HOME


def conversation_facts(documents: Any, message: Document, rules: Document, at: str) -> Document:
    """Return ``{reply, unasked, stranger, in_window, told, unanswered}`` of a message that waits."""
    recent, _more = documents.table("message").page(
        where("conversation") == message["conversation"], order="at", limit=BACK
    )
    heard = next((each["at"] for each in recent if each["direction"] == "in"), None)
    reached = [each for each in recent if each["direction"] == "out" and each["status"] in REACHED]
    own = [each for each in reached if each.get("sending_at") and each["id"] != message["id"]]
    told = [each["sending_at"] for each in own if each.get("lane") in ("automatic", "campaign")]
    in_window = bool(heard) and times.seconds_between(heard, at) <= rules["window"]
    return {
        "reply": bool(heard) and 0 <= times.seconds_between(heard, message["at"]) <= rules["fresh"],
        "unasked": not in_window,
        "stranger": heard is None and len(recent) < BACK,
        "in_window": in_window,
        "told": sorted(told, reverse=True),
        "unanswered": sum(1 for each in told if heard is None or each > heard),
    }


def is_reply(documents: Any, message: Document, fresh: float) -> bool:
    """Whether a message answers what its customer had just written."""
    before = (where("conversation") == message["conversation"]) & (where("at") <= message["at"])
    recent, _more = documents.table("message").page(before, order="at", limit=BACK)
    heard = next((each["at"] for each in recent if each["direction"] == "in"), None)
    return heard is not None and times.seconds_between(heard, message["at"]) <= fresh
