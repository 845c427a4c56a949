"""May who asks see what an action names? Every id in it is looked at, of the core and of plugins alike."""

from typing import Any

from engine import where

from .engine_link import View, both
from .errors import NotFound
from .parts import parts
from .visibility import visible_in

Json = dict[str, Any]
CORE = {"conversation": "conversation", "message": "message", "reply_to": "message", "contact": "contact"}
OF_CONTACTS = ("contact", "into", "other")  # beside a `contact`, the other two name contacts as well


def see_named(view: View, action: Json) -> None:
    """Raise NotFound where an action (``{"type", "data"}``) names what this agent may not see."""
    data = action["data"]
    for field, collection in named(action["type"], data).items():
        if isinstance(data.get(field), str) and not _is_no_quote(view, field, data[field]):
            _see(view, collection, data[field])


def _is_no_quote(view: View, field: str, id: str) -> bool:
    """Whether an answer quotes a message that is not there: the handler says so in its own words."""
    return field == "reply_to" and view.db.table("message").get(doc_id=id) is None


def named(kind_of: str, data: Json) -> Json:
    """Return field → collection, for the fields of an action that hold a document's id.

    A field's ``metadata={"of": "contact"}`` says so; else its name does: that of a core document, or of
    a collection of the action's plugin (``merge`` of contacts is a ``contact_merge``).
    """
    kind = parts().registry.actions[kind_of]
    schema = kind.schema() if isinstance(kind.schema, type) else kind.schema
    found = {name: _collection(kind.plugin, name, field, data) for name, field in schema.fields.items()}
    return {schema.fields[name].data_key or name: each for name, each in found.items() if each}


def _collection(plugin: str, name: str, field: Any, data: Json) -> str | None:
    said: str | None = field.metadata.get("of")
    if said or name in CORE:
        return said or CORE[name]
    if name in OF_CONTACTS and "contact" in data:
        return "contact"
    own = [each.name for each in parts().registry.collections if each.owner == plugin]
    name = name.rstrip("_")
    exact = [each for each in own if each == name]
    return next(iter(exact or [each for each in own if each.endswith(f"_{name}")]), None)


def _see(view: View, collection: str, id: str) -> None:
    """Raise NotFound for a document of a conversation, or of contacts, that this agent may not see."""
    if collection == "conversation":
        view.conversation(id)
    elif collection == "contact":
        see_contact(view, id)
    elif collection == "message":
        view.conversation(view.get("message", id)["conversation"])
    else:
        _see_of_plugin(view, view.db.table(collection).get(doc_id=id))


def _see_of_plugin(view: View, found: Any) -> None:
    """As `_see`, for a plugin's document; the conversation that it is of decides, else all its contacts."""
    if found is None:
        return
    if isinstance(found.get("conversation"), str):
        view.conversation(found["conversation"])
        return
    for key in OF_CONTACTS if "contact" in found else ():
        if isinstance(found.get(key), str):
            see_contact(view, found[key])


def see_contact(view: View, id: str) -> Json:
    """Return a contact; NotFound where there is none, or none of its conversations may be seen.

    A contact without conversations is for all who may see contacts.
    """
    found = view.get("contact", id)
    rule = visible_in(view) if view.agent else None
    table = view.db.table("conversation")
    theirs = where("contact") == found["id"]
    if rule is not None and not table.contains(both(theirs, rule)) and table.contains(theirs):
        raise NotFound(f"no contact {id}")
    return found
