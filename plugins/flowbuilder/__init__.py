"""Flow builder: bots made of nodes. What a flow does is decided by `running`, a pure function.

Each event becomes one ``flowbuilder.move``, which is refused where the session has moved on; only what was
moved (``flow.moved``) has messages sent, labels put on and people called. `giving_way` silences a bot.
"""

import orjson

from engine import action, hookimpl

from . import giving_way, reading, running, texts
from .answers import NotThat, read
from .giving_way import (
    contact_blocked,
    contact_opted_out,
    conversation_assigned,
    conversation_handed_over,
    conversation_resolved,
    conversation_snoozed,
    message_queued,
    message_sent,
    message_status,
    plugins_switched,
)

JOB = "flowbuilder.http"
__all__ = [
    "contact_blocked",
    "contact_opted_out",
    "conversation_assigned",
    "conversation_handed_over",
    "conversation_resolved",
    "conversation_snoozed",
    "message_queued",
    "message_sent",
    "message_status",
    "plugins_switched",
]


def _move(conversation, before, outcome, began=None):
    """Return the action that keeps what came of an event."""
    return action(
        "flowbuilder.move",
        conversation=conversation["id"],
        rev=before["rev"] if before else 0,
        session=outcome.session,
        step={
            "do": outcome.do,
            "visits": outcome.visits,
            "misses": outcome.misses,
            "ended": outcome.ended,
            "began": began,
            "version": before["version"] if before else began[1],
        },
        why=outcome.why,
    )


def _begin(begin, around, conversation, documents, text):
    flow = reading.published(documents, begin.flow) if begin else None
    if flow is None:
        return None
    outcome = running.begin(flow, around, begin.why, text)
    return _move(conversation, None, outcome, began=[flow.flow, flow.id])


def _said(message):
    return (message["text"] or "") if message else ""


@hookimpl
def conversation_route(event, message, conversation, contact, documents, settings, rng):
    """A conversation is new or open again: the flow takes it whose trigger fits what the customer wrote."""
    data = event["data"]
    if (
        message is None
        or message["direction"] != "in"
        or event["origin"] != "live"
        or data.get("without_bot")
    ):
        return None
    session = reading.session_of(documents, conversation["id"])
    if not reading.may_begin(conversation, contact) or (session and reading.stands(session, conversation)):
        return None
    around = reading.around(documents, event["at"], conversation, contact, settings, rng)
    true = ["opened", *(["first_message"] if conversation["episode"] == 1 else [])]
    true += [] if around.is_open else ["out_of_hours"]
    begin = reading.live(documents).message(_said(message), conversation["account"], true)
    found = _begin(begin, around, conversation, documents, _said(message))
    return [found] if found else None


@hookimpl
def message_received(message, conversation, contact, documents, settings, rng):
    """The customer answers the flow, or begins one with a keyword."""
    if message["origin"] != "live" or (contact or {}).get("blocked"):
        return []
    session = reading.session_of(documents, conversation["id"])
    left = []
    if session and not reading.goes_on(documents, session, conversation):
        left = [_forget(conversation, session)]
        if reading.stands(session, conversation):
            return left  # a person has it
        session = None
    if session:
        if session["state"] == "paused":
            return []
        around = reading.around(documents, message["at"], conversation, contact, settings, rng)
        return _heard(message, conversation, contact, documents, around, session)
    if conversation["opened_at"] == message["at"] or not reading.may_begin(conversation, contact):
        return left
    begin = reading.live(documents).keyword(_said(message), conversation["account"])
    if begin:
        around = reading.around(documents, message["at"], conversation, contact, settings, rng)
        left.append(_begin(begin, around, conversation, documents, _said(message)))
    return left


def _forget(conversation, session):
    """Return what drops a session that the conversation has left behind while nothing of it was heard."""
    why = "the conversation went on without the bot"
    told = {"conversation": conversation["id"], "version": session["version"]}
    return action("flowbuilder.forget", why=why, **told)


def _heard(message, conversation, contact, documents, around, session):
    if contact.get("opted_out"):
        return list(giving_way.to_people(conversation, session, "the contact opted out"))
    flow = reading.flow_of(documents, session)
    text, button = _said(message), (message.get("interactive") or {}).get("id")
    node = flow.nodes.get(session["node"])
    option = None
    if node is not None and node["kind"] == "menu":
        option = (button and texts.pressed(node, button, text)) or flow.named(node, text)
    pause = flow.settings["gather"]
    if pause and option is None and not (button or _is_whole(flow, node, text, around)):
        return [action("flowbuilder.gather", conversation=conversation["id"], text=text, seconds=pause)]
    return [_move(conversation, session, running.answer(flow, session, text, around, option))]


def _is_whole(flow, node, text, around):
    """Whether *text*, which just is no option, needs nothing after it: it is the kind of answer asked for."""
    if node is None or flow.global_word(text):
        return True
    if node["kind"] == "menu":
        return False
    if node["kind"] != "ask" or node["type"] == "text":
        return node["kind"] != "ask"
    try:
        read(node, text, around.local.date(), around.region)
    except NotThat:
        return False
    return True


@hookimpl
def timer_fired(event, documents, settings, rng):
    """A pause is over, a question had no answer, a wait has its end, or a session has expired."""
    data = event["data"]["data"]
    conversation = documents.table("conversation").get(doc_id=data["conversation"])
    session = reading.session_of(documents, data["conversation"])
    if conversation is None or session is None or session["state"] == "paused":
        return
    if not reading.goes_on(documents, session, conversation):
        yield _forget(conversation, session)
        return
    if event["data"]["name"].startswith(giving_way.LOOK):
        yield from giving_way.looked(conversation, session, documents)
    elif session.get("pending"):  # what the customer said comes before any time-out
        text = "\n".join(session["pending"])
        flow, around = _now(event, conversation, session, documents, settings, rng)
        yield _move(conversation, session, running.answer(flow, session, text, around))
    elif session["due"] and session["due"] <= event["at"]:
        yield from _due(event, conversation, session, documents, settings, rng)


def _now(event, conversation, session, documents, settings, rng):
    contact = documents.table("contact").get(doc_id=conversation["contact"])
    around = reading.around(documents, event["at"], conversation, contact, settings, rng)
    return reading.flow_of(documents, session), around


def _due(event, conversation, session, documents, settings, rng):
    """Let a time-out be one only where the customer could read the question, and nothing else came since."""
    if reading.has_unheard(session, conversation):
        yield from giving_way.to_people(conversation, session, "the customer wrote while the bot was off")
    elif session["state"] == "asking" and reading.has_failed(documents, session):
        yield from giving_way.to_people(conversation, session, "a message of the bot could not be sent")
    elif session["state"] == "asking" and reading.is_held(documents, conversation, event["at"]):
        yield giving_way.wait_on(conversation["id"], "the question is not sent yet")
    else:
        flow, around = _now(event, conversation, session, documents, settings, rng)
        yield _move(conversation, session, running.due(flow, session, around))


@hookimpl
def job_finished(event, message, conversation, documents, settings, rng):
    """A service answered, or a message of the bot came to an end."""
    data = event["data"]
    if data.get("name") != JOB:
        yield from giving_way.settled(message, conversation, documents, event["at"])
        return
    conversation = reading.conversation_now(documents, data["args"]["conversation"])
    session = reading.session_of(documents, conversation["id"]) if conversation else None
    if session is None or session.get("call") != data["args"].get("call"):
        return
    if not reading.goes_on(documents, session, conversation):
        yield _forget(conversation, session)
        return
    told = data.get("result") or {"ok": False, "reason": "the service was never reached"}
    flow, around = _now(event, conversation, session, documents, settings, rng)
    outcome = running.result(flow, session, told, around)
    if outcome.visits or outcome.ended:
        yield _move(conversation, session, outcome)


@hookimpl
def conversation_merged(event, documents):
    """Two conversations turned out to be one: the session goes with what is left."""
    if reading.session_of(documents, event["data"]["conversation"]):
        why = "two conversations turned out to be one"
        yield action("flowbuilder.follow", why=why, **{k: event["data"][k] for k in ("conversation", "into")})


@hookimpl
def labels_added(event, conversation, contact, documents, settings, rng):
    """A label may begin a flow."""
    names = reading.label_names(documents, [event["data"]["label"]])
    yield _on(
        "label_added", names[0] if names else None, event, conversation, contact, documents, settings, rng
    )


@hookimpl
def campaign_replied(event, conversation, contact, documents, settings, rng):
    """An answer to a campaign may begin a flow."""
    about = event["data"].get("campaign")
    yield _on("campaign_reply", about, event, conversation, contact, documents, settings, rng)


def _on(trigger, about, event, conversation, contact, documents, settings, rng):
    if conversation is None or about is None or not reading.may_begin(conversation, contact):
        return None
    if conversation["status"] != "open" or reading.session_of(documents, conversation["id"]):
        return None
    begin = reading.live(documents).event(trigger, conversation["account"], about)
    around = reading.around(documents, event["at"], conversation, contact, settings, rng)
    return _begin(begin, around, conversation, documents, "")


@hookimpl
def flow_asked(event, conversation, contact, documents, settings, rng):
    """A person begins a flow, or gives the conversation back to it."""
    around = reading.around(documents, event["at"], conversation, contact, settings, rng)
    session = reading.session_of(documents, conversation["id"])
    if session:
        flow = reading.flow_of(documents, session)
        yield _move(conversation, session, running.resumed(flow, session, around))
        return
    flow = reading.published(documents, event["data"]["flow"])
    if flow:
        outcome = running.begin(flow, around, "begun by hand")
        yield _move(conversation, None, outcome, began=[flow.flow, flow.id])


@hookimpl
def flow_moved(event, conversation, contact, documents):
    """Do what the flow decided: say, label, keep, call, hand over, resolve."""
    steps = event["data"]["do"]
    if any(step["do"] == "say" for step in steps) and not reading.may_be_told(
        documents, conversation, contact
    ):
        yield from _untold(steps, conversation, documents, event["data"])
        return
    for step in steps:
        yield from _DO[step["do"]](step, conversation, documents, event["data"])


def _untold(steps, conversation, documents, data):
    """Do the rest of what was decided, and leave who cannot be told anything to people."""
    for step in steps:
        if step["do"] in ("label", "contact", "hand_over"):
            yield from _DO[step["do"]](step, conversation, documents, data)
    session = reading.session_of(documents, conversation["id"])
    why = "the bot may not write to this contact"
    if session:
        yield from giving_way.to_people(conversation, session, why)
    elif conversation["status"] == "open" and not any(step["do"] == "hand_over" for step in steps):
        yield action("conversation.hand_over", conversation=conversation["id"], why=why)


def _say(step, conversation, documents, data):
    why = f"{data['why']}; node “{step['node']}”" if data.get("why") else f"node “{step['node']}”"
    more = {key: step[key] for key in ("media", "buttons") if step.get(key)}
    yield action("message.send", conversation=conversation["id"], text=step["text"], why=why, **more)


def _label(step, conversation, documents, data):
    known = {label["name"].casefold(): label["id"] for label in documents.table("label").all()}
    for verb, names in (("add", step["add"]), ("remove", step["remove"])):
        for name in names:
            label = known.get(name.casefold(), name)  # one that is not there is refused by its name
            yield action(f"labels.{verb}", conversation=conversation["id"], label=label, why=data.get("why"))


def _keep(step, conversation, documents, data):
    fields = {step["field"]: step["value"]}
    yield action("contacts.set_fields", contact=conversation["contact"], fields=fields, why=data.get("why"))


def _http(step, conversation, documents, data):
    call = {key: step[key] for key in ("method", "url", "headers", "body", "paths")}
    args = {"conversation": conversation["id"], "call": step["call"], **call}
    yield action("job.run", name=JOB, args=args, deadline=step["deadline"], why=data.get("why"))


def _hand_over(step, conversation, documents, data):
    team, agent = reading.team_id(documents, step.get("team")), reading.agent_id(documents, step.get("agent"))
    wanted = (("team", team), ("agent", agent), ("skill", (step.get("skill") or "")[:100]))
    told = {key: value for key, value in wanted if value}
    yield action("conversation.hand_over", conversation=conversation["id"], why=data.get("why"), **told)
    if step.get("note"):
        yield action("notes.add", conversation=conversation["id"], text=step["note"], why=data.get("why"))


def _resolve(step, conversation, documents, data):
    yield action("conversation.resolve", conversation=conversation["id"], why=data.get("why"))


def _queue(step, conversation, documents, data):
    yield action("conversation.hand_over", conversation=conversation["id"], why=data.get("why"))


_DO = {
    "say": _say, "label": _label, "contact": _keep, "http": _http,
    "hand_over": _hand_over, "resolve": _resolve, "queue": _queue,
}  # fmt: skip


@hookimpl(specname="jobs")
def flow_jobs():
    """Calls of services."""
    from .jobs import http

    return {JOB: http}


@hookimpl(specname="commands")  # the submodule of that name takes its place here once it is imported
def flow_commands():
    """``replyai flow``."""
    from .commands import flow

    return [flow]


@hookimpl
def replay_drafts():
    """``replyai replay --flow FILE``."""
    from . import backtest

    def put(documents, text):
        return backtest.documents_of(documents, orjson.loads(text))

    return {"flow": (put, backtest.told)}


@hookimpl
def benches():
    """``replyai bench flows``."""
    from .bench import FIGURES

    return {"flows": FIGURES}
