"""What the actions of flows do to documents: drafts, versions, and the sessions that run."""

from engine import Refused, existing, handles, set_status, times, where

from . import beyond, reading, schemas
from .checking import BadFlow, loaded
from .compiled import hash_of

EDIT = "flow.write"
USE = "conversation.write"
KEPT_VISITS = 40


def _existing(tx, id):
    flow = tx.get("flow", id)
    if flow is None or flow.get("removed_at"):
        raise Refused(f"there is no flow {id!r}")
    return flow


def _name_of(tx, definition, but=None):
    name = str(definition.get("name") or "").strip()[:100]
    if not name:
        raise Refused("a flow needs a name")
    for other in tx.documents.table("flow").search(where("name") == name):
        if other["id"] != but and not other.get("removed_at"):
            raise Refused(f"there is a flow {name!r} already")
    return name


@handles("flowbuilder.save", schemas.Save, past="flow.saved", permission=EDIT)
def save(data, tx):
    """Keep a draft; it may be unfinished. Refused where somebody else saved since."""
    if data["flow"] is None:
        name = _name_of(tx, data["definition"])
        flow = {
            "id": tx.new_id(), "name": name, "enabled": True, "draft": {**data["definition"], "name": name},
            "draft_rev": 1, "draft_by": tx.agent, "draft_at": tx.at, "published": None, "number": 0,
            "hash": None, "removed_at": None, "created_at": tx.at,
        }  # fmt: skip
        tx.insert("flow", flow)
        return {"flow": flow["id"], "rev": 1}
    flow = _existing(tx, data["flow"])
    if data["rev"] is not None and data["rev"] != flow["draft_rev"]:
        raise Refused("somebody else has changed this flow meanwhile")
    name = _name_of(tx, data["definition"], but=flow["id"])
    rev = flow["draft_rev"] + 1
    draft = {
        "draft": {**data["definition"], "name": name},
        "draft_rev": rev,
        "draft_by": tx.agent,
        "draft_at": tx.at,
    }
    tx.update("flow", flow["id"], {"name": name, **draft})
    return {"flow": flow["id"], "rev": rev}


@handles("flowbuilder.publish", schemas.Publish, past="flow.published", permission=EDIT)
def publish(data, tx):
    """Make the draft the version that runs; a flow with errors is refused."""
    flow = _existing(tx, data["flow"])
    return _publish(tx, flow, flow["draft"], data["note"])


def _publish(tx, flow, draft, note):
    try:
        definition = loaded(draft)
    except BadFlow as error:
        raise Refused(f"the flow has errors: {error}") from error
    _checked(tx, flow, definition)
    number, hash = flow["number"] + 1, hash_of(definition)
    version = {
        "id": tx.new_id(), "flow": flow["id"], "number": number, "definition": definition, "hash": hash,
        "published_at": tx.at, "published_by": tx.agent, "note": note,
    }  # fmt: skip
    tx.insert("flow_version", version)
    told = {"published": version["id"], "number": number, "hash": hash, "runs_as": definition["name"]}
    tx.update("flow", flow["id"], told)
    _set_live(tx)
    return {"flow": flow["id"], "version": version["id"], "number": number}


def _checked(tx, flow, definition):
    """Refuse what goes in a circle through other flows, and a name by which another one runs."""
    wrong = [each for each in beyond.problems(tx.documents, definition, flow["id"]) if each.level == "error"]
    if wrong:
        raise Refused(f"the flow has errors: {wrong[0].message}")
    other = reading.published(tx.documents, definition["name"])
    if other and other.flow != flow["id"]:
        raise Refused(f"there is a flow {definition['name']!r} already")


@handles("flowbuilder.roll_back", schemas.OfVersion, past="flow.published", permission=EDIT)
def roll_back(data, tx):
    """Publish an earlier version again, as a new one; it becomes the draft as well."""
    flow = _existing(tx, data["flow"])
    found = tx.documents.table("flow_version").search(
        (where("flow") == flow["id"]) & (where("number") == data["number"])
    )
    if not found:
        raise Refused(f"there is no version {data['number']} of this flow")
    draft = {**found[0]["definition"], "name": flow["name"]}
    tx.update("flow", flow["id"], {"draft": draft, "draft_rev": flow["draft_rev"] + 1, "draft_at": tx.at})
    return _publish(tx, flow, draft, f"as version {data['number']}")


@handles("flowbuilder.switch", schemas.Switch, past="flow.switched", permission=EDIT)
def switch(data, tx):
    """Switch a flow on or off; what runs goes on to its end."""
    tx.update("flow", _existing(tx, data["flow"])["id"], {"enabled": data["enabled"]})
    _set_live(tx)


@handles("flowbuilder.remove", schemas.OfFlow, past="flow.removed", permission=EDIT)
def remove(data, tx):
    """Take a flow away; its versions stay for the sessions that run and for the figures."""
    tx.update("flow", _existing(tx, data["flow"])["id"], {"enabled": False, "removed_at": tx.at})
    _set_live(tx)


def _set_live(tx):
    """Note which triggers are live, by a hash from which hooks know that theirs are out of date."""
    live = [[flow.flow, flow.name, list(flow.triggers)] for flow in reading.live_flows(tx.documents)]
    document = {"id": reading.LIVE, "hash": hash_of({"live": live})}
    if tx.get("flow_live", reading.LIVE):
        tx.update("flow_live", reading.LIVE, document)
    else:
        tx.insert("flow_live", document)


@handles("flowbuilder.start", schemas.Start, past="flow.asked", permission=USE)
def start(data, tx):
    """Begin a flow in a conversation by hand."""
    conversation = _conversation(tx, data)
    if tx.get("flow_session", conversation["id"]):
        raise Refused("a flow runs in this conversation already")
    if conversation["status"] == "resolved":
        raise Refused("the conversation is resolved; reopen it first")
    if reading.published(tx.documents, data["flow"]) is None:
        raise Refused("this flow is not published or not on")
    _may_be_told(tx, conversation)
    return {"contact": conversation["contact"]}


@handles("flowbuilder.resume", schemas.OfConversation, past="flow.asked", permission=USE)
def resume(data, tx):
    """Give a conversation back to the flow that was silent."""
    conversation = _conversation(tx, data)
    session = tx.get("flow_session", conversation["id"])
    if session is None or session["state"] != "paused":
        raise Refused("no flow is silent in this conversation")
    _may_be_told(tx, conversation)
    return {"contact": conversation["contact"]}


def _may_be_told(tx, conversation):
    if not reading.may_be_told(tx.documents, conversation, tx.get("contact", conversation["contact"])):
        raise Refused("the bot may not write to this contact")


@handles("flowbuilder.stop", schemas.OfConversation, past="flow.stopped", permission=USE)
def stop(data, tx):
    """End the flow of a conversation, and what of it is not sent yet; a person has to look, if it is open."""
    conversation = _conversation(tx, data)
    if not tx.get("flow_session", conversation["id"]):
        raise Refused("no flow runs in this conversation")
    _forget(tx, conversation)
    _silence(tx, conversation)


@handles("flowbuilder.pause", schemas.OfConversation)
def pause(data, tx):
    """A person answers: flows are silent in this episode, until one is given the conversation back."""
    conversation = _conversation(tx, data)
    session = tx.get("flow_session", conversation["id"])
    if session and session["state"] != "paused":
        silent = {"state": "paused", "due": None, "pending": [], "rev": session["rev"] + 1}
        tx.update("flow_session", session["id"], silent)
        _no_timers(tx, session["id"])
    _silence(tx, conversation)


@handles("flowbuilder.forget", schemas.OfConversation)
def forget(data, tx):
    """Drop a session that the conversation has left behind."""
    conversation = _conversation(tx, data)
    session = tx.get("flow_session", conversation["id"])
    if session is None or reading.goes_on(tx.documents, session, conversation):
        raise Refused("no flow runs in this conversation")
    _forget(tx, conversation)
    if reading.stands(session, conversation):
        _silence(tx, conversation)
        return
    _take_back(tx, conversation)
    if conversation["handler"] == "bot":
        tx.update("conversation", conversation["id"], {"handler": "queue"})


@handles("flowbuilder.wake", schemas.Wake)
def wake(data, tx):
    """Note since when flows are on."""
    if tx.get("flow_live", reading.LIVE):
        tx.update("flow_live", reading.LIVE, {"on_at": tx.at})


@handles("flowbuilder.wait", schemas.OfConversation)
def wait(data, tx):
    """Begin the time of a question anew, which the customer could not read before."""
    session = tx.get("flow_session", data["conversation"])
    if session is None or session["state"] != "asking":
        raise Refused("no flow runs in this conversation")
    seconds = max(60.0, times.seconds_between(session["asked_at"], session["due"]))
    due = times.add(tx.at, seconds)
    tx.update("flow_session", session["id"], {"asked_at": tx.at, "due": due})
    tx.timer(f"due/{session['id']}", due, {"conversation": session["id"]}, plugin="flowbuilder")


def _silence(tx, conversation):
    """Have no flow speak in this episode: people have it."""
    _take_back(tx, conversation)
    fields = {"flowbuilder.handed": conversation["episode"]}
    if conversation["handler"] == "bot":
        fields["handler"] = "queue"
    tx.update("conversation", conversation["id"], fields)


def _take_back(tx, conversation):
    """Take back what flows said and has not left yet."""
    for message in reading.waiting(tx.documents, conversation["id"]):
        reason = "the bot was silenced before it was sent"
        set_status(tx, message, "cancelled", error={"code": "silenced", "reason": reason})


@handles("flowbuilder.follow", schemas.Follow)
def follow(data, tx):
    """Take a session along to what its conversation became, where nobody and no flow has that one."""
    session = tx.get("flow_session", data["conversation"])
    into = tx.get("conversation", data["into"])
    if session is None:
        raise Refused("no flow runs in this conversation")
    tx.remove("flow_session", session["id"])
    _no_timers(tx, session["id"])
    is_silent = session["state"] == "paused" or into is None or tx.get("flow_session", into["id"])
    if not is_silent and into["status"] == "open" and reading.is_free(into):
        moved = {
            key: value
            for key, value in session.items()
            if key not in ("id", "conversation", "rev", "pending")
        }
        _keep(tx, into, None, moved)


@handles("flowbuilder.gather", schemas.Gather)
def gather(data, tx):
    """Keep a text until the customer has paused; each further one begins the pause anew."""
    session = tx.get("flow_session", data["conversation"])
    if session is None:
        raise Refused("no flow runs in this conversation")
    pending = [*(session.get("pending") or []), data["text"]][-50:]
    tx.update("flow_session", session["id"], {"pending": pending, "heard": tx.at})
    due = times.add(tx.at, data["seconds"])
    tx.timer(f"gather/{session['id']}", due, {"conversation": session["id"]}, plugin="flowbuilder")


@handles("flowbuilder.move", schemas.Move)
def move(data, tx):
    """Keep what one event did to a session, and tell what is to be done."""
    conversation = _conversation(tx, data)
    before = tx.get("flow_session", conversation["id"])
    if (before["rev"] if before else 0) != data["rev"]:
        raise Refused("the session has moved on")
    if before is None and not reading.is_free(conversation) and tx.event["type"] != "action.requested":
        raise Refused("a person has this conversation")
    if before and tx.event["type"] != "action.requested" and not reading.stands(before, conversation):
        raise Refused("the session has moved on")
    step = data["step"]
    if data["session"]:
        _keep(tx, conversation, before, data["session"])
    else:
        _end(tx, conversation, step)
    _count(tx, conversation["id"], step, before)
    told = {"conversation": conversation["id"], "do": step["do"], "rev": data["rev"] + 1, "why": tx.why}
    tx.consequence("flow.moved", told)
    for version, node in step["visits"]:
        tx.consequence(
            "flow.node_entered", {"conversation": conversation["id"], "version": version, "node": node}
        )
    if step["ended"]:
        tx.consequence("flow.ended", {"conversation": conversation["id"], "ended": step["ended"]})


def _conversation(tx, data):
    found = existing(tx, "conversation", data["conversation"])
    tx.about.setdefault("conversation", found["id"])
    return found


def _keep(tx, conversation, before, session):
    id = conversation["id"]
    document = {
        **session,
        "id": id,
        "conversation": id,
        "rev": (before["rev"] if before else 0) + 1,
        "pending": [],
        "episode": conversation["episode"],
        "heard": tx.at,
    }
    if before:
        tx.replace("flow_session", id, document)
        tx.cancel(f"gather/{id}", plugin="flowbuilder") if before.get("pending") else None
    else:
        tx.insert("flow_session", document)
    if session["due"]:
        tx.timer(f"due/{id}", session["due"], {"conversation": id}, plugin="flowbuilder")
    if conversation["handler"] != "bot" or conversation["assignee"]:
        tx.update("conversation", id, {"handler": "bot", "assignee": None})


def _end(tx, conversation, step):
    _forget(tx, conversation)
    fields = {}
    if conversation["handler"] == "bot":
        fields["handler"] = "queue"  # until it is resolved or handed over, in the next round
    if any(each["do"] in ("hand_over", "queue") for each in step["do"]):
        fields["flowbuilder.handed"] = conversation["episode"]
    if fields:
        tx.update("conversation", conversation["id"], fields)


def _forget(tx, conversation):
    if tx.get("flow_session", conversation["id"]):
        tx.remove("flow_session", conversation["id"])
        _no_timers(tx, conversation["id"])


def _no_timers(tx, id):
    tx.cancel(f"due/{id}", plugin="flowbuilder")
    tx.cancel(f"gather/{id}", plugin="flowbuilder")


def _count(tx, conversation, step, before):
    """Count for the analytics: visits, answers and their time, what was not understood, how it ended."""
    counts = {}
    for version, node in step["visits"]:
        _add(counts, version, node, visits=1)
    if before and before["node"] and (step["visits"] or step["ended"] or step["misses"]):
        seconds = max(0.0, times.seconds_between(before["asked_at"], tx.at))
        left = {f"ended_{step['ended']}": 1} if step["ended"] and not step["visits"] else {}
        moved = {"answers": 1, "seconds": seconds} if not step["misses"] or step["visits"] else {}
        _add(counts, before["version"], before["node"], **moved, **left)
    for version, node, text in step["misses"]:
        _add(counts, version, node, misses=1)
        miss = {
            "version": version,
            "node": node,
            "text": text,
            "conversation": conversation,
            "at": tx.at,
        }
        tx.insert("flow_miss", {"id": tx.new_id(), **miss})
    if step["began"]:
        _add(counts, step["began"][1], "", started=1)
    if step["ended"] and (step["visits"] or before):
        version = step["visits"][-1][0] if step["visits"] else before["version"]
        _add(counts, version, "", **{f"ended_{step['ended']}": 1})
    for (version, node), added in counts.items():
        _store(tx, version, node, added)


def _add(counts, version, node, **numbers):
    held = counts.setdefault((version, node), {})
    for name, number in numbers.items():
        held[name] = held.get(name, 0) + number


def _store(tx, version, node, added):
    if not added:
        return
    id = f"{version}.{node}"
    found = tx.get("flow_stat", id)
    if found:
        tx.update("flow_stat", id, {name: found.get(name, 0) + number for name, number in added.items()})
    else:
        tx.insert("flow_stat", {"id": id, "version": version, "node": node, **added})
