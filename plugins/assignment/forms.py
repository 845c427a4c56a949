"""From the settings pages' forms to the data of actions, and back."""

import re

from .hours import DAYS

SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})")
NUMBERS = ("answer_minutes", "escalate_after", "first_minutes", "next_minutes")
SWITCHES = ("rest", "escalate_breach", "sla_in_hours")
TEXTS = ("queue_text", "closed_text")


class NotUnderstood(ValueError):
    """What was typed is no time of day; the text is what was typed."""


def team(form):
    """Return the fields of `schemas.TeamFields` that a team's form says. Raises NotUnderstood."""
    found = {key: form.get(key) is not None for key in SWITCHES}
    found.update({key: int(form[key]) for key in NUMBERS if form.get(key, "").isdecimal()})
    found.update({key: form.get(key, "").strip() for key in TEXTS})
    found["strategy"] = form.get("strategy", "manual")
    found["accounts"] = form.getlist("accounts")
    for key in ("keywords", "closed_on"):
        found[key] = listed(form.get(key, ""))
    found["timezone"] = form.get("timezone") or None
    found["country"] = None if form.get("country", "*") == "*" else form["country"]
    found["out_of_hours"] = "go_on" if form.get("go_on") is not None else "wait"
    found["hours"] = None if form.get("always") is not None else _hours(form)
    return found


def _hours(form):
    return {day: _spans(form.get(f"hours_{day}", "")) for day in DAYS}


def _spans(text):
    """Return the spans of one day's text: ``08:00-12:00, 13.00–17.00``."""
    found = []
    for part in listed(text):
        match = SPAN.fullmatch(part)
        if match is None:
            raise NotUnderstood(part)
        begin_hour, begin, end_hour, end = match.groups()
        found.append([f"{int(begin_hour):02}:{begin}", f"{int(end_hour):02}:{end}"])
    return found


def spans(hours):
    """Return day → its text, as it is typed; a working week where there are no hours yet."""
    usual = {day: [["08:00", "17:00"]] for day in DAYS[:5]}
    return {day: ", ".join("-".join(span) for span in (hours or usual).get(day) or ()) for day in DAYS}


def agent(id, form):
    """Return the data of ``assignment.set_agent`` that a person's form says."""
    capacity = form.get("capacity", "")
    takes = {"yes": True, "no": False}.get(form.get("takes", ""))
    return {
        "agent": id,
        "capacity": int(capacity) if capacity.isdecimal() else None,
        "skills": listed(form.get("skills", "")),
        "takes": takes,
    }


def listed(text):
    """Return what commas divide, without what is empty."""
    return [part.strip() for part in text.split(",") if part.strip()]
