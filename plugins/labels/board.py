"""What pages and the API tell of labels and rules: read in one snapshot (*view*), returned as plain data."""

from typing import Any

from engine import where

from . import rules

Json = dict[str, Any]
DRAFT = "draft"


def known(view: Any) -> dict[str, Json]:
    """Return all labels by id, in their order."""
    every = [{**label, "id": label.doc_id} for label in view.db.table("label").all()]
    every.sort(key=lambda label: (label.get("order") or 0, label["name"].casefold()))
    return {label["id"]: label for label in every}


def totals(view: Any) -> dict[str, int]:
    """Return on how many conversations each label is, whoever may see them."""
    found: dict[str, int] = view.db.table("conversation").tally(None, "labels")
    return found


def rules_in_order(view: Any) -> list[Json]:
    """Return all rules in the order in which they are asked."""
    return rules.in_order({**rule, "id": rule.doc_id} for rule in view.db.table("label_rule").all())


def merge_preview(view: Any, label: str, into: str) -> Json:
    """Return what a merge would move: ``{conversations, both, rules}``; both: have the two labels already."""
    conversations = view.db.table("conversation")
    has = where("labels").any([label])
    return {
        "conversations": conversations.count(has),
        "both": conversations.count(has & where("labels").any([into])),
        "rules": view.db.table("label_rule").count(where("label") == label),
    }


def draft_of(view: Any, label: str, when: Json) -> dict[str, list[Json]]:
    """Return the documents that a trial puts: a rule, and a label of its own that only this rule gives."""
    known_label = view.get("label", label)
    own = {**known_label, "id": DRAFT, "archived": False, "merged_into": None}
    rule = {"id": DRAFT, "label": DRAFT, "when": when, "enabled": True, "order": 0}
    return {"label": [own], "label_rule": [rule]}


def found_by(view: Any, report: Json, label: str) -> list[Json]:
    """Return the conversations that a trial's rule fits, newest first.

    Each is ``{conversation, name, at, why, there, has}``.
    there: it is still stored; has: it has the label already.
    """
    found = []
    for changed in report["conversations"]:
        given = [each for each in changed["new"] if _is_of_draft(each)]
        conversation = changed["conversation"]
        document = conversation and view.db.table("conversation").get(doc_id=conversation)
        if given:
            first = {key: given[0][key] for key in ("at", "why")}
            has = bool(document) and label in (document.get("labels") or ())
            there = {"conversation": conversation, "name": changed["name"], "there": bool(document)}
            found.append({**there, **first, "has": has})
    return sorted(found, key=lambda each: each["at"], reverse=True)


def _is_of_draft(done: Json) -> bool:
    return done["type"] == "labels.add" and done["data"].get("label") == DRAFT and done["status"] == "done"
