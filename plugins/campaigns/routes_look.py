"""What the pages and the REST of campaigns show: a campaign, its people, its planned schedule."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from engine import times, where
from web import View, _, call_in_words, forecasts, gateways, language, ngettext

from . import chart, tally, texts
from .handlers_sending import LOOK_AGAIN
from .schemas import Settings

Json = dict[str, Any]
DEFAULTS = Settings().load({})
PEOPLE = 20
SHOWN = (
    "id",
    "n",
    "contact",
    "phone",
    "variant",
    "state",
    "reason",
    "missing",
    "conversation",
    "queued_at",
)
COUNTED = (
    "waiting",
    "queued",
    "sent",
    "read",
    "replied",
    "failed",
    "unconfirmed",
    "cancelled",
    "opted_out",
    "stranger",
    "agreed",
    "missing",
    "left_out",
)


def workspace_of(view: View) -> Json:
    """Return ``{zone, language, region}`` of the workspace."""
    found = view.db.table("workspace").get(doc_id="main") or {}
    return {
        "zone": found.get("timezone") or "Asia/Jakarta",
        "language": found.get("language") or "id",
        "region": found.get("region") or "ID",
    }


def shaped(campaign: Json) -> Json:
    """Return a campaign with the numbers that people ask for: ``total, done, share (percent), figures``."""
    figures = {key: tally.count(campaign, key) for key in COUNTED}
    gone, total = tally.count(campaign, *tally.LEFT), tally.total(campaign)
    done = gone + figures["failed"] + figures["cancelled"] + figures["unconfirmed"]
    if campaign["strangers"]:
        figures["waiting"] += figures["stranger"]
    return {
        **campaign,
        "total": total,
        "done": done,
        "share": int(100 * done / total) if total else 0,
        "figures": {**figures, "sent": gone, "delivered": gone - figures["sent"]},
    }


def variants(campaign: Json) -> list[Json]:
    """Return how each text did: ``{id, text, weight, sent, read, replied, opted_out, rate (percent)}``."""
    found = []
    for text in campaign["texts"]:
        counts = campaign["variants"].get(text["id"]) or {}
        sent = sum(counts.get(state, 0) for state in tally.LEFT)
        told = {key: counts.get(key, 0) for key in ("read", "replied", "opted_out")}
        rate = round(100 * told["replied"] / sent, 1) if sent else None
        found.append({**text, "sent": sent, **told, "rate": rate})
    return found


def number_of(view: View, campaign: Json) -> Json:
    """Return ``{id, title, paused, gone, why}`` of a campaign's number.

    paused: what the sender says of its breaker, or None; why: the code of what the next message waits for.
    """
    found = view.db.table("account").get(doc_id=campaign["account"]) or {"removed_at": "-"}
    return {
        "id": campaign["account"],
        "title": found.get("title") or campaign["account"],
        "paused": found.get("sender.paused"),
        "gone": bool(found.get("removed_at")),
        "why": (view.db.table("sender_pace").get(doc_id=campaign["account"]) or {}).get("why"),
    }


def numbers(view: View) -> list[tuple[str, str]]:
    """Return the numbers that there are, as (id, title)."""
    every = view.db.table("account").all()
    return [(each.doc_id, each.get("title") or each.doc_id) for each in every if not each.get("removed_at")]


def segment_choices(view: View) -> list[tuple[str, str]]:
    """Return the segments as (id, name), by name; none where contacts are off."""
    if "contacts" in view.hidden:
        return []
    found, _more = view.page("segment", order="name", newest_first=False, limit=200)
    return [(each["id"], each["name"]) for each in found]


def segment_name(view: View, campaign: Json) -> str:
    """Return what the audience of a campaign is called."""
    if not campaign["segment"]:
        return campaign["file"] or ""
    found = view.db.table("segment").get(doc_id=campaign["segment"])
    return str(found["name"]) if found else ""


def custom_fields(view: View) -> list[Json]:
    """Return the custom fields of contacts that are in use."""
    if "contacts" in view.hidden:
        return []
    return [dict(field) for field in view.db.table("contact_field").all() if not field.get("archived")]


def field_keys(view: View, campaign: Json) -> list[str]:
    """Return the fields that a text may name, besides the name: the file's, then custom ones."""
    first: list[Json] = []
    if campaign["set"] and not campaign["segment"]:
        query = where("set") == campaign["set"]
        first, _more = view.page("campaign_recipient", query, order="n", newest_first=False, limit=20)
    of_file = [key for each in first for key in each["fields"] if key != "name"]
    return list(dict.fromkeys([*of_file, *(field["key"] for field in custom_fields(view))]))


def recipients(
    view: View, campaign: Json, state: str | None, after: str | None, limit: int
) -> tuple[list[Json], str | None]:
    """Return (recipients with what each is told, where to go on), all of them or those in a state."""
    if not campaign["set"]:
        return [], None
    query = where("set") == campaign["set"]
    if state:
        query &= where("state") == state
    found, following = view.page(
        "campaign_recipient", query, order="n", newest_first=False, limit=limit, after=after
    )
    custom, tongue = custom_fields(view), workspace_of(view)["language"]
    return [_told(view, campaign, each, custom, tongue) for each in found], following


def _told(view: View, campaign: Json, recipient: Json, custom: list[Json], tongue: str) -> Json:
    contact = view.db.table("contact").get(doc_id=recipient["contact"]) or {}
    message = view.db.table("message").get(doc_id=recipient["message"]) if recipient["message"] else None
    values = texts.values_of(contact, recipient["fields"], custom, tongue)
    said, _missing = texts.written(campaign, recipient["variant"], recipient["n"], values)
    keys = (
        "id",
        "n",
        "contact",
        "phone",
        "variant",
        "state",
        "reason",
        "missing",
        "conversation",
        "queued_at",
    )
    shown = {key: recipient.get(key) for key in keys}
    trouble = (message or {}).get("error") if recipient["state"] == "failed" else None
    reason = (trouble or {}).get("reason") or ""
    shown["trouble"] = call_in_words(reason) or reason
    more = {"name": contact.get("name") or recipient["phone"], "replied_at": recipient.get("replied_at")}
    return {**shown, **more, "text": (message or {}).get("text") or said}


def schedule(view: View, campaign: Json, at: str | None = None) -> Json:
    """Return when each of those who wait would be told, if it began at a time (default: as planned, or now).

    ``{at, planned, new, off}`` and what `engine.hookspecs.forecasts` says; no times where the sender is off.
    """
    now = times.now()
    begins = max(at or campaign.get("start_at") or "", now)
    planned = _planned(view, campaign)
    account = view.db.table("account").get(doc_id=campaign["account"])
    tell = next(iter(forecasts(view.hidden)), None)
    if tell is None or account is None or not planned:
        return {"at": begins, "times": [], "planned": len(planned), "off": tell is None}
    adapter = gateways().get(account["gateway"])
    number = {**account, "id": account.doc_id}
    how = {"ahead": _ahead(view), "others": sharing(view, campaign, now), "now": now}
    comes = _comes(view, campaign, now) if campaign["state"] == "running" else begins
    told = tell(view.connection, view.db, number, adapter.supports if adapter else {}, planned, comes, **how)
    new = sum(1 for each in planned if each["stranger"])
    return {"at": begins, "planned": len(planned), "new": new, "off": False, **told}


def sharing(view: View, campaign: Json, now: str) -> list[Json]:
    """Return the number's other campaigns that run or are planned, as `engine.hookspecs.forecasts` says."""
    found = view.db.table("campaign").search(where("state").one_of(["running", "scheduled"]))
    mine = [o for o in found if o["account"] == campaign["account"] and o.doc_id != campaign["id"]]
    each = [{**other, "id": other.doc_id} for other in mine]
    ahead = _ahead(view)
    return [{"planned": _planned(view, o), "at": _comes(view, o, now), "ahead": ahead} for o in each]


def _comes(view: View, campaign: Json, at: str) -> str:
    """Return when a campaign that runs or is planned next has messages made, *at* where that is not known."""
    if campaign["state"] == "scheduled":
        return max(campaign["start_at"], at)
    soon = (where("due") <= times.add(at, LOOK_AGAIN)) & (where("name") == f"go/{campaign['id']}")
    found = view.db.table("timer").search(soon)
    return max(str(found[0]["due"]), at) if found else at


def _ahead(view: View) -> int:
    plugin = view.db.table("plugin").get(doc_id="campaigns") or {}
    return int({**DEFAULTS, **(plugin.get("settings") or {})}["ahead"])


def _planned(view: View, campaign: Json) -> list[Json]:
    """Return those who are still to be told, in order; who has a message already first."""
    if not campaign["set"]:
        return []
    found: list[Json] = []
    for state in ("queued", "waiting", *(("stranger",) if campaign["strangers"] else ())):
        query = (where("set") == campaign["set"]) & (where("state") == state)
        found += view.db.table("campaign_recipient").search(query)
    keys = {"length": "length", "phone": "phone", "stranger": "new_here", "message": "message"}
    return [{key: each.get(name) for key, name in keys.items()} for each in found]


def pictured(view: View, campaign: Json, at: str | None = None) -> Json:
    """Return a campaign's schedule with its picture, times and durations in words."""
    told, place = schedule(view, campaign, at), workspace_of(view)
    made = chart.picture(told["times"], place["zone"])
    if made:
        tongue = language()
        made["begins"], made["ends"] = spoken(made["first"], tongue), spoken(made["last"], tongue)
        within = made["first"].date() == made["last"].date()
        made["marks"] = [(clock if within else spoken)(mark, tongue) for mark in made["marks"]]
        made["days"] = [
            {
                **day,
                "date": date_words(day["date"], tongue),
                "first": clock(day["first"], tongue),
                "last": clock(day["last"], tongue),
            }
            for day in made["days"]
        ]
        made["lasts"] = duration((made["last"] - made["first"]).total_seconds())
    return {**told, "times": None, "picture": made, "zone": place["zone"]}


def clock(at: datetime, tongue: str) -> str:
    """Return hours and minutes as a language writes them."""
    return at.strftime("%H.%M" if tongue == "id" else "%H:%M")


def date_words(day: Any, tongue: str) -> str:
    """Return a date in words: ``Sen, 3 Mar``."""
    return str(format_date(day, "EEE d MMM", locale="id_ID" if tongue == "id" else "en_GB"))


def spoken(at: datetime, tongue: str) -> str:
    """Return date and time in words."""
    return f"{date_words(at.date(), tongue)}, {clock(at, tongue)}"


def duration(seconds: float) -> str:
    """Return a length of time in words, roughly."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 100:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    if minutes < 48 * 60:
        return _("%(num)s hours", num=round(minutes / 60))
    return _("%(num)s days", num=round(minutes / 1440))


def utc_of(text: str, zone: str) -> str:
    """Return what a form's field says (``2031-03-03T09:00``, on the clocks of *zone*) as RFC 3339.

    Raises ValueError for what is no time.
    """
    return times.format(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def local_of(at: str | None, zone: str) -> str:
    """Return a time as a form's field has it; "" for none."""
    return times.parse(at).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") if at else ""
