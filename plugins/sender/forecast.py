"""When a campaign's messages would leave a number, for who has them planned: the hook ``forecasts``."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine import NOT_CONNECTED, times, where

from .hours import zones_of
from .pacing import day_limit, new_pace
from .picking import HELD, home
from .preview import AGAIN, Broadcast, InLine, Planned, drawing, together
from .rules import rules_of
from .schemas import Settings

Json = Mapping[str, Any]
DEFAULTS = Settings().load({})
YEAR = 366 * 86400.0


def forecast(
    connection: Any,
    documents: Any,
    account: Json,
    supports: Json,
    planned: Iterable[Json],
    at: str,
    *,
    ahead: int | None = None,
    others: Iterable[Json] = (),
    now: str | None = None,
) -> dict[str, Any]:
    """Return what `engine.hookspecs.forecasts` describes. It takes for granted that enough people answer."""
    plugin = documents.table("plugin").get(doc_id="sender") or {}
    rules = rules_of({**DEFAULTS, **(plugin.get("settings") or {})}, account, supports)
    zone, id = home(documents), account["id"]
    stored = documents.table("sender_pace").get(doc_id=id)
    pace = {**(stored or new_pace(id)), "paused": False}
    mine = {"planned": list(planned), "at": at, "ahead": ahead}
    every = [(each, _broadcast(each, zone)) for each in (mine, *others)]
    line = _line(documents, id, every, zone)
    sees = (now or at) if line or len(every) > 1 else at
    draw, until = drawing(connection, id), times.add(at, YEAR)
    free = {**rules, "reply_share": 0}
    first, *rest = (broadcast for _told, broadcast in every)
    found = together(free, pace, first, rest, line, sees, zone, draw, until=until)
    there = {each.number for each in line if each.of is first}
    for number, one in enumerate(mine["planned"]):
        if one.get("message") and number not in there:
            found[number] = sees  # it is being sent
    ends = max((each for each in found if each), default=at)
    return {
        "times": found,
        "preset": rules["preset"],
        "day_limit": day_limit(rules, pace, at, zone),
        "new_limit": int(rules["new_per_day"]),
        "share": rules["reply_share"],
        "paused": bool(account.get("sender.paused")),
        "down": account.get("state") in NOT_CONNECTED,
        "others": sum(1 for told, _each in every[1:] if _shares(told, ends)),
    }


def _shares(told: Json, ends: str) -> bool:
    """Whether a broadcast has messages in the line before another one ends."""
    return bool(told["planned"]) and (bool(told["planned"][0].get("message")) or told["at"] <= ends)


def _broadcast(told: Json, zone: str) -> Broadcast:
    """Return a broadcast of which none of those to come is in the line yet; those that are come first."""
    planned = [_planned(p["length"], p["phone"], zone, stranger=p["stranger"]) for p in told["planned"]]
    there = sum(1 for each in told["planned"] if each.get("message"))
    return Broadcast(planned, told["at"], told["ahead"], told.get("again") or AGAIN, taken=there)


def _line(documents: Any, account: str, every: list[tuple[Json, Broadcast]], zone: str) -> list[InLine]:
    """Return what waits in a number's slowest lane, in its order: broadcasts' messages, and others'."""
    whose = {
        one["message"]: (broadcast, number)
        for told, broadcast in every
        for number, one in enumerate(told["planned"])
        if one.get("message")
    }
    query = (where("account") == account) & (where("status") == "queued") & (where("lane") == "campaign")
    found: list[InLine] = []
    for message in _in_order(documents, query):
        of, number = whose.get(message["id"], (None, 0))
        due = message.get("sender.due") or ""
        if of is not None:
            of.waiting += 1
            due = "" if due == HELD else due  # as if it were let go on
            found.append(InLine(of.planned[number], message["status_at"], of, number, due))
        elif due != HELD:
            one = _planned(len(message.get("text") or ""), _phone(documents, message), zone)
            found.append(InLine(one, message["status_at"], due=due))
    return found


def _in_order(documents: Any, query: Any) -> Iterable[Any]:
    after = None
    while True:
        page, after = documents.table("message").page(
            query, order="sender.due", after=after, limit=500, newest_first=False
        )
        yield from page
        if after is None:
            return


def _planned(length: int, phone: str | None, zone: str, *, stranger: bool = False) -> Planned:
    return Planned(length, zones_of(phone, zone), stranger=stranger, who=phone)


def _phone(documents: Any, message: Json) -> str | None:
    conversation = documents.table("conversation").get(doc_id=message["conversation"]) or {}
    contact = documents.table("contact").get(doc_id=conversation.get("contact")) or {}
    phone: str | None = contact.get("phone")
    return phone
