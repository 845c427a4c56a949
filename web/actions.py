"""Actions that people and programs ask for: checked at the edge, decided by the engine."""

from typing import Any

import orjson
from marshmallow import Schema

from engine.events import requested

from . import links
from .checks import checked
from .engine_link import View, engine, read
from .errors import Conflict, Failed, Forbidden, Invalid, NotFound
from .media import opened
from .parts import parts
from .permissions import may
from .seeing import see_contact, see_named
from .sessions import Session, current, forget

__all__ = ["act", "act_each", "act_once", "see_contact"]

OWN_FIELDS = {"agent", "name", "language", "theme"}
LONGEST_ID = 200
UNSEEN = "this conversation is not visible to you"


def act(actions: list[dict[str, Any]], client_id: str | None = None) -> list[dict[str, Any]]:
    """Ask for *actions* (``{"type", "data"}``) in the name of who is signed in; return their results.

    Each result is ``{"id", "type", "status", "reason", "result"}``. Raises Invalid (422: the schema),
    Forbidden (403), NotFound (404: a conversation that this agent may not see) and Conflict (409: the
    handler refused; or *client_id* was used before for something else).
    """
    return act_once(actions, client_id)[0]


def act_once(
    actions: list[dict[str, Any]], client_id: str | None = None
) -> tuple[list[dict[str, Any]], bool]:
    """As `act`, and whether the same request had been made before (then nothing new was done)."""
    session = current()
    if client_id is not None and (not isinstance(client_id, str) or len(client_id) > LONGEST_ID):
        raise Invalid("Something is missing or wrong.", {"client_id": [f"a text of {LONGEST_ID} at most"]})
    prepared = [_prepare(each) for each in actions]
    read(lambda view: _see_all(view, prepared))
    results, is_known = _submit(session, prepared, client_id)
    for result in results:
        if result["status"] == "refused":
            raise Conflict(result.get("reason") or "refused", code="refused")
        if result["status"] == "failed":
            raise Failed(result.get("reason") or "The action failed; nothing was done.")
    for each, result in zip(prepared, results, strict=False):
        _after(session.workspace, each, result)
    return results, is_known


def act_each(actions: list[dict[str, Any]], client_id: str | None = None) -> list[dict[str, Any]]:
    """Ask for many *actions* in one request, each done or refused alone; return their results in order.

    As `act`, but that a refusal, a failure, or a conversation that this agent may not see, is told in its
    result (``status`` is ``refused`` or ``failed``, ``reason`` says why) and hinders none of the others.
    """
    session, prepared = current(), [_prepare(each) for each in actions]
    seen = read(lambda view: [_sees(view, each) for each in prepared])
    wanted = [each for each, is_seen in zip(prepared, seen, strict=True) if is_seen]
    results = iter(_submit(session, wanted, client_id)[0] if wanted else ())
    unseen = {"status": "refused", "reason": UNSEEN, "result": None}
    made = zip(prepared, seen, strict=True)
    found = [next(results) if is_seen else {"type": each["type"], **unseen} for each, is_seen in made]
    for each, result in zip(prepared, found, strict=True):
        if result["status"] == "done":
            _after(session.workspace, each, result)
    return found


def _submit(
    session: Session, prepared: list[dict[str, Any]], client_id: str | None
) -> tuple[list[dict[str, Any]], bool]:
    """Have the engine carry out checked actions; return their results and whether it had done so before."""
    key = f"{session.agent['id']}:{client_id}" if client_id else None
    event = requested(session.agent["id"], prepared, key)
    answered = engine().submit(session.workspace, [event])[0]
    if answered.get("conflict"):
        raise Conflict("This client_id was used before for something else.", code="client_id_used")
    return answered["actions"][: len(prepared)], bool(answered.get("duplicate"))  # plugins' own come after


def _sees(view: View, each: dict[str, Any]) -> bool:
    try:
        see_named(view, each)
    except NotFound:
        return False
    return True


def _prepare(each: dict[str, Any]) -> dict[str, Any]:
    """Return the action as it is submitted, if its type, permission and schema allow it."""
    kind, data = parts().registry.actions.get(str(each.get("type", ""))), each.get("data") or {}
    if kind is None:
        raise Invalid("There is no such action.", {"type": [f"unknown: {each.get('type')}"]})
    if not isinstance(data, dict):
        raise Invalid("Something is missing or wrong.", {"data": ["Not a valid mapping type."]})
    _plain(data)
    if not (kind.permission and may(kind.permission)) and not _is_own(each["type"], data):
        raise Forbidden("Your role does not allow this.")
    if isinstance(data.get("media"), dict):
        data = {**data, "media": opened(data["media"])}
    schema = kind.schema() if isinstance(kind.schema, type) else kind.schema
    assert isinstance(schema, Schema)
    errors = schema.validate(data)
    if errors:
        raise Invalid("Something is missing or wrong.", errors)
    return {"type": each["type"], "data": checked(each["type"], data), "why": None}


def _plain(data: dict[str, Any]) -> None:
    """Raise Invalid (422) for what cannot be stored as text: NUL, lone surrogates, great depth."""
    try:
        raw = orjson.dumps(data)
    except TypeError as error:
        raise Invalid("A text is not Unicode, or this is nested too deeply.") from error
    if b"\\u0000" in raw:
        raise Invalid("A text has a NUL character.")


def _is_own(type: str, data: dict[str, Any]) -> bool:
    """People may change their own name, language and theme, and say whether they are available."""
    own = data.get("agent") == current().agent["id"]
    return own and (type == "agent.availability" or (type == "agent.update" and set(data) <= OWN_FIELDS))


def _see_all(view: View, prepared: list[dict[str, Any]]) -> None:
    for each in prepared:
        see_named(view, each)


def _after(workspace: str, each: dict[str, Any], result: dict[str, Any]) -> None:
    """What follows from some actions outside the documents: links, sessions."""
    data, outcome = each["data"], result.get("result") or {}
    if each["type"] == "agent.invite" and outcome.get("agent"):
        result["result"] = {**outcome, "link": links.make(workspace, "invite", outcome["agent"])}
    if each["type"] == "agent.deactivate":
        forget(workspace, data["agent"])
    if each["type"].startswith("agent."):
        parts().known.drop(workspace, "session")
        parts().known.drop(workspace, "token")
    if each["type"] == "plugin.set":
        parts().known.drop(workspace, "hidden")
