"""Assignment: a conversation finds a person who is there, or waits in a queue that is handed out in order."""

from itertools import islice

from engine import action, hookimpl, presence, times, where

from . import choosing
from .people import People
from .schemas import EVERYONE

MOST = 100  # that are given out in one transaction; the rest follows in the next


@hookimpl
def conversation_route(event, message, conversation, documents):
    """Put what is new, open again or handed over into its team's queue; who is there takes it from there."""
    data, holder = event["data"], conversation["assignee"]
    if event["origin"] == "history" or (message and message["direction"] == "out"):
        return
    team, why = _team_of(documents, conversation, message, data)
    config = choosing.config_of(documents, team)
    if config is None or (data.get("agent") and config["strategy"] == "manual"):
        return
    if holder and (event["origin"] == "agent" or _is_there(documents, holder)):
        yield action("assignment.settle", conversation=conversation["id"])
        return
    handed_over = bool(data.get("without_bot"))
    before = None if handed_over else data.get("before") or holder
    wanted = {"agent": data.get("agent"), "skill": data.get("skill"), "before": before, "waits": handed_over}
    wanted["freed"] = handed_over
    yield action("assignment.enqueue", conversation=conversation["id"], team=team, why=why, **wanted)


def _is_there(documents, agent):
    return presence.of(documents.table("agent").get(doc_id=agent)) != presence.OFFLINE


def _team_of(documents, conversation, message, data):
    name = _team_name(documents, data.get("team") or conversation["team"])
    if data.get("without_bot"):
        team = data.get("team") or conversation["team"] or EVERYONE
        return team, f"handed over{f' to {name}' if name else ''}"
    if conversation["team"]:
        return conversation["team"], f"it is open again, and {name}'s" if data.get(
            "before"
        ) else f"it is {name}'s"
    team, why = choosing.team_for(documents, conversation, (message or {}).get("text"))
    name = _team_name(documents, team)
    return team, f"{f'for {name}: ' if name else ''}{why}"


def _team_name(documents, team):
    found = documents.table("team").get(doc_id=team) if team and team != EVERYONE else None
    return found["name"] if found else ""


@hookimpl
def assignment_look(event, documents, settings):
    """Hand out the queue: the most urgent and oldest first, to people who are there and have room."""
    given = set()
    found = choosing.hand_out(documents, settings, event["at"], event["data"].get("only"))
    for wait, agent, why, turn in islice(found, MOST):
        given.add(wait["id"])
        yield action("assignment.give", conversation=wait["id"], agent=agent, turn=turn, why=why)
    if len(given) == MOST:
        yield action("assignment.go_on")
        return
    for wait in documents.table("assignment_wait").search(where("tell") == True):  # noqa: E712
        if wait["id"] not in given:
            yield from _tell(documents, wait)


def _tell(documents, wait):
    """Tell a customer where in the queue they are, once."""
    config = choosing.config_of(documents, wait["team"])
    before = (where("team") == wait["team"]) & (where("key") < wait["key"])
    position = documents.table("assignment_wait").count(before) + 1
    text = config["queue_text"].replace("{position}", str(position))
    why = f"waits for a person: number {position} in the queue"
    yield action("message.send", conversation=wait["id"], text=text, why=why)
    yield action("assignment.told", conversation=wait["id"])


@hookimpl
def assignment_out_of_hours(event, conversation, documents):
    """Tell who writes while the team is closed when it opens, once."""
    data = event["data"]
    config = choosing.config_of(documents, data["team"])
    if not config["closed_text"] or conversation.get("assignment.told") == conversation["episode"]:
        return
    calendar = choosing.calendar_of(documents, config)
    opens = times.parse(data["opens_at"]).astimezone(calendar.zone) if data["opens_at"] else None
    text = config["closed_text"].replace("{opens}", opens.strftime("%d.%m. %H:%M") if opens else "–")
    yield action("message.send", conversation=conversation["id"], text=text, why=_closed_words(data))
    yield action("assignment.told", conversation=conversation["id"])


def _closed_words(data):
    return f"the team is closed: {data['holiday']}" if data["holiday"] else "the team is closed"


@hookimpl
def conversation_assigned(event, conversation, documents):
    """Bring in line what a conversation waits for; one that was given back waits again."""
    id, team = conversation["id"], conversation["team"] or EVERYONE
    config, wait = choosing.config_of(documents, team), documents.table("assignment_wait").get(doc_id=id)
    if config and conversation["handler"] == "queue" and (wait is None or wait["team"] != team):
        yield action("assignment.enqueue", conversation=id, team=team, freed=True, why="it was given back")
    elif config or wait:
        freed = bool(event["data"].get("before")) or conversation["handler"] != "agent"
        yield action("assignment.settle", conversation=id, freed=freed)


def _waits(documents, conversation):
    return documents.table("assignment_wait").get(doc_id=conversation) is not None


@hookimpl
def conversation_resolved(conversation, documents):
    """Somebody has room again."""
    yield from _settle(documents, conversation)


@hookimpl
def conversation_snoozed(conversation, documents):
    """Somebody has room again; the response time stands still."""
    yield from _settle(documents, conversation)


def _settle(documents, conversation):
    if documents.table("assignment_team").all():
        yield action("assignment.settle", conversation=conversation["id"])


@hookimpl
def contact_blocked(event, documents):
    """Who is blocked waits for nobody."""
    theirs = where("contact") == event["data"]["contact"]
    for conversation in documents.table("conversation").search(theirs):
        if _waits(documents, conversation["id"]):
            yield action("assignment.settle", conversation=conversation["id"])


@hookimpl
def agent_presence(event, documents):
    """Who comes takes what waits; who goes loses, after a while, those whose customers wait."""
    agent = documents.table("agent").get(doc_id=event["data"]["agent"])
    if presence.of(agent) == presence.ONLINE:
        yield from _wake(documents, f"{agent['name']} is there")
    elif presence.of(agent) == presence.OFFLINE and _owes(documents, agent["id"]):
        yield action("assignment.watch", agent=agent["id"])


def _wake(documents, why):
    if documents.table("assignment_wait").page(order="key", limit=1)[0]:
        yield action("assignment.wake", why=why)


def _owes(documents, agent):
    """Return an agent's open conversations whose customers wait for an answer."""
    theirs = (where("assignee") == agent) & (where("status") == "open")
    found = documents.table("conversation").search(theirs)
    return [conversation for conversation in found if conversation.get("assignment.since")]


@hookimpl
def agent_updated(documents):
    """Somebody is in another team."""
    yield from _wake(documents, "somebody's teams or role changed")


@hookimpl
def agent_activated(documents):
    """Somebody is switched on again."""
    yield from _wake(documents, "somebody is switched on again")


@hookimpl
def labels_added(conversation, documents, event):
    """What a conversation asks for may have changed."""
    yield from _relabelled(conversation, documents, event)


@hookimpl
def labels_removed(conversation, documents, event):
    """What a conversation asks for may have changed."""
    yield from _relabelled(conversation, documents, event)


def _relabelled(conversation, documents, event):
    wait = documents.table("assignment_wait").get(doc_id=conversation["id"])
    if wait and wait["since"] < event["at"]:
        yield action("assignment.wake", why="its labels changed")


@hookimpl
def message_received(event, conversation, documents):
    """A customer waits from their first message without an answer on."""
    if event["origin"] != "live" or conversation["handler"] not in ("agent", "queue"):
        return
    id, config = conversation["id"], choosing.config_of(documents, conversation["team"])
    if conversation["opened_at"] == event["at"] or config is None:
        return  # it is routed, which is more, or nobody's affair
    if conversation["handler"] == "queue" and not _waits(documents, id):
        yield action("assignment.enqueue", conversation=id, team=config["id"], why="the customer answered")
    elif not conversation.get("assignment.since"):
        yield action("assignment.customer_waits", conversation=id)


@hookimpl
def message_queued(message, conversation, contact, documents):
    """A person answered."""
    if message["author"]["kind"] == "agent":
        yield from _answered(documents, conversation, contact, message["author"]["id"])


@hookimpl
def message_sent(event, message, conversation, contact, documents):
    """Somebody answered on the phone."""
    if message and event["origin"] == "echo_phone":
        yield from _answered(documents, conversation, contact, None)


def _answered(documents, conversation, contact, agent):
    knows = agent in (None, (contact or {}).get("assignment.agent"))
    is_new = conversation.get("assignment.since") or not knows
    if is_new and choosing.config_of(documents, conversation["team"]):
        yield action("assignment.answered", conversation=conversation["id"], agent=agent)


@hookimpl
def timer_fired(event, documents, settings):
    """Somebody was gone or silent for too long, an answer is due, a team opens."""
    what, about = event["data"]["name"].partition("/")[0], event["data"]["data"]
    if what == "open":
        yield action("assignment.opened", team=about["team"], why="the team has opened")
    elif what == "more":
        yield from _wake(documents, "the queue was long")
    elif what == "gone":
        yield from _gone(documents, settings, about["agent"])
    elif what == "answer":
        yield from _silent(documents, settings, about)
    else:
        yield action(f"assignment.{what}_sla", conversation=about["conversation"])


def _gone(documents, settings, agent):
    """Release what an agent who is still offline owes an answer to."""
    people = People(documents, settings)
    if people.state(agent) != presence.OFFLINE:
        return
    for conversation in _owes(documents, agent):
        config = choosing.config_of(documents, conversation["team"])
        if config and config["strategy"] != "manual":
            why = f"{people.name(agent)} has been offline for {settings['offline_minutes']} minutes"
            yield from _release(conversation, config, people, why)


def _release(conversation, config, people, why):
    moves = (conversation.get("assignment.moves") or 0) + 1
    up = bool(config["escalate_after"]) and moves >= config["escalate_after"]
    why = f"{why}; moved {moves} times: to a supervisor" if up else why
    yield action("assignment.release", conversation=conversation["id"], supervisor=up, why=why)


def _silent(documents, settings, about):
    """Release a conversation that its agent does not answer, if somebody else can take it."""
    conversation = documents.table("conversation").get(doc_id=about["conversation"])
    if (
        not conversation
        or conversation["assignee"] != about["agent"]
        or not conversation.get("assignment.since")
    ):
        return
    config = choosing.config_of(documents, conversation["team"])
    if config is None or config["strategy"] == "manual" or not config["answer_minutes"]:
        return
    people = People(documents, settings)
    tried = {*(conversation.get("assignment.tried") or ()), about["agent"]}
    others = [*people.members(conversation["team"] or EVERYONE), *people.leads()]
    if any(people.is_free(other) and other not in tried for other in others):
        why = f"{people.name(about['agent'])} did not answer within {config['answer_minutes']} minutes"
        yield from _release(conversation, config, people, why)
    else:
        yield action("assignment.expect", conversation=conversation["id"], times=about.get("times", 1))


@hookimpl
def sla_breached(event, conversation, documents, settings):
    """Have a supervisor look at what was not answered in time, where the team wants that."""
    config = choosing.config_of(documents, conversation["team"])
    if not config or not config["escalate_breach"] or conversation.get("assignment.escalated"):
        return
    id, why = conversation["id"], f"no answer within {event['data']['minutes']} minutes"
    leads = People(documents, settings).leads()
    if conversation["handler"] == "agent" and leads and conversation["assignee"] not in leads:
        yield action("assignment.release", conversation=id, supervisor=True, why=why)
    else:
        yield action("assignment.escalate", conversation=id, why=why)


@hookimpl
def plugins_switched(event, documents):
    """On again: what waits now is the queue."""
    data = event["data"]
    if (
        data.get("plugin") == "assignment"
        and data.get("enabled")
        and documents.table("assignment_team").all()
    ):
        yield action("assignment.adopt", why="assignment is on again")
