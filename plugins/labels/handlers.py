"""What the actions of labels do to documents."""

from engine import Refused, existing, handles, times, where

from . import schemas

WRITE = "conversation.write"
EDIT = "label.write"
ORDER_STEP = 10
BATCH = 500
PAUSE = 0.2
"""A merge moves so many conversations in one transaction, and leaves the writer to others so many seconds."""


def _free_name(tx, name, but=None):
    name = name.strip()
    for label in tx.documents.table("label").all():
        if label["name"].casefold() == name.casefold() and label["id"] != but and not label["archived"]:
            raise Refused(f"there is a label {label['name']!r} already")
    return name


def _present(tx, id):
    """Return a label; one that was merged stands for the one that it was merged into."""
    label = existing(tx, "label", id)
    while label.get("merged_into"):
        label = existing(tx, "label", label["merged_into"])
    return label


def _usable(tx, id):
    label = _present(tx, id)
    if label["archived"]:
        raise Refused(f"the label {label['name']!r} is archived")
    return label


def _last_order(tx, collection):
    return max((each.get("order", 0) for each in tx.documents.table(collection).all()), default=0)


@handles("labels.add", schemas.OnConversation, past="labels.added", permission=WRITE)
def add(data, tx):
    """Put a label on a conversation."""
    conversation = existing(tx, "conversation", data["conversation"])
    label = _usable(tx, data["label"])
    if label["id"] not in conversation["labels"]:
        tx.update("conversation", conversation["id"], {"labels": [*conversation["labels"], label["id"]]})
    return {"conversation": conversation["id"], "label": label["id"]}


@handles("labels.remove", schemas.OnConversation, past="labels.removed", permission=WRITE)
def remove(data, tx):
    """Take a label off a conversation."""
    conversation = existing(tx, "conversation", data["conversation"])
    kept = [label for label in conversation["labels"] if label != data["label"]]
    if kept != conversation["labels"]:
        tx.update("conversation", conversation["id"], {"labels": kept})
    return {"conversation": conversation["id"]}


@handles("labels.create", schemas.Create, past="labels.created", permission=EDIT)
def create(data, tx):
    """Make a label."""
    label = {
        "id": tx.new_id(),
        "name": _free_name(tx, data["name"]),
        "color": data["color"].lower(),
        "description": data["description"].strip(),
        "order": _last_order(tx, "label") + ORDER_STEP,
        "archived": False,
        "created_at": tx.at,
    }
    tx.insert("label", label)
    return {"label": label["id"]}


@handles("labels.update", schemas.Update, past="labels.updated", permission=EDIT)
def update(data, tx):
    """Change a label's name, colour, description or place."""
    label = existing(tx, "label", data["label"])
    fields = {key: value for key, value in data.items() if key != "label"}
    if "name" in fields:
        fields["name"] = _free_name(tx, fields["name"], but=label["id"])
    if "color" in fields:
        fields["color"] = fields["color"].lower()
    tx.update("label", label["id"], fields)


@handles("labels.reorder", schemas.Reorder, past="labels.reordered", permission=EDIT)
def reorder(data, tx):
    """Put labels into an order; those that are not named come after them, as they were."""
    known = {label["id"]: label for label in tx.documents.table("label").all()}
    wanted = [id for id in dict.fromkeys(data["labels"]) if id in known]
    rest = sorted(known.keys() - set(wanted), key=lambda id: (known[id].get("order", 0), id))
    for place, id in enumerate([*wanted, *rest], 1):
        if known[id].get("order") != place * ORDER_STEP:
            tx.update("label", id, {"order": place * ORDER_STEP})


@handles("labels.archive", schemas.OfLabel, past="labels.archived", permission=EDIT)
def archive(data, tx):
    """Put a label out of use; one that is on no conversation is deleted."""
    label = existing(tx, "label", data["label"])
    if label.get("merged_into"):
        raise Refused(f"the label {label['name']!r} was merged; it stays for what happened before")
    if tx.documents.table("conversation").count(where("labels").any([label["id"]])):
        tx.update("label", label["id"], {"archived": True})
    else:
        tx.remove("label", label["id"])
    for rule in tx.documents.table("label_rule").search(where("label") == label["id"]):
        tx.remove("label_rule", rule["id"])


@handles("labels.restore", schemas.OfLabel, past="labels.restored", permission=EDIT)
def restore(data, tx):
    """Bring an archived label back into use."""
    label = existing(tx, "label", data["label"])
    if label.get("merged_into"):
        raise Refused(f"the label {label['name']!r} was merged; it stays for what happened before")
    _free_name(tx, label["name"], but=label["id"])
    tx.update("label", label["id"], {"archived": False})


@handles("labels.merge", schemas.Merge, past="labels.merged", permission=EDIT)
def merge(data, tx):
    """Give a label's conversations and rules to another; it stays, archived, for what happened before."""
    label, into = existing(tx, "label", data["label"]), _usable(tx, data["into"])
    if label["id"] == into["id"]:
        raise Refused("a label cannot be merged into itself")
    if label.get("merged_into"):
        raise Refused(f"the label {label['name']!r} was merged before")
    for rule in tx.documents.table("label_rule").search(where("label") == label["id"]):
        tx.update("label_rule", rule["id"], {"label": into["id"]})
    number = tx.documents.table("conversation").count(where("labels").any([label["id"]]))
    fields = {"archived": True, "merged_into": into["id"], "merging": {"done": 0, "all": number}}
    tx.update("label", label["id"], fields)
    _move(tx, label["id"])
    return {"conversations": number}


@handles("labels.merge_more", schemas.OfLabel, past="labels.moved")
def merge_more(data, tx):
    """Move the next conversations of a merge."""
    if (existing(tx, "label", data["label"]).get("merging")) is None:
        raise Refused("the merge is done already")
    _move(tx, data["label"])


def _move(tx, id):
    """Move up to `BATCH` conversations of a merged label; a timer moves the next ones."""
    label = existing(tx, "label", id)
    into, conversations = _present(tx, id)["id"], tx.documents.table("conversation")
    how = {"order": None, "after": label["merging"].get("after"), "limit": BATCH, "newest_first": False}
    found, following = conversations.page(where("labels").any([id]), **how)
    for conversation in found:
        kept = [into if each == id else each for each in conversation["labels"]]
        tx.update("conversation", conversation.doc_id, {"labels": list(dict.fromkeys(kept))})
    if following is None:
        tx.update("label", id, {"merging": None})
        return
    done = label["merging"]["done"] + len(found)
    tx.update("label", id, {"merging": {**label["merging"], "done": done, "after": following}})
    tx.timer(f"merge/{id}", times.add(tx.at, PAUSE), {"label": id}, plugin="labels")


@handles("labels.put_rule", schemas.RulePut, past="labels.rule_put", permission=EDIT)
def put_rule(data, tx):
    """Make a rule or change one."""
    label = _usable(tx, data["label"])
    fields = {"label": label["id"], **{key: data[key] for key in ("when", "enabled", "order") if key in data}}
    if data["rule"]:
        tx.update("label_rule", existing(tx, "label_rule", data["rule"])["id"], fields)
        return {"rule": data["rule"]}
    order = _last_order(tx, "label_rule") + ORDER_STEP
    return {"rule": tx.insert("label_rule", {"id": tx.new_id(), "order": order, **fields})["id"]}


@handles("labels.remove_rule", schemas.OfRule, past="labels.rule_removed", permission=EDIT)
def remove_rule(data, tx):
    """Delete a rule."""
    tx.remove("label_rule", existing(tx, "label_rule", data["rule"])["id"])
