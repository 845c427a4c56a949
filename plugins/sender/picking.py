"""Which messages of a number may be next, from its documents: the candidates that `pacing` decides on."""

from collections.abc import Iterator
from typing import Any

from engine import times, where

from .hours import zones_of
from .pacing import LANES, held_by_contact

Document = dict[str, Any]

BATCH = 50
LOOKS = 100  # messages of a lane that are looked at for one decision
BACK = 30  # messages of a conversation that are looked at
EXPIRING = 50
EXPIRY, FRESH = 600.0, 300.0
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
        self.expires: list[str] = []
        self.found: dict[str, Document] = {}
        self._stuck: set[tuple[str, Any]] | None = None

    def lanes(self) -> Iterator[Iterator[Document]]:
        """Yield the candidates of each lane, found as they are asked for."""
        yield from (self._lane(lane) for lane in LANES)

    def _lane(self, lane: str) -> Iterator[Document]:
        looked_at: set[str] = set()
        for message in self._waiting(lane):
            due = message.get("sender.due")
            if due and due > self.at:  # all that follow are due later still
                if due != HELD:
                    yield self._later(message, due)
                return
            if message["conversation"] in looked_at or self._is_stuck(message, lane):
                continue
            first = self._first(message, lane)
            looked_at.add(message["conversation"])
            if first is not None and not self._is_unwanted(first, lane):
                yield self._candidate(first, lane)

    def _waiting(self, lane: str) -> Iterator[Document]:
        """Yield a lane's queued messages, those without a due time first, in the order of their coming."""
        query = (where("account") == self.account) & (where("status") == "queued") & (where("lane") == lane)
        after, seen = None, 0
        while seen < LOOKS:
            page, after = self.documents.table("message").page(
                query, order="sender.due", after=after, limit=BATCH if seen else 2, newest_first=False
            )
            yield from page
            seen += len(page)
            if after is None:
                return

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
            self.expires.append(self.at)
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
        if held and times.seconds_between(self.at, held[0]) > self.rules["cooldown"]:
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
    own = [each for each in recent if each["direction"] == "out" and each.get("sending_at")]
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


def overdue(documents: Any, account: str, settings: Document, at: str) -> list[Document]:
    """Return the automatic replies of a number that are too old to be sent by now."""
    expiry = settings.get("expiry", EXPIRY)
    if not expiry:
        return []
    query = (where("account") == account) & (where("status") == "queued") & (where("lane") == "automatic")
    late = query & (where("at") <= times.add(at, -expiry))
    found, _more = documents.table("message").page(late, order="at", limit=EXPIRING)
    return [each for each in found if is_reply(documents, each, settings.get("fresh") or FRESH)]
