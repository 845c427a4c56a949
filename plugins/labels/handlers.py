"""What the actions of labels do to documents."""

from engine import Refused, handles, where

from . import schemas

WRITE = "conversation.write"
EDIT = "label.write"
ORDER_STEP = 10


def _existing(tx, collection, id):
    found = tx.get(collection, id)
    if found is None:
        raise Refused(f"there is no {collection.replace('_', ' ')} {id!r}")
    return found


def _free_name(tx, name, but=None):
    name = name.strip()
    for label in tx.documents.table("label").all():
        if label["name"].casefold() == name.casefold() and label["id"] != but and not label["archived"]:
            raise Refused(f"there is a label {label['name']!r} already")
    return name


@handles("labels.add", schemas.OnConversation, past="labels.added", permission=WRITE)
def add(data, tx):
    """Put a label on a conversation."""
    conversation = _existing(tx, "conversation", data["conversation"])
    label = _existing(tx, "label", data["label"])
    if label["archived"]:
        raise Refused(f"the label {label['name']!r} is archived")
    if label["id"] not in conversation["labels"]:
        tx.update("conversation", conversation["id"], {"labels": [*conversation["labels"], label["id"]]})


@handles("labels.remove", schemas.OnConversation, past="labels.removed", permission=WRITE)
def remove(data, tx):
    """Take a label off a conversation."""
    conversation = _existing(tx, "conversation", data["conversation"])
    kept = [label for label in conversation["labels"] if label != data["label"]]
    if kept != conversation["labels"]:
        tx.update("conversation", conversation["id"], {"labels": kept})


@handles("labels.create", schemas.Create, past="labels.created", permission=EDIT)
def create(data, tx):
    """Make a label."""
    label = {
        "id": tx.new_id(),
        "name": _free_name(tx, data["name"]),
        "color": data["color"].lower(),
        "order": ORDER_STEP * (len(tx.documents.table("label")) + 1),
        "archived": False,
        "created_at": tx.at,
    }
    tx.insert("label", label)
    return {"label": label["id"]}


@handles("labels.update", schemas.Update, past="labels.updated", permission=EDIT)
def update(data, tx):
    """Change a label's name, colour or place."""
    label = _existing(tx, "label", data["label"])
    fields = {key: value for key, value in data.items() if key != "label"}
    if "name" in fields:
        fields["name"] = _free_name(tx, fields["name"], but=label["id"])
    tx.update("label", label["id"], fields)


@handles("labels.archive", schemas.OfLabel, past="labels.archived", permission=EDIT)
def archive(data, tx):
    """Put a label out of use; one that is on no conversation is deleted."""
    label = _existing(tx, "label", data["label"])
    if tx.documents.table("conversation").count(where("labels").any([label["id"]])):
        tx.update("label", label["id"], {"archived": True})
    else:
        tx.remove("label", label["id"])
    for rule in tx.documents.table("label_rule").search(where("label") == label["id"]):
        tx.remove("label_rule", rule["id"])


@handles("labels.put_rule", schemas.RulePut, permission=EDIT)
def put_rule(data, tx):
    """Make a rule or change one."""
    fields = {key: data[key] for key in ("label", "pattern", "enabled")}
    _existing(tx, "label", data["label"])
    if data["rule"]:
        tx.update("label_rule", _existing(tx, "label_rule", data["rule"])["id"], fields)
        return {"rule": data["rule"]}
    return {"rule": tx.insert("label_rule", {"id": tx.new_id(), **fields})["id"]}


@handles("labels.remove_rule", schemas.OfRule, permission=EDIT)
def remove_rule(data, tx):
    """Delete a rule."""
    tx.remove("label_rule", _existing(tx, "label_rule", data["rule"])["id"])
