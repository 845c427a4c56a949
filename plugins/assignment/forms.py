"""From the settings pages' forms to the data of actions, and back."""

import re
from datetime import date
from zoneinfo import available_timezones

from .hours import DAYS, check

SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})")
DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
MOST, MOST_MINUTES = {"escalate_after": 100}, 60 * 24 * 60
NUMBERS = ("answer_minutes", "escalate_after", "first_minutes", "next_minutes")
SWITCHES = ("rest", "escalate_breach", "sla_in_hours")
TEXTS = ("queue_text", "closed_text")


def team(form):
    """Return (fields of `schemas.TeamFields`, wrong: field → the part of its text) of a team's form."""
    wrong = {}
    found = {key: form.get(key) is not None for key in SWITCHES}
    for key in NUMBERS:
        found[key] = _number(key, form.get(key, "").strip(), wrong)
    found.update({key: form.get(key, "").strip() for key in TEXTS})
    found["strategy"] = form.get("strategy", "manual")
    found["accounts"] = form.getlist("accounts")
    found["keywords"] = listed(form.get("keywords", ""))
    if longest := [word for word in found["keywords"] if len(word) > 100]:
        wrong["keywords"] = longest[0]
    found["closed_on"] = [_day(part, wrong) for part in listed(form.get("closed_on", ""))]
    found["timezone"] = _zone(form.get("timezone", "").strip(), wrong)
    found["country"] = None if form.get("country", "*") == "*" else form["country"]
    found["out_of_hours"] = "go_on" if form.get("go_on") is not None else "wait"
    always = form.get("always") is not None
    found["hours"] = None if always else {day: _spans(day, form, wrong) for day in DAYS}
    return found, wrong


def _number(key, text, wrong):
    most = MOST.get(key, MOST_MINUTES)
    if not (text.isdecimal() and len(text) < 10 and int(text) <= most):
        wrong[key] = text
        return 0
    return int(text)


def _zone(text, wrong):
    if text and text not in available_timezones():
        wrong["timezone"] = text
    return text or None


def _day(text, wrong):
    """Return a day as 2026-12-24, which may be typed as 24.12.2026, 24/12/2026 or 24-12-2026 as well."""
    match = DAY.fullmatch(text)
    try:
        return date(*map(int, match.groups()[::-1] if match else text.split("-"))).isoformat()
    except (TypeError, ValueError):
        wrong["closed_on"] = text
        return text


def _spans(day, form, wrong):
    """Return the spans of one day's text: ``08:00-12:00, 13.00–17.00``."""
    found = []
    for part in listed(form.get(f"hours_{day}", "")):
        match = SPAN.fullmatch(part)
        begin_hour, begin, end_hour, end = match.groups() if match else ("", "", "", "")
        span = [f"{begin_hour:0>2}:{begin}", f"{end_hour:0>2}:{end}"]
        try:
            check({day: [span]})
        except ValueError:
            wrong[f"hours_{day}"] = part
        found.append(span)
    return found


def typed(form):
    """Return what a team's form shows again, as it was typed: (fields, day → its text)."""
    shown = {key: form.get(key, "") for key in (*NUMBERS, *TEXTS, "timezone")}
    lists = {key: listed(form.get(key, "")) for key in ("keywords", "closed_on")}
    return {**shown, **lists}, {day: form.get(f"hours_{day}", "") for day in DAYS}


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
