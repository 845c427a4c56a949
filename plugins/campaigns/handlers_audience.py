"""Who gets a campaign: made in batches, so that nobody waits for a large one.

An audience is a *set* of recipients. What changes it makes a new set; the old one is cleared away by and by.
"""

from typing import Any

from engine import Refused, chat_of, contact_by_alias, handles, name_of, segments, times, where

from . import tally, texts
from .schemas import OfCampaign, OfSet, Rows

Json = dict[str, Any]
WRITE = "campaign.write"
BATCH = 250
LOOKS = 30  # messages of a conversation that are looked at


def existing(tx: Any, id: str, *states: str) -> Json:
    """Return a campaign; Refused where there is none, or it is in none of *states*."""
    found: Json | None = tx.get("campaign", id)
    if found is None:
        raise Refused("there is no such campaign")
    if states and found["state"] not in states:
        raise Refused(f"the campaign is {found['state']}")
    return found


def custom_fields(tx: Any) -> list[Json]:
    """Return the team's own fields of contacts."""
    return [dict(field) for field in tx.documents.table("contact_field").all()]


def language_of(tx: Any) -> str:
    """Return the workspace's language, in which values are written."""
    return str((tx.get("workspace", "main") or {}).get("language") or "id")


def begin(tx: Any, campaign: Json, phase: str) -> None:
    """Have the audience made anew (``gather``), or looked at again with other texts (``check``)."""
    making = {"phase": phase, "after": None, "at": tx.at}
    fresh: Json = dict(tally.NEW)
    if phase == "gather":
        clear_later(tx, campaign.get("set"))
        fresh |= {"set": tx.new_id(), "size": 0}
    campaign.update(fresh, making=making)
    tx.update("campaign", campaign["id"], {**fresh, "making": making})
    tx.timer(f"make/{campaign['id']}", tx.at, {"campaign": campaign["id"]}, "campaigns")


def clear_later(tx: Any, set: str | None) -> None:
    """Have an audience taken away that nobody needs any more."""
    if set:
        tx.timer(f"clear/{set}", tx.at, {"set": set}, "campaigns")


@handles("campaigns.clear", OfSet)
def clear(data: Json, tx: Any) -> None:
    """Take away a part of an audience that was replaced."""
    found, more = tx.documents.table("campaign_recipient").page(
        where("set") == data["set"], order="n", limit=BATCH, newest_first=False
    )
    for recipient in found:
        tx.remove("campaign_recipient", recipient["id"])
    if more:
        clear_later(tx, data["set"])


@handles("campaigns.make", OfCampaign, permission=WRITE)
def make(data: Json, tx: Any) -> None:
    """Look again at who belongs to the audience, as it is now."""
    campaign = existing(tx, data["campaign"], "draft", "scheduled")
    begin(tx, campaign, "gather" if campaign["segment"] else "check")


@handles("campaigns.make_on", OfCampaign, past="campaigns.made")
def make_on(data: Json, tx: Any) -> None:
    """Make the next part of an audience."""
    campaign = existing(tx, data["campaign"], "draft", "scheduled")
    if not campaign.get("making"):
        raise Refused("the audience is made already")
    after = (_gather if campaign["making"]["phase"] == "gather" else _check)(tx, campaign)
    making = {**campaign["making"], "after": after} if after else None
    tally.save(tx, campaign, making=making, size=campaign["size"])
    if making:
        tx.timer(f"make/{campaign['id']}", tx.at, {"campaign": campaign["id"]}, "campaigns")


def _gather(tx: Any, campaign: Json) -> str | None:
    """Add the next members of a segment; return where to go on."""
    making, segment = campaign["making"], tx.get("segment", campaign["segment"])
    if segment is None:
        return None
    how = {"after": making["after"], "limit": BATCH, "at": making["at"]}
    found, following = segments.members(tx.documents, segment["condition"], **how)
    known = custom_fields(tx), language_of(tx)
    for contact in found:
        _add(tx, campaign, contact, {}, *known)
    return following


def _check(tx: Any, campaign: Json) -> str | None:
    """Look at the next recipients of a file again, as the texts are now."""
    query = where("set") == campaign["set"]
    how = {"order": "n", "newest_first": False, "limit": BATCH, "after": campaign["making"]["after"]}
    found, following = tx.documents.table("campaign_recipient").page(query, **how)
    known = custom_fields(tx), language_of(tx)
    for old in found:
        contact = tx.get("contact", old["contact"])
        new = {**old, **judged(tx, campaign, contact, old["fields"], old["n"], *known)}
        tx.update("campaign_recipient", old["id"], new)
        tally.add(campaign, new)
    return following


def _add(tx: Any, campaign: Json, contact: Json, own: Json, custom: list[Json], language: str) -> Json:
    n = campaign["size"]
    recipient = {
        "id": tx.new_id(),
        "campaign": campaign["id"],
        "set": campaign["set"],
        "n": n,
        "contact": contact["id"],
        "phone": contact.get("phone"),
        "fields": own,
        "message": None,
        "conversation": None,
        "queued_at": None,
        **judged(tx, campaign, contact, own, n, custom, language),
    }
    tx.insert("campaign_recipient", recipient)
    tally.add(campaign, recipient)
    campaign["size"] = n + 1
    return recipient


def judged(
    tx: Any, campaign: Json, contact: Json | None, own: Json, n: int, custom: list[Json], language: str
) -> Json:
    """Return ``{variant, length, missing, new_here, agreed, state, reason}`` of an audience's *n*-th person.

    new_here: whether they never wrote to the campaign's own number; agreed: whether an import noted how they
    agreed to be written to.
    """
    variant, reason = texts.variant_of(campaign, n), unwanted(contact)
    judgement = {"variant": variant, "length": 0, "missing": [], "new_here": True, "reason": reason}
    if contact is None or reason:
        return {**judgement, "state": "left_out"}
    values = texts.values_of(contact, own, custom, language)
    said, missing = texts.written(campaign, variant, n, values)
    known = wrote_to(tx.documents, contact["id"])
    judgement |= {"length": len(said), "missing": missing, "new_here": campaign["account"] not in known}
    judgement["agreed"] = bool(contact.get("contacts._consent"))
    return {**judgement, "state": "missing" if missing else "waiting" if known else "stranger"}


def unwanted(contact: Json | None) -> str | None:
    """Return why somebody gets no campaign at all: gone, opted_out, blocked, no_number; or None."""
    if contact is None or contact.get("erased_at"):
        return "gone"
    if contact.get("opted_out"):
        return "opted_out"
    if contact.get("blocked"):
        return "blocked"
    return None if contact.get("aliases") else "no_number"


def wrote_to(documents: Any, contact: str) -> set[str]:
    """Return the numbers that a contact ever wrote to, as far as each conversation's last messages tell."""
    found = documents.table("conversation").search(where("contact") == contact)
    return {conversation["account"] for conversation in found if _heard_in(documents, conversation)}


def _heard_in(documents: Any, conversation: Json) -> bool:
    if (conversation.get("last_message") or {}).get("direction") == "in":
        return True
    query = where("conversation") == conversation["id"]
    recent, _more = documents.table("message").page(query, order="at", limit=LOOKS)
    return any(message["direction"] == "in" for message in recent)


@handles("campaigns.add_rows", Rows, permission=WRITE)
def add_rows(data: Json, tx: Any) -> Json:
    """Take in people of a file; who is no contact yet becomes one. Returns how many were there already.

    It names the contacts as well: so an erasure knows that the row is about them.
    """
    campaign = existing(tx, data["campaign"], "draft")
    if data["first"]:
        _replace(tx, campaign, data["file"])
    elif campaign["segment"] or campaign.get("making"):
        raise Refused("the audience of this campaign is another by now")
    known = custom_fields(tx), language_of(tx)
    again, contacts = 0, []
    for row in data["rows"]:
        contact = _contact(tx, row)
        contacts.append(contact["id"])
        if tx.first("campaign_recipient", set=campaign["set"], contact=contact["id"]):
            again += 1
        else:
            _add(tx, campaign, contact, row["fields"], *known)
    twice = campaign["twice"] + again
    tally.save(tx, campaign, size=campaign["size"], twice=twice)
    return {"again": again, "size": campaign["size"], "contacts": contacts}


def _replace(tx: Any, campaign: Json, file: str) -> None:
    clear_later(tx, campaign.get("set"))
    tx.cancel(f"make/{campaign['id']}", "campaigns")
    fresh = {**tally.NEW, "set": tx.new_id(), "size": 0, "twice": 0, "making": None}
    campaign.update(fresh, segment=None, file=file or "CSV")
    tx.update("campaign", campaign["id"], {**fresh, "segment": None, "file": campaign["file"]})


def _contact(tx: Any, row: Json) -> Json:
    chat = chat_of(row["phone"])
    known: Json | None = contact_by_alias(tx.documents, chat)
    if known is not None:
        return dict(known)
    names = {"agent": row["fields"]["name"]} if row["fields"].get("name") else {}
    made = {"names": names, "phone": row["phone"], "aliases": [chat]}
    contact = {"id": tx.new_id(), "name": name_of(made), **made, "lids": {}, "created_at": tx.at}
    return dict(tx.insert("contact", contact))


def later(text: str, at: str) -> str:
    """Return a time to come in its one form. Raises Refused."""
    try:
        found = times.format(times.parse(text))
    except (ValueError, OverflowError) as error:
        raise Refused(f"at: {error}") from error
    if found <= at:
        raise Refused("this time is past already")
    return found
